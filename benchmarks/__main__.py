"""``python -m benchmarks [--only NAME] [--json FILE]``: seconds, and ratios to other programs in the same run."""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402

import pyasreml as pa  # noqa: E402

from . import others  # noqa: E402
from .problems import PROBLEMS, Problem  # noqa: E402


def measure(problem: Problem) -> dict[str, Any]:
    """Time one problem and what it is compared with.

    Returns
    -------
    dict
        Seconds (median and best of the whole call), iterations, log-likelihood, seconds of others and ratios.
    """
    frame = problem.frame()
    if problem.repeat > 1:
        pa.asreml(**problem.arguments, data=frame, trace=False)  # parser and caches
    times = []
    for _ in range(problem.repeat):
        begin = time.perf_counter()
        fit = pa.asreml(**problem.arguments, data=frame, trace=False)
        times.append(time.perf_counter() - begin)
    iterations = fit.trace.shape[1] - 1
    out: dict[str, Any] = {
        "name": problem.name,
        "about": problem.about,
        "records": len(frame),
        "seconds": statistics.median(times),
        "best": min(times),
        "iterations": iterations,
        "loglik": float(fit.loglik),
        "stages": {k: float(v) for k, v in dict(getattr(fit, "timings", {})).items()},
    }
    if problem.equations is not None:
        C = problem.equations(frame)
        factor = others.cholmod_seconds(C)
        if factor is not None:
            out["equations"] = C.shape[0]
            out["cholmod_factorisation"] = factor
            out["iteration_over_cholmod"] = out["seconds"] / iterations / factor
    if problem.name == "oats":
        seconds = others.statsmodels_seconds(frame)
        if seconds is not None:
            out["statsmodels"] = seconds
            out["ratio_statsmodels"] = seconds / out["seconds"]
    return out


def insteval() -> dict[str, Any] | None:
    """InstEval (73,421 records) against lme4 in the same run, both at the REML optimum."""
    theirs = others.lme4_insteval()
    if theirs is None:
        return None
    arguments: dict[str, Any] = {"fixed": "y ~ service", "random": "~ s + d + dept:service", "data": theirs["frame"]}
    begin = time.perf_counter()
    fit = pa.asreml(**arguments, trace=False, maxit=50)
    seconds = time.perf_counter() - begin
    begin = time.perf_counter()
    exact = pa.asreml(**arguments, trace=False, exact=True, maxit=50)
    exact_seconds = time.perf_counter() - begin
    criterion = -2 * exact.loglik + exact.nedf * math.log(2 * math.pi)
    components = pa.summary(exact).varcomp["component"]
    names = {"s": "s", "d": "d", "dept:service": "dept:service", "Residual": "units!R"}
    relative = [abs(components[names[k]] / v - 1) for k, v in theirs["variances"].items()]
    return {
        "name": "insteval",
        "about": "InstEval: y ~ service, s + d + dept:service",
        "records": len(theirs["frame"]),
        "seconds": seconds,
        "best": seconds,
        "iterations": fit.trace.shape[1] - 1,
        "loglik": float(fit.loglik),
        "exact_seconds": exact_seconds,
        "lme4": theirs["seconds"],
        "lme4_version": theirs["version"],
        "ratio_lme4": theirs["seconds"] / seconds,
        "criterion_difference": criterion - theirs["criterion"],
        "largest_relative_difference": max(relative),
    }


def line(result: dict[str, Any]) -> str:
    """One row of the table."""
    notes = []
    if "iteration_over_cholmod" in result:
        notes.append(f"an iteration takes {result['iteration_over_cholmod']:.1f} CHOLMOD factorisations")
    if "ratio_statsmodels" in result:
        notes.append(f"statsmodels {result['statsmodels']:.2f} s ({result['ratio_statsmodels']:.0f} times)")
    if "lme4" in result:
        notes.append(f"lme4 {result['lme4']:.1f} s; REML criterion differs by {result['criterion_difference']:.1e}")
    seconds = result["seconds"]
    shown = f"{1000 * seconds:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"
    return f"{result['name']:<10} {result['records']:>7} {shown:>10} {result['iterations']:>4}  {'; '.join(notes)}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmarks.

    Returns
    -------
    int
        0, or 2 for an unknown name.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args(argv)
    names = [p.name for p in PROBLEMS] + ["insteval"]
    unknown = set(arguments.only) - set(names)
    if unknown:
        print(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(names)}", file=sys.stderr)
        return 2
    chosen = arguments.only or names
    results = []
    print(f"{'model':<10} {'records':>7} {'call':>10} {'it.':>4}")
    for problem in PROBLEMS:
        if problem.name in chosen:
            results.append(measure(problem))
            print(line(results[-1]), flush=True)
    if "insteval" in chosen:
        result = insteval()
        if result is None:
            print("insteval: needs Rscript and r-cran-lme4")
        else:
            results.append(result)
            print(line(result), flush=True)
    if arguments.json is not None:
        content = {
            "pyasreml": pa.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "machine": platform.machine(),
            "threads": os.environ["OMP_NUM_THREADS"],
            "results": results,
        }
        arguments.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
