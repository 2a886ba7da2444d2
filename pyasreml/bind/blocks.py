"""Sparse rows of codings: row-wise direct products, and blocks side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pyasreml.bind.coding import Coding, Columns, Single, csr_from_single
from pyasreml.linalg import Csr

__all__ = ["side_by_side", "term_block"]


def term_block(codings: Sequence[Coding], columns: Columns, n: int) -> Csr:
    """Row-wise direct product of codings, (n, product of widths), the last coding's columns fastest.

    Parameters
    ----------
    codings : sequence of Coding
    columns : mapping of str to array (n,)
        Codes of factors and values of covariates: of a frame, or of new cells.
    n : int
        Number of rows.

    Examples
    --------
    >>> import numpy as np
    >>> from pyasreml.bind.coding import FactorCoding
    >>> a, b = FactorCoding("a", ("a",), ("1", "2")), FactorCoding("b", ("b",), ("u", "v", "w"))
    >>> block = term_block((a, b), {"a": np.array([1, 0]), "b": np.array([2, -1])}, 2)
    >>> block.indices.tolist(), block.indptr.tolist(), block.n_cols
    ([5], [0, 1, 1], 6)
    """
    pending: Single | None = None  # product of codings with one entry a row
    width = 1
    product: Csr | None = None
    for coding in codings:
        single = coding.single(columns, n)
        if single is not None:
            pending = single if pending is None else _multiply(pending, single, coding.width)
            width *= coding.width
            continue
        if pending is not None:
            product = _direct(product, csr_from_single(n, width, pending))
            pending, width = None, 1
        product = _direct(product, coding.block(columns, n))
    if pending is not None:
        product = _direct(product, csr_from_single(n, width, pending))
    assert product is not None
    return product


def _multiply(left: Single, right: Single, width: int) -> Single:
    """Direct product of two codings with one entry a row; `width` is the right one's."""
    (at, value), (at_right, value_right) = left, right
    if at is None:
        column = at_right
    elif at_right is None:
        column = at if width == 1 else np.where(at < 0, -1, at * width)
    else:
        column = np.where((at < 0) | (at_right < 0), -1, at * width + at_right)
    if value is None:
        return column, value_right
    return column, value if value_right is None else value * value_right


def _direct(left: Csr | None, right: Csr) -> Csr:
    """Row-wise direct product of two blocks."""
    if left is None:
        return right
    per_left, per_right = np.diff(left.indptr), np.diff(right.indptr)
    counts = per_left * per_right
    indptr = np.zeros(left.n_rows + 1, dtype=np.int64)
    np.cumsum(counts, out=indptr[1:])
    row = np.repeat(np.arange(left.n_rows), counts)
    inner = np.arange(len(row)) - indptr[row]
    i = left.indptr[row] + inner // np.maximum(per_right[row], 1)
    j = right.indptr[row] + inner % np.maximum(per_right[row], 1)
    indices = (left.indices[i].astype(np.int64) * right.n_cols + right.indices[j]).astype(np.int32)
    return Csr(left.n_rows, left.n_cols * right.n_cols, indptr, indices, left.data[i] * right.data[j])


def side_by_side(blocks: Sequence[Csr], n: int) -> Csr:
    """Blocks of n rows joined into one, columns in the order given."""
    if len(blocks) == 1:
        return blocks[0]
    indptr = np.zeros(n + 1, dtype=np.int64)
    for block in blocks:
        indptr += block.indptr
    indices = np.empty(int(indptr[-1]), dtype=np.int32)
    data = np.empty(int(indptr[-1]))
    start = indptr[:-1].copy()
    offset = 0
    for block in blocks:
        counts = block.indptr[1:] - block.indptr[:-1]
        if len(block.indices) == n and (counts == 1).all():
            place = start.copy()
        else:
            place = np.arange(len(block.indices)) + np.repeat(start - block.indptr[:-1], counts)
        indices[place] = block.indices + offset
        data[place] = block.data
        start += counts
        offset += block.n_cols
    return Csr.unchecked(n, offset, indptr, indices, data)
