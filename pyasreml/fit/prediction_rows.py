"""Design rows of predictions: for every term, the weighted mean of its design over the cells of the hypertable.

The hypertable itself, every cell of the classify and averaging sets, is never made: a term needs the margin of its
own variables only, and predictions that agree in these share their row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pyasreml.design import term_block
from pyasreml.fit.prediction_cells import Cells
from pyasreml.fit.prediction_sets import PredictTerm, Variable
from pyasreml.fit.prediction_splines import at_mean
from pyasreml.fit.prediction_weights import Averaging
from pyasreml.linalg import Csr
from pyasreml.mme.equations import take_rows

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def term_rows(
    term: PredictTerm, cells: Cells, averagings: Sequence[Averaging], variables: Mapping[str, Variable]
) -> Csr:
    """Rows (predictions, effects of the term), aliased effects included."""
    mine = [a for a in averagings if set(a.variables) & set(term.variables)]
    keys, of_prediction = _distinct(term, cells, mine)
    row, weight, columns = _margin(term, cells, mine, keys)
    codings = [
        at_mean(c, variables[c.variables[0]].points) if c.variables and c.variables[0] in cells.at_mean else c
        for c in term.codings
    ]
    block = term_block(codings, columns, row.size)
    per_row = np.diff(block.indptr)
    edges = np.searchsorted(row, np.arange(keys.size + 1))
    margin = Csr(
        keys.size, block.n_cols, block.indptr[edges], block.indices, block.data * np.repeat(weight, per_row)
    )
    rows = take_rows(margin, of_prediction)
    scale = np.ones(cells.size)
    for averaging in averagings:
        if averaging not in mine:
            scale *= averaging.totals()
    if not np.allclose(scale, 1.0, rtol=0, atol=1e-14):
        data = rows.data * np.repeat(scale, np.diff(rows.indptr))
        rows = Csr(rows.n_rows, rows.n_cols, rows.indptr, rows.indices, data)
    return rows


def _distinct(term: PredictTerm, cells: Cells, mine: Sequence[Averaging]) -> tuple[IntArray, IntArray]:
    """One prediction for each distinct combination of what the term sees of it, and that of each prediction."""
    seen = [cells.values[v].astype(np.float64) for v in term.variables if v in cells.values]
    seen += [a.group.astype(np.float64) for a in mine if a.start.size > 2 or (a.group < 0).any()]
    if not seen:
        return np.zeros(1, dtype=np.int64), np.zeros(cells.size, dtype=np.int64)
    _, first, inverse = np.unique(np.stack(seen, axis=1), axis=0, return_index=True, return_inverse=True)
    return first.astype(np.int64), inverse.ravel().astype(np.int64)


def _margin(
    term: PredictTerm, cells: Cells, mine: Sequence[Averaging], keys: IntArray
) -> tuple[IntArray, FloatArray, dict[str, npt.NDArray[Any]]]:
    """Cells of the term's margin: which key, weight, and the values of the term's variables."""
    row = np.arange(keys.size)
    weight = np.ones(keys.size)
    columns: dict[str, npt.NDArray[Any]] = {v: cells.values[v][keys] for v in term.variables if v in cells.values}
    for averaging in mine:
        start, codes, weights = _project(averaging, term.variables)
        group = averaging.group[keys[row]]
        count = np.where(group < 0, 0, np.diff(start)[group])
        first = start[np.maximum(group, 0)]
        offset = np.concatenate([[0], np.cumsum(count)])
        total = int(offset[-1])
        cell = np.repeat(first - offset[:-1], count) + np.arange(total)
        row, weight = np.repeat(row, count), np.repeat(weight, count) * weights[cell]
        columns = {name: np.repeat(values, count) for name, values in columns.items()}
        columns.update((name, values[cell]) for name, values in codes.items())
    for name in term.variables:
        if name not in columns:
            columns[name] = np.full(row.size, cells.held[name] if name in cells.held else cells.at_mean[name])
    return row, weight, columns


def _project(averaging: Averaging, variables: Sequence[str]) -> tuple[IntArray, Mapping[str, IntArray], FloatArray]:
    """The margin of an averaging for some of its variables: starts of groups, codes, weights."""
    kept = [v for v in averaging.variables if v in variables]
    if len(kept) == len(averaging.variables):
        return averaging.start, averaging.codes, averaging.weight
    groups = averaging.start.size - 1
    group = np.repeat(np.arange(groups), np.diff(averaging.start))
    table, inverse = np.unique(
        np.stack([group, *(averaging.codes[v] for v in kept)], axis=1), axis=0, return_inverse=True
    )
    weight = np.bincount(inverse.ravel(), weights=averaging.weight, minlength=table.shape[0]).astype(np.float64)
    start = np.searchsorted(table[:, 0], np.arange(groups + 1)).astype(np.int64)
    return start, {v: table[:, k + 1] for k, v in enumerate(kept)}, weight


def join_columns(parts: Sequence[tuple[Csr, IntArray]], n_rows: int, n_cols: int) -> Csr:
    """Blocks of rows put at columns of one matrix.

    Parameters
    ----------
    parts : sequence of (Csr, int array)
        Each block with the column that each of its columns becomes, -1 for columns that are dropped.
    """
    rows, columns, values = [], [], []
    for block, where in parts:
        at = where[block.indices]
        stay = (at >= 0) & (block.data != 0)
        rows.append(np.repeat(np.arange(n_rows), np.diff(block.indptr))[stay])
        columns.append(at[stay])
        values.append(block.data[stay])
    if not rows:
        return Csr(n_rows, n_cols, np.zeros(n_rows + 1, np.int64), np.zeros(0, np.int32), np.zeros(0))
    row = np.concatenate(rows)
    order = np.argsort(row, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n_rows))])
    return Csr(n_rows, n_cols, indptr, np.concatenate(columns)[order].astype(np.int32), np.concatenate(values)[order])


def dense_columns(rows: Csr, start: int, stop: int) -> FloatArray:
    """Rows start … stop as the columns of a dense array (n_cols, stop - start)."""
    lo, hi = rows.indptr[start], rows.indptr[stop]
    count = stop - start
    column = np.repeat(np.arange(count), np.diff(rows.indptr[start : stop + 1]))
    place = rows.indices[lo:hi].astype(np.int64) * count + column
    out = np.bincount(place, weights=rows.data[lo:hi], minlength=rows.n_cols * count).astype(np.float64, copy=False)
    return out.reshape(rows.n_cols, count)
