"""Plots of the page: times and memory by size, ratios to other programs, the grid beside published seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

from .designs import CASES  # noqa: E402
from .results import START_OF_ASREML, alone, ratios  # noqa: E402

Record = dict[str, Any]
INK, SOFT, ACCENT = "#1f2933", "#9aa5b1", "#1b6ca8"
STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.dpi": 130,
    "savefig.bbox": "tight",
}
LIMITS = {"insteval": 3, "field": 3, "field_units": 3, "sites_fa": 3, "crossed": 3, "animals": 4, "animals_random": 4}
"""Iterations should cost no more CHOLMOD factorisations than this."""


def subjects(records: Sequence[Record]) -> dict[str, list[Record]]:
    """Fitted records outside the grid, by case, smallest first."""
    out: dict[str, list[Record]] = {}
    for record in records:
        if not CASES[record["case"]].published and "cpu" in record["fit"]:
            out.setdefault(record["case"], []).append(record)
    return {name: sorted(mine, key=lambda r: int(r["records"])) for name, mine in out.items()}


def growth(records: Sequence[Record], path: Path, value: Callable[[Record], float], label: str) -> None:
    """One line a case of a value by the number of records, both on logarithmic scales."""
    figure, axes = plt.subplots(figsize=(7.4, 4.6))
    colours = plt.get_cmap("tab20")
    for i, (name, mine) in enumerate(subjects(records).items()):
        x, y = [r["records"] for r in mine], [value(r) for r in mine]
        marker = "os^Dv"[i % 5]
        axes.plot(x, y, marker=marker, ms=4, lw=1.2, color=colours(i % 20), label=name)
    axes.set(xscale="log", yscale="log", xlabel="records", ylabel=label)
    axes.grid(which="major", color="#e4e7eb", lw=0.6)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=8)
    figure.savefig(path)
    plt.close(figure)


def factorisations(records: Sequence[Record], path: Path) -> None:
    """An iteration in CHOLMOD factorisations at the largest size of every case, with the limit."""
    chosen = [(name, ratios(mine[-1]).cholmod) for name, mine in subjects(records).items()]
    shown = [(name, ratio) for name, ratio in chosen if ratio is not None]
    figure, axes = plt.subplots(figsize=(7.4, 0.32 * len(shown) + 1.0))
    place = range(len(shown))
    axes.hlines(place, 0, [ratio for _, ratio in shown], color=ACCENT, lw=1.2)
    axes.plot([ratio for _, ratio in shown], place, "o", color=ACCENT, ms=6)
    axes.axvline(1, color=SOFT, lw=1)
    for i, (name, ratio) in enumerate(shown):
        axes.annotate(f"{ratio:.1f}", (ratio, i), (4, 4), textcoords="offset points", fontsize=8)
        if name in LIMITS:
            axes.plot([LIMITS[name]] * 2, [i - 0.42, i + 0.42], color=INK, lw=1.6)
    axes.set_yticks(place, [name for name, _ in shown])
    axes.invert_yaxis()
    axes.set(xlabel="one iteration / one CHOLMOD factorisation (black: the limit)")
    axes.margins(x=0.08)
    axes.set_xlim(left=0)
    figure.savefig(path)
    plt.close(figure)


def peers(records: Sequence[Record], path: Path) -> None:
    """CPU seconds of other programs over ours, at every size."""
    names = [name for name, mine in subjects(records).items() if any(ratios(r).peers for r in mine)]
    names += [r for r in dict.fromkeys(r["case"] for r in records) if r not in names and CASES[r].peers]
    programs = sorted({p for r in records for p in ratios(r).peers})
    figure, axes = plt.subplots(figsize=(7.4, 0.42 * len(names) + 1.2))
    for record in records:
        if record["case"] not in names:
            continue
        sizes = list(CASES[record["case"]].sizes)
        rank = sizes.index(record["size"]) - (len(sizes) - 1) / 2
        for program, ratio in ratios(record).peers.items():
            i = programs.index(program)
            axes.plot(ratio, names.index(record["case"]) + 0.18 * rank, "os^D"[i % 4], color=f"C{i}", ms=5)
    for i, program in enumerate(programs):
        axes.plot([], [], "os^D"[i % 4], color=f"C{i}", label=program)
    axes.axvline(1, color=INK, lw=1)
    axes.axvline(4, color=SOFT, lw=1, ls="--")
    axes.axvline(10, color=SOFT, lw=1, ls=":")
    axes.set_yticks(range(len(names)), names)
    for i in range(1, len(names)):
        axes.axhline(i - 0.5, color="#e4e7eb", lw=0.6)
    axes.set_ylim(len(names) - 0.5, -0.5)
    label = "CPU seconds over ours, whole fit (sizes from small above to full below; lines: 4 and 10)"
    axes.set(xscale="log", xlabel=label)
    if programs:
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    figure.savefig(path)
    plt.close(figure)


def grid(records: Sequence[Record], path: Path) -> None:
    """Wall seconds of the grid beside the published ones, less the start of asreml."""
    by_case = {name: [r for r in records if r["case"] == name] for name, case in CASES.items() if case.published}
    figure, all_axes = plt.subplots(2, 5, figsize=(10.5, 4.6), sharex=True, sharey=True)
    for axes, (name, mine) in zip(all_axes.ravel(), by_case.items(), strict=True):
        case = CASES[name]
        n = [int(case.sizes[size]["records"]) for size in case.sizes]
        walls = [case.published[size] - START_OF_ASREML for size in case.sizes]
        axes.plot(n, walls, "o-", color=SOFT, ms=4, lw=1.2, label="asreml 4.2, 4 cores, published, less 4.7 s")
        done = [(int(case.sizes[r["size"]]["records"]), alone(r)) for r in mine if "wall" in r["fit"]]
        if done:
            axes.plot(*zip(*done, strict=True), "s-", color=ACCENT, ms=4, lw=1.4, label="pyasreml")
        axes.set_title(name, fontsize=9, loc="left")
        axes.set(xscale="log", yscale="log")
        axes.grid(which="major", color="#e4e7eb", lw=0.6)
    figure.supxlabel("records", fontsize=9)
    figure.supylabel("wall seconds", fontsize=9)
    handles, labels = all_axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", ncols=2, frameon=False, bbox_to_anchor=(0.5, 1.03))
    figure.savefig(path)
    plt.close(figure)


def write_plots(records: Sequence[Record], folder: Path) -> dict[str, str]:
    """Write all plots.

    Returns
    -------
    dict
        File name by caption, in the order of the page.
    """

    def seconds(record: Record) -> float:
        return float(record["fit"]["cpu"])

    def megabytes(record: Record) -> float:
        return max(float(record["fit"]["peak"]) / 1e6, 0.1)

    files = {
        "CPU seconds of a whole fit": "benchmarks-time.png",
        "Memory that the fit took beside its data": "benchmarks-memory.png",
        "An iteration in CHOLMOD factorisations of the same matrix": "benchmarks-factor.png",
        "Other programs on the same model": "benchmarks-peers.png",
        "The ten-model grid": "benchmarks-grid.png",
    }
    drawings: list[Callable[[Path], None]] = [
        lambda path: growth(records, path, seconds, "CPU seconds"),
        lambda path: growth(records, path, megabytes, "MB"),
        lambda path: factorisations(records, path),
        lambda path: peers(records, path),
        lambda path: grid(records, path),
    ]
    with plt.rc_context(STYLE):
        for name, draw in zip(files.values(), drawings, strict=True):
            draw(folder / name)
    return files
