"""Simulated trials: generator PCG64, seed stated, so that every machine makes the same numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pyasreml.demo.clover import clover

__all__ = ["clover", "field", "sites"]


def _separable(random: np.random.Generator, rows: int, cols: int, row_cor: float, col_cor: float) -> np.ndarray:
    """A draw (rows x cols) of a stationary AR1 x AR1 process with variance 1."""

    def factor(n: int, rho: float) -> np.ndarray:
        return np.linalg.cholesky(rho ** np.abs(np.subtract.outer(np.arange(n), np.arange(n))))

    return factor(rows, row_cor) @ random.standard_normal((rows, cols)) @ factor(cols, col_cor).T


def field(seed: int = 31) -> pd.DataFrame:
    """A variety trial in 12 rows and 10 columns: 40 entries in three replicates, AR1 x AR1 errors, six plots missing.

    Mean 80, entry variance 20, error variance 30 with correlation 0.6 between rows and 0.4 between columns.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    rows, cols, entries = 12, 10, 40
    error = 30.0**0.5 * _separable(random, rows, cols, 0.6, 0.4)
    value = random.normal(0.0, 20.0**0.5, entries)
    plan = np.concatenate([random.permutation(entries) for _ in range(3)]).reshape(rows, cols)
    lost = set(random.choice(rows * cols, 6, replace=False).tolist())
    records = [
        (
            str(r + 1),
            str(c + 1),
            f"R{r // 4 + 1}",
            f"G{plan[r, c] + 1:02d}",
            np.nan if r * cols + c in lost else round(80.0 + value[plan[r, c]] + error[r, c], 3),
        )
        for r in range(rows)
        for c in range(cols)
    ]
    frame = pd.DataFrame(records, columns=["Row", "Column", "Rep", "Entry", "yield"])
    for name, n in (("Row", rows), ("Column", cols)):
        frame[name] = pd.Categorical(frame[name], categories=[str(i + 1) for i in range(n)])
    for name in ("Rep", "Entry"):
        frame[name] = frame[name].astype("category")
    return frame


def sites(seed: int = 77) -> pd.DataFrame:
    """Twelve genotypes in three blocks at each of three sites; unequal error and genotype variances.

    Sites PBU, NAR, WIN (levels in that order): means 40, 55, 30; genotype variances 9, 16, 4 with correlation 0.6
    between sites; block variance 6 at PBU only; error variances 8, 20, 5.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    names = ("PBU", "NAR", "WIN")
    mean, error = (40.0, 55.0, 30.0), (8.0, 20.0, 5.0)
    sd = np.array([3.0, 4.0, 2.0])
    covariance = np.outer(sd, sd) * (0.6 + 0.4 * np.eye(3))
    value = random.standard_normal((12, 3)) @ np.linalg.cholesky(covariance).T
    records = []
    for s, name in enumerate(names):
        for block in range(3):
            shift = random.normal(0.0, 6.0**0.5) if name == "PBU" else 0.0
            for g in random.permutation(12):
                y = mean[s] + shift + value[g, s] + random.normal(0.0, error[s] ** 0.5)
                records.append((name, f"B{block + 1}", f"G{g + 1:02d}", round(y, 3)))
    frame = pd.DataFrame(records, columns=["Site", "rep", "Geno", "Yield"])
    frame["Site"] = pd.Categorical(frame["Site"], categories=list(names))
    for name in ("rep", "Geno"):
        frame[name] = frame[name].astype("category")
    return frame
