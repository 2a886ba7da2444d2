"""R's values: atomic vectors with attributes, lists, formulas, functions.

Data frames are pandas frames, whose index is the row names; ``NULL`` is None; whatever else (a fit, a summary) is a
Python object that R text only passes on and takes components of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pyasreml.syntax import number_text
from pyasreml.syntax.nodes import Argument, Node

__all__ = [
    "Arg",
    "Closure",
    "Language",
    "ListValue",
    "Value",
    "Vector",
    "as_character",
    "as_number",
    "character",
    "double",
    "factor",
    "integer",
    "is_factor",
    "logical",
    "missing",
    "text_array",
]

Value = Any
"""Any R value: `Vector`, `ListValue`, `Language`, `Closure`, a pandas frame, None, or another Python object."""

Array = npt.NDArray[Any]

KINDS = ("logical", "integer", "double", "character")


@dataclass(eq=False)
class Vector:
    """An atomic vector.

    Attributes
    ----------
    data : array (n,)
        float64 for logical (0, 1), integer and double, NaN where NA; object (str, None where NA) for character.
        A matrix is stored by columns.
    kind : {"logical", "integer", "double", "character"}
    attributes : dict
        ``names`` (object array), ``dim`` (tuple of int), ``dimnames`` (tuple of object array or None), ``levels``
        (object array), ``class`` (tuple of str); others hold R values.
    """

    data: Array
    kind: str
    attributes: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.data)

    @property
    def names(self) -> Array | None:
        """Names of the elements, or None."""
        found: Array | None = self.attributes.get("names")
        return found

    @property
    def dim(self) -> tuple[int, ...] | None:
        """Rows and columns of a matrix, or None."""
        found: tuple[int, ...] | None = self.attributes.get("dim")
        return found

    @property
    def dimnames(self) -> tuple[Array | None, Array | None]:
        """Row and column names of a matrix."""
        found: tuple[Array | None, Array | None] = self.attributes.get("dimnames") or (None, None)
        return found

    def matrix(self) -> Array:
        """The matrix as a two-dimensional array (a view)."""
        assert self.dim is not None
        return self.data.reshape(self.dim, order="F")

    def with_data(self, data: Array, kind: str | None = None) -> Vector:
        """Another vector of the same length with the same attributes."""
        return Vector(data, kind or self.kind, dict(self.attributes))

    def plain(self) -> Vector:
        """The same values without attributes."""
        return Vector(self.data, self.kind)


@dataclass(eq=False)
class ListValue:
    """A list: its elements, their names (empty strings where there are none) and other attributes."""

    items: list[Value]
    names: list[str] | None = None
    attributes: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.items)

    def get(self, name: str) -> Value:
        """The element of that name, None if there is none."""
        return self.items[self.names.index(name)] if self.names and name in self.names else None


@dataclass(frozen=True, eq=False)
class Language:
    """An unevaluated expression: a formula, or what ``quote()`` gives. `text` is as typed."""

    node: Node
    text: str
    env: Any = None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, eq=False)
class Closure:
    """A function written in R, with the environment and the text it was written in."""

    parameters: tuple[Argument, ...]
    body: Node
    env: Any
    text: str


@dataclass(frozen=True)
class Arg:
    """One argument of a call as passed: its name or None, and its value."""

    name: str | None
    value: Value


Builtin = Callable[..., Value]


def objects(values: Iterable[Any]) -> Array:
    """An object array of the given elements."""
    items = list(values)
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def character(values: Iterable[Any], names: Sequence[str] | Array | None = None) -> Vector:
    """A character vector; None is NA."""
    vector = Vector(objects(values), "character")
    if names is not None:
        vector.attributes["names"] = objects(names)
    return vector


def _numbers(values: Any, kind: str, names: Sequence[str] | Array | None) -> Vector:
    vector = Vector(np.atleast_1d(np.asarray(values, dtype=np.float64)).ravel(order="F"), kind)
    if names is not None:
        vector.attributes["names"] = objects(names)
    return vector


def double(values: Any, names: Sequence[str] | Array | None = None) -> Vector:
    """A double vector; NaN is NA."""
    return _numbers(values, "double", names)


def integer(values: Any, names: Sequence[str] | Array | None = None) -> Vector:
    """An integer vector."""
    return _numbers(values, "integer", names)


def logical(values: Any, names: Sequence[str] | Array | None = None) -> Vector:
    """A logical vector."""
    return _numbers(values, "logical", names)


def factor(codes: Any, levels: Iterable[str], ordered: bool = False) -> Vector:
    """A factor from codes 0 … (NaN or negative is NA) and levels."""
    numbers = np.asarray(codes, dtype=np.float64)
    numbers = np.where(numbers < 0, np.nan, numbers) + 1
    classes = ("ordered", "factor") if ordered else ("factor",)
    return Vector(numbers, "integer", {"levels": objects(levels), "class": classes})


def is_factor(value: Value) -> bool:
    """Whether a value is a factor."""
    return isinstance(value, Vector) and "factor" in value.attributes.get("class", ())


def missing(vector: Vector) -> npt.NDArray[np.bool_]:
    """Where the elements are NA."""
    if vector.kind == "character":
        return np.fromiter((item is None for item in vector.data), dtype=bool, count=len(vector))
    return np.isnan(vector.data)


def _spell(kind: str) -> Callable[[float], str | None]:
    def spell(item: float) -> str | None:
        if item != item:
            return None
        if kind == "logical":
            return "TRUE" if item else "FALSE"
        return str(int(item)) if kind == "integer" else number_text(float(item))

    return spell


def text_array(vector: Vector) -> Array:
    """The elements as R's ``as.character`` gives them, None where NA; levels of a factor."""
    if is_factor(vector):
        levels = vector.attributes["levels"]
        return objects(None if code != code else levels[int(code) - 1] for code in vector.data)
    return vector.data if vector.kind == "character" else objects(map(_spell(vector.kind), vector.data))


def as_character(vector: Vector) -> Vector:
    """The vector as character, its names kept."""
    attributes = {k: v for k, v in vector.attributes.items() if k in ("names", "dim", "dimnames")}
    return Vector(text_array(vector), "character", attributes)


def _parse(item: Any) -> float:
    if item is None:
        return np.nan
    text = item.strip()
    try:
        return float(int(text, 16)) if text.lower().startswith("0x") else float(text)
    except ValueError:
        return np.nan


def as_number(vector: Vector) -> Array:
    """The elements as float64: codes of a factor, numbers that texts spell, NaN elsewhere."""
    if vector.kind != "character":
        return vector.data
    return np.fromiter(map(_parse, vector.data), dtype=np.float64, count=len(vector))


def class_of(value: Value) -> tuple[str, ...]:
    """R's ``class()`` of a value."""
    import pandas as pd

    own: Any = None
    if isinstance(value, Vector | ListValue):
        own = value.attributes.get("class")
    if own:
        return tuple(own)
    if value is None:
        return ("NULL",)
    if isinstance(value, Vector):
        if value.dim is not None:
            return ("matrix", "array")
        return ("numeric",) if value.kind == "double" else (value.kind,)
    if isinstance(value, ListValue):
        return ("list",)
    if isinstance(value, pd.DataFrame):
        anova = getattr(value, "style", None) == "anova"
        return ("anova", "data.frame") if anova else ("data.frame",)
    if isinstance(value, Language):
        from pyasreml.syntax.nodes import Binary, Name, Unary

        if isinstance(value.node, Unary | Binary) and value.node.operator == "~":
            return ("formula",)
        return ("name",) if isinstance(value.node, Name) else ("call",)
    if callable(value) or isinstance(value, Closure):
        return ("function",)
    return (type(value).__name__.lower(), *(("list",) if isinstance(value, Mapping) else ()))
