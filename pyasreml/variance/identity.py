"""``id`` and ``idv``: the identity, its scale carried by the term."""

from __future__ import annotations

import numpy as np

from pyasreml.variance.base import Coefficients, Entries, FloatArray, Structure


class Identity(Structure):
    """Σ = I. The scale of ``idv`` is the term's own parameter, so both names share this class."""

    diagonal = True

    def __init__(self, size: int):
        self.size = size

    def entries(self) -> Entries:
        at = np.arange(self.size, dtype=np.int64)
        return Entries(at, at, np.zeros(self.size, np.int64), np.ones(self.size))

    @property
    def basis_count(self) -> int:
        return 1

    def coefficients(self, theta: FloatArray) -> Coefficients:
        return Coefficients(np.ones(1), np.zeros((0, 1)), 0.0, np.zeros(0))

    def working(self, theta: FloatArray, x: FloatArray) -> list[FloatArray]:
        return []

    def matrix(self, theta: FloatArray) -> FloatArray:
        return np.eye(self.size)

    def starts(self, scale: float, cell_means: FloatArray | None) -> FloatArray:
        return np.zeros(0)
