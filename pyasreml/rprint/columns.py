"""One column of a table or one vector, as text: numbers, whole numbers, logicals, strings and factors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pyasreml.rprint.numbers import format_integers, format_logicals, format_numbers, pad

__all__ = ["column_cells", "is_factor", "is_missing", "kind_of", "quote_string", "vector_cells"]


def is_missing(value: Any) -> bool:
    """Whether a scalar is None, NaN, NaT or pandas' NA."""
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    return isinstance(value, float | np.floating) and bool(value != value)


def is_factor(values: Any) -> bool:
    """Whether `values` is a pandas categorical, R's factor."""
    return isinstance(getattr(values, "dtype", None), pd.CategoricalDtype)


def kind_of(values: Any) -> str:
    """``logical``, ``integer``, ``numeric``, ``character`` or ``factor``: the R type that prints alike.

    A column of objects goes by what is in it, missing values set aside.
    """
    if is_factor(values):
        return "factor"
    dtype = getattr(values, "dtype", None)
    if dtype is not None and dtype.kind != "O":
        if pd.api.types.is_bool_dtype(dtype):
            return "logical"
        if pd.api.types.is_integer_dtype(dtype):
            return "integer"
        return "numeric" if pd.api.types.is_numeric_dtype(dtype) else "character"
    known = [v for v in values if not is_missing(v)]
    if all(isinstance(v, bool | np.bool_) for v in known):
        return "logical" if known or any(v is None for v in values) else "numeric"
    if all(isinstance(v, int | np.integer) for v in known):
        return "integer"
    return "numeric" if all(isinstance(v, int | float | np.number) for v in known) else "character"


def quote_string(text: str) -> str:
    """``text`` in double quotes, with R's escapes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r") + '"'


def _floats(values: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([np.nan if is_missing(v) else float(v) for v in values], dtype=float)


def vector_cells(values: Any, digits: int = 7, *, quote: bool = True) -> list[str]:
    """The elements of a vector, each padded to the common width where R pads (numbers), otherwise as they are."""
    kind = kind_of(values)
    if kind == "logical":
        return format_logicals(None if is_missing(v) else v for v in values)
    if kind == "integer":
        return format_integers(None if is_missing(v) else v for v in values)
    if kind == "numeric":
        return format_numbers(_floats(values), digits)
    if kind == "character" and quote:
        return ["NA" if is_missing(v) else quote_string(str(v)) for v in values]
    return ["<NA>" if is_missing(v) else str(v) for v in values]


def column_cells(values: Sequence[Any] | pd.Series, digits: int = 7) -> list[str]:
    """The cells of a data frame's column, right aligned to a common width."""
    return pad(vector_cells(values, digits, quote=False))
