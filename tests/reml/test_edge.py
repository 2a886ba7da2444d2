"""Exact iterations that change their equations near a singular matrix."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from pyasreml.reml.exact import Exact


def traits(rank: int, families: int = 60, each: int = 4) -> pd.DataFrame:
    """Three traits of families; their family effects have a covariance matrix of that rank."""
    rng = np.random.default_rng(3)
    family = np.repeat(np.arange(families), each)
    loadings = np.array([[1.0, 0.2], [0.8, -0.5], [0.5, 0.9]])[:, :rank]
    effects = rng.standard_normal((families, rank)) @ loadings.T
    if rank == 2:
        effects += 0.6 * rng.standard_normal((families, 3))
    y = effects[family] + rng.standard_normal((family.size, 3))
    frame = pd.DataFrame(y, columns=["a", "b", "c"])
    frame["family"] = pd.Categorical(family.astype(str))
    return frame


MODEL = dict(
    fixed="cbind(a, b, c) ~ trait",
    random="~ us(trait):family",
    residual="~ id(units):us(trait)",
    trace=False,
    exact=True,
)


@pytest.mark.parametrize("rank, whitened", [(2, False), (1, True)])
def test_equations_with_an_inverse_where_there_is_one(rank: int, whitened: bool) -> None:
    fit = pa.asreml(**MODEL, data=traits(rank))
    assert fit.converge
    assert (fit.engine.equations.whitening is not None) == whitened
    numbers = [i.number for i in fit.estimates.iterates]
    assert numbers == list(range(1, len(numbers) + 1))
    logliks = np.array([i.loglik for i in fit.estimates.iterates])
    assert (np.diff(logliks) > -1e-9 * abs(logliks[-1])).all()


def test_the_maximum_is_that_of_whitened_equations_throughout() -> None:
    for rank in (1, 2):
        fit = pa.asreml(**MODEL, data=traits(rank))
        eq = fit.engine.equations_to_edge()
        assert eq.whitening is not None
        assert Exact(eq).run().point.loglik == pytest.approx(fit.loglik, abs=1e-7)
