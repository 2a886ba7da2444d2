"""The exact stepper: one optimum whatever the parameterisation, and conditions that hold there."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

import pyasreml as pa
from pyasreml.reml.evaluate import evaluate
from pyasreml.reml.exact import Exact
from tests.reml.models import MODELS, engine, field


def exact(fixed, data, **arguments):
    return pa.asreml(fixed, data=data, trace=False, exact=True, **arguments)


PAIRS = [
    (dict(random="~ gen"), dict(random="~ gen", residual="~ idv(units)")),
    (dict(random="~ site:gen"), dict(random="~ idv(site):idv(gen)")),
    (dict(random="~ site:gen"), dict(random="~ idv(site):idv(gen)", residual="~ idv(units)")),
    (dict(random="~ idh(site):gen"), dict(random="~ diag(site):gen")),
    (dict(random="~ diag(site):gen"), dict(random="~ at(site):gen")),
    (dict(random="~ gen", residual="~ dsum(~ units | site)"), dict(random="~ gen", residual="~ idh(site):row:col")),
    (dict(random="~ gen", residual="~ dsum(~ units | site)"), dict(random="~ gen", residual="~ dsum(units | site)")),
    (dict(random="~ ar1(row):col"), dict(random="~ ar1v(row):col")),
    (dict(residual="~ site:ar1(row):ar1(col)"), dict(residual="~ site:ar1v(row):ar1(col)")),
]


@pytest.mark.parametrize("one, other", PAIRS)
def test_forms_of_one_model_reach_one_log_likelihood(one, other):
    data = field(2)
    a, b = exact("y ~ site + x", data, **one), exact("y ~ site + x", data, **other)
    assert a.converge and b.converge
    assert a.loglik == pytest.approx(b.loglik, abs=1e-8)


@pytest.mark.parametrize("name", ["components", "sections", "spatial", "diag", "random ar1", "weights", "us"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_neighbour_is_higher_and_bounds_point_outwards(name, seed):
    model = engine(name, seed)
    stepper = Exact(model.equations)
    found = stepper.run()
    assert found.converged
    table = model.variance.parameters
    point = evaluate(model.equations, found.theta, np.array([c != "F" for c in table.codes]))
    # a covariance matrix is judged by its Cholesky factor: at the edge of its cone its elements have a gradient
    free = stepper.chart.to_free(found.theta)
    score, ai = stepper.chart.pull(free, point.score, point.ai)
    for i, code in enumerate(found.codes):
        if code == "F" or i == table.sigma2:
            continue
        if code == "B":
            inwards = -np.sign(found.theta[i]) if table.kinds[i] == "R" else 1
            assert score[i] * inwards < 1e-6, table.names[i]
        else:
            assert abs(score[i]) / np.sqrt(ai[i, i]) < 1e-4, table.names[i]


def test_a_general_optimiser_finds_no_higher_log_likelihood():
    model = engine("spatial", 2)
    found = Exact(model.equations).run()
    table = model.variance.parameters
    active = np.ones(len(table), bool)

    def minus(x):
        theta = np.where([k == "V" for k in table.kinds], np.exp(np.clip(x, -25, 25)), np.tanh(x))
        try:
            return -evaluate(model.equations, theta, active, derivatives=False).loglik
        except Exception:
            return 1e10

    start = np.where([k == "V" for k in table.kinds], np.log(table.start), np.arctanh(np.clip(table.start, -0.9, 0.9)))
    best = minimize(minus, start, method="L-BFGS-B", options={"maxiter": 500})
    assert found.point.loglik >= -best.fun - 1e-6


@pytest.mark.parametrize("name", sorted(set(MODELS) - {"us residual"}))
def test_the_default_stepper_ends_within_its_stop_rule_of_the_optimum(name):
    """asreml stops when the log-likelihood changes little; it ends near the optimum, never above it."""
    from pyasreml.reml.likeness import Likeness

    model = engine(name)
    like = Likeness(model.equations, maxit=40).run()
    best = Exact(model.equations).run()
    assert like.point.loglik <= best.point.loglik + 1e-7
    if like.converged:
        assert like.point.loglik == pytest.approx(best.point.loglik, abs=0.02)


@pytest.mark.parametrize("name", ["components", "spatial", "us"])
def test_no_evaluation_is_wasted_where_the_gain_is_lost_in_rounding(name, monkeypatch):
    """The iteration ends with the point it reports: at most one search below the rounding of the log-likelihood."""
    from pyasreml.reml import exact as stepper

    seen = []

    def counted(equations, theta, active, **options):
        point = evaluate(equations, theta, active, **options)
        seen.append((theta.tobytes(), point))
        return point

    monkeypatch.setattr(stepper, "evaluate", counted)
    estimates = Exact(engine(name).equations).run()
    assert estimates.converged
    assert seen[-1][1] is estimates.point  # the factor belongs to it
    thetas = [key for key, _ in seen]
    # a search that found nothing higher leaves the reported point to be evaluated again
    assert len(set(thetas[:-1])) == len(thetas) - 1
    best = max(point.loglik for _, point in seen)
    assert estimates.point.loglik >= best - 1e-12 * (1 + abs(best))
    assert estimates.iterates[-1].loglik == estimates.point.loglik
