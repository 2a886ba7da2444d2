r"""Quadratic forms in the inverse of C: variances of fixed effects, sequential sums of squares, hat values.

With C at one θ, :math:`(C^{-1})_{XX} = (X'V^{-1}X)^{-1}`, and the sum of squares of a term adjusted for those above
it is the squared length of its part of :math:`L^{-1}X'V^{-1}y`, :math:`LL' = X'V^{-1}X` in formula order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from pyasreml.fit.engine import Engine
from pyasreml.linalg import Csr
from pyasreml.mme.equations import take_rows

if TYPE_CHECKING:
    from pyasreml.fit.core import Asreml

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

BLOCK = 256
"""Right-hand sides solved at once."""


def fixed_inverse(engine: Engine, theta: FloatArray) -> FloatArray:
    """(X'V⁻¹X)⁻¹ of the kept fixed and sparse columns (divided by sigma2 on the gamma scale), float array (p, p)."""
    state, p, size = engine.at(theta), engine.equations.p, engine.equations.N
    out = np.empty((p, p))
    for at in range(0, p, BLOCK):
        columns = np.arange(at, min(at + BLOCK, p))
        unit = np.zeros((size, columns.size))
        unit[columns, np.arange(columns.size)] = 1.0
        out[:, columns] = state.numeric.solve(unit)[:p]
    return 0.5 * (out + out.T)


def row_variances(engine: Engine, rows: IntArray) -> FloatArray:
    """w_i'C⁻¹w_i for rows of [X Z] at the θ last evaluated, float array (rows.size,)."""
    eq = engine.equations
    assert engine._state is not None
    numeric = engine._state[2].numeric
    out = np.empty(rows.size)
    for at in range(0, rows.size, BLOCK):
        block = take_rows(eq.W, rows[at : at + BLOCK])
        dense = np.zeros((eq.N, block.n_rows))
        row_of = np.repeat(np.arange(block.n_rows), np.diff(block.indptr))
        inside = block.indices < eq.offsets[-1]
        dense[block.indices[inside], row_of[inside]] = block.data[inside]
        forward = numeric.forward(dense)
        out[at : at + BLOCK] = np.real(np.einsum("ij,ij->j", forward, forward))
    return out


def hat_values(fit: Asreml) -> FloatArray:
    """σ² w_i'C⁻¹w_i for every row, NaN where y is missing: the prediction variance of the fitted values."""
    engine = fit.engine
    eq = engine.equations
    engine.at(fit.estimates.point.theta, derivatives=True)
    assert engine._state is not None
    numeric = engine._state[2].numeric
    rows = np.flatnonzero(eq.observed)
    block = take_rows(eq.W, rows)
    # all pairs of entries of a row lie on C's pattern
    first, second, row_of = _pairs(block)
    values = numeric.inverse_at(block.indices[first], block.indices[second])
    twice = np.where(first != second, 2.0, 1.0)
    out = np.full(eq.n, np.nan)
    out[rows] = fit.sigma2 * np.bincount(
        row_of, weights=twice * block.data[first] * block.data[second] * values, minlength=rows.size
    )
    return out


def _pairs(block: Csr) -> tuple[IntArray, IntArray, IntArray]:
    """Every unordered pair of entries within a row (an entry with itself too): positions, and the row."""
    counts = np.diff(block.indptr)
    entry_row = np.repeat(np.arange(block.n_rows), counts)
    position = np.arange(block.indices.size)
    rest = block.indptr[entry_row + 1] - position
    first = np.repeat(position, rest)
    start = np.repeat(np.concatenate([[0], np.cumsum(rest)[:-1]]), rest)
    second = first + (np.arange(first.size) - start)
    return first, second, entry_row[first]


def sequential_squares(fit: Asreml) -> tuple[list[str], FloatArray]:
    """Sums of squares of the fixed terms, each adjusted for those above it."""
    engine = fit.engine
    theta = fit.estimates.point.theta
    inverse = fixed_inverse(engine, theta)
    tau = fit.estimates.point.solution[: engine.equations.p]
    return _labels(engine), sequential(inverse, tau, _ranks(engine))


def sequential(inverse: FloatArray, tau: FloatArray, ranks: list[int]) -> FloatArray:
    """Sums of squares by block from the estimates and their variance matrix, blocks in order.

    The last block given all others is a quadratic form in a corner of the inverse; going up, each block is
    adjusted by the ones before it only, which is a Cholesky factor taken from the bottom.
    """
    out = np.zeros(len(ranks))
    if not tau.size:
        return out
    # inverse = U U' with U upper triangular; U^-1 tau gives independent pieces, the last adjusted for all above
    flipped = np.linalg.cholesky(inverse[::-1, ::-1])
    pieces = np.linalg.solve(flipped, tau[::-1])[::-1]
    edges = np.concatenate([[0], np.cumsum(ranks)])
    for i in range(len(ranks)):
        out[i] = float(np.square(pieces[edges[i] : edges[i + 1]]).sum())
    return out


def _labels(engine: Engine) -> list[str]:
    return [t.label for t in (*engine.bound.fixed, *engine.bound.sparse)]


def _ranks(engine: Engine) -> list[int]:
    return [t.rank for t in engine.design.fixed_terms]


def aov_table(fit: Asreml) -> pd.DataFrame:
    """Degrees of freedom and incremental F of the fixed terms; other columns as before a Wald request."""
    count = len(fit.engine.bound.fixed)
    ranks = np.array(_ranks(fit.engine)[:count], float)
    squares = fit.yssqu.to_numpy()[:count]
    scale = fit.sigma2
    with np.errstate(divide="ignore", invalid="ignore"):
        f = np.where(ranks > 0, squares / scale / ranks, np.nan)
    zero = np.zeros(count)
    columns = {
        "id": np.arange(1.0, count + 1),
        "df": ranks,
        "denDF": np.full(count, np.nan),
        "Finc": f,
        "Fcon": zero,
        "M": zero,
        "Fprob": zero,
    }
    return pd.DataFrame(columns, index=pd.Index(_labels(fit.engine)[:count]))


def fixed_variance(fit: Asreml) -> pd.DataFrame:
    """Variances of the fixed effects, all levels, zero rows for aliased ones; divided by sigma2 with ``gammaPar``."""
    engine = fit.engine
    inverse = fixed_inverse(engine, fit.estimates.point.theta) * (1.0 if fit.options.gammaPar else fit.sigma2)
    kept = np.concatenate([t.kept for t in engine.design.fixed_terms[: len(engine.bound.fixed)]])
    rank = int(kept.sum())
    out = np.zeros((kept.size, kept.size))
    out[np.ix_(kept, kept)] = inverse[:rank, :rank]
    names = fit.coefficients.fixed.index
    return pd.DataFrame(out, index=names, columns=names)
