"""Between Python's values and R's: what a session is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pyasreml.r.values import (
    Language,
    ListValue,
    Value,
    Vector,
    character,
    factor,
    is_factor,
    objects,
)
from pyasreml.rprint import NumberWithParameters

__all__ = ["frame_to_r", "matrix_of_frame", "series_to_r", "source_to_python", "to_python", "to_r"]

_SCALARS = (bool, int, float, str, np.generic)


def to_r(value: Any) -> Value:
    """The R value of a Python object; objects that R has no like of stay as they are.

    Scalars, arrays, Series (an index that only counts gives no names), categoricals, lists of scalars become vectors;
    dicts and other lists become lists; matrix-styled tables become matrices.
    """
    if value is None or isinstance(value, Vector | ListValue | Language):
        return value
    if isinstance(value, NumberWithParameters):
        vector = Vector(np.array([float(value)]), "double")
        vector.attributes["parameters"] = Vector(np.array([float(value.parameters)]), "integer")
        return vector
    if isinstance(value, _SCALARS):
        return array_to_r(np.asarray([value]) if not isinstance(value, str) else objects([value]))
    if isinstance(value, pd.DataFrame):
        if getattr(value, "style", None) == "matrix":
            return matrix_of_frame(value)
        return frame_to_r(value)
    if isinstance(value, pd.Series):
        return series_to_r(value)
    if isinstance(value, pd.Categorical):
        return factor(value.codes, map(str, value.categories), bool(value.ordered))
    if isinstance(value, pd.Index | pd.api.extensions.ExtensionArray):
        return array_to_r(np.asarray(value))
    if isinstance(value, np.ndarray):
        return array_to_r(value)
    if isinstance(value, list | tuple):
        if value and all(item is None or isinstance(item, _SCALARS) for item in value):
            return array_to_r(objects(value))
        return ListValue([to_r(item) for item in value])
    if type(value) is dict:
        return ListValue([to_r(item) for item in value.values()], [str(key) for key in value])
    if hasattr(value, "to_pandas") and hasattr(value, "columns"):
        return to_r(value.to_pandas())
    return value


def array_to_r(array: np.ndarray[Any, Any]) -> Vector:
    """A vector, or a matrix, of an array's elements."""
    flat = array.ravel(order="F")
    kind = _kind(flat)
    if kind == "character":
        vector = character(None if _is_missing(item) else str(item) for item in flat)
    elif flat.dtype.kind == "O":
        vector = Vector(np.array([np.nan if _is_missing(item) else float(item) for item in flat], dtype=float), kind)
    else:
        vector = Vector(flat.astype(np.float64), kind)
    if array.ndim == 2:
        vector.attributes["dim"] = (array.shape[0], array.shape[1])
    return vector


def _is_missing(item: Any) -> bool:
    return item is None or item is pd.NA or item is pd.NaT or item != item


def _kind(flat: np.ndarray[Any, Any]) -> str:
    code = flat.dtype.kind
    if code == "O":
        known = [item for item in flat if not _is_missing(item)]
        if not known:
            return "logical" if len(flat) else "character"
        if all(isinstance(item, bool | np.bool_) for item in known):
            return "logical"
        if all(isinstance(item, int | float | np.integer | np.floating | np.bool_) for item in known):
            return "integer" if all(isinstance(item, int | np.integer) for item in known) else "double"
        return "character"
    return {"b": "logical", "i": "integer", "u": "integer", "f": "double"}.get(code, "character")


def series_to_r(series: pd.Series, names: bool = True) -> Vector:
    """A vector or factor of a Series; its index gives the names unless it only counts."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        vector = factor(series.cat.codes.to_numpy(), map(str, series.cat.categories), bool(series.cat.ordered))
    elif isinstance(series.dtype, np.dtype):
        vector = array_to_r(series.to_numpy())
    else:
        kind = "O" if pd.api.types.is_string_dtype(series.dtype) or series.hasnans else None
        vector = array_to_r(series.to_numpy(dtype=object if kind else None))
        if pd.api.types.is_integer_dtype(series.dtype):
            vector.kind = "integer"
    if names and not counts(series.index):
        vector.attributes["names"] = objects(map(str, series.index))
    return vector


def counts(index: pd.Index) -> bool:
    """Whether an index only counts rows, as R's automatic row names do."""
    return isinstance(index, pd.RangeIndex) or pd.api.types.is_integer_dtype(index.dtype)


def frame_to_r(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame whose automatic row names count from 1; the data are shared."""
    if counts(frame.index) and len(frame) and int(frame.index[0]) == 0:
        automatic = np.array_equal(frame.index.to_numpy(), np.arange(len(frame)))
        if automatic:
            return frame.set_axis(pd.RangeIndex(1, len(frame) + 1), axis=0)
    return frame


def matrix_of_frame(frame: pd.DataFrame) -> Vector:
    """A frame as a matrix with dimnames: numbers if all columns are, text otherwise."""
    columns = [series_to_r(frame.iloc[:, j], names=False) for j in range(frame.shape[1])]
    text = any(column.kind == "character" or is_factor(column) for column in columns)
    if text:
        from pyasreml.r.values import text_array

        data = objects(item for column in columns for item in text_array(column))
        kind = "character"
    else:
        order = ("logical", "integer", "double")
        kind = max((column.kind for column in columns), key=order.index, default="logical")
        data = np.concatenate([column.data for column in columns]) if columns else np.zeros(0)
    rows = None if counts(frame.index) else objects(map(str, frame.index))
    attributes = {"dim": frame.shape, "dimnames": (rows, objects(map(str, frame.columns)))}
    return Vector(data, kind, attributes)


def to_python(value: Value) -> Any:
    """The Python object that stands for an R value.

    A vector of one element without names is a scalar; vectors are arrays, named ones Series, factors categoricals; a
    matrix is a frame, or an array where it has no names; lists are dicts or lists; a formula is its text.
    """
    if isinstance(value, Vector):
        return _vector_to_python(value)
    if isinstance(value, ListValue):
        items = [to_python(item) for item in value.items]
        return dict(zip(value.names, items, strict=True)) if value.names and all(value.names) else items
    if isinstance(value, Language):
        return value.text
    if isinstance(value, Mapping) and type(value) is dict:
        return {key: to_python(item) for key, item in value.items()}
    return value


def source_to_python(value: Value) -> Any:
    """A matrix, a frame or a vector that may be a relationship matrix, with what R keeps in attributes in ``attrs``.

    A matrix with column names has them as its row names too where it has none of its own.
    """
    kept = value.attrs if isinstance(value, pd.DataFrame) else getattr(value, "attributes", {})
    marks: dict[Any, Any] = {key: to_python(kept[key]) for key in ("rowNames", "INVERSE") if kept.get(key) is not None}
    if isinstance(value, Vector) and value.kind != "character" and not is_factor(value):
        if value.dim is not None and len(value.dim) == 2:
            rows, columns = value.dimnames
            frame = pd.DataFrame(np.array(value.matrix()), index=rows, columns=columns)
            frame.attrs = marks
            return frame
        if "rowNames" in marks:
            series = pd.Series(value.data)
            series.attrs = marks
            return series
    if isinstance(value, pd.DataFrame) and marks and type(value) is pd.DataFrame:
        frame = value.copy(deep=False)
        frame.attrs = {**value.attrs, **marks}
        return frame
    return to_python(value)


def elements(vector: Vector) -> np.ndarray[Any, Any]:
    """The data in the array type of Python that fits: bool, int, float or object."""
    if vector.kind in ("character", "double"):
        return vector.data
    gone = np.isnan(vector.data)
    if vector.kind == "logical":
        flags = (vector.data == 1).astype(object if gone.any() else bool)
        if gone.any():
            flags[gone] = None
        return flags
    return vector.data if gone.any() else vector.data.astype(np.int64)


def column_to_python(vector: Vector) -> Any:
    """What a vector becomes as the column of a frame."""
    if is_factor(vector):
        codes = np.where(np.isnan(vector.data), 0, vector.data).astype(int) - 1
        ordered = "ordered" in vector.attributes["class"]
        dtype = pd.CategoricalDtype(list(vector.attributes["levels"]), ordered=ordered)
        return pd.Categorical.from_codes(codes, dtype=dtype)
    return elements(vector)


def _vector_to_python(vector: Vector) -> Any:
    if is_factor(vector):
        return column_to_python(vector)
    data = elements(vector)
    if vector.dim is not None and len(vector.dim) == 2:
        rows, columns = vector.dimnames
        array = data.reshape(vector.dim, order="F")
        if rows is None and columns is None:
            return array
        index = pd.RangeIndex(1, vector.dim[0] + 1) if rows is None else pd.Index(rows, dtype=object)
        heads = pd.RangeIndex(1, vector.dim[1] + 1) if columns is None else pd.Index(columns, dtype=object)
        return pd.DataFrame(array, index=index, columns=heads)
    if vector.names is not None:
        return pd.Series(data, index=pd.Index(vector.names, dtype=object))
    if len(data) == 1:
        parameters = vector.attributes.get("parameters")
        if isinstance(parameters, Vector) and vector.kind != "character":
            return NumberWithParameters(float(data[0]), int(parameters.data[0]))
        return data[0].item() if isinstance(data[0], np.generic) else data[0]
    return data
