"""Which columns of a design are dropped because they depend on those already taken."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _linalg
from .ordering import choose
from .pattern import build_pattern
from .sparse import Csr, gram

__all__ = ["aliased"]

DENSE_LIMIT = 4000
"""Columns up to which X'X is swept as a dense matrix."""
NULL_TOL = 1e-6
"""Elements of a null vector (largest one 1) that count as zero."""


def aliased(x: Csr | ArrayLike, order: ArrayLike | None = None, tol: float = 1e-8) -> NDArray[np.bool_]:
    """Columns that depend on those taken before them.

    Columns are taken in `order`; one whose part outside the span of those already taken has a squared norm of at
    most `tol` of its own is dropped. An empty column is always dropped. Up to 4,000 columns X'X is swept in order;
    above, a sparse factor in a fill-reducing order gives the null space, whose bottom-up echelon form has its pivots
    in the same columns.

    Parameters
    ----------
    x : Csr or (p, p) array
        The design X (n, p), or X'X.
    order : (p,) array of int, optional
        Sequence in which columns are taken; by default from the first to the last.
    tol : float, optional
        Relative tolerance.

    Returns
    -------
    (p,) bool array
        True for dropped columns, in the columns' own numbering.

    Raises
    ------
    ValueError
        Where `order` is no permutation or X'X is not square.

    Examples
    --------
    >>> aliased([[2.0, 1.0, 1.0], [1.0, 1.0, 0.0], [1.0, 0.0, 1.0]]).tolist()
    [False, False, True]
    >>> aliased([[2.0, 1.0, 1.0], [1.0, 1.0, 0.0], [1.0, 0.0, 1.0]], order=[0, 2, 1]).tolist()
    [False, True, False]
    """
    if isinstance(x, Csr):
        p = x.n_cols
    else:
        xx = np.asarray(x, dtype=np.float64)
        if xx.ndim != 2 or xx.shape[0] != xx.shape[1]:
            raise ValueError(f"X'X must be square, not {xx.shape}; give a design as Csr")
        p = len(xx)
    taken = np.arange(p) if order is None else np.asarray(order, dtype=np.int64)
    if taken.shape != (p,) or not np.array_equal(np.sort(taken), np.arange(p)):
        raise ValueError(f"order must be a permutation of 0 .. {p - 1}")
    out = np.zeros(p, dtype=bool)
    if not isinstance(x, Csr):
        out[taken] = _sweep(xx[np.ix_(taken, taken)], tol)
    elif p <= DENSE_LIMIT:
        position = np.empty(p, dtype=np.int64)
        position[taken] = np.arange(p)
        rows, cols, vals = gram(x)
        i, j = position[rows], position[cols]
        dense = np.zeros((p, p), order="F")
        dense[np.maximum(i, j), np.minimum(i, j)] = vals
        out[taken] = _sweep(dense, tol)
    else:
        out[taken] = _by_null_space(x, taken, tol)
    return out


def _sweep(xx: NDArray[np.float64], tol: float) -> NDArray[np.bool_]:
    panel = np.asfortranarray(xx)
    if panel is xx or np.shares_memory(panel, xx):
        panel = xx.copy(order="F")
    return _linalg.sweep(panel, np.maximum(tol * panel.diagonal(), 0.0))


def _by_null_space(x: Csr, taken: NDArray[np.int64], tol: float) -> NDArray[np.bool_]:
    p = x.n_cols
    rows, cols, vals = gram(x)
    scale = np.zeros(p)
    scale[rows[rows == cols]] = np.sqrt(np.maximum(vals[rows == cols], 0.0))
    empty = scale == 0
    unit = np.where(empty, 1.0, scale)
    pattern, where = build_pattern(p, rows, cols)
    choice = choose(pattern)
    analysis = _linalg.Analysis(pattern.indptr, pattern.indices, choice.perm, 0, choice.name)
    num = analysis.numeric()
    scaled = vals / (unit[rows] * unit[cols])
    num.set_entries(where, np.zeros(len(where), dtype=np.int32), scaled)
    num.assemble(np.ones(1))
    dropped = num.factor_singular(tol)
    dependent = np.flatnonzero(dropped & ~empty)
    r = len(dependent)
    if r:
        # X'X of all columns with the dependent ones, as right-hand sides
        number = np.full(p, -1)
        number[dependent] = np.arange(r)
        right = np.zeros((p, r))
        off = rows != cols
        for i, j, v in ((rows, cols, scaled), (cols[off], rows[off], scaled[off])):
            use = number[j] >= 0
            right[i[use], number[j[use]]] = v[use]
        right[dropped] = 0
        null_space = -num.solve_kept(right, dropped)
        del right
        null_space[dependent, np.arange(r)] = 1.0
        null_space /= np.abs(null_space).max(axis=0)
        found = _linalg.echelon(np.ascontiguousarray(null_space[taken]), NULL_TOL)
    else:
        found = np.zeros(p, dtype=bool)
    return found | empty[taken]
