"""What a fit needs and what the machine has: the figures behind ``workspace``."""

from __future__ import annotations

import os
from pathlib import Path

from pyasreml.errors import FitError
from pyasreml.options import Options, workspace_bytes

ALWAYS_ALLOWED = 64 * 1024**2
"""Needs up to this many bytes are not compared with free memory (asking costs more than such a fit)."""


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


def check_workspace(needed: float, options: Options, set_by_user: bool) -> dict[str, float]:
    """Refuse a fit before it allocates what the machine, or the user's ``workspace``, does not have.

    Returns
    -------
    dict
        ``bytes``: what the factor and its inverse take.

    Raises
    ------
    FitError
        With the figure and what to write.
    """
    if set_by_user and needed > workspace_bytes(options.workspace):
        raise FitError(
            f"the fit needs {size_text(needed)} of workspace, workspace = {options.workspace!r} allows "
            f"{size_text(workspace_bytes(options.workspace))}: write workspace = '{_round_up(needed)}'"
        )
    if needed > ALWAYS_ALLOWED and needed > available_bytes():
        raise FitError(
            f"the fit needs {size_text(needed)} of workspace, the machine has {size_text(available_bytes())} free: "
            "leave out terms, fix levels, or use a machine with more memory"
        )
    return {"bytes": float(needed)}


def size_text(size: float) -> str:
    """Bytes in a readable unit."""
    for unit, scale in (("TB", 1024**4), ("GB", 1024**3), ("MB", 1024**2), ("kB", 1024)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size:.0f} bytes"


def _round_up(size: float) -> str:
    for unit, scale in (("gb", 1024**3), ("mb", 1024**2)):
        if size >= scale:
            return f"{int(size / scale) + 1}{unit}"
    return "1mb"
