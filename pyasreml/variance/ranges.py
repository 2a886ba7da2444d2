r"""Correlations that end at a range φ: ``lvr`` on a line, ``sph`` and ``cir`` in the plane.

With :math:`t = \min(d/\varphi, 1)`:

===  =============================================================
lvr  :math:`1 - t`
sph  :math:`1 - \tfrac32 t + \tfrac12 t^3`
cir  :math:`1 - \tfrac2\pi\,(t\sqrt{1-t^2} + \arcsin t)`
===  =============================================================

(Webster, R., Oliver, M. A. (2001), Geostatistics for Environmental Scientists, 6.) The likelihood has a kink
wherever φ passes a distance between two levels, and may have several maxima.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from pyasreml.bind.bound import StructureCall
from pyasreml.variance.base import FloatArray, NotFeasible, ParameterInfo, Structure
from pyasreml.variance.dense import Dense
from pyasreml.variance.distances import apart, line, plane

Shape = Callable[[FloatArray], tuple[FloatArray, FloatArray]]


class Range(Dense):
    """Parameter ``!range``, code U, in the unit of the coordinates.

    asreml's default start is not known. The 0.1 of correlations lies below the smallest distance of most
    layouts, where nothing is correlated and no derivative is left; the start is half the largest distance.

    Parameters
    ----------
    distance : float array (k, k)
    shape : callable
        t in [0, 1) to the correlation and its derivative by t.
    """

    def __init__(self, distance: FloatArray, shape: Shape):
        super().__init__(distance.shape[0], (ParameterInfo("!range", "P", "U", kind="C"),))
        self._distance = distance
        self._shape = shape

    def check(self, theta: FloatArray) -> None:
        if not theta[0] > 0:
            raise NotFeasible("a range is not positive")

    def matrix(self, theta: FloatArray) -> FloatArray:
        t = self._distance / theta[0]
        return np.where(t < 1, self._shape(np.minimum(t, 1))[0], 0.0)

    def derivatives(self, theta: FloatArray) -> FloatArray:
        t = self._distance / theta[0]
        slope = self._shape(np.minimum(t, 1))[1]
        return np.where(t < 1, -slope * t / theta[0], 0.0)[None]

    def scan(self) -> Mapping[int, FloatArray]:
        least, most = np.min(self._distance[self._distance > 0], initial=np.inf), float(self._distance.max())
        return {0: np.geomspace(1.1 * float(least), 2 * most, 9)} if most > 0 else {}

    def starts(self, scale: float, cell_means: FloatArray | None) -> FloatArray:
        return np.array([0.5 * float(self._distance.max()) or 1.0])


def _linear(t: FloatArray) -> tuple[FloatArray, FloatArray]:
    return 1 - t, -np.ones_like(t)


def _spherical(t: FloatArray) -> tuple[FloatArray, FloatArray]:
    return 1 - 1.5 * t + 0.5 * t**3, -1.5 + 1.5 * t**2


def _circular(t: FloatArray) -> tuple[FloatArray, FloatArray]:
    root = np.sqrt(1 - t**2)
    return 1 - 2 / np.pi * (t * root + np.arcsin(t)), -4 / np.pi * root


def range_line(call: StructureCall) -> Structure:
    """``lvr``."""
    return Range(apart(line(call)), _linear)


def range_plane(call: StructureCall) -> Structure:
    """``sph`` or ``cir``."""
    at = plane(call)
    distance = np.hypot(apart(at[:, 0]), apart(at[:, 1]))
    return Range(distance, _spherical if call.name.startswith("sph") else _circular)
