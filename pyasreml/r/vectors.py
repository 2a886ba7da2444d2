"""Base functions that make, order, search and convert vectors and lists."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pyasreml.r.arithmetic import matches, vector_of
from pyasreml.r.coercion import collate, columns_or_self, combine, flag, floats, number, strings, text, whole
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
    class_of,
    double,
    factor,
    integer,
    is_factor,
    logical,
    missing,
    objects,
    text_array,
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
def unlist(x: Value, recursive: Value = None, use_names: Value = None) -> Value:
    """A list's elements as one vector."""
    if isinstance(x, pd.DataFrame):
        x = ListValue(columns_or_self(x), [str(name) for name in x.columns])
    if not isinstance(x, ListValue):
        return x
    names = x.names or [""] * len(x)
    parts = [Arg(n or None, unlist(v)) for n, v in zip(names, x.items, strict=True)]
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


def _order(vectors: list[Vector], decreasing: bool, na_last: bool | None = True) -> np.ndarray[Any, Any]:
    """Places in ascending order by the first vector, ties by the next; NA last."""
    keys: list[Any] = []
    gone = np.zeros(len(vectors[0]), dtype=bool)
    for vector_ in vectors:
        na = missing(vector_)
        gone |= na
        if vector_.kind == "character":
            known = sorted({t for t in vector_.data if t is not None}, key=collate)
            rank = {t: float(i) for i, t in enumerate(known)}
            data = np.array([np.inf if t is None else rank[t] for t in vector_.data])
        else:
            data = vector_.data.copy()
        data = np.where(na, np.inf, -data if decreasing else data)
        keys.append(data)
    where = np.lexsort(tuple(reversed(keys)))
    return where if na_last else where[~gone[where]]


@builtin("order")
def order(*dots: Arg, decreasing: Value = None, na_last: Value = None) -> Vector:
    """Places of the elements in ascending order."""
    vectors = [vector_of(arg.value, "order()") for arg in dots]
    return integer(_order(vectors, flag(decreasing)) + 1)


@builtin("sort")
def sort(x: Value, decreasing: Value = None, na_last: Value = None) -> Value:
    """Elements in order, NA left out."""
    where = _order([vector_of(x, "sort()")], flag(decreasing), na_last=False)
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
    return Vector(as_number(vector_of(x, "as.numeric()")).copy(), "double")


@builtin("as.integer")
def as_integer(x: Value) -> Vector:
    """Elements cut to whole numbers."""
    return Vector(np.trunc(as_number(vector_of(x, "as.integer()"))), "integer")


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


@builtin("factor")
def factor_(
    x: Value = None, levels: Value = None, labels: Value = None, exclude: Value = "NA", ordered: Value = None
) -> Vector:
    """A factor; levels in sorted order unless given. ``exclude = NULL`` makes NA a level."""
    source = vector_of(x, "factor()")
    texts = list(text_array(source))
    if levels is not None:
        names: list[Any] = strings(levels)
    elif is_factor(source):
        present = set(texts)
        names = [level for level in source.attributes["levels"] if level in present]
    else:
        names = list(text_array(sort(unique(source))))
    if exclude is None and None in texts and None not in names:
        names.append(None)
    where = {name: i for i, name in enumerate(names)}
    codes = [where.get(t, -1) if t is not None or exclude is None else -1 for t in texts]
    shown = names if labels is None else strings(labels)
    made = factor(codes, ["NA" if name is None else name for name in shown], flag(ordered))
    if source.names is not None:
        made.attributes["names"] = source.names
    return made


@builtin("as.factor")
def as_factor(x: Value) -> Vector:
    """A factor."""
    return x if is_factor(x) else factor_(x)


@builtin("levels")
def levels(x: Value) -> Value:
    """Levels of a factor."""
    return character(x.attributes["levels"]) if is_factor(x) else None


@builtin("levels<-")
def set_levels(x: Value, value: Value) -> Value:
    """Other names for the levels."""
    return Vector(x.data, x.kind, {**x.attributes, "levels": objects(strings(value))})


@builtin("nlevels")
def nlevels(x: Value) -> Vector:
    """Number of levels."""
    return integer([len(x.attributes["levels"]) if is_factor(x) else 0])


@builtin("droplevels")
def droplevels(x: Value) -> Value:
    """Without the levels that do not occur."""
    if isinstance(x, pd.DataFrame):
        made = x.copy(deep=False)
        for name in made.columns:
            if isinstance(made[name].dtype, pd.CategoricalDtype):
                made[name] = made[name].cat.remove_unused_categories()
        return made
    return factor_(x)


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


@builtin("table")
def table(x: Value, y: Value = None) -> Vector:
    """Counts by level, or by two."""
    first = as_factor(vector_of(x, "table()"))
    names = first.attributes["levels"]
    codes = first.data
    if y is None:
        tally = np.bincount(codes[~np.isnan(codes)].astype(int) - 1, minlength=len(names))
        return Vector(tally.astype(float), "integer", {"names": names, "class": ("table",)})
    second = as_factor(vector_of(y, "table()"))
    both = ~np.isnan(codes) & ~np.isnan(second.data)
    shape = (len(names), len(second.attributes["levels"]))
    counts = np.zeros(shape)
    np.add.at(counts, (codes[both].astype(int) - 1, second.data[both].astype(int) - 1), 1)
    return Vector(counts.ravel(order="F"), "integer", {"dim": shape, "dimnames": (names, second.attributes["levels"])})


@builtin("cut")
def cut(x: Value, breaks: Value, labels: Value = None, right: Value = True) -> Vector:
    """A factor of intervals."""
    from pyasreml.rprint import format_numbers

    data, edges = floats(x, "cut()"), np.sort(floats(breaks, "cut()"))
    closed = flag(right)
    codes = np.searchsorted(edges, data, side="left" if closed else "right") - 1.0
    codes[(codes >= len(edges) - 1) | np.isnan(data)] = -1
    if labels is None:
        shown = [format_numbers(np.array([edge]), 3)[0].strip() for edge in edges]
        left, end = ("(", "]") if closed else ("[", ")")
        names: list[Any] = [f"{left}{a},{b}{end}" for a, b in zip(shown, shown[1:], strict=False)]
    else:
        names = strings(labels)
    return factor(codes, names)
