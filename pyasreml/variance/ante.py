r"""``ante``: antedependence of order k, :math:`\Sigma^{-1} = U D U'`.

U is unit upper triangular with k superdiagonals, so the inverse is banded; D is on the inverse scale
(Gabriel, K. R. (1962), Ann. Math. Statist. 33:201).
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_triangular

from pyasreml.errors import ModelError
from pyasreml.variance.base import Coefficients, Entries, FloatArray, NotFeasible, ParameterInfo
from pyasreml.variance.unstructured import GivenAsCovariance, Unstructured


class Ante(GivenAsCovariance):
    """Antedependence of order k.

    Parameters row-wise along the lower band under names of matrix entries: ``_1:1`` is d₁, ``_2:1`` is u₁₂, ``_2:2`` is
    d₂ …, all with code U, as asreml prints them. ``init=`` takes the covariance matrix itself, its lower triangle
    row-wise. Default starts are the factors of the start of ``us``.
    """

    has_variance = True

    def __init__(self, levels: tuple[str, ...], order: int, text: str = "ante()"):
        size = len(levels)
        if order >= size > 1:
            raise ModelError(f"{text}: order {order} needs more than {order} levels; there are {size}")
        self.size = size
        self._levels = levels
        row, col = np.tril_indices(size)
        band = row - col <= order
        self._row, self._col = row[band].astype(np.int64), col[band].astype(np.int64)
        self._pivot = self._row == self._col
        self._places = np.flatnonzero(band)
        self.parameters = tuple(
            ParameterInfo(f"_{levels[r]}:{levels[c]}", "V" if r == c else "C", "U")
            for r, c in zip(self._row.tolist(), self._col.tolist(), strict=True)
        )

    def entries(self) -> Entries:
        return Entries(self._row, self._col, np.arange(self._row.size, dtype=np.int64), np.ones(self._row.size))

    def _factors(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """U (k, k) and d (k,); raises `NotFeasible`."""
        d = theta[self._pivot]
        if not (d > 0).all():
            raise NotFeasible("a pivot of the inverse is not positive")
        u = np.eye(self.size)
        off = ~self._pivot
        u[self._col[off], self._row[off]] = theta[off]
        return u, d

    def _slopes(self, u: FloatArray, d: FloatArray) -> FloatArray:
        """∂Σ⁻¹ by parameter, (p, k, k)."""
        p, at = self._row.size, np.arange(self._row.size)
        # by d_m: U_m U_m'; by u_im, the entry of parameter (row m, column i): d_m (e_i U_m' + U_m e_i')
        column = u.T[self._row]
        left = np.where(self._pivot[:, None], 0.5 * column, 0.0)
        left[at, self._col] += np.where(self._pivot, 0.0, d[self._row])
        out = np.einsum("pi,pj->pij", left, column)
        assert out.shape == (p, self.size, self.size)
        return np.asarray(out + out.transpose(0, 2, 1))

    def coefficients(self, theta: FloatArray) -> Coefficients:
        u, d = self._factors(theta)
        inverse = (u * d) @ u.T
        dc = self._slopes(u, d)[:, self._row, self._col]
        dlogdet = np.where(self._pivot, -1 / np.where(self._pivot, theta, 1.0), 0.0)
        return Coefficients(inverse[self._row, self._col], dc, -float(np.log(d).sum()), dlogdet)

    def working(self, theta: FloatArray, x: FloatArray) -> list[FloatArray]:
        u, d = self._factors(theta)
        moved = np.moveaxis(self._slopes(u, d) @ x, 0, 1)
        return list(-np.moveaxis(_solve(u, d, moved.reshape(self.size, -1)).reshape(moved.shape), 1, 0))

    def matrix(self, theta: FloatArray) -> FloatArray:
        return _solve(*self._factors(theta), np.eye(self.size))

    def from_init(self, values: FloatArray) -> FloatArray:
        # column m of U holds minus the regression of level m on the k before it ... from the band of Σ alone
        sigma = Unstructured(self._levels).matrix(values)
        order = int((self._row - self._col).max())
        theta = np.empty(self._row.size)
        for m in range(self.size):
            before = slice(max(0, m - order), m)
            slope = np.linalg.solve(sigma[before, before], sigma[before, m]) if m else np.zeros(0)
            left = float(sigma[m, m] - sigma[before, m] @ slope)
            if not left > 0:
                raise NotFeasible("not positive definite")
            mine = self._row == m
            theta[mine] = np.append(-slope, 1 / left)
        return theta


def _solve(u: FloatArray, d: FloatArray, x: FloatArray) -> FloatArray:
    """(U D U')⁻¹ x."""
    v = solve_triangular(u, x, unit_diagonal=True, check_finite=False) / d[:, None]
    return np.asarray(solve_triangular(u, v, trans="T", unit_diagonal=True, check_finite=False))
