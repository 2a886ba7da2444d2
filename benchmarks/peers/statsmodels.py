"""MixedLM of statsmodels."""

from __future__ import annotations

from typing import Any

from ..designs import Design
from ..resources import Stopwatch, peak_bytes, reset_peak, resident_bytes

MODELS: dict[str, dict[str, Any]] = {
    "oats": {"formula": "Q('yield') ~ Variety*Nitrogen", "groups": "Blocks", "vc_formula": {"w": "0 + C(Wplots)"}},
    "regression": {"formula": "y ~ age", "groups": "id", "re_formula": "~ age"},
    "iid": {"formula": "y ~ x", "groups": "gid"},
}


def fit(case: str, design: Design, repeat: int) -> dict[str, Any]:
    """Fit `case`; empty where statsmodels is not installed."""
    try:
        import statsmodels
        import statsmodels.formula.api as smf
    except ImportError:
        return {}
    arguments = {"re_formula": "1", **MODELS[case]}
    reset_peak()
    before, cpu, wall, spent = resident_bytes(), float("inf"), 0.0, 0.0
    for _ in range(repeat):
        with Stopwatch() as watch:
            model = smf.mixedlm(data=design.frame, **arguments)
            result = model.fit(reml=True)
        if watch.cpu < cpu:
            cpu, wall = watch.cpu, watch.wall
        spent += watch.cpu
        if spent > 5:
            break
    peak = peak_bytes() - before
    return {"cpu": cpu, "wall": wall, "loglik": float(result.llf), "peak": peak, "version": statsmodels.__version__}
