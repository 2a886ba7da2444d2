"""Calls of structures that make no model: one clear message each, which quotes the call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def plants() -> pd.DataFrame:
    data = pd.read_csv(HERE / "plants.csv")
    data["Plant"], data["Time"] = pd.Categorical(data.plant), pd.Categorical(data.time)
    return data


@pytest.fixture(scope="module")
def places() -> pd.DataFrame:
    return pd.read_csv(HERE / "places.csv")


@pytest.mark.parametrize(
    ("structure", "said"),
    [
        ("corb(Time, 5)", r"corb\(Time, 5\): 5 bands need more than 5 levels"),
        ("corb(Time, b = 0)", "must be a whole number from 1"),
        ("corb(Time, k = 2)", "no argument 'k'"),
        ("cor(Time, 0.3, 4)", "too many arguments"),
        ("ante(Time, 2, init = c(1, 2, 3))", "'init' has 3 values; it needs 15"),
        ("us(Time, init = rep(2, 15))", "not positive definite"),
        ("chol(Time, 1, init = rep(2, 15))", "not positive definite"),
        ("expv(Time, init = c(-0.2, 1))", r"not inside \(0, 1\)"),
        ("ar2v(Time, init = c(0.9, 0.2, 1))", "not stationary"),
        ("ma1(Time, init = 1.5)", r"not inside \(-1, 1\)"),
        ("corv(Time, init = c(-0.5, 1))", "a common correlation of 5 levels"),
        ("facv(Time, 1, init = c(1, 2))", "it needs 10"),
        ("fa(Time, 9)", "9 factors need at least 9 levels"),
        ("corg(Time + 1)", "needs numbers"),
        ("own(Time, f)", "no function 'f'"),
        ("own(Time)", "needs a function"),
    ],
)
def test_over_a_factor(structure: str, said: str, plants: pd.DataFrame) -> None:
    with pytest.raises(pa.AsremlError, match=said):
        pa.asreml("y ~ trt*Time", residual=f"~ id(Plant):{structure}", data=plants, trace=False)


@pytest.mark.parametrize(
    ("structure", "said"),
    [
        ("iexp(x)", "takes two coordinates"),
        ("iexp(x, trt)", "the level 'a' of 'trt' is no number"),
        ("iexp(x, q)", "no column 'q'"),
        ("iexp(x, y, init = 2)", r"not inside \(0, 1\)"),
        ("aexp(x, y, init = 0.1)", "it needs 2"),
        ("ilv(x, y)", "not available"),
        ('mtrn(x, y, nu = "half")', "nu is a number, or text"),
        ("mtrn(x, y, nu = -1)", "nu of mtrn is not positive"),
        ('mtrn(x, y, phi = "1 Q")', "phi is a number, or text"),
        ("mtrn(x, y, lambda = 3)", "lambda is 1"),
        ("exp(x + 1)", "expression"),
        ("exp(trt)", "cells|levels|no number"),
    ],
)
def test_over_places(structure: str, said: str, places: pd.DataFrame) -> None:
    with pytest.raises(pa.AsremlError, match=said):
        pa.asreml("z ~ 1", residual=f"~ {structure}", data=places, trace=False)


def test_two_records_at_one_place(places: pd.DataFrame) -> None:
    twice = pd.concat([places, places.iloc[:1]])
    with pytest.raises(pa.AsremlError, match="data rows 1 and 61 both are"):
        pa.asreml("z ~ 1", residual="~ ieuc(x, y)", data=twice, trace=False)


@pytest.mark.parametrize(
    ("function", "options", "said"),
    [
        (lambda n, t: [np.eye(n)], "init = 1", "must give 2 matrices of 3 x 3"),
        (lambda n, t: np.eye(n), "init = 1", "must give 2 matrices"),
        (lambda n, t: [np.eye(n), np.eye(n)], 'init = 1, type = "Q"', "types"),
        (lambda n, t: [np.tri(n), np.eye(n)], "init = 1", "not symmetric and finite"),
        (lambda n, t: [-np.eye(n), np.eye(n)], "init = 1", "not positive definite"),
        (lambda n, t: [np.eye(n), np.eye(n)], "init = c(1, 2)", "must give 3 matrices"),
        (3, "init = 1", "vm|function"),
    ],
)
def test_functions_of_ones_own(function: Any, options: str, said: str, places: pd.DataFrame) -> None:
    with pytest.raises(pa.AsremlError, match=said):
        pa.asreml("z ~ 1", random=f"~ own(trt, f, {options})", data=places, known={"f": function}, trace=False)


def test_two_variances_in_a_term(plants: pd.DataFrame) -> None:
    with pytest.raises(pa.AsremlError, match="both carry variances"):
        pa.asreml("y ~ 1", random="~ corh(Plant):us(Time)", data=plants, trace=False)
