"""Patterns of symmetric matrices, built once a model from the entries that will be added into them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _linalg

__all__ = ["Pattern", "build_pattern"]


@dataclass(frozen=True, eq=False)
class Pattern:
    """Lower triangle of a symmetric matrix by columns.

    Attributes
    ----------
    n : int
        Order of the matrix.
    indptr : (n + 1,) int64 array
        Where each column starts in `indices`.
    indices : (nnz,) int32 array
        Rows of a column, ascending; the diagonal is always there and comes first.
    """

    n: int
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]

    @property
    def nnz(self) -> int:
        """Entries of the lower triangle."""
        return len(self.indices)

    @property
    def columns(self) -> NDArray[np.int32]:
        """Column of every entry, beside `indices`."""
        return np.repeat(np.arange(self.n, dtype=np.int32), np.diff(self.indptr))


def build_pattern(n: int, rows: ArrayLike, cols: ArrayLike) -> tuple[Pattern, NDArray[np.int64]]:
    """Pattern of a symmetric matrix from entries of its lower triangle.

    Parameters
    ----------
    n : int
        Order of the matrix.
    rows, cols : (m,) array of int
        Entries with ``rows >= cols``, in any order; duplicates are merged.

    Returns
    -------
    pattern : Pattern
        The distinct entries and the whole diagonal.
    where : (m,) int64 array
        ``where[e]`` is the place of entry e in ``pattern.indices``.

    Raises
    ------
    ValueError
        For an entry above the diagonal or outside the matrix.

    Examples
    --------
    >>> pattern, where = build_pattern(3, [2, 1, 2], [0, 1, 0])
    >>> pattern.indices.tolist(), where.tolist()
    ([0, 2, 1, 2], [1, 2, 1])
    """
    i = np.ascontiguousarray(rows, dtype=np.int32)
    j = np.ascontiguousarray(cols, dtype=np.int32)
    if i.shape != j.shape or i.ndim != 1:
        raise ValueError(f"rows {i.shape} and cols {j.shape} must be vectors of one length")
    if n < 0:
        raise ValueError(f"a matrix of order {n} cannot be")
    built = _linalg.build_pattern(n, i, j)
    if isinstance(built, int):
        raise ValueError(f"entry {built} ({i[built]}, {j[built]}) is not in the lower triangle of order {n}")
    indptr, indices, where = built
    return Pattern(n, indptr, indices), where
