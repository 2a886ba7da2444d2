"""From the value of an R expression to the cell, the vector or the names that a check asks for."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from .agreement import is_numeric_text, missing, show
from .records import Row


class PickError(LookupError):
    """The value has no such cell, or is of another shape; the message shows what it has."""


def as_table(value: Any) -> pd.DataFrame:
    """A data frame or matrix with names as text; a named vector becomes one column.

    Raises
    ------
    PickError
        `value` has no rows and columns.
    """
    if isinstance(value, pd.DataFrame):
        table = value
    elif isinstance(value, pd.Series):
        table = value.to_frame("effect" if value.name is None else value.name)
    elif isinstance(value, np.ndarray) and value.ndim == 2:
        table = pd.DataFrame(value)
        table.index = pd.Index(range(1, value.shape[0] + 1))
        table.columns = pd.Index(range(1, value.shape[1] + 1))
    else:
        for conversion in ("to_pandas", "to_frame"):
            if hasattr(value, conversion):
                return as_table(getattr(value, conversion)())
        raise PickError(f"a table was expected, the value is a {type(value).__name__}")
    return table


def _shorten(names: list[str], count: int = 8) -> str:
    return ", ".join(names[:count]) + (" …" if len(names) > count else "")


def column_of(table: pd.DataFrame, col: str) -> int:
    """Position of the column whose name reads `col`."""
    names = [str(c) for c in table.columns]
    if col not in names:
        raise PickError(f"no column '{col}'; columns are {_shorten(names)}")
    return names.index(col)


def _level_matches(cell: Any, text: str) -> bool:
    if missing(cell):
        return text == "NA"
    if str(cell) == text:
        return True
    if isinstance(cell, str) and not is_numeric_text(cell):
        return False
    if is_numeric_text(text) and not isinstance(cell, bool):
        decimals = len(text.partition(".")[2]) if "e" not in text.lower() else 12
        return (
            abs(float(cell) - float(text)) <= 0.5 * 10.0**-decimals * (1 + 1e-9)
            if decimals
            else float(cell) == float(text)
        )
    return False


def row_of(table: pd.DataFrame, row: str | dict[str, str]) -> int:
    """Position of the row named `row`, or of the one whose columns read so."""
    if isinstance(row, dict):
        columns = [(table.iloc[:, column_of(table, k)], str(v)) for k, v in row.items()]
        hits = [i for i in range(len(table)) if all(_level_matches(c.iloc[i], v) for c, v in columns)]
        if len(hits) != 1:
            raise PickError(f"{len(hits)} rows with {row}")
        return hits[0]
    names = [str(i) for i in table.index]
    if row not in names:
        raise PickError(f"no row '{row}'; rows are {_shorten(names)}")
    return names.index(row)


def cell(value: Any, row: Row, col: str | None) -> Any:
    """The cell of the table `value`; with `col` only, or `row` only, of a named vector or one-row table."""
    table = as_table(value)
    i = row_of(table, row) if row is not None else 0
    j = column_of(table, col) if col is not None else 0
    return table.iloc[i, j]


def names_of(value: Any, which: Literal["rownames", "colnames"]) -> list[str]:
    """Row or column names as text, in order."""
    table = as_table(value)
    return [str(n) for n in (table.index if which == "rownames" else table.columns)]


def vector(value: Any) -> list[Any]:
    """Elements of a scalar, vector, factor, list of scalars or one-column table.

    Raises
    ------
    PickError
        `value` holds something else.
    """
    if isinstance(value, pd.DataFrame):
        if value.shape[1] != 1 and value.shape[0] != 1:
            raise PickError(f"a vector was expected, the value is a table of {value.shape[0]} x {value.shape[1]}")
        return [value.iloc[i, j] for i in range(value.shape[0]) for j in range(value.shape[1])]
    if isinstance(value, pd.Series | pd.Index | pd.Categorical):
        return list(value)
    if isinstance(value, np.ndarray):
        return list(value.ravel(order="F"))
    if isinstance(value, dict):
        return [v for item in value.values() for v in vector(item)]
    if isinstance(value, list | tuple):
        return [v for item in value for v in vector(item)]
    if not isinstance(value, str) and hasattr(value, "to_pandas"):
        return vector(value.to_pandas())
    return [value]


def scalar(value: Any) -> Any:
    """The one element of `value`; NULL is a missing value."""
    elements = vector(value)
    if len(elements) != 1:
        shown = _shorten([show(e) for e in elements], 4)
        raise PickError(f"one value was expected, there are {len(elements)}: {shown}")
    return elements[0]
