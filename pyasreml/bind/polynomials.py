"""Codings by functions of a variable's numbers: orthogonal and Legendre polynomials, powers, sines and cosines.

``pol(x, t)`` is built on the distinct values of x and, where they lie far apart, on points between them, as predictions
need them. Its columns are 1, the values scaled to (-1, 1), and for each further degree the polynomial that is
orthogonal to those before over all these points, 1 at the largest. No manual states the scale: this one gives all
documented log-likelihoods of models with ``pol()``. ``leg(x, t)`` has Legendre's polynomials instead, which differ from
the third column on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from numpy.polynomial.legendre import legmulx, legvander

from pyasreml.bind.basis import design_points
from pyasreml.bind.coding import Coding, Columns, Single
from pyasreml.errors import DataError, ModelError
from pyasreml.linalg import Csr

__all__ = ["FunctionCoding", "PolynomialCoding", "function_coding", "interpolated_points", "polynomial_coding"]

FloatArray = npt.NDArray[np.float64]

POINTS = 21
"""asreml's ``nsppoints``: points are put between values more than two steps apart, a step being the range over 20."""


def interpolated_points(values: FloatArray) -> FloatArray:
    """Distinct values with points a step apart after each, as many as leave the gap's last step or more open.

    Examples
    --------
    >>> interpolated_points(np.array([1.0, 2.0, 8.0])).size
    20
    >>> interpolated_points(np.arange(20.0)).size
    20
    """
    step = (values[-1] - values[0]) / (POINTS - 1)
    count = np.maximum(np.floor(np.diff(values) / step + 1e-9).astype(np.int64) - 1, 0)
    start = np.repeat(values[:-1], count)
    number = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + 1
    points: FloatArray = np.sort(np.concatenate([values, start + number * step]))
    return points


def _numbers(given: npt.NDArray[np.generic], of_level: FloatArray | None) -> FloatArray:
    """A covariate's values, or what the levels of a factor read."""
    return np.asarray(given if of_level is None else np.append(of_level, np.nan)[given], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class PolynomialCoding(Coding):
    """``pol(x, t)`` or ``leg(x, t)``: one column a degree.

    Attributes
    ----------
    centre, half : float
        x is taken as (x - centre) / half.
    transform : float array (t + 1, width)
        Columns as combinations of Legendre polynomials of that.
    of_level : float array (number of levels,) or None
        For a factor, the numbers its levels stand for.
    """

    centre: float = 0.0
    half: float = 1.0
    transform: FloatArray = field(default_factory=lambda: np.empty((0, 0)))
    of_level: FloatArray | None = None
    kind: ClassVar[str] = "basis"

    def rows(self, x: FloatArray) -> FloatArray:
        """Dense design rows (n, width) at values `x`; zero where x is NaN."""
        z = np.nan_to_num((x - self.centre) / self.half)
        found = legvander(z, self.transform.shape[0] - 1) @ self.transform
        found[np.isnan(x)] = 0.0
        return np.asarray(found, np.float64)

    def block(self, columns: Columns, n: int) -> Csr:
        """Design rows; those of equal values are computed once."""
        distinct, which = np.unique(_numbers(columns[self.variables[0]], self.of_level), return_inverse=True)
        rows = self.rows(distinct)[which]
        indices = np.tile(np.arange(self.width, dtype=np.int32), n)
        return Csr(n, self.width, np.arange(n + 1, dtype=np.int64) * self.width, indices, rows.ravel())


def polynomial_coding(
    label: str, variable: str, function: str, degree: int, values: FloatArray, of_level: FloatArray | None = None
) -> PolynomialCoding:
    """The coding of ``pol(x, t)`` or ``leg(x, t)``.

    Parameters
    ----------
    label, variable : str
    function : {"pol", "leg"}
    degree : int
        t: the degree; negative for no constant.
    values : float array
        The variable's values over all records, or the numbers of a factor's levels.
    of_level : float array, optional
        See `PolynomialCoding`.

    Raises
    ------
    ModelError
        If there are no more distinct values than the degree.
    """
    points = design_points(variable, values)
    t = abs(degree)
    if len(points) <= t:
        raise ModelError(f"{label}: degree {t} needs {t + 1} distinct values, and {variable} has {len(points)}")
    if function == "pol":
        centre = float(points.mean())
        half = centre - float(points[0])
    else:
        centre, half = 0.5 * float(points[0] + points[-1]), 0.5 * float(points[-1] - points[0])
    transform = np.eye(t + 1)
    if function == "pol":
        transform = _orthogonal((interpolated_points(points) - centre) / half, t)
    first = 0 if degree > 0 else 1
    levels = tuple(f"order{j}" for j in range(first, t + 1))
    return PolynomialCoding(label, (variable,), levels, centre, half, transform[:, first:], of_level)


def _orthogonal(z: FloatArray, t: int) -> FloatArray:
    """Coefficients, by Legendre polynomials, of 1, z and the further degrees made one after the other, (t + 1, t + 1).

    Each is z times the one before, less its projection on 1, then of what is left on z, and so on, 1 at the last point.
    """
    transform = np.eye(t + 1)
    at = legvander(z, t)
    for j in range(2, t + 1):
        transform[: j + 1, j] = legmulx(transform[:j, j - 1])
        for i in range(j):
            p, q = at @ transform[:, i], at @ transform[:, j]
            transform[:, j] -= (p @ q) / (p @ p) * transform[:, i]
        transform[:, j] /= at[-1] @ transform[:, j]
    return transform


@dataclass(frozen=True, eq=False)
class FunctionCoding(Coding):
    """``pow(x, p, offset)``, ``sin(x, r)``, ``cos(x, r)``: a covariate.

    Attributes
    ----------
    function : {"pow", "sin", "cos"}
    power, offset : float
        Of ``pow``: (x + offset)^p.
    period : float
        Of ``sin`` and ``cos``.
    of_level : float array (number of levels,) or None
    """

    function: str = "pow"
    power: float = 1.0
    offset: float = 0.0
    period: float = 2 * np.pi
    of_level: FloatArray | None = None
    kind: ClassVar[str] = "covariate"

    def values(self, x: FloatArray) -> FloatArray:
        """The function's values at `x`."""
        if self.function == "pow":
            with np.errstate(invalid="ignore", divide="ignore"):
                return np.asarray((x + self.offset) ** self.power, np.float64)
        wave = np.sin if self.function == "sin" else np.cos
        return np.asarray(wave(2 * np.pi * x / self.period), np.float64)

    def single(self, columns: Columns, n: int) -> Single:
        """The value in column 0; 0 where missing."""
        return None, np.nan_to_num(self.values(_numbers(columns[self.variables[0]], self.of_level)), nan=0.0)


def function_coding(coding: FunctionCoding, values: FloatArray) -> FunctionCoding:
    """The coding, checked for finite values.

    Raises
    ------
    DataError
        Where the function has no value, ``pow()`` of negative numbers.
    """
    x = values[~np.isnan(values)]
    bad = np.flatnonzero(~np.isfinite(coding.values(x)))
    if bad.size:
        raise DataError(f"{coding.label} has no value at {coding.variables[0]} = {x[bad[0]]:g}")
    return coding
