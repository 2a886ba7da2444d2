"""Entries of S'MS and the sums of products that they share."""

from __future__ import annotations

import numpy as np
import pytest

from pyasreml.linalg._linalg import expand


def made(seed: int, groups: int = 5, levels: int = 3):
    """M of `groups` with the same entries but for a factor each, and one column before them; S = I ⊗ T."""
    rng = np.random.default_rng(seed)
    size = 1 + groups * levels
    row, col, coef, value = [0], [0], [0], [2.0]
    for g in range(groups):
        factor = float(rng.integers(1, 3))
        for i in range(levels):
            at = 1 + g * levels + i
            row.append(at), col.append(0), coef.append(i), value.append(factor)
            for j in range(i + 1):
                row.append(at), col.append(1 + g * levels + j), coef.append(i + j), value.append(factor)
    start, unknown, entry = [0, 1], [0], [0]
    for g in range(groups):
        for i in range(levels):
            for j in range(i + 1):
                unknown.append(1 + g * levels + j)
                entry.append(1 + i * (i + 1) // 2 + j)
            start.append(len(unknown))
    lists = (*(np.array(x, np.int64) for x in (row, col, coef)), np.array(value))
    rows = np.array(start, np.int64), np.array(unknown, np.int32), np.array(entry, np.int32)
    return size, lists, rows, 1 + levels * (levels + 1) // 2, 2 * levels - 1


@pytest.mark.parametrize("seed", range(3))
def test_sums_of_products_make_the_matrix(seed):
    size, (row, col, coef, value), (start, unknown, entry), span, coefficients = made(seed)
    rng = np.random.default_rng(seed)
    c, t = rng.standard_normal(coefficients), np.concatenate([[1.0], rng.standard_normal(span - 1)])
    found = expand(row, col, coef, value, start, unknown, entry, span)
    i, j, number, multiple, of, key, factor = found
    products = c[key // span**2] * t[key // span % span] * t[key % span]
    sums = np.bincount(of, weights=factor * products)
    got = np.zeros((size, size))
    got[i, j] = multiple * sums[number]
    M, S = np.zeros((size, size)), np.zeros((size, size))
    M[row, col] = value * c[coef]
    M = M + np.tril(M, -1).T
    S[np.repeat(np.arange(size), np.diff(start)), unknown] = t[entry]
    np.testing.assert_allclose(got, np.tril(S.T @ M @ S), atol=1e-12)
    # places are there once, and the groups share their sums
    assert len(set(zip(i.tolist(), j.tolist(), strict=True))) == i.size
    assert sums.size <= 1 + 3 + 6 < i.size


def test_a_value_of_zero_is_an_entry():
    rows = np.array([0, 1], np.int64), np.array([0], np.int32), np.array([0], np.int32)
    i, j, _, multiple, _, _, factor = expand(
        *(np.zeros(1, np.int64) for _ in range(3)), np.zeros(1), *rows, 1
    )
    assert (i[0], j[0]) == (0, 0) and multiple[0] * factor[0] == 0
