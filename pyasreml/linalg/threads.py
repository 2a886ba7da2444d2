"""How many threads the kernel takes."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["threads_to_use"]

LIMITS = ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Environment variables by which a user keeps numerical libraries to a number of threads: the least counts."""
MOST = 8
"""Threads taken unasked: more gain little on one elimination tree."""
QUOTA = Path("/sys/fs/cgroup/cpu.max")


def threads_to_use(asked: int = 0) -> int:
    """Threads for factorizations and inversions; any number gives the same bits.

    Parameters
    ----------
    asked : int
        A number; 0 for the processors that other processes leave idle, at most `MOST` and what the environment's
        limits allow; -1 for all processors.

    Returns
    -------
    int
        At least 1.
    """
    if asked > 0:
        return asked
    limits = [int(os.environ[name]) for name in LIMITS if os.environ.get(name, "").isdecimal()]
    if asked == 0 and 1 in limits:
        return 1
    processors = _processors()
    if asked < 0:
        return processors
    # this process is one of those that the load counts
    idle = int(processors - max(0.0, _load() - 1.0) + 0.5)
    return max(1, min([idle, MOST, *(x for x in limits if x > 0)]))


def _processors() -> int:
    """Processors that this process may use, a container's quota included."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:
        count = os.cpu_count() or 1
    try:
        quota, period = QUOTA.read_text().split()
        count = min(count, max(1, int(float(quota) / float(period) + 0.5)))
    except (OSError, ValueError):  # no quota ("max"), or a system without them
        pass
    return count


def _load() -> float:
    """Processes that ran or wanted to run in the last minute."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return 0.0
