"""``vm``: a known matrix, given by its inverse."""

from __future__ import annotations

import numpy as np

from pyasreml.data.relationship import DenseKnown, Known
from pyasreml.variance.base import Coefficients, Entries, FloatArray, Structure


class KnownMatrix(Structure):
    """Σ = K without parameters: one basis matrix, K⁻¹, whose pattern is that of the source.

    The variances of genetic groups are zero in K: they are fixed effects, on which its inverse sets no prior.
    """

    def __init__(self, known: Known):
        self.known = known
        self.size = len(known)
        self.negative = known.negative
        self.flat = known.groups

    @property
    def basis_count(self) -> int:
        return 1

    def entries(self) -> Entries:
        return Entries(self.known.row, self.known.col, np.zeros(self.known.row.size, np.int64), self.known.value)

    def coefficients(self, theta: FloatArray) -> Coefficients:
        return Coefficients(np.ones(1), np.zeros((0, 1)), self.known.logdet, np.zeros(0))

    def working(self, theta: FloatArray, x: FloatArray) -> list[FloatArray]:
        return []

    def matrix(self, theta: FloatArray) -> FloatArray:
        dense = dense_matrix(self)
        if dense is not None:
            return dense.relationship
        full = self.entries().full()
        inverse = np.zeros((self.size, self.size))
        inverse[full.row, full.col] = full.value
        out, own = np.zeros_like(inverse), slice(self.flat, None)
        out[own, own] = np.linalg.inv(inverse[own, own])
        return out

    def starts(self, scale: float, cell_means: FloatArray | None) -> FloatArray:
        return np.zeros(0)


class RotatedKnown(KnownMatrix):
    """Σ = K in unknowns w with var(w) = I, u = P w, PP' = K: entries of the inverse are those of w's.

    The log-determinant stays that of K, and so does `dense_matrix`.
    """

    def entries(self) -> Entries:
        at = np.arange(self.size, dtype=np.int64)
        return Entries(at, at, np.zeros(self.size, np.int64), np.ones(self.size))


def dense_matrix(structure: Structure) -> DenseKnown | None:
    """The known matrix of a structure that is one, where it is kept dense."""
    known = structure.known if isinstance(structure, KnownMatrix) else None
    return known if isinstance(known, DenseKnown) else None
