"""Splines in predictions: the points at which asreml makes rows of a spline, and what it does between them.

Rows are made at the distinct values of the covariate and, in wide gaps between them, at inserted points. A spline that
is held at the mean of its covariate is interpolated linearly between the two rows beside it, not by the spline.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
import numpy.typing as npt

from pyasreml.bind.basis import SplineCoding
from pyasreml.bind.coding import Coding

FloatArray = npt.NDArray[np.float64]

SPLINE_POINTS = 21
"""asreml's ``nsppoints``: its range over so many points less one is the step of inserted points."""


def spline_points(values: FloatArray) -> FloatArray:
    """Values at which a spline over `values` is predicted, increasing.

    From each distinct value on, points a step apart are inserted as long as no value lies between the point and 1.1
    steps above it; a step is a twentieth of the range.

    Examples
    --------
    >>> spline_points(np.array([0.0, 1.0, 20.0]))[:5].tolist()
    [0.0, 1.0, 2.0, 3.0, 4.0]
    >>> spline_points(np.arange(10.0))[:5].tolist()
    [0.0, 0.45, 1.0, 1.45, 2.0]
    """
    distinct = np.unique(values[~np.isnan(values)])
    step = (distinct[-1] - distinct[0]) / (SPLINE_POINTS - 1)
    if not step > 0:
        return distinct
    count = np.maximum(np.ceil(np.diff(distinct) / step - 1.1 - 1e-9).astype(np.int64) - 1, 0)
    start = np.repeat(distinct[:-1], count)
    number = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + 1
    found: FloatArray = np.sort(np.concatenate([distinct, start + number * step]))
    return found


@dataclass(frozen=True, eq=False)
class InterpolatedSpline(SplineCoding):
    """A spline's coding, linear between the points at which it is predicted.

    Attributes
    ----------
    points : float array
        From `spline_points`.
    """

    points: FloatArray = field(default_factory=lambda: np.empty(0))

    def rows(self, x: FloatArray) -> FloatArray:
        """Design rows (n, K - 2) at values `x` within the range of the points."""
        at = np.clip(np.searchsorted(self.points, x, side="right") - 1, 0, len(self.points) - 2)
        low, high = self.points[at], self.points[at + 1]
        share = ((x - low) / (high - low))[:, None]
        return (1 - share) * super().rows(low) + share * super().rows(high)


def at_mean(coding: Coding, points: FloatArray) -> Coding:
    """The coding that is used where the covariate is held at its mean; only splines differ."""
    if not isinstance(coding, SplineCoding) or len(points) < 2:
        return coding
    given = {f.name: getattr(coding, f.name) for f in fields(SplineCoding) if f.init}
    return InterpolatedSpline(**given, points=points)
