"""Operators on R values: recycling, NA, and which attributes the result keeps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pyasreml.r.conditions import RError
from pyasreml.r.convert import column_to_python, matrix_of_frame, series_to_r
from pyasreml.r.values import (
    KINDS,
    ListValue,
    Value,
    Vector,
    as_character,
    as_number,
    double,
    integer,
    is_factor,
    logical,
    missing,
    objects,
    text_array,
)
from pyasreml.syntax.evaluate import ARITHMETIC, COMPARISON

__all__ = ["binary", "matches", "matrix_product", "sequence", "unary", "vector_of"]


def vector_of(value: Value, what: str) -> Vector:
    """The value as an atomic vector.

    Raises
    ------
    RError
        If it is none (a list of single values is taken as one).
    """
    if isinstance(value, Vector):
        return value
    if value is None:
        return logical([])
    if isinstance(value, pd.DataFrame):
        return matrix_of_frame(value)
    if isinstance(value, ListValue) and value.items:
        parts = [item for item in value.items if isinstance(item, Vector) and len(item) == 1]
        if len(parts) == len(value):
            kind = max((part.kind for part in parts), key=KINDS.index)
            if kind == "character":
                return Vector(objects(text_array(part)[0] for part in parts), kind)
            return Vector(np.concatenate([part.data for part in parts]), kind)
    raise RError(f"non-vector argument to {what}")


def _kept(a: Vector, b: Vector, length: int) -> dict[str, Any]:
    """Attributes of a result: those of both operands, the first's where both have one, if they fit its length."""
    kept: dict[str, Any] = {}
    for operand in (b, a):
        if len(operand) == length:
            kept.update({k: v for k, v in operand.attributes.items() if k not in ("levels", "class")})
    if "dim" in kept:
        kept.pop("names", None)
    return kept


def _recycled(a: Vector, b: Vector, operator: str) -> tuple[Any, Any, int]:
    if a.dim is not None and b.dim is not None and a.dim != b.dim:
        raise RError(f"non-conformable arrays: {a.dim[0]} x {a.dim[1]} {operator} {b.dim[0]} x {b.dim[1]}")
    length = 0 if min(len(a), len(b)) == 0 else max(len(a), len(b))
    return np.resize(a.data, length), np.resize(b.data, length), length


def binary(operator: str, left: Value, right: Value) -> Value:
    """Value of an arithmetic, comparison or logical operator."""
    if isinstance(left, pd.DataFrame) or isinstance(right, pd.DataFrame):
        return _by_columns(operator, left, right)
    a, b = vector_of(left, f"'{operator}'"), vector_of(right, f"'{operator}'")
    if operator in COMPARISON:
        return _compare(operator, a, b)
    if operator in ("&", "|"):
        return _logic(operator, a, b)
    for operand in (a, b):
        if operand.kind == "character" or is_factor(operand):
            what = "a factor" if is_factor(operand) else "text"
            raise RError("non-numeric argument to binary operator", f"a side of '{operator}' is {what}")
    x, y, length = _recycled(a, b, operator)
    with np.errstate(all="ignore"):
        data = ARITHMETIC[operator](x, y)
    whole = operator not in ("/", "^") and a.kind != "double" and b.kind != "double"
    return Vector(data, "integer" if whole else "double", _kept(a, b, length))


def _by_columns(operator: str, left: Value, right: Value) -> Value:
    frame = left if isinstance(left, pd.DataFrame) else right
    columns = []
    for j in range(frame.shape[1]):
        sides = []
        for side in (left, right):
            if isinstance(side, pd.DataFrame):
                if side.shape != frame.shape:
                    raise RError(f"'{operator}' only defined for equally-sized data frames")
                sides.append(series_to_r(side.iloc[:, j], names=False))
            elif isinstance(side, Vector) and len(side) == frame.size and side.dim is not None:
                sides.append(Vector(side.data[j * len(frame) : (j + 1) * len(frame)], side.kind))
            else:
                sides.append(side)
        columns.append(binary(operator, *sides))
    if operator in COMPARISON or operator in ("&", "|"):
        rows = objects(map(str, frame.index))
        attributes = {"dim": frame.shape, "dimnames": (rows, objects(frame.columns))}
        data = np.concatenate([column.data for column in columns]) if columns else np.zeros(0)
        return Vector(data, "logical", attributes)
    made = [pd.Series(column_to_python(column), index=frame.index) for column in columns]
    result = pd.concat(made, axis=1) if made else pd.DataFrame(index=frame.index)
    result.columns = frame.columns
    return result


def _compare(operator: str, a: Vector, b: Vector) -> Vector:
    text = a.kind == "character" or b.kind == "character" or is_factor(a) or is_factor(b)
    kept_from = (a, b)
    if text:
        a, b = as_character(a), as_character(b)
    x, y, length = _recycled(a, b, operator)
    if text:
        gone = np.resize(missing(a), length) | np.resize(missing(b), length) if length else np.zeros(0, dtype=bool)
        x = objects("" if item is None else item for item in x)
        y = objects("" if item is None else item for item in y)
    else:
        gone = np.isnan(x) | np.isnan(y)
    data = np.asarray(COMPARISON[operator](x, y), dtype=float)
    data[gone] = np.nan
    return Vector(data, "logical", _kept(*kept_from, length))


def _logic(operator: str, a: Vector, b: Vector) -> Vector:
    if a.kind == "character" or b.kind == "character":
        raise RError(f"operations are possible only for numeric or logical types: '{operator}'")
    x, y, length = _recycled(a, b, operator)
    na = np.isnan(x) | np.isnan(y)
    if operator == "&":
        false = (x == 0) | (y == 0)
        data = np.where(false, 0.0, np.where(na, np.nan, 1.0))
    else:
        true = ((x != 0) & ~np.isnan(x)) | ((y != 0) & ~np.isnan(y))
        data = np.where(true, 1.0, np.where(na, np.nan, 0.0))
    return Vector(data, "logical", _kept(a, b, length))


def unary(operator: str, value: Value) -> Value:
    """Value of ``-x``, ``+x`` and ``!x``."""
    if isinstance(value, pd.DataFrame):
        return _by_columns("-", double([0.0]), value) if operator == "-" else value
    operand = vector_of(value, f"'{operator}'")
    if operand.kind == "character" or (is_factor(operand) and operator != "!"):
        raise RError("invalid argument type" if operator == "!" else "invalid argument to unary operator")
    if operator == "!":
        kept = {k: v for k, v in operand.attributes.items() if k in ("names", "dim", "dimnames")}
        return Vector(np.where(np.isnan(operand.data), np.nan, (operand.data == 0).astype(float)), "logical", kept)
    kind = "integer" if operand.kind == "logical" else operand.kind
    return operand.with_data(-operand.data if operator == "-" else operand.data, kind)


def sequence(left: Value, right: Value) -> Vector:
    """``left:right``."""
    a, b = vector_of(left, "':'"), vector_of(right, "':'")
    if len(a) == 0 or len(b) == 0:
        raise RError("argument of length 0 to ':'")
    first, last = float(as_number(a)[0]), float(as_number(b)[0])
    if first != first or last != last:
        raise RError("NA/NaN argument to ':'")
    count = int(np.floor(abs(last - first) + 1e-10)) + 1
    data = first + np.arange(count) * (1.0 if last >= first else -1.0)
    return integer(data) if first == int(first) else double(data)


def matches(left: Value, table: Value) -> np.ndarray[Any, Any]:
    """Position (0 …) of each element of `left` in `table`, -1 where it is not there."""
    a, b = vector_of(left, "match()"), vector_of(table, "match()")
    if a.kind == "character" or b.kind == "character" or is_factor(a) or is_factor(b):
        keys, wanted = list(text_array(a)), list(text_array(b))
    else:
        keys = [None if x != x else x for x in a.data.tolist()]
        wanted = [None if x != x else x for x in b.data.tolist()]
    where: dict[Any, int] = {}
    for i, key in enumerate(wanted):
        where.setdefault(key, i)
    return np.array([where.get(key, -1) for key in keys], dtype=int)


def matrix_product(left: Value, right: Value) -> Vector:
    """``left %*% right``; a vector is a row or a column as fits."""
    a, b = vector_of(left, "'%*%'"), vector_of(right, "'%*%'")
    if a.kind == "character" or b.kind == "character":
        raise RError("requires numeric/complex matrix/vector arguments")
    if a.dim is not None:
        x = a.matrix()
        y = b.matrix() if b.dim is not None else b.data[:, None] if x.shape[1] == len(b) else b.data[None, :]
    elif b.dim is not None:
        y = b.matrix()
        x = a.data[None, :] if y.shape[0] == len(a) else a.data[:, None]
    else:
        x, y = a.data[None, :], b.data[:, None]
    if x.shape[1] != y.shape[0]:
        raise RError(f"non-conformable arguments: {x.shape[0]} x {x.shape[1]} %*% {y.shape[0]} x {y.shape[1]}")
    product = x @ y
    names = (a.dimnames[0] if a.dim else None, b.dimnames[1] if b.dim else None)
    attributes: dict[str, Any] = {"dim": product.shape}
    if names[0] is not None or names[1] is not None:
        attributes["dimnames"] = names
    return Vector(product.ravel(order="F"), "double", attributes)
