"""Factors, and counts by their levels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pyasreml.r.arithmetic import vector_of
from pyasreml.r.coercion import flag, floats, strings
from pyasreml.r.registry import builtin
from pyasreml.r.searching import sort, unique
from pyasreml.r.values import (
    Value,
    Vector,
    character,
    factor,
    integer,
    is_factor,
    objects,
    text_array,
)

__all__ = ["as_factor", "factor_"]


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
