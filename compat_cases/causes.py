"""Known causes of differences, written beside the cases: a list of ``{case, value, row, col, cause}`` in YAML.

`value`, `row` and `col` may be left out: the cause then holds for every difference of the case (of the value, row).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from .records import Number, Outcome, Row

DIFFERENCES = ("within_one", "different", "error")


@dataclass
class Cause:
    """One cause and how many differences it explained in this run."""

    case: str
    cause: str
    value: str | None = None
    row: Row = None
    col: str | None = None
    explained: int = field(default=0, compare=False)

    def holds_for(self, number: Number) -> bool:
        """Whether it names this number."""
        return all(
            mine is None or mine == theirs
            for mine, theirs in ((self.value, number.value), (self.row, number.row), (self.col, number.col))
        )

    def __str__(self) -> str:
        place = " ".join(str(p) for p in (self.value, self.row, self.col) if p is not None)
        return f"{self.case}: {place or 'whole case'}"


def read_causes(path: Path) -> list[Cause]:
    """Causes of a YAML file; none where there is no file."""
    if not path.exists():
        return []
    return [Cause(**item) for item in yaml.safe_load(path.read_text(encoding="utf-8")) or []]


def explain(outcomes: Iterable[Outcome], causes: list[Cause]) -> list[str]:
    """Write its cause beside each difference.

    Returns
    -------
    list of str
        Causes that are out of date: their case was run and everything they name agrees.
    """
    by_case: dict[str, list[Cause]] = {}
    for cause in causes:
        cause.explained = 0
        by_case.setdefault(cause.case, []).append(cause)
    seen = set()
    for outcome in outcomes:
        if outcome.not_run is None:
            seen.add(outcome.id)
        for number in outcome.numbers:
            if number.verdict in DIFFERENCES:
                for cause in by_case.get(outcome.id, ()):
                    if cause.holds_for(number):
                        number.cause = cause.cause
                        cause.explained += 1
                        break
    return [str(cause) for cause in causes if cause.case in seen and cause.explained == 0]
