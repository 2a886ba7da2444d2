"""The numeric object against dense algebra, for the own kernel and for CHOLMOD."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pyasreml.linalg import NotPositiveDefinite, OutsidePattern, Pattern, analyze, build_pattern

has_cholmod = importlib.util.find_spec("sksparse") is not None
SOLVERS = [
    "own",
    pytest.param("cholmod", marks=pytest.mark.skipif(not has_cholmod, reason="scikit-sparse is not installed")),
]


def random_spd(rng: np.random.Generator, n: int, density: float) -> np.ndarray:
    """Dense array of a sparse symmetric positive definite matrix."""
    a = np.where(rng.random((n, n)) < density, rng.standard_normal((n, n)), 0.0)
    c = np.tril(a, -1)
    c = c + c.T
    return c + np.diag(np.abs(c).sum(axis=1) + rng.uniform(0.5, 2, n))


def entries(c: np.ndarray) -> tuple[Pattern, np.ndarray, np.ndarray]:
    rows, cols = np.nonzero(np.tril(c))
    pattern, where = build_pattern(len(c), rows, cols)
    return pattern, where, c[rows, cols]


def numeric(c: np.ndarray, factor: bool = True, **kwargs):
    pattern, where, val = entries(c)
    num = analyze(pattern, **kwargs).numeric()
    num.set_entries(where, np.zeros(len(where), np.int32), val)
    num.assemble(np.ones(1))
    if factor:
        num.factor()
    return num


def check(c: np.ndarray, tol: float = 1e-9, widths: tuple[int, ...] = (0, 1, 3, 70), **kwargs) -> None:
    n = len(c)
    rng = np.random.default_rng(n)
    num = numeric(c, **kwargs)
    inverse = np.linalg.inv(c)
    size = np.abs(inverse).max()
    assert_allclose(num.logdet(), np.linalg.slogdet(c)[1], rtol=1e-9, atol=1e-9)
    for width in widths:
        shape = (n, width) if width else (n,)
        b = rng.standard_normal(shape)
        x = num.solve(b)
        assert x.shape == shape
        assert_allclose(c @ x, b, atol=1e-8)
        f = num.forward(b)
        assert f.shape == shape
        assert_allclose(f.T @ f, b.T @ inverse @ b, rtol=1e-8, atol=1e-8)
    num.invert()
    assert_allclose(num.inverse_diagonal(), np.diag(inverse), atol=tol * size)
    rows, cols = np.nonzero(c)
    assert_allclose(num.inverse_at(rows, cols), inverse[rows, cols], atol=tol * size)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("block", range(10))
def test_three_hundred_random_problems(block: int, solver: str) -> None:
    for seed in range(30 * block, 30 * block + 30):
        random_problem(seed, solver)


def random_problem(seed: int, solver: str) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 120))
    c = random_spd(rng, n, float(rng.choice([0.0, 0.01, 0.03, 0.1, 0.5, 1.0])))
    order = [("auto"), ("natural"), ("amd"), rng.permutation(n)][seed % 4]
    check(c, solver=solver, order=order, widths=(seed % 3,))


@pytest.mark.parametrize("seed", range(12))
def test_larger_problems_by_every_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(301, 600))
    c = random_spd(rng, n, float(rng.choice([0.002, 0.005, 0.02])))
    for order in ("auto", "amd", "natural"):
        check(c, order=order)


@pytest.mark.parametrize("solver", SOLVERS)
def test_dense_rows(solver: str) -> None:
    rng = np.random.default_rng(1)
    n = 500
    c = random_spd(rng, n, 0.004)
    for j in (0, 7, 499):
        c[j, :] = c[:, j] = rng.standard_normal(n) * 0.1
        c[j, j] = 40.0
    c += np.diag(np.full(n, 1.0))
    check(c, solver=solver)


@pytest.mark.parametrize("solver", SOLVERS)
def test_one_dense_front(solver: str) -> None:
    rng = np.random.default_rng(2)
    a = rng.standard_normal((150, 200))
    check(a @ a.T + np.eye(150), solver=solver)
    a = rng.standard_normal((400, 500))
    check(a @ a.T + np.eye(400), solver=solver)


@pytest.mark.parametrize("solver", SOLVERS)
def test_disconnected_blocks(solver: str) -> None:
    rng = np.random.default_rng(3)
    c = np.zeros((330, 330))
    for k in range(0, 330, 11):
        a = rng.standard_normal((11, 11))
        c[k : k + 11, k : k + 11] = a @ a.T + np.eye(11)
    p = rng.permutation(330)
    check(c[np.ix_(p, p)], solver=solver)


@pytest.mark.parametrize("solver", SOLVERS)
def test_order_one_and_order_zero(solver: str) -> None:
    check(np.array([[4.0]]), solver=solver)
    num = analyze(build_pattern(0, [], [])[0], solver=solver).numeric()
    num.set_entries([], [], [])
    num.assemble(np.empty(0))
    num.factor()
    num.invert()
    assert num.logdet() == 0
    assert num.solve(np.empty(0)).shape == (0,)
    assert num.adjoint(2).tolist() == [0, 0]
    assert num.inverse_diagonal().shape == (0,)


@pytest.mark.parametrize("solver", SOLVERS)
def test_right_hand_sides_without_columns(solver: str) -> None:
    num = numeric(np.diag([1.0, 2.0]), solver=solver)
    assert num.solve(np.empty((2, 0))).shape == (2, 0)
    assert num.forward(np.empty((2, 0))).shape == (2, 0)
    with pytest.raises(ValueError, match="right-hand sides"):
        num.solve(np.ones(3))


@pytest.mark.parametrize("solver", SOLVERS)
def test_adjoint_is_the_derivative_of_the_log_determinant(solver: str) -> None:
    rng = np.random.default_rng(4)
    for n, m in [(8, 2), (60, 5), (400, 7)]:
        c = random_spd(rng, n, 3 / n)
        i, j = np.nonzero(np.tril(c))
        # further entries at the same places, with other coefficients
        rows, cols = np.r_[i, np.arange(n), i[::3]], np.r_[j, np.arange(n), j[::3]]
        val = np.r_[c[i, j], np.full(n, 2.0), rng.uniform(0, 1e-3, len(i[::3]))]
        coef = np.r_[np.zeros(len(i), int), rng.integers(0, m, n + len(i[::3]))]
        pattern, where = build_pattern(n, rows, cols)
        num = analyze(pattern, solver=solver).numeric()
        num.set_entries(where, coef, val)

        def logdet(x: np.ndarray, num=num) -> float:
            num.assemble(x)
            num.factor()
            return num.logdet()

        x = rng.uniform(0.5, 1.5, m)
        h = 1e-5
        central = [(logdet(x + h * e) - logdet(x - h * e)) / (2 * h) for e in np.eye(m)]
        logdet(x)
        num.invert()
        assert_allclose(num.adjoint(m), central, rtol=1e-6, atol=1e-6)
        assert num.adjoint(m + 2).shape == (m + 2,)
        with pytest.raises(ValueError, match="coefficients"):
            num.adjoint(m - 1)
        with pytest.raises(ValueError, match="coefficients"):
            num.assemble(x[:-1])


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_pivot_that_is_not_positive_names_its_equation(solver: str) -> None:
    c = np.diag(np.arange(1.0, 21.0))
    c[13, 13] = -2.0
    num = numeric(c, factor=False, solver=solver)
    with pytest.raises(NotPositiveDefinite) as error:
        num.factor()
    assert error.value.column == 13
    with pytest.raises(RuntimeError, match="assemble"):
        num.solve(np.ones(20))
    # the object goes on with other coefficients
    num.assemble(np.zeros(1))
    with pytest.raises(NotPositiveDefinite):
        num.factor()


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_pivot_lost_in_rounding_counts_as_zero(solver: str) -> None:
    rng = np.random.default_rng(5)
    a = rng.standard_normal((30, 29))
    c = a @ a.T
    with pytest.raises(NotPositiveDefinite):
        numeric(c, factor=False, solver=solver).factor(tol=1e-10)


def test_not_a_number_is_not_positive() -> None:
    for n in (3, 60):
        c = np.eye(n) + 0.01
        c[1, 1] = np.nan
        with pytest.raises(NotPositiveDefinite):
            numeric(c)


@pytest.mark.parametrize("solver", SOLVERS)
def test_elements_outside_the_pattern(solver: str) -> None:
    num = numeric(np.eye(5), solver=solver)
    num.invert()
    with pytest.raises(OutsidePattern, match="solve") as error:
        num.inverse_at([0, 4], [0, 1])
    assert (error.value.row, error.value.column) == (4, 1)
    with pytest.raises(ValueError, match="outside a matrix"):
        num.inverse_at([5], [0])


@pytest.mark.parametrize("solver", SOLVERS)
def test_steps_too_early(solver: str) -> None:
    pattern, where, val = entries(np.eye(3))
    num = analyze(pattern, solver=solver).numeric()
    with pytest.raises(RuntimeError, match="set_entries"):
        num.assemble(np.ones(1))
    num.set_entries(where, np.zeros(3, np.int32), val)
    with pytest.raises(RuntimeError, match="assemble"):
        num.factor()
    num.assemble(np.ones(1))
    with pytest.raises(RuntimeError, match="factor"):
        num.logdet()
    num.factor()
    with pytest.raises(RuntimeError, match="invert"):
        num.adjoint(1)


def test_entries_outside_the_pattern() -> None:
    num = analyze(build_pattern(2, [1], [0])[0]).numeric()
    with pytest.raises(ValueError, match="entry 1"):
        num.set_entries([0, 3], [0, 0], [1.0, 1.0])
    with pytest.raises(ValueError, match="same length"):
        num.set_entries([0, 1], [0], [1.0, 1.0])


@pytest.mark.parametrize("solver", SOLVERS)
def test_last_columns_come_last_in_their_order(solver: str) -> None:
    rng = np.random.default_rng(6)
    for n in (20, 400):
        c = random_spd(rng, n, 2 / n)
        last = [7, 3, 11, 5]
        for order in ("auto", "amd", "natural", rng.permutation(n)):
            analysis = analyze(entries(c)[0], solver=solver, order=order, last=last)
            assert analysis.perm[-4:].tolist() == last
            assert sorted(analysis.perm) == list(range(n))
            check(c, order=order, last=last, solver=solver)


def test_forward_of_the_last_columns_gives_incremental_quadratic_forms() -> None:
    rng = np.random.default_rng(8)
    n = 350
    c = random_spd(rng, n, 2 / n)
    last = [4, 100, 2]
    num = numeric(c, last=last)
    b = rng.standard_normal(n)
    f = num.forward(b)
    rest = np.setdiff1d(np.arange(n), last)
    for k in range(len(last) + 1):
        use = np.concatenate([rest, np.array(last[:k], dtype=int)])
        assert_allclose(f[: n - 3 + k] @ f[: n - 3 + k], b[use] @ np.linalg.solve(c[np.ix_(use, use)], b[use]))


def test_memory_is_known_beforehand() -> None:
    analysis = analyze(entries(np.ones((400, 400)) + 400 * np.eye(400))[0])
    assert analysis.bytes >= 2 * 8 * 400 * 401 / 2
    assert analysis.nnz == 400 * 401 / 2
    assert analysis.flops == pytest.approx(400 * 401 * 801 / 6)


def test_unknown_solver() -> None:
    with pytest.raises(ValueError, match="cholmod"):
        analyze(build_pattern(1, [], [])[0], solver="mumps")
