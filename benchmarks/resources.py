"""Seconds and bytes of this process, and what its processor can do."""

from __future__ import annotations

import os
import platform
import resource
import time
from pathlib import Path
from types import TracebackType

import numpy as np

THREADS = ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
DGEMM_ORDER = 1200


def environment(threads: int = 1) -> dict[str, str]:
    """The environment of a measurement: every library is told the number of threads."""
    return {**os.environ, **dict.fromkeys(THREADS, str(threads))}


class Stopwatch:
    """CPU seconds of all threads, and wall seconds, between entry and exit.

    Attributes
    ----------
    cpu, wall : float
    """

    cpu = wall = 0.0

    def __enter__(self) -> Stopwatch:
        self._begin = time.process_time(), time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cpu, self.wall = time.process_time() - self._begin[0], time.perf_counter() - self._begin[1]


def reset_peak() -> None:
    """Let the peak of the resident memory start from what is resident now, where the system can (Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


def peak_bytes() -> int:
    """Largest resident memory since `reset_peak`, or since the start of the process."""
    return _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if platform.system() == "Darwin" else 1024
    )


def resident_bytes() -> int:
    """Resident memory now; 0 where the system does not tell."""
    return _status("VmRSS")


def _status(name: str) -> int:
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def limit_memory(bytes_: float) -> None:
    """Let allocations beyond `bytes_` of data fail instead of driving the machine into swap."""
    limit = int(bytes_)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def dgemm_rate(order: int = DGEMM_ORDER, repeat: int = 5) -> float:
    """Billions of floating point operations a second of a product of two matrices, one thread, the best of a few."""
    a = np.random.Generator(np.random.PCG64(1)).standard_normal((order, order))
    best = np.inf
    for _ in range(repeat):
        with Stopwatch() as watch:
            a @ a
        best = min(best, watch.cpu)
    return 2 * order**3 / best / 1e9


def processor() -> str:
    """Model name of the processor."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
