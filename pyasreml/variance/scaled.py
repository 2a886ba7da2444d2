r"""The suffixes ``v`` and ``h``: a correlation structure with one variance, or a variance a level.

:math:`\Sigma = D^{1/2} C D^{1/2}`, with D = γ I or diag(γ₁ … γ_k). Correlations come first among the parameters.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pyasreml.variance.base import Coefficients, Entries, FloatArray, NotFeasible, ParameterInfo, Structure


class CommonVariance(Structure):
    """Suffix ``v``: Σ = γ C. Parameters: those of C, then ``!var``."""

    has_variance = True

    def __init__(self, correlation: Structure):
        self.correlation = correlation
        self.size = correlation.size
        self.diagonal = correlation.diagonal
        self.parameters = (*correlation.parameters, ParameterInfo("!var", "V", "P"))

    def entries(self) -> Entries:
        return self.correlation.entries()

    @property
    def basis_count(self) -> int:
        return self.correlation.basis_count

    def coefficients(self, theta: FloatArray) -> Coefficients:
        point, variance = self.correlation.coefficients(theta[:-1]), float(theta[-1])
        if variance == 0:
            raise NotFeasible("a variance is zero")
        c = point.c / variance
        dc = np.vstack([point.dc / variance, -c / variance])
        return Coefficients(
            c,
            dc,
            point.logdet + self.size * np.log(abs(variance)),
            np.append(point.dlogdet, self.size / variance),
        )

    def scan(self) -> Mapping[int, FloatArray]:
        return self.correlation.scan()

    def working(self, theta: FloatArray, x: FloatArray) -> list[FloatArray]:
        return [*self.correlation.working(theta[:-1], x), x / theta[-1]]

    def matrix(self, theta: FloatArray) -> FloatArray:
        return theta[-1] * self.correlation.matrix(theta[:-1])

    def starts(self, scale: float, cell_means: FloatArray | None) -> FloatArray:
        return np.append(self.correlation.starts(scale, None), scale)


class Heterogeneous(Structure):
    """Suffix ``h``: a variance a level. Parameters: those of C, then ``_<level>`` in level order."""

    has_variance = True

    def __init__(self, correlation: Structure, levels: tuple[str, ...]):
        self.correlation = correlation
        self.size = correlation.size
        self.diagonal = correlation.diagonal
        self.parameters = (*correlation.parameters, *(ParameterInfo(f"_{level}", "V", "P") for level in levels))
        inner = correlation.entries()
        key = inner.row * self.size + inner.col
        where, self._slot = np.unique(key, return_inverse=True)
        self._row, self._col = where // self.size, where % self.size
        self._basis, self._value = inner.basis, inner.value

    def entries(self) -> Entries:
        return Entries(self._row, self._col, np.arange(self._row.size, dtype=np.int64), np.ones(self._row.size))

    def _at_entries(self, c: FloatArray) -> FloatArray:
        weights = self._value * c[self._basis]
        return np.bincount(self._slot, weights=weights, minlength=self._row.size).astype(np.float64, copy=False)

    def coefficients(self, theta: FloatArray) -> Coefficients:
        p = len(self.correlation.parameters)
        point, variances = self.correlation.coefficients(theta[:p]), theta[p:]
        if not (variances > 0).all():
            raise NotFeasible("a variance is not positive")
        scale = 1 / np.sqrt(variances[self._row] * variances[self._col])
        c = self._at_entries(point.c) * scale
        dc = np.zeros((theta.size, c.size))
        for i in range(p):
            dc[i] = self._at_entries(point.dc[i]) * scale
        at = np.arange(c.size)
        np.subtract.at(dc, (p + self._row, at), 0.5 * c / variances[self._row])
        np.subtract.at(dc, (p + self._col, at), 0.5 * c / variances[self._col])
        return Coefficients(
            c,
            dc,
            point.logdet + float(np.log(variances).sum()),
            np.concatenate([point.dlogdet, 1 / variances]),
        )

    def scan(self) -> Mapping[int, FloatArray]:
        return self.correlation.scan()

    def working(self, theta: FloatArray, x: FloatArray) -> list[FloatArray]:
        p = len(self.correlation.parameters)
        root = np.sqrt(theta[p:])[:, None]
        out = [root * q for q in self.correlation.working(theta[:p], x / root)]
        # ∂Σ/∂γ_i = (E_i Σ + Σ E_i) / 2γ_i
        correlation = self.correlation.matrix(theta[:p])
        v = np.linalg.solve(correlation, x / root)
        for i in range(self.size):
            q = root * (correlation[:, i : i + 1] * v[i])
            q[i] += x[i]
            out.append(q / (2 * theta[p + i]))
        return out

    def matrix(self, theta: FloatArray) -> FloatArray:
        p = len(self.correlation.parameters)
        root = np.sqrt(theta[p:])
        return root[:, None] * self.correlation.matrix(theta[:p]) * root

    def starts(self, scale: float, cell_means: FloatArray | None) -> FloatArray:
        correlations = self.correlation.starts(scale, None)
        if cell_means is None:
            return np.concatenate([correlations, np.full(self.size, scale)])
        variances = np.diagonal(cell_means) if cell_means.ndim == 2 else cell_means
        usable = np.isfinite(variances) & (variances > 0)
        return np.concatenate([correlations, np.where(usable, 0.1 * variances, scale)])
