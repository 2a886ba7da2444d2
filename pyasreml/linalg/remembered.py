"""Analyses that are still in use, found again by their pattern: a refit, or `update()`, does not order anew."""

from __future__ import annotations

import hashlib
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from .pattern import Pattern

__all__ = ["keep", "key_of", "recall"]

_in_use: WeakValueDictionary[bytes, Any] = WeakValueDictionary()


def key_of(pattern: Pattern, last: NDArray[np.int32] | None, *choices: object) -> bytes:
    """What an analysis depends on: the pattern, the equations at the end, and how the order was to be chosen."""
    found = hashlib.blake2b(repr((pattern.n, choices)).encode(), digest_size=20)
    for array in (pattern.indptr, pattern.indices, np.empty(0, np.int32) if last is None else last):
        found.update(len(array).to_bytes(8, "little"))
        found.update(array.data)
    return found.digest()


def recall(key: bytes) -> Any:
    """The analysis kept under `key` while someone uses it, or None."""
    return _in_use.get(key)


def keep(key: bytes, analysis: Any) -> None:
    """Let `recall` find an analysis for as long as something else holds it."""
    _in_use[key] = analysis
