r"""Moving averages: ``ma1``, ``ma2`` and ``arma``.

Signs are asreml's for ``ma1`` and ``ma2``: :math:`x_t = e_t - \theta_1 e_{t-1} - \theta_2 e_{t-2}`, so a positive θ
makes a negative correlation of neighbours (Box, G. E. P., Jenkins, G. M. (1976), Time Series Analysis, 3.3 and 3.4).
"""

from __future__ import annotations

import numpy as np

from pyasreml.variance.base import FloatArray, NotFeasible
from pyasreml.variance.dense import CORRELATION_START, Toeplitz, correlation_parameters


class MovingAverage1(Toeplitz):
    r"""``ma1``: :math:`C_1 = -\theta/(1+\theta^2)`, 0 beyond; :math:`|\theta| \le 1`, since θ and 1/θ are one model."""

    def __init__(self, size: int):
        super().__init__(size, correlation_parameters(1))

    def check(self, theta: FloatArray) -> None:
        if abs(theta[0]) > 1:
            raise NotFeasible("a moving average parameter is not inside (-1, 1)")

    def correlations(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        t = float(theta[0])
        total = 1 + t * t
        c, dc = np.zeros(self.size), np.zeros((1, self.size))
        c[0] = 1.0
        c[1:2] = -t / total
        dc[0, 1:2] = (t * t - 1) / total**2
        return c, dc


class MovingAverage2(Toeplitz):
    r"""``ma2``: :math:`C_1 = -\theta_1(1-\theta_2)/D,\ C_2 = -\theta_2/D,\ D = 1+\theta_1^2+\theta_2^2`.

    Invertible: :math:`|\theta_2| \le 1,\ \theta_2 \pm \theta_1 \le 1`.
    """

    def __init__(self, size: int):
        super().__init__(size, correlation_parameters(2, (True, False)))

    def check(self, theta: FloatArray) -> None:
        if abs(theta[1]) > 1 or theta[1] + abs(theta[0]) > 1:
            raise NotFeasible("the moving average parameters are outside the invertible region")

    def correlations(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        t1, t2 = map(float, theta)
        total = 1 + t1 * t1 + t2 * t2
        value = np.array([1.0, -t1 * (1 - t2) / total, -t2 / total])
        slope = np.array([[0.0, -(1 - t2) / total, 0.0], [0.0, t1 / total, -1 / total]])
        # and what the divisor contributes
        rest = np.array([0.0, value[1], value[2]]) / total
        slope -= np.array([[2 * t1], [2 * t2]]) * rest
        c, dc = np.zeros(self.size), np.zeros((2, self.size))
        m = min(self.size, 3)
        c[:m], dc[:, :m] = value[:m], slope[:, :m]
        return c, dc


class Arma(Toeplitz):
    r"""``arma``: the correlations of :math:`x_t = \phi x_{t-1} + e_t - \theta e_{t-1}`.

    .. math::

        C_1 = (\phi-\theta)(1-\theta\phi)/(1+\theta^2-2\theta\phi),\qquad C_k = \phi\,C_{k-1}

    The formula that asreml's manual prints has :math:`\theta-\phi` in front, which gives no positive definite matrix
    for most parameters. The parameters are φ (``!cor1``) and θ (``!cor2``, with the sign of ``ma1``, to which φ = 0
    leads); asreml's order of the two is not known. Neither are its starts: two equal values make
    white noise whatever they are, so that nothing could be estimated; these are φ = 0.1, θ = -0.1.
    """

    def __init__(self, size: int):
        super().__init__(size, correlation_parameters(2))

    def check(self, theta: FloatArray) -> None:
        if not (np.abs(theta) < 1).all():
            raise NotFeasible("a parameter of arma is not inside (-1, 1)")

    def correlations(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        phi, t = map(float, theta)
        up, divisor = (phi - t) * (1 - t * phi), 1 + t * t - 2 * t * phi
        first = up / divisor
        by_phi = ((1 - t * phi) - t * (phi - t)) / divisor + 2 * t * up / divisor**2
        by_t = (-(1 - t * phi) - phi * (phi - t)) / divisor - (2 * t - 2 * phi) * up / divisor**2
        c, dc = np.zeros(self.size), np.zeros((2, self.size))
        c[0] = 1.0
        power = np.arange(self.size - 1)
        decay = phi**power
        c[1:] = first * decay
        dc[0, 1:] = by_phi * decay
        dc[0, 2:] += first * power[1:] * phi ** power[:-1]
        dc[1, 1:] = by_t * decay
        return c, dc

    def starts(self, scale: float, cell_means: FloatArray | None) -> FloatArray:
        return np.array([CORRELATION_START, -CORRELATION_START])
