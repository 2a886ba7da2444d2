"""What a benchmark is made of: seeded data, the arguments of `pyasreml.asreml`, the equations for other solvers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.signal import lfilter

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Sparse = sparse.csc_matrix


@dataclass(frozen=True)
class Design:
    """Data and a model on them.

    Parameters
    ----------
    frame : DataFrame
    arguments : dict
        Of `pyasreml.asreml`, ``data`` left out; ``known`` holds relationship matrices.
    equations : callable, optional
        Coefficient matrices (sparse, symmetric, both triangles) of the mixed-model equations at parameters like the
        estimates, one for each form that a program may solve: what one factorisation of CHOLMOD is timed on.
    dense : int
        Order of the dense relationship matrix that the model holds, 0 without one.
    pedigree : DataFrame, optional
        Individual, sire and dam, for programs that read pedigrees.
    """

    frame: pd.DataFrame
    arguments: Mapping[str, Any]
    equations: Callable[[], Sequence[Sparse]] | None = None
    dense: int = 0
    pedigree: pd.DataFrame | None = None


@dataclass(frozen=True)
class Case:
    """One benchmark at several sizes.

    Parameters
    ----------
    name, about : str
        Name on the command line, and one line of text.
    make : callable
        Makes the `Design` of a size.
    sizes : dict
        Arguments of `make` by the name of the size, from small to full.
    peers : dict
        Programs of `benchmarks.peers` that fit the same model, and the largest size each is asked for.
    quoted : dict
        CPU seconds that a program took elsewhere, by program and size: told, not measured in the run.
    repeat : int
        Fits at every size; the fastest counts.
    published : dict
        Seconds of asreml 4.2.0.480 from its start to its end on four cores, by size.
    """

    name: str
    about: str
    make: Callable[..., Design]
    sizes: Mapping[str, Mapping[str, Any]]
    peers: Mapping[str, str] = field(default_factory=dict)
    quoted: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    repeat: int = 1
    published: Mapping[str, float] = field(default_factory=dict)


def generator(seed: int) -> np.random.Generator:
    """The generator of all simulated data: one algorithm, named, so that a seed means the same data everywhere."""
    return np.random.Generator(np.random.PCG64(seed))


def factor(codes: npt.ArrayLike, prefix: str = "", levels: int | None = None) -> Any:
    """A factor of integer codes from 0, its levels named by prefix and number from 1."""
    values = np.asarray(codes, np.int64)
    count = int(values.max()) + 1 if levels is None else levels
    return pd.Categorical.from_codes(values, categories=pd.Index([f"{prefix}{i + 1}" for i in range(count)]))


def indicators(codes: npt.ArrayLike, levels: int) -> sparse.csr_matrix:
    """Z (n x levels) of a factor given as integer codes."""
    values = np.asarray(codes, np.int64)
    n = values.size
    return sparse.csr_matrix((np.ones(n), values, np.arange(n + 1)), shape=(n, levels))


def beside(*parts: Any) -> Any:
    """Matrices side by side, as compressed rows."""
    return sparse.hstack([sparse.csr_matrix(part) for part in parts], format="csr")


def kron(first: Any, second: Any) -> Any:
    """Kronecker product of two matrices, as compressed rows."""
    return sparse.kron(sparse.csr_matrix(first), sparse.csr_matrix(second), format="csr")


def balanced(random: np.random.Generator, n: int, levels: int) -> IntArray:
    """Codes of n plots to which `levels` treatments are assigned at random, each as often as the next."""
    return random.permutation(np.arange(n, dtype=np.int64) % levels)


def ar1_noise(random: np.random.Generator, rows: int, columns: int, rho: tuple[float, float]) -> FloatArray:
    """A stationary AR1 x AR1 field of unit variance, float array (rows, columns)."""
    noise: Any = random.standard_normal((rows, columns))
    for axis, r in enumerate(rho):
        scaled = noise * (1 - r**2) ** 0.5
        first: list[slice] = [slice(None), slice(None)]
        first[axis] = slice(0, 1)
        scaled[tuple(first)] = noise[tuple(first)]
        noise = lfilter([1.0], [1.0, -r], scaled, axis=axis)
    return np.asarray(noise)


def ar1_inverse(n: int, rho: float) -> Sparse:
    """Inverse of an AR1 correlation matrix: tridiagonal."""
    main: Any = np.full(n, 1 + rho**2)
    main[[0, -1]] = 1.0
    side: Any = np.full(n - 1, -rho)
    return sparse.csc_matrix(sparse.diags([side, main, side], [-1, 0, 1]) / (1 - rho**2))


def coefficient_matrix(W: Any, priors: Sequence[Any], residual: Any = None) -> Sparse:
    """C = W'R⁻¹W + the priors' inverses, the fixed effects before the random ones.

    Parameters
    ----------
    W : sparse matrix (n, p + q)
    priors : sequence of sparse matrices
        G⁻¹ of each random term, in the order of W's last q columns.
    residual : sparse matrix (n, n), optional
        R⁻¹, the identity if left out.
    """
    prior = sparse.block_diag(list(priors), format="csc")
    fixed = W.shape[1] - prior.shape[0]
    whole = sparse.block_diag([sparse.csc_matrix((fixed, fixed)), prior], format="csc")
    information = W.T @ W if residual is None else W.T @ residual @ W
    return sparse.csc_matrix(information + whole)


def positive_definite(random: np.random.Generator, order: int) -> FloatArray:
    """A random covariance matrix (order x order) with a diagonal near 1 and correlations of all signs."""
    factors = random.standard_normal((order, order + 2))
    product = factors @ factors.T / (order + 2)
    return np.asarray(product + 0.2 * np.eye(order))
