"""Kenward & Roger's tests from dense V and X, the derivatives of V by differences: slow, short, independent."""

from __future__ import annotations

from typing import Any

import numpy as np


def dense(matrix: Any) -> np.ndarray:
    out = np.zeros((matrix.n_rows, matrix.n_cols))
    np.add.at(out, (np.repeat(np.arange(matrix.n_rows), np.diff(matrix.indptr)), matrix.indices), matrix.data)
    return out


class DenseKR:
    """V over the observed records, all variances on the scale of the data (the gamma scale is undone)."""

    def __init__(self, fit: Any, theta: np.ndarray, codes: Any):
        self.eq = eq = fit.engine.equations
        table = eq.variance.parameters
        self.seen, self.s = eq.observed, table.sigma2
        self.X, self.y = dense(eq.X)[self.seen], eq.y[self.seen]
        self.Z = [dense(z)[self.seen] for z in eq.Z]
        self.ratio = np.array([eq.variance.gamma and k in "VC" and i != self.s for i, k in enumerate(table.kinds)])
        self.theta = theta.astype(float).copy()
        if self.s is not None:
            p = self.projection(self.V(np.where(np.arange(theta.size) == self.s, 1.0, theta)))[0]
            sigma2 = float(self.y @ p @ self.y) / eq.df
            self.theta[self.ratio] *= sigma2
            self.theta[self.s] = sigma2
        self.live = [i for i, c in enumerate(codes) if c not in "FBS"]
        V = self.V(self.theta)
        self.P, self.Phi, half = self.projection(V)
        self.tau = half.T @ self.y
        self.a = half
        self.D = [self.derivative(i) for i in self.live]

    def V(self, theta: np.ndarray) -> np.ndarray:
        eq, sigma2 = self.eq, 1.0
        theta = theta.copy()
        if self.s is not None:
            sigma2 = theta[self.s]
            theta[self.ratio] /= sigma2
        V = np.zeros((eq.n, eq.n))
        for k, (rows, product) in enumerate(zip(eq.residual.grids, eq.variance.sections, strict=True)):
            V[np.ix_(rows, rows)] = product.matrix(theta[eq.rows_of_section(k)])
        if eq.weights is not None:
            V /= np.sqrt(np.outer(eq.weights, eq.weights))
        V = V[np.ix_(self.seen, self.seen)]
        for t, product in enumerate(eq.variance.random):
            V = V + self.Z[t] @ product.matrix(theta[eq.rows_of_term(t)]) @ self.Z[t].T
        return sigma2 * V

    def projection(self, V: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        inverse = np.linalg.inv(V)
        phi = np.linalg.inv(self.X.T @ inverse @ self.X)
        half = inverse @ self.X @ phi
        return inverse - half @ self.X.T @ inverse, phi, half

    def moved(self, i: int, h: float) -> np.ndarray:
        theta = self.theta.copy()
        theta[i] += h
        return theta

    def derivative(self, i: int) -> np.ndarray:
        h = 1e-5 * max(abs(self.theta[i]), 1e-2)
        return (self.V(self.moved(i, h)) - self.V(self.moved(i, -h))) / (2 * h)

    def loglik(self, theta: np.ndarray) -> float:
        V = self.V(theta)
        P, phi, _ = self.projection(V)
        return -0.5 * float(np.linalg.slogdet(V)[1] - np.linalg.slogdet(phi)[1] + self.y @ P @ self.y)

    def information(self, kind: str) -> np.ndarray:
        k = len(self.live)
        py = self.P @ self.y
        if kind == "average":
            q = np.array([d @ py for d in self.D])
            return 0.5 * q @ self.P @ q.T
        if kind == "expected":
            products = [self.P @ d for d in self.D]
            return np.array([[0.5 * np.sum(a * b.T) for b in products] for a in products])
        steps = [1e-3 * max(abs(self.theta[i]), 1e-2) for i in self.live]
        out = np.zeros((k, k))
        for i in range(k):
            for j in range(k):
                corners = 0.0
                for a in (1, -1):
                    for b in (1, -1):
                        theta = self.theta.copy()
                        theta[self.live[i]] += a * steps[i]
                        theta[self.live[j]] += b * steps[j]
                        corners += a * b * self.loglik(theta)
                out[i, j] = -corners / (4 * steps[i] * steps[j])
        return out

    def test(self, L: np.ndarray, adjust: str = "none") -> tuple[float, float]:
        """(scaled F, denominator degrees of freedom) by the formulas of the paper as they are printed."""
        W = np.linalg.inv(self.information("average" if adjust == "none" else adjust))
        k, r, phi = len(self.live), L.shape[0], self.Phi
        inner = [self.X.T @ np.linalg.inv(self.V(self.theta)) @ d for d in self.D]
        inverse = np.linalg.inv(self.V(self.theta))
        P_ = [-m @ inverse @ self.X for m in inner]
        adjusted = phi.copy()
        if adjust != "none":
            for i in range(k):
                for j in range(k):
                    Q = inner[i] @ inverse @ self.D[j] @ inverse @ self.X
                    adjusted += 2 * W[i, j] * phi @ (Q - P_[i] @ phi @ P_[j]) @ phi
        estimate = L @ self.tau
        F = float(estimate @ np.linalg.inv(L @ adjusted @ L.T) @ estimate) / r
        theta = L.T @ np.linalg.inv(L @ phi @ L.T) @ L
        m = [theta @ phi @ p @ phi for p in P_]
        a1 = sum(W[i, j] * np.trace(m[i]) * np.trace(m[j]) for i in range(k) for j in range(k))
        a2 = sum(W[i, j] * np.trace(m[i] @ m[j]) for i in range(k) for j in range(k))
        b = (a1 + 6 * a2) / (2 * r)
        g = ((r + 1) * a1 - (r + 4) * a2) / ((r + 2) * a2)
        den = 3 * r + 2 * (1 - g)
        expected = 1 / (1 - a2 / r)
        variance = 2 / r * (1 + g / den * b) / ((1 - (r - g) / den * b) ** 2 * (1 - (r + 2 - g) / den * b))
        rho = variance / (2 * expected**2)
        df = 4 + (r + 2) / (r * rho - 1)
        return F * df / (expected * (df - 2)), df
