"""The committed record of how many numbers of each case agree; the tests fail where a case falls below it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from .records import Outcome

PATH = Path(__file__).with_name("baseline.json")


def agreeing(outcome: Outcome) -> int:
    """Numbers that agree, those within a stated tolerance included."""
    return sum(n.verdict == "equal" for n in outcome.numbers)


def read(path: Path = PATH) -> dict[str, int]:
    """Recorded counts by case; none where there is no record yet."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write(outcomes: Iterable[Outcome], path: Path = PATH) -> None:
    """Record the counts of these cases and keep those of others."""
    counts = read(path) | {o.id: agreeing(o) for o in outcomes}
    path.write_text(json.dumps(dict(sorted(counts.items())), indent=0) + "\n", encoding="utf-8")


def fallen(outcomes: Iterable[Outcome], recorded: dict[str, int]) -> list[str]:
    """A line for each case in which fewer numbers agree than recorded."""
    return [
        f"{o.id}: {agreeing(o)} agree, {recorded[o.id]} did" + (f" (missing: {o.not_run})" if o.not_run else "")
        for o in outcomes
        if agreeing(o) < recorded.get(o.id, 0)
    ]
