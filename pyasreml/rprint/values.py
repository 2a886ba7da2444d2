"""Any value as R would print the like of it at the prompt, and lists of such values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pyasreml.rprint.tables import format_frame
from pyasreml.rprint.vectors import format_factor, format_matrix, format_vector

__all__ = ["format_list", "format_value"]


def _element_name(name: str) -> str:
    plain = name.replace(".", "").replace("_", "").isalnum() and not name[0].isdigit() and not name.startswith("_")
    return name if plain else f"`{name}`"


def format_list(items: Mapping[str, Any] | Sequence[Any], prefix: str = "", *, digits: int = 7) -> str:
    """A list: every element under its name (``$varcomp``) or number (``[[1]]``), a blank line after each.

    Examples
    --------
    >>> print(format_list({"loglik": -364.883, "call": None}))
    $loglik
    [1] -364.883
    <BLANKLINE>
    $call
    NULL
    <BLANKLINE>
    """
    if isinstance(items, Mapping):
        pairs = [(f"{prefix}${_element_name(str(k))}", v) for k, v in items.items()]
    else:
        pairs = [(f"{prefix}[[{i + 1}]]", v) for i, v in enumerate(items)]
    if not pairs:
        return "list()" if not isinstance(items, Mapping) else "named list()"
    return "\n".join(f"{head}\n{format_value(value, head, digits=digits)}\n" for head, value in pairs)


def format_value(value: Any, prefix: str = "", *, digits: int = 7) -> str:
    """Any value as R would print the like of it at the prompt.

    None is ``NULL``; numbers, strings and one-dimensional arrays are vectors; a Series has names unless its index
    only counts; two-dimensional arrays are matrices; mappings and sequences are lists; whatever else speaks for itself.
    """
    if value is None:
        return "NULL"
    as_r = getattr(value, "format_r", None)
    if callable(as_r):
        return str(as_r())
    if isinstance(value, pd.DataFrame):
        return format_frame(value, digits=digits)
    if isinstance(value, pd.Series):
        if isinstance(value.dtype, pd.CategoricalDtype):
            return format_factor(value)
        numbered = pd.api.types.is_integer_dtype(value.index.dtype)
        names = None if numbered else [str(n) for n in value.index]
        return format_vector(value, names, digits=digits)
    if isinstance(value, pd.Categorical):
        return format_factor(value)
    if isinstance(value, str | bool | int | float | np.generic):
        return format_vector([value.item() if isinstance(value, np.generic) else value], digits=digits)
    if isinstance(value, np.ndarray):
        if value.ndim == 2:
            return format_matrix(value, digits=digits)
        return format_vector(value.ravel(), digits=digits)
    if isinstance(value, pd.api.extensions.ExtensionArray | pd.Index):
        return format_vector(value, digits=digits)
    if isinstance(value, Mapping | list | tuple):
        return format_list(value, prefix, digits=digits)
    return str(value)
