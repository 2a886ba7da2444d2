"""Columns of every kind of frame, the rules for bad ones, and na_method."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from pyasreml.data import Column, Frame, NaMethod, Table, na_method
from pyasreml.errors import DataError

PLAIN = {"y": [1.5, 2.0, None, 4.0], "g": ["b", "a", None, "B"], "k": [3, 1, 2, 1], "t": [True, False, True, True]}


def column(values: Any) -> Column:
    return Table.from_any({"x": values}).column("x")


@pytest.mark.parametrize(
    "make",
    [
        dict,
        pd.DataFrame,
        pl.DataFrame,
        pa.table,
        lambda d: pl.DataFrame(d).lazy(),
        lambda d: pd.DataFrame(d).convert_dtypes(),
        lambda d: {k: np.array(v, dtype=object) for k, v in d.items()},
    ],
)
def test_any_frame(make: Any) -> None:
    frame = Frame.from_any(make(PLAIN))
    assert len(frame) == 4
    np.testing.assert_array_equal(frame["y"].values, [1.5, 2.0, np.nan, 4.0])
    assert frame["g"].levels == ("B", "a", "b")  # C locale: capitals first
    assert frame["g"].codes is not None and frame["g"].codes.tolist() == [2, 1, -1, 0]
    assert frame["k"].kind == "covariate"
    np.testing.assert_array_equal(frame["k"].values, [3, 1, 2, 1])
    assert frame["t"].levels == ("FALSE", "TRUE")
    assert frame["t"].codes is not None and frame["t"].codes.tolist() == [1, 0, 1, 1]


@pytest.mark.parametrize(
    "categorical",
    [
        pd.Series(pd.Categorical(["hi", None, "lo"], ["lo", "unused", "hi"])),
        pl.Series(["hi", None, "lo"], dtype=pl.Enum(["lo", "unused", "hi"])),
        pd.Categorical(["hi", None, "lo"], ["lo", "unused", "hi"]),
    ],
)
def test_categories_keep_their_order_and_lose_unused_levels(categorical: Any) -> None:
    got = column(categorical)
    assert got.levels == ("lo", "hi")
    assert got.codes is not None and got.codes.tolist() == [1, -1, 0]


def test_polars_and_arrow_categories() -> None:
    polars = pl.DataFrame({"x": ["hi", None, "lo"]}).with_columns(pl.col("x").cast(pl.Categorical))
    assert Frame.from_any(polars)["x"].labels().tolist() == ["hi", None, "lo"]
    arrow = pa.table({"x": pa.array(["hi", None, "lo"]).dictionary_encode()})
    assert Frame.from_any(arrow)["x"].labels().tolist() == ["hi", None, "lo"]


def test_category_labels_as_r_writes_them() -> None:
    assert column(pd.Series([10.0, 0.2, 2.0]).astype("category")).levels == ("0.2", "2", "10")
    assert column(pd.Series([3, 1]).astype("category")).levels == ("1", "3")
    assert column(pd.Series([True, False]).astype("category")).levels == ("FALSE", "TRUE")


def test_text_is_never_missing_by_its_spelling() -> None:
    assert column(["NA", "b"]).levels == ("NA", "b")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"x": ["a", 1, 2.5]}, r"column 'x' mixes types: 'a' in row 1, 1 in row 2"),
        ({"x": [1, "a"]}, "column 'x' mixes types"),
        ({"x": pd.to_datetime(["2020-01-01"])}, "column 'x' .*datetime"),
        ({"x": [[1], [2]]}, "column 'x'"),
        ({"x": np.zeros((2, 2))}, "column 'x' has 2 dimensions"),
        ({"x": [1.0, np.inf]}, "column 'x' is infinite in row 2"),
        ({"x": np.array([1 + 2j])}, "column 'x' has type complex128"),
        ({"x": pd.Categorical([1, "1"])}, "two categories that both read '1'"),
        ({"x": [1, 2], "z": [1]}, "'x' has 2 values, 'z' has 1"),
        ({"x": "a"}, "column 'x' is a single value"),
        ({"x": 3}, "column 'x' is a single value"),
        (pd.DataFrame([[1, 2]], columns=["x", "x"]), "two columns are named 'x'"),
        (3, "cannot read columns from 'int'"),
        ("oats.csv", "cannot read columns from 'str'"),
        (None, "cannot read columns from 'NoneType'"),
    ],
)
def test_bad_columns(data: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Frame.from_any(data, ["x"])


def test_only_columns_asked_for_are_looked_at() -> None:
    data = {"y": [1.0], "bad": [object()]}
    assert Frame.from_any(data, ["y"])["y"].values is not None
    with pytest.raises(DataError, match="no column 'z'"):
        Frame.from_any(data, ["z"])


def test_all_missing_is_a_covariate() -> None:
    assert column([None, None]).kind == "covariate"


@pytest.mark.parametrize(
    ("values", "suspicious"),
    [
        (np.repeat([1, 2, 3], 4), True),
        (np.repeat([1.0, 2.0, np.nan], 4), True),
        (np.arange(12), False),  # each once
        (np.repeat([0.5, 1.0], 6), False),
        (np.repeat(np.arange(100), 3), False),
        (np.full(3, np.nan), False),
    ],
)
def test_looks_like_factor(values: Any, suspicious: bool) -> None:
    assert column(values).looks_like_factor() is suspicious


def test_number_becomes_factor() -> None:
    made = column([2.0, 10.0, np.nan, 2.0]).as_factor()
    assert made.levels == ("2", "10")
    assert made.codes is not None and made.codes.tolist() == [0, 1, -1, 0]


def test_rows_keep_their_numbers() -> None:
    frame = (
        Frame.from_any({"y": [1.0, 2.0, 3.0], "g": ["a", "b", "c"]}).keep(np.array([True, False, True])).drop_unused()
    )
    assert frame.rows.tolist() == [0, 2]
    assert frame["g"].levels == ("a", "c")
    np.testing.assert_array_equal(frame.in_data_order(np.array([5.0, 6.0])), [5.0, np.nan, 6.0])


def test_na_method() -> None:
    assert na_method() == NaMethod("include", "fail")
    assert na_method(x="om", y="f") == NaMethod("fail", "omit")
    assert na_method(x="exclude").x == "omit"
    with pytest.raises(DataError, match="x is 'drop'"):
        na_method(x="drop")
