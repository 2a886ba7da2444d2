"""CHOLMOD (Chen, Davis, Hager & Rajamanickam 2008, ACM TOMS 35:22) as a second solver, by scikit-sparse.

It factors and solves; the selected inverse is the simplicial one of Takahashi, Fagan & Chen (1973) on CHOLMOD's L.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _linalg
from .fullranges import FullRanges
from .ordering import Choice
from .pattern import Pattern, build_pattern

__all__ = ["CholmodAnalysis", "CholmodNumeric"]

Vector = NDArray[np.float64]


def _load() -> ModuleType:
    try:
        from sksparse import cholmod
    except ImportError as error:
        raise ModuleNotFoundError(
            'solver="cholmod" needs scikit-sparse: pip install "pyasreml[cholmod]" '
            "(to build it, the headers of SuiteSparse: Debian package libsuitesparse-dev)"
        ) from error
    module: ModuleType = cholmod
    return module


class CholmodAnalysis:
    """Symbolic analysis by CHOLMOD under a given order; the members are those of `backends.Analysis`."""

    def __init__(self, pattern: Pattern, choice: Choice, check: Callable[[CholmodAnalysis], None] | None = None):
        from scipy.sparse import csc_matrix

        self._cholmod = _load()
        self.n = pattern.n
        self.perm = choice.perm
        self.order = choice.name
        self.nnz = choice.nnz
        self.flops = choice.flops
        # L with its indices, the copy that is read out, and the selected inverse
        self.bytes = int(28 * choice.nnz + 12 * pattern.nnz)
        self.list_bytes = int(4 * choice.nnz + 32 * pattern.nnz + 32 * pattern.n)
        if check is not None:
            check(self)
        inverse = np.empty(self.n, dtype=np.int32)
        inverse[choice.perm] = np.arange(self.n)
        i, j = inverse[pattern.indices], inverse[pattern.columns]
        self.pattern, self.where = build_pattern(self.n, np.maximum(i, j), np.minimum(i, j))
        self.inverse = inverse
        self._matrix = csc_matrix(
            (np.ones(self.pattern.nnz), self.pattern.indices, self.pattern.indptr), shape=(self.n, self.n)
        )
        self._factor: Any = self._cholmod.analyze(self._matrix, ordering_method="natural") if self.n else None

    def numeric(self, threads: int = 1) -> CholmodNumeric:
        """A numeric object; CHOLMOD's threads are those of its BLAS and of OpenMP, `threads` is left to them."""
        return CholmodNumeric(self)


class CholmodNumeric:
    """Values of C, CHOLMOD's factor and a selected inverse; the members are those of `backends.Numeric`."""

    def __init__(self, analysis: CholmodAnalysis):
        self.analysis = analysis
        self._matrix = analysis._matrix.copy()
        self._factor: Any = analysis._factor.copy() if analysis.n else None
        self._step = 0
        self._pattern: Pattern | None = None
        self._z: Vector = np.empty(0)

    def _need(self, step: int) -> None:
        if self._step < step:
            raise RuntimeError(f"call {('set_entries', 'assemble', 'factor', 'invert')[self._step]}() first")

    def set_entries(self, where: ArrayLike, coef: ArrayLike, val: ArrayLike) -> None:
        """State C = sum over e of ``val[e] * c[coef[e]]`` at the pattern's entry ``where[e]``."""
        w = np.asarray(where, dtype=np.int64)
        self._coef: NDArray[np.int32] = np.ascontiguousarray(coef, dtype=np.int32)
        self._val: Vector = np.ascontiguousarray(val, dtype=np.float64)
        if not (w.shape == self._coef.shape == self._val.shape):
            raise ValueError("where, coef and val must have the same length")
        size = len(self.analysis.where)
        if len(w) and (w.min() < 0 or w.max() >= size or self._coef.min() < 0):
            raise ValueError("an entry lies outside the pattern or has a negative coefficient index")
        self._position: NDArray[np.int64] = np.ascontiguousarray(self.analysis.where[w])
        pattern = self.analysis.pattern
        self._columns = pattern.columns
        self._twice = np.where(pattern.indices == self._columns, 1.0, 2.0)
        self._ncoef = int(self._coef.max()) + 1 if len(w) else 0
        self._step = 1

    def assemble(self, c: ArrayLike) -> None:
        """Fill C from the coefficients c."""
        self._need(1)
        coefficients = np.ascontiguousarray(c, dtype=np.float64)
        if len(coefficients) < self._ncoef:
            raise ValueError(f"{self._ncoef} coefficients are needed, {len(coefficients)} were given")
        _linalg.scatter(self._position, self._coef, self._val, coefficients, self._matrix.data)
        self._step = 2

    def factor(self, tol: float = 1e-14) -> None:
        """Factor C, or raise `NotPositiveDefinite` for a pivot at or below `tol` times its diagonal."""
        self._need(2)
        if self.analysis.n == 0:
            self._step = 3
            return
        try:
            self._factor.cholesky_inplace(self._matrix)
        except self.analysis._cholmod.CholmodNotPositiveDefiniteError as error:
            self._step = 1
            # CHOLMOD counts in its own order; without a column the first equation of that order stands for it
            column = int(getattr(error, "column", 0))
            raise _linalg.NotPositiveDefinite(int(self._order()[column])) from None
        pivots, diagonal = self._factor.D(), self._matrix.data[self.analysis.pattern.indptr[:-1]][self._factor.P()]
        bad = np.flatnonzero(~(pivots > np.where(diagonal > 0, tol * diagonal, 0.0)))
        if len(bad):
            self._step = 1
            raise _linalg.NotPositiveDefinite(int(self._order()[bad[0]]))
        self._step = 3

    def _order(self) -> NDArray[np.int32]:
        """Equation of each of CHOLMOD's pivots."""
        order: NDArray[np.int32] = self.analysis.perm[self._factor.P()]
        return order

    def logdet(self) -> float:
        """log|C|."""
        self._need(3)
        return float(self._factor.logdet()) if self.analysis.n else 0.0

    def _permuted(self, b: ArrayLike, order: NDArray[np.int32]) -> Vector:
        a = np.asarray(b, dtype=np.float64)
        if a.ndim not in (1, 2) or a.shape[0] != self.analysis.n:
            n = self.analysis.n
            raise ValueError(f"right-hand sides of shape ({n},) or ({n}, m) are needed, not {a.shape}")
        return a[order]

    def solve(self, b: ArrayLike) -> Vector:
        """C^-1 b for b of shape (n,) or (n, m)."""
        self._need(3)
        x = self._permuted(b, self.analysis.perm)
        out = np.empty(x.shape)
        if x.size:
            out[self.analysis.perm] = self._factor.solve_A(x)
        return out

    def forward(self, b: ArrayLike) -> Vector:
        """L^-1 P b in pivot order; its Gram matrix is b'C^-1 b."""
        self._need(3)
        if self.analysis.n == 0:
            return self._permuted(b, self.analysis.perm)
        x = self._permuted(b, self._order())
        return np.ascontiguousarray(self._factor.solve_L(x, use_LDLt_decomposition=False)) if x.size else x

    def ranges(self, columns: int, first: NDArray[np.int32], end: NDArray[np.int32]) -> FullRanges:
        """Places of right-hand sides: whole rows."""
        return FullRanges(self.analysis.n, columns)

    def gram(self, ranges: FullRanges, values: Vector) -> Vector:
        """b'C^-1 b for b at the places `ranges`, of shape (columns, columns)."""
        found = self.forward(ranges.matrix(values))
        # the factor of an indefinite C is complex, its products are real
        return np.ascontiguousarray(np.real(found.T @ found))

    def invert(self) -> None:
        """Selected inverse on the factor's pattern."""
        self._need(3)
        self._step = 4
        if self.analysis.n == 0:
            self._pattern = self.analysis.pattern
            return
        lower = self._factor.L()
        lower.sort_indices()
        indptr, indices = lower.indptr.astype(np.int64), lower.indices.astype(np.int32)
        same = self._pattern is not None and np.array_equal(self._pattern.indices, indices)
        if not same:
            self._pattern = Pattern(self.analysis.n, indptr, indices)
            inner = np.empty(self.analysis.n, dtype=np.int32)
            inner[self._factor.P()] = np.arange(self.analysis.n)
            self._inner = inner
            self._at = self._locate(self.analysis.pattern.indices, self._columns)
        self._z = _linalg.takahashi(indptr, indices, np.ascontiguousarray(lower.data))

    def _locate(self, rows: NDArray[np.int32], cols: NDArray[np.int32]) -> NDArray[np.int64]:
        assert self._pattern is not None
        i, j = self._inner[rows], self._inner[cols]
        return _linalg.locate(np.maximum(i, j), np.minimum(i, j), self._pattern.indptr, self._pattern.indices)

    def adjoint(self, ncoef: int) -> Vector:
        """Derivative of log|C| by c, of shape (ncoef,)."""
        self._need(4)
        if ncoef < self._ncoef:
            raise ValueError(f"the entries use {self._ncoef} coefficients, more than {ncoef}")
        if len(self._coef) == 0:
            return np.zeros(ncoef)
        z = (self._z[self._at] * self._twice)[self._position]
        return np.asarray(np.bincount(self._coef, weights=z * self._val, minlength=ncoef), dtype=np.float64)

    def inverse_diagonal(self) -> Vector:
        """Diagonal of C^-1, of shape (n,)."""
        self._need(4)
        out = np.empty(self.analysis.n)
        if self.analysis.n:
            assert self._pattern is not None
            out[self._order()] = self._z[self._pattern.indptr[:-1]]
        return out

    def inverse_at(self, rows: ArrayLike, cols: ArrayLike) -> Vector:
        """Elements of C^-1 within the factor's pattern; `OutsidePattern` for others."""
        self._need(4)
        i, j = np.asarray(rows, dtype=np.int32), np.asarray(cols, dtype=np.int32)
        if i.shape != j.shape or i.ndim != 1:
            raise ValueError("rows and cols must have the same length")
        n = self.analysis.n
        if len(i) == 0:
            return np.empty(0)
        if min(i.min(), j.min()) < 0 or max(i.max(), j.max()) >= n:
            raise ValueError(f"a pair lies outside a matrix of order {n}")
        at = self._locate(self.analysis.inverse[i], self.analysis.inverse[j])
        bad = np.flatnonzero(at < 0)
        if len(bad):
            raise _linalg.OutsidePattern(int(i[bad[0]]), int(j[bad[0]]))
        return self._z[at]
