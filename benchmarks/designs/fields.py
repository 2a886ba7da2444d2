"""Field trials on a rectangle with AR1 x AR1 errors."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy import sparse

from .design import (
    Design,
    FloatArray,
    ar1_inverse,
    ar1_noise,
    balanced,
    beside,
    coefficient_matrix,
    factor,
    generator,
    indicators,
    kron,
)

RHO = (0.6, 0.4)


def _frame(rows: int, columns: int, plan: np.ndarray, genotypes: int, y: FloatArray) -> pd.DataFrame:
    row, column = np.divmod(np.arange(rows * columns), columns)
    return pd.DataFrame(
        {
            "row": factor(row, levels=rows),
            "col": factor(column, levels=columns),
            "gid": factor(plan, "g", genotypes),
            "y": y,
        }
    )


def field(side: int, replicates: int = 5, units: bool = False, seed: int = 9) -> Design:
    """A square field of ``side**2 / replicates`` varieties, AR1(.6) x AR1(.4) errors of sd 1.

    With `units` white noise of sd 0.5 is added and the model has a term for it.
    """
    random = generator(seed)
    plots = side * side
    genotypes = plots // replicates
    plan = balanced(random, plots, genotypes)
    y = 50.0 + random.normal(0.0, 0.7, genotypes)[plan] + ar1_noise(random, side, side, RHO).ravel()
    if units:
        y = y + random.normal(0.0, 0.5, plots)
    arguments = {
        "fixed": "y ~ 1",
        "random": "~ gid + units" if units else "~ gid",
        "residual": "~ ar1(row):ar1(col)",
    }

    def equations() -> list[sparse.csc_matrix]:
        Z = indicators(plan, genotypes)
        one = np.ones((plots, 1))
        precision = kron(ar1_inverse(side, RHO[0]), ar1_inverse(side, RHO[1]))
        gain = sparse.identity(genotypes) / 0.49
        if not units:
            return [coefficient_matrix(beside(one, Z), [gain], precision)]
        # the field effect as a random term and the white noise as the residual, or the other way round
        W = beside(one, Z, sparse.identity(plots))
        field_random = coefficient_matrix(W, [gain / 4, precision / 4])
        noise_random = coefficient_matrix(W, [gain, 4.0 * sparse.identity(plots)], precision)
        return [field_random, noise_random]

    return Design(_frame(rows=side, columns=side, plan=plan, genotypes=genotypes, y=y), arguments, equations)


def field_of_the_grid(records: int, seed: int = 12) -> Design:
    """``ar1ar1`` of the grid: about √(n / 1.25) rows, genotypes four times each.

    Genotypes and field have sd 1; there is white noise of sd 0.5 besides, which the model leaves out.
    """
    random = generator(seed)
    rows = round(math.sqrt(records / 1.25))
    columns = math.ceil(records / rows)
    plots, genotypes = rows * columns, records // 4
    plan = balanced(random, plots, genotypes)
    y = 20.0 + random.normal(0.0, 1.0, genotypes)[plan] + ar1_noise(random, rows, columns, RHO).ravel()
    y = y + random.normal(0.0, 0.5, plots)
    arguments = {"fixed": "y ~ 1", "random": "~ gid", "residual": "~ ar1(row):ar1(col)"}

    def equations() -> list[sparse.csc_matrix]:
        W = beside(np.ones((plots, 1)), indicators(plan, genotypes))
        precision = kron(ar1_inverse(rows, RHO[0]), ar1_inverse(columns, RHO[1]))
        return [coefficient_matrix(W, [sparse.identity(genotypes)], precision / 1.25)]

    return Design(_frame(rows, columns, plan, genotypes, y), arguments, equations)
