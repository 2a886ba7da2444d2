"""Arguments of built-in functions as Python values: a flag, a number, a text; and vectors joined to a common type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pyasreml.r.arithmetic import vector_of
from pyasreml.r.conditions import RError
from pyasreml.r.indexing import column
from pyasreml.r.values import KINDS, Arg, ListValue, Value, Vector, as_number, is_factor, objects, text_array

__all__ = ["collate", "combine", "flag", "floats", "name_parts", "number", "numbers_of", "strings", "text", "whole"]


def flag(value: Value, default: bool = False) -> bool:
    """A single logical."""
    if value is None:
        return default
    if isinstance(value, bool):
        return value
    vector = vector_of(value, "a TRUE/FALSE argument")
    if len(vector) != 1 or vector.kind == "character" or np.isnan(vector.data[0]):
        raise RError("invalid argument: TRUE or FALSE is wanted")
    return bool(vector.data[0])


def number(value: Value) -> float:
    """A single number."""
    vector = vector_of(value, "a numeric argument")
    if len(vector) != 1:
        raise RError(f"a single number is wanted, not {len(vector)}")
    return float(as_number(vector)[0])


def whole(value: Value) -> int:
    """A single whole number."""
    return int(number(value))


def text(value: Value) -> str:
    """A single string."""
    vector = vector_of(value, "a character argument")
    if len(vector) != 1:
        raise RError(f"a single string is wanted, not {len(vector)}")
    return str(text_array(vector)[0])


def strings(value: Value) -> list[str | None]:
    """Elements as text."""
    return list(text_array(vector_of(value, "a character argument")))


def floats(value: Value, what: str) -> np.ndarray[Any, Any]:
    """Elements as numbers; text and factors are refused."""
    vector = vector_of(value, what)
    if vector.kind == "character" or is_factor(vector):
        raise RError(f"non-numeric argument to {what}: it is {'a factor' if is_factor(vector) else 'text'}")
    return vector.data


def numbers_of(dots: Sequence[Arg], na_rm: Value, what: str) -> np.ndarray[Any, Any]:
    """All elements of all arguments, NA left out on request."""
    parts = [floats(part, what) for arg in dots for part in columns_or_self(arg.value)]
    data = np.concatenate(parts) if parts else np.zeros(0)
    return data[~np.isnan(data)] if flag(na_rm) else data


def columns_or_self(value: Value) -> list[Value]:
    """The columns of a frame, or the value alone."""
    if isinstance(value, pd.DataFrame):
        return [column(value, j) for j in range(value.shape[1])]
    return [value]


def collate(item: str) -> tuple[str, str]:
    """Sort key of a text: alphabetic, lower case before upper, as R sorts in a language's locale."""
    return item.casefold(), item.swapcase()


def name_parts(name: str | None, vector: Vector) -> list[str]:
    """Names of a vector's elements where it is an argument of ``c()`` called `name`."""
    own = vector.names
    if not name:
        return [""] * len(vector) if own is None else [str(n) for n in own]
    if own is not None:
        return [f"{name}.{n}" if n else name for n in own]
    return [name] if len(vector) == 1 else [f"{name}{i + 1}" for i in range(len(vector))]


def combine(dots: Sequence[Arg]) -> Value:
    """``c(…)``: one vector of the widest type, or a list if any part is one."""
    parts = [arg for arg in dots if arg.value is not None]
    if not parts:
        return None
    if any(not isinstance(arg.value, Vector) for arg in parts):
        return _combine_lists(parts)
    vectors = [arg.value for arg in parts]
    if all(is_factor(vector) for vector in vectors):
        levels = list(dict.fromkeys(level for vector in vectors for level in vector.attributes["levels"]))
        codes = [np.nan if t is None else levels.index(t) + 1.0 for vector in vectors for t in text_array(vector)]
        return Vector(np.array(codes), "integer", {"levels": objects(levels), "class": ("factor",)})
    kind = max((vector.kind for vector in vectors), key=KINDS.index)
    if kind == "character":
        plain = [v.plain() if is_factor(v) else v for v in vectors]
        data = objects(item for vector in plain for item in text_array(vector))
    else:
        data = np.concatenate([vector.data for vector in vectors])
    made = Vector(data, kind)
    if any(arg.name or arg.value.names is not None for arg in parts):
        made.attributes["names"] = objects(n for arg in parts for n in name_parts(arg.name, arg.value))
    return made


def _combine_lists(parts: Sequence[Arg]) -> ListValue:
    items: list[Value] = []
    names: list[str] = []
    for arg in parts:
        value = arg.value
        if isinstance(value, ListValue):
            items.extend(value.items)
            names.extend(value.names or [""] * len(value))
        elif isinstance(value, pd.DataFrame):
            items.extend(columns_or_self(value))
            names.extend(map(str, value.columns))
        elif isinstance(value, Vector):
            items.extend(Vector(value.data[i : i + 1], value.kind) for i in range(len(value)))
            names.extend(name_parts(arg.name, value))
        else:
            items.append(value)
            names.append(arg.name or "")
    return ListValue(items, names if any(names) else None)
