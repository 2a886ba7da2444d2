"""Several traits on their data: stacked records, units, the factor of the traits, what residuals may be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyasreml.bind import bind
from pyasreml.bind.bound import BoundModel
from pyasreml.data import NaMethod, na_method
from pyasreml.errors import DataError, FormulaError, ModelError
from pyasreml.model import model_spec
from pyasreml.variance.build import build_variance

RESIDUAL = "~ id(units):us(trait)"


@pytest.fixture
def wide() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    data = pd.DataFrame(rng.normal(size=(12, 2)), columns=["y1", "y2"])
    data["A"] = pd.Categorical(np.tile(["a", "b", "c"], 4))
    data["x"] = rng.normal(size=12)
    data.loc[[2, 5], "y2"] = np.nan
    data.loc[5, "y1"] = np.nan
    return data


def long(data: pd.DataFrame) -> pd.DataFrame:
    stacked = data.loc[data.index.repeat(2), ["A", "x"]].reset_index(drop=True)
    stacked["y"] = data[["y1", "y2"]].to_numpy().ravel()
    stacked["Trait"] = pd.Categorical(["y1", "y2"] * len(data))
    return stacked


def make(
    data: pd.DataFrame, fixed: str, random: str | None = None, residual: str | None = RESIDUAL, **more: Any
) -> BoundModel:
    spec = model_spec(fixed, random, None, residual, asmv=more.pop("asmv", None))
    return bind(spec, data, na_action=more.pop("na", NaMethod()), **more)


def test_records_are_stacked_by_unit(wide: pd.DataFrame) -> None:
    bound = make(wide, "cbind(y1, y2) ~ trait + trait:x", "~ us(trait):A + units")
    assert len(bound.frame) == 24 and bound.frame.n_units == 12
    np.testing.assert_array_equal(bound.y, wide[["y1", "y2"]].to_numpy().ravel())
    assert bound.frame["trait"].levels == ("y1", "y2")
    assert bound.frame.units is not None and bound.frame.units.tolist() == np.repeat(np.arange(12), 2).tolist()
    assert [(t.label, t.size) for t in (*bound.fixed, *bound.random)] == [
        ("trait", 2),
        ("trait:x", 2),
        ("trait:A", 6),
        ("units", 12),
    ]
    assert bound.sections[0].label == "units:trait"


def test_trait_stands_for_the_means(wide: pd.DataFrame) -> None:
    def labels(fixed: str) -> list[str]:
        return [t.label for t in make(wide, fixed).fixed]

    assert labels("cbind(y1, y2) ~ trait") == ["trait"]
    assert labels("cbind(y1, y2) ~ 1 + trait") == ["(Intercept)", "trait"]
    assert labels("cbind(y1, y2) ~ trait:x") == ["(Intercept)", "trait:x"]


def test_conditions_and_names_of_expressions(wide: pd.DataFrame) -> None:
    bound = make(wide, "cbind(a = y1, y2^2) ~ trait + at(trait, 1):x")
    assert bound.frame["trait"].levels == ("a", "y2^2")
    assert bound.fixed[1].label == "at(trait, 'a'):x"


def test_starts_come_from_the_covariances_of_the_traits(wide: pd.DataFrame) -> None:
    bound = make(wide, "cbind(y1, y2) ~ trait", "~ us(trait):A + corgh(trait):x:A + at(trait, 2):x")
    table = build_variance(bound).parameters
    start = dict(zip(table.names, table.start.tolist(), strict=True))
    both = wide[["y1", "y2"]].dropna()
    v1, v2 = wide["y1"].var(), wide["y2"].var()
    cov = both.cov().loc["y1", "y2"]
    assert start["trait:A!trait_y1:y1"] == pytest.approx(0.1 * v1)
    assert start["trait:A!trait_y2:y1"] == pytest.approx(0.1 * cov)
    assert start["units:trait!trait_y2:y2"] == pytest.approx(0.5 * v2)
    assert start["units:trait!trait_y2:y1"] == pytest.approx(0.5 * cov)
    assert start["trait:x:A!trait_y2"] == pytest.approx(0.1 * v2)
    assert start["at(trait, 'y2'):x"] == pytest.approx(0.05 * v2)
    assert table.names[-4:] == (
        "units:trait!R",
        "units:trait!trait_y1:y1",
        "units:trait!trait_y2:y1",
        "units:trait!trait_y2:y2",
    )
    assert table.codes[-4:] == ("F", "P", "P", "P")


def test_traits_never_seen_together_start_uncorrelated(wide: pd.DataFrame) -> None:
    wide.loc[:5, "y1"] = np.nan
    wide.loc[6:, "y2"] = np.nan
    bound = make(wide, "cbind(y1, y2) ~ trait", "~ us(trait):A")
    assert build_variance(bound).parameters.start[[1, 5]].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("asmv_order", ["within units", "trait by trait"])
def test_stacked_data_make_the_same_model(wide: pd.DataFrame, asmv_order: str) -> None:
    data = long(wide)
    residual = "~ id(units):us(Trait)"
    if asmv_order == "trait by trait":
        data = data.sort_values("Trait", kind="stable").reset_index(drop=True)
        residual = "~ us(Trait):id(units)"
    bound = make(data, "y ~ Trait", "~ us(trait):A", residual, asmv="Trait")
    assert [t.label for t in bound.fixed] == ["Trait"]
    assert bound.random[0].label == "trait:A" and bound.frame.n_units == 12
    start = build_variance(bound).parameters.start
    other = build_variance(make(wide, "cbind(y1, y2) ~ trait", "~ us(trait):A")).parameters.start
    np.testing.assert_allclose(start, other)


def test_omitted_are_units_without_any_response(wide: pd.DataFrame) -> None:
    for data, fixed, residual, asmv in (
        (wide, "cbind(y1, y2) ~ trait", RESIDUAL, None),
        (long(wide), "y ~ Trait", "~ id(units):us(Trait)", "Trait"),
    ):
        bound = make(data, fixed, residual=residual, asmv=asmv, na=na_method(y="omit"))
        assert bound.frame.n_units == 11 and len(bound.frame) == 22
        assert int(np.isnan(bound.y).sum()) == 1
    with pytest.raises(DataError, match="missing values in y2: row 3 and 2 more"):
        make(wide, "cbind(y1, y2) ~ trait", na=na_method(y="fail"))


def test_a_record_without_covariate_takes_its_unit_along(wide: pd.DataFrame) -> None:
    data = long(wide)
    data.loc[0, "x"] = np.nan
    bound = make(data, "y ~ Trait + x", residual="~ id(units):us(Trait)", asmv="Trait", na=na_method(x="omit"))
    assert bound.frame.n_units == 11 and bound.frame.rows[0] == 2


def test_sections_of_traits(wide: pd.DataFrame) -> None:
    wide = wide.sort_values("A", kind="stable")
    bound = make(wide, "cbind(y1, y2) ~ trait", residual="~ dsum(~ id(units):us(trait) | A)")
    assert [(s.label, len(s.rows)) for s in bound.sections] == [("A_a", 8), ("A_b", 8), ("A_c", 8)]
    assert "A_b!trait_y2:y1" in build_variance(bound).parameters.names


@pytest.mark.parametrize(
    ("fixed", "residual", "asmv", "error", "message"),
    [
        ("cbind(y1, y2) ~ trait", None, None, ModelError, r"write residual = ~ id\(units\):us\(trait\)"),
        ("cbind(y1, y2) ~ trait", "~ us(trait)", None, ModelError, "2 levels of trait for the 24 records"),
        ("cbind(y1, y2) ~ trait", "~ us(trait):id(units)", None, DataError, "traits within units are written"),
        ("cbind(y1, y1) ~ trait", RESIDUAL, None, FormulaError, "two responses named y1"),
        ("cbind(y1) ~ trait", RESIDUAL, None, FormulaError, "two or more responses"),
        ("cbind(y1, y2) ~ y2", RESIDUAL, None, FormulaError, "'y2' cannot be a term"),
        ("cbind(y1, A) ~ trait", RESIDUAL, None, DataError, "'A' is a factor"),
        ("cbind(y1, y2) ~ trait", RESIDUAL, "A", FormulaError, "asmv names the traits of a single column"),
        ("y1 ~ trait", RESIDUAL, None, FormulaError, r"trait is the factor of several responses"),
        ("y1 ~ A", RESIDUAL, "B", DataError, "there is no column 'B'"),
        ("y1 ~ A", "~ id(units):us(A)", "x", DataError, "holds numbers"),
    ],
)
def test_refusals(
    wide: pd.DataFrame, fixed: str, residual: str | None, asmv: str | None, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        make(wide, fixed, residual=residual, asmv=asmv)


def test_uneven_traits_are_refused(wide: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"different numbers of records \(y1 12, y2 11\)"):
        make(long(wide).iloc[:-1], "y ~ Trait", residual="~ id(units):us(Trait)", asmv="Trait")
    wide["y2"] = np.nan
    with pytest.raises(DataError, match="y2 is missing in every row"):
        make(wide, "cbind(y1, y2) ~ trait")
