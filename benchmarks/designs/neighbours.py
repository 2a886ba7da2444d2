"""Indirect genetic effects: what a genotype does to its neighbours, of its own species and of another."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy import sparse

from .design import Design, IntArray, ar1_noise, balanced, factor, generator

G = np.array([[0.90, -0.35], [-0.35, 0.30]])
INTERSPECIFIC, FIELD, ERROR = 0.22, 0.45, 0.50
RHO = (0.65, 0.40)


def neighbours(plan: IntArray, focal: bool, genotypes: int) -> sparse.csr_matrix:
    """Incidence (focal plots x genotypes) of the eight cells around, by 1 / distance.

    Parameters
    ----------
    plan : int array (rows, 2 columns)
        Genotype in every cell; the focal species is in the even columns, the other in the odd ones.
    focal : bool
        Neighbours of the focal species, or of the other.
    genotypes : int
    """
    rows, columns = plan.shape
    r, c = (x.ravel() for x in np.meshgrid(np.arange(rows), np.arange(0, columns, 2), indexing="ij"))
    plot, level, weight = [], [], []
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            if (down, across) == (0, 0) or (across == 0) != focal:
                continue
            there = (r + down >= 0) & (r + down < rows) & (c + across >= 0) & (c + across < columns)
            plot.append(np.flatnonzero(there))
            level.append(plan[r[there] + down, c[there] + across])
            weight.append(np.full(int(there.sum()), 1 / math.hypot(down, across)))
    where = (np.concatenate(plot), np.concatenate(level))
    return sparse.csr_matrix((np.concatenate(weight), where), shape=(r.size, genotypes))


def ige(records: int, seed: int = 17) -> Design:
    """``ige`` of the grid: two species in alternating columns, n plots of the focal one, q = n / 4 genotypes each.

    The neighbour weights are columns of the frame (2q of them), as asreml's ``group`` argument takes them.
    """
    random = generator(seed)
    rows = round(math.sqrt(records / 1.25))
    columns = math.ceil(records / rows)
    n, q = rows * columns, records // 4
    plan = np.empty((rows, 2 * columns), np.int64)
    plan[:, 0::2] = balanced(random, n, q).reshape(rows, columns)
    plan[:, 1::2] = balanced(random, n, q).reshape(rows, columns)
    own = plan[:, 0::2].ravel()
    near, other = neighbours(plan, True, q), neighbours(plan, False, q)
    u = random.standard_normal((q, 2)) @ np.linalg.cholesky(G).T
    y = (
        8.0
        + u[own, 0]
        + near @ u[:, 1]
        + other @ random.normal(0, INTERSPECIFIC**0.5, q)
        + FIELD**0.5 * ar1_noise(random, rows, columns, RHO).ravel()
        + random.normal(0, ERROR**0.5, n)
    )
    row, column = np.divmod(np.arange(n), columns)
    base = pd.DataFrame(
        {"geno": factor(own, "g", q), "row": factor(row, levels=rows), "col": factor(column, levels=columns), "y": y}
    )
    group = {"nb": [f"nb{i + 1}" for i in range(q)], "xb": [f"xb{i + 1}" for i in range(q)]}
    weights = [pd.DataFrame(m.toarray(), columns=group[k]) for k, m in (("nb", near), ("xb", other))]
    arguments = {
        "fixed": "y ~ 1",
        "random": f"~ str(~ geno + grp(nb), ~ us(2):id({q})) + grp(xb) + ar1(row):ar1(col)",
        "group": group,
    }
    return Design(pd.concat([base, *weights], axis=1), arguments)
