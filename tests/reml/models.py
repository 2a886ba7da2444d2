"""Small simulated models that between them use every kind of term and residual."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pyasreml.bind import bind
from pyasreml.data import NaMethod
from pyasreml.design import build
from pyasreml.fit.engine import Engine
from pyasreml.model import model_spec
from pyasreml.options import Options
from pyasreml.variance.build import build_variance


def field(seed: int = 1, missing: int = 0) -> pd.DataFrame:
    """Two sites of 6 rows × 5 columns with 10 genotypes, 3 blocks and a covariate."""
    rng = np.random.default_rng(seed)
    cells = [(s, r, c) for s in ("A", "B") for r in range(6) for c in range(5)]
    frame = pd.DataFrame(cells, columns=["site", "row", "col"])
    n = len(frame)
    genotype = np.concatenate([rng.permutation(np.repeat(np.arange(10), 3)) for _ in range(2)])
    frame["gen"] = pd.Categorical([f"g{g:02d}" for g in genotype])
    frame["block"] = pd.Categorical([f"{s}{r // 2}" for s, r in zip(frame["site"], frame["row"], strict=True)])
    effect = rng.normal(size=10)
    frame["x"] = rng.normal(size=n)
    frame["w"] = rng.uniform(0.5, 2.0, n)
    frame["y"] = 10 + effect[genotype] + 0.5 * frame["x"] + rng.normal(size=n)
    for name in ("site", "row", "col"):
        frame[name] = pd.Categorical(frame[name].astype(str))
    if missing:
        frame.loc[rng.choice(n, missing, replace=False), "y"] = np.nan
    return frame


MODELS: dict[str, dict[str, Any]] = {
    "fixed only": {"fixed": "y ~ site"},
    "components": {"fixed": "y ~ site", "random": "~ gen + site:gen + block"},
    "missing": {"fixed": "y ~ site + x", "random": "~ gen + block", "missing": 7},
    "sections": {"fixed": "y ~ site", "random": "~ gen", "residual": "~ dsum(~ units | site)", "missing": 5},
    "spatial": {
        "fixed": "y ~ site",
        "random": "~ gen + block",
        "residual": "~ dsum(~ ar1(row):ar1(col) | site)",
        "missing": 6,
    },
    "one field": {"fixed": "y ~ site", "random": "~ gen", "residual": "~ site:ar1(row):ar1(col)", "missing": 4},
    "diag": {"fixed": "y ~ site", "random": "~ diag(site):gen + at(site):block"},
    "us": {"fixed": "y ~ site", "random": "~ us(site):gen + block"},
    "random ar1": {"fixed": "y ~ 1", "random": "~ ar1(row):ar1(col) + gen"},
    "ar1v": {"fixed": "y ~ 1", "random": "~ ar1v(row):col"},
    "ar1h": {"fixed": "y ~ 1", "random": "~ ar1h(row):col"},
    "sigma": {"fixed": "y ~ site", "random": "~ gen", "residual": "~ idv(units)"},
    "idh": {"fixed": "y ~ site", "random": "~ gen", "residual": "~ idh(site):row:col", "missing": 3},
    "us residual": {"fixed": "y ~ site", "random": "~ gen", "residual": "~ row:us(col)", "missing": 3, "first": True},
    "ar1h residual": {"fixed": "y ~ 1", "residual": "~ site:row:ar1h(col)", "missing": 3},
    "weights": {"fixed": "y ~ site", "random": "~ gen", "weights": "w", "missing": 3},
    "weighted field": {"fixed": "y ~ 1", "residual": "~ site:ar1(row):ar1(col)", "weights": "w", "missing": 3},
    "random slope": {"fixed": "y ~ x", "random": "~ gen + gen:x"},
    "sparse": {"fixed": "y ~ site", "sparse": "~ block", "random": "~ gen"},
    "units": {"fixed": "y ~ site", "random": "~ units", "residual": "~ site:ar1(row):ar1(col)"},
}


def engine(name: str, seed: int = 1, solver: str = "own") -> Engine:
    """The numeric engine of one of `MODELS`."""
    model = dict(MODELS[name])
    data = field(seed, model.pop("missing", 0))
    if model.pop("first", False):
        data = data[data["site"] == "A"].reset_index(drop=True)
        data["site"] = data["site"].cat.remove_unused_categories()
        model["fixed"] = "y ~ 1"
    weights = model.pop("weights", None)
    spec = model_spec(model["fixed"], model.get("random"), model.get("sparse"), model.get("residual"))
    bound = bind(spec, data, na_action=NaMethod(), weights=weights)
    return Engine(bound, build(bound), build_variance(bound), Options(solver=solver))


def away_from_start(model: Engine, seed: int = 3, lowest: float = 1.2) -> np.ndarray:
    """Feasible parameters away from the starts; variances are multiplied by at least `lowest`."""
    table = model.variance.parameters
    rng = np.random.default_rng(seed)
    theta = table.start.copy()
    for i, kind in enumerate(table.kinds):
        if table.codes[i] == "F" or i == table.sigma2:
            continue
        if kind == "V":
            theta[i] *= rng.uniform(lowest, 2.0)
        elif kind == "R":
            theta[i] = rng.uniform(-0.4, 0.7)
        else:
            theta[i] += rng.uniform(-0.3, 0.3) * max(abs(theta[i]), 1e-3)
    return theta
