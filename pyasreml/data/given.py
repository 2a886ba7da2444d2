"""Start values in an object that a formula names: ``corgh(time, init = starts)``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pyasreml.errors import ModelError

__all__ = ["start_values"]

CODES = ("P", "U", "F", "B")


def start_values(given: Any, call: str, name: str) -> tuple[tuple[float, ...], tuple[str | None, ...] | None]:
    """Numbers and, from names of a Series, constraint codes.

    Raises
    ------
    ModelError
        Something else, missing values, names that are no codes.

    Examples
    --------
    >>> start_values([0.3, 2.0], "corv(time, init = s)", "s")
    ((0.3, 2.0), None)
    >>> start_values(pd.Series([0.3, 2.0], index=["F", ""]), "corv(time, init = s)", "s")
    ((0.3, 2.0), ('F', None))
    """
    names = list(map(str, given.index)) if isinstance(given, pd.Series) else []
    if isinstance(given, pd.Series) and isinstance(given.index, pd.RangeIndex):
        names = []
    try:
        values = np.asarray(given, dtype=np.float64).ravel()
    except (TypeError, ValueError):
        values = np.array([np.nan])
    if not values.size or not np.isfinite(values).all():
        raise ModelError(f"{call}: {name} must hold start values, numbers without missing ones")
    odd = [code for code in names if code not in (*CODES, "")]
    if odd:
        raise ModelError(f"{call}: names of {name} are constraint codes, one of {' '.join(CODES)}, not {odd[0]!r}")
    return tuple(values.tolist()), tuple(code or None for code in names) if any(names) else None
