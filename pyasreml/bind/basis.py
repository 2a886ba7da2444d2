"""Codings with several columns, or of a variable's numbers: lines, cubic smoothing splines, groups, ``str()``.

A factor is taken by the numbers that its levels read, ``0``, ``0.2``, ``0.4``; where a level reads no number, by the
levels' positions from 1.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from pyasreml.bind.blocks import side_by_side, term_block
from pyasreml.bind.coding import Coding, Columns, Single
from pyasreml.errors import DataError, ModelError
from pyasreml.linalg import Csr

__all__ = [
    "CompoundCoding",
    "DeviationCoding",
    "GroupCoding",
    "LevelCoding",
    "SplineCoding",
    "design_points",
    "level_values",
    "spline_coding",
]

FloatArray = npt.NDArray[np.float64]

# asreml scales the range of a spline's variable to 9 and merges points closer than 9/10000 (`spline.step`).
SCALED_RANGE = 9.0
CLOSEST = 1e-4
DEFAULT_KNOTS = 50


def design_points(name: str, values: FloatArray) -> FloatArray:
    """Distinct values in increasing order, those closer than a ten-thousandth of the range merged into the first."""
    points = np.unique(values[~np.isnan(values)])
    if len(points) == 0:
        raise DataError(f"column {name!r} is missing in every row")
    nearest = CLOSEST * (points[-1] - points[0])
    if len(points) < 2 or float(np.diff(points).min()) >= nearest:
        return points
    kept = [float(points[0])]
    for point in points[1:].tolist():
        if point - kept[-1] >= nearest:
            kept.append(point)
    return np.array(kept)


def level_values(levels: Sequence[str]) -> FloatArray:
    """Numbers that a factor's levels stand for, (number of levels,)."""
    try:
        values = np.array([float(level) for level in levels])
    except ValueError:
        values = np.array([np.nan])
    return values if np.isfinite(values).all() else np.arange(1.0, len(levels) + 1)


@dataclass(frozen=True, eq=False)
class LevelCoding(Coding):
    """``lin(f)`` of a factor: one column, the number of the record's level, neither centred nor scaled."""

    values: FloatArray = field(default_factory=lambda: np.empty(0))
    kind: ClassVar[str] = "covariate"

    def single(self, columns: Columns, n: int) -> Single:
        """The level's number in column 0; 0 where missing."""
        return None, np.append(self.values, 0.0)[columns[self.variables[0]]]


@dataclass(frozen=True, eq=False)
class SplineCoding(Coding):
    """``spl(x)``: the random part of a natural cubic smoothing spline, one effect an interior knot.

    With g = Q (Q'Q)^-1 R^(1/2) u and u ~ N(0, sigma2 I), Q and R being the banded matrices of Green and Silverman
    (1994, equations 2.3 and 2.4) on the scaled knots, g has the covariance of a smoothing spline without its linear
    trend (Verbyla, Cullis, Kenward and Welham 1999). Between knots a row interpolates by the natural spline.

    Attributes
    ----------
    knots : float array (K,)
        In units of x.
    at_knots : float array (K, K - 2)
        Design rows at the knots.
    second : float array (K, K - 2)
        Their second derivatives on the scale of x; 0 at both ends.
    of_level : float array (number of levels,) or None
        For a factor, the numbers its levels stand for.
    """

    knots: FloatArray = field(default_factory=lambda: np.empty(0))
    at_knots: FloatArray = field(default_factory=lambda: np.empty((0, 0)))
    second: FloatArray = field(default_factory=lambda: np.empty((0, 0)))
    of_level: FloatArray | None = None
    kind: ClassVar[str] = "basis"

    def rows(self, x: FloatArray) -> FloatArray:
        """Dense design rows (n, K - 2) at values `x`, linear beyond the outer knots; zero where x is NaN."""
        t = self.knots
        i = np.clip(np.searchsorted(t, x, side="right") - 1, 0, len(t) - 2)
        h = t[i + 1] - t[i]
        inside = np.clip(x, t[0], t[-1])
        a, b = inside - t[i], t[i + 1] - inside
        g = (a / h)[:, None] * self.at_knots[i + 1] + (b / h)[:, None] * self.at_knots[i]
        bend = (1 + a / h)[:, None] * self.second[i + 1] + (1 + b / h)[:, None] * self.second[i]
        g -= (a * b / 6)[:, None] * bend
        beyond = x - inside
        if np.any(beyond != 0):
            slope = (self.at_knots[i + 1] - self.at_knots[i]) / h[:, None]
            edge = np.where((x > t[-1])[:, None], self.second[i], -self.second[i + 1]) * (h / 6)[:, None]
            g += beyond[:, None] * (slope + edge)
        g[np.isnan(x)] = 0.0
        return g

    def block(self, columns: Columns, n: int) -> Csr:
        """Design rows; those of equal values are computed once."""
        given = columns[self.variables[0]]
        x = np.asarray(given if self.of_level is None else np.append(self.of_level, np.nan)[given], dtype=np.float64)
        distinct, which = np.unique(x, return_inverse=True)
        rows = self.rows(distinct)
        width = self.width
        indices = np.tile(np.arange(width, dtype=np.int32), n)
        return Csr(n, width, np.arange(n + 1, dtype=np.int64) * width, indices, rows[which].ravel())


def spline_coding(
    label: str,
    variable: str,
    values: FloatArray,
    k: int | None = None,
    knots: Sequence[float] | None = None,
    of_level: FloatArray | None = None,
) -> SplineCoding:
    """The coding of ``spl(x)``.

    Parameters
    ----------
    label, variable : str
    values : float array
        The variable's values over all records, from which knots are made.
    k : int, optional
        Number of equally spaced knots, from the least to the largest value. Without it the distinct values are the
        knots if they are not more than 50, else 50 equally spaced ones.
    knots : sequence of float, optional
        The knots themselves (``knot.points``).
    of_level : float array, optional
        See `SplineCoding`.

    Raises
    ------
    ModelError
        For fewer than three knots.
    """
    points = design_points(variable, values)
    if knots is not None:
        t = np.unique(np.asarray(knots, dtype=np.float64))
    elif k is None and len(points) <= DEFAULT_KNOTS:
        t = points
    else:
        t = np.linspace(points[0], points[-1], DEFAULT_KNOTS if k is None else k)
    if len(points) < 3 or len(t) < 3:
        raise ModelError(f"{label} has {min(len(points), len(t))} points; a spline needs at least three")
    unit = SCALED_RANGE / (t[-1] - t[0])
    h = np.diff(t) * unit
    interior = len(t) - 2
    j = np.arange(interior)
    q = np.zeros((len(t), interior))
    q[j, j] = 1 / h[:-1]
    q[j + 1, j] = -1 / h[:-1] - 1 / h[1:]
    q[j + 2, j] = 1 / h[1:]
    r = np.zeros((interior, interior))
    r[j, j] = (h[:-1] + h[1:]) / 3
    r[j[:-1], j[1:]] = r[j[1:], j[:-1]] = h[1:-1] / 6
    root_values, vectors = np.linalg.eigh(r)
    root = (vectors * np.sqrt(root_values)) @ vectors.T
    inverse_root = (vectors / np.sqrt(root_values)) @ vectors.T
    second = np.zeros((len(t), interior))
    second[1:-1] = inverse_root * unit**2
    at_knots = q @ np.linalg.solve(q.T @ q, root)
    levels = tuple(map(str, range(1, interior + 1)))
    return SplineCoding(label, (variable,), levels, t, at_knots, second, of_level)


@dataclass(frozen=True, eq=False)
class DeviationCoding(Coding):
    """``dev(x)``: one effect a distinct value of x, deviations from a smooth curve. Other values have zero rows."""

    points: FloatArray = field(default_factory=lambda: np.empty(0))
    kind: ClassVar[str] = "basis"

    @classmethod
    def of(cls, label: str, variable: str, values: FloatArray) -> DeviationCoding:
        """The coding over the distinct `values`."""
        points = design_points(variable, values)
        return cls(label, (variable,), tuple(map(str, range(1, len(points) + 1))), points)

    def single(self, columns: Columns, n: int) -> Single:
        """One at the value's column."""
        x = np.asarray(columns[self.variables[0]], dtype=np.float64)
        points = self.points
        at = np.clip(np.searchsorted(points, x, side="right") - 1, 0, len(points) - 1)
        nearest = CLOSEST * (points[-1] - points[0])
        there = np.abs(x - points[at]) <= nearest
        return np.where(there, at, -1).astype(np.int64), None


@dataclass(frozen=True, eq=False)
class GroupCoding(Coding):
    """``grp(name)``: numeric columns of the data as one term's design; effects are named by the columns."""

    kind: ClassVar[str] = "basis"

    def block(self, columns: Columns, n: int) -> Csr:
        """The columns' values, zeros left out; 0 where missing."""
        rows = np.column_stack([np.asarray(columns[name], dtype=np.float64) for name in self.variables])
        there = ~np.isnan(rows) & (rows != 0)
        indptr = np.zeros(n + 1, dtype=np.int64)
        np.cumsum(there.sum(axis=1), out=indptr[1:])
        return Csr(n, self.width, indptr, np.nonzero(there)[1].astype(np.int32), rows[there])


@dataclass(frozen=True, eq=False)
class CompoundCoding(Coding):
    """``str()``: terms side by side, each the direct product of its own codings."""

    terms: tuple[tuple[Coding, ...], ...] = ()
    kind: ClassVar[str] = "basis"

    @property
    def width(self) -> int:
        """Number of columns of all terms."""
        return sum(math.prod(coding.width for coding in codings) for codings in self.terms)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The terms' own effect names."""
        return tuple(
            ":".join(parts)
            for codings in self.terms
            for parts in itertools.product(*(coding.names for coding in codings))
        )

    def block(self, columns: Columns, n: int) -> Csr:
        """The terms' rows side by side."""
        return side_by_side([term_block(codings, columns, n) for codings in self.terms], n)
