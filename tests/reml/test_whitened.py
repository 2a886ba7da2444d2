"""Terms by the factor of their covariance matrix: the same numbers as by its inverse, and where there is no inverse."""

from __future__ import annotations

import numpy as np
import pytest

from pyasreml.mme.equations import Equations
from pyasreml.reml.evaluate import evaluate
from pyasreml.variance.whitened import WhitenedTerm, factored_place
from tests.reml.dense import reference
from tests.reml.models import MODELS, away_from_start, engine

FORMS = {
    "us first": {"fixed": "y ~ site", "random": "~ us(site):gen + block"},
    "us last": {"fixed": "y ~ site", "random": "~ gen:us(site) + block", "missing": 4},
    "fa": {"fixed": "y ~ site", "random": "~ fa(row, 2):gen", "missing": 4},
    "facv last": {"fixed": "y ~ site", "random": "~ gen:facv(row, 1)"},
    "fa between": {"fixed": "y ~ 1", "random": "~ site:fa(row, 1):col"},
    "fa with ar1": {"fixed": "y ~ site", "random": "~ fa(site, 1):ar1(row) + gen"},
    "fa in a field": {
        "fixed": "y ~ site",
        "random": "~ fa(site, 1):gen + block",
        "residual": "~ dsum(~ ar1(row):ar1(col) | site)",
        "missing": 6,
    },
    "two": {"fixed": "y ~ x", "random": "~ fa(row, 1):gen + us(site):col", "residual": "~ dsum(~ units | site)"},
}
SINGULAR = {
    "rr": {"fixed": "y ~ site", "random": "~ rr(row, 2):gen + block"},
    "rr last": {"fixed": "y ~ site", "random": "~ gen:rr(row, 1)", "missing": 4},
}


def made(models, name, monkeypatch, whiten):
    monkeypatch.setitem(MODELS, name, models[name])
    model = engine(name)
    terms = [WhitenedTerm(p) if whiten and factored_place(p) is not None else None for p in model.variance.random]
    model._equations = model._make(tuple(terms))
    return model


def equal_points(a, b, active):
    assert a.loglik == pytest.approx(b.loglik, rel=1e-11, abs=1e-9)
    assert a.sigma2 == pytest.approx(b.sigma2, rel=1e-10)
    scale = np.abs(b.score[active]).max() + 1
    np.testing.assert_allclose(a.score[active], b.score[active], atol=1e-9 * scale)
    np.testing.assert_allclose(a.ai, b.ai, atol=1e-9 * np.abs(b.ai).max())
    np.testing.assert_allclose(a.solution, b.solution, atol=1e-9 * np.abs(b.solution).max())


@pytest.mark.parametrize("name", FORMS)
def test_both_forms_give_one_evaluation(name, monkeypatch):
    plain, white = made(FORMS, name, monkeypatch, False), made(FORMS, name, monkeypatch, True)
    theta = away_from_start(plain)
    active = np.array([c != "F" for c in plain.variance.parameters.codes])
    a, b = (evaluate(m.equations, theta, active) for m in (white, plain))
    equal_points(a, b, active)
    one, other = (m.equations.numeric_for(theta) for m in (white, plain))
    want = other.inverse_diagonal()
    np.testing.assert_allclose(one.inverse_diagonal(), want, atol=1e-9 * want.max())
    rhs = np.random.default_rng(1).normal(size=(plain.equations.N, 2))
    np.testing.assert_allclose(one.solve(rhs), other.solve(rhs), atol=1e-9)
    gram = [f.T @ f for f in (one.forward(rhs), other.forward(rhs))]
    np.testing.assert_allclose(*gram, rtol=1e-8)


@pytest.mark.parametrize("name", [*FORMS, *SINGULAR])
def test_loglik_score_and_information_equal_the_dense_formulas(name, monkeypatch):
    model = made({**FORMS, **SINGULAR}, name, monkeypatch, True)
    theta, table = away_from_start(model, 5), model.variance.parameters
    active = np.array([c != "F" for c in table.codes])
    point, want = evaluate(model.equations, theta, active), reference(model, theta)
    assert point.loglik == pytest.approx(want.loglik, abs=1e-9 * max(1, abs(want.loglik)))
    scale = np.abs(want.score).max() + 1
    np.testing.assert_allclose(point.score[active], want.score[active], atol=1e-6 * scale)
    rows = np.flatnonzero(active)
    want_ai = want.ai[np.ix_(rows, rows)]
    np.testing.assert_allclose(point.ai[np.ix_(rows, rows)], want_ai, rtol=1e-6, atol=1e-7 * np.abs(want_ai).max())


@pytest.mark.parametrize("psi", [1e-4, 1e-8, 1e-12, 0.0])
def test_score_of_a_vanishing_specific_variance_keeps_its_digits(psi, monkeypatch):
    model = made(FORMS, "fa", monkeypatch, True)
    theta = away_from_start(model)
    place = model.variance.parameters.names.index("fa(row, 2):gen!2!var")
    theta[place] = psi
    active = np.array([c != "F" for c in model.variance.parameters.codes])
    got = evaluate(model.equations, theta, active).score[place]
    assert got == pytest.approx(reference(model, theta).score[place], rel=1e-6)


def test_a_singular_term_is_whitened_without_being_asked(monkeypatch):
    monkeypatch.setitem(MODELS, "rr", SINGULAR["rr"])
    model = engine("rr")
    assert [w is not None for w in model.equations.whitened] == [True, False]
    assert isinstance(model.equations, Equations)
    assert model.equations.whitening.N == model.equations.N - 6 * 10 + 2 * 10
