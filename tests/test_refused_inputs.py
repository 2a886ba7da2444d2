"""Inputs that make no model: each is answered by one clear error, which names the culprit and what to do.

Structures that cannot be are in ``tests/variance/test_refused_calls.py``, matrices in ``tests/data/test_known.py``,
pedigrees in ``tests/data/test_ainverse.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa

NAMES = [f"g{i}" for i in range(10)]


def _data() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    site, gen, rep = (x.ravel() for x in np.indices((4, 10, 2)))
    y = 10 + rng.normal(size=10)[gen] + rng.normal(size=80)
    return pd.DataFrame(
        {
            "site": [f"S{i}" for i in site],
            "gen": [f"g{i}" for i in gen],
            "rep": [f"r{i}" for i in rep],
            "y": y,
            "z": y + rng.normal(size=80),
            "x": rng.normal(size=80),
            "txt": "a",
            "gone": np.nan,
            "lon": site + 0.1 * rep,
            "lat": gen * 1.0,
            "row": [f"b{i}" for i in range(80)],
        }
    )


DATA = _data()


def square(matrix: Any, names: Any = NAMES) -> pd.DataFrame:
    return pd.DataFrame(matrix, names, names)


def _changed(at: tuple[int, int], value: float) -> np.ndarray:
    out = np.eye(10)
    out[at] = out[at[::-1]] = value
    return out


KNOWN: dict[str, Any] = {
    "K": square(np.eye(10)),
    "NEG": square(_changed((0, 1), 2.0)),
    "SING": square(np.ones((10, 10))),
    "GAP": square(_changed((2, 3), np.nan)),
    "SMALL": square(np.eye(5), NAMES[:5]),
    "MISNAMED": square(np.eye(10), [f"h{i}" for i in range(10)]),
    "TWICE": square(np.eye(10), [*NAMES[:9], "g0"]),
    "COMPLEX": square(np.eye(10) * 1j),
    "BARE": np.eye(10),
    "TEXT": "hello",
    "TALL": pd.DataFrame(np.ones((10, 3)), NAMES),
    "WORDS": ["a", "b"],
    "FAILS": lambda size, theta: 1 / 0,
}


def table(**columns: list[Any]) -> pd.DataFrame:
    return pd.DataFrame(columns)


def cov(**more: Any) -> dict[str, Any]:
    return {"a": {"key": ("gen", "k"), "cov": pd.DataFrame({"k": NAMES, "m": 1.0}), **more}}


RANDOM = {
    "~ vm(gen, NEG)": "NEG: the relationship matrix has 1 negative roots, the smallest -1.*singG",
    "~ vm(gen, SING)": "SING: .*singular, 9 of 10 roots are zero .*add a little to its diagonal",
    '~ vm(gen, NEG, singG = "PSD")': "NEG: the relationship matrix has 1 negative roots",
    '~ vm(gen, SING, singG = "ND")': "SING: the relationship matrix is singular",
    "~ vm(gen, GAP)": "GAP: the matrix has 2 entries that are missing",
    "~ vm(gen, SMALL)": "5 of the 10 levels of 'gen' are not among the 5 row names .*'g5'",
    "~ vm(gen, MISNAMED)": "10 of the 10 levels of 'gen' .*the rows have names such as 'h0'",
    "~ vm(gen, TWICE)": "TWICE: the row name 'g0' comes twice",
    "~ vm(gen, COMPLEX)": "COMPLEX: the matrix holds something that is no number",
    "~ vm(gen, BARE)": "BARE: the rows of the matrix have no names; give a data frame",
    "~ vm(gen, TEXT)": "TEXT: 'str' is no relationship matrix; give",
    "~ vm(gen, TALL)": "TALL: the matrix is 10 × 3, it must be square",
    "~ vm(gen, nothere)": "no relationship matrix 'nothere'; give it as known",
    '~ vm(gen, "K")': "the name of an object",
    "~ vm(gen, K, singG = TRUE)": "singG is one of",
    "~ vm(gen, K, init = 2)": "no argument 'init'",
    "~ vm(gen, K, NULL, 5)": "too many arguments",
    "~ vm(x, K)": "80 of the 80 levels of 'x' are not among",
    "~ ide(gen) + vm(gen, K)": "must come before it",
    "~ idv(gen, init = -1)": "the start value -1 of a variance must be positive",
    "~ idv(gen, init = 0)": "the start value 0 of a variance must be positive",
    '~ idv(gen, init = "a")': "a start value must be one number",
    "~ diag(site, init = c(1, 2)):gen": "'init' has 2 values; it needs 4",
    "~ diag(site, init = c(X = 1, 2, 3, 4)):gen": "P .positive., U .* not 'X'",
    "~ diag(site, init = c(1, NaN, 1, 1)):gen": "a start value must be one number",
    "~ diag(site, init = c(1, Inf, 1, 1)):gen": "a start value must be one number",
    "~ diag(site, init = c(1, NA, 1, 1)):gen": "init = has a value that is missing",
    "~ diag(site, init = starts):gen": "there are no start values 'starts'; give known",
    "~ diag(site, init = WORDS):gen": "WORDS must hold start values, numbers",
    "~ diag(site, init = c(1, -1, 1, 1)):gen": "value 2 of 'init' is -1; a variance must be positive",
    "~ at(site)": "conditions another variable, which is missing: at.site, 'S0'.:g",
    "~ own(site, FAILS, init = 1):gen": "the function failed at .1.0. with ZeroDivisionError",
    '~ own(site, FAILS, init = 1, con = "Z"):gen': "con is a constraint code, one of P U F B",
    "~ us(site, init = c(1, 2, 1, 2, 2, 1, 2, 2, 2, 1)):gen": "'init' cannot be used: not positive definite",
    "~ cor(site, init = 1):gen": "a common correlation of 4 levels is not inside",
    "~ ar1(site, init = -1.5):gen": r"not inside \(-1, 1\)",
    "~ ar1(site, init = c(P = -0.2)):gen": "value 1 of 'init' is -0.2; with the code P it must be positive",
    "~ fa(site, 9):gen": "9 factors need at least 9 levels; there are 4",
    "~ fa(site, 0):gen": "whole number from 1",
    "~ fa(site, -1):gen": "whole number from 1",
    "~ fa(site, 1.5):gen": "whole number from 1",
    '~ fa(site, "2"):gen': r"fa\(k=\) must be one number",
    "~ fa(site, k = two):gen": r"fa\(k=\) must be one number",
    "~ rr(site, 9):gen": "9 factors need at least 9 levels",
    "~ corb(site, 9):gen": "9 bands need more than 9 levels",
    "~ corb(site, q = 1):gen": "no argument 'q'",
    "~ us(x):gen": "column 'x' holds numbers; make it one with",
    "~ us(units)": r"use idv\(units\)",
    "~ us(row):rep": r"\d{4} singularities .*and \d{4} more",
    "~ diag(site):us(gen)": "both carry variances",
    "~ ar1v(site):corh(gen):us(rep)": "ar1v.site. and corh.gen. and us.rep. both carry variances",
    "~ ar1(site + 1):gen": "'.' needs numbers, but site is text",
    "~ ar1(us(site)):gen": "takes a variable, not another model function",
    "~ arr1(site):gen": r"no model function arr1\(\); did you mean ar1\(\)",
    "~ ar1(sit):gen": "no column 'sit' in the data; did you mean 'site'",
    "~ ar1():gen": r"ar1\(\) needs a variable",
    "~ dsum(~ units | site)": "stands alone in the residual formula",
    "~ at(site, 'Q'):gen": "'site' has no level 'Q'; it has 'S0'",
    "~ at(site, 9):gen": "no level number 9",
    "~ at(site, S1):gen": "quote the names of levels: 'S1'",
    "~ at(x, 1):gen": "column 'x' holds numbers",
    "~ grp(a)": "group = has no entry 'a'; give group = ",
    "~ mbf(a)": "mbf = has no entry 'a'; give mbf = ",
    "~ and(gen)": "there is none",
    '~ gen + and(gen, "a")': "the weight of and.. must be one number",
    "~ gen + and(site)": "must have the same levels .*equate_levels = .'gen', 'site'.",
    "~ vm(gen, K) + and(gen)": "both must stand over one matrix",
    "~ str(~ gen + gen:x, ~ us(2):id(11))": "10 . 10 = 20 effects, the model 2 × 11 = 22",
    "~ str(~ gen + gen:x, ~ us(0):id(10))": "the size must be a whole number",
    "~ str(~ gen)": "the one of their variance model is missing",
    "~ str(~ gen + gen:x, ~ us(2):vm(gen, NEG))": "NEG: the relationship matrix has 1 negative",
    "~ spl(x, k = 2)": "a spline needs at least three",
    "~ spl(x, k = -2)": "whole number from 1",
    "~ exp(gen)": "the level 'g0' of gen is no number, .*pwr.points = list",
    "~ iexp(lon)": "takes two coordinates",
    "~ iexp(lon, gen)": "the level 'g0' of 'gen' is no number",
    "~ iexp(lon, gone)": "gone in row 1 and 79 more; na_action",
    '~ mtrn(lon, lat, nu = "-1F")': "nu of mtrn is not positive",
    "~ mtrn(lon, lat, phi = 0)": "phi of mtrn is not positive",
    "~ mtrn(lon, lat, init = 0)": "no argument 'init' .its arguments: y =, phi =",
    "~ own(gen, nofun, init = 1)": "no function 'nofun'; give it as known",
    "~ gpf(gen)": r"(?s)gpf\(\) is not available .*not documented in public; write a column of the groups",
    "~ uni(gen, 1)": r"(?s)uni\(\) is not available .*a column of the data with the levels",
    "~ ilv(lon, lat)": r"(?s)ilv\(\) is not available .*sph\(x, y\)",
    "~ gen +": "the text ends too early",
    "~ us(site:gen": "is never closed",
}
RESIDUAL = {
    "~ ar1(nope):gen": "no column 'nope'",
    "~ ar1(site):gen": "4 × 10 = 40 cells for 80 records; data rows 1 and 2 both are site S0, gen g0",
    "~ 3": "must name units or factors",
    "~ site + gen": "must be one product",
    "~ ar1(x)": "column 'x' holds numbers",
    "~ ar1(site):units": "cannot be multiplied by further factors",
    "~ id(units, init = 2)": "has no parameter to start; write idv",
    "~ dsum(~ units)": "needs the factor whose levels are the sections",
    "~ dsum(~ units | site) + dsum(~ units | site)": "level 'S0' of site has two residual models",
    "~ dsum(~ units | site, levels = c('S0', 'S1'))": "levels without a residual model: 'S2', 'S3'; name them",
    "~ dsum(~ units | site, levels = 'S9')": "'site' has no level 'S9'",
    "~ dsum(~ units | site:gen)": "one factor after .; make site:gen a column",
    "~ dsum(~ units | x)": "column 'x' holds numbers",
    "~ dsum(~ units | site, outer = 'site')": r"(?s)dsum\(outer=\) is not available .*every section with levels",
    "~ dsum(~ units + id(units) | site)": "need levels = list",
    "~ dsum(~ ar1(gen):rep | site, level = 2, 3, 4)": "takes one model",
    "~ at(site):units": r"version 4 writes dsum\(~ model \| factor\)",
    "~ dsum(~ ar1(gen):ar1(row) | site)": "cells for 20 records; no record is",
    "~ vm(gen, K)": "belongs in the random formula",
    "~ rep:gen:us(site)": "data row 2 is rep r1, gen g0, site S0, where .* stand; sort the data by rep, gen, site",
}
BOTH = table(Component=["gen", "gen"], Value=[1.0, 2.0], Constraint=["P", "P"])
CALLS: list[tuple[dict[str, Any], str]] = [
    ({"vcc": {"nope": (1, 1), "gen": (1, 1)}}, "no variance parameter named nope; it has gen, units!R"),
    ({"vcc": "a"}, "vcc: a matrix of numbers is needed"),
    ({"random": "~ gen + rep", "vcc": {"gen": (1, 1), "rep": (1, 0)}}, "the scale of rep is 0"),
    ({"random": "~ gen + rep", "vcc": {"gen": (1, 1), "rep": (1, -1)}}, "a variance must be positive"),
    ({"vcc": [[1, 1], [2, 2], [3, 3]]}, "vcc has 3 rows without names and the model 2"),
    ({"vcm": pd.DataFrame([[1.0]], ["nope"], ["a"])}, "vcm: the model has no variance parameter named nope"),
    ({"G_param": "nofile.csv"}, "the file nofile.csv cannot be read"),
    ({"G_param": 3}, "G.param: a list such as fit.G.param"),
    ({"G_param": table(Component=["gen"], Value=[-1.0], Constraint=["P"])}, "at the start values .gen = -1"),
    ({"G_param": table(Component=["gen"], Value=[1.0], Constraint=["Z"])}, "gen: constraint code 'Z' is none of"),
    ({"G_param": table(Component=["gen"], Value=[np.nan], Constraint=["P"])}, "the Value of gen is missing"),
    ({"G_param": table(Component=["gen"], Value=["a"], Constraint=["P"])}, "the Value 'a' of gen is not a number"),
    ({"G_param": table(Component=["gen"], Value=[1.0])}, "needs the columns Component, Value and Constraint"),
    ({"G_param": BOTH}, "the table has two rows for gen"),
    ({"random": "~ grp(a)", "group": {"a": [999]}}, "column number 999; the data have 11 columns"),
    ({"random": "~ grp(a)", "group": {"a": [1.5]}}, "'a' has 1.5; columns are given by names or by positions"),
    ({"random": "~ grp(a)", "group": {"a": [-1]}}, "column number -1"),
    ({"random": "~ grp(a)", "group": {"a": ["txt"]}}, "column 'txt' of 'a' is a factor or text"),
    ({"random": "~ grp(a)", "group": {"a": ["q"]}}, "names column 'q', which is not in the data"),
    ({"random": "~ grp(a)", "group": {"a": []}}, "'a' has no columns"),
    ({"group": [1, 2]}, "group is a dict .in R a named list., group = .*, not list"),
    ({"group": "a"}, "group is a dict .*, not str"),
    ({"mbf": [1]}, "mbf is a dict"),
    ({"known": [1]}, "known is a dict of objects by name"),
    ({"random": "~ mbf(a)", "mbf": cov(cov="absent")}, "no data frame 'absent'; give the frame itself"),
    ({"random": "~ mbf(a)", "mbf": cov(key=("gen", "q"))}, "the covariates have no column 'q'"),
    ({"random": "~ mbf(a)", "mbf": cov(cov=table(k=NAMES[:3], m=[1.0] * 3))}, "gen is 'g3' in row 7, .*no row of that"),
    ({"random": "~ mbf(a)", "mbf": cov(cov=table(k=["g0", *NAMES], m=[1.0] * 11))}, "the key 'g0' has several rows"),
    ({"random": "~ mbf(a)", "mbf": cov(cov=table(k=NAMES, m=["a"] * 10))}, "the covariate 'm' is a factor or text"),
    ({"equate_levels": ("gen", "q")}, "'q' is no factor of the model"),
    ({"asmv": "q"}, "asmv: there is no column 'q'"),
    ({"fixed": "y ~ trait"}, r"write cbind\(y1, y2\) before ~"),
    ({"fixed": "cbind(y, gone) ~ trait"}, "the response gone is missing in every row"),
    ({"fixed": "cbind(y, txt) ~ trait"}, "the response 'txt' is a factor or text"),
    ({"fixed": "cbind(y, y) ~ trait"}, "two responses named y"),
    ({"fixed": "cbind(y) ~ trait"}, "two or more responses"),
    ({"fixed": "cbind(y, z) ~ trait"}, r"write residual = ~ id\(units\):us\(trait\)"),
    ({"fixed": "gone ~ 1"}, "the response gone is missing in every row"),
    ({"fixed": "rep ~ 1"}, "the response 'rep' is a factor or text .r0, r1"),
    ({"fixed": "y ~ y"}, "the response 'y' cannot be a term"),
    ({"fixed": "y ~ gen:site:rep"}, "none is left for the variances"),
    ({"fixed": "one ~ 1", "data": DATA.assign(one=1.0)}, "the fixed terms reproduce it exactly"),
    ({"data": DATA.iloc[:0]}, "there are no rows"),
    ({"data": "d"}, "cannot read columns from 'str'; give a pandas"),
    ({"weights": "txt"}, "column 'txt' is a factor or text"),
    ({"weights": "ww"}, "no column 'ww' in the data"),
    ({"weights": "w", "data": DATA.assign(w=-1.0)}, "column 'w' is -1 in row 1; weights must be positive"),
    ({"maxit": "a"}, "maxit = 'a': a whole number is needed"),
    ({"maxit": -1}, "maxit = -1: a whole number is needed"),
    ({"step_size": "a"}, "step_size = 'a': a number above 0"),
    ({"family": "gaussian"}, "asr_gaussian.. is needed"),
    ({"random": "~ spl(x)", "knot_points": {"x": ["a"]}}, "knot.points: the points of x are numbers"),
    ({"random": "~ exp(gen)", "pwr_points": {"gen": [1, 2]}}, "gen has 10 levels and 2 points; give one a level"),
    ({"random": "~ exp(gen)", "pwr_points": {"gen": [1] * 10}}, "'g0' and 'g1' lie at one place"),
    ({"random": "~ exp(gen)", "pwr_points": {"gen": ["a"] * 10}}, "pwr.points: the points of gen are numbers"),
    (
        {"residual": "~ dsum(~ units | site)", "data": DATA.assign(y=DATA.y.where(DATA.site != "S1"))},
        "residual section site_S1: no records with a response.*leave site S1 out of the data",
    ),
    (
        {"residual": "~ dsum(~ units | site)", "data": pd.concat([DATA, DATA.iloc[:1].assign(site="Z")])},
        "residual section site_Z: 1 record with a response, so it has no variance of its own",
    ),
]


@pytest.mark.parametrize("random", RANDOM)
def test_random_formulas(random: str) -> None:
    with pytest.raises(pa.AsremlError, match=RANDOM[random]):
        pa.asreml("y ~ site", random=random, data=DATA, known=KNOWN, trace=False)


@pytest.mark.parametrize("residual", RESIDUAL)
def test_residual_formulas(residual: str) -> None:
    with pytest.raises(pa.AsremlError, match=RESIDUAL[residual]):
        pa.asreml("y ~ site", residual=residual, data=DATA, known=KNOWN, trace=False)


@pytest.mark.parametrize(("arguments", "said"), CALLS, ids=range(len(CALLS)))
def test_arguments(arguments: dict[str, Any], said: str) -> None:
    call: dict[str, Any] = {"fixed": "y ~ site", "random": "~ gen", "data": DATA, "known": KNOWN, "trace": False}
    with pytest.raises(pa.AsremlError, match=said):
        pa.asreml(**{**call, **arguments})


PEDIGREE = pd.DataFrame({"id": ["a", "b", "c"], "s": ["0", "0", "a"], "d": ["0", "0", "b"]})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"groups": "a"}, "groups is a whole number, not 'a'"),
        ({"groups": 1.5}, "groups is a whole number, not 1.5"),
        ({"groups": -1}, "groups = -1, but it has 3 rows"),
        ({"inBreed": "a"}, "inBreed is a number, not 'a'"),
        ({"selfing": 2}, "selfing must be from 0 to 1"),
        ({"mgs": "yes"}, "mgs is TRUE or FALSE, not 'yes'"),
        ({"groupOffset": "a"}, "groupOffset is a number"),
        ({"fgen": "zz"}, "no column 'zz'; it has id, s, d"),
        ({"gender": "id"}, "id has 3 levels .'a', 'b', 'c'.; it needs two"),
    ],
)
def test_arguments_of_ainverse(options: dict[str, Any], said: str) -> None:
    with pytest.raises(pa.AsremlError, match=said):
        pa.ainverse(PEDIGREE, **options)


def test_a_pedigree_without_rows() -> None:
    with pytest.raises(pa.DataError, match="there are no rows"):
        pa.ainverse(PEDIGREE.iloc[:0])


def test_start_values_in_an_object() -> None:
    given = pd.Series([0.5, 0.6, 0.7, 0.8], index=["", "F", "", ""])
    call: dict[str, Any] = {"data": DATA, "trace": False, "start_values": True}
    found = pa.asreml("y ~ site", random="~ diag(site, init = s):gen", known={"s": given}, **call).vparameters_table
    written = pa.asreml("y ~ site", random="~ diag(site, init = c(0.5, F = 0.6, 0.7, 0.8)):gen", **call)
    pd.testing.assert_frame_equal(found, written.vparameters_table)
    odd = pd.Series([0.5, 0.6, 0.7, 0.8], index=list("PQPP"))
    with pytest.raises(pa.ModelError, match="constraint codes, one of P U F B, not 'Q'"):
        pa.asreml("y ~ site", random="~ diag(site, init = s):gen", known={"s": odd}, **call)
    r = "s <- c(0.5, F = 0.6, 0.7, 0.8)\nm <- asreml(y ~ site, random = ~ diag(site, init = s):gen, data = d, "
    session = pa.run(r + "trace = FALSE, start.values = TRUE)\nm$vparameters.table", d=DATA)
    pd.testing.assert_frame_equal(session, written.vparameters_table, check_dtype=False)
