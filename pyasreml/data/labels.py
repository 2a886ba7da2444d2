"""Labels of pandas indexes as lists: those of the frames in use are remembered.

An index never changes, and fits of one frame after the other ask the same ones; strings that arrow holds take time to
read.
"""

from __future__ import annotations

import weakref
from typing import Any

import pandas as pd

__all__ = ["labels_of"]

_SEEN: dict[int, tuple[weakref.ref[pd.Index], list[Any]]] = {}


def labels_of(index: pd.Index) -> list[Any]:
    """The labels; the list is shared and must not be changed.

    Examples
    --------
    >>> labels_of(pd.Index(["a", "b"]))
    ['a', 'b']
    """
    key = id(index)
    found = _SEEN.get(key)
    if found is not None and found[0]() is index:
        return found[1]
    labels: list[Any] = index.tolist()
    _SEEN[key] = weakref.ref(index, lambda _: _SEEN.pop(key, None)), labels
    return labels
