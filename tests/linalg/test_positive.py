"""Dense symmetric matrices: inverses with and without a Cholesky factor, raised pivots."""

from __future__ import annotations

import numpy as np
import pytest

from pyasreml.linalg.positive import inverse_diagonal, raised


def symmetric(definite: bool) -> np.ndarray:
    x = np.random.default_rng(3).normal(size=(9, 6))
    return x.T @ x - (0.0 if definite else 5.0) * np.eye(6)


@pytest.mark.parametrize("definite", [True, False])
def test_inverse(definite):
    a = symmetric(definite)
    assert (np.linalg.eigvalsh(a)[0] > 0) == definite
    np.testing.assert_allclose(inverse_diagonal(a), np.diagonal(np.linalg.inv(a)), rtol=1e-10)


def test_raised_pivots_are_those_of_the_elimination():
    a, by = symmetric(True), np.array([0.0, 0.1, 0.0, 0.3, 0.05, 0.0])
    left, factor, pivots = a.copy(), np.eye(6), np.zeros(6)
    for j in range(5, -1, -1):
        pivots[j] = left[j, j] * (1 + by[j])
        factor[:j, j] = left[:j, j] / pivots[j]
        left[:j, :j] -= np.outer(factor[:j, j], left[j, :j])
    np.testing.assert_allclose(raised(a, by), (factor * pivots) @ factor.T, rtol=1e-12)
    assert raised(a, np.zeros(6)) is a
