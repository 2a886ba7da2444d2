"""Coordinates of levels: numbers that a column holds or its levels read, and the places of pairs of columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from pyasreml.data import Column
from pyasreml.data.column import number_text
from pyasreml.errors import ModelError

__all__ = ["coordinates", "line_points", "places"]

FloatArray = npt.NDArray[np.float64]


def coordinates(column: Column, what: str) -> FloatArray:
    """A column's numbers (n,): a covariate's values, or what the levels of a factor read; NaN where missing.

    Raises
    ------
    ModelError
        A level that is no number.
    """
    if column.values is not None:
        return column.values
    numbers = []
    for level in column.levels:
        try:
            numbers.append(float(level))
        except ValueError:
            raise ModelError(
                f"{what} needs coordinates; the level {level!r} of {column.name!r} is no number"
            ) from None
    return np.array([*numbers, np.nan])[column.codes]


def line_points(
    name: str, levels: Sequence[str], chosen: Sequence[str], points: Mapping[str, Sequence[float]]
) -> FloatArray | None:
    """Coordinates that ``pwr.points`` gives the levels `chosen` of variable `name`; None where it has none.

    Raises
    ------
    ModelError
        If there is not one for every level.
    """
    if name not in points:
        return None
    given = np.asarray(points[name], dtype=np.float64).ravel()
    if given.size != len(levels):
        raise ModelError(f"pwr.points: {name} has {len(levels)} levels and {given.size} points; give one a level")
    at = dict(zip(levels, given.tolist(), strict=True))
    return np.array([at[level] for level in chosen])


def places(
    x: FloatArray, y: FloatArray, as_met: bool = False
) -> tuple[npt.NDArray[np.int32], FloatArray, tuple[str, ...]]:
    """Distinct pairs of coordinates.

    Parameters
    ----------
    x, y : float array (n,)
        NaN where missing.
    as_met : bool
        Number the pairs as the rows come to them; otherwise by x, then y.

    Returns
    -------
    code : int array (n,)
        Number of the pair, -1 where a coordinate is missing.
    at : float array (k, 2)
    labels : tuple of str
        ``x,y``.

    Examples
    --------
    >>> code, at, labels = places(np.array([2.0, 1.0, 2.0]), np.array([5.0, 4.0, 5.0]))
    >>> code.tolist(), labels
    ([1, 0, 1], ('1,4', '2,5'))
    """
    there = ~(np.isnan(x) | np.isnan(y))
    at, first, inverse = np.unique(
        np.column_stack([x, y])[there], axis=0, return_index=True, return_inverse=True
    )
    if as_met:
        order = np.argsort(first, kind="stable")
        rank = np.empty(order.size, dtype=np.int64)
        rank[order] = np.arange(order.size)
        at, inverse = at[order], rank[inverse.ravel()]
    code = np.full(x.size, -1, dtype=np.int32)
    code[there] = inverse.ravel()
    labels = tuple(f"{a},{b}" for a, b in zip(number_text(at[:, 0]), number_text(at[:, 1]), strict=True))
    return code, np.asarray(at, dtype=np.float64), labels
