"""Base functions that make, cut and convert vectors and lists."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pyasreml.errors import warn
from pyasreml.r.arithmetic import vector_of
from pyasreml.r.coercion import columns_or_self, combine, flag, floats, number, text, whole
from pyasreml.r.conditions import RError
from pyasreml.r.indexing import names_of, subset
from pyasreml.r.registry import builtin
from pyasreml.r.values import (
    Arg,
    Language,
    ListValue,
    Value,
    Vector,
    as_character,
    as_number,
    character,
    double,
    integer,
    is_factor,
    logical,
    missing,
)

__all__: list[str] = []


@builtin("c")
def c(*dots: Arg) -> Value:
    """Elements of all arguments."""
    return combine(dots)


@builtin("list")
def list_(*dots: Arg) -> ListValue:
    """A list."""
    names = [arg.name or "" for arg in dots]
    return ListValue([arg.value for arg in dots], names if any(names) else None)


@builtin("unlist")
def unlist(x: Value, use_names: Value = True) -> Value:
    """A list's elements as one vector."""
    made = _flat(x)
    return made.plain() if isinstance(made, Vector) and not flag(use_names) else made


def _flat(x: Value) -> Value:
    if isinstance(x, pd.DataFrame):
        x = ListValue(columns_or_self(x), [str(name) for name in x.columns])
    if not isinstance(x, ListValue):
        return x
    names = x.names or [""] * len(x)
    parts = [Arg(n or None, _flat(v)) for n, v in zip(names, x.items, strict=True)]
    return combine(parts)


@builtin("length")
def length(x: Value) -> Vector:
    """Number of elements; of columns of a frame."""
    if x is None:
        return integer([0])
    if isinstance(x, pd.DataFrame):
        return integer([x.shape[1]])
    if isinstance(x, Vector | ListValue):
        return integer([len(x)])
    names = names_of(x)
    return integer([len(names) if names is not None else 1])


@builtin("vector")
def vector(mode: Value = None, length: Value = None) -> Value:
    """An empty vector or list."""
    kind, n = "logical" if mode is None else text(mode), 0 if length is None else whole(length)
    if kind == "list":
        return ListValue([None] * n)
    if kind == "character":
        return character([""] * n)
    return Vector(np.zeros(n), "double" if kind == "numeric" else kind)


@builtin("numeric", "double")
def numeric(length: Value = None) -> Vector:
    """Zeros."""
    return double(np.zeros(0 if length is None else whole(length)))


@builtin("character")
def character_(length: Value = None) -> Vector:
    """Empty texts."""
    return character([""] * (0 if length is None else whole(length)))


@builtin("logical")
def logical_(length: Value = None) -> Vector:
    """FALSE."""
    return logical(np.zeros(0 if length is None else whole(length)))


@builtin("integer")
def integer_(length: Value = None) -> Vector:
    """Whole zeros."""
    return integer(np.zeros(0 if length is None else whole(length)))


@builtin("seq")
def seq(
    from_: Value = None, to: Value = None, by: Value = None, length_out: Value = None, along_with: Value = None
) -> Vector:
    """Regular sequences."""
    if along_with is not None:
        return integer(np.arange(1, len(along_with) + 1))
    if from_ is not None and to is None and by is None and length_out is None:
        n = len(vector_of(from_, "seq()"))
        return integer(np.arange(1, (number(from_) if n == 1 else n) + 1))
    start = 1.0 if from_ is None else number(from_)
    if length_out is not None:
        n = int(np.ceil(number(length_out)))
        if by is not None:
            step = number(by)
            data = start + step * np.arange(n) if to is None else number(to) - step * np.arange(n)[::-1]
        elif to is None:
            data = start + np.arange(n)
        elif from_ is None:
            data = number(to) - np.arange(n)[::-1]
        else:
            data = np.linspace(start, number(to), n)
        return double(data)
    if to is None:
        raise RError("seq(): 'to' is missing")
    stop = number(to)
    step = number(by) if by is not None else (1.0 if stop >= start else -1.0)
    if step == 0 or (stop - start) / step < 0:
        raise RError("wrong sign in 'by' argument")
    data = start + step * np.arange(int(np.floor((stop - start) / step + 1e-10)) + 1)
    return integer(data) if np.all(data == np.trunc(data)) and by is None else double(data)


@builtin("seq_len")
def seq_len(length_out: Value) -> Vector:
    """1 … n."""
    return integer(np.arange(1, whole(length_out) + 1))


@builtin("seq_along")
def seq_along(along_with: Value) -> Vector:
    """1 … length."""
    return integer(np.arange(1, int(length(along_with).data[0]) + 1))


@builtin("rep")
def rep(x: Value, times: Value = None, each: Value = None, length_out: Value = None) -> Value:
    """Repeated elements."""
    n = len(x)
    where = np.arange(n)
    if each is not None:
        where = np.repeat(where, whole(each))
    if length_out is not None:
        where = np.resize(where, whole(length_out))
    elif times is not None:
        counts = floats(times, "rep()").astype(int)
        if len(counts) == len(where) and len(counts) > 1:
            where = np.repeat(where, counts)
        elif len(counts) == 1:
            where = np.tile(where, counts[0])
        else:
            raise RError("invalid 'times' argument")
    return subset(x, [integer(where + 1)])


@builtin("rev")
def rev(x: Value) -> Value:
    """Elements backwards."""
    return subset(x, [integer(np.arange(len(x), 0, -1))])


def _slice(x: Value, n: Value, tail: bool) -> Value:
    count = 6 if n is None else whole(n)
    if isinstance(x, pd.DataFrame):
        total = len(x)
    elif isinstance(x, Vector) and x.dim is not None:
        total = x.dim[0]
    else:
        total = len(x) if x is not None else 0
    size = min(count, total) if count >= 0 else max(0, total + count)
    rows = integer(np.arange(total - size, total) + 1 if tail else np.arange(size) + 1)
    if isinstance(x, pd.DataFrame) or (isinstance(x, Vector) and x.dim is not None):
        from pyasreml.r.indexing import MISSING

        return subset(x, [rows, MISSING], drop=False)
    return subset(x, [rows])


@builtin("head")
def head(x: Value, n: Value = None) -> Value:
    """The first elements or rows."""
    return _slice(x, n, tail=False)


@builtin("tail")
def tail(x: Value, n: Value = None) -> Value:
    """The last elements or rows."""
    return _slice(x, n, tail=True)


@builtin("append")
def append(x: Value, values: Value) -> Value:
    """Elements added at the end."""
    return combine([Arg(None, x), Arg(None, values)])


@builtin("is.null")
def is_null(x: Value) -> Vector:
    """Whether the value is NULL."""
    return logical([x is None])


@builtin("is.na")
def is_na(x: Value) -> Vector:
    """Where elements are NA."""
    source = x if isinstance(x, Vector) else vector_of(x, "is.na()")
    kept = {k: v for k, v in source.attributes.items() if k in ("names", "dim", "dimnames")}
    return Vector(missing(source).astype(float), "logical", kept)


@builtin("complete.cases")
def complete_cases(x: Value) -> Vector:
    """Rows without NA."""
    if isinstance(x, pd.DataFrame):
        return logical(x.notna().all(axis=1).to_numpy())
    return logical(~missing(vector_of(x, "complete.cases()")))


@builtin("is.numeric")
def is_numeric(x: Value) -> Vector:
    """Whether the value is a vector of numbers."""
    return logical([isinstance(x, Vector) and x.kind in ("integer", "double") and not is_factor(x)])


@builtin("is.character")
def is_character(x: Value) -> Vector:
    """Whether the value is text."""
    return logical([isinstance(x, Vector) and x.kind == "character"])


@builtin("is.factor")
def is_factor_(x: Value) -> Vector:
    """Whether the value is a factor."""
    return logical([is_factor(x)])


@builtin("as.numeric", "as.double")
def as_numeric(x: Value) -> Vector:
    """Elements as numbers; a factor's codes."""
    return Vector(_coerced(vector_of(x, "as.numeric()")), "double")


def _coerced(source: Vector) -> Any:
    data = as_number(source).copy()
    if source.kind == "character" and (np.isnan(data) & ~missing(source) & (source.data != "NA")).any():
        warn("NAs introduced by coercion")
    return data


@builtin("as.integer")
def as_integer(x: Value) -> Vector:
    """Elements cut to whole numbers."""
    return Vector(np.trunc(_coerced(vector_of(x, "as.integer()"))), "integer")


@builtin("as.logical")
def as_logical(x: Value) -> Vector:
    """Elements as TRUE, FALSE or NA."""
    source = vector_of(x, "as.logical()")
    if source.kind == "character":
        known = {"TRUE": 1.0, "true": 1.0, "T": 1.0, "True": 1.0, "FALSE": 0.0, "false": 0.0, "F": 0.0, "False": 0.0}
        return logical([known.get(item, np.nan) for item in source.data])
    return logical(np.where(np.isnan(source.data), np.nan, source.data != 0))


@builtin("as.character")
def as_character_(x: Value) -> Vector:
    """Elements as text."""
    if isinstance(x, Language):
        return character([x.text])
    if isinstance(x, str):
        return character([x])
    return as_character(vector_of(x, "as.character()")).plain()


@builtin("as.vector")
def as_vector(x: Value, mode: Value = None) -> Value:
    """Elements without attributes."""
    if mode is not None:
        convert = {"character": as_character_, "numeric": as_numeric, "integer": as_integer, "logical": as_logical}
        if text(mode) not in (*convert, "list", "any"):
            raise RError(f"vector: cannot make a vector of mode '{text(mode)}'.")
        if text(mode) != "any":
            return as_list(x) if text(mode) == "list" else convert[text(mode)](x)
    if isinstance(x, ListValue) or x is None:
        return x
    source = vector_of(x, "as.vector()")
    return as_character(source).plain() if is_factor(source) else source.plain()


@builtin("as.list")
def as_list(x: Value) -> ListValue:
    """Elements, or columns, as a list."""
    if isinstance(x, ListValue):
        return x
    if isinstance(x, pd.DataFrame):
        return ListValue(columns_or_self(x), [str(name) for name in x.columns])
    source = vector_of(x, "as.list()")
    items = [Vector(source.data[i : i + 1], source.kind) for i in range(len(source))]
    return ListValue(list(items), names_of(source))


@builtin("ifelse")
def ifelse(test: Value, yes: Value, no: Value) -> Value:
    """Elements of `yes` or `no`."""
    flags = vector_of(test, "ifelse()")
    n = len(flags)
    both = combine([Arg(None, subset(v, [integer(np.resize(np.arange(len(v)), n) + 1)])) for v in (yes, no)])
    where = np.where(flags.data == 1, np.arange(n), np.arange(n) + n).astype(float)
    where[np.isnan(flags.data)] = np.nan
    made = subset(both.plain(), [integer(where + 1)])
    made.attributes.update({k: v for k, v in flags.attributes.items() if k in ("names", "dim", "dimnames")})
    return made
