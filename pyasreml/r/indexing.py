"""Reading components: ``x[i]``, ``x[i, j]``, ``x[[i]]``, ``x$name``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pyasreml.errors import UnsupportedError
from pyasreml.r.arithmetic import vector_of
from pyasreml.r.conditions import RError
from pyasreml.r.convert import column_to_python, frame_to_r, matrix_of_frame, series_to_r, to_r
from pyasreml.r.values import Language, ListValue, Value, Vector, is_factor, objects
from pyasreml.syntax import deparse, parse_expression, parse_formula
from pyasreml.syntax.nodes import Call

__all__ = ["column", "element", "member", "names_of", "positions", "subset"]

MISSING = object()
"""An empty index, as in ``x[, 1]``."""

MISSING_NUMBER = -1e-37
"""What asreml leaves in ``hat`` for records without a response."""

MATRICES = frozenset(
    "sed vcov Cfixed Csparse trace ai coef.fixed coef.random coef.sparse fixed random sparse design".split()
)
"""Components of fits and results that are matrices in R where Python has a frame."""

Positions = npt.NDArray[np.int64]


def positions(index: Value, n: int, names: npt.NDArray[Any] | None, strict: bool = False) -> Positions:
    """Places (0 …) that an index picks out of `n` elements; -1 is NA.

    Parameters
    ----------
    index : value or MISSING
    n : int
    names : object array or None
    strict : bool
        Whether a place that does not exist is an error (matrices) or NA (vectors). In a vector a number beyond the
        end stays as it is, which assignment needs.
    """
    if index is MISSING:
        return np.arange(n)
    if index is None:
        return np.zeros(0, dtype=np.int64)
    picks = vector_of(index, "'['")
    if picks.kind == "character":
        where: dict[Any, int] = {}
        for i, name in enumerate(names if names is not None else ()):
            where.setdefault(name, i)
        found = np.array([where.get(name, -1) for name in picks.data], dtype=np.int64)
        if strict and (found < 0).any():
            raise RError("subscript out of bounds", f"there is no '{picks.data[int(np.argmax(found < 0))]}'")
        return found
    if picks.kind == "logical":
        if strict and len(picks) > n:
            raise RError("(subscript) logical subscript too long")
        flags = np.resize(picks.data, max(n, len(picks))) if len(picks) else np.zeros(0)
        chosen = np.flatnonzero(np.isnan(flags) | (flags != 0))
        return np.where(np.isnan(flags[chosen]), -1, chosen)
    numbers = picks.data
    known = numbers[~np.isnan(numbers)]
    if (known < 0).any():
        if (known > 0).any() or len(known) < len(numbers):
            raise RError("can't mix positive (or NA) and negative subscripts")
        keep = np.ones(n, dtype=bool)
        drop = (-np.trunc(known)).astype(np.int64) - 1
        keep[drop[(drop >= 0) & (drop < n)]] = False
        return np.flatnonzero(keep)
    numbers = numbers[~(np.trunc(numbers) == 0)]
    places = np.where(np.isnan(numbers), 0, np.trunc(numbers)).astype(np.int64) - 1
    if strict and (places >= n).any():
        raise RError("subscript out of bounds", f"{int(places.max()) + 1} of {n}")
    return places


def take(data: npt.NDArray[Any], where: Positions, kind: str) -> npt.NDArray[Any]:
    """Elements at places; NA where the place does not exist."""
    gone = (where < 0) | (where >= len(data))
    if not len(data):
        return objects([None] * len(where)) if kind == "character" else np.full(len(where), np.nan)
    picked = data[np.where(gone, 0, where)]
    if gone.any():
        picked[gone] = None if kind == "character" else np.nan
    return picked


def subset(value: Value, indices: list[Value], drop: bool | None = None) -> Value:
    """``value[…]`` with one index or two, empty ones given as `MISSING`."""
    if value is None:
        return None
    if isinstance(value, pd.DataFrame):
        return _frame_subset(value, indices, drop)
    if isinstance(value, ListValue):
        if len(indices) != 1:
            raise RError("incorrect number of dimensions")
        where = positions(indices[0], len(value), None if value.names is None else objects(value.names))
        outside = (where < 0) | (where >= len(value))
        items = [None if gone else value.items[i] for i, gone in zip(where, outside, strict=True)]
        names = None
        if value.names is not None:
            names = ["<NA>" if gone else value.names[i] for i, gone in zip(where, outside, strict=True)]
        return ListValue(items, names)
    if isinstance(value, Vector):
        if len(indices) == 0:
            return value
        if len(indices) == 1:
            return _vector_subset(value, indices[0])
        if value.dim is None or len(indices) != 2:
            raise RError("incorrect number of dimensions")
        return _matrix_subset(value, indices, True if drop is None else drop)
    if isinstance(value, Mapping):
        names = [str(key) for key in value]
        return subset(ListValue([to_r(item) for item in value.values()], names), indices, drop)
    raise RError(f"object of type '{type(value).__name__}' is not subsettable by '['")


def _vector_subset(value: Vector, index: Value) -> Vector:
    if isinstance(index, pd.DataFrame):
        index = matrix_of_frame(index)
    if value.dim is not None and isinstance(index, Vector) and index.dim is not None and index.kind != "logical":
        if index.dim[1] == 2:  # a matrix of two columns: one cell a row
            cells = index.matrix()
            where = ((cells[:, 1] - 1) * value.dim[0] + cells[:, 0] - 1).astype(np.int64)
            return Vector(take(value.data, where, value.kind), value.kind)
    names = value.names
    where = positions(index, len(value), names)
    attributes: dict[str, Any] = {}
    if is_factor(value):
        attributes = {"levels": value.attributes["levels"], "class": value.attributes["class"]}
    if names is not None:
        picked = take(names, where, "character")
        attributes["names"] = objects("<NA>" if name is None else name for name in picked)
    return Vector(take(value.data, where, value.kind), value.kind, attributes)


def _matrix_subset(value: Vector, indices: list[Value], drop: bool) -> Vector:
    assert value.dim is not None
    row_names, column_names = value.dimnames
    rows = positions(indices[0], value.dim[0], row_names, strict=True)
    columns = positions(indices[1], value.dim[1], column_names, strict=True)
    gone = (rows < 0)[:, None] | (columns < 0)[None, :]
    block = value.matrix()[np.ix_(np.maximum(rows, 0), np.maximum(columns, 0))] if value.data.size else value.matrix()
    if gone.any():
        block = block.copy()
        block[gone] = None if value.kind == "character" else np.nan
    data = block.ravel(order="F")
    new_rows = None if row_names is None else row_names[rows]
    new_columns = None if column_names is None else column_names[columns]
    if drop and (len(rows) == 1 or len(columns) == 1):
        names = new_rows if len(columns) == 1 else new_columns
        if len(rows) == 1 and len(columns) == 1:
            names = None
        return Vector(data, value.kind, {} if names is None else {"names": names})
    attributes: dict[str, Any] = {"dim": (len(rows), len(columns))}
    if new_rows is not None or new_columns is not None:
        attributes["dimnames"] = (new_rows, new_columns)
    return Vector(data, value.kind, attributes)


def row_places(frame: pd.DataFrame, index: Value) -> Positions:
    """Places of rows; names are completed where the beginning given is unique, as R does."""
    if isinstance(index, Vector) and index.kind == "character":
        names = [str(name) for name in frame.index]
        where = {name: i for i, name in reversed(list(enumerate(names)))}
        found = []
        for key in index.data:
            place = where.get(key, -1)
            if place < 0 and key:
                near = [i for i, name in enumerate(names) if name.startswith(key)]
                place = near[0] if len(near) == 1 else -1
            found.append(place)
        return np.array(found, dtype=np.int64)
    return positions(index, len(frame), None)


def column_places(frame: pd.DataFrame, index: Value) -> Positions:
    """Places of columns; all of them must exist."""
    try:
        where = positions(index, frame.shape[1], objects(map(str, frame.columns)), strict=True)
    except RError:
        shown = ", ".join(map(str, frame.columns))
        raise RError("undefined columns selected", f"the columns are {shown}") from None
    return where


def _frame_subset(frame: pd.DataFrame, indices: list[Value], drop: bool | None) -> Value:
    if not indices:
        return frame
    if len(indices) == 1:
        index = indices[0]
        if isinstance(index, Vector) and index.dim is not None and index.kind == "logical":
            return _vector_subset(matrix_of_frame(frame).plain(), index)
        return frame.iloc[:, column_places(frame, index)]
    if len(indices) != 2:
        raise RError("incorrect number of dimensions")
    rows = indices[0]
    columns = frame if indices[1] is MISSING else frame.iloc[:, column_places(frame, indices[1])]
    if drop is None:
        drop = columns.shape[1] == 1
    if rows is MISSING:
        return column(columns, 0) if drop and columns.shape[1] == 1 else columns
    where = row_places(frame, rows)
    outside = (where < 0) | (where >= len(frame))
    if drop and columns.shape[1] == 1:
        whole = column(columns, 0)
        kept = {k: v for k, v in whole.attributes.items() if k in ("levels", "class")}
        return Vector(take(whole.data, where, whole.kind), whole.kind, kept)
    picked = columns.iloc[np.where(outside, 0, where)]
    if outside.any():
        labels = ["NA" if gone else str(frame.index[i]) for i, gone in zip(where, outside, strict=True)]
        made = pd.DataFrame(index=pd.Index(_unique(labels), dtype=object))
        for j, name in enumerate(columns.columns):
            whole = column(columns, j)
            made[name] = column_to_python(Vector(take(whole.data, where, whole.kind), whole.kind, whole.attributes))
        return made
    return picked.set_axis(pd.Index(_unique(list(picked.index))), axis=0) if not picked.index.is_unique else picked


def _unique(labels: list[Any]) -> list[str]:
    """R's ``make.unique``: repeats get ``.1``, ``.2`` …"""
    seen: dict[str, int] = {}
    made = []
    for label in map(str, labels):
        count = seen.get(label, 0)
        seen[label] = count + 1
        made.append(label if count == 0 else f"{label}.{count}")
    return made


def column(frame: pd.DataFrame, place: int) -> Vector:
    """A column of a frame as a vector without names."""
    return series_to_r(frame.iloc[:, int(place)], names=False)


def element(value: Value, indices: list[Value], exact: bool = True) -> Value:
    """``value[[…]]``."""
    if len(indices) == 2:
        if isinstance(value, pd.DataFrame):
            rows, columns = row_places(value, indices[0]), column_places(value, indices[1])
            if len(rows) != 1 or len(columns) != 1 or rows[0] < 0 or rows[0] >= len(value):
                raise RError("subscript out of bounds")
            whole = column(value, columns[0])
            return _vector_subset(whole, Vector(np.array([rows[0] + 1.0]), "integer"))
        return subset(value, indices)
    index = vector_of(indices[0], "'[['")
    if len(index) != 1:
        raise RError(f"subscript of length {len(index)} in '[['")
    if value is None:
        return None
    if index.kind == "character":
        name = str(index.data[0])
        if isinstance(value, Vector):
            where = positions(index, len(value), value.names)
            if where[0] < 0:
                raise RError("subscript out of bounds", f"there is no '{name}'")
            return Vector(value.data[where], value.kind)
        return member(value, name, partial=not exact)
    if isinstance(value, ListValue | Vector):
        where = positions(index, len(value), None)
        if len(where) != 1 or where[0] < 0 or where[0] >= len(value):
            raise RError("subscript out of bounds")
        if isinstance(value, ListValue):
            return value.items[where[0]]
        kept = {k: v for k, v in value.attributes.items() if k in ("levels", "class")}
        return Vector(value.data[where], value.kind, kept)
    if isinstance(value, pd.DataFrame):
        return column(value, column_places(value, index)[0])
    names = names_of(value)
    if names:
        return member(value, names[int(index.data[0]) - 1])
    raise RError(f"object of type '{type(value).__name__}' is not subsettable")


def names_of(value: Value) -> list[str] | None:
    """R's ``names()``, also of Python objects: keys, or attributes that hold data."""
    if isinstance(value, Vector):
        if value.names is not None:
            return [str(name) for name in value.names]
        return None
    if isinstance(value, ListValue):
        return value.names
    if isinstance(value, pd.DataFrame):
        return [str(name) for name in value.columns]
    if value is None or isinstance(value, Language):
        return None
    keys = getattr(value, "keys", None)
    if callable(keys):
        return [str(key) for key in keys()]
    return [name for name in dir(value) if not name.startswith("_") and not callable(getattr(value, name, None))]


def member(value: Value, name: str, partial: bool = True) -> Value:
    """``value$name``: NULL where there is no such component; a unique beginning of its name will do."""
    if value is None:
        return None
    if isinstance(value, Vector):
        raise RError(f"$ operator is invalid for atomic vectors (here '${name}')")
    if isinstance(value, Language):
        raise RError(f"a formula has no component '{name}'")
    if isinstance(value, ListValue | pd.DataFrame):
        names = names_of(value) or []
        found = _find(names, name, partial)
        if found is None:
            return None
        return value.items[found] if isinstance(value, ListValue) else column(value, found)
    return _object_member(value, name, partial)


def _find(names: list[str], name: str, partial: bool) -> int | None:
    if name in names:
        return names.index(name)
    near = [i for i, known in enumerate(names) if known.startswith(name)] if partial else []
    return near[0] if len(near) == 1 else None


def _object_member(value: Any, name: str, partial: bool) -> Value:
    """A component of a Python object, by R's name, by Python's, or by a unique beginning of either."""
    found: Any = MISSING
    if hasattr(value, "__getitem__"):
        try:
            found = value[name]
        except (KeyError, IndexError, TypeError, AttributeError):
            found = MISSING
    if found is MISSING and not isinstance(value, str):
        try:
            found = getattr(value, name.replace(".", "_"), MISSING)
        except UnsupportedError:
            raise
        if callable(found):
            found = MISSING
    if found is MISSING:
        if not partial:
            return None
        names = names_of(value) or []
        place = _find([known.replace("_", ".") for known in names], name.replace("_", "."), True)
        return None if place is None or names[place] == name else _object_member(value, names[place], False)
    if name == "hat" and isinstance(found, pd.Series):
        found = found.fillna(MISSING_NUMBER)
    if isinstance(found, str) and name == "call":
        return _call_parts(found)
    if type(found) is dict and name == "formulae":
        items = [None if text is None else Language(parse_formula(text), text) for text in found.values()]
        return ListValue(items, list(found))
    if name.replace("_", ".") in MATRICES and isinstance(found, pd.DataFrame):
        return matrix_of_frame(frame_to_r(found))
    return to_r(found)


def _call_parts(text: str) -> Value:
    """A stored call as R has it: a list of its arguments, the function's name first."""
    node = parse_expression(text)
    if not isinstance(node, Call):
        return to_r(text)
    items: list[Value] = [Language(node.function, deparse(node.function))]
    names = [""]
    for argument in node.arguments:
        if argument.value is not None:
            items.append(Language(argument.value, deparse(argument.value)))
            names.append(argument.name or "")
    return ListValue(items, names, {"class": ("call",), "text": deparse(node)})
