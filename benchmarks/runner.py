"""Runs the measurements of a case, each in a process of its own, and says what came out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from .designs import CASES, Case
from .resources import environment
from .results import ratios

SIZES = ("tiny", "small", "medium", "full")


def sizes(case: Case, largest: str) -> Iterator[str]:
    """Sizes of a case up to `largest`."""
    for size in case.sizes:
        if SIZES.index(size) <= SIZES.index(largest):
            yield size


def run(case: Case, size: str, *, threads: int, gigabytes: float, timeout: float, peers: bool) -> dict[str, Any]:
    """All measurements of a case at one size.

    Returns
    -------
    dict
        ``case``, ``size``, ``records``, ``dgemm`` (GF/s in the same run), and by kind of measurement what
        `benchmarks.measure` printed.
    """

    def child(kind: str, limit: float = gigabytes) -> dict[str, Any]:
        command = [sys.executable, "-m", "benchmarks.measure", case.name, size, kind, str(threads), str(limit)]
        many = threads if kind in ("fit", "exact") else 1
        try:
            ran = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=timeout, env=environment(many)
            )
        except subprocess.TimeoutExpired:
            return {"error": f"not done after {timeout:.0f} s"}
        if ran.returncode != 0 or not ran.stdout.strip():
            return {"error": f"exit {ran.returncode}: {ran.stderr.strip()[-300:]}"}
        found: dict[str, Any] = json.loads(ran.stdout.strip().splitlines()[-1])
        return found

    data = child("data")
    record: dict[str, Any] = {"case": case.name, "size": size, "threads": threads, "records": data.get("records", 0)}
    if "error" in data:
        return {**record, "fit": data}
    record["dgemm"] = data["dgemm"]
    record["fit"] = child("fit")
    if "error" in record["fit"]:
        return record
    record["exact"] = child("exact")
    if data["equations"]:
        record["cholmod"] = child("cholmod")
    if data["dense"]:
        record["dense"] = child("dense")
    asked = [p for p, largest in case.peers.items() if SIZES.index(size) <= SIZES.index(largest)] if peers else []
    record["peers"] = {name: found for name in asked if (found := child(name))}
    return record


HEADING = f"{'case':<15} {'size':<7} {'records':>8} {'fit':>9} {'exact':>9} {'it.':>4} {'iteration':>10} {'memory':>9}"


def seconds_text(seconds: float | None) -> str:
    """Seconds or milliseconds, three digits."""
    if seconds is None:
        return ""
    return f"{1000 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.4g} s"


def line(record: dict[str, Any]) -> str:
    """One row of the printed table."""
    fit, exact = record.get("fit", {}), record.get("exact", {})
    if "error" in fit:
        return f"{record['case']:<15} {record['size']:<7} {record['records']:>8}  {fit['error']}"
    found = ratios(record)
    notes = []
    if found.cholmod is not None:
        notes.append(f"iteration = {found.cholmod:.2f} CHOLMOD")
    if found.lapack is not None:
        notes.append(f"iteration = {found.lapack:.2f} dpotrf + dpotri")
    notes += [f"{name} {ratio:.1f} x" for name, ratio in found.peers.items()]
    notes += [f"{name} {peer['error']}" for name, peer in record.get("peers", {}).items() if "error" in peer]
    if found.gain is not None:
        notes.append(f"logL {found.gain:+.1e}")
    if found.published is not None:
        notes.append(f"asreml {found.published:.1f} x")
    if "error" in exact:
        notes.append(f"exact: {exact['error']}")
    return (
        f"{record['case']:<15} {record['size']:<7} {record['records']:>8} {seconds_text(fit['cpu']):>9} "
        f"{seconds_text(exact.get('cpu')):>9} {fit['iterations']:>4} {seconds_text(fit['iteration']):>10} "
        f"{fit['peak'] / 1e6:>6.0f} MB  {'; '.join(notes)}"
    )


def unknown(names: list[str]) -> list[str]:
    """Names that are no case."""
    return [name for name in names if name not in CASES]
