"""Forms of one covariance matrix reach one log-likelihood, also where it is singular; a sample of simulated sites."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa


def sites(k, seed, genotypes=40, factors=None, copies=2):
    """Genotypes on k sites: covariance matrix of full rank, or of so many factors with specific variances."""
    rng = np.random.default_rng(seed)
    if factors is None:
        half = rng.normal(size=(k, k))
        sigma = half @ half.T / k + 0.3 * np.eye(k)
    else:
        loadings = rng.normal(0.0, 0.5, size=(k, factors))
        loadings[:, 0] += 0.7
        sigma = loadings @ loadings.T + np.diag(rng.uniform(0.05, 0.5, k))
    effects = rng.multivariate_normal(np.zeros(k), sigma, size=genotypes)
    site, gen, _ = (x.ravel() for x in np.indices((k, genotypes, copies)))
    frame = pd.DataFrame({"site": site, "gen": gen, "y": effects[gen, site] + rng.normal(0, 0.7, site.size)})
    return frame.astype({"site": str, "gen": str})


def exact(random, data, **more):
    return pa.asreml("y ~ site", random=random, residual="~ idv(units)", data=data, trace=False, exact=True, **more)


@pytest.mark.parametrize("k, seed", [(3, 1), (4, 2)])
def test_full_rank_models_are_one(k, seed):
    data = sites(k, seed, genotypes=60)
    want = exact("~ us(site):gen", data)
    assert "B" not in set(want.vparameters_con)
    for term in (f"chol(site, {k - 1})", f"ante(site, {k - 1})", f"rr(site, {k})", "corgh(site)"):
        fit = exact(f"~ {term}:gen", data)
        assert fit.converge, term
        assert fit.loglik == pytest.approx(want.loglik, abs=1e-8), term


@pytest.mark.parametrize("k, seed", [(4, 5), (5, 4), (6, 22)])
def test_a_singular_optimum_is_the_same_by_reduced_rank(k, seed):
    data = sites(k, seed, genotypes=25, factors=2)
    us = exact("~ us(site):gen", data)
    roots = np.linalg.eigvalsh(us.engine.variance.random[0].factors[0].matrix(us.vparameters.to_numpy()[:-2]))
    rank = int((roots > 1e-6 * roots[-1]).sum())
    assert us.converge and rank < k
    rr = exact(f"~ rr(site, {rank}):gen", data)
    assert rr.converge
    assert us.loglik == pytest.approx(rr.loglik, abs=1e-8)


def test_one_factor_on_three_sites_is_unstructured():
    data = sites(3, 13, genotypes=80, factors=1)
    fa, us = exact("~ fa(site, 1):gen", data), exact("~ us(site):gen", data)
    assert "B" not in set(fa.vparameters_con)
    assert fa.loglik == pytest.approx(us.loglik, abs=1e-8)


@pytest.mark.parametrize("name", ["fa(site)", "fa(site, 1)", "fa(site, k = 1)"])
def test_more_factors_start_from_fewer(name):
    data = sites(8, 3, genotypes=40, factors=2)
    one = exact(f"~ {name}:gen", data)
    two = one.update(random="~ fa(site, 2):gen", maxit=1, exact=False)
    specific = one.vparameters.filter(regex="var").to_numpy()
    start = two.trace.iloc[4:, 0]
    np.testing.assert_allclose(start.filter(regex="var"), 0.8 * specific)
    np.testing.assert_allclose(start.filter(regex="fa1"), one.vparameters.filter(regex="fa1"))
    assert start["fa(site, 2):gen!0!fa2"] == 0 and (start.filter(regex="[1-7]!fa2") != 0).all()
    two = one.update(random="~ fa(site, 2):gen")
    assert two.converge and two.loglik > one.loglik
    assert two.loglik == pytest.approx(exact("~ fa(site, 2):gen", data).loglik, abs=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_simulated_sites_converge(seed):
    k = 3 + seed % 3
    fit = exact("~ us(site):gen", sites(k, 100 + seed, genotypes=25))
    assert fit.converge
    fit = exact(f"~ fa(site, {1 + seed % 2}):gen", sites(8 + seed, 200 + seed, genotypes=25, factors=1 + seed % 2))
    assert fit.converge


def test_a_variance_a_site_by_three_names():
    data = sites(4, 7, genotypes=40)
    values = [exact(f"~ {term}:gen", data).loglik for term in ("idh(site)", "diag(site)", "at(site)")]
    assert values == pytest.approx(values[:1] * 3, abs=1e-8)


@pytest.mark.parametrize("residual", [None, "~ units", "~ idv(units)", "~ id(units)"])
def test_one_scale_however_it_is_written(residual):
    data = sites(4, 8, genotypes=40)
    want = exact("~ site:gen", data)
    for term in ("site:gen", "idv(site):idv(gen)", "idv(site):id(gen)", "id(site):idv(gen)", "idv(site):gen"):
        fit = pa.asreml("y ~ site", random=f"~ {term}", residual=residual, data=data, trace=False, exact=True)
        assert fit.converge
        assert fit.loglik == pytest.approx(want.loglik, abs=1e-8), (term, residual)
        component = fit.summary().varcomp["component"]
        assert component["site:gen"] == pytest.approx(want.vparameters["site:gen"], rel=1e-5)


def test_sections_of_one_variance_are_one_residual():
    data = sites(3, 9, genotypes=40).sort_values("site", kind="stable")
    one = exact("~ gen", data)
    apart = pa.asreml("y ~ site", random="~ gen", residual="~ dsum(~ units | site)", data=data, trace=False, exact=True)
    plots = data.assign(plot=np.tile(np.arange(80), 3))
    by_level = pa.asreml("y ~ site", random="~ gen", residual="~ idh(site):plot", data=plots, trace=False, exact=True)
    assert apart.loglik == pytest.approx(by_level.loglik, abs=1e-8)
    assert apart.loglik > one.loglik
    equal = {f"site_{i}!R": (1, 1) for i in range(3)}
    tied = pa.asreml("y ~ site", random="~ gen", residual="~ dsum(~ units | site)", data=data, vcc=equal,
                     trace=False, exact=True)  # fmt: skip
    assert tied.loglik == pytest.approx(one.loglik, abs=1e-8)


def test_random_regression_by_str_is_that_by_us_over_a_basis():
    rng = np.random.default_rng(4)
    gen, time = (x.ravel() for x in np.indices((40, 6)))
    line = rng.multivariate_normal([0, 0], [[1.0, 0.3], [0.3, 0.5]], 40)
    x = (time - 2.5) / 3
    y = line[gen, 0] + line[gen, 1] * x + rng.normal(0, 0.5, 240)
    data = pd.DataFrame({"gen": gen.astype(str), "x": x, "y": y})
    by_str = pa.asreml("y ~ x", random="~ str(~ gen + gen:x, ~ us(2):id(40))", data=data, trace=False, exact=True)
    named = pa.asreml("y ~ x", random="~ str(~ gen + gen:x, ~ us(2):id(gen))", data=data, trace=False, exact=True)
    # the columns (1, x) by grp(): us() over a basis
    both = data.assign(c0=1.0, c1=data.x)
    basis = pa.asreml("y ~ x", random="~ us(grp(b)):gen", group={"b": ["c0", "c1"]}, data=both, trace=False, exact=True)
    pol = pa.asreml("y ~ x", random="~ us(pol(x, 1)):gen", data=data, trace=False, exact=True)
    for fit in (named, basis, pol):
        assert fit.converge
        assert fit.loglik == pytest.approx(by_str.loglik, abs=1e-8)
    np.testing.assert_allclose(basis.vparameters.to_numpy(), by_str.vparameters.to_numpy(), rtol=1e-4)
    chol = pa.asreml("y ~ x", random="~ str(~ gen + gen:x, ~ chol(2):id(40))", data=data, trace=False, exact=True)
    corgh = pa.asreml("y ~ x", random="~ str(~ gen + gen:x, ~ corgh(2):id(40))", data=data, trace=False, exact=True)
    assert [chol.loglik, corgh.loglik] == pytest.approx([by_str.loglik] * 2, abs=1e-8)


def test_a_matrix_that_stays_at_the_edge_of_its_cone_is_brought_home():
    """Six traits on few plots: EM steps creep, guarded ones arrive; default and exact mode agree in codes and logL."""
    rng = np.random.default_rng(3)
    plots, traits = 80, 6
    gen = np.arange(plots) // 2
    half = rng.normal(size=(traits, 2))
    u = rng.normal(size=(40, 2)) @ half.T
    y = u[gen] + rng.normal(size=(plots, traits))
    names = [f"y{i}" for i in range(traits)]
    data = pd.DataFrame(dict(zip(names, y.T, strict=True)), index=None).assign(gen=gen.astype(str))
    call = {
        "fixed": f"cbind({', '.join(names)}) ~ trait",
        "random": "~ us(trait):gen",
        "residual": "~ id(units):us(trait)",
        "data": data,
        "trace": False,
    }
    best = pa.asreml(**call, exact=True)
    fit = pa.asreml(**call, maxit=100)
    assert fit.converge and best.converge
    assert len(fit.trace.columns) < 50
    assert "S" not in set(fit.vparameters_con) | set(best.vparameters_con)
    assert fit.loglik == pytest.approx(best.loglik, abs=1e-3)


def test_correlations_at_the_edge_of_their_cone_are_as_good_as_covariances():
    data = sites(5, 4, genotypes=25, factors=2)
    us = pa.asreml("y ~ site", random="~ us(site):gen", residual="~ idv(units)", data=data, trace=False, maxit=40)
    corgh = pa.asreml("y ~ site", random="~ corgh(site):gen", residual="~ idv(units)", data=data, trace=False, maxit=40)
    assert us.converge and corgh.converge
    assert corgh.loglik == pytest.approx(us.loglik, abs=2e-3)
