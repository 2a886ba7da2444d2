"""The dense reference: V, its derivatives, REML log-likelihood, score and average information by textbook formulas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyasreml.fit.engine import Engine

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reference:
    """Values at one θ; score and information are those of the variance parameters on the fit's own scale."""

    loglik: float
    sigma2: float
    score: FloatArray
    ai: FloatArray


def covariance(engine: Engine, theta: FloatArray) -> FloatArray:
    """V (ratio scale on the gamma scale) of all rows, float array (n, n)."""
    eq = engine.equations
    v = np.zeros((eq.n, eq.n))
    for t, product in enumerate(eq.variance.random):
        z = eq.Z[t].toarray()
        v += z @ product.matrix(theta[eq.rows_of_term(t)]) @ z.T
    for k, (rows, product) in enumerate(zip(eq.residual.grids, eq.variance.sections, strict=True)):
        block = product.matrix(theta[eq.rows_of_section(k)])
        if eq.weights is not None:
            root = np.sqrt(eq.weights[rows])
            block = block / root[:, None] / root
        v[np.ix_(rows, rows)] += block
    return v


def fixed_part(engine: Engine) -> FloatArray:
    """X with the covariates of genetic groups that are kept, float array (n, p)."""
    eq = engine.equations
    groups = [z.toarray() @ f.space.toarray()[:, f.kept] for z, f in zip(eq.Z, engine.design.flat, strict=True) if f]
    return np.hstack([eq.X.toarray(), *groups])


def reference(engine: Engine, theta: FloatArray, step: float = 1e-5) -> Reference:
    """Everything at `theta`; derivatives of V by central differences."""
    eq, table = engine.equations, engine.variance.parameters
    seen = eq.observed
    y, x = eq.y[seen], fixed_part(engine)[seen]
    v = covariance(engine, theta)[np.ix_(seen, seen)]
    inverse = np.linalg.inv(v)
    xvx = x.T @ inverse @ x
    p = inverse - inverse @ x @ np.linalg.solve(xvx, x.T @ inverse)
    py = p @ y
    gamma = engine.variance.gamma
    sigma2 = float(y @ py) / eq.df if gamma else 1.0
    loglik = -0.5 * (
        np.linalg.slogdet(v)[1] + np.linalg.slogdet(xvx)[1] + eq.df * np.log(sigma2) + float(y @ py) / sigma2
    )
    size = len(table)
    score, working = np.zeros(size), np.zeros((y.size, size))
    for i in range(size):
        if i == table.sigma2:
            working[:, i] = y / sigma2
            continue
        h = step * max(abs(theta[i]), 1e-3)
        up, down = theta.copy(), theta.copy()
        up[i] += h
        down[i] -= h
        dv = ((covariance(engine, up) - covariance(engine, down)) / (2 * h))[np.ix_(seen, seen)]
        working[:, i] = dv @ py
        score[i] = -0.5 * (np.sum(p * dv) - py @ dv @ py / sigma2)
    return Reference(float(loglik), sigma2, score, 0.5 * working.T @ p @ working / sigma2)
