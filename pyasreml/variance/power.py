r"""Powers of a distance: ``exp`` and ``gau`` on a line; ``iexp igau ieuc aexp agau`` in the plane.

:math:`\Sigma_{ij} = \prod_q \phi_q^{D_q(i,j)}` with :math:`0 < \phi_q < 1`:

====  ========================  ====  =================================
exp   \|dx\|                    gau   dx²
iexp  \|dx\| + \|dy\|           igau  dx² + dy²
ieuc  (dx² + dy²)^½
aexp  \|dx\|, \|dy\| apart      agau  dx², dy² apart (two parameters)
====  ========================  ====  =================================

On a line ``exp`` is a Markov process, and its inverse is tridiagonal in the order of the coordinates.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solveh_banded

from pyasreml.bind.bound import StructureCall
from pyasreml.errors import ModelError
from pyasreml.variance.base import Coefficients, Entries, FloatArray, NotFeasible, ParameterInfo, Structure
from pyasreml.variance.dense import CORRELATION_START, Dense
from pyasreml.variance.distances import apart, line, plane

POWER = ParameterInfo("!pow", "R", "U")


class Power(Dense):
    """Parameters ``!pow``, one a distance (``!pow1``, ``!pow2`` for two), default starts 0.1.

    Parameters
    ----------
    distances : float array (p, k, k)
    """

    def __init__(self, distances: FloatArray):
        count, size = distances.shape[:2]
        names = ("!pow",) if count == 1 else tuple(f"!pow{i}" for i in range(1, count + 1))
        super().__init__(size, tuple(ParameterInfo(name, "R", "U") for name in names))
        self._distances = distances

    def check(self, theta: FloatArray) -> None:
        if not ((theta > 0) & (theta < 1)).all():
            raise NotFeasible("a power is not inside (0, 1)")

    def matrix(self, theta: FloatArray) -> FloatArray:
        return np.asarray((theta[:, None, None] ** self._distances).prod(axis=0))

    def derivatives(self, theta: FloatArray) -> FloatArray:
        return np.asarray(self._distances / theta[:, None, None] * self.matrix(theta))

    def starts(self, scale: float, cell_means: FloatArray | None) -> FloatArray:
        return np.full(len(self.parameters), CORRELATION_START)


class Exponential(Structure):
    r"""``exp``: :math:`\phi^{|d|}`, with coefficients by distinct gap between neighbours.

    With :math:`\rho_g = \phi^{d_g}` the inverse is I plus, for each pair of neighbours, :math:`\rho^2/(1-\rho^2)` in
    their two diagonal places and :math:`-\rho/(1-\rho^2)` between them. Parameter ``!pow``, default start 0.1.

    Parameters
    ----------
    at : float array (k,)
        Coordinates, in any order.
    """

    def __init__(self, at: FloatArray):
        self.size = at.size
        self.parameters = (POWER,)
        self._at = at
        self._order = np.argsort(at, kind="stable").astype(np.int64)
        gaps = np.diff(at[self._order])
        # gaps that differ by rounding alone are one
        tolerance = 1e-10 * (float(np.ptp(at)) or 1.0)
        ranked = np.argsort(gaps, kind="stable")
        new = np.diff(gaps[ranked], prepend=-np.inf) > tolerance
        self._group = np.empty(gaps.size, np.int64)
        self._group[ranked] = np.cumsum(new) - 1
        self._gap = gaps[ranked][new]
        self._count = np.bincount(self._group, minlength=self._gap.size)

    @property
    def basis_count(self) -> int:
        return 1 + 2 * self._gap.size

    def entries(self) -> Entries:
        every = np.arange(self.size, dtype=np.int64)
        here, there = self._order[:-1], self._order[1:]
        ends = np.concatenate([here, there])
        group = np.concatenate([self._group, self._group])
        row = np.concatenate([every, ends, np.maximum(here, there)])
        col = np.concatenate([every, ends, np.minimum(here, there)])
        basis = np.concatenate([np.zeros(self.size, np.int64), 1 + 2 * group, 2 + 2 * self._group])
        return Entries(row, col, basis, np.ones(row.size))

    def coefficients(self, theta: FloatArray) -> Coefficients:
        phi = float(theta[0])
        if not 0 < phi < 1:
            raise NotFeasible("a power is not inside (0, 1)")
        rho = phi**self._gap
        drho = self._gap * rho / phi
        rest = -np.expm1(2 * self._gap * np.log(phi))
        c, dc = np.ones(self.basis_count), np.zeros((1, self.basis_count))
        c[1::2], c[2::2] = rho**2 / rest, -rho / rest
        dc[0, 1::2] = 2 * rho * drho / rest**2
        dc[0, 2::2] = -(1 + rho**2) * drho / rest**2
        logdet = float(self._count @ np.log(rest))
        return Coefficients(c, dc, logdet, np.array([-2 * float(self._count @ (rho * drho / rest))]))

    def working(self, theta: FloatArray, x: FloatArray) -> list[FloatArray]:
        if self.size == 1:
            return [np.zeros_like(x, dtype=float)]
        point = self.coefficients(theta)
        band, slope = self._band(point.c, 1.0), self._band(point.dc[0], 0.0)
        v = x[self._order]
        moved = slope[1][:, None] * v
        moved[1:] += slope[0, 1:, None] * v[:-1]
        moved[:-1] += slope[0, 1:, None] * v[1:]
        out = np.empty_like(x, dtype=float)
        out[self._order] = -np.asarray(solveh_banded(band, moved, check_finite=False))
        return [out]

    def _band(self, c: FloatArray, identity: float) -> FloatArray:
        """Upper bands of the inverse in the order of the coordinates."""
        band = np.zeros((2, self.size))
        band[0, 1:] = c[2::2][self._group]
        band[1] = identity
        band[1, 1:] += c[1::2][self._group]
        band[1, :-1] += c[1::2][self._group]
        return band

    def matrix(self, theta: FloatArray) -> FloatArray:
        return np.asarray(float(theta[0]) ** apart(self._at))

    def starts(self, scale: float, cell_means: FloatArray | None) -> FloatArray:
        return np.array([CORRELATION_START])


def power_line(call: StructureCall) -> Structure:
    """``exp`` or ``gau``."""
    at = line(call)
    return Exponential(at) if call.name.startswith("exp") else Power(apart(at)[None] ** 2)


def power_plane(call: StructureCall) -> Structure:
    """``iexp igau ieuc aexp agau``."""
    at = plane(call)
    dx, dy = apart(at[:, 0]), apart(at[:, 1])
    name = call.name[:4]
    if name not in PLANE:
        raise ModelError(f"{call.text}: {call.name} is no power model in the plane")
    return Power(np.stack(PLANE[name](dx, dy)))


PLANE = {
    "iexp": lambda dx, dy: [dx + dy],
    "igau": lambda dx, dy: [dx**2 + dy**2],
    "ieuc": lambda dx, dy: [np.hypot(dx, dy)],
    "aexp": lambda dx, dy: [dx, dy],
    "agau": lambda dx, dy: [dx**2, dy**2],
}
"""Distances of each model from the differences along the two axes."""
