"""Large dense fronts by the recursive kernels: factor, solutions and inverse against numpy, failing pivots named."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pyasreml.linalg import NotPositiveDefinite, Numeric, analyze, build_pattern


def dense_system(n: int, seed: int) -> tuple[np.ndarray, Numeric]:
    rng = np.random.default_rng(seed)
    b = rng.standard_normal((n, n))
    c = b @ b.T / n + 0.3 * np.eye(n)
    i, j = np.tril_indices(n)
    pattern, where = build_pattern(n, i, j)
    num = analyze(pattern, order="natural").numeric()
    num.set_entries(where, np.zeros(i.size, np.int32), c[i, j])
    num.assemble(np.ones(1))
    return c, num


@pytest.mark.parametrize("n", [9, 63, 64, 65, 127, 130, 200, 513, 700])
def test_orders_around_the_block_size(n: int) -> None:
    c, num = dense_system(n, n)
    num.factor()
    inverse = np.linalg.inv(c)
    b = np.random.default_rng(1).standard_normal((n, 3))
    assert_allclose(num.solve(b), inverse @ b, rtol=1e-9, atol=1e-10)
    assert_allclose(num.logdet(), np.linalg.slogdet(c)[1], rtol=1e-12)
    num.invert()
    i, j = np.tril_indices(n)
    assert_allclose(num.inverse_at(i, j), inverse[i, j], rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("bad", [0, 63, 64, 70, 127, 128, 299])
def test_the_pivot_that_fails_is_named(bad: int) -> None:
    c, _ = dense_system(300, 3)
    lower = np.linalg.cholesky(c)
    c[bad, bad] -= lower[bad, bad] ** 2 * 1.5  # the first pivot that is negative
    i, j = np.tril_indices(300)
    pattern, where = build_pattern(300, i, j)
    num = analyze(pattern, order="natural").numeric()
    num.set_entries(where, np.zeros(i.size, np.int32), c[i, j])
    num.assemble(np.ones(1))
    with pytest.raises(NotPositiveDefinite) as caught:
        num.factor()
    assert caught.value.column == bad


def test_badly_scaled_blocks_keep_their_digits() -> None:
    """Triangles are inverted block by block: rows and columns of very different size do no harm."""
    n = 400
    c, _ = dense_system(n, 5)
    scale = 10.0 ** np.random.default_rng(6).uniform(-6, 6, n)
    i, j = np.tril_indices(n)
    pattern, where = build_pattern(n, i, j)
    num = analyze(pattern, order="natural").numeric()
    num.set_entries(where, np.zeros(i.size, np.int32), (c * np.outer(scale, scale))[i, j])
    num.assemble(np.ones(1))
    num.factor()
    num.invert()
    assert_allclose(num.inverse_diagonal() * scale**2, np.diag(np.linalg.inv(c)), rtol=1e-9)
