"""One evaluation against the dense reference."""

from __future__ import annotations

import numpy as np
import pytest

from pyasreml.reml.evaluate import evaluate
from tests.reml.dense import reference
from tests.reml.models import MODELS, away_from_start, engine


@pytest.mark.parametrize("name", MODELS)
def test_loglik_score_and_information_equal_the_dense_formulas(name):
    model = engine(name)
    theta = away_from_start(model, 3, lowest=0.7)
    table = model.variance.parameters
    active = np.array([c != "F" for c in table.codes])
    point = evaluate(model.equations, theta, active)
    want = reference(model, theta)
    assert point.loglik == pytest.approx(want.loglik, abs=1e-9 * max(1, abs(want.loglik)))
    assert point.sigma2 == pytest.approx(want.sigma2, rel=1e-10)
    scale = np.abs(want.score).max() + 1
    np.testing.assert_allclose(point.score[active], want.score[active], atol=1e-6 * scale)
    rows = np.flatnonzero(active)
    want_ai = want.ai[np.ix_(rows, rows)]
    np.testing.assert_allclose(point.ai[np.ix_(rows, rows)], want_ai, rtol=1e-6, atol=1e-7 * np.abs(want_ai).max())


@pytest.mark.parametrize("name", ["components", "spatial", "us"])
def test_both_solvers_give_the_same_evaluation(name):
    pytest.importorskip("sksparse")
    own, other = engine(name), engine(name, solver="cholmod")
    theta = away_from_start(own, 4, lowest=0.7)
    active = np.array([c != "F" for c in own.variance.parameters.codes])
    a, b = evaluate(own.equations, theta, active), evaluate(other.equations, theta, active)
    assert a.loglik == pytest.approx(b.loglik, abs=1e-9)
    np.testing.assert_allclose(a.score, b.score, atol=1e-8)
    np.testing.assert_allclose(a.ai, b.ai, rtol=1e-8, atol=1e-10)


def test_score_is_the_gradient_of_the_log_likelihood():
    model = engine("spatial")
    theta = away_from_start(model, 5, lowest=0.7)
    active = np.ones(theta.size, bool)
    point = evaluate(model.equations, theta, active)
    for i in range(theta.size):
        h = 1e-5 * max(1.0, abs(theta[i]))
        up, down = theta.copy(), theta.copy()
        up[i] += h
        down[i] -= h
        slope = (
            evaluate(model.equations, up, active, derivatives=False).loglik
            - evaluate(model.equations, down, active, derivatives=False).loglik
        ) / (2 * h)
        assert point.score[i] == pytest.approx(slope, abs=1e-5)
