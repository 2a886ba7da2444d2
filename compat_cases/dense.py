"""A REML program on dense matrices, independent of pyasreml's kernel: the wants of the simulated cases come from it.

The log-likelihood is asreml's: ``-0.5 (log|V| + log|X'V^-1 X| + y'Py)`` without the constant, X of treatment contrasts
in full rank (Patterson, H. D., Thompson, R. (1971). Biometrika 58, 545-554).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import linalg, optimize

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


def maximise(y: np.ndarray, X: np.ndarray, covariance: Covariance, start: Sequence[float]) -> Optimum:
    """The maximum of the REML log-likelihood over unconstrained parameters.

    Parameters
    ----------
    y : (n,) array
    X : (n, p) array, of full rank
    covariance : callable
        V (n x n) at theta.
    start : sequence of float
    """

    def criterion(theta: np.ndarray) -> float:
        try:
            return -loglik(y, X, covariance(theta))
        except linalg.LinAlgError:
            return np.inf

    rough = optimize.minimize(
        criterion, start, method="Nelder-Mead", options={"maxiter": 20000, "xatol": 1e-6, "fatol": 1e-9}
    )
    theta = _newton(criterion, np.asarray(rough.x, float))
    return Optimum(theta, -criterion(theta), len(y) - X.shape[1])


def _newton(criterion: Callable[[np.ndarray], float], theta: np.ndarray, rounds: int = 4) -> np.ndarray:
    """Newton steps on fourth-order central differences, which leave some eight digits."""
    k = len(theta)
    for _ in range(rounds):
        h = 1e-3 * np.maximum(np.abs(theta), 1e-2)
        E = np.diag(h)
        gradient = np.array(
            [
                (
                    8 * (criterion(theta + e) - criterion(theta - e))
                    - criterion(theta + 2 * e)
                    + criterion(theta - 2 * e)
                )
                / (12 * s)
                for e, s in zip(E, h, strict=True)
            ]
        )
        hessian = np.empty((k, k))
        for i in range(k):
            for j in range(i, k):
                terms = [criterion(theta + a * E[i] + b * E[j]) * a * b for a in (1, -1) for b in (1, -1)]
                hessian[i, j] = hessian[j, i] = sum(terms) / (4 * h[i] * h[j])
        theta = theta - np.linalg.solve(hessian, gradient)
    return theta
