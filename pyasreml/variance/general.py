r"""``corgh``: the matrix of ``us()`` by its correlations and variances, and kept positive definite in the same ways.

Correlations alone know no simple bounds that keep a matrix positive definite. So EM steps and the exact stepper's free
coordinates are those of Σ: with θ = (ρ, γ), :math:`\Sigma_{ij} = \rho_{ij}\sqrt{\gamma_i\gamma_j}`.
"""

from __future__ import annotations

import numpy as np

from pyasreml.variance.band import GeneralCorrelation
from pyasreml.variance.base import FloatArray, IntArray
from pyasreml.variance.scaled import Heterogeneous
from pyasreml.variance.unstructured import Unstructured


class GeneralHeterogeneous(Heterogeneous):
    """``corgh``. Parameters: ``!<level i>:!<variable>!<level j>.cor`` by lower triangle, then ``_<level>``."""

    def __init__(self, correlation: GeneralCorrelation, levels: tuple[str, ...]):
        super().__init__(correlation, levels)
        self._us = Unstructured(levels)
        row, col = np.tril_indices(self.size)
        off = np.flatnonzero(row != col)
        # θ's order among the elements of the lower triangle: those below the diagonal, then the diagonal
        self._order: IntArray = np.concatenate([off, np.flatnonzero(row == col)])
        self._place = np.argsort(self._order)
        self._i, self._j = row[off], col[off]

    def _covariances(self, theta: FloatArray) -> FloatArray:
        """Lower triangle of Σ by rows."""
        sigma = self.matrix(theta)
        return np.asarray(sigma[np.tril_indices(self.size)])

    def _parameters(self, elements: FloatArray) -> FloatArray:
        """θ of the lower triangle of Σ."""
        sigma = self._us.matrix(elements)
        variances = np.diagonal(sigma)
        return np.concatenate([sigma[self._i, self._j] / np.sqrt(variances[self._i] * variances[self._j]), variances])

    def _slopes(self, elements: FloatArray) -> FloatArray:
        """∂θ/∂Σ, by elements of the lower triangle in θ's order, float array (p, p)."""
        sigma = self._us.matrix(elements)
        variances = np.diagonal(sigma)
        count = self._i.size
        out = np.eye(elements.size)
        at = np.arange(count)
        scale = 1 / np.sqrt(variances[self._i] * variances[self._j])
        rho = sigma[self._i, self._j] * scale
        out[at, at] = scale
        out[at, count + self._i] = -0.5 * rho / variances[self._i]
        out[at, count + self._j] = -0.5 * rho / variances[self._j]
        return out

    def em_step(self, theta: FloatArray, score: FloatArray, copies: float) -> FloatArray:
        elements = self._covariances(theta)
        slope = (self._slopes(elements).T @ score)[self._place]
        return self._parameters(self._us.em_step(elements, slope, copies))

    def to_free(self, theta: FloatArray) -> FloatArray:
        return self._us.to_free(self._covariances(theta))[self._order]

    def from_free(self, free: FloatArray) -> FloatArray:
        return self._parameters(self._us.from_free(free[self._place]))

    def free_jacobian(self, free: FloatArray) -> FloatArray:
        inner = self._us.free_jacobian(free[self._place])[np.ix_(self._order, self._order)]
        return np.asarray(self._slopes(self._us.from_free(free[self._place])) @ inner)

    def free_roots(self) -> tuple[bool, ...]:
        return (*(False for _ in self._i), *(True for _ in range(self.size)))

    def free_curvature(self, score: FloatArray, free: FloatArray) -> FloatArray:
        elements = self._us.from_free(free[self._place])
        slope = (self._slopes(elements).T @ score)[self._place]
        return self._us.free_curvature(slope, free[self._place])[np.ix_(self._order, self._order)]
