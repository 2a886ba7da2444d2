"""The average information of models with many parameters, and of kinds of parameters together, against dense V."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from pyasreml.mme.sensitivity import Sensitivity
from pyasreml.reml.evaluate import evaluate
from tests.reml.dense import reference

pytestmark = pytest.mark.filterwarnings("ignore::pyasreml.AsremlWarning")


def sites(seed: int = 3) -> pd.DataFrame:
    """Four sites, ten genotypes, two replicates, in a field of 8 x 10."""
    rng = np.random.default_rng(seed)
    site, gen, rep = (x.ravel() for x in np.meshgrid(np.arange(4), np.arange(10), np.arange(2), indexing="ij"))
    u = rng.normal(size=(10, 4)) @ rng.normal(size=(4, 4))
    y = 5 + u[gen, site] + rng.normal(size=site.size) * (1 + site)
    frame = pd.DataFrame({"y": y, "x": rng.normal(size=y.size), "w": rng.uniform(0.5, 2.0, y.size)})
    place = rng.permutation(80)
    codes = {"site": site, "gen": gen, "rep": rep, "row": place // 10, "col": place % 10}
    for name, code in codes.items():
        frame[name] = pd.Categorical([f"{name}{c:02d}" for c in code])
    return frame.sort_values(["row", "col"], ignore_index=True)


def traits(missing: bool, seed: int = 4) -> pd.DataFrame:
    """Four traits of twelve families."""
    rng = np.random.default_rng(seed)
    family = np.arange(36) % 12
    u, e = rng.normal(size=(12, 4)) @ rng.normal(size=(4, 4)), rng.normal(size=(36, 4)) @ rng.normal(size=(4, 4))
    frame = pd.DataFrame(u[family] + e, columns=["y1", "y2", "y3", "y4"])
    if missing:
        frame.iloc[[3, 8, 20], [0, 2, 3]] = np.nan
    frame["family"] = pd.Categorical([f"f{i:02d}" for i in family])
    frame["block"] = pd.Categorical([f"b{i}" for i in np.arange(36) // 9])
    return frame


BY_SITE = "~ dsum(~ units | site)"
TRAITS = "cbind(y1, y2, y3, y4) ~ trait"
UNITS = "~ id(units):us(trait)"
GRID = "~ ar1(row):ar1(col)"

MODELS: dict[str, dict[str, Any]] = {
    "us, sections": dict(fixed="y ~ site", random="~ us(site):gen", residual=BY_SITE),
    "us, another term": dict(fixed="y ~ site", random="~ us(site):gen + site:rep", residual=BY_SITE),
    "diag, weights": dict(fixed="y ~ site", random="~ diag(site):gen + rep", weights="w"),
    "fa, sections": dict(fixed="y ~ site", random="~ fa(site, 2):gen", residual=BY_SITE),
    "fa, another term": dict(fixed="y ~ site", random="~ fa(site, 1):gen + site:rep + diag(site):rep", weights="w"),
    "facv": dict(fixed="y ~ site", random="~ facv(site, 1):gen", residual=BY_SITE),
    "rr and diag": dict(fixed="y ~ site", random="~ rr(site, 1):gen + diag(site):gen"),
    "two factored": dict(fixed="y ~ 1", random="~ fa(site, 1):gen + fa(rep, 1):gen"),
    "fa times ar1": dict(fixed="y ~ site", random="~ fa(site, 1):ar1(gen)"),
    "us times ar1": dict(fixed="y ~ 1", random="~ us(rep):ar1(gen):site"),
    "us, field": dict(fixed="y ~ site", random="~ us(site):gen", residual=GRID),
    "fa, field": dict(fixed="y ~ site", random="~ fa(site, 1):gen + units", residual=GRID),
    "heterogeneous": dict(fixed="y ~ site", random="~ corgh(site):gen", residual="~ ar1h(row):ar1(col)"),
    "us of coefficients": dict(fixed="y ~ x", random="~ str(~ gen + gen:x, ~ us(2):id(10)) + site"),
    "traits": dict(fixed=TRAITS, random="~ us(trait):family", residual=UNITS, data=traits(False)),
    "traits, missing": dict(fixed=TRAITS, random="~ us(trait):family", residual=UNITS, data=traits(True)),
    "traits, more": dict(fixed=TRAITS, random="~ us(trait):family + trait:block", residual=UNITS, data=traits(True)),
}


@pytest.mark.parametrize("whitened", [False, True])
@pytest.mark.parametrize("name", list(MODELS))
def test_information(name: str, whitened: bool) -> None:
    arguments = {"data": sites(), **MODELS[name]}
    fit = pa.asreml(**arguments, maxit=1, ai_sing=True, fail="soft", trace=False)
    eq = fit.engine.equations_to_edge() if whitened else fit.engine.equations
    table = fit.engine.variance.parameters
    free = np.array([c != "F" for c in table.codes])
    theta = np.where(free & (np.arange(len(table)) != table.sigma2), 1.05 * table.start, table.start)
    point, want = evaluate(eq, theta, free), reference(fit.engine, theta)
    assert point.loglik == pytest.approx(want.loglik, abs=1e-8)
    scale = np.sqrt(np.diagonal(want.ai)[free])
    np.testing.assert_allclose(point.score[free] / scale, want.score[free] / scale, atol=1e-6)
    found, expected = (a[np.ix_(free, free)] / np.outer(scale, scale) for a in (point.ai, want.ai))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    if name == "two factored":
        assert not whitened or sum(w is not None for w in eq.whitened) == 2


@pytest.mark.parametrize("name", ["us, sections", "fa, another term", "traits, missing"])
def test_both_solvers(name: str) -> None:
    pytest.importorskip("sksparse")
    points = []
    for solver in ("own", "cholmod"):
        fit = pa.asreml(**{"data": sites(), **MODELS[name]}, maxit=1, solver=solver, fail="soft", trace=False)
        points.append(fit.estimates.point)
    np.testing.assert_allclose(points[0].ai, points[1].ai, rtol=1e-8, atol=1e-10)


def test_a_level_keeps_to_its_own_columns() -> None:
    """Equations of one site hold the columns of its specific variance, its loadings and its section, no others."""
    fit = pa.asreml(**MODELS["fa, sections"], data=sites(), maxit=1, ai_sing=True, exact=True, trace=False)
    eq = fit.engine.equations_to_edge()
    assert eq.whitening is not None
    evaluate(eq, fit.estimates.theta, np.ones(len(eq.variance.parameters), bool))
    (found,) = set(eq.sensitivities.values())
    assert isinstance(found, Sensitivity)
    narrow = 4 * 10 * 4  # sites, genotypes; variance, two loadings, section
    wide = (eq.unknowns - 40) * 16
    # merging of supernodes may widen some rows
    assert narrow < found._ranges.size <= 2 * (narrow + wide)


def test_parameters_of_an_owner_that_is_held_have_no_columns() -> None:
    fit = pa.asreml("y ~ site", random="~ us(site):gen + rep", data=sites(), maxit=1, trace=False)
    eq, table = fit.engine.equations, fit.engine.variance.parameters
    some = np.array(["rep" not in n for n in table.names])
    whole = evaluate(eq, table.start, np.ones(some.size, bool))
    part = evaluate(eq, table.start, some)
    both = np.ix_(some, some)
    np.testing.assert_allclose(part.ai[both], whole.ai[both], rtol=1e-9, atol=1e-12)
    assert not part.ai[~some].any() and not part.score[~some].any()
