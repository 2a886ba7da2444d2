"""``python -m pyasreml.demo``: oats and a simulated breeding trial, printed as asreml prints, with plots."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import pyasreml as pa  # noqa: E402
from pyasreml.demo import steps  # noqa: E402
from pyasreml.demo.clover import clover  # noqa: E402
from pyasreml.demo.oats import oats  # noqa: E402
from pyasreml.r import Session  # noqa: E402


def heading(text: str) -> None:
    """A line that sets a part apart."""
    print(f"\n=== {text} {'=' * max(0, 96 - len(text))}\n")


def play(text: str, names: dict[str, Any]) -> None:
    """Run Python lines one by one, each shown before its output, as an interactive session would."""
    for line in text.strip().splitlines():
        print(line if line.startswith("#") else f">>> {line}", flush=True)
        if not line.startswith("#"):
            exec(compile(line, "<demo>", "single"), names)


def play_r(text: str, session: Session) -> None:
    """Run R statements one by one, each shown before its output."""
    for line in text.strip().splitlines():
        print(f"> {line}", flush=True)
        session.eval(line)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demonstration.

    Returns
    -------
    int
        0; an error in any call is raised.
    """
    parser = argparse.ArgumentParser(prog="python -m pyasreml.demo", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path("demo_output"), help="folder of the plots (default: demo_output)"
    )
    parser.add_argument("--no-plots", action="store_true", help="do not draw")
    arguments = parser.parse_args(argv)
    al_alt = clover()
    names: dict[str, Any] = {"pa": pa, "oats": oats(), "al_alt": al_alt, "data1": lesson_names(al_alt)}
    heading("Oats: a split-plot trial (Yates 1935)")
    play(steps.OATS, names)
    heading("Variance structures over sites, on a simulated trial")
    play(steps.STRUCTURES, names)
    heading("A breeding trial in two site-years, as Python calls")
    play(steps.LESSON, names)
    heading("The same as R text")
    play_r(steps.R_TEXT, Session({"al_alt": al_alt}, echo=True))
    if not arguments.no_plots:
        heading("Residual plots, by Python and by R text")
        arguments.out.mkdir(parents=True, exist_ok=True)
        for name in ("fit", "asr_mm", "asr_heterror"):
            pa.plot(names[name]).savefig(arguments.out / f"{name}.png", dpi=100)
        play_r(steps.R_PLOTS, Session({"asr_mm": names["asr_mm"]}, figures=arguments.out))
        print("\n".join(f"wrote {path}" for path in sorted(arguments.out.glob("*.png"))))
    return 0


def lesson_names(frame: Any) -> Any:
    """The simulated trial with the columns Site (PBU, CAS), Geno, rep and Yield."""
    renamed = frame.rename(columns={"site.year": "Site", "entry": "Geno", "biomass.1": "Yield"})
    renamed["Site"] = renamed["Site"].cat.rename_categories(["PBU", "CAS"])
    return renamed.sort_values(["Site", "X"]).reset_index(drop=True)


if __name__ == "__main__":
    sys.exit(main())
