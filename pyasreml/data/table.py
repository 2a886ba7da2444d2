"""Columns of whatever data frame a user has: pandas, polars, arrow (through narwhals) or a dict.

Rules, each a `DataError` that names the column where it fails:

* text becomes a factor, its levels in C-locale order (by code point, capitals first);
* a categorical keeps the order of its own levels; a missing category is a missing value, never a level;
* logical values become a factor with levels ``FALSE`` and ``TRUE``;
* numbers, whole numbers too, become a covariate;
* a column that mixes text with numbers or logical values is refused, as is one of dates or of lists;
* a name that occurs twice is refused when a formula uses it;
* only columns that are asked for are looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals.stable.v1 as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from pyasreml.data.column import Column, number_text
from pyasreml.data.labels import labels_of
from pyasreml.errors import DataError

__all__ = ["Table"]


class Table:
    """Uniform access to the columns of a data frame, converted when asked for.

    Parameters
    ----------
    names : list of str
    n_rows : int
    fetch : callable
        Position of a column -> pandas Series or array.
    """

    def __init__(self, names: list[str], n_rows: int, fetch: Any):
        self.names = names
        self.n_rows = n_rows
        self._fetch = fetch
        self._position: dict[str, int] = {}
        self._twice: set[str] = set()
        for j, name in enumerate(names):
            if name in self._position:
                self._twice.add(name)
            else:
                self._position[name] = j

    @classmethod
    def from_any(cls, data: Any) -> Table:
        """Wrap a pandas, polars or arrow frame, a dict of columns, or anything narwhals reads.

        Raises
        ------
        DataError
            If `data` is no table, or a dict's columns differ in length.

        Examples
        --------
        >>> Table.from_any({"y": [1.0, 2.0], "g": ["b", "a"]}).column("g").levels
        ('a', 'b')
        """
        if isinstance(data, Table):
            return data
        if isinstance(data, pd.DataFrame):
            labels = labels_of(data.columns)
            # by label is the faster way, where it is one column
            alone = data.columns.is_unique and not isinstance(data.columns, pd.MultiIndex)
            fetch = (lambda j: data[labels[j]]) if alone else (lambda j: data.iloc[:, j])
            return cls([str(name) for name in labels], len(data), fetch)
        if isinstance(data, Mapping):
            return cls._from_mapping(data)
        try:
            frame = nw.from_native(data, allow_series=False)
        except TypeError:
            raise DataError(
                f"data: cannot read columns from {type(data).__name__!r}; give a pandas, polars or arrow data frame, "
                "or a dict of columns"
            ) from None
        if isinstance(frame, nw.LazyFrame):
            frame = frame.collect()
        names = list(frame.columns)
        return cls(names, len(frame), lambda j: frame.get_column(names[j]))

    @classmethod
    def _from_mapping(cls, data: Mapping[Any, Any]) -> Table:
        names = [str(name) for name in data]
        columns = []
        for name, column in zip(names, data.values(), strict=True):
            if isinstance(column, (str, bytes)) or not hasattr(column, "__len__"):
                raise DataError(f"data: column {name!r} is a single value; every column needs one value a row")
            columns.append(column)
        lengths = {name: len(column) for name, column in zip(names, columns, strict=True)}
        if len(set(lengths.values())) > 1:
            first, other = names[0], next(n for n in names if lengths[n] != lengths[names[0]])
            raise DataError(
                f"data: columns differ in length: {first!r} has {lengths[first]} values, {other!r} has {lengths[other]}"
            )
        return cls(names, next(iter(lengths.values()), 0), lambda j: columns[j])

    def __contains__(self, name: str) -> bool:
        return name in self._position

    def column(self, name: str) -> Column:
        """The column `name`, checked and converted by the rules above.

        Raises
        ------
        DataError
            If a rule is broken. KeyError if there is no such column.
        """
        if name in self._twice:
            raise DataError(f"data: two columns are named {name!r}; rename one of them")
        return to_column(name, self._fetch(self._position[name]))


def to_column(name: str, values: Any) -> Column:
    """Convert one raw column (a pandas or narwhals series, an array or a sequence)."""
    if isinstance(values, nw.Series):
        values = _from_narwhals(values)
    elif not isinstance(values, (pd.Series, pd.Categorical, np.ndarray)):
        try:
            values = nw.from_native(values, series_only=True)
        except TypeError:
            values = _from_sequence(values)
        else:
            values = _from_narwhals(values)
    if isinstance(values, pd.Categorical):
        return _categorical(name, np.asarray(values.codes), values.categories)
    if isinstance(values, pd.Series):
        if isinstance(values.dtype, pd.CategoricalDtype):
            array: Any = values.array
            return _categorical(name, np.asarray(array.codes), array.categories)
        values = _pandas_array(values)
    if values.ndim != 1:
        raise DataError(f"data: column {name!r} has {values.ndim} dimensions; one value a row is needed")
    kind = values.dtype.kind
    if kind in "iuf":
        number = values.astype(np.float64)
        if np.isinf(number).any():
            row = int(np.flatnonzero(np.isinf(number))[0])
            raise DataError(f"data: column {name!r} is infinite in row {row + 1}; make it missing (NaN) or correct it")
        return Column(name, "covariate", values=number)
    if kind == "b":
        return Column(name, "factor", codes=values.astype(np.int32), levels=("FALSE", "TRUE")).drop_unused()
    if kind == "U":
        return _text(name, values.astype(object))
    if kind == "O":
        return _objects(name, values)
    raise DataError(f"data: column {name!r} has type {values.dtype}; make it numeric, text or categorical")


def _from_sequence(values: Any) -> npt.NDArray[Any]:
    """A list as an array that does not turn numbers beside text into text."""
    array = np.empty(len(values), dtype=object)
    array[:] = list(values)
    return array


def _from_narwhals(series: Any) -> Any:
    native = series.to_native()
    if isinstance(native, pd.Series):
        return native
    dtype = series.dtype
    if dtype in (nw.Categorical, nw.Enum):
        categories = series.cat.get_categories().to_list()
        return pd.Categorical(_from_sequence(series.cast(nw.String).to_list()), categories=categories)
    if dtype.is_numeric():
        return series.cast(nw.Float64).to_pandas().to_numpy(dtype=np.float64, na_value=np.nan)
    if dtype == nw.Boolean and series.null_count() == 0:
        return series.to_numpy()
    return _from_sequence(series.to_list())


def _pandas_array(series: pd.Series) -> npt.NDArray[Any]:
    """A pandas column's values; extension types (nullable numbers, strings, arrow) by what they hold."""
    dtype = series.dtype
    if isinstance(dtype, np.dtype):
        return series.to_numpy()
    if pd.api.types.is_bool_dtype(dtype):
        return series.to_numpy(dtype=object) if series.hasnans else series.to_numpy(dtype=bool)
    if pd.api.types.is_numeric_dtype(dtype):
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    return series.to_numpy(dtype=object)


def _categorical(name: str, codes: npt.NDArray[Any], categories: Any) -> Column:
    labels = labels_of(categories)
    if all(type(label) is str for label in labels):
        return Column(name, "factor", codes=codes.astype(np.int32), levels=tuple(labels)).drop_unused()
    if all(isinstance(label, (bool, np.bool_)) for label in labels):
        levels = ["TRUE" if label else "FALSE" for label in labels]
    elif all(isinstance(label, (int, float, np.number)) for label in labels):
        levels = number_text(labels)
    else:
        levels = [label if isinstance(label, str) else str(label) for label in labels]
    if len(set(levels)) < len(levels):
        twice = next(level for level in levels if levels.count(level) > 1)
        raise DataError(f"data: column {name!r} has two categories that both read {twice!r}; merge or rename them")
    return Column(name, "factor", codes=codes.astype(np.int32), levels=tuple(levels)).drop_unused()


def _text(name: str, values: npt.NDArray[Any]) -> Column:
    codes, found = pd.factorize(values, use_na_sentinel=True)
    levels = [str(value) for value in found]
    order = sorted(range(len(levels)), key=levels.__getitem__)
    rank = np.empty(len(levels) + 1, dtype=np.int32)
    rank[order] = np.arange(len(levels), dtype=np.int32)
    rank[-1] = -1
    return Column(name, "factor", codes=rank[codes], levels=tuple(levels[j] for j in order))


def _objects(name: str, values: npt.NDArray[Any]) -> Column:
    """An object column: all text, all logical or all numbers, with missing values among them."""
    kind = pd.api.types.infer_dtype(values, skipna=True)
    if kind == "string":
        return _text(name, values)
    if kind == "empty":
        return Column(name, "covariate", values=np.full(len(values), np.nan))
    if kind == "boolean":
        codes, found = pd.factorize(values, use_na_sentinel=True)
        lookup = np.array([*(int(value) for value in found), -1], dtype=np.int32)
        return Column(name, "factor", codes=lookup[codes], levels=("FALSE", "TRUE")).drop_unused()
    if kind in ("integer", "floating", "mixed-integer-float", "decimal"):
        return to_column(name, pd.to_numeric(pd.Series(values)).to_numpy(dtype=np.float64, na_value=np.nan))
    if kind == "categorical":
        return to_column(name, pd.Series(values).astype("category"))
    if kind.startswith("mixed"):
        types = [type(value).__name__ for value in values]
        first = types[0]
        row = next((i for i, t in enumerate(types) if t != first and not pd.isna(values[i])), 0)
        raise DataError(
            f"data: column {name!r} mixes types: {values[0]!r} in row 1, {values[row]!r} in row {row + 1}; "
            "make all of it text with astype(str) for a factor, or all of it numbers"
        )
    raise DataError(f"data: column {name!r} holds values of type {kind}; make it numeric, text or categorical")
