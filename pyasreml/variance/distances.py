"""Coordinates of levels and distances between them, for structures in one and two dimensions."""

from __future__ import annotations

import numpy as np

from pyasreml.bind.bound import StructureCall
from pyasreml.errors import ModelError
from pyasreml.variance.base import FloatArray


def line(call: StructureCall) -> FloatArray:
    """Coordinates on a line, (k,): given ones, or the levels read as numbers.

    Raises
    ------
    ModelError
        A level that is no number; two levels at one place; a wrong number of coordinates.
    """
    if call.coordinates is not None:
        at = np.asarray(call.coordinates, float)
        if at.ndim != 1 or at.size != call.size:
            raise ModelError(f"{call.text}: {call.size} levels need one coordinate each; there are {at.size}")
    else:
        at = np.array([_number(call, level) for level in call.levels])
    if not call.levels and call.coordinates is None:
        raise ModelError(f"{call.text}: there are no levels to read coordinates from; name a factor or a covariate")
    _distinct(call, at[:, None])
    return at


def plane(call: StructureCall) -> FloatArray:
    """Coordinates in the plane, (k, 2).

    Raises
    ------
    ModelError
        No coordinates; two levels at one place.
    """
    if call.coordinates is None or np.ndim(call.coordinates) != 2 or np.shape(call.coordinates) != (call.size, 2):
        raise ModelError(f"{call.text}: {call.name}() needs two coordinates, {call.name}(x, y)")
    at = np.asarray(call.coordinates, float)
    _distinct(call, at)
    return at


def _number(call: StructureCall, level: str) -> float:
    try:
        value = float(level)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise ModelError(
            f"{call.text}: the level {level!r} of {call.variable} is no number, and distances are taken from the "
            f"levels; give coordinates, pwr.points = list({call.variable} = c(…))"
        )
    return value


def _distinct(call: StructureCall, at: FloatArray) -> None:
    if not np.isfinite(at).all():
        raise ModelError(f"{call.text}: a coordinate is missing or infinite")
    order = np.lexsort(at.T[::-1])
    same = np.flatnonzero((np.diff(at[order], axis=0) == 0).all(axis=1))
    if same.size:
        first, second = sorted(order[same[0] : same[0] + 2].tolist())
        labels = call.levels or tuple(map(str, range(1, call.size + 1)))
        names = f"{labels[first]!r} and {labels[second]!r}"
        raise ModelError(f"{call.text}: the levels {names} lie at one place, so they would be one effect")


def apart(at: FloatArray) -> FloatArray:
    """|difference| of every pair along one axis, (k, k)."""
    return np.asarray(np.abs(at[:, None] - at[None, :]))
