"""``diag`` and ``idh``: a variance a level."""

from __future__ import annotations

import numpy as np

from pyasreml.variance.base import Coefficients, Entries, FloatArray, NotFeasible, ParameterInfo, Structure


class Diagonal(Structure):
    """Σ = diag(θ), parameters in level order.

    Default starts are a tenth of the variance of the cell means by level where the term has other factors
    (seen in every saved fit with ``diag`` or ``at``-free heterogeneity), else the plain variance's start.
    """

    diagonal = True
    has_variance = True

    def __init__(self, levels: tuple[str, ...]):
        self.size = len(levels)
        self.parameters = tuple(ParameterInfo(f"_{level}", "V", "P") for level in levels)

    def entries(self) -> Entries:
        at = np.arange(self.size, dtype=np.int64)
        return Entries(at, at, at, np.ones(self.size))

    def coefficients(self, theta: FloatArray) -> Coefficients:
        if not (theta != 0).all():
            raise NotFeasible("a variance is zero")
        inverse = 1 / theta
        return Coefficients(inverse, np.diag(-(inverse**2)), float(np.log(np.abs(theta)).sum()), inverse)

    def working(self, theta: FloatArray, x: FloatArray) -> list[FloatArray]:
        out = []
        for i in range(self.size):
            q = np.zeros_like(x)
            q[i] = x[i] / theta[i]
            out.append(q)
        return out

    def matrix(self, theta: FloatArray) -> FloatArray:
        return np.diag(theta)

    def starts(self, scale: float, cell_means: FloatArray | None) -> FloatArray:
        if cell_means is None:
            return np.full(self.size, scale)
        variances = np.diagonal(cell_means) if cell_means.ndim == 2 else cell_means
        usable = np.isfinite(variances) & (variances > 0)
        return np.where(usable, 0.1 * variances, scale)
