"""What a fit needs and what the machine has: the figures behind ``workspace`` and ``fit.memory``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pyasreml.errors import FitError, WorkspaceError
from pyasreml.mme.needs import Needs
from pyasreml.options import Options, workspace_bytes

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

ALWAYS_ALLOWED = 64 * 1024**2
"""Needs up to this many bytes are not compared with free memory (asking costs more than such a fit)."""
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def available_bytes() -> float:
    """Memory that can be had without swapping; infinite where the system does not tell."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return float(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return float("inf")


@dataclass(frozen=True)
class Budget:
    """Refuses a fit before it allocates what the machine, or the user's ``workspace``, does not have.

    Parameters
    ----------
    options : Options
    set_by_user : bool
        ``workspace`` is the user's own: asreml's default of 128mb binds nobody.
    """

    options: Options
    set_by_user: bool

    def check(self, needs: Needs) -> None:
        """Raise `WorkspaceError`, with the figures and what to do, where the needs are not met."""
        self.check_bytes(needs.bytes, "the fit", needs)

    def check_bytes(self, needed: float, what: str, needs: Needs | None = None) -> None:
        """The same for a number of bytes and what takes them.

        Of a fit's own needs the equations and the factor are compared with ``workspace``, as in asreml; the machine
        has to have room for all of them.
        """
        own = needed if needs is None else needs.workspace
        details = "" if needs is None else f"\n{work_text(needs)}"
        allowed = workspace_bytes(self.options.workspace)
        if self.set_by_user and own > allowed:
            raise WorkspaceError(
                f"{what} needs {size_text(own)} of workspace, workspace = {self.options.workspace!r} allows "
                f"{size_text(allowed)}: write workspace = '{_round_up(own)}'{details}"
            )
        if needed > ALWAYS_ALLOWED and needed > available_bytes():
            raise WorkspaceError(
                f"{what} needs {size_text(needed)} of memory, the machine has {size_text(available_bytes())} free: "
                "leave out terms, fix levels, prune the pedigree to the individuals with records and their ancestors, "
                f"or use a machine with more memory{details}"
            )


class Meter:
    """Growth of the process's resident memory from here on.

    The system keeps the largest size that the process ever had. Where a fit raises it, the growth is known exactly;
    where the process was larger before, what is resident at the times of `look` counts.
    """

    def __init__(self) -> None:
        self._start, self._peak = _resident(), _largest()
        self._seen = self._start

    def look(self) -> float:
        """Take note of what is resident now.

        Returns
        -------
        float
            The growth up to now.
        """
        now = _resident()
        self._seen = max(self._seen, now)
        return float(max(now - self._start, 0))

    def bytes(self) -> float:
        """The largest growth."""
        peak = _largest()
        return float(max(self._seen, peak if peak > self._peak else 0) - self._start)


def predicted(needs: Needs, meter: Meter) -> float:
    """Bytes by which the process will grow, told when the equations stand: what there is, and what iterations add."""
    return max(meter.look() + needs.to_come, meter.bytes())


def report(needs: Needs, predicted: float, meter: Meter) -> dict[str, float]:
    """``fit.memory``.

    Returns
    -------
    dict
        ``predicted``: bytes by which the process was to grow, told before the first iteration and again where the
        equations change near a singular matrix; ``used``: by which it did grow; ``workspace``: equations and factor,
        what is compared with the argument of that name; ``factor``: the part of it that the factor and its inverse
        take; ``nonzeros`` and ``flops``: non-zeros of L and multiply-adds of one factorization.
    """
    return {
        "predicted": predicted,
        "used": meter.bytes(),
        "workspace": float(needs.workspace),
        "factor": float(needs.factor),
        "nonzeros": float(needs.nonzeros),
        "flops": float(needs.flops),
    }


def work_text(needs: Needs) -> str:
    """What the bytes are made of, and the arithmetic of an iteration."""
    return (
        f"{needs.equations:,} equations; {size_text(needs.lists)} for the equations and their analysis, "
        f"{size_text(needs.copies + needs.factor)} for the factor and its inverse ({needs.nonzeros:.3g} non-zeros), "
        f"{size_text(needs.working)} for right-hand sides besides; {needs.flops:.3g} multiply-adds to factor once, "
        f"about {3 * needs.flops:.2g} an iteration"
    )


def size_text(size: float) -> str:
    """Bytes in a readable unit."""
    for unit, scale in (("TB", 1024**4), ("GB", 1024**3), ("MB", 1024**2), ("kB", 1024)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size:.0f} bytes"


def memory_failed(error: MemoryError) -> FitError:
    """What an allocation that failed after all is told as."""
    return WorkspaceError(
        f"memory ran out ({error or 'no more to be had'}); the machine has {size_text(available_bytes())} free"
    )


def _round_up(size: float) -> str:
    for unit, scale in (("gb", 1024**3), ("mb", 1024**2)):
        if size >= scale:
            return f"{int(size / scale) + 1}{unit}"
    return "1mb"


def _resident() -> int:
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * PAGE
    except OSError:
        return 0


def _largest() -> int:
    if resource is None:
        return 0
    unit = 1 if os.uname().sysname == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
