"""Elementwise mathematics and summaries of numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy import special as functions

from pyasreml.r.arithmetic import binary, vector_of
from pyasreml.r.coercion import floats, number, numbers_of
from pyasreml.r.conditions import RError
from pyasreml.r.convert import column_to_python, series_to_r
from pyasreml.r.registry import builtin
from pyasreml.r.values import Arg, Value, Vector, double, integer, is_factor, logical
from pyasreml.rprint import round_r
from pyasreml.rprint import signif as signif_r

__all__: list[str] = []


def elementwise(x: Value, name: str, compute: Callable[[Any], Any], kind: str | None = "double") -> Value:
    """Apply to every number; names and dimensions stay. `kind` None keeps integers integer."""
    if isinstance(x, pd.DataFrame):
        made = {j: elementwise(series_to_r(x.iloc[:, j], names=False), name, compute, kind) for j in range(x.shape[1])}
        frame = pd.DataFrame({j: pd.Series(column_to_python(v), index=x.index) for j, v in made.items()})
        return frame.set_axis(x.columns, axis=1)
    source = vector_of(x, f"{name}()")
    if source.kind == "character" or is_factor(source):
        what = "a factor" if is_factor(source) else "text"
        raise RError("non-numeric argument to mathematical function", f"the argument of {name}() is {what}")
    with np.errstate(all="ignore"):
        data = compute(source.data)
    kept = "integer" if source.kind != "double" else "double"
    return Vector(data, kind or kept, dict(source.attributes))


_ELEMENTWISE: dict[str, tuple[Callable[[Any], Any], str | None]] = {
    "abs": (np.abs, None),
    "sqrt": (np.sqrt, "double"),
    "exp": (np.exp, "double"),
    "expm1": (np.expm1, "double"),
    "log1p": (np.log1p, "double"),
    "log10": (np.log10, "double"),
    "log2": (np.log2, "double"),
    "sin": (np.sin, "double"),
    "cos": (np.cos, "double"),
    "tan": (np.tan, "double"),
    "asin": (np.arcsin, "double"),
    "acos": (np.arccos, "double"),
    "atan": (np.arctan, "double"),
    "tanh": (np.tanh, "double"),
    "floor": (np.floor, "double"),
    "ceiling": (np.ceil, "double"),
    "trunc": (np.trunc, "double"),
    "sign": (np.sign, "double"),
    "gamma": (functions.gamma, "double"),
    "lgamma": (functions.gammaln, "double"),
    "factorial": (lambda x: functions.gamma(x + 1), "double"),
}
"""One row a function of one number."""


def _enter(name: str, compute: Callable[[Any], Any], kind: str | None) -> None:
    def call(x: Value) -> Value:
        return elementwise(x, name, compute, kind)

    builtin(name)(call)


for _name, (_compute, _kind) in _ELEMENTWISE.items():
    _enter(_name, _compute, _kind)


def _enter_operator(operator: str) -> None:
    def call(e1: Value, e2: Value = None) -> Value:
        from pyasreml.r.arithmetic import unary

        return unary(operator, e1) if e2 is None else binary(operator, e1, e2)

    builtin(operator)(call)


for _operator in ("+", "-", "*", "/", "^", "%%", "%/%", "==", "!=", "<", ">", "<=", ">=", "&", "|"):
    _enter_operator(_operator)


@builtin("log")
def log(x: Value, base: Value = None) -> Value:
    """Logarithm, natural unless a base is given."""
    scale = 1.0 if base is None else float(np.log(number(base)))
    return elementwise(x, "log", lambda data: np.log(data) / scale)


@builtin("round")
def round_(x: Value, digits: Value = None) -> Value:
    """Rounded to decimals."""
    places = 0 if digits is None else number(digits)
    return elementwise(x, "round", lambda data: np.asarray(round_r(data, places), dtype=float), None)


@builtin("signif")
def signif(x: Value, digits: Value = None) -> Value:
    """Rounded to significant digits."""
    places = 6 if digits is None else int(number(digits))
    return elementwise(x, "signif", lambda data: np.asarray(signif_r(data, places), dtype=float), None)


def _whole(dots: tuple[Arg, ...]) -> bool:
    return all(isinstance(arg.value, Vector) and arg.value.kind in ("integer", "logical") for arg in dots)


@builtin("sum")
def sum_(*dots: Arg, na_rm: Value = None) -> Vector:
    """Sum."""
    total = float(np.sum(numbers_of(dots, na_rm, "sum()")))
    return integer([total]) if _whole(dots) else double([total])


@builtin("prod")
def prod(*dots: Arg, na_rm: Value = None) -> Vector:
    """Product."""
    return double([np.prod(numbers_of(dots, na_rm, "prod()"))])


def _range_of(dots: tuple[Arg, ...], na_rm: Value, name: str) -> np.ndarray[Any, Any]:
    data = numbers_of(dots, na_rm, f"{name}()")
    return data


@builtin("max")
def max_(*dots: Arg, na_rm: Value = None) -> Vector:
    """Maximum."""
    if any(isinstance(arg.value, Vector) and arg.value.kind == "character" for arg in dots):
        from pyasreml.r.searching import sort

        return Vector(sort(dots[0].value).data[-1:], "character")
    data = _range_of(dots, na_rm, "max")
    value = float(np.max(data)) if len(data) else -np.inf
    return integer([value]) if _whole(dots) and len(data) else double([value])


@builtin("min")
def min_(*dots: Arg, na_rm: Value = None) -> Vector:
    """Minimum."""
    if any(isinstance(arg.value, Vector) and arg.value.kind == "character" for arg in dots):
        from pyasreml.r.searching import sort

        return Vector(sort(dots[0].value).data[:1], "character")
    data = _range_of(dots, na_rm, "min")
    value = float(np.min(data)) if len(data) else np.inf
    return integer([value]) if _whole(dots) and len(data) else double([value])


@builtin("range")
def range_(*dots: Arg, na_rm: Value = None) -> Vector:
    """Minimum and maximum."""
    low, high = min_(*dots, na_rm=na_rm), max_(*dots, na_rm=na_rm)
    return Vector(np.concatenate([low.data, high.data]), low.kind)


@builtin("any")
def any_(*dots: Arg, na_rm: Value = None) -> Vector:
    """Whether any is TRUE."""
    data = numbers_of(dots, na_rm, "any()")
    if ((data != 0) & ~np.isnan(data)).any():
        return logical([1])
    return logical([np.nan if np.isnan(data).any() else 0])


@builtin("all")
def all_(*dots: Arg, na_rm: Value = None) -> Vector:
    """Whether all are TRUE."""
    data = numbers_of(dots, na_rm, "all()")
    if (data == 0).any():
        return logical([0])
    return logical([np.nan if np.isnan(data).any() else 1])


@builtin("mean")
def mean(x: Value, na_rm: Value = None) -> Vector:
    """Mean; NA for text, factors and frames, as in R."""
    if isinstance(x, pd.DataFrame) or is_factor(x) or (isinstance(x, Vector) and x.kind == "character"):
        from pyasreml.errors import warn

        warn("argument is not numeric or logical: returning NA")
        return double([np.nan])
    data = numbers_of((Arg(None, x),), na_rm, "mean()")
    return double([np.mean(data) if len(data) else np.nan])


@builtin("cumsum")
def cumsum(x: Value) -> Value:
    """Running sum."""
    return elementwise(x, "cumsum", np.cumsum, None)


@builtin("diff")
def diff(x: Value, lag: Value = None) -> Value:
    """Differences of neighbours."""
    source = vector_of(x, "diff()")
    step = 1 if lag is None else int(number(lag))
    kind = "double" if source.kind == "double" else "integer"
    data = floats(x, "diff()")
    made = Vector(data[step:] - data[:-step], kind)
    if source.names is not None:
        made.attributes["names"] = source.names[step:]
    return made


@builtin("pmin")
def pmin(x: Value, y: Value) -> Value:
    """Elementwise minimum."""
    return binary("+", double(np.minimum(floats(x, "pmin()"), floats(y, "pmin()"))), double([0]))


@builtin("pmax")
def pmax(x: Value, y: Value) -> Value:
    """Elementwise maximum."""
    return binary("+", double(np.maximum(floats(x, "pmax()"), floats(y, "pmax()"))), double([0]))


@builtin("xor")
def xor(x: Value, y: Value) -> Value:
    """Exclusive or."""
    return logical(np.asarray(floats(x, "xor()") != 0) ^ np.asarray(floats(y, "xor()") != 0))


@builtin("isTRUE")
def is_true(x: Value) -> Vector:
    """Whether the value is a single TRUE."""
    return logical([isinstance(x, Vector) and x.kind == "logical" and len(x) == 1 and x.data[0] == 1])


@builtin("!")
def not_(x: Value) -> Value:
    """Negation."""
    from pyasreml.r.arithmetic import unary

    return unary("!", x)
