r"""Which predictions can be estimated.

A function k'τ of the fixed effects is estimable if k is in the row space of X. With the kept columns
:math:`X_1` and the aliased ones :math:`X_2 = X_1 D` this is :math:`k_2 = D'k_1`,
:math:`D'k_1 = X_2'X_1 (X_1'X_1)^{-1} k_1` (Searle 1971, Linear Models, 5.4).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyasreml.bind.bound import BoundModel
from pyasreml.design import Design, flat_columns, side_by_side, term_block
from pyasreml.fit.prediction_rows import dense_columns
from pyasreml.linalg import Csr, analyze, build_pattern, gram
from pyasreml.linalg.backends import Numeric
from pyasreml.mme.equations import take_rows

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

TOLERANCE = 1e-6
"""Relative to the largest element of k, columns of X scaled to length 1."""

BLOCK = 256
"""Predictions taken at once."""


def estimable_rows(bound: BoundModel, design: Design, rows: Csr, groups: Csr) -> BoolArray:
    """Whether the fixed part of each row is estimable.

    Genetic groups inside random terms belong to it where a prediction has both. One that ignores the random terms is
    judged by its fixed terms alone; one of random terms only is of the effects as they are reported.

    Parameters
    ----------
    bound : BoundModel
    design : Design
    rows : Csr (m, effects of the fixed and sparse terms, aliased ones included)
    groups : Csr (m, groups)
        The same for the fixed effects inside random terms (`design.flat`), by term.

    Returns
    -------
    bool array (m,)
    """
    kept = np.concatenate([term.kept for term in design.fixed_terms])
    n, observed = len(bound.frame), np.flatnonzero(~np.isnan(bound.y))
    blocks = [term_block(term.codings, bound.frame.arrays, n) for term in (*bound.fixed, *bound.sparse)]
    out = _in_row_space(take_rows(side_by_side(blocks, n), observed), kept, rows)
    mine = np.flatnonzero((np.diff(groups.indptr) > 0) & (np.diff(rows.indptr) > 0))
    if mine.size:
        found = [(z, flat) for z, flat in zip(design.Z, design.flat, strict=True) if flat is not None]
        full = side_by_side([*blocks, *(flat_columns(z, flat.space) for z, flat in found)], n)
        kept = np.concatenate([kept, *(flat.kept for _, flat in found)])
        both = side_by_side([take_rows(rows, mine), take_rows(groups, mine)], mine.size)
        out[mine] = _in_row_space(take_rows(full, observed), kept, both)
    return out


def _in_row_space(full: Csr, kept: BoolArray, rows: Csr) -> BoolArray:
    """Which rows are linear functions of those of `full`, bool array (m,)."""
    if kept.all() or rows.nnz == 0:
        return np.ones(rows.n_rows, dtype=bool)
    length = np.sqrt(np.bincount(full.indices, weights=full.data**2, minlength=full.n_cols))
    length[length == 0] = 1.0
    first, second = _scaled(full, length, kept), _scaled(full, length, ~kept)
    factor = _factor(first)
    out = np.ones(rows.n_rows, dtype=bool)
    for at in range(0, rows.n_rows, BLOCK):
        stop = min(at + BLOCK, rows.n_rows)
        k = dense_columns(rows, at, stop) / length[:, None]
        implied = second.tdot(first.dot(factor.solve(np.ascontiguousarray(k[kept]))))
        off = np.abs(k[~kept] - implied).max(axis=0)
        out[at:stop] = off <= TOLERANCE * np.abs(k).max(axis=0)
    return out


def _scaled(full: Csr, length: FloatArray, chosen: BoolArray) -> Csr:
    """The chosen columns, each divided by its length."""
    number = np.cumsum(chosen) - 1
    stay = chosen[full.indices]
    below = np.concatenate([[0], np.cumsum(stay)])
    at = full.indices[stay]
    return Csr(full.n_rows, int(chosen.sum()), below[full.indptr], number[at], full.data[stay] / length[at])


def _factor(x: Csr) -> Numeric:
    """The Cholesky factor of X'X."""
    row, col, value = gram(x)
    pattern, where = build_pattern(x.n_cols, row, col)
    numeric = analyze(pattern).numeric()
    numeric.set_entries(where, np.zeros(value.size, np.int32), value)
    numeric.assemble(np.ones(1))
    numeric.factor()
    return numeric
