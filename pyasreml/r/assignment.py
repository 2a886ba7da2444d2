"""Replacing components: ``x[i] <- v``, ``x[[i]] <- v``, ``x$name <- v``. Every function returns a new value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pyasreml.r.arithmetic import vector_of
from pyasreml.r.conditions import RError
from pyasreml.r.convert import column_to_python, series_to_r, to_r
from pyasreml.r.indexing import MISSING, column_places, positions, row_places, take
from pyasreml.r.values import KINDS, ListValue, Value, Vector, is_factor, logical, objects, text_array

__all__ = ["replace_element", "replace_member", "replace_subset"]


def _list_of(value: Value) -> ListValue:
    """The value as a list that can be changed."""
    if isinstance(value, ListValue):
        return ListValue(list(value.items), None if value.names is None else list(value.names), dict(value.attributes))
    if value is None:
        return ListValue([])
    if isinstance(value, Mapping):
        return ListValue([to_r(item) for item in value.values()], [str(key) for key in value])
    if isinstance(value, Vector):
        items: list[Value] = [Vector(value.data[i : i + 1], value.kind) for i in range(len(value))]
        return ListValue(items, None if value.names is None else list(value.names))
    raise RError(
        f"a {type(value).__name__} cannot be changed: it is the result of a call; call again with other arguments"
    )


def replace_member(value: Value, name: str, new: Value) -> Value:
    """``value$name <- new``; NULL removes the component."""
    if isinstance(value, pd.DataFrame):
        return replace_column(value, name, new)
    made = _list_of(value)
    names = made.names or [""] * len(made.items)
    if name in names:
        place = names.index(name)
        if new is None:
            del made.items[place], names[place]
        else:
            made.items[place] = new
    elif new is not None:
        made.items.append(new)
        names = [*names, name]
    made.names = names
    return made


def replace_column(frame: pd.DataFrame, name: str, new: Value) -> pd.DataFrame:
    """The frame with a column replaced, added, or (NULL) removed."""
    if new is None:
        return frame.drop(columns=[name]) if name in frame.columns else frame
    vector = vector_of(new, f"'${name} <-'")
    n = len(frame)
    if frame.shape[1] == 0 and n == 0:
        n = len(vector)
        frame = pd.DataFrame(index=pd.RangeIndex(1, n + 1))
    if len(vector) == 0 or n % len(vector):
        raise RError(f"replacement has {len(vector)} rows, data has {n}")
    if len(vector) < n:
        vector = Vector(np.resize(vector.data, n), vector.kind, _class_only(vector))
    made = frame.copy(deep=False)
    made[name] = column_to_python(vector)
    return made


def _class_only(vector: Vector) -> dict[str, Any]:
    return {k: v for k, v in vector.attributes.items() if k in ("levels", "class")}


def replace_subset(value: Value, indices: list[Value], new: Value) -> Value:
    """``value[…] <- new``."""
    if isinstance(value, pd.DataFrame):
        return _replace_cells(value, indices, new)
    if value is None:
        value = logical([])
    if isinstance(value, ListValue) or isinstance(new, ListValue):
        return _replace_items(_list_of(value), indices[0] if indices else MISSING, new)
    if not isinstance(value, Vector):
        raise RError(f"a {type(value).__name__} cannot be changed by '[<-'")
    source = vector_of(new, "'[<-'")
    if len(indices) == 2:
        if value.dim is None:
            raise RError("incorrect number of subscripts on matrix")
        rows = positions(indices[0], value.dim[0], value.dimnames[0], strict=True)
        columns = positions(indices[1], value.dim[1], value.dimnames[1], strict=True)
        where = (columns[None, :] * value.dim[0] + rows[:, None]).ravel(order="F")
    else:
        index = indices[0] if indices else MISSING
        where = positions(index, len(value), value.names)
        if isinstance(index, Vector) and index.kind == "character" and (where < 0).any():
            value, where = _with_new_names(value, index, where)
        elif isinstance(index, Vector) and index.kind == "logical":
            where = where[where >= 0]
    if len(where) == 0:
        return value
    if len(source) == 0:
        raise RError("replacement has length zero")
    if len(where) % len(source):
        raise RError(
            f"number of items to replace ({len(where)}) is not a multiple of replacement length ({len(source)})"
        )
    return _put(value, where, source)


def _with_new_names(value: Vector, index: Vector, where: Any) -> tuple[Vector, Any]:
    fresh = list(dict.fromkeys(name for name, place in zip(index.data, where, strict=True) if place < 0))
    names = [*(value.names if value.names is not None else [""] * len(value)), *fresh]
    grown = Vector(take(value.data, np.arange(len(names)), value.kind), value.kind, dict(value.attributes))
    grown.attributes["names"] = objects(names)
    return grown, positions(index, len(names), grown.attributes["names"])


def _put(value: Vector, where: Any, source: Vector) -> Vector:
    """Elements at places replaced; the vector grows where needed and takes the wider type."""
    size = max(len(value), int(where.max()) + 1)
    data, attributes = value.data, dict(value.attributes)
    if size > len(value):
        data = take(data, np.arange(size), value.kind)
        if value.names is not None:
            attributes["names"] = objects([*value.names, *[""] * (size - len(value))])
        attributes.pop("dim", None)
        attributes.pop("dimnames", None)
    if is_factor(value):
        levels = list(value.attributes["levels"])
        texts = text_array(source)
        unknown = [t for t in texts if t is not None and t not in levels]
        if unknown:
            from pyasreml.errors import warn

            warn(f"invalid factor level '{unknown[0]}', NA generated")
        codes = np.array([levels.index(t) + 1.0 if t in levels else np.nan for t in texts])
        made = data.copy()
        made[where] = np.resize(codes, len(where))
        return Vector(made, "integer", attributes)
    kind = max(value.kind, source.kind, key=KINDS.index)
    if kind == "character":
        made = text_array(Vector(data, value.kind)).copy()
        made[where] = np.resize(text_array(source), len(where))
    else:
        made = data.copy()
        made[where] = np.resize(source.data, len(where))
    return Vector(made, kind, attributes)


def _replace_items(value: ListValue, index: Value, new: Value) -> ListValue:
    names = value.names
    where = positions(index, len(value), None if names is None else objects(names))
    if isinstance(index, Vector) and index.kind == "character":
        for name, place in zip(index.data, where, strict=True):
            if place < 0:
                value = replace_member(value, name, logical([np.nan]))
        where = positions(index, len(value), objects(value.names or []))
    if new is None:
        keep = [i for i in range(len(value)) if i not in set(where.tolist())]
        value.items = [value.items[i] for i in keep]
        value.names = None if value.names is None else [value.names[i] for i in keep]
        return value
    source = new.items if isinstance(new, ListValue) else _list_of(new).items
    for k, place in enumerate(where.tolist()):
        while place >= len(value.items):
            value.items.append(None)
            if value.names is not None:
                value.names.append("")
        value.items[place] = source[k % len(source)]
    return value


def _replace_cells(frame: pd.DataFrame, indices: list[Value], new: Value) -> pd.DataFrame:
    if len(indices) == 1 and isinstance(indices[0], Vector) and indices[0].dim is not None:
        mask = indices[0].matrix()
        made = frame
        for j in range(frame.shape[1]):
            flags = Vector(mask[:, j], "logical")
            whole = replace_subset(series_to_r(frame.iloc[:, j], names=False), [flags], new)
            made = replace_column(made, str(frame.columns[j]), whole)
        return made
    rows, columns = (MISSING, indices[0]) if len(indices) == 1 else (indices[0], indices[1])
    if isinstance(columns, Vector) and columns.kind == "character":
        wanted = [str(name) for name in columns.data]
    else:
        wanted = [str(frame.columns[j]) for j in column_places(frame, columns)]
    where = row_places(frame, rows)
    if (where < 0).any() or (where >= len(frame)).any():
        raise RError("replacement of rows that the data frame does not have")
    made = frame
    for k, name in enumerate(wanted):
        part = new
        if isinstance(new, ListValue):
            part = new.items[k % len(new)]
        elif isinstance(new, pd.DataFrame):
            part = series_to_r(new.iloc[:, k % new.shape[1]], names=False)
        elif isinstance(new, Vector) and len(new) == len(where) * len(wanted) and len(wanted) > 1:
            part = Vector(new.data[k * len(where) : (k + 1) * len(where)], new.kind)
        if name in made.columns:
            old = series_to_r(made[name], names=False)
        else:
            old = logical(np.full(len(frame), np.nan))
        places = Vector(where + 1.0, "integer")
        made = replace_column(made, name, replace_subset(old, [places], part))
    return made


def replace_element(value: Value, indices: list[Value], new: Value) -> Value:
    """``value[[…]] <- new``."""
    if len(indices) == 2:
        return replace_subset(value, indices, new)
    index = vector_of(indices[0], "'[[<-'")
    if len(index) != 1:
        raise RError("'[[<-' needs one subscript")
    if index.kind == "character" and not isinstance(value, Vector):
        return replace_member(value, str(index.data[0]), new)
    if isinstance(value, Vector) and isinstance(new, Vector) and len(new) == 1:
        return replace_subset(value, indices, new)
    if isinstance(value, pd.DataFrame):
        return replace_column(value, str(value.columns[column_places(value, index)[0]]), new)
    made = _list_of(value)
    place = int(index.data[0]) - 1 if index.kind != "character" else -1
    if place < 0:
        return replace_member(made, str(index.data[0]), new)
    if new is None:
        return _replace_items(made, index, None)
    return _replace_items(made, index, ListValue([new]))
