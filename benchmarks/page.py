"""The page of results: tables in Markdown, with the plots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from .designs import CASES
from .plots import LIMITS, write_plots
from .results import START_OF_ASREML, alone, exponents, ratios
from .runner import seconds_text

INTRODUCTION = """# Benchmarks

Written by `make bench` (`python -m benchmarks --json FILE --page FOLDER`; `--list` names the cases) from
`benchmarks/results.json`. Designs are simulated from seeds, except Yates's oats and lme4's InstEval. Every measurement
has a process of its own; seconds are CPU seconds on one thread (`OMP_NUM_THREADS`, `OMP_THREAD_LIMIT`,
`OPENBLAS_NUM_THREADS` 1), the fastest of the calls made; other programs fit the same model to the same data in the
same run. Ratios travel between machines, seconds do not: the rate of `dgemm` is measured in the same run. Memory is
the growth of the resident memory during the fit, the data not counted.
"""

BESIDE = """One iteration is one factorisation, one selected inverse and the solves. Beside it stands one numeric
factorisation of the mixed-model equations by CHOLMOD: the best of its orders (AMD, METIS), of its modes (supernodal,
automatic) and of the forms in which the equations can be written. Where a dense relationship matrix rules it is
LAPACK's factorisation and inversion of a matrix of its order.
"""

GRID = f"""Ten models at four sizes beside the published wall seconds of asreml 4.2.0.480 on four cores
(NicoSalas34/remlax, 2026-09-28), whose every call spends {START_OF_ASREML} s before any work. Ours on one thread are
CPU seconds, the wall of a machine with nothing else to do; on more, which the row says, they are wall seconds.
"""


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown: text to the left in the first two columns, numbers to the right."""
    marks = ["---" if i < 2 else "---:" for i in range(len(heading))]
    return "\n".join("| " + " | ".join(row) + " |" for row in [list(heading), marks, *rows]) + "\n"


def number(value: float | None, form: str = ".2f") -> str:
    """A number, or nothing."""
    return "" if value is None else f"{value:{form}}"


def one_line(message: str) -> str:
    """A message without line ends or what a table would take for its own."""
    return message.replace("\n", "; ").replace("|", "/")


def size_text(size: float) -> str:
    """Bytes, three digits."""
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.3g} MB" if size >= 1e5 else "< 0.1 MB"


def fits(records: Sequence[dict[str, Any]]) -> str:
    """Times, iterations and memory of every case outside the grid."""
    rows = []
    for r in records:
        fit, exact = r["fit"], r.get("exact", {})
        if CASES[r["case"]].published:
            continue
        if "error" in fit:
            rows.append([r["case"], r["size"], f"{r['records']:,}", one_line(fit["error"]), "", "", "", "", ""])
            continue
        predicted = fit["memory"].get("predicted")
        rows.append(
            [
                r["case"],
                r["size"],
                f"{r['records']:,}",
                seconds_text(fit["cpu"]),
                seconds_text(exact.get("cpu")),
                " / ".join(_iterations(f) for f in (fit, exact) if "iterations" in f),
                seconds_text(fit["iteration"]),
                size_text(fit["peak"]),
                size_text(predicted) if predicted else "",
            ]
        )
    heading = ["case", "size", "records", "fit", "fit, exact", "iterations", "one iteration", "memory", "predicted"]
    return table(heading, rows)


def _iterations(fit: dict[str, Any]) -> str:
    return f"{fit['iterations']}" + ("" if fit["converged"] else " (not converged)")


def factorisations(records: Sequence[dict[str, Any]]) -> str:
    """An iteration beside CHOLMOD and LAPACK."""
    rows = []
    for r in records:
        found = ratios(r)
        if found.cholmod is not None:
            other = f"CHOLMOD, {r['cholmod']['order']}, {r['cholmod']['equations']:,} equations"
            ratio, seconds = found.cholmod, r["cholmod"]["cpu"]
        elif found.lapack is not None:
            other = f"dpotrf + dpotri, order {r['dense']['order']:,}"
            ratio, seconds = found.lapack, r["dense"]["cpu"]
        else:
            continue
        limit = LIMITS.get(r["case"]) if list(CASES[r["case"]].sizes)[-1] == r["size"] else None
        rows.append(
            [
                r["case"],
                r["size"],
                seconds_text(r["fit"]["iteration"]),
                other,
                seconds_text(seconds),
                number(ratio),
                number(limit, "d"),
            ]
        )
    return table(["case", "size", "one iteration", "beside", "takes", "ratio", "limit"], rows)


def others(records: Sequence[dict[str, Any]]) -> str:
    """Whole fits beside other programs, and the log-likelihoods."""
    rows = []
    for r in records:
        found = ratios(r)
        for name, ratio in found.peers.items():
            peer = r["peers"][name]
            rows.append(
                [
                    r["case"],
                    r["size"],
                    f"{name} {peer['version']}",
                    seconds_text(peer["cpu"]),
                    seconds_text(r["exact"]["cpu"]),
                    number(ratio, ".1f") + (" (fastest)" if name == found.fastest else ""),
                    size_text(peer["peak"]),
                    number(found.gain, "+.1e") if name == found.fastest else "",
                ]
            )
        for name, message in ((n, p["error"]) for n, p in r.get("peers", {}).items() if "error" in p):
            rows.append([r["case"], r["size"], name, message.splitlines()[-1][:60], "", "", "", ""])
        for name, by_size in CASES[r["case"]].quoted.items():
            if r["size"] in by_size and "cpu" in r.get("exact", {}):
                theirs = by_size[r["size"]]
                ratio_text = f"{theirs / r['exact']['cpu']:.1f} (quoted)"
                exact = seconds_text(r["exact"]["cpu"])
                rows.append([r["case"], r["size"], name, seconds_text(theirs), exact, ratio_text, "", ""])
    heading = ["case", "size", "program", "takes", "ours, exact", "ratio", "memory", "log-likelihood, ours less best"]
    return table(heading, rows)


def grid(records: Sequence[dict[str, Any]]) -> str:
    """The ten-model grid: wall seconds beside the published ones."""
    rows = []
    for r in records:
        case, fit = CASES[r["case"]], r["fit"]
        if not case.published:
            continue
        published = case.published[r["size"]]
        less = max(published - START_OF_ASREML, 0.0)
        n = f"{case.sizes[r['size']]['records']:,}"
        if "error" in fit:
            rows.append([r["case"], n, f"{published:,.1f}", f"{less:,.1f}", one_line(fit["error"]), "", "", "", ""])
            continue
        found = ratios(r)
        rows.append(
            [
                r["case"],
                n,
                f"{published:,.1f}",
                f"{less:,.1f}",
                seconds_text(alone(r)) + (f", {r['threads']} threads" if r.get("threads", 1) > 1 else ""),
                number(found.published, ".1f"),
                str(fit["iterations"]),
                number(found.lapack),
                size_text(fit["peak"]),
            ]
        )
    heading = ["model", "n", "published wall, s", "less start", "ours, s", "ratio", "iterations"]
    return table([*heading, "iteration / LAPACK", "memory"], rows)


def slopes(records: Sequence[dict[str, Any]]) -> str:
    """Fitted exponents."""
    rows = [
        [name, CASES[name].about, number(s["fit"]), number(s["iteration"]), number(s["memory"])]
        for name, s in exponents(records).items()
        if any(v is not None for v in s.values())
    ]
    return table(["case", "model", "fit", "one iteration", "memory"], rows)


def write_page(content: dict[str, Any], folder: Path) -> None:
    """Write ``benchmarks.md`` and its plots into a folder.

    Parameters
    ----------
    content : dict
        A file of results, as `benchmarks.results.read` gives it.
    folder : Path
    """
    folder.mkdir(parents=True, exist_ok=True)
    records = [r for r in content["results"] if r["case"] in CASES]
    images = write_plots(records, folder)
    rates = [r["dgemm"] for r in records if "dgemm" in r]
    programs = [name for name in ("pyasreml", "python", "numpy", "scipy") if name in content]
    versions = ", ".join(f"{name} {content[name]}" for name in programs)
    machine = f"Measured with {versions} on {content.get('processor')}"
    if rates:
        machine += f"; dgemm {min(rates):.0f} to {max(rates):.0f} GF/s in the same runs"
    cases = table(["case", "model", "sizes"], [[c.name, c.about, ", ".join(c.sizes)] for c in CASES.values()])
    picture = {caption: f"![{caption}]({name})\n" for caption, name in images.items()}
    shown = list(picture.values())
    parts = [
        INTRODUCTION,
        machine + ".\n",
        "## Models\n",
        cases,
        "## Fits\n",
        "`fit` is the default iteration (asreml's own rules), `exact` the one to the REML optimum.\n",
        fits(records),
        shown[0],
        shown[1],
        "## Growth\n",
        "Exponents of CPU time, of one iteration and of memory in the number of records.\n",
        slopes(records),
        "## An iteration and a factorisation\n",
        BESIDE,
        factorisations(records),
        shown[2],
        "## Other programs\n",
        "The whole call against `exact`; figures marked as quoted were measured elsewhere.\n",
        others(records),
        shown[3],
        "## The grid\n",
        GRID,
        grid(records),
        shown[4],
    ]
    (folder / "benchmarks.md").write_text("\n".join(part for part in parts if part), encoding="utf-8")
