"""Totals, the lines of the terminal, the result file and the page "Does it match?"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from .records import SOURCES, Number, Outcome

COUNTED = ("equal", "within_one", "different", "error")


def is_exact(number: Number) -> bool:
    """Whether a number counts digit for digit."""
    return number.tol is None and number.verdict != "not_target"


def counts(numbers: Iterable[Number], checks_not_run: int = 0) -> dict[str, int]:
    """Numbers by verdict; `different` holds the errors too, `errors` counts them apart."""
    found: Counter[str] = Counter(n.verdict for n in numbers)
    return {
        "compared": sum(found[v] for v in COUNTED),
        "equal": found["equal"],
        "within_one": found["within_one"],
        "different": found["different"] + found["error"],
        "errors": found["error"],
        "not_run": checks_not_run,
    }


def totals(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Totals over digit-for-digit numbers, by source, those with a tolerance apart, and missing features."""
    numbers = [n for o in outcomes for n in o.numbers]
    lost: Counter[str] = Counter()
    features: Counter[str] = Counter()
    for outcome in outcomes:
        lost.update(outcome.checks_not_run)
        if outcome.not_run is not None:
            features.update(outcome.not_run.split("; "))
    exact_lost = sum(n for kind, n in lost.items() if kind != "with tol")
    return {
        **counts((n for n in numbers if is_exact(n)), exact_lost),
        "cases": len(outcomes),
        "cases_not_run": sum(o.not_run is not None for o in outcomes),
        "by_source": {
            s: counts((n for n in numbers if is_exact(n) and n.source == s), lost[s])
            for s in SOURCES
            if lost[s] or any(n.source == s for n in numbers)
        },
        "with_tol": counts((n for n in numbers if n.tol is not None and n.verdict != "not_target"), lost["with tol"]),
        "not_target": sum(n.verdict == "not_target" for n in numbers),
        "features": dict(features.most_common()),
    }


def as_json(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The result file."""
    return {
        "total": totals(outcomes),
        "cases": [
            {
                "id": o.id,
                "not_run": o.not_run,
                "seconds": round(o.seconds, 3),
                "errors": o.errors,
                "numbers": [n.as_json() for n in o.numbers],
            }
            for o in outcomes
        ],
    }


HEADER = f"{'case':<58} {'compared':>8} {'equal':>6} {'within 1':>8} {'different':>9} {'error':>6}  not run"


def case_line(outcome: Outcome) -> str:
    """One line a case."""
    c = counts(n for n in outcome.numbers if n.verdict != "not_target")
    lost = sum(outcome.checks_not_run.values())
    reason = f"  {lost}: {outcome.not_run}" if outcome.not_run else ""
    different = c["different"] - c["errors"]
    columns = f"{c['compared']:>8} {c['equal']:>6} {c['within_one']:>8} {different:>9} {c['errors']:>6}"
    return f"{outcome.id:<58} {columns}{reason}"


def place(number: Number) -> str:
    """Where a number stands, as a check writes it."""
    row = number.row
    if isinstance(row, dict):
        row = ", ".join(f"{k} = {v}" for k, v in row.items())
    return " | ".join(str(p) for p in (number.value, row, number.col) if p is not None)


def difference_lines(outcome: Outcome, limit: int = 12) -> list[str]:
    """Differences of one case with what was wanted, what was got and why."""
    lines = [f"    ! {error}" for error in outcome.errors]
    found = [n for n in outcome.numbers if n.verdict in ("within_one", "different", "error")]
    for n in found[:limit]:
        note = f"   [{n.cause}]" if n.cause else ""
        lines.append(f"    {n.verdict:<10} {place(n)}: want {n.want}, got {n.got}{note}")
    if len(found) > limit:
        lines.append(f"    … and {len(found) - limit} more")
    return lines


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def total_lines(total: dict[str, Any]) -> list[str]:
    """The closing table of the terminal."""
    lines = ["", f"{'source':<14} {'compared':>8} {'equal':>7} {'':>8} {'within 1':>8} {'different':>9} {'not run':>8}"]
    rows = [*total["by_source"].items(), ("total", total), ("with tol", total["with_tol"])]
    for name, c in rows:
        lines.append(
            f"{name:<14} {c['compared']:>8} {c['equal']:>7} {_percent(c['equal'], c['compared']):>8} "
            f"{c['within_one']:>8} {c['different']:>9} {c['not_run']:>8}"
        )
    lines.append(f"shown, never counted (not a target): {total['not_target']}")
    if total["features"]:
        named = ", ".join(f"{name} ({n})" for name, n in total["features"].items())
        lines.append(f"{total['cases_not_run']} of {total['cases']} cases want features that are missing: {named}")
    return lines


def markdown(outcomes: Sequence[Outcome]) -> str:
    """The page "Does it match?"."""
    total = totals(outcomes)
    lines = [
        "# Does pyasreml match asreml-R?",
        "",
        "Made by `python -m compat_cases --markdown`. A number agrees when pyasreml's value, rounded as R prints to",
        "the same number of decimals, is the same string. *Within 1* is one unit of the last printed digit.",
        "",
        "| source | compared | equal | | within 1 | different | not run |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, c in [*total["by_source"].items(), ("**all**", total), ("with a stated tolerance", total["with_tol"])]:
        lines.append(
            f"| {name} | {c['compared']} | {c['equal']} | {_percent(c['equal'], c['compared'])} | {c['within_one']} | "
            f"{c['different']} | {c['not_run']} |"
        )
    lines += [
        "",
        "## Cases",
        "",
        "| case | compared | equal | within 1 | different | not run, for want of |",
        "|---|--:|--:|--:|--:|---|",
    ]
    for o in outcomes:
        c = counts(n for n in o.numbers if n.verdict != "not_target")
        reason = f"{sum(o.checks_not_run.values())}: {o.not_run}" if o.not_run else ""
        lines.append(
            f"| {o.id} | {c['compared']} | {c['equal']} | {c['within_one']} | {c['different']} | {_cell(reason)} |"
        )
    differing = [(o, n) for o in outcomes for n in o.numbers if n.verdict in ("within_one", "different", "error")]
    if differing:
        lines += [
            "",
            "## Differences",
            "",
            "| case | number | documented | pyasreml | cause |",
            "|---|---|--:|--:|---|",
        ]
        for o, n in differing[:400]:
            lines.append(f"| {o.id} | {_cell(place(n))} | {_cell(n.want)} | {_cell(n.got)} | {_cell(n.cause)} |")
        if len(differing) > 400:
            lines.append(f"| … | {len(differing) - 400} more | | | |")
    side = [(o, n) for o in outcomes for n in o.numbers if n.source == "printed" and n.verdict == "equal"]
    if side:
        lines += [
            "",
            "## Printed numbers that agree",
            "",
            "| case | number | documented | pyasreml |",
            "|---|---|--:|--:|",
        ]
        for o, n in side[:200]:
            lines.append(f"| {o.id} | {_cell(place(n))} | {_cell(n.want)} | {_cell(n.got)} |")
        if len(side) > 200:
            lines.append(f"| … | {len(side) - 200} more | | |")
    if total["features"]:
        lines += ["", "## Not supported yet", "", "| feature | cases |", "|---|--:|"]
        lines += [f"| {_cell(name)} | {n} |" for name, n in total["features"].items()]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")[:160]
