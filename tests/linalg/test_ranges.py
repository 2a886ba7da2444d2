"""Right-hand sides by ranges of columns against dense algebra."""

from __future__ import annotations

import numpy as np
import pytest

from pyasreml.linalg import Columns, Csr, analyze, build_pattern


def system(rng: np.random.Generator, n: int, groups: int, solver: str):
    """A random sparse positive definite matrix: dense groups tied to a few equations; its solver, factored."""
    group = np.sort(rng.integers(groups, size=n))
    group[:3] = -1
    row, col = np.tril_indices(n)
    keep = (row == col) | (group[row] == group[col]) | ((col < 3) & (rng.random(row.size) < 0.6))
    row, col = row[keep], col[keep]
    value = rng.normal(size=row.size)
    matrix = np.zeros((n, n))
    matrix[row, col] = value
    matrix = matrix + matrix.T
    matrix[np.arange(n), np.arange(n)] = np.abs(matrix).sum(axis=1) + 1
    pattern, where = build_pattern(n, row, col)
    numeric = analyze(pattern, solver=solver).numeric()
    numeric.set_entries(where, np.zeros(row.size, np.int32), matrix[row, col])
    numeric.assemble(np.ones(1))
    numeric.factor()
    return matrix, numeric, group


@pytest.mark.parametrize("solver", ["own", "cholmod"])
@pytest.mark.parametrize(("n", "groups", "columns"), [(40, 30, 7), (120, 5, 40), (300, 40, 90), (9, 2, 1)])
def test_gram_is_that_of_the_inverse(solver: str, n: int, groups: int, columns: int) -> None:
    if solver == "cholmod":
        pytest.importorskip("sksparse")
    rng = np.random.default_rng(n)
    matrix, numeric, group = system(rng, n, groups, solver)
    # rows of a group hold columns of their own, some rows none
    first = np.where(group >= 0, group * columns // groups, 0).astype(np.int32)
    end = np.minimum(first + rng.integers(0, 4, n), columns).astype(np.int32)
    first = np.minimum(first, end).astype(np.int32)
    b = np.zeros((n, columns))
    ranges = numeric.ranges(columns, first, end)
    values = np.zeros(ranges.size)
    for i in range(n):
        for c in range(first[i], end[i]):
            b[i, c] = values[ranges.origin[i] + c] = rng.normal()
    want = b.T @ np.linalg.solve(matrix, b)
    np.testing.assert_allclose(numeric.gram(ranges, values), want, rtol=1e-9, atol=1e-12)


def test_ranges_stay_narrow() -> None:
    rng = np.random.default_rng(3)
    _, numeric, group = system(rng, 300, 100, "own")
    first = np.maximum(group, 0).astype(np.int32)
    ranges = numeric.ranges(100, first, first + (group >= 0).astype(np.int32))
    # every group keeps to its own column; the equations that tie them hold all
    assert ranges.size <= 300 + 12 * 100


def test_checks() -> None:
    _, numeric, _ = system(np.random.default_rng(1), 10, 3, "own")
    with pytest.raises(ValueError, match="ranges of 10"):
        numeric.ranges(2, np.zeros(3, np.int32), np.ones(3, np.int32))
    with pytest.raises(ValueError, match="outside"):
        numeric.ranges(2, np.zeros(10, np.int32), np.full(10, 3, np.int32))
    ranges = numeric.ranges(2, np.zeros(10, np.int32), np.full(10, 2, np.int32))
    with pytest.raises(ValueError, match="values are needed"):
        numeric.gram(ranges, np.zeros(1))


def test_columns_of_records_and_priors() -> None:
    rng = np.random.default_rng(5)
    w = Csr(4, 3, [0, 1, 2, 4, 5], [0, 1, 0, 2, 2], rng.normal(size=5))
    row, col = np.array([0, 1, 1, 2, 3]), np.array([0, 0, 1, 2, 3])
    basis, value = np.array([0, 1, 0, 1, 0]), rng.normal(size=5)
    e, v = rng.normal(size=4), rng.normal(size=2)
    order, numbers = np.array([2, 0, 1], np.int32), np.array([0, 2], np.int32)
    prior = np.array([0, 1]), np.array([0, 0]), np.array([0, 0]), np.array([2.0, 3.0])

    def fill(columns: Columns) -> None:
        columns.residual(row, col, basis, value, e, w._arrays, numbers)
        columns.prior(*prior, v, 1, np.array([1], np.int32))

    measured = Columns(3, order)
    fill(measured)
    want = np.zeros((3, 3))
    for m, c in enumerate(numbers):
        dense = np.zeros((4, 4))
        mine = basis == m
        dense[row[mine], col[mine]] = dense[col[mine], row[mine]] = value[mine]
        want[:, c] = -w.toarray().T @ dense @ e
    want[1:, 1] = np.array([[2.0, 3.0], [3.0, 0.0]]) @ v
    columns = Columns(3, order)
    columns.begin(np.arange(3) * 3, 9, np.ones(1), np.zeros(6), 0, np.zeros((3, 0)), measured.effects)
    fill(columns)
    np.testing.assert_allclose(columns.values.reshape(3, 3)[:, order], want, atol=1e-14)
    for i in range(3):
        held = np.flatnonzero(want[i, np.argsort(order)])
        assert measured.first[i] <= held.min() and measured.end[i] > held.max()
