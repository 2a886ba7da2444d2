"""P values, their stars, and the table printer of R's ``anova`` objects (``printCoefmat``)."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from pyasreml.rprint.grid import WIDTH, grid
from pyasreml.rprint.numbers import format_numbers, pad, round_r, zapsmall

__all__ = ["LEGEND", "anova_cells", "format_anova", "format_pval", "stars"]

LEGEND = "Signif. codes:  0 ‘***’ 0.001 ‘**’ 0.01 ‘*’ 0.05 ‘.’ 0.1 ‘ ’ 1"
EPS = float(np.finfo(float).eps)


def format_pval(p: ArrayLike, digits: int = 5, eps: float = EPS) -> list[str]:
    """P values as R's ``format.pval``: fixed and scientific ones formatted apart, below `eps` as ``< 2.2e-16``.

    Examples
    --------
    >>> format_pval([1e-300, 0.002792], digits=4)
    ['< 2.2e-16', '0.002792']
    """
    values = np.asarray(p, dtype=float).ravel()
    result = np.full(values.shape, "NA", dtype=object)
    known = ~np.isnan(values)
    tiny = known & (values < eps)
    shown = known & ~tiny
    exponent = np.floor(np.log10(np.where(values > 0, values, 1e-50), where=known, out=np.zeros(values.shape)))
    plain = (exponent >= -3) | ((exponent == -4) & (digits > 1))
    for part in (shown & plain, shown & ~plain):
        if part.any():
            result[part] = format_numbers(values[part], digits)
    if tiny.any():
        few = max(1, digits - 2)
        gap = "" if few == 1 else " "
        if shown.any():
            widest = max(len(t) for t in result[shown])
            if few > 1 and few + 6 > widest:
                few = max(1, widest - 7)
            gap = "" if few == 1 and widest <= 6 else " "
        result[tiny] = "<" + gap + format_numbers([eps], few)[0]
    return [str(t) for t in result]


def stars(p: ArrayLike) -> list[str]:
    """The significance code of every p value; a missing one has none."""
    values = np.asarray(p, dtype=float).ravel()
    codes = np.array(["***", "**", "*", ".", " "], dtype=object)
    place = np.searchsorted([0.001, 0.01, 0.05, 0.1], np.nan_to_num(values, nan=1.0), side="left")
    return ["" if missing else str(code) for code, missing in zip(codes[place], np.isnan(values), strict=True)]


def anova_cells(frame: pd.DataFrame, digits: int = 7) -> tuple[list[str], list[list[str]], bool]:
    """Column names, columns of cells and whether the legend of the stars is due, for an ``anova`` table.

    Degrees of freedom and test statistics keep their digits, other columns are zapped; missing cells are empty;
    a last column ``Pr(…)`` or ``P(…)`` is written as p values with stars. All as R's ``print.anova``.
    """
    digits = max(digits - 2, 3)
    test_digits = max(1, min(5, digits - 1))
    names = [str(c) for c in frame.columns]
    has_p = bool(names) and re.match(r"(P|Pr)\(", names[-1]) is not None
    columns: list[list[str]] = []
    body = len(names) - has_p
    for j, name in enumerate(names[:body]):
        values = frame.iloc[:, j].to_numpy(dtype=float, na_value=np.nan)
        missing = np.isnan(values)
        tested = name[1:7] == " value" or name in ("F", "Cp", "Chisq")
        if tested:
            cells = format_numbers(round_r(values, test_digits), digits)
        else:
            if not name.endswith("Df"):
                values = zapsmall(values, digits)
            cells = format_numbers(values, digits)
            hidden = [i for i, c in enumerate(cells) if not missing[i] and values[i] != 0 and float(c) == 0]
            if hidden:
                for i, c in zip(hidden, format_numbers(values[hidden], max(1, digits - 1)), strict=True):
                    cells[i] = c
        columns.append(["" if gone else c for c, gone in zip(cells, missing, strict=True)])
    if not has_p:
        return names, columns, False
    p = frame.iloc[:, -1].to_numpy(dtype=float, na_value=np.nan)
    known = ~np.isnan(p)
    cells = [""] * len(p)
    for place, c in zip(np.flatnonzero(known).tolist(), format_pval(p[known], test_digits), strict=True):
        cells[place] = c
    columns.append(cells)
    starred = bool((p[known] < 0.1).any())
    if starred:
        names.append("")
        columns.append(pad(stars(p), left=True))
    return names, columns, starred


def format_anova(frame: pd.DataFrame, digits: int = 7, width: int = WIDTH) -> list[str]:
    """Lines of an ``anova`` table, its heading not among them."""
    names, columns, starred = anova_cells(frame, digits)
    lines = grid(columns, names, [str(i) for i in frame.index], width=width)
    return [*lines, "---", LEGEND] if starred else lines
