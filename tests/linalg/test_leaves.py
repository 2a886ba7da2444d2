"""Leaves of the elimination tree that need no front: a few rows below, or the same rows as their siblings."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from pyasreml.linalg import NotPositiveDefinite, analyze, build_pattern
from pyasreml.linalg.backends import Analysis, Solver


def arrow(rng: np.random.Generator, subjects: int, own: int, scores: int, fixed: int, met: int) -> np.ndarray:
    """Subjects with `own` equations each on their `scores`; these meet all fixed effects, the others `met` of them."""
    n = subjects * (own + scores) + fixed
    end = n - fixed
    a = np.zeros((n, n))
    for s in range(subjects):
        first = s * (own + scores)
        last = first + own
        for i in range(first, last):
            a[i, last : last + scores] = rng.normal(size=scores)
            a[i, end + rng.choice(fixed, min(met, fixed), replace=False)] = rng.normal(size=min(met, fixed))
        a[last : last + scores, end:] = rng.normal(size=(scores, fixed)) * (rng.random((scores, fixed)) < 0.9)
    a[end:, end:] = rng.normal(size=(fixed, fixed))
    a = a + a.T
    return np.asarray(a + np.diag(np.abs(a).sum(axis=1) + 1.0))


def solver(a: np.ndarray, order: str = "auto", threads: int = 1) -> tuple[Analysis, Solver]:
    lower = sparse.tril(a).tocoo()
    pattern, where = build_pattern(len(a), lower.row, lower.col)
    analysis = analyze(pattern, order=order)
    numeric: Solver = analysis.numeric(threads=threads)  # type: ignore[assignment]
    numeric.set_entries(where, np.zeros(lower.nnz, np.int32), lower.data)
    numeric.assemble(np.ones(1))
    return analysis, numeric


SHAPES = [
    (40, 12, 2, 11, 2),
    (150, 5, 1, 30, 3),
    (60, 3, 4, 6, 4),
    (90, 0, 5, 9, 0),
    (90, 0, 12, 12, 0),
    (60, 0, 14, 40, 0),
    (200, 0, 2, 2, 0),
    (120, 8, 3, 60, 7),
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("order", ["auto", "natural"])
def test_factor_inverse_and_products(shape: tuple[int, int, int, int, int], order: str) -> None:
    rng = np.random.default_rng(sum(shape))
    a = arrow(rng, *shape)
    n = len(a)
    analysis, numeric = solver(a, order)
    numeric.factor()
    want = np.linalg.inv(a)
    assert numeric.logdet() == pytest.approx(np.linalg.slogdet(a)[1], rel=1e-12)
    b = rng.normal(size=(n, 3))
    np.testing.assert_allclose(numeric.solve(b), want @ b, atol=1e-10)
    for _ in range(2):  # what a sweep keeps must not reach the next
        numeric.assemble(np.ones(1))
        numeric.factor()
        numeric.invert()
        row, col = np.nonzero(np.tril(a))
        np.testing.assert_allclose(numeric.inverse_at(row, col), want[row, col], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(numeric.adjoint(1), [n], rtol=1e-10)
    first = rng.integers(0, 20, n).astype(np.int32)
    end = (first + rng.integers(0, 12, n)).astype(np.int32)
    ranges = numeric.ranges(32, first, end)
    sides, values = np.zeros((n, 32)), np.zeros(ranges.size)
    for i in range(n):
        sides[i, first[i] : end[i]] = rng.normal(size=end[i] - first[i])
        values[ranges.origin[i] + first[i] : ranges.origin[i] + end[i]] = sides[i, first[i] : end[i]]
    np.testing.assert_allclose(numeric.gram(ranges, values), sides.T @ want @ sides, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("shape", SHAPES[:3])
def test_not_positive_definite_leaf(shape: tuple[int, int, int, int, int]) -> None:
    a = arrow(np.random.default_rng(3), *shape)
    good = a.copy()
    a[4, 4] = -1.0
    _, numeric = solver(a)
    with pytest.raises(NotPositiveDefinite):
        numeric.factor()
    _, numeric = solver(good)
    numeric.factor()
    assert numeric.logdet() == pytest.approx(np.linalg.slogdet(good)[1])


@pytest.mark.parametrize("shape", [(150, 5, 1, 30, 3), (120, 8, 3, 60, 7)])
def test_threads_give_the_same_bits(shape: tuple[int, int, int, int, int]) -> None:
    a = arrow(np.random.default_rng(8), *shape)
    found = []
    for threads in (1, 2, 3):
        _, numeric = solver(a, threads=threads)
        numeric.factor()
        numeric.invert()
        found.append((numeric.logdet(), *numeric.inverse_diagonal().tolist()))
    assert found[0] == found[1] == found[2]


def test_rows_set_aside_decide_among_equals() -> None:
    # two scores and twenty equations of a subject are a clique when twenty-one are left; the scores meet all fixed
    # effects, the equations three: a score before its last equation would fill that equation's column
    rng = np.random.default_rng(2)
    subjects, own, fixed = 500, 10, 30
    a = arrow(rng, subjects, own, 2, fixed, 2)
    analysis, _ = solver(a)
    pivots = subjects * (own * 5 + 2 * (fixed + 2)) + fixed * fixed
    assert analysis.nnz < pivots
