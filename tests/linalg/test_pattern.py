"""Pattern builder against scipy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from pyasreml.linalg import build_pattern


@pytest.mark.parametrize("seed", range(20))
def test_against_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(1, 80)), int(rng.integers(0, 400))
    i, j = rng.integers(0, n, m), rng.integers(0, n, m)
    rows, cols = np.maximum(i, j), np.minimum(i, j)
    pattern, where = build_pattern(n, rows, cols)
    ones = np.ones(m + n)
    want = sp.csc_matrix((ones, (np.r_[rows, np.arange(n)], np.r_[cols, np.arange(n)])), shape=(n, n))
    want.sum_duplicates()
    want.sort_indices()
    assert pattern.indptr.tolist() == want.indptr.tolist()
    assert pattern.indices.tolist() == want.indices.tolist()
    assert pattern.indices[where].tolist() == rows.tolist()
    assert pattern.columns[where].tolist() == cols.tolist()
    assert pattern.indices[pattern.indptr[:-1]].tolist() == list(range(n))
    assert pattern.nnz == want.nnz


def test_no_entries() -> None:
    pattern, where = build_pattern(3, [], [])
    assert pattern.indices.tolist() == [0, 1, 2]
    assert len(where) == 0
    assert build_pattern(0, [], [])[0].nnz == 0


@pytest.mark.parametrize("row, col", [(0, 1), (3, 0), (0, -1)])
def test_entries_outside_the_lower_triangle(row: int, col: int) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        build_pattern(3, [2, row], [1, col])


def test_lengths_that_differ() -> None:
    with pytest.raises(ValueError, match="one length"):
        build_pattern(3, [2, 1], [1])
