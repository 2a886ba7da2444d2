"""Genetic groups as fixed effects inside ``vm()``: against the model with their covariates among the fixed terms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from pyasreml.bind import bind
from pyasreml.data import NaMethod
from pyasreml.data.known import known_matrix, sources_of
from pyasreml.design import build
from pyasreml.fit.engine import Engine
from pyasreml.model import model_spec
from pyasreml.options import Options
from pyasreml.reml.evaluate import evaluate
from pyasreml.variance.build import build_variance
from tests.data.tabular import dense
from tests.reml.dense import reference

GROUPS, N, TIMES = 4, 60, 6
QUIET: dict[str, Any] = {"trace": False, "maxit": 40}


def pedigree(rng: np.random.Generator) -> pd.DataFrame:
    """Groups first; every unknown parent is one of them."""
    names = [f"G{k + 1}" for k in range(GROUPS)] + [f"a{i:02d}" for i in range(N)]
    rows = [(name, "0", "0") for name in names[:GROUPS]]
    for i in range(N):
        old = rng.integers(max(0, i - 25), i, size=2) if i else (0, 0)
        new = rng.integers(GROUPS, size=2)
        unknown = (rng.random(2) < 0.25) | (i < 12)
        rows.append((names[GROUPS + i], *(names[new[k] if unknown[k] else GROUPS + old[k]] for k in range(2))))
    return pd.DataFrame(rows, columns=["id", "sire", "dam"])


PEDIGREE = pedigree(np.random.default_rng(3))
ainv = pa.ainverse(PEDIGREE, groups=GROUPS)
NAMES = [str(name) for name in ainv.attrs["rowNames"]]
WHOLE = dense(ainv)
A = np.linalg.inv(WHOLE[GROUPS:, GROUPS:])
Q = -A @ WHOLE[GROUPS:, :GROUPS]
K = pd.DataFrame(A, index=NAMES[GROUPS:], columns=NAMES[GROUPS:])


def simulated() -> pd.DataFrame:
    """Two records a site of individuals 8 and on; ``q0`` … are their shares in the groups, ``m0`` … their dams'."""
    rng = np.random.default_rng(4)
    g = np.array([0.0, 1.0, -2.0, 3.0])
    root = np.linalg.cholesky(A)
    who = np.repeat(np.arange(8, N), TIMES)
    site, sex = np.tile([0, 0, 1, 1, 2, 2], N - 8), rng.integers(2, size=who.size)
    dam = rng.integers(N, size=N)[who]
    u = root @ (rng.normal(size=(N, 1)) + rng.normal(size=(N, 3)))
    maternal = 0.8 * Q @ g[::-1] + 0.7 * root @ rng.normal(size=N)
    y = 5 + 0.6 * sex + site + (Q @ g)[who] * (1 + 0.2 * site) + u[who, site] + rng.normal(size=who.size)
    y += maternal[dam]
    out = pd.DataFrame({"y": y, "id": np.array(NAMES[GROUPS:])[who], "dam": np.array(NAMES[GROUPS:])[dam]})
    out["site"], out["sex"] = np.array(["A", "B", "C"])[site], np.array(["f", "m"])[sex]
    out["z"] = 0.5 * y + rng.normal(size=y.size)
    out["w"] = rng.uniform(0.5, 2.0, y.size)
    out["row"], out["col"] = pd.Categorical(np.repeat(np.arange(12), 26)), pd.Categorical(np.tile(np.arange(26), 12))
    for k in range(GROUPS):
        out[f"q{k}"], out[f"m{k}"] = Q[who, k], Q[dam, k]
    return out


DATA = simulated()
GAPS = DATA.assign(y=np.where(np.arange(len(DATA)) % 9 == 4, np.nan, DATA["y"]))
# columns of a factor are taken from the last to the first
SHARES = " + ".join(f"q{k}" for k in reversed(range(GROUPS)))
DAMS = " + ".join(f"m{k}" for k in reversed(range(GROUPS)))
BY_SITE = " + ".join(f"at(site, '{s}'):q{k}" for s in "CBA" for k in reversed(range(GROUPS)))
BY_TRAIT = " + ".join(f"at(trait, {t}):q{k}" for t in (2, 1) for k in reversed(range(GROUPS)))

CASES: dict[str, tuple[dict[str, Any], str]] = {
    "component": ({"fixed": "y ~ sex", "random": "~ vm(id, ainv)"}, SHARES),
    "weights": ({"fixed": "y ~ sex", "random": "~ vm(id, ainv)", "weights": "w"}, SHARES),
    "us": ({"fixed": "y ~ site + sex", "random": "~ us(site):vm(id, ainv)"}, BY_SITE),
    "diag": ({"fixed": "y ~ site + sex", "random": "~ diag(site):vm(id, ainv)"}, BY_SITE),
    "corgh": ({"fixed": "y ~ site + sex", "random": "~ corgh(site):vm(id, ainv)"}, BY_SITE),
    "fa": ({"fixed": "y ~ site + sex", "random": "~ fa(site, 1):vm(id, ainv)"}, BY_SITE),
    "at": ({"fixed": "y ~ site + sex", "random": "~ at(site):vm(id, ainv)"}, BY_SITE),
    "field": (
        {"fixed": "y ~ sex", "random": "~ vm(id, ainv) + ide(id)", "residual": "~ ar1(row):ar1(col)"},
        SHARES,
    ),
    "two terms": ({"fixed": "y ~ sex", "random": "~ vm(id, ainv) + vm(dam, ainv)"}, f"{SHARES} + {DAMS}"),
    "str": (
        {"fixed": "y ~ sex", "random": "~ str(~ vm(id, ainv) + vm(dam, ainv), ~ us(2):vm(id, ainv))"},
        f"{SHARES} + {DAMS}",
    ),
    "traits": (
        {
            "fixed": "cbind(y, z) ~ trait + trait:sex",
            "random": "~ us(trait):vm(id, ainv)",
            "residual": "~ units:us(trait)",
        },
        BY_TRAIT,
    ),
    "sections": ({"fixed": "y ~ site", "random": "~ vm(id, ainv)", "residual": "~ dsum(~ units | site)"}, SHARES),
}


def explicit(call: dict[str, Any], shares: str) -> dict[str, Any]:
    """The call with covariates of the groups and the matrix of the individuals."""
    random = call["random"].replace("ainv", "K")
    return {**call, "fixed": f"{call['fixed']} + {shares}", "random": random}


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_equals_the_model_with_covariates(case: str, exact: bool) -> None:
    call, shares = CASES[case]
    rows = {"data": GAPS, "na_action": pa.na_method(y="include")}
    fit = pa.asreml(**call, **rows, **QUIET, exact=exact)
    want = pa.asreml(**explicit(call, shares), **rows, **QUIET, exact=exact)
    assert fit.converge and want.converge
    assert fit.loglik == pytest.approx(want.loglik, abs=1e-5 if exact else 1e-8)
    assert (fit.nedf, fit.nsing) == (want.nedf, want.nsing)
    table, other = pa.summary(fit).varcomp, pa.summary(want).varcomp
    loose = {"rtol": 2e-3, "atol": 1e-5} if exact else {"rtol": 1e-7, "atol": 1e-9}
    np.testing.assert_allclose(table["component"].astype(float), other["component"].astype(float), **loose)
    np.testing.assert_allclose(table["std.error"].astype(float), other["std.error"].astype(float), **loose)
    np.testing.assert_allclose(fit.residuals, want.residuals, atol=1e-2 if exact else 1e-7)
    fixed, known = pa.summary(fit, coef=True)["coef.fixed"], pa.summary(want, coef=True)["coef.fixed"]
    np.testing.assert_allclose(fixed["std.error"], known.loc[fixed.index, "std.error"], rtol=1e-2 if exact else 1e-7)


def test_effects_of_groups_and_individuals() -> None:
    fit = pa.asreml("y ~ sex", random="~ vm(id, ainv)", data=DATA, **QUIET)
    want = pa.asreml(f"y ~ sex + {SHARES}", random="~ vm(id, K)", data=DATA, **QUIET)
    found, other = pa.summary(fit, coef=True), pa.summary(want, coef=True)
    groups = found["coef.random"].iloc[:GROUPS]
    assert list(groups.index) == [f"vm(id, ainv)_G{k + 1}" for k in range(GROUPS)]
    covariates = other["coef.fixed"].loc[[f"q{k}" for k in range(GROUPS)]]
    np.testing.assert_allclose(groups.to_numpy(float), covariates.to_numpy(float), rtol=1e-8)
    assert groups["solution"].iloc[0] == 0 and np.isnan(groups["std.error"].iloc[0])
    u = Q @ covariates["solution"].to_numpy(float) + other["coef.random"]["solution"].to_numpy(float)
    np.testing.assert_allclose(found["coef.random"]["solution"][GROUPS:], u, atol=1e-9)
    assert dict(fit.noeff)["vm(id, ainv)"] == GROUPS + N
    np.testing.assert_allclose(fit.hat, want.hat, rtol=1e-8)
    # prediction error variances of u* = Qg + u, and predictions, from the dense equations of (b, g, u)
    state = fit.engine.at(fit.estimates.point.theta)
    z = np.eye(N)[[NAMES[GROUPS:].index(i) for i in DATA["id"]]]
    x = np.column_stack([np.ones(len(DATA)), DATA["sex"] == "m", z @ Q[:, 1:], z]).astype(float)
    c = x.T @ x
    c[-N:, -N:] += np.linalg.inv(A) / fit.estimates.point.theta[0]
    effects = np.column_stack([np.zeros((N, 2)), Q[:, 1:], np.eye(N)])
    variance = state.point.sigma2 * effects @ np.linalg.solve(c, effects.T)
    error = found["coef.random"]["std.error"].to_numpy(float)[GROUPS:]
    np.testing.assert_allclose(error, np.sqrt(np.diagonal(variance)), rtol=1e-8)
    means = pa.predict(fit, "id", trace=False, vcov=True)
    assert list(means.pvals["id"]) == NAMES and set(means.pvals["status"]) == {"Estimable"}
    last = fit.update(trace=False)
    state = last.engine.at(last.estimates.theta)
    c[-N:, -N:] += np.linalg.inv(A) * (1 / last.estimates.theta[0] - 1 / fit.estimates.point.theta[0])
    g = np.vstack([np.zeros(GROUPS - 1), np.eye(GROUPS - 1)])
    rows = np.vstack([np.column_stack([g, np.zeros((GROUPS, N))]), effects[:, 2:]])
    rows = np.column_stack([np.ones(GROUPS + N), np.full(GROUPS + N, 0.5), rows])
    np.testing.assert_allclose(means.pvals["predicted.value"], rows @ np.linalg.solve(c, x.T @ DATA["y"]), rtol=1e-8)
    want_vcov = state.point.sigma2 * rows @ np.linalg.solve(c, rows.T)
    np.testing.assert_allclose(np.asarray(means.vcov), want_vcov, rtol=1e-7, atol=1e-9)


def test_tests_of_fixed_terms_are_those_after_the_groups() -> None:
    fit = pa.asreml("y ~ sex", random="~ vm(id, ainv)", data=DATA, **QUIET)
    want = pa.asreml("y ~ q3 + q2 + q1 + sex", random="~ vm(id, K)", data=DATA, **QUIET)
    for options in ({}, {"kenadj": "expected"}, {"kenadj": "observed"}):
        tables = [pa.wald(f, denDF="numeric", trace=False, **options) for f in (fit, want)]
        mine, other = (t if isinstance(t, pd.DataFrame) else t["Wald"] for t in tables)
        np.testing.assert_allclose(
            mine.loc["sex", ["denDF", "F.inc"]].astype(float),
            other.loc["sex", ["denDF", "F.inc"]].astype(float),
            rtol=1e-3,
        )
    smaller = fit.update(fixed="~ . - sex")
    assert smaller.nedf == fit.nedf + 1


def made(fixed: str, random: str, data: pd.DataFrame, residual: str | None = None, solver: str = "own") -> Engine:
    """The numeric engine of a model."""
    sources = sources_of({"ainv": ainv})
    bound = bind(model_spec(fixed, random, None, residual), data, known=sources, na_action=NaMethod(y="include"))
    return Engine(bound, build(bound), build_variance(bound), Options(solver=solver))


def on_a_group() -> pd.DataFrame:
    """A record of a group itself, which tells of its effect without a genetic deviation."""
    data = GAPS.copy()
    data.loc[data.index[:3], "id"] = "G2"
    return data


def one_site_with_two_groups() -> pd.DataFrame:
    """Site C sees descendants of two groups only."""
    out: pd.DataFrame = DATA[(DATA["site"] != "C") | (DATA["q0"] + DATA["q3"] < 1e-9)]
    return out.reset_index(drop=True)


POINTS: dict[str, tuple[Any, list[int]]] = {
    "component": (lambda: made("y ~ sex", "~ vm(id, ainv)", GAPS), [1]),
    "us": (lambda: made("y ~ site", "~ us(site):vm(id, ainv)", GAPS), [3]),
    "fa": (lambda: made("y ~ site", "~ fa(site, 1):vm(id, ainv)", GAPS), [3]),
    "one mean": (lambda: made("y ~ sex", "~ us(site):vm(id, ainv)", GAPS), [1]),
    "at": (lambda: made("y ~ site", "~ at(site):vm(id, ainv)", GAPS), [1, 1, 1]),
    "beside": (lambda: made("y ~ site", "~ us(site):id(dam) + vm(id, ainv)", GAPS), [0, 1]),
    "field": (lambda: made("y ~ sex", "~ vm(id, ainv)", GAPS, "~ ar1(row):ar1(col)"), [1]),
    "record of a group": (lambda: made("y ~ sex", "~ vm(id, ainv)", on_a_group()), [1]),
    "unseen at a site": (lambda: made("y ~ site", "~ us(site):vm(id, ainv)", one_site_with_two_groups()), [5]),
    "without intercept": (lambda: made("y ~ -1 + w", "~ vm(id, ainv)", GAPS), [0]),
    "two terms": (lambda: made("y ~ sex", "~ vm(id, ainv) + vm(dam, ainv)", GAPS), [1, 1]),
    "cholmod": (lambda: made("y ~ site", "~ us(site):vm(id, ainv)", GAPS, solver="cholmod"), [3]),
}


def check_point(engine: Engine, theta: np.ndarray) -> None:
    active = np.array([c != "F" for c in engine.variance.parameters.codes])
    point, want = evaluate(engine.equations, theta, active), reference(engine, theta)
    # the reference has neither log|A|, which cancels, nor the Jacobian of groups to covariates, which is 1
    assert point.loglik == pytest.approx(want.loglik, abs=1e-8)
    assert point.sigma2 == pytest.approx(want.sigma2, rel=1e-10)
    np.testing.assert_allclose(point.score[active], want.score[active], atol=1e-6 * (np.abs(want.score).max() + 1))
    rows = np.ix_(active, active)
    np.testing.assert_allclose(point.ai[rows], want.ai[rows], rtol=1e-6, atol=1e-7 * np.abs(want.ai).max())


@pytest.mark.parametrize("name", POINTS)
def test_one_evaluation_against_the_dense_formulas(name: str) -> None:
    if name == "cholmod":
        pytest.importorskip("sksparse")
    make, dropped = POINTS[name]
    engine = make()
    assert [0 if f is None else f.dropped.size for f in engine.design.flat] == dropped
    table, rng = engine.variance.parameters, np.random.default_rng(5)
    theta = table.start * np.where(np.array(table.kinds) == "V", rng.uniform(1.0, 2.0, len(table)), 1.0)
    if table.sigma2 is not None:
        theta[table.sigma2] = 1.0
    check_point(engine, theta)


def test_a_negative_component() -> None:
    engine = made("y ~ sex", "~ vm(id, ainv)", GAPS)
    check_point(engine, np.array([-0.005, 1.0]))


def test_predictions_that_cannot_be_estimated() -> None:
    """Two groups that are always half and half: only their mean is."""
    ped = {"id": ["G", "H", "a", "b", "c"], "s": ["0", "0", "G", "G", "a"], "d": ["0", "0", "H", "H", "b"]}
    rng = np.random.default_rng(6)
    data = pd.DataFrame({"y": rng.normal(size=30), "id": np.tile(["a", "b", "c"], 10)})
    fit = pa.asreml("y ~ 1", random="~ vm(id, both)", data=data, known={"both": pa.ainverse(ped, groups=2)}, **QUIET)
    assert fit.nsing == 2 and fit.nedf == 29
    status = pa.predict(fit, "id", trace=False).pvals["status"]
    assert list(status) == ["Aliased", "Aliased", "Estimable", "Estimable", "Estimable"]
    alone = pa.predict(fit, "id", only="vm(id, both)", trace=False).pvals
    np.testing.assert_allclose(alone["predicted.value"][:2], 0, atol=1e-12)


def test_groups_without_members_are_zero() -> None:
    ped = PEDIGREE.copy()
    ped.loc[-1] = ["empty", "0", "0"]
    more = {"more": pa.ainverse(ped.sort_index(), groups=GROUPS + 1, groupOffset=-1)}
    fit = pa.asreml("y ~ sex", random="~ vm(id, more)", data=DATA, known=more, **QUIET)
    want = pa.asreml("y ~ sex", random="~ vm(id, ainv)", data=DATA, **QUIET)
    assert fit.loglik == pytest.approx(want.loglik, abs=1e-9)
    assert fit.coefficients.random["effect"].iloc[0] == 0


def test_the_source() -> None:
    known = known_matrix("ainv", ainv)
    assert known.groups == GROUPS
    assert known.logdet == pytest.approx(np.linalg.slogdet(A)[1])
    space = known.group_space.toarray()
    np.testing.assert_allclose(WHOLE @ space, 0, atol=1e-10)
    np.testing.assert_allclose(space[GROUPS:], Q, atol=1e-12)
    np.testing.assert_array_equal(space[:GROUPS], np.eye(GROUPS))


def test_what_groups_do_not_go_with() -> None:
    with pytest.raises(pa.ModelError, match=r"vm.id, ainv. has genetic groups.*rr.site, 1. cannot stand beside"):
        pa.asreml("y ~ site", random="~ rr(site, 1):vm(id, ainv)", data=DATA, **QUIET)
    with pytest.raises(pa.ModelError, match=r"has genetic groups.*vm.dam, ainv. cannot stand beside"):
        pa.asreml("y ~ site", random="~ vm(id, ainv):vm(dam, ainv)", data=DATA, **QUIET)
    with pytest.raises(pa.ModelError, match="'G1' is a genetic group"):
        pa.single_step(ainv, K)
