"""The models that are timed, on published or simulated data, and their mixed-model equations for other solvers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from pyasreml.demo.oats import oats


@dataclass(frozen=True)
class Problem:
    """One model to time.

    Parameters
    ----------
    name, about : str
        Name on the command line, and one line of text.
    frame : callable
        Makes the data.
    arguments : dict
        Of `pyasreml.asreml`.
    repeat : int
        Calls; the median counts.
    equations : callable, optional
        Coefficient matrix C of the mixed-model equations (sparse, symmetric) of the data, at parameters like the
        estimates: what one factorisation by another solver is timed on.
    """

    name: str
    about: str
    frame: Callable[[], pd.DataFrame]
    arguments: dict[str, Any]
    repeat: int = 1
    equations: Callable[[pd.DataFrame], sparse.csc_matrix] | None = None


def indicators(codes: np.ndarray, levels: int) -> sparse.csr_matrix:
    """Z (n x levels) of a factor given as integer codes."""
    n = len(codes)
    return sparse.csr_matrix((np.ones(n), (np.arange(n), codes)), shape=(n, levels))


def crossed(n: int = 20_000, first: int = 1_000, second: int = 400, seed: int = 5) -> pd.DataFrame:
    """Two crossed random factors met at random; variances 1, 0.5 and 2."""
    random = np.random.Generator(np.random.PCG64(seed))
    a, b = random.integers(0, first, n), random.integers(0, second, n)
    effects = random.normal(0.0, 1.0, first)[a] + random.normal(0.0, 0.5**0.5, second)[b]
    y = 3.0 + effects + random.normal(0.0, 2.0**0.5, n)
    return pd.DataFrame({"A": pd.Categorical(a.astype(str)), "B": pd.Categorical(b.astype(str)), "y": y})


def crossed_equations(frame: pd.DataFrame) -> sparse.csc_matrix:
    """C of the crossed model on the ratio scale."""
    parts = [sparse.csr_matrix(np.ones((len(frame), 1)))]
    parts += [indicators(frame[c].cat.codes.to_numpy(), frame[c].cat.categories.size) for c in ("A", "B")]
    W = sparse.hstack(parts, format="csr")
    penalty = np.concatenate([[0.0], np.full(parts[1].shape[1], 2.0), np.full(parts[2].shape[1], 4.0)])
    return sparse.csc_matrix(W.T @ W + sparse.diags(penalty))


def field(side: int, seed: int = 9) -> pd.DataFrame:
    """A square field: ``side**2 / 4`` genotypes four times each, AR1 x AR1 errors (0.6, 0.4)."""
    random = np.random.Generator(np.random.PCG64(seed))
    plots = side * side
    genotypes = plots // 4
    plan = random.permutation(np.repeat(np.arange(genotypes), 4))
    noise = random.standard_normal((side, side))
    for axis, rho in ((0, 0.6), (1, 0.4)):
        noise = np.moveaxis(noise, axis, 0)
        for i in range(1, side):
            noise[i] = rho * noise[i - 1] + (1 - rho**2) ** 0.5 * noise[i]
        noise = np.moveaxis(noise, 0, axis)
    y = 50.0 + random.normal(0.0, 0.7, genotypes)[plan] + noise.ravel()
    row, column = (np.asarray(codes, np.int64) for codes in np.divmod(np.arange(plots), side))
    levels = pd.Index([str(i + 1) for i in range(side)])
    return pd.DataFrame(
        {
            "Row": pd.Categorical.from_codes(row, categories=levels),
            "Column": pd.Categorical.from_codes(column, categories=levels),
            "Geno": pd.Categorical(np.char.add("G", plan.astype(str))),
            "yield": y,
        }
    )


def ar1_inverse(n: int, rho: float) -> sparse.csc_matrix:
    """Inverse of an AR1 correlation matrix: tridiagonal."""
    main: Any = np.full(n, 1 + rho**2)
    main[[0, -1]] = 1.0
    side: Any = np.full(n - 1, -rho)
    return sparse.csc_matrix(sparse.diags([side, main, side], [-1, 0, 1]) / (1 - rho**2))


def field_equations(frame: pd.DataFrame) -> sparse.csc_matrix:
    """C of the field model on the ratio scale."""
    side = frame["Row"].cat.categories.size
    Rinv = sparse.kron(ar1_inverse(side, 0.6), ar1_inverse(side, 0.4), format="csr")
    Z = indicators(frame["Geno"].cat.codes.to_numpy(), frame["Geno"].cat.categories.size)
    W = sparse.hstack([sparse.csr_matrix(np.ones((len(frame), 1))), Z], format="csr")
    penalty = np.concatenate([[0.0], np.full(Z.shape[1], 2.0)])
    return sparse.csc_matrix(W.T @ Rinv @ W + sparse.diags(penalty))


PROBLEMS: tuple[Problem, ...] = (
    Problem(
        "oats",
        "split-plot, 72 records: the whole call after import",
        oats,
        {"fixed": "yield ~ Variety*Nitrogen", "random": "~ Blocks/Wplots"},
        repeat=30,
    ),
    Problem(
        "crossed",
        "20,000 records, 1,000 x 400 crossed random effects",
        crossed,
        {"fixed": "y ~ 1", "random": "~ A + B"},
        repeat=3,
        equations=crossed_equations,
    ),
    Problem(
        "field30",
        "field of 30 x 30 plots, 225 genotypes, AR1 x AR1",
        lambda: field(30),
        {"fixed": "yield ~ 1", "random": "~ Geno", "residual": "~ ar1(Row):ar1(Column)"},
        repeat=3,
        equations=field_equations,
    ),
    Problem(
        "field100",
        "field of 100 x 100 plots, 2,500 genotypes, AR1 x AR1",
        lambda: field(100),
        {"fixed": "yield ~ 1", "random": "~ Geno", "residual": "~ ar1(Row):ar1(Column)"},
        equations=field_equations,
    ),
)
