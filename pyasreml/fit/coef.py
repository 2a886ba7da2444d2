"""``coef(fit)``: the effects of a fit, by part or by term."""

from __future__ import annotations

import re
from typing import Any

from pyasreml.errors import AsremlError
from pyasreml.fit.components import require_fit
from pyasreml.fit.tables import effects_table
from pyasreml.rprint import RList, RTable

__all__ = ["coef"]

_PARTS = ("fixed", "random", "sparse")


def coef(fit: Any, list: bool = False, pattern: str | None = None) -> RList:
    """Effects of a fit.

    Parameters
    ----------
    fit : Asreml
    list : bool
        By term (``coef(fit, list=True)["entry"]``) instead of by part (``.fixed``, ``.random``, ``.sparse``).
    pattern : str, optional
        Regular expression; only effects whose names it finds, terms without any left out.

    Returns
    -------
    RList of RTable
        Matrices with one column ``effect``. A part without terms reads as None.

    Raises
    ------
    AsremlError
        If `fit` is no fit or `pattern` no regular expression.

    Examples
    --------
    >>> import pyasreml as pa
    >>> from pyasreml.demo.oats import oats
    >>> fit = pa.asreml("yield ~ Variety*Nitrogen", random="~ Blocks/Wplots", data=oats(), trace=False)
    >>> pa.coef(fit).fixed.head(2)
                        effect
    (Intercept)             80
    Variety_Golden_rain      0
    >>> pa.coef(fit, list=True)["Blocks"].shape
    (6, 1)
    """
    require_fit(fit, "coef()")
    wanted = _compiled(pattern)
    items: dict[str, Any] = {}
    for part in _PARTS:
        frame = fit.coefficients[part]
        if frame is None or len(frame) == 0:
            continue
        table = effects_table(frame)
        if not list:
            items[part] = _matching(table, wanted)
            continue
        start = 0
        for label, size in fit.term_of_effect(part):
            items[label] = _matching(table.iloc[start : start + size], wanted)
            start += size
    if wanted is not None:
        items = {name: table for name, table in items.items() if len(table)}
    return RList(items, absent=() if list else _PARTS)


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    try:
        return None if pattern is None else re.compile(pattern)
    except re.error as problem:
        raise AsremlError(f"coef(): pattern {pattern!r} is not a regular expression: {problem}") from problem


def _matching(table: RTable, wanted: re.Pattern[str] | None) -> Any:
    if wanted is None:
        return table
    return table[[wanted.search(str(name)) is not None for name in table.index]]
