"""Predictions by dense algebra: generalised least squares with a pseudo-inverse, BLUP, prediction error variances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import pyasreml as pa


def factor(values: Any) -> pd.Categorical:
    return pd.Categorical([str(v) for v in values])


def trial(seed: int = 3) -> pd.DataFrame:
    """An unbalanced trial: A (3) x B (2) with one cell empty, a covariate, blocks, lines nested in families."""
    rng = np.random.default_rng(seed)
    n = 60
    a, b = rng.integers(0, 3, n), rng.integers(0, 2, n)
    b[a == 2] = 0
    line = rng.integers(0, 7, n)
    family = np.array([0, 0, 0, 0, 1, 1, 2])[line]
    block = rng.integers(0, 5, n)
    x = rng.normal(5, 2, n)
    y = a + 2 * b + 0.3 * x + rng.normal(size=5)[block] + rng.normal(size=7)[line] + rng.normal(size=n)
    frame = {"y": y, "A": a, "B": b, "line": line, "family": family, "block": block}
    return pd.DataFrame(frame | {"x": x}).astype({k: str for k in ("A", "B", "line", "family", "block")})


class Dense:
    """One fit: design columns are products of indicators; rows of predictions are dictionaries of columns."""

    def __init__(self, fit: Any, X: np.ndarray, Z: np.ndarray, ratio: np.ndarray):
        """`ratio`: variance ratio of every column of Z at the parameters to use."""
        y = fit.engine.bound.y
        self.y, self.X, self.Z, self.G = y, X, Z, np.diag(ratio)
        V = Z @ self.G @ Z.T + np.eye(len(y))
        self.Vi = np.linalg.inv(V)
        self.C = np.linalg.pinv(X.T @ self.Vi @ X)
        self.beta = self.C @ X.T @ self.Vi @ y
        e = y - X @ self.beta
        self.sigma2 = e @ self.Vi @ e / (len(y) - np.linalg.matrix_rank(X))
        self.u = self.G @ Z.T @ self.Vi @ e

    def predict(self, k: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and variance matrix of k'b + q'u, the latter as a prediction error."""
        lift = k - q @ self.G @ self.Z.T @ self.Vi @ self.X
        inner = self.G - self.G @ self.Z.T @ self.Vi @ self.Z @ self.G
        V = self.sigma2 * (lift @ self.C @ lift.T + q @ inner @ q.T)
        return k @ self.beta + q @ self.u, V


def indicators(values: Any, levels: Any) -> np.ndarray:
    return np.array([[float(v == level) for level in levels] for v in values])


def products(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ik->ijk", left, right).reshape(len(left), -1)


def refit(fit: Any) -> Any:
    """The fit whose final parameters a prediction belongs to."""
    return pa.update(fit, trace=False)
