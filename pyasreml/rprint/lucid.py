"""The printed form of variance components of the R package lucid (``lucid::vc``, Wright 2014).

Numbers are zapped to seven digits of the largest, rounded to a few significant digits, and written without
trailing zeros, the decimal points under one another.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from pyasreml.rprint.columns import column_cells, kind_of
from pyasreml.rprint.numbers import format_fixed, layout, pad, signif, zapsmall

__all__ = ["lucid", "lucid_cells"]


def lucid(x: ArrayLike, digits: int = 3) -> list[str]:
    """A column of numbers in lucid's form.

    Examples
    --------
    >>> lucid([1.18e-5, 20.7012, 196.04], 4)
    ['  0.00001', ' 20.7    ', '196      ']
    """
    values = signif(zapsmall(x), digits)
    finite = values[np.isfinite(values)]
    places = _decimals(finite)
    text = pad([format_fixed(v, places) for v in values.tolist()])
    return pad([t.rstrip("0").rstrip(".") if "." in t else t for t in text], left=True)


def _decimals(finite: np.ndarray) -> int:
    """Decimals of the common fixed notation at seven significant digits."""
    most = 0
    for value in finite.tolist():
        how = layout([value])
        most = max(most, how.decimals - int(np.floor(np.log10(abs(value)))) if how.exponent else how.decimals)
    return most


def lucid_cells(frame: pd.DataFrame, digits: int = 4) -> tuple[list[str], list[list[str]]]:
    """Column names and cells of a table of variance components; ``z.ratio`` keeps two significant digits."""
    names = [str(c) for c in frame.columns]
    columns = []
    for j, name in enumerate(names):
        values = frame.iloc[:, j]
        if kind_of(values) in ("numeric", "integer"):
            numbers = values.to_numpy(dtype=float, na_value=np.nan)
            columns.append(lucid(signif(numbers, 2) if name == "z.ratio" else numbers, digits))
        else:
            columns.append(column_cells(values))
    return names, columns
