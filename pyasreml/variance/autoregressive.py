r"""``ar1``: first-order autoregressive correlation.

:math:`\Sigma_{ij} = \rho^{|i-j|}`; :math:`\Sigma^{-1}(1-\rho^2) = I + \rho^2 I_{int} - \rho T` with :math:`I_{int}` the
identity without its first and last entry and T the first off-diagonals.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solveh_banded

from pyasreml.variance.base import Coefficients, Entries, FloatArray, NotFeasible, ParameterInfo, Structure


class AR1(Structure):
    """One correlation parameter, ``!cor``, default start 0.1."""

    def __init__(self, size: int):
        self.size = size
        self.parameters = (ParameterInfo("!cor", "R", "U"),)

    def entries(self) -> Entries:
        k = self.size
        at = np.arange(k, dtype=np.int64)
        inner = at[1:-1]
        row = np.concatenate([at, inner, at[1:]])
        col = np.concatenate([at, inner, at[:-1]])
        basis = np.repeat(np.arange(3, dtype=np.int64), [k, max(k - 2, 0), k - 1])
        return Entries(row, col, basis, np.ones(row.size))

    @property
    def basis_count(self) -> int:
        return 3

    def coefficients(self, theta: FloatArray) -> Coefficients:
        rho = float(theta[0])
        if self.size == 1:
            return Coefficients(np.array([1.0, 0, 0]), np.zeros((1, 3)), 0.0, np.zeros(1))
        rest = 1 - rho * rho
        if not rest > 0:
            raise NotFeasible("a correlation is not inside (-1, 1)")
        c = np.array([1.0, rho * rho, -rho]) / rest
        dc = np.array([0.0, 2 * rho, -1.0]) / rest + c * (2 * rho / rest)
        logdet = (self.size - 1) * np.log(rest)
        return Coefficients(c, dc[None, :], float(logdet), np.array([-2 * rho * (self.size - 1) / rest]))

    def working(self, theta: FloatArray, x: FloatArray) -> list[FloatArray]:
        # (dΣ)Σ⁻¹x = -Σ (dΣ⁻¹) x, both steps with tridiagonal matrices
        if self.size == 1:
            return [np.zeros_like(x)]
        point = self.coefficients(theta)
        return [-self.solve(point.c, _tridiagonal(point.dc[0], x))]

    def solve(self, c: FloatArray, x: FloatArray) -> FloatArray:
        """Σ x from the coefficients of Σ⁻¹."""
        band = np.empty((2, self.size))
        band[0] = c[2]
        band[1] = c[0] + c[1]
        band[1, 0] = band[1, -1] = c[0]
        return np.asarray(solveh_banded(band, x, check_finite=False))

    def matrix(self, theta: FloatArray) -> FloatArray:
        at = np.arange(self.size)
        distance = np.abs(at[:, None] - at[None, :])
        rho = float(theta[0])
        return np.asarray(np.sign(rho) ** distance * np.abs(rho) ** distance)

    def starts(self, scale: float, cell_means: FloatArray | None) -> FloatArray:
        return np.array([0.1])


def _tridiagonal(c: FloatArray, x: FloatArray) -> FloatArray:
    """(c₀ I + c₁ I_int + c₂ T) x."""
    out = c[0] * x
    out[1:-1] += c[1] * x[1:-1]
    out[1:] += c[2] * x[:-1]
    out[:-1] += c[2] * x[1:]
    return out
