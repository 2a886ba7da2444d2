r"""Forms :math:`u'(\partial_i V^{-1})V(\partial_j V^{-1})u` without a vector of the product's size.

For :math:`V = \Sigma \otimes K` with K constant they are :math:`\mathrm{tr}(\Omega_i\Sigma\Omega_jM)` with
:math:`\Omega_i = \partial_i\Sigma^{-1}` and :math:`M = U K^{-1} U'`, U the vector by levels of Σ. The entries of M are
the quadratic forms :math:`s_m = u'B_mu` that the score takes.
"""

from __future__ import annotations

import numpy as np

from pyasreml.variance.base import Coefficients, FloatArray
from pyasreml.variance.product import Product

__all__ = ["Squares"]


class Squares:
    """The forms of one product.

    Parameters
    ----------
    product : Product

    Attributes
    ----------
    known : bool
        True where the forms follow from the s; else they take vectors.
    """

    def __init__(self, product: Product):
        self._single = product.basis_count == 1
        self._place: int | None = None
        self.known = self._single
        many = [j for j, f in enumerate(product.factors) if f.basis_count > 1 or f.parameters]
        if self._single or len(many) != 1:
            return
        rest = [f for j, f in enumerate(product.factors) if j != many[0]]
        if any(f.coefficients(np.zeros(0)).c[0] != 1 for f in rest):
            return
        structure = product.factors[many[0]]
        entries, k = structure.entries(), structure.size
        row, col = np.tril_indices(k) if not structure.diagonal else (np.arange(k),) * 2
        self.known = (
            np.array_equal(entries.row, row)
            and np.array_equal(entries.col, col)
            and np.array_equal(entries.basis, np.arange(row.size))
            and bool((entries.value == 1).all())
        )
        self._place, self._row, self._col, self._size = many[0], row, col, k
        self._structure, self._scale = structure, product.scale
        before = int(product.scale) + sum(len(f.parameters) for f in product.factors[: many[0]])
        self._own = slice(before, before + len(structure.parameters))

    def __call__(self, theta: FloatArray, point: Coefficients, s: FloatArray) -> FloatArray:
        """The forms, float array (p, p).

        Parameters
        ----------
        theta : float array (p,)
        point : Coefficients
            At `theta`.
        s : float array (b,)
            :math:`u'B_mu`.
        """
        if self._single:
            return np.outer(point.dc[:, 0], point.dc[:, 0]) * (s[0] / point.c[0])
        sigma = self._structure.matrix(theta[self._own]) * (theta[0] if self._scale else 1.0)
        if self._structure.diagonal:
            return np.asarray((point.dc * (s / point.c)) @ point.dc.T)
        omega = self._symmetric(point.dc)
        m = self._symmetric(np.where(self._row == self._col, s, 0.5 * s))
        left, right = omega @ sigma, omega @ m
        p = len(point.dc)
        return np.asarray(left.reshape(p, -1) @ right.transpose(0, 2, 1).reshape(p, -1).T)

    def _symmetric(self, triangle: FloatArray) -> FloatArray:
        out = np.zeros((*triangle.shape[:-1], self._size, self._size))
        out[..., self._row, self._col] = triangle
        out[..., self._col, self._row] = triangle
        return out
