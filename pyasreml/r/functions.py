"""All tables of functions: importing this package's modules fills them."""

from __future__ import annotations

import importlib
from functools import lru_cache

__all__ = ["load_tables"]

_MODULES = (
    "attributes", "control", "factors", "frames", "functional", "mathematics", "matrices", "models", "output", "plots",
    "searching", "stats", "strings", "vectors", "verbs",
)  # fmt: skip


@lru_cache(maxsize=1)
def load_tables() -> None:
    """Import every module that enters functions into the tables."""
    for module in _MODULES:
        importlib.import_module(f"pyasreml.r.{module}")
