"""Times models against other programs in the same run, and writes the results as JSON and as a page with plots."""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy

import pyasreml as pa

from . import results
from .designs import CASES
from .resources import processor
from .runner import HEADING, SIZES, line, run, sizes, unknown


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmarks.

    Returns
    -------
    int
        0, or 2 for an unknown name.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", action="extend", default=[], metavar="NAME", help="cases, by name")
    parser.add_argument("--size", choices=SIZES, default="medium", help="the largest size (default: medium)")
    parser.add_argument("--just", action="store_true", help="that size alone, not the smaller ones")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write results; those of other cases there are kept")
    parser.add_argument("--page", type=Path, metavar="FOLDER", help="write benchmarks.md and plots from the results")
    parser.add_argument("--no-peers", action="store_true", help="do not run other programs")
    parser.add_argument("--no-run", action="store_true", help="measure nothing: write the page from the JSON file")
    parser.add_argument("--threads", type=int, default=1, help="of our fits (others have one)")
    parser.add_argument("--memory", type=float, default=8.0, metavar="GIB", help="a measurement may take (default: 8)")
    parser.add_argument("--timeout", type=float, default=1800.0, metavar="S", help="of one measurement (default: 1800)")
    parser.add_argument("--list", action="store_true", help="list the cases")
    arguments = parser.parse_args(argv)
    if arguments.list:
        for case in CASES.values():
            print(f"{case.name:<15} {case.about} ({', '.join(case.sizes)})")
        return 0
    if bad := unknown(arguments.only):
        print(f"no benchmark {', '.join(bad)}; there are {', '.join(CASES)}", file=sys.stderr)
        return 2
    content = results.read(arguments.json) if arguments.json else {"results": []}
    if not arguments.no_run:
        print(HEADING)
        for name in arguments.only or CASES:
            for size in sizes(CASES[name], arguments.size):
                if arguments.just and size != arguments.size:
                    continue
                record = run(
                    CASES[name],
                    size,
                    threads=arguments.threads,
                    gigabytes=arguments.memory,
                    timeout=arguments.timeout,
                    peers=not arguments.no_peers,
                )
                print(line(record), flush=True)
                content = {**_about(), "results": results.merged(content["results"], [record])}
                if arguments.json:
                    results.write(arguments.json, content)
        for name, slopes in results.exponents(content["results"]).items():
            shown = ", ".join(f"{what} {value:.2f}" for what, value in slopes.items() if value is not None)
            if shown:
                print(f"{name:<15} exponents in the number of records: {shown}")
    if arguments.page:
        from .page import write_page

        write_page(content, arguments.page)
    return 0


def _about() -> dict[str, Any]:
    """What the results were measured with."""
    return {
        "pyasreml": pa.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "processor": processor(),
        "system": platform.system(),
    }


if __name__ == "__main__":
    sys.exit(main())
