"""Frames of covariates for ``mbf()``: rows that records take by a key."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pyasreml.data.column import Column, number_text
from pyasreml.data.table import Table
from pyasreml.errors import DataError

__all__ = ["CovariateFrame", "covariate_frame"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CovariateFrame:
    """Covariates by key.

    Attributes
    ----------
    name : str
        Of ``mbf(name)``.
    key : str
        Column of the data whose values are looked up.
    rows : dict of str to int
        Row by key: levels, or numbers as R writes them.
    names : tuple of str
        Of the covariates.
    values : float array (rows, covariates)
    """

    name: str
    key: str
    rows: dict[str, int]
    names: tuple[str, ...]
    values: FloatArray

    def of(self, column: Column, data_rows: npt.NDArray[Any]) -> FloatArray:
        """The covariates of a column of keys, (n, covariates); NaN where the key is missing.

        Raises
        ------
        DataError
            For a key that the frame does not have.
        """
        if column.is_factor:
            levels, codes = column.levels, column.array
        else:
            made = column.as_factor()
            levels, codes = made.levels, made.array
        place = np.array([self.rows.get(level, -1) for level in levels] + [-2], np.int64)[codes]
        lost = np.flatnonzero(place == -1)
        if lost.size:
            raise DataError(
                f"mbf({self.name}): {self.key} is {levels[codes[lost[0]]]!r} in row {int(data_rows[lost[0]]) + 1}, and "
                "the frame of covariates has no row of that key"
            )
        with_missing = np.vstack([self.values, np.full((1, len(self.names)), np.nan)])
        found: FloatArray = with_missing[np.where(place < 0, -1, place)]
        return found


def covariate_frame(name: str, entry: Any) -> CovariateFrame:
    """One entry of ``mbf``: ``{"key": (data column, covariate column), "cov": frame}``.

    Raises
    ------
    DataError
        For an entry of another form, keys that are missing or come twice, covariates that are not numbers.
    """
    form = f"mbf: {name!r} needs a key, the columns of the data and of the covariates that match, and cov, their frame"
    if not isinstance(entry, Mapping) or "key" not in entry or "cov" not in entry:
        raise DataError(f"{form}: {{{name!r}: {{'key': ('row', 'row'), 'cov': frame}}}}")
    key = entry["key"]
    keys = [key] if isinstance(key, str) else [str(k) for k in key] if isinstance(key, Sequence | np.ndarray) else []
    if len(keys) not in (1, 2):
        raise DataError(form)
    if isinstance(entry["cov"], str):
        raise DataError(f"mbf: {name!r}: there is no data frame {entry['cov']!r}; give the frame itself as cov")
    table = Table.from_any(entry["cov"])
    if keys[-1] not in table:
        near = difflib.get_close_matches(keys[-1], table.names, 3, 0.6)
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise DataError(f"mbf: {name!r}: the covariates have no column {keys[-1]!r}{hint}")
    column = table.column(keys[-1])
    missing = np.flatnonzero(column.missing())
    if missing.size:
        raise DataError(f"mbf: {name!r}: the key {keys[-1]!r} is missing in row {missing[0] + 1} of the covariates")
    labels = column.labels().tolist() if column.is_factor else number_text(column.array)
    rows = {label: i for i, label in enumerate(labels)}
    if len(rows) < len(labels):
        twice = next(label for i, label in enumerate(labels) if rows[label] != i)
        raise DataError(f"mbf: {name!r}: the key {twice!r} has several rows of covariates")
    names = tuple(other for other in table.names if other != keys[-1])
    if not names:
        raise DataError(f"mbf: {name!r}: there is no covariate beside the key {keys[-1]!r}")
    return CovariateFrame(name, keys[0], rows, names, np.column_stack([_numbers(name, table, n) for n in names]))


def _numbers(name: str, table: Table, column_name: str) -> FloatArray:
    column = table.column(column_name)
    if column.values is None:
        raise DataError(f"mbf: {name!r}: the covariate {column_name!r} is a factor or text; it must be numeric")
    bad = np.flatnonzero(~np.isfinite(column.values))
    if bad.size:
        raise DataError(f"mbf: {name!r}: the covariate {column_name!r} is missing or infinite in row {bad[0] + 1}")
    return column.values
