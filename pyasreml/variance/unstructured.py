"""``us``: every variance and covariance its own parameter."""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_triangular

from pyasreml.variance.base import Coefficients, Entries, FloatArray, IntArray, NotFeasible, ParameterInfo, Structure
from pyasreml.variance.factored import Factored, FactorPoint, semidefinite_root
from pyasreml.variance.starts import positive_definite


class Unstructured(Factored):
    """Σ positive definite, its lower triangle row-wise: (1,1), (2,1), (2,2), (3,1) …"""

    has_variance = True

    def __init__(self, levels: tuple[str, ...]):
        self.size = self.rank = len(levels)
        self._row, self._col = np.tril_indices(self.size)
        self.parameters = tuple(
            ParameterInfo(f"_{levels[r]}:{levels[c]}", "V" if r == c else "C", "P")
            for r, c in zip(self._row, self._col, strict=True)
        )

    def entries(self) -> Entries:
        return Entries(
            self._row.astype(np.int64),
            self._col.astype(np.int64),
            np.arange(self._row.size, dtype=np.int64),
            np.ones(self._row.size),
        )

    def coefficients(self, theta: FloatArray) -> Coefficients:
        sigma = self.matrix(theta)
        try:
            factor = np.linalg.cholesky(sigma)
        except np.linalg.LinAlgError:
            raise NotFeasible("not positive definite") from None
        half = np.linalg.inv(factor)
        inverse = half.T @ half
        r, c = self._row, self._col
        # d(S^-1)[a, b] for parameter (r, c):  -(S^-1[a, r] S^-1[c, b] + S^-1[a, c] S^-1[r, b]), halved on the diagonal
        by_row, by_column = inverse[:, r], inverse[:, c]
        across = by_row[c]
        dc = by_row[r]
        dc *= by_column[c]
        dc += across * across.T
        dc *= np.where(r == c, -0.5, -1.0)[:, None]
        dlogdet = np.where(r == c, 1.0, 2.0) * inverse[r, c]
        return Coefficients(inverse[r, c], dc, float(2 * np.log(np.diagonal(factor)).sum()), dlogdet)

    def feasible(self, theta: FloatArray) -> bool:
        try:
            np.linalg.cholesky(self.matrix(theta))
        except np.linalg.LinAlgError:
            return False
        return True

    def working(self, theta: FloatArray, x: FloatArray) -> list[FloatArray]:
        return self.slopes_times(theta, np.asarray(np.linalg.solve(self.matrix(theta), x), np.float64))

    def matrix(self, theta: FloatArray) -> FloatArray:
        sigma = np.zeros((self.size, self.size))
        sigma[self._row, self._col] = theta
        sigma[self._col, self._row] = theta
        return sigma

    def starts(self, scale: float, cell_means: FloatArray | None) -> FloatArray:
        if cell_means is None:
            sigma = scale * np.eye(self.size)
        elif cell_means.ndim == 1:
            usable = np.isfinite(cell_means) & (cell_means > 0)
            sigma = np.diag(np.where(usable, 0.1 * cell_means, scale))
        else:
            sigma = 0.1 * cell_means
            variances = np.diagonal(sigma)
            if np.isfinite(sigma).all() and (variances > 0).all():
                # few cells, or cells seen in different sets of levels, need not make a positive definite matrix
                sigma = positive_definite(sigma)
            else:
                sigma = np.diag(np.where(np.isfinite(variances) & (variances > 0), variances, scale))
        return sigma[self._row, self._col]

    def em_step(self, theta: FloatArray, score: FloatArray, copies: float) -> FloatArray:
        # with D = ∂l/∂Σ the expected cross products over q vectors are q Σ + 2 Σ D Σ (Foulley & van Dyk 2000)
        sigma = self.matrix(theta)
        slope = np.where(self._row == self._col, score, 0.5 * score)
        stepped = sigma + 2 / copies * sigma @ self.matrix(slope) @ sigma
        return np.asarray(stepped[self._row, self._col])

    def factor_entries(self) -> tuple[IntArray, IntArray]:
        return self._row.astype(np.int64), self._col.astype(np.int64)

    def factor_at(self, theta: FloatArray) -> FactorPoint:
        # dL = L F, F the lower triangle of L^-1 (dS) L^-T with its diagonal halved (Smith 1995)
        root = semidefinite_root(self.matrix(theta))
        half = np.asarray(solve_triangular(root, np.eye(self.size), lower=True, check_finite=False))
        r, c = self._row, self._col
        first, second = half[:, r].T, half[:, c].T
        inner = first[:, :, None] * second[:, None, :]
        inner += np.where(r == c, 0.0, 1.0)[:, None, None] * inner.transpose(0, 2, 1)
        inner = np.tril(inner)
        at = np.arange(self.size)
        inner[:, at, at] *= 0.5
        return FactorPoint(root[r, c], (root @ inner)[:, r, c])

    def moves(self) -> tuple[IntArray, IntArray, IntArray]:
        every, off = np.arange(self._row.size), np.flatnonzero(self._row != self._col)
        level = np.concatenate([self._row, self._col[off]]).astype(np.int64)
        source = np.concatenate([self._col, self._row[off]]).astype(np.int64)
        return level, np.concatenate([every, off]).astype(np.int64), source

    def slopes_times(self, theta: FloatArray, x: FloatArray) -> list[FloatArray]:
        out = []
        for r, c in zip(self._row, self._col, strict=True):
            q = np.zeros_like(x)
            q[r] = x[c]
            q[c] = x[r]
            out.append(q)
        return out

    def to_free(self, theta: FloatArray) -> FloatArray:
        return np.asarray(semidefinite_root(self.matrix(theta))[self._row, self._col])

    def from_free(self, free: FloatArray) -> FloatArray:
        factor = self._factor(free)
        return np.asarray((factor @ factor.T)[self._row, self._col])

    def free_jacobian(self, free: FloatArray) -> FloatArray:
        # Σ[r, c] = Σ_k L[r, k] L[c, k]:  ∂/∂L[i, j] = [r = i] L[c, j] + [c = i] L[r, j]
        factor, r, c = self._factor(free), self._row, self._col
        return np.asarray((r[:, None] == r) * factor[np.ix_(c, c)] + (c[:, None] == r) * factor[np.ix_(r, c)])

    def free_roots(self) -> tuple[bool, ...]:
        return tuple((self._row == self._col).tolist())

    def free_curvature(self, score: FloatArray, free: FloatArray) -> FloatArray:
        # dlogL = sum of M * dS, and the second derivative of S by L_ij and L_lj is e_i e_l' + e_l e_i'
        r, c = self._row, self._col
        gradient = self.matrix(np.where(r == c, score, 0.5 * score))
        roots, vectors = np.linalg.eigh(gradient)
        size = (vectors * np.maximum(-2 * roots, 0)) @ vectors.T
        return np.asarray(np.where(c[:, None] == c, size[np.ix_(r, r)], 0.0))

    def free_columns(self) -> tuple[IntArray, ...]:
        below = self._row > self._col
        none = np.zeros(0, np.int64)
        return tuple(
            np.flatnonzero(below & (self._col == c)) if r == c else none
            for r, c in zip(self._row.tolist(), self._col.tolist(), strict=True)
        )

    def _factor(self, free: FloatArray) -> FloatArray:
        factor = np.zeros((self.size, self.size))
        factor[self._row, self._col] = free
        return factor


class GivenAsCovariance(Structure):
    """A structure on factors of Σ whose ``init=`` is Σ itself, lower triangle row-wise, and which starts as ``us``."""

    _levels: tuple[str, ...]
    _places: IntArray  # of the parameters within that lower triangle

    def starts(self, scale: float, cell_means: FloatArray | None) -> FloatArray:
        return self.from_init(Unstructured(self._levels).starts(scale, cell_means))

    @property
    def init_places(self) -> IntArray:
        return self._places

    @property
    def init_count(self) -> int:
        return self.size * (self.size + 1) // 2
