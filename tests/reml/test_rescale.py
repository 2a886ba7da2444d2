"""Rescaled Newton steps: exact where a model is balanced."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from pyasreml.reml.rescale import _moved, _roots
from pyasreml.variance.unstructured import Unstructured


def one_way(ratio: float, levels: int = 400, each: int = 6) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    g = np.repeat(np.arange(levels), each)
    y = np.sqrt(ratio) * rng.standard_normal(levels)[g] + rng.standard_normal(g.size)
    return pd.DataFrame({"y": y, "g": pd.Categorical(g.astype(str))})


def test_both_roots():
    x = np.array([0.0, 1e-8, 0.3, 4.0, 1e6])
    largest, smallest = _roots(x)
    assert (largest >= 1).all() and (smallest <= 1).all()
    for rho in (largest, smallest):
        np.testing.assert_allclose(rho - 2 + 1 / rho, x, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("ratio", [0.05, 1.0, 30.0])
def test_a_balanced_variance_is_found_in_a_few_steps(ratio):
    fit = pa.asreml("y ~ 1", random="~ g", data=one_way(ratio), trace=False, exact=True)
    assert fit.converge and fit.trace.shape[1] <= 6
    logliks = fit.trace.loc["LogLik"].to_numpy()
    assert abs(logliks[2] - fit.loglik) < 1e-3


@pytest.mark.parametrize("seed", range(5))
def test_a_covariance_matrix_arrives_at_once(seed):
    """With Λ = Σ + N the variance of the estimated effects of q vectors, and Λ̂ that seen, Σ becomes Σ + Λ̂ - Λ."""
    rng = np.random.default_rng(seed)
    k, q = 3, 40.0
    roots = rng.standard_normal((3, k, k))
    sigma, noise = (r @ r.T + np.eye(k) for r in roots[:2])
    current = sigma + noise
    seen = current + roots[2] @ roots[2].T  # larger in every direction
    structure = Unstructured(("a", "b", "c"))
    row, col = np.tril_indices(k)
    inverse = np.linalg.inv(current)
    gradient = 0.5 * q * inverse @ (seen - current) @ inverse
    score = np.where(row == col, 1.0, 2.0) * gradient[row, col]
    units = [structure.matrix(e) for e in np.eye(row.size)]
    ai = np.array([[0.5 * q * np.trace(inverse @ a @ inverse @ b @ inverse @ seen) for b in units] for a in units])
    step = np.linalg.solve(ai, score)
    found = _moved(structure, sigma[row, col], score, step, step, q)
    assert found is not None
    np.testing.assert_allclose(found[0], (sigma + seen - current)[row, col], rtol=1e-8)
