"""A matrix by rows with the few products that the mixed-model equations need."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _linalg

__all__ = ["Csr", "gram", "gram_parts", "quadratic_forms"]

_Arrays = tuple[int, NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]


class Csr:
    """Sparse matrix by rows (CSR).

    Parameters
    ----------
    n_rows, n_cols : int
        Shape.
    indptr : (n_rows + 1,) array of int
        Where each row starts.
    indices : (nnz,) array of int
        Columns; any order within a row, duplicates add up.
    data : (nnz,) array of float
        Values.

    Raises
    ------
    ValueError
        Where the three arrays do not make a matrix of that shape.

    Examples
    --------
    >>> a = Csr(2, 3, [0, 2, 3], [0, 2, 1], [1.0, 2.0, 3.0])
    >>> a.dot([1.0, 1.0, 1.0]).tolist(), a.tdot([1.0, 1.0]).tolist()
    ([3.0, 3.0], [1.0, 3.0, 2.0])
    """

    __slots__ = ("__dict__", "data", "indices", "indptr", "n_cols", "n_rows")

    def __init__(self, n_rows: int, n_cols: int, indptr: ArrayLike, indices: ArrayLike, data: ArrayLike):
        self.n_rows = int(n_rows)
        self.n_cols = int(n_cols)
        self.indptr: NDArray[np.int64] = np.ascontiguousarray(indptr, dtype=np.int64)
        self.indices: NDArray[np.int32] = np.ascontiguousarray(indices, dtype=np.int32)
        self.data: NDArray[np.float64] = np.ascontiguousarray(data, dtype=np.float64)
        nnz = len(self.data)
        if self.indptr.shape != (self.n_rows + 1,) or self.indptr[0] != 0 or self.indptr[-1] != nnz:
            raise ValueError(f"indptr must run from 0 to {nnz} in {self.n_rows + 1} steps")
        if np.any(np.diff(self.indptr) < 0):
            raise ValueError("indptr must not fall")
        if len(self.indices) != nnz:
            raise ValueError(f"{len(self.indices)} indices for {nnz} values")
        if nnz and (self.indices.min() < 0 or self.indices.max() >= self.n_cols):
            raise ValueError(f"column indices must lie in [0, {self.n_cols})")

    @classmethod
    def unchecked(
        cls,
        n_rows: int,
        n_cols: int,
        indptr: NDArray[np.int64],
        indices: NDArray[np.int32],
        data: NDArray[np.float64],
    ) -> Csr:
        """The same of contiguous arrays that are known to make such a matrix."""
        new = object.__new__(cls)
        new.n_rows, new.n_cols, new.indptr, new.indices, new.data = n_rows, n_cols, indptr, indices, data
        return new

    def with_values(self, data: NDArray[np.float64]) -> Csr:
        """A matrix of the same pattern, unchecked, with other values, a float64 array (nnz,)."""
        return Csr.unchecked(self.n_rows, self.n_cols, self.indptr, self.indices, data)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.n_rows, self.n_cols

    @property
    def nnz(self) -> int:
        """Stored values."""
        return len(self.data)

    def __repr__(self) -> str:
        return f"Csr({self.n_rows}, {self.n_cols}, nnz={self.nnz})"

    @property
    def _arrays(self) -> _Arrays:
        return self.n_cols, self.indptr, self.indices, self.data

    def dot(self, b: ArrayLike) -> NDArray[np.float64]:
        """A b for b of shape (n_cols,) or (n_cols, m)."""
        x, m = _right_side(b, self.n_cols)
        out = np.zeros((self.n_rows, *x.shape[1:]))
        _linalg.csr_dot(*self._arrays, x.reshape(-1), m, out.reshape(-1))
        return out

    def tdot(self, b: ArrayLike) -> NDArray[np.float64]:
        """A' b for b of shape (n_rows,) or (n_rows, m)."""
        x, m = _right_side(b, self.n_rows)
        out = np.zeros((self.n_cols, *x.shape[1:]))
        _linalg.csr_tdot(*self._arrays, x.reshape(-1), m, out.reshape(-1))
        return out

    def symmetric_dot(self, b: ArrayLike) -> NDArray[np.float64]:
        """A b for b of shape (n_cols,) or (n_cols, m), where this is the lower triangle of a symmetric A."""
        x, m = _right_side(b, self.n_cols)
        out = np.zeros(x.shape)
        _linalg.csr_symmetric(*self._arrays, x.reshape(-1), m, out.reshape(-1))
        return out

    @cached_property
    def _transposed(self) -> Csr:
        return Csr.unchecked(self.n_cols, self.n_rows, *_linalg.csr_transpose(*self._arrays))

    def transpose(self) -> Csr:
        """The transpose, its rows sorted; made once."""
        return self._transposed

    def toarray(self) -> NDArray[np.float64]:
        """The dense matrix, for small ones and tests."""
        out = np.zeros(self.shape)
        np.add.at(out, (np.repeat(np.arange(self.n_rows), np.diff(self.indptr)), self.indices), self.data)
        return out


def _right_side(b: ArrayLike, rows: int) -> tuple[NDArray[np.float64], int]:
    x = np.ascontiguousarray(b, dtype=np.float64)
    if x.ndim not in (1, 2) or x.shape[0] != rows:
        raise ValueError(f"an operand of shape ({rows},) or ({rows}, m) is needed, not {x.shape}")
    return x, 1 if x.ndim == 1 else x.shape[1]


def gram(
    w: Csr, m: Csr | None = None, weights: ArrayLike | None = None
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """Lower triangle of W' M W, or of W' diag(weights) W.

    Parameters
    ----------
    w : Csr
        (n, q).
    m : Csr, optional
        (n, n), symmetric and stored in full; the identity if left out.
    weights : (n,) array of float, optional
        Diagonal in place of `m`.

    Returns
    -------
    rows, cols : (k,) int32 arrays
        Unique positions with ``rows >= cols``, by rows.
    vals : (k,) float64 array
        Their values; a position that cancels to zero stays.

    Raises
    ------
    ValueError
        For shapes that do not fit, or `m` together with `weights`.
    """
    if m is not None and weights is not None:
        raise ValueError("give m or weights, not both")
    if m is not None and m.shape != (w.n_rows, w.n_rows):
        raise ValueError(f"m must be {w.n_rows} x {w.n_rows}, not {m.shape}")
    d = None
    if weights is not None:
        d = np.ascontiguousarray(weights, dtype=np.float64)
        if d.shape != (w.n_rows,):
            raise ValueError(f"weights must have shape ({w.n_rows},), not {d.shape}")
    return _linalg.gram(w._arrays, w.transpose()._arrays, None if m is None else m._arrays, d)


def gram_parts(
    w: Csr, row: ArrayLike, col: ArrayLike, part: ArrayLike, value: ArrayLike, parts: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """Lower triangles of W' M_k W for symmetric M_k, k < parts, each over the rows and columns it touches.

    Parameters
    ----------
    w : Csr
        (n, q).
    row, col, part : (m,) array of int
        Entries of the lower triangles of the M_k, and the k they belong to.
    value : (m,) array of float
    parts : int

    Returns
    -------
    rows, cols, part : (k,) int32 arrays
        Positions with ``rows >= cols``, unique within a part, by parts and rows.
    vals : (k,) float64 array

    Raises
    ------
    ValueError
        For entries outside W's rows or the parts.

    Examples
    --------
    >>> w = Csr(2, 1, [0, 1, 2], [0, 0], [1.0, 2.0])
    >>> [x.tolist() for x in gram_parts(w, [0, 1, 1], [0, 1, 0], [0, 0, 1], [1.0, 1.0, 1.0], 2)]
    [[0, 0], [0, 0], [0, 1], [5.0, 4.0]]
    """
    i, j, k = (np.ascontiguousarray(x, dtype=np.int32) for x in (row, col, part))
    v = np.ascontiguousarray(value, dtype=np.float64)
    if not i.shape == j.shape == k.shape == v.shape or i.ndim != 1:
        raise ValueError(f"row {i.shape}, col {j.shape}, part {k.shape} and value {v.shape} must be vectors alike")
    if i.size and (j.min() < 0 or (i < j).any() or i.max() >= w.n_rows or k.min() < 0 or k.max() >= parts):
        raise ValueError(f"entries must lie in the lower triangle of order {w.n_rows} and in parts [0, {parts})")
    return _linalg.gram_parts(w._arrays, i, j, k, v, parts)


def quadratic_forms(
    row: ArrayLike, col: ArrayLike, part: ArrayLike, value: ArrayLike, x: ArrayLike, parts: int
) -> NDArray[np.float64]:
    """X' M_k x of symmetric M_k, k < parts.

    Parameters
    ----------
    row, col, part : (m,) array of int
        Entries of the lower triangles of the M_k, and the k they belong to. They are constants of a model and not
        checked: they must lie inside.
    value : (m,) array of float
    x : (n,) array of float
    parts : int

    Returns
    -------
    (parts,) float64 array

    Examples
    --------
    >>> quadratic_forms([0, 1, 1], [0, 1, 0], [0, 0, 1], [1.0, 1.0, 3.0], [1.0, 2.0], 2).tolist()
    [5.0, 12.0]
    """
    i, j, k = (np.ascontiguousarray(a, dtype=np.int64) for a in (row, col, part))
    v, y = (np.ascontiguousarray(a, dtype=np.float64) for a in (value, x))
    return _linalg.quadratic_forms(i, j, k, v, y, parts)
