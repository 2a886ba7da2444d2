"""Other programs on the same model and data: CPU seconds, log-likelihood and version, where they are installed."""

from __future__ import annotations

from typing import Any

from ..designs import Design
from . import r, statsmodels

__all__ = ["run_peer"]


def run_peer(name: str, case: str, design: Design, repeat: int) -> dict[str, Any]:
    """Fit with another program.

    Returns
    -------
    dict
        ``cpu``, ``wall``, ``loglik``, ``version``, ``peak``; empty where the program is not installed.
    """
    return statsmodels.fit(case, design, repeat) if name == "statsmodels" else r.fit(name, case, design, repeat)
