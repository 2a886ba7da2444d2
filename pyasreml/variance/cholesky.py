r"""``chol`` and ``cholc``: :math:`\Sigma = L D L'`, L unit lower triangular with k bands or its first k columns."""

from __future__ import annotations

import numpy as np

from pyasreml.errors import ModelError
from pyasreml.variance.base import FloatArray, IntArray, NotFeasible, ParameterInfo
from pyasreml.variance.dense import Dense
from pyasreml.variance.unstructured import GivenAsCovariance, Unstructured


class Cholesky(GivenAsCovariance, Dense):
    """Modified Cholesky factors.

    Parameters row-wise under names of matrix entries: ``_1:1`` is d₁, ``_2:1`` is l₂₁, ``_2:2`` is d₂ …. Names, order
    and codes (U) follow ``ante``; asreml's own are not documented. ``init=`` takes the covariance matrix, its lower
    triangle row-wise; default starts are the factors of the start of ``us``.

    Parameters
    ----------
    levels : tuple of str
    order : int
        k.
    columns : bool
        True for ``cholc``: the first k columns of L instead of k bands.
    """

    has_variance = True

    def __init__(self, levels: tuple[str, ...], order: int, columns: bool = False, text: str = "chol()"):
        size = len(levels)
        if order >= size > 1:
            raise ModelError(f"{text}: order {order} needs more than {order} levels; there are {size}")
        self._levels = levels
        row, col = np.tril_indices(size)
        kept = (row == col) | (col < order) if columns else row - col <= order
        self._i, self._j = row[kept], col[kept]
        self._pivot = self._i == self._j
        self._places: IntArray = np.flatnonzero(kept)
        parameters = tuple(
            ParameterInfo(f"_{levels[r]}:{levels[c]}", "V" if r == c else "C", "U")
            for r, c in zip(self._i.tolist(), self._j.tolist(), strict=True)
        )
        super().__init__(size, parameters)

    def check(self, theta: FloatArray) -> None:
        if not (theta[self._pivot] > 0).all():
            raise NotFeasible("a pivot is not positive")

    def _factors(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        lower = np.eye(self.size)
        off = ~self._pivot
        lower[self._i[off], self._j[off]] = theta[off]
        return lower, theta[self._pivot]

    def matrix(self, theta: FloatArray) -> FloatArray:
        lower, d = self._factors(theta)
        return (lower * d) @ lower.T

    def derivatives(self, theta: FloatArray) -> FloatArray:
        lower, d = self._factors(theta)
        # by d_j: L_j L_j'; by l_ij: d_j (e_i L_j' + L_j e_i')
        column = lower.T[self._j]
        left = np.where(self._pivot[:, None], 0.5 * column, 0.0)
        left[np.arange(self._i.size), self._i] += np.where(self._pivot, 0.0, d[self._j])
        out = np.einsum("pi,pj->pij", left, column)
        return np.asarray(out + out.transpose(0, 2, 1))

    def from_init(self, values: FloatArray) -> FloatArray:
        try:
            factor = np.linalg.cholesky(Unstructured(self._levels).matrix(values))
        except np.linalg.LinAlgError:
            raise NotFeasible("not positive definite") from None
        root = np.diagonal(factor)
        return np.where(self._pivot, root[self._i] ** 2, (factor / root)[self._i, self._j])
