"""Seeded designs of all benchmarks, by subject; `CASES` is their table."""

from __future__ import annotations

from .cases import CASES
from .design import Case, Design

__all__ = ["CASES", "Case", "Design"]
