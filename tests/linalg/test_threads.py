"""Threads over subtrees: the same bits with any number of them, errors as with one thread."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pyasreml.linalg import NotPositiveDefinite, Numeric, Pattern, analyze, build_pattern


def field(size: int, blocks: int = 1) -> tuple[Pattern, np.ndarray, np.ndarray]:
    """Five-point grids side by side without a link, and one equation that touches some plots of all of them."""
    plots = size * size
    r, c = np.divmod(np.arange(plots), size)
    right, down = np.flatnonzero(c < size - 1), np.flatnonzero(r < size - 1)
    n = plots * blocks + (blocks == 1)
    rows, cols = [np.arange(n)], [np.arange(n)]
    for k in range(blocks):
        rows += [right + 1 + k * plots, down + size + k * plots]
        cols += [right + k * plots, down + k * plots]
    if blocks == 1:
        rows.append(np.full(50, n - 1))
        cols.append(np.arange(0, 50 * 7, 7))
    i, j = np.concatenate(rows), np.concatenate(cols)
    val = np.where(i == j, 4.5, -1.0)
    val[i == n - 1] = 0.1
    val[n - 1] = 9.0
    pattern, where = build_pattern(n, i, j)
    return pattern, where, val


def cliques(own: int = 330, shared: int = 620) -> tuple[Pattern, np.ndarray, np.ndarray]:
    """Two groups of equations, dense within and with a third group that both share."""
    n = 2 * own + shared
    linked = np.ones((n, n), dtype=bool)
    linked[own : 2 * own, :own] = False
    i, j = np.nonzero(np.tril(linked))
    pattern, where = build_pattern(n, i, j)
    return pattern, where, np.where(i == j, 1.2 * n, np.cos(i * 0.3 + j))


def results(num: Numeric, n: int) -> tuple[np.ndarray, ...]:
    num.assemble(np.ones(1))
    num.factor()
    x = num.solve(np.arange(n, dtype=float))
    num.invert()
    return np.array([num.logdet()]), x, num.inverse_diagonal(), num.adjoint(1)


@pytest.mark.parametrize(
    "make", [lambda: field(90), lambda: field(25, 30), cliques], ids=["field", "fields", "cliques"]
)
def test_same_answers_and_same_bits(make) -> None:
    pattern, where, val = make()
    analysis = analyze(pattern)
    one: tuple[np.ndarray, ...] = ()
    for threads in (1, 2, 3, 7):
        num = analysis.numeric(threads=threads)
        num.set_entries(where, np.zeros(len(where), np.int32), val)
        first = results(num, pattern.n)
        again = results(num, pattern.n)
        one = one or first
        for a, b, c in zip(one, first, again, strict=True):
            assert (b == a).all()
            assert (b == c).all()


def test_large_fronts_against_dense_algebra() -> None:
    pattern, where, val = cliques()
    num = analyze(pattern).numeric(threads=2)
    num.set_entries(where, np.zeros(len(where), np.int32), val)
    _, x, diagonal, _ = results(num, pattern.n)
    c = np.zeros((pattern.n, pattern.n))
    c[pattern.indices[where], pattern.columns[where]] = val
    c = np.tril(c) + np.tril(c, -1).T
    inverse = np.linalg.inv(c)
    assert_allclose(x, inverse @ np.arange(pattern.n), rtol=1e-8, atol=1e-10)
    assert_allclose(diagonal, np.diag(inverse), rtol=1e-10)
    assert_allclose(
        num.inverse_at(pattern.indices, pattern.columns), inverse[pattern.indices, pattern.columns], atol=1e-14
    )


@pytest.mark.parametrize("make", [lambda: field(90), cliques], ids=["field", "cliques"])
def test_errors_name_the_same_equation(make) -> None:
    pattern, where, val = make()
    bad = val.copy()
    bad[pattern.indptr[1234 % pattern.n] == where] = -1.0
    analysis = analyze(pattern)
    columns = []
    for threads in (1, 2):
        num = analysis.numeric(threads=threads)
        coef = np.zeros(len(where), np.int32)
        num.set_entries(where, coef, bad)
        num.assemble(np.ones(1))
        with pytest.raises(NotPositiveDefinite) as error:
            num.factor()
        columns.append(error.value.column)
        num.set_entries(where, coef, val)
        results(num, pattern.n)
    assert columns[0] == columns[1]
