"""The one small interface of a solver, behind which the own kernel and CHOLMOD stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _linalg
from .cholmod import CholmodAnalysis
from .ordering import Coordinates, choose
from .pattern import Pattern
from .remembered import keep, key_of, recall

__all__ = ["SOLVERS", "Analysis", "BlockNumeric", "Numeric", "Ranges", "Solver", "analyze"]

SOLVERS = ("own", "cholmod")
Vector = NDArray[np.float64]


class Ranges(Protocol):
    """Places of right-hand sides: column c of equation i stands at ``origin[i] + c`` of `size` values."""

    @property
    def columns(self) -> int:
        """Number of right-hand sides."""

    @property
    def size(self) -> int:
        """Numbers stored."""

    @property
    def origin(self) -> NDArray[np.int64]:
        """Of shape (n,)."""


class Numeric(Protocol):
    """Values of C, its Cholesky factor and its selected inverse.

    The steps go in this order: `set_entries` once a model; `assemble`, `factor`, then `logdet`, `solve`, `forward`
    for every coefficient vector; `invert`, then `adjoint`, `inverse_diagonal`, `inverse_at`. A step too early raises
    `RuntimeError`.
    """

    def set_entries(self, where: ArrayLike, coef: ArrayLike, val: ArrayLike) -> None:
        """State C = sum over e of ``val[e] * c[coef[e]]`` at the pattern's entry ``where[e]``."""

    def assemble(self, c: ArrayLike) -> None:
        """Fill C from the coefficients c."""

    def factor(self, tol: float = ...) -> None:
        """Factor C, or raise `NotPositiveDefinite` for a pivot at or below `tol` times its diagonal."""

    def logdet(self) -> float:
        """log|C|."""

    def solve(self, b: ArrayLike) -> Vector:
        """C^-1 b for b of shape (n,) or (n, m)."""

    def forward(self, b: ArrayLike) -> NDArray[Any]:
        """L^-1 P b in pivot order; its Gram matrix is b'C^-1 b."""

    def invert(self) -> None:
        """Selected inverse on the factor's pattern."""

    def adjoint(self, ncoef: int) -> Vector:
        """Derivative of log|C| by c, of shape (ncoef,)."""

    def inverse_diagonal(self) -> Vector:
        """Diagonal of C^-1, of shape (n,)."""

    def inverse_at(self, rows: ArrayLike, cols: ArrayLike) -> Vector:
        """Elements of C^-1 within the factor's pattern; `OutsidePattern` for others."""


class Solver(Numeric, Protocol):
    """The numbers of a solver itself, in its own unknowns, which takes right-hand sides by ranges too."""

    def ranges(self, columns: int, first: NDArray[np.int32], end: NDArray[np.int32]) -> Ranges:
        """Places of right-hand sides b that have columns ``first[i]`` to ``end[i]`` in row i."""

    def gram(self, ranges: Any, values: Vector) -> Vector:
        """b'C^-1 b for b at the places `ranges`, of shape (columns, columns); `values` is overwritten."""


class BlockNumeric(Solver, Protocol):
    """One that takes dense matrices besides the entries."""

    def add_block(
        self, matrix: Vector, first: int, row: ArrayLike, col: ArrayLike, coef: ArrayLike, val: ArrayLike
    ) -> None:
        """Constant dense matrices among the last pivots, besides the entries."""


class Analysis(Protocol):
    """Symbolic analysis of a pattern: order, size of L, and the numeric objects made on it."""

    @property
    def n(self) -> int:
        """Equations."""

    @property
    def perm(self) -> NDArray[np.int32]:
        """``perm[k]`` is the equation taken as pivot k."""

    @property
    def order(self) -> str:
        """Name of the order chosen."""

    @property
    def nnz(self) -> float:
        """Non-zeros of L."""

    @property
    def flops(self) -> float:
        """Multiply-adds of the factorization."""

    @property
    def bytes(self) -> int:
        """Memory that a numeric object will take; nothing of it has been taken yet."""

    @property
    def list_bytes(self) -> int:
        """Memory of the analysis itself."""

    def numeric(self, threads: int = 1) -> Numeric:
        """A numeric object."""


def analyze(
    pattern: Pattern,
    solver: str = "own",
    order: str | ArrayLike = "auto",
    last: ArrayLike | None = None,
    coordinates: Coordinates | None = None,
    check: Callable[[Analysis], None] | None = None,
) -> Analysis:
    """Symbolic analysis of a symmetric positive definite matrix, once a model.

    Parameters
    ----------
    pattern : Pattern
        From `build_pattern`.
    solver : {"own", "cholmod"}
        The own kernel, or CHOLMOD by scikit-sparse.
    order, last, coordinates
        As in `pyasreml.linalg.ordering.choose`.
    check : callable, optional
        Called with the analysis as soon as its sizes are known, before anything of the size of L is made; it may raise.

    Returns
    -------
    Analysis
        Its `bytes` are known before anything numeric is allocated. One that is in use for the same pattern is given
        again.

    Raises
    ------
    ValueError
        For an unknown solver or order.
    ModuleNotFoundError
        For ``cholmod`` without scikit-sparse.

    Examples
    --------
    >>> import numpy as np
    >>> from pyasreml.linalg import analyze, build_pattern
    >>> pattern, where = build_pattern(2, [0, 1, 1], [0, 0, 1])
    >>> num = analyze(pattern).numeric()
    >>> num.set_entries(where, [0, 1, 0], [1.0, 1.0, 1.0])
    >>> num.assemble(np.array([2.0, 1.0]))
    >>> num.factor()
    >>> num.solve([3.0, 3.0]).round(12).tolist()
    [1.0, 1.0]
    """
    if solver not in SOLVERS:
        raise ValueError(f"unknown solver {solver!r}: use {' or '.join(SOLVERS)}")
    end = None if last is None else np.ascontiguousarray(last, dtype=np.int32)
    if solver == "cholmod":  # holds the factor's values as well: one for each model
        return CholmodAnalysis(pattern, choose(pattern, order, end, coordinates), check)
    # with coordinates of its own a pattern has but one order
    key = key_of(pattern, end, order, coordinates is None) if isinstance(order, str) else b""
    found: Analysis | None = recall(key)
    if found is not None:
        if check is not None:
            check(found)
        return found
    choice = choose(pattern, order, end, coordinates)
    made = _linalg.Analysis(pattern.indptr, pattern.indices, choice.perm, choice.last, choice.name, check)
    if key:
        keep(key, made)
    return made
