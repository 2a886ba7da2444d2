r"""Structures given by Σ itself: every entry of the inverse is a coefficient.

Two bases for families to build on. `Dense` takes any Σ(θ) and its derivatives; `Toeplitz` takes correlations by lag,
whose inverse is the same read from either end (persymmetric), so that about half as many coefficients are left.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from scipy.linalg import cho_solve

from pyasreml.variance.base import (
    Coefficients,
    Entries,
    FloatArray,
    IntArray,
    NotFeasible,
    ParameterInfo,
    Structure,
)

CORRELATION_START = 0.1
"""Default start of a correlation."""


class Dense(Structure):
    r"""A structure with a dense inverse; families supply `matrix` and `derivatives`.

    .. math::

        \partial\Sigma^{-1} = -\Sigma^{-1}(\partial\Sigma)\Sigma^{-1},\qquad
        \partial\log|\Sigma| = \mathrm{tr}\,\Sigma^{-1}\partial\Sigma

    Parameters
    ----------
    size : int
    parameters : tuple of ParameterInfo
    """

    def __init__(self, size: int, parameters: tuple[ParameterInfo, ...]):
        self.size = size
        self.parameters = parameters
        self._row, self._col = (x.astype(np.int64) for x in np.tril_indices(size))
        self._basis, self._shown = self._classes()

    def _classes(self) -> tuple[IntArray, IntArray]:
        """Basis of every entry of the lower triangle, and one entry of every basis."""
        every = np.arange(self._row.size, dtype=np.int64)
        return every, every

    @abstractmethod
    def derivatives(self, theta: FloatArray) -> FloatArray:
        """∂Σ by parameter, float array (p, k, k)."""

    def check(self, theta: FloatArray) -> None:
        """Raise `NotFeasible` for parameters outside the family's range; definiteness is found by factoring."""
        return

    def entries(self) -> Entries:
        return Entries(self._row, self._col, self._basis, np.ones(self._row.size))

    @property
    def basis_count(self) -> int:
        return self._shown.size

    def factor(self, theta: FloatArray) -> FloatArray:
        """Lower Cholesky factor of Σ; raises `NotFeasible`."""
        self.check(theta)
        try:
            return np.asarray(np.linalg.cholesky(self.matrix(theta)))
        except np.linalg.LinAlgError:
            raise NotFeasible("not positive definite") from None

    def coefficients(self, theta: FloatArray) -> Coefficients:
        factor = self.factor(theta)
        inverse = np.asarray(cho_solve((factor, True), np.eye(self.size), check_finite=False))
        slope = self.derivatives(theta)
        product = inverse @ slope
        shown = self._row[self._shown], self._col[self._shown]
        dc = -(product @ inverse)[:, shown[0], shown[1]]
        dlogdet = np.trace(product, axis1=1, axis2=2)
        return Coefficients(inverse[shown], dc, float(2 * np.log(np.diagonal(factor)).sum()), np.asarray(dlogdet))

    def working(self, theta: FloatArray, x: FloatArray) -> list[FloatArray]:
        v = np.asarray(cho_solve((self.factor(theta), True), x, check_finite=False))
        return list(self.derivatives(theta) @ v)


class Toeplitz(Dense):
    """Correlations by lag: families supply `correlations`."""

    def __init__(self, size: int, parameters: tuple[ParameterInfo, ...]):
        super().__init__(size, parameters)
        at = np.arange(size)
        self._lag = np.abs(at[:, None] - at[None, :])

    def _classes(self) -> tuple[IntArray, IntArray]:
        # entry (i, j) of the inverse equals entry (k-1-j, k-1-i), which lies in the lower triangle too
        k = self.size
        key = self._row * k + self._col
        mirror = (k - 1 - self._col) * k + (k - 1 - self._row)
        _, first, basis = np.unique(np.minimum(key, mirror), return_index=True, return_inverse=True)
        return basis.astype(np.int64), first.astype(np.int64)

    @abstractmethod
    def correlations(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Correlations at lags 0 … k-1, (k,), and their derivatives, (p, k)."""

    def matrix(self, theta: FloatArray) -> FloatArray:
        return self.correlations(theta)[0][self._lag]

    def derivatives(self, theta: FloatArray) -> FloatArray:
        return self.correlations(theta)[1][:, self._lag]

    def starts(self, scale: float, cell_means: FloatArray | None) -> FloatArray:
        return np.full(len(self.parameters), CORRELATION_START)


def correlation_parameters(count: int, wide: tuple[bool, ...] = ()) -> tuple[ParameterInfo, ...]:
    """``!cor``, or ``!cor1 … !cor<count>`` for several; `wide` marks those that may pass 1, as φ₁ of ``ar2`` may."""
    names = ["!cor"] if count == 1 else [f"!cor{i}" for i in range(1, count + 1)]
    kinds = ["C" if passes else None for passes in (wide or (False,) * count)]
    return tuple(ParameterInfo(name, "R", "U", kind=kind) for name, kind in zip(names, kinds, strict=True))
