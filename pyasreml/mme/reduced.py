r"""Equations without some of their unknowns: effects that are 0 since they depend on others.

Genetic groups are fixed effects inside a random term. Where one is confounded with other fixed effects C is singular;
without its row and column it is positive definite, with :math:`\log|C|` and :math:`C^{-1}` of the model in which that
effect is 0, as with aliased columns of X.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

from pyasreml.linalg import NotPositiveDefinite
from pyasreml.linalg.backends import Ranges, Solver

__all__ = ["ReducedNumeric", "ReducedRanges", "Reduction"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
NDArray32 = npt.NDArray[np.int32]
Lists = tuple[IntArray, IntArray, IntArray, FloatArray]


class Reduction:
    """Which unknowns stay.

    Parameters
    ----------
    size : int
        Number of unknowns.
    dropped : int array
        Those that are 0.

    Attributes
    ----------
    kept : int array
        The others, in order.
    number : int array (size,)
        Their new numbers, -1 for dropped ones.
    """

    def __init__(self, size: int, dropped: IntArray):
        stay = np.ones(size, bool)
        stay[dropped] = False
        self.size = size
        self.kept = np.flatnonzero(stay)
        self.number = np.where(stay, np.cumsum(stay) - 1, -1)

    def entries(self, row: IntArray, col: IntArray, coef: IntArray, value: FloatArray) -> Lists:
        """Row, column, coefficient and value of the entries that stay, by new numbers."""
        row, col = self.number[row], self.number[col]
        stay = (row >= 0) & (col >= 0)
        return row[stay], col[stay], coef[stay], value[stay]


@dataclass(frozen=True)
class ReducedRanges:
    """Places of right-hand sides of all unknowns; the members are those of `linalg.backends.Ranges`.

    Attributes
    ----------
    inner : Ranges
        Of the unknowns that stay.
    size : int
    origin : int array (unknowns,)
        Rows of dropped unknowns stand after all others, where the solver does not look.
    """

    inner: Ranges
    size: int
    origin: IntArray

    @property
    def columns(self) -> int:
        """Number of right-hand sides."""
        return self.inner.columns


class ReducedNumeric:
    """A solver's numbers in terms of all unknowns; members as those of `linalg.backends.Solver`.

    Parameters
    ----------
    inner : Solver
        Of the unknowns that stay.
    reduction : Reduction
    """

    def __init__(self, inner: Solver, reduction: Reduction):
        self.inner, self.reduction = inner, reduction

    def set_entries(self, where: ArrayLike, coef: ArrayLike, val: ArrayLike) -> None:
        """State C, its entries already reduced."""
        self.inner.set_entries(where, coef, val)

    def assemble(self, c: ArrayLike) -> None:
        """Fill it from the coefficients c."""
        self.inner.assemble(c)

    def factor(self, tol: float = 1e-14) -> None:
        """Factor it; an unknown that is no pivot is named by its number among all."""
        try:
            self.inner.factor(tol)
        except NotPositiveDefinite as error:
            raise NotPositiveDefinite(int(self.reduction.kept[error.column])) from None

    def logdet(self) -> float:
        """log|C|."""
        return self.inner.logdet()

    def solve(self, b: ArrayLike) -> FloatArray:
        """C⁻¹b, 0 for dropped unknowns."""
        x = np.asarray(b, np.float64)
        out = np.zeros_like(x)
        out[self.reduction.kept] = self.inner.solve(x[self.reduction.kept])
        return out

    def forward(self, b: ArrayLike) -> npt.NDArray[Any]:
        """F with F'F = b'C⁻¹b."""
        return self.inner.forward(np.asarray(b, np.float64)[self.reduction.kept])

    def ranges(self, columns: int, first: NDArray32, end: NDArray32) -> ReducedRanges:
        """Places of right-hand sides b that have columns ``first[i]`` to ``end[i]`` in row i."""
        kept = self.reduction.kept
        inner = self.inner.ranges(columns, np.ascontiguousarray(first[kept]), np.ascontiguousarray(end[kept]))
        gone = np.flatnonzero(self.reduction.number < 0)
        width = (end[gone] - first[gone]).astype(np.int64)
        stops = inner.size + np.cumsum(width)
        origin = np.empty(self.reduction.size, np.int64)
        origin[kept], origin[gone] = inner.origin, stops - width - first[gone]
        return ReducedRanges(inner, int(stops[-1]) if gone.size else inner.size, origin)

    def gram(self, ranges: ReducedRanges, values: FloatArray) -> FloatArray:
        """b'C⁻¹b for b at the places `ranges`; `values` is overwritten."""
        return self.inner.gram(ranges.inner, values)

    def invert(self) -> None:
        """Selected inverse."""
        self.inner.invert()

    def adjoint(self, ncoef: int) -> FloatArray:
        """Derivative of log|C| by the coefficients."""
        return self.inner.adjoint(ncoef)

    def inverse_diagonal(self) -> FloatArray:
        """Diagonal of C⁻¹, 0 for dropped unknowns."""
        out = np.zeros(self.reduction.size)
        out[self.reduction.kept] = self.inner.inverse_diagonal()
        return out

    def inverse_at(self, rows: ArrayLike, cols: ArrayLike) -> FloatArray:
        """Entries of C⁻¹ on its pattern, 0 for dropped unknowns."""
        i, j = (self.reduction.number[np.asarray(x, np.int64)] for x in (rows, cols))
        stay = (i >= 0) & (j >= 0)
        out = np.zeros(i.shape)
        out[stay] = self.inner.inverse_at(i[stay], j[stay])
        return out
