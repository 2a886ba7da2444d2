r"""``fa`` and ``facv``: factor analysis, :math:`\Sigma = \Lambda\Lambda' + \Psi`.

The inverse of Σ is used, so every specific variance has to stay positive (Smith, A., Cullis, B., Thompson, R. (2001),
Biometrics 57:1138).
"""

from __future__ import annotations

import numpy as np

from pyasreml.errors import ModelError
from pyasreml.variance.base import FloatArray, NotFeasible, ParameterInfo
from pyasreml.variance.dense import Dense

COMMON = 0.5
"""Share of a level's start variance that goes to the loadings."""


class FactorAnalytic(Dense):
    """Factor analysis of some order.

    Parameters ``!<level>!var`` of all levels, then ``!<level>!fa1``, ``!<level>!fa2`` …; ``facv``: loadings first.

    The loadings above the diagonal (level i, factor j > i) are fixed at 0, which takes the rotation away.
    asreml's default starts are not known. A loading of 0 throughout is a saddle point, so half of each level's start
    variance is spread over its loadings, whose signs differ from factor to factor.

    Parameters
    ----------
    levels : tuple of str
    order : int
        Number of factors, at most that of the levels.
    loadings_first : bool
        ``facv``.
    """

    has_variance = True

    def __init__(self, levels: tuple[str, ...], order: int, loadings_first: bool = False, text: str = "fa()"):
        size = len(levels)
        if order > size:
            raise ModelError(f"{text}: {order} factors need at least {order} levels; there are {size}")
        self.order = order
        self._first = loadings_first
        specific = [ParameterInfo(f"!{level}!var", "V", "P", bare=True) for level in levels]
        loadings = [
            ParameterInfo(f"!{level}!fa{j + 1}", "L", "F" if j > i else "P", bare=True)
            for j in range(order)
            for i, level in enumerate(levels)
        ]
        super().__init__(size, tuple(loadings + specific if loadings_first else specific + loadings))

    def split(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Λ (k, order) and ψ (k,)."""
        m = self.size * self.order
        loadings, specific = (theta[:m], theta[m:]) if self._first else (theta[self.size :], theta[: self.size])
        return loadings.reshape(self.order, self.size).T, specific

    def _join(self, loadings: FloatArray, specific: FloatArray) -> FloatArray:
        flat = loadings.T.ravel()
        return np.concatenate([flat, specific] if self._first else [specific, flat])

    def check(self, theta: FloatArray) -> None:
        if not (self.split(theta)[1] > 0).all():
            raise NotFeasible("a specific variance is not positive")

    def matrix(self, theta: FloatArray) -> FloatArray:
        loadings, specific = self.split(theta)
        return loadings @ loadings.T + np.diag(specific)

    def derivatives(self, theta: FloatArray) -> FloatArray:
        loadings, _ = self.split(theta)
        k, at = self.size, np.arange(self.size)
        specific = np.zeros((k, k, k))
        specific[at, at, at] = 1.0
        # by λ_ij: e_i Λ_j' + Λ_j e_i'
        half = np.zeros((self.order, k, k, k))
        half[:, at, at, :] = loadings.T[:, None, :]
        common = (half + half.transpose(0, 1, 3, 2)).reshape(-1, k, k)
        return np.concatenate([common, specific] if self._first else [specific, common])

    def starts(self, scale: float, cell_means: FloatArray | None) -> FloatArray:
        variances = np.full(self.size, scale)
        if cell_means is not None:
            seen = np.diagonal(cell_means) if cell_means.ndim == 2 else cell_means
            variances = np.where(np.isfinite(seen) & (seen > 0), 0.1 * seen, scale)
        level, factor = np.arange(self.size)[:, None], np.arange(self.order)[None, :]
        signs = np.where((level // np.maximum(factor, 1)) % 2 * (factor > 0) == 1, -1.0, 1.0)
        free = factor <= level
        share = COMMON * variances[:, None] / free.sum(axis=1, keepdims=True)
        return self._join(np.where(free, signs * np.sqrt(share), 0.0), (1 - COMMON) * variances)

    def free_roots(self) -> tuple[bool, ...]:
        return tuple(p.type == "V" for p in self.parameters)

    def to_free(self, theta: FloatArray) -> FloatArray:
        return np.where(self.free_roots(), np.sqrt(np.abs(theta)), theta)

    def from_free(self, free: FloatArray) -> FloatArray:
        return np.where(self.free_roots(), free**2, free)

    def free_jacobian(self, free: FloatArray) -> FloatArray:
        return np.diag(np.where(self.free_roots(), 2 * free, 1.0))
