r"""The residual side of the equations: :math:`R^{-1}` as a sparse matrix whose values are refreshed per θ.

:math:`R^{-1} = \bigoplus_s \sum_m c_{sm}(\theta) M_{sm}`, one block a section. A section whose structures are all
diagonal drops its records without response; any other keeps its full grid, and each missing record gets
a column in W (see `pyasreml.mme.equations`), which makes the likelihood
that of the observed records (Gilmour, Cullis & Verbyla 1997, J. Agric. Biol. Environ. Stat. 2:269).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pyasreml.linalg import Csr, quadratic_forms
from pyasreml.variance.base import Coefficients
from pyasreml.variance.product import Product

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Residual:
    """R⁻¹ of a whole model.

    Parameters
    ----------
    rows : sequence of int arrays
        Rows of each section in grid order.
    products : sequence of Product
    observed : bool array (n,)
    weights : float array (n,) or None
        Relative weights w: var(e_i) is proportional to 1/w_i.

    Attributes
    ----------
    offsets : tuple of int
        First coefficient of each section; one more than sections, the last is the total.
    kept : bool array (n,)
        Rows that take part.
    missing : int array
        Rows kept without a response.
    grids : tuple of int array
        All rows of each section.
    diagonal : bool
        True where the whole of R is diagonal.
    """

    def __init__(
        self,
        rows: Sequence[IntArray],
        products: Sequence[Product],
        observed: npt.NDArray[np.bool_],
        weights: FloatArray | None,
    ):
        self.n = observed.size
        self.products = tuple(products)
        self.offsets = tuple(np.concatenate([[0], np.cumsum([p.basis_count for p in products])]).tolist())
        self.diagonal = all(p.diagonal for p in products)
        self.grids = tuple(rows)
        kept = np.zeros(self.n, bool)
        row, col, coef, value, log_weight = [], [], [], [], []
        bounds = [0]
        for at, product, offset in zip(rows, self.products, self.offsets, strict=False):
            entries = product.entries()
            r, c = at[entries.row], at[entries.col]
            use = observed[r] if product.diagonal else np.ones(r.size, bool)
            r, c = r[use], c[use]
            v = entries.value[use]
            if weights is not None:
                v = v * np.sqrt(weights[r] * weights[c])
            taken = at[observed[at]] if product.diagonal else at
            kept[taken] = True
            log_weight.append(float(np.log(weights[taken]).sum()) if weights is not None else 0.0)
            bounds.append(bounds[-1] + r.size)
            row.append(np.maximum(r, c))
            col.append(np.minimum(r, c))
            coef.append(entries.basis[use] + offset)
            value.append(v)
        self.kept = kept
        self.missing = np.flatnonzero(kept & ~observed)
        self.row = np.concatenate(row)
        self.col = np.concatenate(col)
        self.coef = np.concatenate(coef)
        self.value = np.concatenate(value)
        self._log_weight = log_weight
        # records by coefficient, of the sections that are diagonal
        self._counts = [
            np.bincount(self.coef[a:b] - lo, minlength=hi - lo)
            for a, b, lo, hi in zip(bounds[:-1], bounds[1:], self.offsets[:-1], self.offsets[1:], strict=True)
        ]
        if self.diagonal:
            # by record, zero where it takes no part
            self._coef_at, self._value_at = np.zeros(self.n, np.int64), np.zeros(self.n)
            self._coef_at[self.row], self._value_at[self.row] = self.coef, self.value
        else:
            self._prepare_pattern()

    def _prepare_pattern(self) -> None:
        off = self.row != self.col
        full_row = np.concatenate([self.row, self.col[off]])
        full_col = np.concatenate([self.col, self.row[off]])
        key = full_row * self.n + full_col
        unique, self._where = np.unique(key, return_inverse=True)
        indptr = np.zeros(self.n + 1, np.int64)
        np.cumsum(np.bincount(unique // self.n, minlength=self.n), out=indptr[1:])
        indices = (unique % self.n).astype(np.int32)
        self._pattern = Csr(self.n, self.n, indptr, indices, np.zeros(indices.size))
        self._full_coef = np.concatenate([self.coef, self.coef[off]])
        self._full_value = np.concatenate([self.value, self.value[off]])

    def operator(self, c: FloatArray) -> ResidualOperator:
        """R⁻¹ at coefficients c."""
        if self.diagonal:
            return ResidualOperator(self._value_at * c[self._coef_at], None)
        values = np.bincount(self._where, weights=self._full_value * c[self._full_coef], minlength=self._pattern.nnz)
        return ResidualOperator(None, self._pattern.with_values(values.astype(np.float64, copy=False)))

    def logdet(self, section: int, point: Coefficients) -> tuple[float, FloatArray]:
        """log|R_s| over the rows that take part, and its derivatives."""
        product = self.products[section]
        log_weight = self._log_weight[section]
        if not product.diagonal:
            return point.logdet - log_weight, point.dlogdet
        count = self._counts[section]
        if count.size == 1:  # one of many sections, often
            many, only = int(count[0]), float(point.c[0])
            if not many:
                return -log_weight, np.zeros(point.dlogdet.size)
            return -many * float(np.log(only)) - log_weight, point.dc[:, 0] * (-many / only)
        used = count > 0
        c = point.c[used]
        logdet = -float((count[used] * np.log(c)).sum()) - log_weight
        dlogdet = -(point.dc[:, used] * (count[used] / c)).sum(axis=1)
        return logdet, dlogdet

    def products_of(self, e: FloatArray, count: int) -> FloatArray:
        """s_m = e'M_m e, float array (count,)."""
        return quadratic_forms(self.row, self.col, self.coef, self.value, e, count)

    def working(self, section: int, theta: FloatArray, e: FloatArray, weights: FloatArray | None) -> FloatArray:
        r"""Columns :math:`\dot R_i R^{-1} e` of one section, float array (n, p)."""
        product = self.products[section]
        rows = self.grids[section]
        out = np.zeros((self.n, product.parameter_count), order="F")
        x = e[rows] if weights is None else e[rows] * np.sqrt(weights[rows])
        q = product.working(theta, x)
        out[rows] = q if weights is None else q / np.sqrt(weights[rows])[:, None]
        return out


class ResidualOperator:
    """R⁻¹ at one θ; `dot` multiplies vectors (n,) and blocks (n, m)."""

    def __init__(self, diagonal: FloatArray | None, matrix: Csr | None):
        self.values = diagonal
        self.matrix = matrix

    def dot(self, x: FloatArray) -> FloatArray:
        """R⁻¹ x."""
        if self.values is not None:
            return self.values * x if x.ndim == 1 else self.values[:, None] * x
        assert self.matrix is not None
        return self.matrix.dot(x)
