"""Vectors, factors and matrices as R's ``print`` shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pyasreml.rprint.columns import kind_of, vector_cells
from pyasreml.rprint.grid import WIDTH, grid
from pyasreml.rprint.numbers import display_width, format_numbers, pad

__all__ = ["format_factor", "format_matrix", "format_vector"]

_EMPTY = {"numeric": "numeric(0)", "integer": "integer(0)", "logical": "logical(0)", "character": "character(0)"}


def format_vector(
    values: Any,
    names: Sequence[str] | None = None,
    *,
    digits: int = 7,
    quote: bool = True,
    width: int = WIDTH,
) -> str:
    """A vector as R prints it: ``[1]`` labels, or the names above the values.

    Parameters
    ----------
    values : sequence, array or Series of numbers, logicals or strings
    names : sequence of str, optional
    digits : int
        Significant digits.
    quote : bool
        Strings in double quotes.
    width : int
        Line width.

    Examples
    --------
    >>> print(format_vector([134.86148, 2]))
    [1] 134.8615   2.0000
    >>> print(format_vector([1, 3], ["(Intercept)", "trt"]))  # doctest: +NORMALIZE_WHITESPACE
    (Intercept)         trt
              1           3
    """
    kind = kind_of(values)
    if len(values) == 0:
        empty = _EMPTY.get(kind, "character(0)")
        return empty if names is None else f"named {empty}"
    cells = vector_cells(values, digits, quote=quote)
    if names is not None:
        common = max(max(map(display_width, names)), max(map(display_width, cells)))
        heads, cells = pad(list(names), common), pad(cells, common)
        per_line = max(1, width // (common + 1))
        lines = []
        for start in range(0, len(cells), per_line):
            lines.append("".join(h + " " for h in heads[start : start + per_line]))
            lines.append("".join(c + " " for c in cells[start : start + per_line]))
        return "\n".join(lines)
    cells = pad(cells, left=kind in ("character", "factor"))
    label = len(str(len(cells))) + 2
    per_line = max(1, (width - label) // (display_width(cells[0]) + 1))
    return "\n".join(
        " ".join([f"[{start + 1}]".rjust(label), *cells[start : start + per_line]])
        for start in range(0, len(cells), per_line)
    )


def format_factor(values: pd.Series | pd.Categorical, width: int = WIDTH) -> str:
    """A factor: its values without quotes and a line of its levels."""
    categorical = values.cat if isinstance(values, pd.Series) else values
    levels = [str(level) for level in categorical.categories]
    body = format_vector(values, quote=False, width=width) if len(values) else "factor(0)"
    ordered = bool(categorical.ordered)
    between = " < " if ordered else " "
    lead = "Levels: "
    room = width - (len(lead) + 7)
    reach = np.cumsum([display_width(level) + len(between) for level in levels])
    count = len(levels)
    if count > 1 and reach[-1] > room:
        kept = max(1, int(np.argmax(reach > room)))
        if kept < count:
            levels = [*levels[: max(1, kept - 1)], "...", *(levels[-1:] if kept > 1 else [])]
            lead = f"{count} {lead}"
    return f"{body}\n{lead}{between.join(levels)}"


def format_matrix(
    values: Any,
    row_names: Sequence[str] | None = None,
    column_names: Sequence[str] | None = None,
    *,
    digits: int = 7,
    quote: bool = True,
    width: int = WIDTH,
) -> str:
    """A matrix as R prints it, numbers formatted by column and strings left aligned in quotes.

    Examples
    --------
    >>> print(format_matrix([[1.5, 20], [0.25, 3]]))
         [,1] [,2]
    [1,] 1.50   20
    [2,] 0.25    3
    """
    array = np.asarray(values)
    kind = kind_of(array.ravel())
    if kind == "numeric":
        columns = [format_numbers(array[:, j].astype(float), digits) for j in range(array.shape[1])]
    else:
        columns = [vector_cells(array[:, j], digits, quote=quote) for j in range(array.shape[1])]
    left = kind == "character" and quote
    if array.shape == (0, 0):
        return "<0 x 0 matrix>"
    return "\n".join(grid(columns, column_names, row_names, left=left, width=width))
