"""Names, dimensions, classes and other attributes, and their replacement forms."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from pyasreml.r.arithmetic import vector_of
from pyasreml.r.coercion import strings, text
from pyasreml.r.conditions import RError
from pyasreml.r.convert import to_r
from pyasreml.r.indexing import names_of
from pyasreml.r.registry import builtin
from pyasreml.r.values import (
    ListValue,
    Value,
    Vector,
    character,
    class_of,
    integer,
    logical,
    objects,
)

__all__: list[str] = []


@builtin("names")
def names(x: Value) -> Value:
    """Names of elements, columns or components."""
    if isinstance(x, Vector) and x.dim is not None:
        return None
    found = names_of(x)
    return None if found is None else character(found)


@builtin("names<-")
def set_names(x: Value, value: Value) -> Value:
    """The value with other names; NULL takes them away."""
    if isinstance(x, pd.DataFrame):
        return x.set_axis(pd.Index(strings(value), dtype=object), axis=1)
    if isinstance(x, ListValue):
        return ListValue(x.items, None if value is None else [n or "" for n in strings(value)], x.attributes)
    source = vector_of(x, "names<-")
    attributes = {k: v for k, v in source.attributes.items() if k != "names"}
    if value is not None:
        given = strings(value)
        attributes["names"] = objects(given + [None] * (len(source) - len(given)))
    return Vector(source.data, source.kind, attributes)


@builtin("setNames")
def with_names(object: Value = None, nm: Value = None) -> Value:
    """The value with other names."""
    return set_names(object, nm)


@builtin("unname")
def unname(obj: Value) -> Value:
    """The value without names."""
    if isinstance(obj, ListValue):
        return ListValue(obj.items, None, obj.attributes)
    source = vector_of(obj, "unname()")
    kept = {k: v for k, v in source.attributes.items() if k not in ("names", "dimnames")}
    return Vector(source.data, source.kind, kept)


@builtin("dim")
def dim(x: Value) -> Value:
    """Rows and columns, NULL for a vector."""
    found = _shape(x)
    return None if found is None else integer(found)


def _shape(x: Value) -> Any:
    if isinstance(x, Vector):
        return x.dim
    shape = getattr(x, "shape", None)
    return shape if shape is not None and len(shape) == 2 else None


@builtin("nrow", "NROW")
def nrow(x: Value) -> Value:
    """Number of rows."""
    found = _shape(x)
    return None if found is None else integer([found[0]])


@builtin("ncol", "NCOL")
def ncol(x: Value) -> Value:
    """Number of columns."""
    found = _shape(x)
    return None if found is None else integer([found[1]])


@builtin("rownames", "row.names")
def rownames(x: Value) -> Value:
    """Row names."""
    if isinstance(x, Vector):
        found = x.dimnames[0]
        return None if found is None else character(found)
    index = getattr(x, "index", None)
    return character(map(str, index)) if isinstance(index, pd.Index) else None


@builtin("colnames")
def colnames(x: Value) -> Value:
    """Column names."""
    if isinstance(x, Vector):
        found = x.dimnames[1]
        return None if found is None else character(found)
    heads = getattr(x, "columns", None)
    return character(map(str, heads)) if heads is not None else None


@builtin("dimnames")
def dimnames(x: Value) -> Value:
    """Row and column names."""
    if isinstance(x, Vector) and x.dim is None:
        return None
    return ListValue([rownames(x), colnames(x)])


def _with_dimnames(x: Value, place: Literal[0, 1], value: Value) -> Value:
    if isinstance(x, pd.DataFrame):
        new = pd.RangeIndex(1, len(x) + 1) if value is None else pd.Index(strings(value), dtype=object)
        return x.set_axis(new, axis=place)
    if not isinstance(x, Vector) or x.dim is None:
        raise RError("attempt to set names of rows or columns on an object with no dimensions")
    both = list(x.dimnames)
    if value is not None and len(strings(value)) != x.dim[place]:
        raise RError(f"length of 'dimnames' [{place + 1}] not equal to array extent")
    both[place] = None if value is None else objects(strings(value))
    return Vector(x.data, x.kind, {**x.attributes, "dimnames": (both[0], both[1])})


@builtin("rownames<-", "row.names<-")
def set_rownames(x: Value, value: Value) -> Value:
    """Other row names."""
    return _with_dimnames(x, 0, value)


@builtin("colnames<-")
def set_colnames(x: Value, value: Value) -> Value:
    """Other column names."""
    return _with_dimnames(x, 1, value)


@builtin("dimnames<-")
def set_dimnames(x: Value, value: Value) -> Value:
    """Other row and column names."""
    first, second = (None, None) if value is None else value.items
    return _with_dimnames(_with_dimnames(x, 0, first), 1, second)


@builtin("dim<-")
def set_dim(x: Value, value: Value) -> Value:
    """A vector as a matrix, or back."""
    source = vector_of(x, "dim<-").plain()
    if value is not None:
        shape = tuple(int(v) for v in value.data)
        if int(np.prod(shape)) != len(source):
            raise RError(f"dims [product {int(np.prod(shape))}] do not match the length of object [{len(source)}]")
        source.attributes["dim"] = shape
    return source


@builtin("class", "oldClass")
def class_(x: Value) -> Vector:
    """R's class of the value."""
    return character(class_of(x))


def _copy(x: Value) -> Vector | ListValue:
    if isinstance(x, ListValue):
        return ListValue(x.items, x.names, dict(x.attributes))
    source = vector_of(x, "an attribute")
    return Vector(source.data, source.kind, dict(source.attributes))


@builtin("class<-")
def set_class(x: Value, value: Value) -> Value:
    """The value under another class."""
    made = _copy(x)
    made.attributes.pop("class", None)
    if value is not None:
        made.attributes["class"] = tuple(str(item) for item in strings(value))
    return made


@builtin("inherits")
def inherits(x: Value, what: Value) -> Vector:
    """Whether the value is of one of the classes."""
    return logical([any(name in class_of(x) for name in strings(what))])


@builtin("attr")
def attr(x: Value, which: Value, exact: Value = None) -> Value:
    """An attribute, NULL where there is none."""
    name = text(which)
    if name == "names":
        return names(x)
    if name == "class":
        return class_(x)
    if isinstance(x, Vector | ListValue):
        if name == "dim":
            return dim(x)
        if name == "dimnames":
            return dimnames(x)
        found = x.attributes.get(name)
        return character(found) if name == "levels" and found is not None else found
    if isinstance(x, pd.DataFrame):
        if name == "row.names":
            return rownames(x)
        return to_r(getattr(x, name, None) if name not in x.columns else None) or to_r(x.attrs.get(name))
    return to_r(getattr(x, name.replace(".", "_"), None))


@builtin("attr<-")
def set_attr(x: Value, which: Value, value: Value) -> Value:
    """The value with an attribute replaced."""
    name = text(which)
    if name == "names":
        return set_names(x, value)
    if name == "class":
        return set_class(x, value)
    if isinstance(x, pd.DataFrame):
        frame = x.copy(deep=False)
        frame.attrs[name] = value
        return frame
    made = _copy(x)
    if value is None:
        made.attributes.pop(name, None)
    else:
        made.attributes[name] = value
    return made


@builtin("attributes")
def attributes(x: Value) -> Value:
    """All attributes as a list."""
    if not isinstance(x, Vector | ListValue):
        return None
    found = [key for key in ("names",) if names(x) is not None]
    found += [key for key in x.attributes if key != "names"]
    return ListValue([attr(x, character([key])) for key in found], found) if found else None
