"""Models of variance components: the compiled evaluation against the general one."""

from __future__ import annotations

import numpy as np
import pytest

from pyasreml.mme.components import component_model
from pyasreml.reml.evaluate import evaluate
from tests.reml.models import MODELS, away_from_start, engine

PLAIN = ("components", "missing", "fixed only", "sigma", "weights")


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("held", [False, True], ids=["all", "one held"])
def test_the_compiled_evaluation_is_the_general_one(name, held):
    model = engine(name)
    eq, theta = model.equations, away_from_start(model, 6, lowest=0.7)
    active = np.ones(theta.size, bool)
    if held:
        active[0] = False
    assert component_model(eq) is not None
    quick = evaluate(eq, theta, active)
    eq.components[:] = [None]
    general = evaluate(eq, theta, active)
    for field in ("loglik", "sigma2", "score", "ai", "solution", "gathered", "logdet_C", "ypy"):
        one, other = getattr(quick, field), getattr(general, field)
        assert np.allclose(one, other, rtol=1e-9, atol=1e-10 * (1 + np.abs(other).max())), field


@pytest.mark.parametrize("name", [name for name in MODELS if name not in PLAIN and "vm" not in name])
def test_other_models_are_left_to_the_general_one(name):
    eq = engine(name).equations
    found = component_model(eq)
    assert found is None or all(p.parameter_count == 1 for p in eq.variance.random)


def test_a_component_below_zero_is_left_to_the_general_one():
    model = engine("components")
    theta = away_from_start(model, 6, lowest=0.7)
    theta[0] = -0.01
    assert np.isfinite(evaluate(model.equations, theta, np.ones(theta.size, bool)).loglik)
