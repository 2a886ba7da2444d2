"""Inverting relationship matrices, dense block by dense block, and the log-determinants of sparse inverses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.linalg import lapack
from scipy.sparse.csgraph import connected_components

from pyasreml.errors import ModelError
from pyasreml.linalg import NotPositiveDefinite, analyze, build_pattern

__all__ = ["Inverse", "check_symmetric", "inverted", "log_determinant", "lower"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Lower = tuple[IntArray, IntArray, FloatArray]

SYMMETRY = 1e-6
"""Largest difference of mirrored entries, relative to the largest diagonal entry."""
SINGULAR = 1e-10
"""Roots below this part of the largest are zero."""
NULL_VARIANCE = 1e-8
"""Variance, relative to the mean of the other roots, of directions in which a semi-definite matrix has none."""
NOISE = 1e-14
"""Entries of an inverse below this part of their diagonal entries are rounding error."""
SPARSE = 0.5
"""Share of non-zeros up to which a dense matrix is taken apart into blocks."""
ROWS = 256
"""Rows of a matrix that are compared with its columns at once."""


def check_symmetric(name: str, matrix: Any, names: Sequence[str]) -> None:
    """Raise `ModelError` for a matrix whose mirrored entries differ by more than rounding."""
    if not isinstance(matrix, np.ndarray):
        gap = abs(matrix - matrix.T).tocoo()
        scale = float(np.abs(matrix.diagonal()).max())
        worst = int(gap.data.argmax()) if gap.nnz else -1
        size = float(gap.data[worst]) if worst >= 0 else 0.0
        at = (int(gap.row[worst]), int(gap.col[worst])) if worst >= 0 else (0, 0)
    else:
        at, size = (0, 0), 0.0
        for start in range(0, matrix.shape[0], ROWS):  # by blocks: no second matrix of this size
            difference = np.abs(matrix[start : start + ROWS] - matrix[:, start : start + ROWS].T)
            flat = int(difference.argmax())
            i, j = flat // matrix.shape[1], flat % matrix.shape[1]
            if difference[i, j] > size:
                at, size = (start + i, j), float(difference[i, j])
        scale = float(np.abs(np.diagonal(matrix)).max())
    if size > SYMMETRY * scale:
        i, j = at
        raise ModelError(
            f"{name}: the matrix is not symmetric: {names[i]!r} with {names[j]!r} is {float(matrix[i, j]):.7g}, the "
            f"other way round {float(matrix[j, i]):.7g}"
        )


def lower(matrix: Any) -> Lower:
    """Rows, columns and values of the lower triangle, by rows; zeros off the diagonal left out."""
    if not isinstance(matrix, np.ndarray):
        part = sp.tril(matrix).tocoo()
        order = np.lexsort((part.col, part.row))
        row, col, value = part.row[order].astype(np.int64), part.col[order].astype(np.int64), part.data[order]
        keep = (value != 0) | (row == col)
        return row[keep], col[keep], np.asarray(value[keep], dtype=np.float64)
    row, col = np.tril_indices(matrix.shape[0])
    value = np.asarray(matrix[row, col], dtype=np.float64)
    keep = (value != 0) | (row == col)
    return row[keep].astype(np.int64), col[keep].astype(np.int64), value[keep]


def log_determinant(name: str, n: int, row: IntArray, col: IntArray, value: FloatArray, names: Sequence[str]) -> float:
    """log-determinant of a positive definite matrix from its lower triangle, by a sparse Cholesky factor.

    Raises
    ------
    ModelError
        If it is not positive definite.
    """
    pattern, where = build_pattern(n, row, col)
    numeric = analyze(pattern).numeric()
    numeric.set_entries(where, np.zeros(value.size, dtype=np.int32), value)
    numeric.assemble(np.ones(1))
    try:
        numeric.factor(1e-14)
    except NotPositiveDefinite as error:
        raise ModelError(
            f"{name}: the inverse is not positive definite (its Cholesky factor fails at {names[error.column]!r})"
        ) from None
    return float(numeric.logdet())


@dataclass(frozen=True, eq=False)
class Inverse:
    """Lower triangle of an inverse, by rows.

    Attributes
    ----------
    row, col : int array (m,)
    value : float array (m,)
    logdet : float
        Log of the absolute determinant of the matrix itself.
    negative : int
        Its negative roots.
    """

    row: IntArray
    col: IntArray
    value: FloatArray
    logdet: float
    negative: int = 0


def inverted(name: str, matrix: Any, names: Sequence[str], sing: str) -> Inverse:
    """The inverse of a relationship matrix.

    A matrix of independent families is inverted family by family. `sing` is what the matrix may be:
    ``PD`` positive definite, ``ND`` non-singular, ``PSD`` semi-definite, ``NSD`` anything.

    Raises
    ------
    ModelError
        A matrix that is not what it may be.

    Notes
    -----
    In directions in which a singular matrix has no variance it is given `NULL_VARIANCE` times the mean size of
    its other roots: effects obey its linear dependences to that accuracy, and the likelihood is that of the singular
    matrix.
    """
    n = matrix.shape[0]
    dense = isinstance(matrix, np.ndarray)
    if dense and np.count_nonzero(matrix) > SPARSE * n * n:
        value, logdet, negative = _invert_block(name, matrix, np.arange(n), names, sing)
        return Inverse(*lower(value), logdet, negative)
    whole = sp.csr_array(matrix)
    count, block = connected_components(whole, directed=False)
    order = np.argsort(block, kind="stable").astype(np.int64)
    edge = np.searchsorted(block[order], np.arange(count + 1))
    sizes = np.diff(edge)
    single = order[edge[:-1][sizes == 1]]
    variance = whole.diagonal()[single]
    if (variance <= 0).any():
        variance = _single_variances(name, variance, single, names, sing)
    parts: list[Lower] = [(single, single, 1 / variance)]
    logdet, negative = float(np.log(np.abs(variance)).sum()), int((variance < 0).sum())
    for k in np.flatnonzero(sizes > 1).tolist():
        mine = np.sort(order[edge[k] : edge[k + 1]])
        value, more, below = _invert_block(name, whole[mine][:, mine].toarray(), mine, names, sing)
        row, col, entry = lower(value)
        parts.append((mine[row], mine[col], entry))
        logdet, negative = logdet + more, negative + below
    row, col, value = (np.concatenate(pieces) for pieces in zip(*parts, strict=True))
    back = np.lexsort((col, row))
    return Inverse(row[back], col[back], value[back], logdet, negative)


def _single_variances(name: str, variance: FloatArray, single: IntArray, names: Sequence[str], sing: str) -> FloatArray:
    """Variances of individuals related to nobody, zeros replaced where the matrix may be singular."""
    forbidden = ((variance == 0) & (sing in ("PD", "ND"))) | ((variance < 0) & (sing in ("PD", "PSD")))
    if forbidden.any():
        first = int(np.flatnonzero(forbidden)[0])
        raise ModelError(
            f"{name}: {names[int(single[first])]!r} has the variance {variance[first]:g} in the relationship matrix"
        )
    usual = float(np.abs(variance[variance != 0]).mean()) if (variance != 0).any() else 1.0
    return np.where(variance != 0, variance, NULL_VARIANCE * usual)


def _invert_block(
    name: str, matrix: FloatArray, which: IntArray, names: Sequence[str], sing: str
) -> tuple[FloatArray, float, int]:
    """Inverse of one dense block, rounding error cleared away, log-determinant and negative roots of the block."""
    factor, failed = lapack.dpotrf(np.asfortranarray(matrix), lower=1)
    pivots = np.diagonal(factor) ** 2
    if failed == 0 and float((pivots / np.diagonal(matrix)).min()) > SINGULAR:
        logdet = 2 * float(np.log(np.diagonal(factor)).sum())
        value, _ = lapack.dpotri(factor, lower=1, overwrite_c=1)
        root = np.sqrt(np.diagonal(value))
        value[np.abs(value) <= NOISE * root[:, None] * root] = 0.0
        return value, logdet, 0
    roots, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    null = np.abs(roots) <= SINGULAR * float(np.abs(roots).max())
    negative = int(((roots < 0) & ~null).sum())
    where = (
        f"; it is the block of {names[int(which[0])]!r} and {which.size - 1} others" if which.size < len(names) else ""
    )
    if negative and sing in ("PD", "PSD"):
        raise ModelError(
            f"{name}: the relationship matrix has {negative} negative roots, the smallest {float(roots[0]):.4g}, the "
            f"largest {float(roots[-1]):.4g}{where}; blend it with a definite one, 0.95 K + 0.05 A, or allow it by "
            f'vm(…, singG = "{"NSD" if null.any() else "ND"}")'
        )
    if null.any() and sing in ("PD", "ND"):
        alike = _alike(matrix, which, names)
        raise ModelError(
            f"{name}: the relationship matrix is singular, {int(null.sum())} of {which.size} roots are zero"
            f'{where}{alike}; allow it by vm(…, singG = "{"NSD" if negative else "PSD"}"), or add a little to its '
            "diagonal"
        )
    usual = float(np.abs(roots[~null]).mean()) if not null.all() else 1.0
    roots = np.where(null, NULL_VARIANCE * usual, roots)
    return (vectors / roots) @ vectors.T, float(np.log(np.abs(roots)).sum()), negative


def _alike(matrix: FloatArray, which: IntArray, names: Sequence[str]) -> str:
    """Two rows that are the same, a usual cause of singularity."""
    order = np.lexsort(np.round(matrix[:, : min(8, matrix.shape[0])] / np.abs(matrix).max(), 8).T)
    rows = matrix[order]
    same = np.flatnonzero(np.abs(np.diff(rows, axis=0)).max(axis=1) <= 1e-8 * np.abs(matrix).max())
    if not same.size:
        return ""
    i, j = sorted((int(which[order[same[0]]]), int(which[order[same[0] + 1]])))
    return f" ({names[i]!r} and {names[j]!r} are alike)"
