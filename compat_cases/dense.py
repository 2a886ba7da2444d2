"""A REML program on dense matrices, independent of pyasreml's kernel: the wants of the simulated cases come from it.

The log-likelihood is asreml's: ``-0.5 (log|V| + log|X'V^-1 X| + y'Py)`` without the constant, X of treatment contrasts
in full rank (Patterson, H. D., Thompson, R. (1971). Biometrika 58, 545-554).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import linalg

Covariance = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Optimum:
    """Parameters at the maximum, the log-likelihood, and the residual degrees of freedom."""

    theta: np.ndarray
    loglik: float
    nedf: int


def dummies(factor: pd.Series, *others: pd.Series) -> np.ndarray:
    """Indicator columns (n x levels) of a factor, or of the combinations of several."""
    columns = pd.get_dummies(factor).to_numpy(float)
    for other in others:
        right = pd.get_dummies(other).to_numpy(float)
        columns = (columns[:, :, None] * right[:, None, :]).reshape(len(columns), -1)
    return columns


def ar1(n: int, rho: float) -> np.ndarray:
    """Correlations ``rho^|i-j|`` (n x n)."""
    return rho ** np.abs(np.subtract.outer(np.arange(n), np.arange(n)))


def loglik(y: np.ndarray, X: np.ndarray, V: np.ndarray) -> float:
    """REML log-likelihood of one covariance matrix."""
    L = linalg.cholesky(V, lower=True)
    Xt, yt = (linalg.solve_triangular(L, a, lower=True) for a in (X, y))
    Q, R = linalg.qr(Xt, mode="economic")
    rest = yt - Q @ (Q.T @ yt)
    return float(-np.log(np.diag(L)).sum() - np.log(np.abs(np.diag(R))).sum() - 0.5 * rest @ rest)


def full_rank(X: np.ndarray) -> np.ndarray:
    """Columns of X that do not depend on those before them."""
    kept: list[int] = []
    for j in range(X.shape[1]):
        if np.linalg.matrix_rank(X[:, [*kept, j]]) > len(kept):
            kept.append(j)
    return X[:, kept]


def maximise(
    y: np.ndarray, X: np.ndarray, covariance: Covariance, start: Sequence[float], rounds: int = 100
) -> Optimum:
    """The maximum of the REML log-likelihood over unconstrained parameters, by scoring with halved steps.

    Score and average information (Gilmour, A. R., Thompson, R., Cullis, B. R. (1995), Biometrics 51) on a dense P;
    derivatives of V are central differences.

    Parameters
    ----------
    y : (n,) array
    X : (n, p) array, of full rank
    covariance : callable
        V (n x n) at theta.
    start : sequence of float
    rounds : int
        Most steps.

    Raises
    ------
    RuntimeError
        No maximum within `rounds` steps.
    """
    theta = np.asarray(start, float)
    value = loglik(y, X, covariance(theta))
    for _ in range(rounds):
        score, information = _scoring(y, X, covariance, theta)
        step = np.linalg.solve(information, score)
        if score @ step < 1e-16:
            return Optimum(theta, value, len(y) - X.shape[1])
        for _ in range(40):
            try:
                new = loglik(y, X, covariance(theta + step))
            except linalg.LinAlgError:
                new = -np.inf
            if new >= value - 1e-10:
                break
            step = step / 2
        theta, value = theta + step, new
    raise RuntimeError(f"no maximum after {rounds} steps: {theta}")


def _scoring(y: np.ndarray, X: np.ndarray, covariance: Covariance, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Score (k,) and average information (k x k)."""
    inverse = np.linalg.inv(covariance(theta))
    P = inverse - inverse @ X @ np.linalg.solve(X.T @ inverse @ X, X.T @ inverse)
    Py = P @ y
    slopes = []
    for i, h in enumerate(1e-5 * np.maximum(np.abs(theta), 1e-2)):
        e = h * np.eye(len(theta))[i]
        slopes.append((covariance(theta + e) - covariance(theta - e)) / (2 * h))
    score = np.array([-0.5 * (np.sum(P * slope) - Py @ slope @ Py) for slope in slopes])
    Q = np.column_stack([slope @ Py for slope in slopes])
    return score, 0.5 * Q.T @ P @ Q
