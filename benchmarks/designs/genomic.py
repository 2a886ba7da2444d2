"""Genomic relationship matrices: dense, of full rank by a little added to the diagonal."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .design import Design, FloatArray, balanced, factor, generator

FREQUENCY = 0.3
RIDGE = 0.001


def relationship(random: np.random.Generator, q: int, markers: int) -> tuple[FloatArray, FloatArray]:
    """VanRaden's (2008) first relationship matrix of q individuals, 0.001 added to its diagonal.

    Returns
    -------
    K : float array (q, q)
    M : float array (q, markers)
        The scaled marker matrix, K = M M' + 0.001 I.
    """
    counts = random.binomial(2, FREQUENCY, (q, markers)).astype(np.float64)
    counts -= 2 * FREQUENCY
    counts /= (2 * FREQUENCY * (1 - FREQUENCY) * markers) ** 0.5
    K = counts @ counts.T
    K[np.diag_indices(q)] += RIDGE
    return (K + K.T) / 2, counts


def gblup(individuals: int, markers: int | None = None, records: int = 2, herds: int = 10, seed: int = 15) -> Design:
    """Genomic prediction: `records` records an individual, herds as fixed effects, heritability 1/2."""
    random = generator(seed)
    K, M = relationship(random, individuals, 10_000 if markers is None else markers)
    n = individuals * records
    who, herd = balanced(random, n, individuals), random.integers(0, herds, n)
    u = M @ random.standard_normal(M.shape[1])
    y = 5.0 + random.normal(0, 1, herds)[herd] + u[who] + random.standard_normal(n)
    names = [f"g{i + 1}" for i in range(individuals)]
    frame = pd.DataFrame({"gid": factor(who, "g", individuals), "herd": factor(herd, "h", herds), "y": y})
    known = {"K": pd.DataFrame(K, index=names, columns=names)}
    return Design(frame, {"fixed": "y ~ herd", "random": "~ vm(gid, K)", "known": known}, dense=individuals)


def grm(records: int, seed: int = 16) -> Design:
    """``grm`` of the grid: as ``iid``, the genotypes related by K of 2q markers."""
    random = generator(seed)
    q = records // 4
    K, M = relationship(random, q, 2 * q)
    plan = balanced(random, records, q)
    x = random.standard_normal(records)
    u = 1.2 * (M @ random.standard_normal(M.shape[1]))
    y = 10.0 + 0.5 * x + u[plan] + random.standard_normal(records)
    names = [f"g{i + 1}" for i in range(q)]
    frame = pd.DataFrame({"gid": factor(plan, "g", q), "x": x, "y": y})
    known = {"K": pd.DataFrame(K, index=names, columns=names)}
    return Design(frame, {"fixed": "y ~ x", "random": "~ vm(gid, K)", "known": known}, dense=q)
