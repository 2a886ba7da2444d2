"""Data, calls and start values in which every structure of the registry is fitted."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd

from pyasreml.variance.registry import CORRELATIONS

TIMES = (1, 2, 4, 5, 7, 10)
PLACES = np.array([[0, 0], [1, 0.2], [2.1, 0], [0, 1], [1, 1.5], [3, 2.2]], float)
PLANE = ("iexp", "igau", "ieuc", "aexp", "agau", "sph", "cir", "mtrn")
ORDERED = ("corb", "ante", "chol", "cholc", "fa", "facv", "rr")
K = pd.DataFrame(0.5 ** np.abs(np.subtract.outer(range(6), range(6))), [*map(str, TIMES)], [*map(str, TIMES)])
STARTS: dict[str, list[float]] = {
    "ar1": [0.3],
    "ar2": [0.4, -0.2],
    "ar3": [0.3, 0.1, -0.1],
    "sar": [0.4],
    "sar2": [0.3, 0.1],
    "ma1": [0.3],
    "ma2": [0.3, -0.1],
    "arma": [0.5, -0.2],
    "cor": [0.2],
    "corb": [0.3, 0.1],
    "corg": np.linspace(0.1, 0.3, 15).tolist(),
    "exp": [0.6],
    "gau": [0.7],
    "lvr": [4.0],
    "iexp": [0.5],
    "igau": [0.6],
    "ieuc": [0.4],
    "aexp": [0.5, 0.7],
    "agau": [0.4, 0.6],
    "sph": [2.7],
    "cir": [2.3],
}


def common(size: int, theta: np.ndarray) -> list[np.ndarray]:
    """``own()``: one variance and one covariance."""
    one = np.ones((size, size))
    return [theta[0] * np.eye(size) + theta[1] * one, np.eye(size), one]


KNOWN: dict[str, Any] = {"K": K, "common": common}


def records(copies: int, plants: int = 30, seed: int = 5) -> pd.DataFrame:
    """Plants at six uneven times, which are six places too: a decaying correlation, growing variances."""
    rng = np.random.default_rng(seed)
    distance = np.hypot(*(PLACES[:, None] - PLACES[None]).transpose(2, 0, 1))
    step = np.abs(np.subtract.outer(np.arange(6), np.arange(6)))
    root = np.sqrt([1, 1.3, 1.6, 1.9, 2.2, 2.6])
    sigma = (0.5 * np.exp(-distance / 1.5) + 0.5 * 0.55**step) * root[:, None] * root
    effect = rng.multivariate_normal(np.zeros(6), sigma, size=plants)
    plant, time, _ = (a.ravel() for a in np.indices((plants, 6, copies)))
    height = 10 + 0.3 * time + effect[plant, time] + rng.normal(0, 0.6, plant.size) * (copies > 1)
    return pd.DataFrame(
        {
            "Plant": pd.Categorical(plant + 1),
            "Time": pd.Categorical(np.array(TIMES)[time]),
            "x": PLACES[time, 0],
            "y": PLACES[time, 1],
            "h": height.round(3),
        }
    )


def base_of(name: str) -> str:
    """The correlation model of ``ar1v`` and ``ar1h``, else the name itself."""
    return name[:-1] if name[:-1] in CORRELATIONS and name[-1] in "vh" else name


def call(name: str, init: str = "") -> str:
    """``name(Time, …)`` or ``name(x, y, …)`` with all that it needs."""
    arguments = ["x", "y"] if base_of(name) in PLANE else ["Time"]
    arguments += ["2"] if base_of(name) in ORDERED else []
    arguments += ["K"] if name == "vm" else []
    if name == "own":
        arguments += ["common", 'type = c("V", "C")']
        init = init or "c(1, 0.2)"
    return f"{name}({', '.join([*arguments, *([f'init = {init}'] if init else [])])})"


def starts(name: str) -> list[float]:
    """Values of ``init =`` away from the defaults; none for structures without that argument."""
    base = base_of(name)
    if base in STARTS:
        inside = STARTS[base]
        return inside if name == base else [*inside, 1.5] if name.endswith("v") else [*inside, *_variances()]
    if name in ("id", "idv"):
        return [1.3]
    if name in ("idh", "diag"):
        return _variances()
    if name in ("us", "chol", "cholc", "ante"):
        matrix = K.to_numpy() + np.eye(6)
        return matrix[np.tril_indices(6)].tolist()
    loadings = [*np.linspace(0.5, 1.0, 6), 0.0, *np.linspace(-0.3, 0.5, 5)]
    specific = np.linspace(0.2, 0.6, 6).tolist()
    return {
        "fa": [*specific, *loadings],
        "facv": [*loadings, *specific],
        "rr": [*np.zeros(6), *loadings],
        "own": [1.0, 0.2],
    }.get(name, [])


def _variances() -> list[float]:
    return np.linspace(0.8, 2.0, 6).tolist()


def with_codes(values: list[float], codes: str) -> str:
    """``c(P = 1, U = 2, F = 3 …)``, the codes in turn; without codes plain numbers."""
    turn = itertools.cycle(codes) if codes else itertools.repeat("")
    return f"c({', '.join((f'{c} = ' if c else '') + repr(float(v)) for c, v in zip(turn, values, strict=False))})"
