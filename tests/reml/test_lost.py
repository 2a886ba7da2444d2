"""Iterations that asreml's own steps do not bring home, and from where they go on."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from pyasreml.errors import WorkspaceError
from pyasreml.reml.iterate import Iterate
from pyasreml.reml.lost import EM_STEPS, before_fall, lost_from


def path(*logliks: float) -> list[Iterate]:
    return [Iterate(k + 1, x, 1.0, np.array([float(k)]), 1.0, 0) for k, x in enumerate(logliks)]


def test_the_best_point_before_a_fall():
    assert before_fall(path(-10, -5, -4.5, -4.9)) is None
    assert before_fall(path(-10, -5, -8, -1)).loglik == -5


def test_only_limited_or_falling_paths_are_lost():
    assert lost_from(path(-10, -5, -4.9), limited=False) is None
    assert lost_from(path(-10, -5, -4.9), limited=True).loglik == -4.9
    assert lost_from(path(-10, -5, -4.9, -4.95), limited=False).loglik == -4.9


@pytest.fixture(scope="module")
def traits() -> dict:
    """Five traits of 30 plots with genotypes twice each: the estimate of their covariance matrix is singular."""
    rng = np.random.default_rng(5)
    gid = np.repeat(np.arange(15), 2)
    half = rng.standard_normal((5, 1))
    y = (rng.standard_normal((15, 1)) @ half.T)[gid] + rng.standard_normal((30, 5))
    frame = pd.DataFrame({"gid": pd.Categorical(gid), **{f"y{k}": y[:, k] for k in range(5)}})
    return {
        "fixed": "cbind(y0, y1, y2, y3, y4) ~ trait",
        "random": "~ us(trait):gid",
        "residual": "~ id(units):us(trait)",
        "data": frame,
        "trace": False,
    }


def fit(call: dict, **more) -> pa.Asreml:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pa.asreml(**call, **more)


def test_an_estimate_at_the_edge_of_its_cone_is_reached_in_few_lines(traits):
    found, best = fit(traits), fit(traits, exact=True)
    lines = found.estimates.iterates
    assert found.converge and EM_STEPS < len(lines) <= 30
    assert found.loglik == pytest.approx(best.loglik, abs=1e-5)
    assert found.loglik <= best.loglik + 1e-7


def test_a_fit_at_the_edge_answers_questions_and_survives_pickling(traits):
    found = fit(traits)
    again = pickle.loads(pickle.dumps(found))
    ours, theirs = (pa.predict(f, classify="trait").pvals for f in (found, again))
    np.testing.assert_allclose(ours["predicted.value"], theirs["predicted.value"], rtol=1e-9)
    np.testing.assert_allclose(ours["std.error"], theirs["std.error"], rtol=1e-7)


def test_where_memory_does_not_allow_other_equations_the_first_ones_stay(traits, monkeypatch):
    from pyasreml.fit import engine

    choose = engine.choose_form

    def refuse(variance, make, exact):
        if exact:
            raise WorkspaceError("too much")
        return choose(variance, make, exact)

    monkeypatch.setattr(engine, "choose_form", refuse)
    found = fit(traits, maxit=30)
    monkeypatch.undo()
    assert found.loglik == pytest.approx(fit(traits, exact=True).loglik, abs=0.02)
