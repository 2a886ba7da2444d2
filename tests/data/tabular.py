"""Dense relationship matrices by the tabular method, rules written out as individuals: what A⁻¹ is tested with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]


@dataclass
class Random:
    """A random pedigree by numbers, -1 unknown, parents first."""

    first: list[int]
    second: list[int]


def random_pedigree(rng: np.random.Generator, n: int, unknown: float = 0.2, selfed: float = 0.1) -> Random:
    """Inbred by small numbers; some selfed, some with unknown parents."""
    first, second = [], []
    for i in range(n):
        one, two = (-1 if i == 0 or rng.random() < unknown else int(rng.integers(i)) for _ in range(2))
        if one >= 0 and rng.random() < selfed:
            two = one
        first.append(one)
        second.append(two)
    return Random(first, second)


def tabular(first: list[int], second: list[int], base: FloatArray | None = None) -> FloatArray:
    """A; `base` are the variances of founders (1 + F)."""
    n = len(first)
    a = np.zeros((n, n))
    for i, (p, q) in enumerate(zip(first, second, strict=True)):
        for parent in (p, q):
            if parent >= 0:
                a[i, :i] += 0.5 * a[parent, :i]
        a[:i, i] = a[i, :i]
        a[i, i] = 1.0 + (0.5 * a[p, q] if p >= 0 and q >= 0 else 0.0)
        if p < 0 and q < 0 and base is not None:
            a[i, i] = base[i]
    return a


def frame(ped: Random, **columns: object) -> pd.DataFrame:
    """The table that `ainverse` takes: names ``i0`` …, 0 for unknown."""
    names = [f"i{k}" for k in range(len(ped.first))]
    parents = [[names[p] if p >= 0 else "0" for p in side] for side in (ped.first, ped.second)]
    return pd.DataFrame({"id": names, "male": parents[0], "female": parents[1], **columns})


def dense(table: pd.DataFrame) -> FloatArray:
    """All of a symmetric matrix from the three columns of its lower triangle."""
    n = len(table.attrs["rowNames"])
    row, col = table["Row"].to_numpy() - 1, table["Column"].to_numpy() - 1
    out = np.zeros((n, n))
    out[row, col] = out[col, row] = table["Ainverse"].to_numpy()
    return out
