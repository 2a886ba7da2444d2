r"""Structures that offer a factor, :math:`\Sigma = T T'`, so that a term can be written by independent unknowns.

With :math:`u = (T \otimes I)v` and :math:`\mathrm{var}(v) = I_r \otimes K` neither :math:`\Sigma^{-1}` nor
:math:`\log|\Sigma|` is needed: Σ may be singular (Thompson, R., Cullis, B., Smith, A., Gilmour, A. (2003), Aust. N. Z.
J. Stat. 45:445 give the joint form of effects and scores; here both are functions of v).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from pyasreml.variance.base import FloatArray, IntArray, NotFeasible, Structure

__all__ = ["FactorPoint", "Factored", "semidefinite_root"]

ROUNDING = 1e-9
"""A pivot below zero by less than this part of its diagonal entry is one of zero."""
SMALLEST = 1e-8
"""Smallest pivot root, as a part of the root of its diagonal entry, that a factor is given."""


@dataclass(frozen=True)
class FactorPoint:
    """T at one θ.

    Attributes
    ----------
    values : float array (t,)
        Entries of T, in the order of `Factored.factor_entries`.
    slopes : float array (p, t)
        Their derivatives by parameter.
    """

    values: FloatArray
    slopes: FloatArray


class Factored(Structure, ABC):
    """A structure with a factor T, float array (size, rank)."""

    rank: int
    """Columns of T."""
    factors: int = 0
    """Common factors, the last columns of T; their unknowns are shown as factor scores."""
    singular: bool = False
    """True where Σ is singular at every θ: it has no inverse form."""

    @abstractmethod
    def factor_entries(self) -> tuple[IntArray, IntArray]:
        """Rows and columns of the entries of T that can differ from zero."""

    @abstractmethod
    def factor_at(self, theta: FloatArray) -> FactorPoint:
        """T and its derivatives; raises `NotFeasible`."""

    @abstractmethod
    def moves(self) -> tuple[IntArray, IntArray, IntArray]:
        r"""How a change of each parameter moves the levels, :math:`(\partial_i\Sigma \otimes K)h`, in sparse form.

        Returns
        -------
        level, parameter, source : int arrays (m,)
            The level moves by block `source` of :math:`(I \otimes K)h` where that is below the size; beyond it, by
            unknown r = source - size, which means that entry (level, r) of T is the parameter: then the unknowns move
            too.
        """

    @abstractmethod
    def slopes_times(self, theta: FloatArray, x: FloatArray) -> list[FloatArray]:
        r"""For each parameter :math:`(\partial_i\Sigma)\,x`, for x (k, m)."""

    def factor_matrix(self, theta: FloatArray) -> FloatArray:
        """T, dense (size, rank)."""
        out = np.zeros((self.size, self.rank))
        out[self.factor_entries()] = self.factor_at(theta).values
        return out

    def edge(self, theta: FloatArray) -> bool:
        """True where Σ is singular, or so near that its inverse form would lose the digits of the score."""
        return False


def semidefinite_root(sigma: FloatArray) -> FloatArray:
    """Lower Cholesky factor of a matrix that may be singular, pivots of zero replaced by `SMALLEST`.

    Raises
    ------
    NotFeasible
        If it has a negative root.
    """
    scale = np.sqrt(np.maximum(np.diagonal(sigma), 0.0))
    try:
        root = np.asarray(np.linalg.cholesky(sigma), np.float64)
        if (np.diagonal(root) >= SMALLEST * scale).all():
            return root
    except np.linalg.LinAlgError:
        pass
    k = sigma.shape[0]
    left, root = np.array(sigma, np.float64), np.zeros((k, k))
    for j in range(k):
        if not left[j, j] >= -ROUNDING * scale[j] ** 2 or not scale[j] > 0:
            raise NotFeasible("not positive definite")
        pivot = max(float(np.sqrt(max(left[j, j], 0.0))), SMALLEST * float(scale[j]))
        root[j, j] = pivot
        root[j + 1 :, j] = left[j + 1 :, j] / pivot
        if (np.abs(root[j + 1 :, j]) > 2 * scale[j + 1 :]).any():
            raise NotFeasible("not positive definite")
        left[j + 1 :, j + 1 :] -= np.outer(root[j + 1 :, j], root[j + 1 :, j])
    return root
