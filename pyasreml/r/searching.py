"""Base functions that order, search and compare vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pyasreml.r.arithmetic import matches, vector_of
from pyasreml.r.coercion import collate, combine, flag
from pyasreml.r.conditions import RError
from pyasreml.r.indexing import names_of, subset
from pyasreml.r.registry import builtin
from pyasreml.r.values import (
    Arg,
    ListValue,
    Value,
    Vector,
    as_number,
    class_of,
    integer,
    logical,
    missing,
)

__all__ = ["sort", "unique"]


def _order(vectors: list[Vector], decreasing: bool, na_last: bool | None = True) -> np.ndarray[Any, Any]:
    """Places in order by the first vector, ties by the next; NA last, first, or (None) left out."""
    keys: list[Any] = []
    gone = np.zeros(len(vectors[0]), dtype=bool)
    for source in vectors:
        na = missing(source)
        gone |= na
        if source.kind == "character":
            known = sorted({t for t in source.data if t is not None}, key=collate)
            rank = {t: float(i) for i, t in enumerate(known)}
            data = np.array([0.0 if t is None else rank[t] for t in source.data])
        else:
            data = source.data
        keys.append(np.where(na, -np.inf if na_last is False else np.inf, -data if decreasing else data))
    where = np.lexsort(tuple(reversed(keys)))
    return where[~gone[where]] if na_last is None else where


def _na_last(value: Value, default: bool | None) -> bool | None:
    if value is None:
        return default
    vector = vector_of(value, "na.last")
    return None if np.isnan(vector.data[0]) else bool(vector.data[0])


@builtin("order")
def order(*dots: Arg, decreasing: Value = None, na_last: Value = None) -> Vector:
    """Places of the elements in ascending order."""
    vectors = [vector_of(arg.value, "order()") for arg in dots]
    return integer(_order(vectors, flag(decreasing), _na_last(na_last, True)) + 1)


@builtin("sort")
def sort(x: Value, decreasing: Value = None, na_last: Value = None) -> Value:
    """Elements in order, NA left out unless asked for."""
    where = _order([vector_of(x, "sort()")], flag(decreasing), _na_last(na_last, None))
    return subset(x, [integer(where + 1)])


def _keys(x: Vector) -> list[Any]:
    return [None if item is None or item != item else item for item in x.data.tolist()]


@builtin("unique")
def unique(x: Value) -> Value:
    """Elements (rows of a frame) without repeats."""
    if isinstance(x, pd.DataFrame):
        return x.drop_duplicates()
    source = vector_of(x, "unique()")
    first = ~pd.Series(_keys(source), dtype=object).duplicated().to_numpy()
    kept = {k: v for k, v in source.attributes.items() if k in ("levels", "class")}
    return Vector(source.data[first], source.kind, kept)


@builtin("duplicated")
def duplicated(x: Value) -> Vector:
    """Whether an element was there before."""
    if isinstance(x, pd.DataFrame):
        return logical(x.duplicated().to_numpy())
    return logical(pd.Series(_keys(vector_of(x, "duplicated()")), dtype=object).duplicated().to_numpy())


@builtin("which")
def which(x: Value) -> Vector:
    """Places that are TRUE."""
    flags = vector_of(x, "which()")
    if flags.kind != "logical":
        raise RError("argument to 'which' is not logical")
    where = np.flatnonzero(flags.data == 1)
    return integer(where + 1, None if flags.names is None else flags.names[where])


def _extreme(x: Value, place: Any) -> Vector:
    source = vector_of(x, "which.min()")
    data = as_number(source)
    if np.isnan(data).all():
        return integer([])
    where = int(place(data))
    return integer([where + 1], None if source.names is None else [source.names[where]])


@builtin("which.min")
def which_min(x: Value) -> Vector:
    """Place of the first minimum."""
    return _extreme(x, np.nanargmin)


@builtin("which.max")
def which_max(x: Value) -> Vector:
    """Place of the first maximum."""
    return _extreme(x, np.nanargmax)


@builtin("match")
def match(x: Value, table: Value) -> Vector:
    """Places in a table, NA where not there."""
    where = matches(x, table)
    return integer(np.where(where < 0, np.nan, where + 1))


@builtin("%in%")
def is_in(x: Value, table: Value) -> Vector:
    """Whether elements stand in a table."""
    return logical(matches(x, table) >= 0)


@builtin("setdiff")
def setdiff(x: Value, y: Value) -> Value:
    """Elements of x that y lacks."""
    first = unique(x)
    return subset(first, [logical(matches(first, y) < 0)])


@builtin("intersect")
def intersect(x: Value, y: Value) -> Value:
    """Elements in both."""
    first = unique(x)
    return subset(first, [logical(matches(first, y) >= 0)])


@builtin("union")
def union(x: Value, y: Value) -> Value:
    """Elements in either."""
    return unique(combine([Arg(None, x), Arg(None, y)]))


@builtin("identical")
def identical(x: Value, y: Value) -> Vector:
    """Whether two values are the same."""
    return logical([_same(x, y)])


def _same(x: Value, y: Value) -> bool:
    if isinstance(x, Vector) and isinstance(y, Vector):
        same = x.kind == y.kind and _keys(x) == _keys(y) and x.dim == y.dim and class_of(x) == class_of(y)
        return same and names_of(x) == names_of(y)
    if isinstance(x, ListValue) and isinstance(y, ListValue):
        return x.names == y.names and len(x) == len(y) and all(map(_same, x.items, y.items))
    if isinstance(x, pd.DataFrame) and isinstance(y, pd.DataFrame):
        return bool(x.equals(y))
    return x is y
