"""Symmetric indefinite systems, dense: the equations of a model with a negative variance component.

A component coded U may go below zero. V stays positive definite, C does not: it has as many negative eigenvalues as the
term has effects. Such models are small, so one eigendecomposition serves; the members are those of `backends.Numeric`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._linalg import NotPositiveDefinite
from .fullranges import FullRanges
from .pattern import Pattern

__all__ = ["LARGEST", "IndefiniteNumeric"]

Vector = NDArray[np.float64]

LARGEST = 4000
"""Equations that are decomposed at most (memory 3 n² numbers, time as n³)."""


class IndefiniteNumeric:
    """Values of C and its spectral decomposition.

    Parameters
    ----------
    pattern : Pattern
        As of the sparse solver.
    negative : int
        Negative eigenvalues that C must have; with another number `factor` raises `NotPositiveDefinite`.
    last : int array
        Equations that the sparse solver takes as its last pivots, in that order (for `add_block`).
    """

    def __init__(self, pattern: Pattern, negative: int, last: ArrayLike = ()):
        self.pattern = pattern
        self.negative = negative
        self._last = np.asarray(last, dtype=np.int64)

    def set_entries(self, where: ArrayLike, coef: ArrayLike, val: ArrayLike) -> None:
        """State C = sum over e of ``val[e] * c[coef[e]]`` at the pattern's entry ``where[e]``."""
        self._where = np.asarray(where)
        self._coef = np.asarray(coef)
        self._val: Vector = np.asarray(val, dtype=np.float64)
        self._twice = np.where(self.pattern.indices == self.pattern.columns, 1.0, 2.0)
        self._blocks: list[tuple[Vector, NDArray[np.int64], NDArray[np.int64], int, float]] = []

    def add_block(
        self, matrix: Vector, first: int, row: ArrayLike, col: ArrayLike, coef: ArrayLike, val: ArrayLike
    ) -> None:
        """Constant dense blocks besides the entries, as the sparse solver's `add_block`."""
        at, q = first - (self.pattern.n - self._last.size), len(matrix)
        for i, j, m, v in zip(*(np.asarray(x).tolist() for x in (row, col, coef, val)), strict=True):
            rows, cols = (self._last[at + k * q : at + (k + 1) * q] for k in (i, j))
            self._blocks.append((matrix, rows, cols, m, v))

    def assemble(self, c: ArrayLike) -> None:
        """Fill C from the coefficients c."""
        weights = self._val * np.asarray(c, dtype=np.float64)[self._coef]
        values = np.bincount(self._where, weights=weights, minlength=self.pattern.nnz)
        self._matrix = np.zeros((self.pattern.n, self.pattern.n))
        self._matrix[self.pattern.indices, self.pattern.columns] = values
        self._matrix[self.pattern.columns, self.pattern.indices] = values
        for matrix, rows, cols, m, v in self._blocks:
            part = v * float(np.asarray(c)[m]) * matrix
            self._matrix[np.ix_(rows, cols)] += part
            if rows[0] != cols[0]:
                self._matrix[np.ix_(cols, rows)] += part

    def factor(self, tol: float = 1e-14) -> None:
        """Decompose C; raise `NotPositiveDefinite` where its signs are not those of a positive definite V."""
        self._values, self._vectors = np.linalg.eigh(self._matrix)
        small = np.abs(self._values).min() <= tol * np.abs(self._values).max()
        if small or int((self._values < 0).sum()) != self.negative:
            raise NotPositiveDefinite(0)

    def logdet(self) -> float:
        """Log of the absolute determinant."""
        return float(np.log(np.abs(self._values)).sum())

    def solve(self, b: ArrayLike) -> Vector:
        """C^-1 b for b of shape (n,) or (n, m)."""
        x = np.asarray(b, dtype=np.float64)
        inner = self._vectors.T @ x
        return np.asarray(self._vectors @ (inner / (self._values if x.ndim == 1 else self._values[:, None])))

    def forward(self, b: ArrayLike) -> NDArray[Any]:
        """F with ``F.T @ F`` equal to b'C^-1 b: imaginary rows belong to negative eigenvalues."""
        x = np.asarray(b, dtype=np.float64)
        root = np.sqrt(self._values.astype(np.complex128))
        return np.asarray((self._vectors.T @ x) / (root if x.ndim == 1 else root[:, None]))

    def ranges(self, columns: int, first: NDArray[np.int32], end: NDArray[np.int32]) -> FullRanges:
        """Places of right-hand sides: whole rows."""
        return FullRanges(self.pattern.n, columns)

    def gram(self, ranges: FullRanges, values: Vector) -> Vector:
        """b'C^-1 b for b at the places `ranges`, of shape (columns, columns)."""
        found = self.forward(ranges.matrix(values))
        # the factor of an indefinite C is complex, its products are real
        return np.ascontiguousarray(np.real(found.T @ found))

    def invert(self) -> None:
        """The inverse."""
        self._inverse = (self._vectors / self._values) @ self._vectors.T

    def adjoint(self, ncoef: int) -> Vector:
        """Derivative of log|C| for c, of shape (ncoef,)."""
        at = self._inverse[self.pattern.indices, self.pattern.columns] * self._twice
        out = np.bincount(self._coef, weights=self._val * at[self._where], minlength=ncoef).astype(float)
        for matrix, rows, cols, m, v in self._blocks:
            twice = 1.0 if rows[0] == cols[0] else 2.0
            out[m] += twice * v * float((matrix * self._inverse[np.ix_(rows, cols)]).sum())
        return out

    def inverse_diagonal(self) -> Vector:
        """Diagonal of C^-1, of shape (n,)."""
        return np.diagonal(self._inverse).copy()

    def inverse_at(self, rows: ArrayLike, cols: ArrayLike) -> Vector:
        """Elements of C^-1."""
        return np.asarray(self._inverse[np.asarray(rows), np.asarray(cols)])
