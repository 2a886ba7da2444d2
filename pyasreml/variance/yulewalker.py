r"""Autoregressions of order 2 and 3: ``ar2``, ``ar3``, ``sar`` and ``sar2``.

With :math:`\psi = (1, -\phi_1, \dots, -\phi_p)` and S the shift by one, the inverse of the correlations of k > p levels
is banded and quadratic in ψ (Siddiqui, M. M. (1958), Ann. Math. Statist. 29:585; Gohberg & Semencul 1972):

.. math::

    \Sigma^{-1} = \frac1{s^2}\sum_{a,b=0}^{p}\psi_a\psi_b\,[S^a S^{b\prime} - S^{k-a}S^{(k-b)\prime}],\qquad
    s^2 = 1 - \sum_a \phi_a C_a

so that :math:`(p+1)(p+2)/2` coefficients are all that changes, however many levels there are.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.linalg import solve_banded, solveh_banded

from pyasreml.variance.base import Coefficients, Entries, FloatArray, IntArray, NotFeasible
from pyasreml.variance.dense import CORRELATION_START, Toeplitz, correlation_parameters

Map = Callable[[FloatArray], tuple[FloatArray, FloatArray]]


class Autoregressive(Toeplitz):
    r"""An autoregression :math:`C_k = \sum_a \phi_a C_{k-a}` whose φ are functions of the parameters.

    Parameters
    ----------
    size : int
    order : int
        Number of φ.
    count : int
        Number of parameters, named ``!cor`` or ``!cor1`` ….
    coefficients_of : callable
        θ to φ (order,) and ∂φ (count, order).
    wide : tuple of bool
        Parameters whose range is not (-1, 1).
    start : sequence of float, optional
        Default starts; 0.1 throughout unless given.
    """

    def __init__(
        self,
        size: int,
        order: int,
        count: int,
        coefficients_of: Map,
        wide: tuple[bool, ...] = (),
        start: tuple[float, ...] | None = None,
    ):
        self.order = order
        self._phi = coefficients_of
        self._start = np.array(start or (CORRELATION_START,) * count)
        self._banded = size > order
        super().__init__(size, correlation_parameters(count, wide))
        if self._banded:
            a, b = np.triu_indices(order + 1)
            self._a, self._b = a.astype(np.int64), b.astype(np.int64)
            self._entries, self._bands = self._prepare()

    def _prepare(self) -> tuple[Entries, FloatArray]:
        """Entries of the bases, and the same as lower bands (basis, order + 1, k)."""
        k = self.size
        columns, rows, bases, values = [], [], [], []
        for basis, (a, b) in enumerate(zip(self._a.tolist(), self._b.tolist(), strict=True)):
            # ones from column a on, less ones from column k - b on: what is left of the two
            col = np.arange(min(a, k - b), max(a, k - b), dtype=np.int64)
            columns.append(col)
            rows.append(col + (b - a))
            bases.append(np.full(col.size, basis, np.int64))
            values.append(np.full(col.size, 1.0 if a <= k - b else -1.0))
        row, col, basis_of, value = (np.concatenate(x) for x in (rows, columns, bases, values))
        bands = np.zeros((self._a.size, self.order + 1, k))
        bands[basis_of, row - col, col] = value
        return Entries(row, col, basis_of, value), bands

    def entries(self) -> Entries:
        return self._entries if self._banded else super().entries()

    @property
    def basis_count(self) -> int:
        return self._a.size if self._banded else super().basis_count

    def check(self, theta: FloatArray) -> None:
        """Stationary: partial autocorrelations, by stepping the order down, inside (-1, 1)."""
        phi = self._phi(theta)[0]
        while phi.size:
            last = phi[-1]
            if not abs(last) < 1:
                raise NotFeasible("the autoregression is not stationary")
            phi = (phi[:-1] + last * phi[-2::-1]) / (1 - last * last) if phi.size > 1 else phi[:0]

    def _first(self, phi: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Correlations at lags 0 … p and their derivatives by φ (p, p + 1), from the Yule–Walker equations."""
        p = self.order
        lag = np.arange(1, p + 1)
        distance = np.abs(lag[:, None] - lag[None, :])
        system = np.eye(p)
        weights = np.where(distance > 0, phi[None, :], 0.0)
        np.subtract.at(system, (lag[:, None] - 1, np.maximum(distance, 1) - 1), weights)
        inverse = np.linalg.inv(system)
        c = np.concatenate([[1.0], inverse @ phi])
        return c, np.hstack([np.zeros((p, 1)), (inverse @ c[distance]).T])

    def correlations(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        phi, slope = self._phi(theta)
        k, p = self.size, self.order
        start, dstart = self._first(phi)
        m = min(k, p + 1)
        c, dphi = np.zeros(k), np.zeros((p, k))
        c[:m], dphi[:, :m] = start[:m], dstart[:, :m]
        if k > m:
            # C_k - Σ φ_a C_{k-a} = 0 beyond lag p, as one banded triangular system
            band = np.zeros((p + 1, k))
            band[0] = 1.0
            for a in range(1, p + 1):
                band[a, m - a : k - a] = -phi[a - 1]
            c = np.asarray(solve_banded((p, 0), band, c, check_finite=False))
            for a in range(1, p + 1):
                dphi[a - 1, m:] = c[m - a : k - a]
            dphi = np.asarray(solve_banded((p, 0), band, dphi.T, check_finite=False)).T
        return c, slope @ dphi

    def coefficients(self, theta: FloatArray) -> Coefficients:
        if not self._banded:
            return super().coefficients(theta)
        self.check(theta)
        phi, slope = self._phi(theta)
        k, p = self.size, self.order
        c, dc = self._first(phi)
        innovation = 1 - float(phi @ c[1:])
        dinnovation = -(c[1:] + dc[:, 1:] @ phi)
        psi = np.concatenate([[1.0], -phi])
        dpsi = np.hstack([np.zeros((p, 1)), -np.eye(p)])
        value = psi[self._a] * psi[self._b] / innovation
        dvalue = (dpsi[:, self._a] * psi[self._b] + psi[self._a] * dpsi[:, self._b]) / innovation
        dvalue -= np.outer(dinnovation / innovation, value)
        lag = _lags(p)
        head = c[lag]
        inverse = np.linalg.inv(head)
        logdet = (k - p) * np.log(innovation) + float(np.linalg.slogdet(head)[1])
        dlogdet = (k - p) * dinnovation / innovation + (inverse * dc[:, lag]).sum(axis=(1, 2))
        return Coefficients(value, slope @ dvalue, float(logdet), slope @ dlogdet)

    def working(self, theta: FloatArray, x: FloatArray) -> list[FloatArray]:
        if not self._banded:
            return super().working(theta, x)
        # (∂Σ)Σ⁻¹x = -Σ(∂Σ⁻¹)x, with banded matrices throughout
        point = self.coefficients(theta)
        band = np.tensordot(point.c, self._bands, axes=1)
        slopes = np.tensordot(point.dc, self._bands, axes=1)
        return [-np.asarray(solveh_banded(band, _banded_product(d, x), lower=True, check_finite=False)) for d in slopes]

    def starts(self, scale: float, cell_means: FloatArray | None) -> FloatArray:
        return self._start.copy()


def _lags(size: int) -> IntArray:
    at = np.arange(size, dtype=np.int64)
    return np.abs(at[:, None] - at[None, :])


def _banded_product(band: FloatArray, x: FloatArray) -> FloatArray:
    """Symmetric matrix in lower bands (p + 1, k) times x (k, m)."""
    out = band[0][:, None] * x
    k = x.shape[0]
    for d in range(1, band.shape[0]):
        values = band[d, : k - d, None]
        out[d:] += values * x[: k - d]
        out[: k - d] += values * x[d:]
    return out


def _plain(theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    return np.asarray(theta, float), np.eye(theta.size)


def _symmetric(theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    t = float(theta[0])
    return np.array([t, -t * t / 4]), np.array([[1.0, -t / 2]])


def _symmetric2(theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    a, b = map(float, theta)
    phi = np.array([a + 2 * b, -b * (2 * a + b), a * b * b])
    return phi, np.array([[1.0, -2 * b, b * b], [2.0, -2 * a - 2 * b, 2 * a * b]])


def ar2(size: int) -> Autoregressive:
    """``ar2``: parameters φ₁, φ₂."""
    return Autoregressive(size, 2, 2, _plain, (True, False))


def ar3(size: int) -> Autoregressive:
    """``ar3``: parameters φ₁, φ₂, φ₃."""
    return Autoregressive(size, 3, 3, _plain, (True, True, False))


def sar(size: int) -> Autoregressive:
    r"""``sar``, symmetric autoregression: ``ar2`` with :math:`\phi_1 = \theta,\ \phi_2 = -\theta^2/4`."""
    return Autoregressive(size, 2, 1, _symmetric, (True,))


def sar2(size: int) -> Autoregressive:
    r"""``sar2``: ``ar3`` with :math:`\phi = (g_1+2g_2,\ -g_2(2g_1+g_2),\ g_1g_2^2)`.

    Its polynomial is :math:`(1-g_1z)(1-g_2z)^2`: at :math:`g_1 = g_2` the two derivatives are proportional and nothing
    could be estimated, so the default starts are 0.1 and -0.1; asreml's are not known.
    """
    return Autoregressive(size, 3, 2, _symmetric2, start=(CORRELATION_START, -CORRELATION_START))
