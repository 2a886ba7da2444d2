r"""One eigendecomposition for a model with one random term and a dense known matrix: P'NP diagonal.

C falls apart into a small block for every column of P, bordered by the fixed effects (Thompson 1973, Biometrics
29:527, for canonical traits; Kang et al. 2008, Genetics 178:1709, for one trait).
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike
from scipy.linalg import eigh
from scipy.sparse import csr_matrix

from pyasreml.linalg.backends import Numeric
from pyasreml.mme.rotation import RotatedNumeric, Rotation, solved
from pyasreml.mme.whitened import WhitenedNumeric
from pyasreml.variance.known import DenseKnown

__all__ = ["SpectralNumeric", "SpectralRotation"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

DIVIDE = 12000
"""Order up to which eigenvectors are found by divide and conquer, the fastest method, whose work space is 2 n²."""
BLOCK = 1 << 22
"""Numbers held at once while entries of the inverse are summed up."""


class SpectralRotation(Rotation):
    """P'NP = D diagonal."""

    @property
    def bytes(self) -> int:
        """What finding P takes at most."""
        q = len(self.known)
        return 8 * q * q * (3 if q <= DIVIDE else 2)

    @cached_property
    def _found(self) -> tuple[FloatArray, FloatArray]:
        return _decomposed(self.known, self.incidence)

    @property
    def vectors(self) -> FloatArray:
        """P (q, q), found at first use."""
        return self._found[0]

    def multiplied(self, x: FloatArray, back: bool) -> FloatArray:
        """P x, or P'x."""
        return np.asarray((self.vectors.T if back else self.vectors) @ x)

    def core(self) -> tuple[IntArray, IntArray, FloatArray]:
        """D."""
        at = np.arange(len(self.known))
        return at, at, self._found[1]

    def numeric(self, inner: Numeric, first: int, copies: float, prior: int) -> RotatedNumeric:
        """See `SpectralNumeric`."""
        return SpectralNumeric(inner, self, first, copies)


def _decomposed(known: DenseKnown, incidence: csr_matrix) -> tuple[FloatArray, FloatArray]:
    """P and D; the last ones of a matrix are kept with it, so that an update has them."""
    counts = incidence.diagonal()
    diagonal = incidence.nnz == np.count_nonzero(counts)
    key = (incidence.indptr.tobytes(), incidence.indices.tobytes(), incidence.data.tobytes())
    if key not in known.decompositions:
        if diagonal and (counts > 0).all():
            root = np.sqrt(counts)
            scaled = known.relationship * root
            scaled *= root[:, None]
            values, vectors = _eigen(scaled)
            vectors *= np.sqrt(np.maximum(values, 0.0))
            vectors /= root[:, None]
        else:
            factor = known.root.T
            values, vectors = _eigen(factor.T @ np.asarray(incidence @ factor))
            vectors = factor @ vectors
        known.decompositions.clear()
        known.__dict__.pop("root", None)
        known.decompositions[key] = vectors, np.maximum(values, 0.0)
    found: tuple[FloatArray, FloatArray] = known.decompositions[key]
    return found


def _eigen(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    driver: Literal["evd", "evr"] = "evd" if matrix.shape[0] <= DIVIDE else "evr"
    return eigh(matrix.T, lower=False, overwrite_a=True, check_finite=False, driver=driver)


class SpectralNumeric(RotatedNumeric):
    """The inverse by its blocks."""

    def __init__(self, inner: Numeric, rotation: SpectralRotation, first: int, copies: float):
        super().__init__(inner, rotation, first, copies)
        self._vectors = rotation.vectors
        self._parts: tuple[FloatArray, FloatArray, FloatArray] | None = None

    def refreshed(self) -> None:
        """Forget the parts of the last inverse."""
        self._parts = None

    def _inverse_parts(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        r"""C⁻¹ of the fixed effects, its rows of the effects, and the inverse blocks of the unknowns.

        :math:`C^{-1} = \mathrm{diag}(0, B^{-1}) + H\,(C^{XX})^{-1}H'` with H the first columns of it: what is left of
        the inverse's blocks without the second part is :math:`B^{-1}`, block diagonal by column of P.
        """
        if self._parts is None:
            p, (blocks, q) = self.first, self.rotation.positions.shape
            fixed, border = self.fixed_columns()
            scaled = solved(fixed, border)
            own = np.empty((blocks, blocks, q))
            for i in range(blocks):
                for j in range(i + 1):
                    a, b = self.rotation.positions[i], self.rotation.positions[j]
                    found = self.inner.inverse_at(a + p, b + p)
                    own[i, j] = own[j, i] = found - np.einsum("kx,kx->k", border[a], scaled[b])
            self._parts = fixed, self.rotation.turned(border, False), own
        return self._parts

    def inverse_diagonal(self) -> FloatArray:
        """Diagonal of C⁻¹."""
        fixed, border, own = self._inverse_parts()
        positions, vectors = self.rotation.positions, self._vectors
        blocks, q = positions.shape
        out = np.empty(self.first + positions.size)
        out[: self.first] = np.diagonal(fixed)
        scaled = solved(fixed, border)
        variance = np.einsum("kx,kx->k", border, scaled)
        inner = np.ascontiguousarray(own[np.arange(blocks), np.arange(blocks)].T)
        for lo in range(0, q, max(1, BLOCK // q)):
            some = slice(lo, lo + max(1, BLOCK // q))
            variance[positions[:, some]] += (np.square(vectors[some]) @ inner).T
        out[self.first :] = variance
        return out

    def inverse_at(self, rows: ArrayLike, cols: ArrayLike) -> FloatArray:
        """Entries of C⁻¹, any of them."""
        i, j = np.asarray(rows, np.int64), np.asarray(cols, np.int64)
        fixed, border, own = self._inverse_parts()
        p, (blocks, q) = self.first, self.rotation.positions.shape
        whole = np.concatenate([fixed, border])
        scaled = solved(fixed, whole)
        place = np.empty(blocks * q, np.int64)
        place[self.rotation.positions.ravel()] = np.arange(blocks * q)
        out = np.empty(i.size)
        for lo in range(0, i.size, max(1, BLOCK // q)):
            some = slice(lo, lo + max(1, BLOCK // q))
            a, b = i[some], j[some]
            found = np.einsum("kx,kx->k", whole[a], scaled[b])
            both = np.flatnonzero((a >= p) & (b >= p))
            x, y = place[a[both] - p], place[b[both] - p]
            for pair in np.unique(x // q * blocks + y // q).tolist():
                mine = x // q * blocks + y // q == pair
                left, right = self._vectors[x[mine] % q], self._vectors[y[mine] % q]
                found[both[mine]] += (left * right) @ own[pair // blocks, pair % blocks]
            out[some] = found
        return out

    def unknown_variances(self, at: IntArray) -> FloatArray:
        """Prediction error variances of whitened unknowns turned back by P, (blocks, q), from their numbers.

        Parameters
        ----------
        at : int array (blocks, q)
            Unknowns of the whitened form, a row for all columns of P.
        """
        assert isinstance(self.inner, WhitenedNumeric)
        inner, p = self.inner.inner, self.first
        unit = np.zeros((self.inner.whitening.N, p))
        unit[np.arange(p), np.arange(p)] = 1.0
        h = inner.solve(unit)
        fixed = 0.5 * (h[:p] + h[:p].T)
        out = np.empty(at.shape)
        for i, mine in enumerate(at):
            border = h[mine]
            own = inner.inverse_at(mine, mine) - np.einsum("kx,kx->k", border, solved(fixed, border))
            turned = self._vectors @ border
            out[i] = np.square(self._vectors) @ own + np.einsum("kx,kx->k", turned, solved(fixed, turned))
        return out
