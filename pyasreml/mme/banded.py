r"""One trait and a dense known matrix: P'NP a band, which takes a fifth of the time of an eigendecomposition.

With K = U'U and :math:`UNU' = QBQ'`, B a band and Q orthogonal, P = U'Q has PP' = K and P'NP = B. The band is factored
like any sparse matrix. The variances of the effects come from :math:`U'(aUNU' + bI)^{-1}U`, one dense factor at the
final parameters.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike
from scipy.linalg import blas, lapack

from pyasreml.linalg.backends import Numeric
from pyasreml.linalg.band import mirrored, reduce_to_band, rotate
from pyasreml.mme.rotation import RotatedNumeric, Rotation, solved

__all__ = ["LEAST", "BandNumeric", "BandRotation"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

LEAST = 400
"""Order from which the band is worth its second dense factor."""
WIDTH = 64
COLUMNS = 512
"""Columns of the inverse that are worked on at once."""


class BandRotation(Rotation):
    """P'NP = B of bandwidth `WIDTH`, for one trait and diagonal N."""

    @property
    def bytes(self) -> int:
        """What finding P takes at most."""
        return 8 * len(self.known) ** 2 * 3

    @cached_property
    def _found(self) -> tuple[FloatArray, FloatArray]:
        """The reflections and the band, and the triangular factors of the reflections."""
        counts = self.incidence.diagonal()
        key = counts.tobytes()
        if key not in self.known.decompositions:
            matrix = self.inner_matrix()
            self.known.decompositions.clear()
            self.known.decompositions[key] = matrix, reduce_to_band(matrix, WIDTH)
        return self.known.decompositions[key]

    def inner_matrix(self) -> FloatArray:
        """UNU', float array (q, q), its lower triangle by columns."""
        scaled = np.asfortranarray(self.known.root * np.sqrt(self.incidence.diagonal()))
        upper = lapack.dlauum(scaled, lower=0, overwrite_c=1)[0]
        return mirrored(upper.T).T

    def multiplied(self, x: FloatArray, back: bool) -> FloatArray:
        """P x, or P'x."""
        root, (reflections, factors) = self.known.root, self._found
        turned = np.asfortranarray(root @ x if back else x.copy())
        rotate(reflections, factors, turned, back)
        return turned if back else np.asarray(root.T @ turned)

    def core(self) -> tuple[IntArray, IntArray, FloatArray]:
        """B."""
        q = len(self.known)
        row, col = np.divmod(np.arange(q * (WIDTH + 1), dtype=np.int64), WIDTH + 1)
        col = row - col
        row, col = row[col >= 0], col[col >= 0]
        return row, col, self._found[0][row, col]

    def numeric(self, inner: Numeric, first: int, copies: float, prior: int) -> RotatedNumeric:
        """See `BandNumeric`."""
        return BandNumeric(inner, self, first, copies, prior)


class BandNumeric(RotatedNumeric):
    """The inverse by a dense factor, made where entries of it are asked for.

    Parameters
    ----------
    prior : int
        Number of the prior's coefficient.
    """

    def __init__(self, inner: Numeric, rotation: BandRotation, first: int, copies: float, prior: int):
        super().__init__(inner, rotation, first, copies)
        self._band, self._prior = rotation, prior
        self.refreshed()

    def refreshed(self) -> None:
        """Forget what belongs to the last inverse."""
        self._factor: tuple[FloatArray, bool] | None = None
        self._own: FloatArray | None = None
        self._border: tuple[FloatArray, FloatArray, FloatArray] | None = None

    def assemble(self, c: ArrayLike) -> None:
        """Fill C from the coefficients c, which the dense factor will need too."""
        self._c = np.asarray(c, np.float64).copy()
        super().assemble(c)

    def _dense(self) -> tuple[FloatArray, bool]:
        """Cholesky factor R of M = aUNU' + bI, M = R'R; the inverse of M where that is not definite."""
        if self._factor is None:
            factor, failed = lapack.dpotrf(self._matrix(), lower=0, clean=0, overwrite_a=1)
            self._factor = (np.asfortranarray(np.linalg.inv(self._matrix())), False) if failed else (factor, True)
        return self._factor

    def _matrix(self) -> FloatArray:
        """M at the coefficients last assembled."""
        shares = self.rotation.shares[:, 0, 0]
        matrix = self._band.inner_matrix()
        matrix *= float(shares @ self._c[: shares.size])
        at = np.arange(len(matrix))
        matrix[at, at] += self._c[self._prior]
        return matrix

    def _columns(self, at: IntArray) -> FloatArray:
        """Columns of M⁻¹U, float array (q, at.size)."""
        factor, definite = self._dense()
        u = np.asfortranarray(self._band.known.root[:, at])
        if not definite:
            return np.asarray(factor @ u)
        return np.asarray(lapack.dpotrs(factor, u, lower=0, overwrite_b=1)[0])

    def _own_variances(self) -> FloatArray:
        """Diagonal of U'M⁻¹U."""
        if self._own is None:
            factor, definite = self._dense()
            root = self._band.known.root
            self._own = np.empty(len(root))
            for lo in range(0, len(root), COLUMNS):
                at = np.arange(lo, min(lo + COLUMNS, len(root)))
                u = np.asfortranarray(root[:, at])
                if definite:
                    half = blas.dtrsm(1.0, factor, u, lower=0, trans_a=1, overwrite_b=1)
                    self._own[at] = np.einsum("ij,ij->j", half, half)
                else:
                    self._own[at] = np.einsum("ij,ij->j", u, self._columns(at))
        return self._own

    def _bordered(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """C⁻¹ of the fixed effects, its rows of all effects, and these times the inverse of the first."""
        if self._border is None:
            fixed, border = self.fixed_columns()
            whole = np.concatenate([fixed, self.rotation.turned(border, False)])
            self._border = fixed, whole, solved(fixed, whole)
        return self._border

    def inverse_diagonal(self) -> FloatArray:
        """Diagonal of C⁻¹."""
        _, whole, scaled = self._bordered()
        out = np.einsum("kx,kx->k", whole, scaled)
        out[self.first :] += self._own_variances()
        return out

    def inverse_at(self, rows: ArrayLike, cols: ArrayLike) -> FloatArray:
        """Entries of C⁻¹, any of them."""
        i, j = np.asarray(rows, np.int64), np.asarray(cols, np.int64)
        _, whole, scaled = self._bordered()
        out = np.einsum("kx,kx->k", whole[i], scaled[j])
        both = (i >= self.first) & (j >= self.first)
        same = np.flatnonzero(both & (i == j))
        out[same] += self._own_variances()[i[same] - self.first]
        others = np.flatnonzero(both & (i != j))
        columns, number = np.unique(j[others] - self.first, return_inverse=True)
        root = self._band.known.root
        for lo in range(0, columns.size, COLUMNS):
            mine = np.flatnonzero((number >= lo) & (number < lo + COLUMNS))
            found = self._columns(columns[lo : lo + COLUMNS])
            pairs = root[:, i[others[mine]] - self.first] * found[:, number[mine] - lo]
            out[others[mine]] += pairs.sum(axis=0)
        return out
