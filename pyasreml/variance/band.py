"""``corb``: correlations of their own for the first b lags, none beyond; ``corg``: one for every pair of levels."""

from __future__ import annotations

import numpy as np

from pyasreml.errors import ModelError
from pyasreml.variance.base import FloatArray, ParameterInfo
from pyasreml.variance.dense import CORRELATION_START, Dense, Toeplitz


class Banded(Toeplitz):
    """``corb(obj, b = 1)``: parameters ``!cor1 … !cor<b>`` (``!cor1`` also where b is 1), default starts 0.1.

    With very many bands 0.1 throughout is no correlation matrix; it is then halved until it is one.
    """

    def __init__(self, size: int, bands: int, text: str = "corb()"):
        if bands >= size > 1:
            raise ModelError(f"{text}: {bands} bands need more than {bands} levels; there are {size}")
        self.bands = bands
        super().__init__(size, tuple(ParameterInfo(f"!cor{i}", "R", "U") for i in range(1, bands + 1)))

    def correlations(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        m = min(self.size, self.bands + 1)
        c, dc = np.zeros(self.size), np.zeros((self.bands, self.size))
        c[0] = 1.0
        c[1:m] = theta[: m - 1]
        dc[np.arange(m - 1), np.arange(1, m)] = 1.0
        return c, dc

    def starts(self, scale: float, cell_means: FloatArray | None) -> FloatArray:
        start = np.full(self.bands, CORRELATION_START)
        while np.linalg.eigvalsh(self.matrix(start))[0] <= 1e-8:
            start *= 0.5
        return start


class GeneralCorrelation(Dense):
    """``corg``: a correlation a pair, default starts 0.1.

    Parameters by lower triangle, row-wise: ``!<level i>:!<variable>!<level j>.cor``.
    """

    def __init__(self, levels: tuple[str, ...], variable: str):
        size = len(levels)
        self._i, self._j = np.tril_indices(size, -1)
        super().__init__(
            size,
            tuple(
                ParameterInfo(f"!{levels[i]}:!{variable}!{levels[j]}.cor", "R", "U")
                for i, j in zip(self._i.tolist(), self._j.tolist(), strict=True)
            ),
        )

    def matrix(self, theta: FloatArray) -> FloatArray:
        sigma = np.eye(self.size)
        sigma[self._i, self._j] = sigma[self._j, self._i] = theta
        return sigma

    def derivatives(self, theta: FloatArray) -> FloatArray:
        at = np.arange(theta.size)
        out = np.zeros((theta.size, self.size, self.size))
        out[at, self._i, self._j] = out[at, self._j, self._i] = 1.0
        return out

    def starts(self, scale: float, cell_means: FloatArray | None) -> FloatArray:
        return np.full(len(self.parameters), CORRELATION_START)
