"""Aliasing against numerical ranks taken column by column."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from pyasreml.linalg import Csr, aliased, rank


def one_hot(f: np.ndarray, k: int) -> sp.csr_matrix:
    return sp.csr_matrix((np.ones(len(f)), (np.arange(len(f)), f)), (len(f), k))


def unbalanced(seed: int, n: int = 200) -> sp.csr_matrix:
    """Design of (a * b) + (a * c) with empty cells and every indicator column."""
    rng = np.random.default_rng(seed)
    a, b, c = rng.integers(0, 4, n), rng.integers(0, 6, n), rng.integers(0, 3, n)
    keep = (rng.random(24) < 0.7)[a * 6 + b]
    a, b, c = a[keep], b[keep], c[keep]
    blocks = [np.ones((len(a), 1)), one_hot(a, 4), one_hot(b, 6), one_hot(a * 6 + b, 24), one_hot(c, 3)]
    return sp.hstack([*blocks, one_hot(a * 3 + c, 12)]).tocsr()


def csr(x: sp.csr_matrix) -> Csr:
    return Csr(*x.shape, x.indptr, x.indices, x.data)


def by_ranks(x: np.ndarray, order: np.ndarray) -> np.ndarray:
    out = np.zeros(x.shape[1], dtype=bool)
    rank_so_far = 0
    for k in range(len(order)):
        r = np.linalg.matrix_rank(x[:, order[: k + 1]])
        out[order[k]] = r == rank_so_far
        rank_so_far = r
    return out


@pytest.mark.parametrize("seed", range(40))
def test_unbalanced_designs(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x = unbalanced(seed)
    p = x.shape[1]
    order = np.random.default_rng(seed).permutation(p) if seed % 2 else np.arange(p)
    want = by_ranks(x.toarray(), order)
    assert (aliased(csr(x), order) == want).all()
    assert (aliased((x.T @ x).toarray(), order) == want).all()
    monkeypatch.setattr(rank, "DENSE_LIMIT", 0)
    assert (aliased(csr(x), order) == want).all()


def test_levels_last_to_first_drop_the_first_levels() -> None:
    """asreml's order: terms as they stand, the levels within a term from the last to the first."""
    a, b = np.repeat(np.arange(3), 4), np.tile(np.arange(2), 6)
    x = sp.hstack([np.ones((12, 1)), one_hot(a, 3), one_hot(b, 2)]).tocsr()
    assert np.flatnonzero(aliased(csr(x), [0, 3, 2, 1, 5, 4])).tolist() == [1, 4]


def test_empty_and_scaled_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((50, 8)) * np.array([1, 1e6, 1e-6, 1, 0, 1e3, 1, 1])
    x[:, 6] = x[:, 1] * 1e-6 + x[:, 2] * 1e6
    want = [4, 6]
    assert np.flatnonzero(aliased(x.T @ x)).tolist() == want
    assert np.flatnonzero(aliased(csr(sp.csr_matrix(x)))).tolist() == want
    monkeypatch.setattr(rank, "DENSE_LIMIT", 0)
    assert np.flatnonzero(aliased(csr(sp.csr_matrix(x)))).tolist() == want


def test_blocks_of_the_dense_sweep() -> None:
    rng = np.random.default_rng(2)
    x = rng.standard_normal((400, 300))
    x[:, [70, 130, 299]] = x[:, [5, 69, 128]] + x[:, [7, 1, 64]]
    xx = x.T @ x
    before = xx.copy()
    assert np.flatnonzero(aliased(xx)).tolist() == [70, 130, 299]
    assert (xx == before).all()


def test_no_columns_and_bad_input() -> None:
    assert aliased(np.empty((0, 0))).shape == (0,)
    assert aliased(Csr(3, 0, [0, 0, 0, 0], [], [])).shape == (0,)
    with pytest.raises(ValueError, match="permutation"):
        aliased(np.eye(2), [0, 0])
    with pytest.raises(ValueError, match="square"):
        aliased(np.ones((2, 3)))
