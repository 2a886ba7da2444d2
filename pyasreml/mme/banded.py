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
    def _found(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """U above the reflections, in one array by columns; the triangular factors of the reflections; the band."""
        counts = self.incidence.diagonal()
        key = counts.tobytes()
        if key not in self.known.decompositions:
            self.known.decompositions.clear()
            both = mirrored(self._product(self.known.root).T).T
            factors = reduce_to_band(both, WIDTH)
            band = both[self._places]
            root = self.known.__dict__.pop("root")
            for lo in range(0, len(both), COLUMNS):
                some = slice(lo, lo + COLUMNS)
                both[:lo, some] = root[:lo, some]
                both[some, some] = np.tril(both[some, some], -1) + root[some, some]
            self.known.decompositions[key] = both, factors, band
        found: tuple[FloatArray, FloatArray, FloatArray] = self.known.decompositions[key]
        return found

    @property
    def _places(self) -> tuple[IntArray, IntArray]:
        """Rows and columns of the lower band."""
        row, col = np.divmod(np.arange(len(self.known) * (WIDTH + 1), dtype=np.int64), WIDTH + 1)
        col = row - col
        return row[col >= 0], col[col >= 0]

    def _product(self, root: FloatArray) -> FloatArray:
        """UNU' from an array with U in its upper triangle: the upper triangle, by columns, of a new one."""
        scaled = np.asfortranarray(root * np.sqrt(self.incidence.diagonal()))
        return np.asarray(lapack.dlauum(scaled, lower=0, overwrite_c=1)[0])

    def inner_matrix(self) -> FloatArray:
        """UNU', the upper triangle of a float array (q, q) by columns."""
        return self._product(self._found[0])

    def root_columns(self, at: IntArray) -> FloatArray:
        """Columns of U, float array (q, at.size) by columns."""
        return np.asfortranarray(np.where(np.arange(len(self.known))[:, None] <= at, self._found[0][:, at], 0.0))

    def multiplied(self, x: FloatArray, back: bool) -> FloatArray:
        """P x, or P'x."""
        both, factors, _ = self._found
        turned = np.array(x, np.float64, order="F")
        if back:
            turned = blas.dtrmm(1.0, both, turned, overwrite_b=1)
            rotate(both, factors, turned, True)
            return turned
        rotate(both, factors, turned, False)
        return np.asarray(blas.dtrmm(1.0, both, turned, trans_a=1, overwrite_b=1))

    def core(self) -> tuple[IntArray, IntArray, FloatArray]:
        """B."""
        return *self._places, self._found[2]

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
            if failed:
                factor = np.asfortranarray(np.linalg.inv(mirrored(self._matrix().T)))
            self._factor = factor, not failed
        return self._factor

    def _matrix(self) -> FloatArray:
        """M at the coefficients last assembled: its upper triangle, by columns."""
        shares = self.rotation.shares[:, 0, 0]
        matrix = self._band.inner_matrix()
        matrix *= float(shares @ self._c[: shares.size])
        at = np.arange(len(matrix))
        matrix[at, at] += self._c[self._prior]
        return matrix

    def _columns(self, u: FloatArray) -> FloatArray:
        """M⁻¹u for columns u of U, which are overwritten."""
        factor, definite = self._dense()
        return np.asarray(lapack.dpotrs(factor, u, lower=0, overwrite_b=1)[0] if definite else factor @ u)

    def _own_variances(self) -> FloatArray:
        """Diagonal of U'M⁻¹U."""
        if self._own is None:
            factor, definite = self._dense()
            self._own = np.empty(len(factor))
            for lo in range(0, len(factor), COLUMNS):
                at = np.arange(lo, min(lo + COLUMNS, len(factor)))
                u = self._band.root_columns(at)
                if definite:
                    half = blas.dtrsm(1.0, factor, u, lower=0, trans_a=1, overwrite_b=1)
                    self._own[at] = np.einsum("ij,ij->j", half, half)
                else:
                    self._own[at] = np.einsum("ij,ij->j", u, self._columns(u))
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
        for lo in range(0, columns.size, COLUMNS):
            mine = np.flatnonzero((number >= lo) & (number < lo + COLUMNS))
            found = self._columns(self._band.root_columns(columns[lo : lo + COLUMNS]))
            pairs = self._band.root_columns(i[others[mine]] - self.first) * found[:, number[mine] - lo]
            out[others[mine]] += pairs.sum(axis=0)
        return out
