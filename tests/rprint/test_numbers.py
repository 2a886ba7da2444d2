"""Columns of numbers against R: numbers.txt is written by outputs.R."""

from pathlib import Path

import numpy as np
import pytest

from pyasreml.rprint import format_fixed, format_numbers, format_pval, lucid, round_r, signif, zapsmall
from pyasreml.rprint.numbers import display_width

LINES = (Path(__file__).parent / "numbers.txt").read_text().splitlines()


def numbers(text: str) -> np.ndarray:
    return np.array([float(v) for v in text.split()])


ROWS = [line.split("|") for line in LINES]


@pytest.mark.parametrize("row", ROWS, ids=range(len(ROWS)))
def test_as_r(row: list[str]) -> None:
    digits, x = int(row[0]), numbers(row[1])
    assert ";".join(format_numbers(x, digits)) == row[2]
    np.testing.assert_array_equal(signif(x, digits), numbers(row[3]))
    np.testing.assert_array_equal(zapsmall(x, digits), numbers(row[4]))
    assert ";".join(format_pval(numbers(row[5]), digits)) == row[6]
    assert ";".join(lucid(numbers(row[7]), digits)) == row[8]


def test_enough_rows() -> None:
    assert len(ROWS) == 400


def test_fixed() -> None:
    assert format_fixed(-364.88299, 4) == "-364.8830"
    assert format_fixed(-1e-9, 5) == "0.00000"
    assert format_fixed(float("nan"), 2) == "NA"
    assert format_fixed(float("-inf"), 2) == "-Inf"
    assert format_fixed(65703.4, 0) == "65703"


def test_round_to_even_and_nearest() -> None:
    assert round_r([0.5, 1.5, 2.5, -0.5]).tolist() == [0.0, 2.0, 2.0, -0.0]
    assert round_r([0.15, 0.25, 0.35, 2.675], 1).tolist() == [0.1, 0.2, 0.3, 2.7]
    assert round_r([123456.0], -3).tolist() == [123000.0]


def test_missing_pvalues() -> None:
    assert format_pval([np.nan, 0.5]) == ["NA", "0.5"]


def test_wide_characters() -> None:
    assert display_width("小麦") == 4
    assert display_width("e\u0301") == 1
