"""Data frames: making, joining, coercing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pyasreml.r.arithmetic import vector_of
from pyasreml.r.assignment import replace_column
from pyasreml.r.coercion import flag, strings
from pyasreml.r.conditions import RError
from pyasreml.r.convert import series_to_r
from pyasreml.r.factors import as_factor
from pyasreml.r.indexing import column
from pyasreml.r.registry import builtin
from pyasreml.r.strings import make_names
from pyasreml.r.values import Arg, ListValue, Value, Vector, character

__all__ = ["bind_frames", "frame_of"]


def frame_of(pairs: Sequence[tuple[str, Vector]], names: Any = None) -> pd.DataFrame:
    """A frame of named columns, shorter ones recycled."""
    n = max((len(vector) for _, vector in pairs), default=0)
    made = pd.DataFrame(index=pd.RangeIndex(1, n + 1) if names is None else pd.Index(names, dtype=object))
    for name, vector in pairs:
        made = replace_column(made, name, vector)
    return made


@builtin("data.frame")
def data_frame(
    *dots: Arg, stringsAsFactors: Value = None, row_names: Value = None, check_names: Value = True
) -> pd.DataFrame:
    """A data frame of columns, lists, matrices and frames."""
    pairs: list[tuple[str, Vector]] = []
    names: Any = None
    for i, arg in enumerate(dots):
        value = arg.value
        if isinstance(value, pd.DataFrame):
            pairs += [(str(name), column(value, j)) for j, name in enumerate(value.columns)]
        elif isinstance(value, ListValue):
            pairs += [
                (name, vector_of(item, "data.frame()"))
                for name, item in zip(value.names or [], value.items, strict=True)
            ]
        else:
            vector = vector_of(value, "data.frame()")
            if vector.dim is not None:
                inner = as_data_frame(vector)
                prefix = f"{arg.name}." if arg.name else ""
                pairs += [(f"{prefix}{name}", column(inner, j)) for j, name in enumerate(inner.columns)]
                names = vector.dimnames[0] if names is None else names
            else:
                names = vector.names if names is None and i == 0 else names
                pairs.append((arg.name or f"V{i + 1}", vector))
    if flag(stringsAsFactors):
        pairs = [(name, as_factor(vector) if vector.kind == "character" else vector) for name, vector in pairs]
    if flag(check_names):
        heads = make_names(character([name for name, _ in pairs])).data
        pairs = [(str(head), vector) for head, (_, vector) in zip(heads, pairs, strict=True)]
    if row_names is not None:
        names = strings(row_names)
    n = max((len(vector) for _, vector in pairs), default=0)
    unique = names is not None and len(set(names)) == n
    return frame_of(pairs, names if unique else None)


@builtin("as.data.frame")
def as_data_frame(x: Value, stringsAsFactors: Value = None) -> pd.DataFrame:
    """A matrix, list or table as a frame."""
    if flag(stringsAsFactors):
        made = as_data_frame(x)
        columns = [(str(name), column(made, j)) for j, name in enumerate(made.columns)]
        return replace_columns(made, [(n, as_factor(v)) for n, v in columns if v.kind == "character"])
    if isinstance(x, pd.DataFrame):
        return pd.DataFrame(x) if type(x) is not pd.DataFrame else x
    if isinstance(x, ListValue):
        return data_frame(*[Arg(name, item) for name, item in zip(x.names or [], x.items, strict=True)])
    source = vector_of(x, "as.data.frame()")
    if "table" in source.attributes.get("class", ()):
        from pyasreml.r.values import factor

        levels = factor(np.arange(len(source)), source.names if source.names is not None else [])
        return frame_of([("Var1", levels), ("Freq", source.plain())])
    if source.dim is None:
        return frame_of([("x", source)], source.names)
    rows, heads = source.dimnames
    shown = heads if heads is not None else [f"V{j + 1}" for j in range(source.dim[1])]
    array = source.matrix()
    return frame_of([(str(name), Vector(array[:, j].copy(), source.kind)) for j, name in enumerate(shown)], rows)


def bind_frames(parts: Sequence[Arg], rows: bool) -> pd.DataFrame:
    """Frames below each other, or columns beside each other."""
    if not rows:
        return data_frame(*parts)
    frames = []
    for arg in parts:
        value = arg.value
        frames.append(value if isinstance(value, pd.DataFrame) else as_data_frame(value))
    heads = list(frames[0].columns)
    pairs = []
    for name in heads:
        if any(name not in frame.columns for frame in frames):
            raise RError(f"rbind(): names do not match previous names: '{name}' is not in all parts")
        vectors = [series_to_r(frame[name], names=False) for frame in frames]
        from pyasreml.r.coercion import combine

        pairs.append((str(name), combine([Arg(None, vector) for vector in vectors])))
    return frame_of(pairs)


@builtin("merge")
def merge(
    x: Value, y: Value, by: Value = None, all: Value = None, all_x: Value = None, all_y: Value = None
) -> pd.DataFrame:
    """Two frames joined by common columns, sorted by them."""
    keys: list[Any] = strings(by) if by is not None else [name for name in x.columns if name in set(y.columns)]
    left, right = flag(all) or flag(all_x), flag(all) or flag(all_y)
    how: Any = {(True, True): "outer", (True, False): "left", (False, True): "right"}.get((left, right), "inner")
    made = pd.merge(x, y, on=keys, how=how, suffixes=(".x", ".y")).sort_values(keys, kind="stable")
    return made.set_axis(pd.RangeIndex(1, len(made) + 1), axis=0)


@builtin("expand.grid")
def expand_grid(*dots: Arg, stringsAsFactors: Value = True) -> pd.DataFrame:
    """All combinations, the first varying fastest."""
    vectors = [vector_of(arg.value, "expand.grid()") for arg in dots]
    total = int(np.prod([len(vector) for vector in vectors]))
    pairs, inner = [], 1
    for i, (arg, vector) in enumerate(zip(dots, vectors, strict=True)):
        where = np.tile(np.repeat(np.arange(len(vector)), inner), total // (inner * len(vector)))
        kept = {k: v for k, v in vector.attributes.items() if k in ("levels", "class")}
        made = Vector(vector.data[where], vector.kind, kept)
        if flag(stringsAsFactors) and vector.kind == "character":
            from pyasreml.r.factors import factor_

            made = factor_(made, levels=vector)
        pairs.append((arg.name or f"Var{i + 1}", made))
        inner *= len(vector)
    return frame_of(pairs)


@builtin("na.omit")
def na_omit(object: Value) -> Value:
    """Without NA."""
    if isinstance(object, pd.DataFrame):
        return object.dropna()
    from pyasreml.r.indexing import subset
    from pyasreml.r.vectors import complete_cases

    return subset(object, [complete_cases(object)])


@builtin("split")
def split(x: Value, f: Value) -> ListValue:
    """Elements or rows by level."""
    from pyasreml.r.indexing import MISSING, subset

    groups = as_factor(vector_of(f, "split()"))
    names = [str(level) for level in groups.attributes["levels"]]
    items = []
    for i in range(len(names)):
        rows = Vector((groups.data == i + 1).astype(float), "logical")
        items.append(subset(x, [rows, MISSING], drop=False) if isinstance(x, pd.DataFrame) else subset(x, [rows]))
    return ListValue(items, names)


def replace_columns(frame: pd.DataFrame, pairs: Sequence[tuple[str, Value]]) -> pd.DataFrame:
    """The frame with several columns replaced or added."""
    for name, value in pairs:
        frame = replace_column(frame, name, value)
    return frame
