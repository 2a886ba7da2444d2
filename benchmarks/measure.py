"""One measurement in a process of its own: ``python -m benchmarks.measure CASE SIZE KIND`` prints JSON.

A process each keeps the peaks of memory apart, and a measurement that dies takes no other with it.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy import sparse
from scipy.linalg import lapack

import pyasreml as pa
from pyasreml.demo.oats import oats
from pyasreml.linalg._linalg import count

from .designs import CASES, Case, Design
from .peers import run_peer
from .resources import Stopwatch, dgemm_rate, limit_memory, peak_bytes, reset_peak, resident_bytes

MAXIT = 100
ENOUGH = 5.0
"""CPU seconds after which nothing is repeated."""
SIMPLICIAL = 2e10
"""Multiply-adds up to which CHOLMOD's simplicial mode is tried: beyond, it is many times slower than the other."""


def fit(case: Case, design: Design, exact: bool, threads: int) -> dict[str, Any]:
    """Time the whole call.

    Returns
    -------
    dict
        CPU and wall seconds (the fastest call), CPU seconds of one iteration (median), iterations, log-likelihood,
        peak of memory of the first call above what the data took, what the fit predicted, seconds by stage.
    """
    options: dict[str, Any] = {"exact": exact, "threads": threads, "maxit": MAXIT}
    pa.asreml("yield ~ Variety*Nitrogen", random="~ Blocks/Wplots", data=oats(), trace=False)  # imports, parser
    best: dict[str, Any] = {}
    spent, peak = 0.0, 0
    result: Any = None
    for _ in range(case.repeat):
        ticks: list[float] = []
        del result  # else the peak would be that of two fits
        reset_peak()
        before = resident_bytes()
        with Stopwatch() as watch:
            result = pa.asreml(
                **design.arguments,
                **options,
                data=design.frame,
                trace=lambda iterate, ticks=ticks: ticks.append(time.process_time()),
            )
        spent += watch.cpu
        if not best:  # later calls find memory that this one has had
            memory = {name: float(size) for name, size in result.memory.items()}
            peak = peak_bytes() - before
        if not best or watch.cpu < best["cpu"]:
            steps = np.diff(ticks)
            best = {
                "cpu": watch.cpu,
                "wall": watch.wall,
                "iteration": statistics.median(steps) if steps.size else None,
                "iterations": len(ticks),
                "stages": {name: float(seconds) for name, seconds in result.timings.items()},
            }
        if spent > ENOUGH:
            break
    best.update(
        loglik=float(result.loglik),
        nedf=int(result.nedf),
        converged=bool(result.converge),
        peak=peak,
        memory=memory,
    )
    return best


def cholmod(design: Design) -> dict[str, Any]:
    """CPU seconds of one numeric CHOLMOD factorisation: the best of its orders and modes, for every form of C.

    Returns
    -------
    dict
        ``cpu`` and how it was reached; empty without scikit-sparse.
    """
    try:
        from sksparse.cholmod import analyze
    except ImportError:
        return {}
    assert design.equations is not None
    best: dict[str, Any] = {"cpu": np.inf}
    for form, C in enumerate(design.equations()):
        below = sparse.tril(C, format="csc")
        pattern = below.indptr.astype(np.int64), below.indices.astype(np.int32)
        for order in ("amd", "metis", "nesdis"):
            found = analyze(C, mode="supernodal", ordering_method=order)
            _, flops = count(*pattern, found.P().astype(np.int32), 0)
            for mode in ("supernodal", "simplicial"):
                if mode == "simplicial":
                    if flops > SIMPLICIAL:
                        continue
                    found = analyze(C, mode=mode, ordering_method=order)
                for seconds in _factorisations(found, C, best["cpu"]):
                    if seconds < best["cpu"]:
                        best = {"cpu": seconds, "order": order, "mode": mode, "form": form}
                        best.update(equations=C.shape[0], flops=flops)
    return best


def _factorisations(factor: Any, C: Any, best: float) -> Iterator[float]:
    """CPU seconds of a few numeric factorisations, of one where it is far from the best so far."""
    spent = 0.0
    for _ in range(5):
        with Stopwatch() as watch:
            factor.cholesky_inplace(C)
        yield watch.cpu
        spent += watch.cpu
        if spent > ENOUGH or watch.cpu > 2 * best:
            return


def dense(design: Design) -> dict[str, Any]:
    """CPU seconds of LAPACK's factorisation and inversion of a matrix of the order of the model's K."""
    q = design.dense
    known: Any = next(iter(design.arguments["known"].values()))
    K = np.asfortranarray(known.to_numpy())
    with Stopwatch() as watch:
        factor, failed = lapack.dpotrf(K, lower=1, overwrite_a=1)
        _, failed_too = lapack.dpotri(factor, lower=1, overwrite_c=1)
    if failed or failed_too:
        raise ArithmeticError("the relationship matrix is not positive definite")
    return {"cpu": watch.cpu, "order": q}


def measure(case: Case, size: str, kind: str, threads: int = 1) -> dict[str, Any]:
    """One measurement: ``data``, ``fit``, ``exact``, ``cholmod``, ``dense`` or the name of a peer.

    ``data`` tells what there is to measure, and the rate of dgemm.
    """
    design = case.make(**case.sizes[size])
    if kind == "data":
        return {
            "records": len(design.frame),
            "equations": design.equations is not None,
            "dense": design.dense,
            "dgemm": dgemm_rate(),
        }
    if kind in ("fit", "exact"):
        return fit(case, design, kind == "exact", threads)
    if kind == "cholmod":
        return cholmod(design)
    if kind == "dense":
        return dense(design)
    return run_peer(kind, case.name, design, case.repeat)


def main(argv: Sequence[str]) -> int:
    """Measure and print; an exception is printed as ``{"error": text}``."""
    name, size, kind, threads, gigabytes = argv
    warnings.simplefilter("ignore")
    limit_memory(float(gigabytes) * 1024**3)
    try:
        result = measure(CASES[name], size, kind, int(threads))
    except Exception as error:  # whatever a program under measurement raises is its result
        result = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
