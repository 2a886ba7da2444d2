"""Results of a run: ratios, exponents, one record a case and size, kept in a JSON file."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .designs import CASES

START_OF_ASREML = 4.7
"""Seconds that every published asreml call took before any work."""
FEWEST = 0.02
"""A time shorter than this many seconds takes no part in an exponent: it is the cost of a call, not of its size."""


@dataclass(frozen=True)
class Ratios:
    """What a record says of other programs, None where it says nothing.

    Attributes
    ----------
    cholmod : float
        CPU seconds of an iteration over those of one CHOLMOD numeric factorisation.
    lapack : float
        The same over one dpotrf and dpotri of the order of K.
    peers : dict
        CPU seconds of a program over those of our exact fit.
    fastest : str
        The fastest of them.
    gain : float
        Our log-likelihood less that of the best peer.
    published : float
        Published wall of asreml, less its start, over that of our fit.
    """

    cholmod: float | None
    lapack: float | None
    peers: dict[str, float]
    fastest: str | None
    gain: float | None
    published: float | None


def ratios(record: dict[str, Any]) -> Ratios:
    """The ratios of one record."""
    fit, exact = record.get("fit", {}), record.get("exact", {})
    iteration = fit.get("iteration") or exact.get("iteration")
    seconds = {name: peer["cpu"] for name, peer in record.get("peers", {}).items() if "cpu" in peer}
    ours = exact.get("cpu")
    constant = exact["nedf"] / 2 * math.log(2 * math.pi) if ours else 0.0
    theirs = [record["peers"][name]["loglik"] for name in seconds]
    wall = CASES[record["case"]].published.get(record["size"])

    def over(name: str) -> float | None:
        other = record.get(name, {}).get("cpu")
        return iteration / other if iteration and other else None

    return Ratios(
        cholmod=over("cholmod"),
        lapack=over("dense"),
        peers={name: t / ours for name, t in seconds.items()} if ours else {},
        fastest=min(seconds, key=lambda name: seconds[name]) if seconds else None,
        gain=exact["loglik"] - constant - max(theirs) if ours and theirs else None,
        published=max(wall - START_OF_ASREML, 0.0) / alone(record) if wall and "wall" in fit else None,
    )


def alone(record: dict[str, Any]) -> float:
    """Wall seconds of a fit: on one thread its CPU seconds, which is the wall of a machine with nothing else to do."""
    return float(record["fit"]["cpu" if record.get("threads", 1) == 1 else "wall"])


def exponent(x: Sequence[float], y: Sequence[float], least: float = 0.0) -> float | None:
    """Slope of log y on log x over the points with y of at least `least`; None with fewer than two of them."""
    points = [(a, b) for a, b in zip(x, y, strict=True) if b >= least and b > 0 and a > 0]
    if len({a for a, _ in points}) < 2:
        return None
    a, b = np.log(np.array(points)).T
    return float(np.polyfit(a, b, 1)[0])


def exponents(records: Iterable[dict[str, Any]]) -> dict[str, dict[str, float | None]]:
    """Exponents of CPU time, of an iteration and of memory in the number of records, by case."""
    by_case: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        if "cpu" in record.get("fit", {}):
            by_case.setdefault(record["case"], []).append(record)
    out: dict[str, dict[str, float | None]] = {}
    for name, mine in by_case.items():
        n = [float(r["records"]) for r in mine]
        fits = [r["fit"] for r in mine]
        out[name] = {
            "fit": exponent(n, [f["cpu"] for f in fits], FEWEST),
            "iteration": exponent(n, [f["iteration"] or 0.0 for f in fits], FEWEST / 10),
            "memory": exponent(n, [float(f["peak"]) for f in fits], 4e6),
        }
    return out


def read(path: Path) -> dict[str, Any]:
    """Results of a file, empty ones where there is none."""
    if not path.exists():
        return {"results": []}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def merged(old: Sequence[dict[str, Any]], new: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """New records in place of old ones of the same case and size, in the order of the table of cases."""
    place = {(case.name, size): i for i, (case, size) in enumerate((c, s) for c in CASES.values() for s in c.sizes)}
    kept = {(r["case"], r["size"]): r for r in (*old, *new) if (r["case"], r["size"]) in place}
    return [kept[key] for key in sorted(kept, key=lambda key: place[key])]


def write(path: Path, content: dict[str, Any]) -> None:
    """Write a file of results."""
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
