"""Where equations lie in a field, for the dissection by rows and columns (`pyasreml.linalg.ordering`).

The effects of a term with a sparse inverse on a grid (``ar1(row):ar1(col)``) lie on that grid; so does any effect all
of whose records are neighbours in the grid of a residual section: a plot's, that of a missing response. Fields are set
apart so that they are cut apart first (George 1973, SIAM J. Numer. Anal. 10:345).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyasreml.linalg import Csr
from pyasreml.variance.product import Product

__all__ = ["Places", "grid_places"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

NARROW, WIDEST = 4, 16
"""A factor of a product is an axis of a grid where its inverse's bandwidth is below its size divided by the first and
no more than the second."""
NEAR = 2.0
"""Records at most so far apart along every axis count as one place."""
APART = 1e3
"""Distance between fields, in units of a plot."""


def grid_places(product: Product) -> FloatArray | None:
    """Coordinates of the positions of a product, float array (size, axes); None without a sparse correlated axis."""
    if product.diagonal:
        return None
    axes, correlated = [], False
    for k, factor in enumerate(product.factors):
        entries = factor.entries()
        band = int((entries.row - entries.col).max()) if entries.row.size else 0
        if factor.size > 1 and band * NARROW < factor.size and band <= WIDEST:
            axes.append(k)
            correlated |= band > 0
    if not correlated:
        return None
    index = np.unravel_index(np.arange(product.size), [f.size for f in product.factors])
    return np.column_stack([index[k] for k in axes]).astype(float)


class Places:
    """Collects coordinates of equations.

    Parameters
    ----------
    W : Csr (n, N)
        All columns.
    """

    def __init__(self, W: Csr):
        self._w = W
        self._next = 0.0
        self._found: list[tuple[IntArray, FloatArray]] = []

    def add_section(self, rows: IntArray, product: Product) -> None:
        """A residual section with its rows in grid order: places for columns whose records are neighbours in it."""
        grid = grid_places(product)
        if grid is None:
            return
        w = self._w
        at = np.full(w.n_rows, -1, np.int64)
        at[rows] = np.arange(rows.size)
        record = np.repeat(at, np.diff(w.indptr))
        inside = record >= 0
        column, record = w.indices[inside], record[inside]
        low, high = np.full((w.n_cols, grid.shape[1]), np.inf), np.full((w.n_cols, grid.shape[1]), -np.inf)
        for axis in range(grid.shape[1]):
            x = grid[record, axis]
            np.minimum.at(low[:, axis], column, x)
            np.maximum.at(high[:, axis], column, x)
        touched = np.bincount(w.indices, minlength=w.n_cols)
        whole = (np.bincount(column, minlength=w.n_cols) == touched) & (touched > 0)
        near = np.flatnonzero(whole & ((high - low).max(axis=1, initial=0.0) <= NEAR))
        self._put(near, 0.5 * (low[near] + high[near]), grid)

    def add_term(self, first: int, product: Product) -> None:
        """A random term whose effects are the equations from `first` on."""
        grid = grid_places(product)
        if grid is not None:
            self._put(first + np.arange(product.size), grid, grid)

    def _put(self, equations: IntArray, x: FloatArray, grid: FloatArray) -> None:
        if equations.size:
            x = x.copy()
            x[:, 0] += self._next
            self._found.append((equations, x))
        self._next += float(grid[:, 0].max()) + APART

    def coordinates(self) -> FloatArray | None:
        """Coordinates of all equations, NaN where an equation has none; float array (N, axes), or None."""
        if not self._found:
            return None
        axes = max(x.shape[1] for _, x in self._found)
        out = np.full((self._w.n_cols, axes), np.nan)
        for equations, x in self._found:
            out[equations] = 0.0
            out[equations, : x.shape[1]] = x
        return out
