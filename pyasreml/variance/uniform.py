r"""``cor``: one correlation between all levels, :math:`\Sigma = (1-\rho)I + \rho J`."""

from __future__ import annotations

import numpy as np

from pyasreml.variance.base import Coefficients, Entries, FloatArray, NotFeasible, Structure
from pyasreml.variance.dense import CORRELATION_START, correlation_parameters


class Uniform(Structure):
    """Parameter ``!cor``, inside (-1/(k-1), 1), default start 0.1; the inverse is a combination of I and J."""

    def __init__(self, size: int):
        self.size = size
        self.parameters = correlation_parameters(1)

    @property
    def basis_count(self) -> int:
        return 2

    def entries(self) -> Entries:
        at = np.arange(self.size, dtype=np.int64)
        row, col = (x.astype(np.int64) for x in np.tril_indices(self.size))
        basis = np.concatenate([np.zeros(self.size, np.int64), np.ones(row.size, np.int64)])
        return Entries(np.concatenate([at, row]), np.concatenate([at, col]), basis, np.ones(basis.size))

    def coefficients(self, theta: FloatArray) -> Coefficients:
        rho, k = float(theta[0]), self.size
        if k == 1:
            return Coefficients(np.array([1.0, 0.0]), np.zeros((1, 2)), 0.0, np.zeros(1))
        own, total = 1 - rho, 1 + (k - 1) * rho
        if not (own > 0 and total > 0):
            raise NotFeasible(f"a common correlation of {k} levels is not inside (-1/{k - 1}, 1)")
        c = np.array([1 / own, -rho / (own * total)])
        dc = np.array([[1 / own**2, -(1 + (k - 1) * rho * rho) / (own * total) ** 2]])
        logdet = (k - 1) * np.log(own) + np.log(total)
        return Coefficients(c, dc, float(logdet), np.array([(k - 1) * (1 / total - 1 / own)]))

    def working(self, theta: FloatArray, x: FloatArray) -> list[FloatArray]:
        c = self.coefficients(theta).c
        v = c[0] * x + c[1] * x.sum(axis=0)
        return [v.sum(axis=0) - v]

    def matrix(self, theta: FloatArray) -> FloatArray:
        sigma = np.full((self.size, self.size), float(theta[0]))
        np.fill_diagonal(sigma, 1.0)
        return sigma

    def starts(self, scale: float, cell_means: FloatArray | None) -> FloatArray:
        return np.array([CORRELATION_START])
