"""What the equations need of the records: by their sums, and over the records."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from pyasreml.linalg import Csr
from pyasreml.mme.equations import Equations
from pyasreml.mme.records import Records, Statistics, _shift
from pyasreml.reml.evaluate import evaluate
from pyasreml.reml.point import Point


def frame(n: int = 300, level: float = 20.0) -> pd.DataFrame:
    random = np.random.default_rng(4)
    id_, site = random.integers(0, 30, n), random.integers(0, 3, n)
    x = random.standard_normal(n)
    u = random.standard_normal((30, 2))
    y = level + site + 0.3 * x + u[id_, 0] + 0.5 * x * u[id_, 1] + random.standard_normal(n)
    y[::17] = np.nan
    names = pd.Index([f"i{i}" for i in range(30)])
    return pd.DataFrame(
        {
            "y": y,
            "id": pd.Categorical.from_codes(id_, names),
            "site": pd.Categorical.from_codes(site, pd.Index(list("abc"))),
            "x": x,
            "w": random.integers(1, 4, n).astype(float),
        }
    )


def relationship() -> pd.DataFrame:
    random = np.random.default_rng(8)
    m = random.standard_normal((30, 60))
    names = [f"i{i}" for i in range(30)]
    return pd.DataFrame(m @ m.T / 60 + 0.1 * np.eye(30), index=names, columns=names)


MODELS: dict[str, dict[str, Any]] = {
    "ratios": dict(random="~ id + site:id"),
    "variances": dict(random="~ id", residual="~ idv(units)"),
    "weights": dict(random="~ id", weights="w"),
    "matrix": dict(random="~ str(~ id + id:x, ~ us(2):id(30))"),
    "whitened": dict(random="~ str(~ id + id:x, ~ us(2):id(30))", residual="~ idv(units)"),
    "factor": dict(random="~ fa(site, 1):id", residual="~ idv(units)"),
    "dense": dict(random="~ vm(id, K)", known={"K": relationship()}),
    "dense, variances": dict(random="~ vm(id, K)", residual="~ idv(units)", known={"K": relationship()}),
}


def at(eq: Equations, theta: np.ndarray) -> Point:
    return evaluate(eq, theta, np.ones(theta.size, bool))


@pytest.fixture(scope="module", params=MODELS)
def fit(request: pytest.FixtureRequest) -> pa.Asreml:
    found: pa.Asreml = pa.asreml("y ~ site + x", data=frame(), trace=False, maxit=40, **MODELS[request.param])
    if request.param == "whitened":
        assert found.engine.equations_to_edge().whitening is not None
    return found


def test_sums_give_what_the_records_give(fit: pa.Asreml) -> None:
    eq, theta = fit.engine.equations, fit.estimates.point.theta
    sums = eq.records
    assert isinstance(sums, Statistics)
    by_sums = at(eq, theta)
    eq.records = Records(eq.y, eq.X, eq.W, eq.residual, eq.observed)
    eq.sensitivities.clear()
    eq.components.clear()
    by_records = at(eq, theta)
    eq.records = sums
    eq.sensitivities.clear()
    eq.components.clear()
    assert by_sums.loglik == pytest.approx(by_records.loglik, rel=1e-11)
    for name in ("score", "ai", "solution", "gathered"):
        one, other = getattr(by_sums, name), getattr(by_records, name)
        assert np.allclose(one, other, rtol=1e-7, atol=1e-8 * max(1.0, abs(other).max())), name


def test_misfit_is_summed_over_the_records_where_digits_are_short(fit: pa.Asreml) -> None:
    records = fit.engine.equations.records
    assert isinstance(records, Statistics)
    c, random = np.array([2.0]), np.random.default_rng(1)
    b = random.standard_normal(records.W.n_cols)
    direct = Records.misfit(records, c, b)
    close = records.misfit(c, b)
    for name in ("ypy", "e", "weighted", "gathered", "squares"):
        assert np.allclose(getattr(close, name), getattr(direct, name), rtol=1e-9, atol=1e-8), name
    # a response that W reproduces but for little
    records = Statistics(records, _lists(records))
    records.y = records.W.dot(b) + 1e-7 * random.standard_normal(records.y.size)
    weighted = records.operator(np.ones(1)).dot(records.y)
    records.Wy, records.yy = records.W.tdot(weighted), float(records.y @ weighted)
    assert records.misfit(c, b).squares == pytest.approx(Records.misfit(records, c, b).squares, rel=1e-6)


def _lists(records: Statistics) -> Any:
    lower = records.lower
    row = np.repeat(np.arange(lower.n_rows), np.diff(lower.indptr))
    return row, lower.indices.astype(np.int64), np.zeros(row.size, np.int64), lower.data


def test_the_level_of_the_response_takes_no_digits() -> None:
    models = [dict(random="~ id"), dict(random="~ id", residual="~ dsum(~ units | site)")]
    for model in models:
        low, high = (
            pa.asreml("y ~ site + x", data=frame(level=level), trace=False, exact=True, **model)
            for level in (0.0, 2.0**20)
        )
        assert high.loglik == pytest.approx(low.loglik, abs=2e-8)
        fixed = [f.coefficients.fixed["effect"] for f in (low, high)]
        assert fixed[1]["(Intercept)"] - 2.0**20 == pytest.approx(fixed[0]["(Intercept)"], abs=1e-7)
        assert np.allclose(high.residuals, low.residuals, atol=1e-7, equal_nan=True)


def test_shift_is_near_least_squares() -> None:
    random = np.random.default_rng(3)
    site = random.integers(0, 40, 500)
    X = np.column_stack([np.ones(500), np.eye(40)[site][:, 1:], random.standard_normal(500)])
    y = 100 + X @ random.standard_normal(41)
    observed = random.random(500) < 0.9
    y = np.where(observed, y, 0.0)
    row, col = np.nonzero(X)
    sparse = Csr(500, 41, np.concatenate([[0], np.cumsum(np.bincount(row, minlength=500))]), col, X[row, col])
    left = (y - X @ _shift(y, sparse, observed))[observed]
    best = np.linalg.lstsq(X[observed], y[observed], rcond=None)[0]
    assert left.std() < 0.2 * y[observed].std() + (y - X @ best)[observed].std()
    assert (_shift(np.zeros(500), sparse, observed) == 0).all()
