"""Fits without a fit: the stored fields that the questions read, from a saved object or typed in."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

CODES = {"1": "P", "2": "?", "3": "U", "4": "F", "5": "C", "6": "S", "7": "B"}
TYPES = {"1": "V", "2": "G", "3": "R", "4": "C", "5": "P", "6": "L"}


def frame(effects: dict[str, Any] | None) -> pd.DataFrame | None:
    if not effects:
        return None
    return pd.DataFrame({"effect": [v[0] for v in effects["values"]]}, index=effects["rows"])


def series(field: dict[str, Any]) -> pd.Series:
    return pd.Series(np.array(field["values"], dtype=float), index=field["names"])


def saved_fit(path: Path) -> SimpleNamespace:
    """A saved object in JSON with the attributes of a fit; codes of version 4.1 in the letters of 4.2."""
    d = json.loads(path.read_text(encoding="utf-8"))
    names = d["vparameters"]["names"]
    parts = {p: frame(d[f"coef_{p}"]) for p in ("fixed", "random", "sparse")}
    variances = {
        p: pd.DataFrame({"effect": d[f"vcoeff_{p}"]}, index=x.index) if x is not None and d.get(f"vcoeff_{p}") else None
        for p, x in parts.items()
    }
    fixed = [str(r) for r in d["aov"]["rows"]]
    trace = d["trace"]
    index = pd.RangeIndex(1, len(d["residuals"]) + 1)

    def numbers(values: list[float | None]) -> pd.Series:
        return pd.Series(np.array(values, dtype=float), index=index)

    response = d["call"].split("fixed = ")[1].split("~")[0].strip()
    return SimpleNamespace(
        loglik=d["loglik"],
        sigma2=d["sigma2"],
        nedf=d["nedf"],
        converge=d["converge"],
        gamma=d["scale_fit"] == "gamma",
        response=response,
        call=d["call"],
        vparameters=series(d["vparameters"]),
        vparameters_con=pd.Series([CODES.get(c, c) for c in d["con"]], index=names, dtype=object),
        vparameters_type=pd.Series([TYPES.get(t, t) for t in d["type"]], index=names, dtype=object),
        vparameters_pc=pd.Series(np.array(d["pch"], dtype=float), index=names),
        coefficients=parts,
        vcoeff=variances,
        noeff=series(d["noeff"]),
        yssqu=series(d["yssqu"]),
        ai=np.array(d["ai"]["values"], dtype=float),
        residuals=numbers(d["residuals"]),
        linear_predictors=numbers(d["fitted"]),
        hat=numbers(d["hat"]),
        trace=pd.DataFrame(trace["values"], index=trace["rows"], columns=trace["cols"]),
        term_of_effect=lambda part: [(label, 0) for label in fixed] if part == "fixed" else [],
        mf=pd.DataFrame({"units": range(1, len(index) + 1)}, index=index),
    )


def small_fit(**changes: Any) -> SimpleNamespace:
    """A typed-in fit on the gamma scale: four plots (one without response), a factor `trt`, random `block`."""
    names = ["block", "units!R"]
    index = pd.RangeIndex(1, 5)
    nan = np.nan
    fields: dict[str, Any] = {
        "loglik": -19.25559,
        "sigma2": 2.0,
        "nedf": 16,
        "converge": True,
        "gamma": True,
        "response": "y",
        "call": "asreml(fixed = y ~ trt, random = ~block, data = dat)",
        "vparameters": pd.Series([0.5, 1.0], index=names),
        "vparameters_con": pd.Series(["P", "P"], index=names, dtype=object),
        "vparameters_type": pd.Series(["G", "V"], index=names, dtype=object),
        "vparameters_pc": pd.Series([0.13, 0.0], index=names),
        "coefficients": {
            "fixed": pd.DataFrame({"effect": [10.0, 0.0, 2.5]}, index=["(Intercept)", "trt_a", "trt_b"]),
            "random": pd.DataFrame({"effect": [0.25, -0.25]}, index=["block_1", "block_2"]),
            "sparse": None,
        },
        "vcoeff": {
            "fixed": pd.DataFrame({"effect": [0.5, 0.0, 0.125]}, index=["(Intercept)", "trt_a", "trt_b"]),
            "random": pd.DataFrame({"effect": [0.32, 0.32]}, index=["block_1", "block_2"]),
            "sparse": None,
        },
        "noeff": pd.Series([1, 1, 2], index=["(Intercept)", "trt", "block"]),
        "yssqu": pd.Series([800.0, 40.0, 3.0], index=["(Intercept)", "trt", "block"]),
        "ai": np.array([[0.16, -0.08], [-0.08, 0.25]]),
        "residuals": pd.Series([1.0, -1.0, nan, 0.5], index=index),
        "linear_predictors": pd.Series([10.25, 9.75, nan, 12.5], index=index),
        "hat": pd.Series([0.9, 0.9, nan, 1.1], index=index),
        "trace": pd.DataFrame(
            [[-20.0, -19.25559, -19.25559], [2.5, 2.0, 2.0], [16, 16, 16], [0.562, 1, 1], [0.1, 0.49, 0.5], [1, 1, 1]],
            index=["LogLik", "Sigma2", "DF", "stepsz", *names],
            columns=["1", "2", "3"],
        ),
        "term_of_effect": lambda part: {
            "fixed": [("(Intercept)", 1), ("trt", 2)],
            "random": [("block", 2)],
            "sparse": [],
        }[part],
        "model_frame": lambda: pd.DataFrame({"y": [11.25, 8.75, nan, 13.0]}, index=index),
    }
    return SimpleNamespace(**(fields | changes))
