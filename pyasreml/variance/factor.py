r"""``fa``, ``facv`` and ``rr``: factor analysis, :math:`\Sigma = \Lambda\Lambda' + \Psi`, and reduced rank, without Ψ.

By its inverse every specific variance has to stay positive (Smith, A., Cullis, B., Thompson, R. (2001), Biometrics
57:1138); by its factor :math:`T = [\Psi^{1/2}\ \Lambda]` it may be zero.
"""

from __future__ import annotations

import numpy as np

from pyasreml.errors import ModelError
from pyasreml.variance.base import FloatArray, IntArray, NotFeasible, ParameterInfo
from pyasreml.variance.dense import Dense
from pyasreml.variance.factored import Factored, FactorPoint

COMMON = 0.5
"""Share of a level's start variance that goes to the loadings."""
LEAST_ROOT = 0.05
"""Roots of the correlations of cell means below this count as this much in start values …"""
LEAST_LOADING = 0.05
"""… and so does a loading below this part of the usual size."""
LEAST = 1e-14
"""A specific variance below this part of the largest variance counts as this much in T, whose root it is."""
EDGE = 1e-7
"""A specific variance below this part of its level's variance makes the inverse form lose digits."""


class FactorAnalytic(Dense, Factored):
    """Factor analysis of some order.

    Parameters ``!<level>!var`` of all levels, then ``!<level>!fa1``, ``!<level>!fa2`` …; ``facv``: loadings first.

    The loadings above the diagonal (level i, factor j > i) are fixed at 0, which takes the rotation away.
    asreml's default starts are not known. A loading of 0 throughout is a saddle point, so half of each level's start
    variance is spread over its loadings, as the principal components of the correlations between cell means are.

    Parameters
    ----------
    levels : tuple of str
    order : int
        Number of factors, at most that of the levels.
    loadings_first : bool
        ``facv``.
    """

    has_variance = True
    free_separable = True
    _specific_code = "P"

    def __init__(self, levels: tuple[str, ...], order: int, loadings_first: bool = False, text: str = "fa()"):
        size = len(levels)
        if order > size:
            raise ModelError(f"{text}: {order} factors need at least {order} levels; there are {size}")
        self.order = self.factors = order
        self.rank = size + order
        self._first = loadings_first
        specific = [ParameterInfo(f"!{level}!var", "V", self._specific_code, bare=True) for level in levels]
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

    def feasible(self, theta: FloatArray) -> bool:
        try:
            self.factor_at(theta)
        except NotFeasible:
            return False
        return True

    def factor_entries(self) -> tuple[IntArray, IntArray]:
        at, level = np.arange(self.size), np.tile(np.arange(self.size), self.order)
        column = self.size + np.repeat(np.arange(self.order), self.size)
        return np.concatenate([at, level]).astype(np.int64), np.concatenate([at, column]).astype(np.int64)

    def factor_at(self, theta: FloatArray) -> FactorPoint:
        loadings, specific = self.split(theta)
        if not (specific >= 0).all():
            raise NotFeasible("a specific variance is negative")
        k, m = self.size, self.size * self.order
        largest = float((specific + (loadings**2).sum(axis=1)).max())
        root = np.sqrt(np.maximum(specific, max(LEAST * largest, 1e-300)))
        slopes = np.zeros((k + m, k + m))
        at = np.arange(k)
        slopes[at, at] = 0.5 / root
        slopes[k:, k:] = np.eye(m)
        if self._first:
            slopes = np.roll(slopes, -k, axis=0)
        return FactorPoint(np.concatenate([root, loadings.T.ravel()]), slopes)

    def moves(self) -> tuple[IntArray, IntArray, IntArray]:
        at, m = np.arange(self.size), self.size * self.order
        level, factor = np.tile(at, self.order), np.repeat(np.arange(self.order), self.size)
        specific, loading = (m + at, np.arange(m)) if self._first else (at, self.size + np.arange(m))
        # column j of the loadings in T comes after those of the specific variances, if there are any
        source = self.size + (self.rank - self.order) + factor
        parts = ((at, level), (specific, loading), (at, source))
        return tuple(np.concatenate(x).astype(np.int64) for x in parts)  # type: ignore[return-value]

    def slopes_times(self, theta: FloatArray, x: FloatArray) -> list[FloatArray]:
        loadings, _ = self.split(theta)
        common, specific = [], []
        scores = loadings.T @ x
        for i in range(self.size):
            q = np.zeros_like(x)
            q[i] = x[i]
            specific.append(q)
        for j in range(self.order):
            for i in range(self.size):
                q = np.multiply.outer(loadings[:, j], x[i])
                q[i] += scores[j]
                common.append(q)
        return common + specific if self._first else specific + common

    def edge(self, theta: FloatArray) -> bool:
        loadings, specific = self.split(theta)
        return bool((specific <= EDGE * (specific + (loadings**2).sum(axis=1))).any())

    def starts(self, scale: float, cell_means: FloatArray | None) -> FloatArray:
        variances = np.full(self.size, scale)
        correlations = np.eye(self.size)
        if cell_means is not None:
            seen = np.diagonal(cell_means) if cell_means.ndim == 2 else cell_means
            good = np.isfinite(seen) & (seen > 0)
            variances = np.where(good, 0.1 * seen, scale)
            if cell_means.ndim == 2 and good.all() and np.isfinite(cell_means).all():
                correlations = cell_means / np.sqrt(np.outer(seen, seen))
        loadings = self._pattern() if np.allclose(correlations, np.eye(self.size)) else self._principal(correlations)
        share = COMMON * variances / np.square(loadings).sum(axis=1)
        return self._join(loadings * np.sqrt(share)[:, None], (1 - COMMON) * variances)

    def _pattern(self) -> FloatArray:
        """Loadings of one size, whose signs differ from factor to factor."""
        level, factor = np.arange(self.size)[:, None], np.arange(self.order)[None, :]
        signs = np.where((level // np.maximum(factor, 1)) % 2 * (factor > 0) == 1, -1.0, 1.0)
        return np.where(factor <= level, signs, 0.0)

    def _principal(self, correlations: FloatArray) -> FloatArray:
        """Directions of the first principal components, rotated so that the fixed loadings are 0 and no others."""
        roots, vectors = np.linalg.eigh(correlations)
        chosen = vectors[:, ::-1][:, : self.order] * np.sqrt(np.maximum(roots[::-1][: self.order], LEAST_ROOT))
        turn, _ = np.linalg.qr(chosen[: self.order].T)
        loadings = chosen @ turn
        loadings *= np.where(loadings.sum(axis=0) < 0, -1.0, 1.0)
        least = LEAST_LOADING * np.sqrt(np.square(loadings).mean())
        loadings = np.where(np.abs(loadings) < least, np.where(loadings < 0, -least, least), loadings)
        return np.where(np.arange(self.order) <= np.arange(self.size)[:, None], loadings, 0.0)

    def free_roots(self) -> tuple[bool, ...]:
        return tuple(p.type == "V" for p in self.parameters)

    def to_free(self, theta: FloatArray) -> FloatArray:
        return np.where(self.free_roots(), np.sqrt(np.abs(theta)), theta)

    def from_free(self, free: FloatArray) -> FloatArray:
        return np.where(self.free_roots(), free**2, free)

    def free_jacobian(self, free: FloatArray) -> FloatArray:
        return np.diag(np.where(self.free_roots(), 2 * free, 1.0))

    def free_curvature(self, score: FloatArray, free: FloatArray) -> FloatArray:
        return np.diag(np.where(self.free_roots(), np.maximum(-2 * score, 0.0), 0.0))


class ReducedRank(FactorAnalytic):
    """``rr``: Σ = ΛΛ'. Stored as ``fa`` with every specific variance fixed at 0 (code F); T is Λ alone."""

    singular = True
    _specific_code = "F"

    def __init__(self, levels: tuple[str, ...], order: int, text: str = "rr()"):
        super().__init__(levels, order, text=text)
        self.rank = order

    def factor_entries(self) -> tuple[IntArray, IntArray]:
        level, column = np.tile(np.arange(self.size), self.order), np.repeat(np.arange(self.order), self.size)
        return level.astype(np.int64), column.astype(np.int64)

    def factor_at(self, theta: FloatArray) -> FactorPoint:
        if (theta[: self.size] != 0).any():
            raise NotFeasible("a specific variance of rr() is not zero")
        m = self.size * self.order
        return FactorPoint(theta[self.size :].copy(), np.concatenate([np.zeros((self.size, m)), np.eye(m)]))

    def edge(self, theta: FloatArray) -> bool:
        return True

    def starts(self, scale: float, cell_means: FloatArray | None) -> FloatArray:
        loadings, _ = self.split(super().starts(scale, cell_means))
        return self._join(loadings / np.sqrt(COMMON), np.zeros(self.size))

    def free_roots(self) -> tuple[bool, ...]:
        return (False,) * len(self.parameters)
