"""Several traits of a plot, and regressions on age: unstructured covariances on both sides."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from .design import Design, balanced, beside, coefficient_matrix, factor, generator, indicators, kron, positive_definite
from .genomic import relationship


def traits(records: int, count: int, related: bool = False, seed: int = 13) -> Design:
    """``us3`` … ``us12``, ``usK3`` and ``usK6`` of the grid: n / t plots of t traits, genotypes twice each.

    G and R are random positive definite matrices; with `related` the genotypes have a genomic relationship matrix.
    """
    random = generator(seed + count)
    plots = records // count
    q = plots // 2
    G, R = positive_definite(random, count), positive_definite(random, count)
    plan = balanced(random, plots, q)
    u = random.standard_normal((q, count)) @ np.linalg.cholesky(G).T
    known: dict[str, pd.DataFrame] = {}
    if related:
        K, markers = relationship(random, q, 2 * q)
        u = (markers @ random.standard_normal((markers.shape[1], count))) @ np.linalg.cholesky(G).T
        names = [f"g{i + 1}" for i in range(q)]
        known["K"] = pd.DataFrame(K, index=names, columns=names)
    y = u[plan] + random.standard_normal((plots, count)) @ np.linalg.cholesky(R).T
    y = y + np.arange(1.0, count + 1)
    names_y = [f"y{i + 1}" for i in range(count)]
    frame = pd.DataFrame({"gid": factor(plan, "g", q), **dict(zip(names_y, y.T, strict=True))})
    arguments = {
        "fixed": f"cbind({', '.join(names_y)}) ~ trait",
        "random": "~ us(trait):vm(gid, K)" if related else "~ us(trait):gid",
        "residual": "~ id(units):us(trait)",
        **({"known": known} if related else {}),
    }

    def equations() -> list[sparse.csc_matrix]:
        rows = beside(np.ones((plots, 1)), indicators(plan, q))
        W = kron(rows, np.eye(count))
        prior = kron(sparse.identity(q), np.linalg.inv(G))
        return [coefficient_matrix(W, [prior], kron(sparse.identity(plots), np.linalg.inv(R)))]

    return Design(frame, arguments, None if related else equations, dense=q if related else 0)


def regression(subjects: int, ages: int = 10, seed: int = 14) -> Design:
    """Random regression: intercept and slope on age of each subject, correlated."""
    random = generator(seed)
    G = np.array([[1.0, 0.2], [0.2, 0.3]])
    subject = np.repeat(np.arange(subjects), ages)
    age = np.tile(np.linspace(-1.0, 1.0, ages), subjects) + random.normal(0, 0.05, subjects * ages)
    u = random.standard_normal((subjects, 2)) @ np.linalg.cholesky(G).T
    y = 5.0 + 2.0 * age + u[subject, 0] + age * u[subject, 1] + random.standard_normal(subject.size)
    frame = pd.DataFrame({"id": factor(subject, "i", subjects), "age": age, "y": y})
    arguments = {"fixed": "y ~ age", "random": f"~ str(~ id + id:age, ~ us(2):id({subjects}))"}

    def equations() -> list[sparse.csc_matrix]:
        Z = indicators(subject, subjects)
        slope = sparse.diags(age) @ Z
        W = beside(np.ones((subject.size, 1)), age[:, None], Z, slope)
        return [coefficient_matrix(W, [kron(np.linalg.inv(G), sparse.identity(subjects))])]

    return Design(frame, arguments, equations)
