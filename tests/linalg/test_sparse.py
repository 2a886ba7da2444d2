"""Matrices by rows against scipy and dense products."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose

from pyasreml.linalg import Csr, gram, gram_parts, quadratic_forms


def random_csr(seed: int, n: int, q: int, density: float = 0.1) -> tuple[Csr, np.ndarray]:
    a = sp.random(n, q, density, format="csr", random_state=seed)
    return Csr(n, q, a.indptr, a.indices, a.data), a.toarray()


@pytest.mark.parametrize("seed, n, q", [(0, 30, 20), (1, 1, 1), (2, 5, 60), (3, 0, 4), (4, 4, 0)])
def test_products(seed: int, n: int, q: int) -> None:
    a, dense = random_csr(seed, n, q)
    rng = np.random.default_rng(seed)
    assert_allclose(a.toarray(), dense)
    assert_allclose(a.transpose().toarray(), dense.T)
    assert a.transpose() is a.transpose()
    for shape in [(), (1,), (7,)]:
        b, c = rng.standard_normal((q, *shape)), rng.standard_normal((n, *shape))
        assert_allclose(a.dot(b), dense @ b, atol=1e-14)
        assert_allclose(a.tdot(c), dense.T @ c, atol=1e-14)
    assert_allclose(a.dot(np.asfortranarray(rng.standard_normal((q, 3)))).shape, (n, 3))


@pytest.mark.parametrize("seed", range(6))
def test_gram(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, q = 40, 25
    w, dense = random_csr(seed, n, q, 0.15)
    m = sp.random(n, n, 0.05, format="csr", random_state=seed + 100)
    m = (m + m.T + sp.identity(n)).tocsr()
    d = rng.uniform(0.5, 2, n)
    for kwargs, middle in [
        ({}, np.eye(n)),
        ({"weights": d}, np.diag(d)),
        ({"m": Csr(n, n, m.indptr, m.indices, m.data)}, m.toarray()),
    ]:
        rows, cols, vals = gram(w, **kwargs)
        assert (rows >= cols).all()
        assert len(np.unique(rows.astype(int) * q + cols)) == len(rows)
        got = np.zeros((q, q))
        got[rows, cols] = vals
        assert_allclose(got, np.tril(dense.T @ middle @ dense), atol=1e-13)


@pytest.mark.parametrize("seed", range(6))
def test_gram_of_many_parts(seed: int) -> None:
    """Parts that touch few rows, all rows, single rows, none; diagonal and not."""
    rng = np.random.default_rng(seed)
    n, q = 30, 20
    w, dense = random_csr(seed, n, q, 0.15)
    middles = []
    for touched in (np.arange(n), rng.permutation(n)[:7], rng.permutation(n)[:1], np.arange(0), rng.permutation(n)[:9]):
        m = np.zeros((n, n))
        m[np.ix_(touched, touched)] = rng.standard_normal((touched.size, touched.size))
        middles.append(np.tril(m))
    middles.append(np.diag(rng.standard_normal(n)))
    middles.append(np.diag(np.where(rng.random(n) < 0.3, 1.5, 0.0)))
    row, col, part, value = (
        np.concatenate(x)
        for x in zip(*[(*np.nonzero(m), np.full(np.count_nonzero(m), k), m[np.nonzero(m)])
                       for k, m in enumerate(middles)], strict=True)
    )
    mixed = rng.permutation(row.size)
    got = gram_parts(w, row[mixed], col[mixed], part[mixed], value[mixed], len(middles))
    assert (np.diff(got[2]) >= 0).all()
    for k, m in enumerate(middles):
        rows, cols, vals = (x[got[2] == k] for x in (got[0], got[1], got[3]))
        assert (rows >= cols).all()
        assert len(np.unique(rows.astype(int) * q + cols)) == len(rows)
        found = np.zeros((q, q))
        found[rows, cols] = vals
        whole = m + np.tril(m, -1).T
        assert_allclose(found, np.tril(dense.T @ whole @ dense), atol=1e-13)


def test_quadratic_forms() -> None:
    rng = np.random.default_rng(3)
    n, parts = 12, 4
    i, j = np.tril_indices(n)
    part, value, x = rng.integers(0, parts - 1, i.size), rng.standard_normal(i.size), rng.standard_normal(n)
    got = quadratic_forms(i, j, part, value, x, parts)
    for k in range(parts):
        m = np.zeros((n, n))
        m[i, j] = np.where(part == k, value, 0.0)
        assert_allclose(got[k], x @ (m + np.tril(m, -1).T) @ x, atol=1e-12)


def test_entries_outside_the_parts() -> None:
    w, _ = random_csr(0, 4, 3)
    for entry in ((4, 0, 0), (0, 1, 0), (1, -1, 0), (1, 0, 2), (1, 0, -1)):
        with pytest.raises(ValueError, match="entries must lie"):
            gram_parts(w, *([x] for x in entry), [1.0], 2)
    with pytest.raises(ValueError, match="vectors"):
        gram_parts(w, [0], [0], [0], [1.0, 2.0], 1)


def test_duplicates_add_up() -> None:
    w = Csr(1, 2, [0, 3], [1, 0, 1], [1.0, 2.0, 3.0])
    rows, cols, vals = gram(w)
    assert list(zip(rows.tolist(), cols.tolist(), vals.tolist(), strict=True)) == [(0, 0, 4), (1, 0, 8), (1, 1, 16)]


def test_arrays_that_make_no_matrix() -> None:
    with pytest.raises(ValueError, match="indptr"):
        Csr(2, 2, [0, 1], [0], [1.0])
    with pytest.raises(ValueError, match="fall"):
        Csr(2, 2, [0, 2, 1], [0], [1.0])
    with pytest.raises(ValueError, match="column indices"):
        Csr(1, 2, [0, 1], [2], [1.0])
    with pytest.raises(ValueError, match="indices for"):
        Csr(1, 2, [0, 1], [0, 1], [1.0])
    w = Csr(1, 2, [0, 1], [1], [1.0])
    with pytest.raises(ValueError, match="operand"):
        w.dot(np.ones(3))
    with pytest.raises(ValueError, match="not both"):
        gram(w, w, [1.0])
    with pytest.raises(ValueError, match="weights"):
        gram(w, weights=[1.0, 2.0])
    with pytest.raises(ValueError, match="m must be"):
        gram(w, w)
