"""Arithmetic on columns, with R's answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pyasreml.errors import FormulaError
from pyasreml.syntax import evaluate, parse_expression

NAN = float("nan")
COLUMNS: dict[str, Any] = {
    "x": np.array([1.0, 2.0, NAN]),
    "year": np.array([1987, 1988, 1987]),
    "s": np.array(["a", "b", None], dtype=object),
    "V1": 3.0,
    "V2": 1.0,
}


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("V1/(V1 + V2)", 0.75),
        ("log(x)", [0, np.log(2), NAN]),
        ("log(x, 2)", [0, 1, NAN]),
        ("log10(100)", 2),
        ("I(x^2) + 1", [2, 5, NAN]),
        ("-x^2", [-1, -4, NAN]),
        ("5 %% 3", 2),
        ("-5 %/% 3", -2),
        ("x > 1", [0, 1, NAN]),
        ("!(x > 1)", [1, 0, NAN]),
        ("x > 1 & year == 1987", [0, 0, NAN]),
        ("x > 1 | year == 1987", [1, 1, 1]),
        ("is.na(x)", [0, 0, 1]),
        ("!is.na(x)", [1, 1, 0]),
        ("year == 1987", [1, 0, 1]),
        ("year == '1987'", [1, 0, 1]),
        ("year %in% 1988:1990", [0, 1, 0]),
        ("s == 'a'", [1, 0, NAN]),
        ("s %in% c('a', 'z')", [1, 0, 0]),
        ("s != 'a' & !is.na(s)", [0, 1, 0]),
        ("ifelse(year > 1987, 1, 2)", [2, 1, 2]),
        ("round(2.345, 1)", 2.3),
        ("x[2]", [2]),
        ("x[-1]", [2, NAN]),
        ("x |> sqrt()", [1, np.sqrt(2), NAN]),
        ("T & FALSE", 0),
        ("3:1", [3, 2, 1]),
        ("as.numeric(c('1', 'b'))", [1, NAN]),
    ],
)
def test_values(text: str, want: Any) -> None:
    got = evaluate(parse_expression(text), COLUMNS)
    np.testing.assert_allclose(np.asarray(got, dtype=float), np.asarray(want, dtype=float))


@pytest.mark.parametrize(
    ("text", "token", "part"),
    [
        ("yaer + 1", "yaer", "near it: year"),
        ("s + 1", "s", "is text"),
        ("log(s)", "log(s)", "is text"),
        ("lgo(x)", "lgo", "near it: log"),
        ("x[5]", "x[5]", "outside 1 … 3"),
        ("x + c(1, 2)", "x + c(1, 2)", "3 and 2 values"),
        ("~x", "~x", "cannot be computed"),
    ],
)
def test_errors_point_at_the_part(text: str, token: str, part: str) -> None:
    with pytest.raises(FormulaError) as caught:
        evaluate(parse_expression(text), COLUMNS, text=text)
    assert part in str(caught.value)
    assert caught.value.span is not None
    assert text[slice(*caught.value.span)] == token


def test_further_functions_and_text_columns() -> None:
    assert evaluate(parse_expression("twice(x = V1)"), COLUMNS, {"twice": lambda x: 2 * x}) == 6
    assert evaluate(parse_expression("as.character(year)"), COLUMNS).tolist() == ["1987", "1988", "1987"]
