r"""Random terms with a dense known matrix: K⁻¹ stays one array and goes into C block by block.

The term's equations come last, as one dense front, with the rows of K fastest: there
:math:`G^{-1} = \sum_m c_m B_m \otimes K^{-1}` is a multiple of K⁻¹ in every block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pyasreml.variance.base import Entries
from pyasreml.variance.known import RotatedKnown, dense_matrix
from pyasreml.variance.product import Product

__all__ = ["DensePrior", "blocks_of", "dense_last", "dense_prior"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Block = tuple[FloatArray, int, IntArray, IntArray, IntArray, FloatArray]


class DensePrior:
    """The inverse variance of a random term, B(θ) ⊗ K⁻¹ but for the order of its effects.

    Parameters
    ----------
    product : Product
    place : int
        Which of its structures is K.

    Attributes
    ----------
    order : int
        Rows of K.
    positions : int array (size / order, order)
        Effects of the term by block and row of K.
    outer : Entries
        Lower triangles of the basis of B by blocks, sorted by block.
    """

    def __init__(self, product: Product, place: int):
        matrix = dense_matrix(product.factors[place])
        assert matrix is not None
        self.known = matrix
        self.order = len(matrix)
        before = int(np.prod([f.size for f in product.factors[:place]], dtype=np.int64))
        at = np.arange(product.size, dtype=np.int64).reshape(before, self.order, -1)
        self.positions: IntArray = at.transpose(0, 2, 1).reshape(-1, self.order)
        others = [f for j, f in enumerate(product.factors) if j != place]
        zero = np.zeros(1, np.int64)
        entries = Product(others, scale=False).entries() if others else Entries(zero, zero, zero, np.ones(1))
        by = np.lexsort((entries.basis, entries.col, entries.row))
        self.outer = Entries(entries.row[by], entries.col[by], entries.basis[by], entries.value[by])
        self.basis_count = product.basis_count

    def placeholders(self) -> Entries:
        """One zero a basis matrix, which names its coefficient in a list of entries."""
        none = np.zeros(self.basis_count, np.int64)
        return Entries(none, none, np.arange(self.basis_count, dtype=np.int64), np.zeros(self.basis_count))

    @cached_property
    def expanded(self) -> Entries:
        """Basis of B ⊗ I in the order of the term's effects."""
        outer, q = self.outer, self.order
        row, col = self.positions[outer.row].ravel(), self.positions[outer.col].ravel()
        return Entries(row, col, np.repeat(outer.basis, q), np.repeat(outer.value, q))

    def inverse_times(self, u: FloatArray) -> FloatArray:
        """(I ⊗ K⁻¹)u."""
        out = np.empty(u.size)
        out[self.positions] = u[self.positions] @ self.known.inverse
        return out

    def products(self, u: FloatArray) -> FloatArray:
        """u'(B_m ⊗ K⁻¹)u of every basis matrix, float array (basis_count,)."""
        blocks = u[self.positions]
        pairs = blocks @ self.known.inverse @ blocks.T
        row, col = self.outer.row, self.outer.col
        weights = np.where(row != col, 2.0, 1.0) * self.outer.value * pairs[row, col]
        return np.bincount(self.outer.basis, weights=weights, minlength=self.basis_count).astype(float, copy=False)


def dense_prior(product: Product) -> DensePrior | None:
    """The dense form of a term, by its largest dense known matrix; None where it has none."""
    places = [
        j
        for j, factor in enumerate(product.factors)
        if dense_matrix(factor) is not None and not isinstance(factor, RotatedKnown)
    ]
    return DensePrior(product, max(places, key=lambda j: product.factors[j].size)) if places else None


def dense_last(priors: Sequence[DensePrior | None], offsets: Sequence[int]) -> IntArray:
    """Unknowns of the dense terms in the order in which they are eliminated last."""
    parts = [p.positions.ravel() + at for p, at in zip(priors, offsets, strict=False) if p is not None]
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def blocks_of(
    priors: Sequence[DensePrior | None], first: int, coefficients: Sequence[int], number: IntArray | None
) -> list[Callable[[], Block]]:
    """What makes the arguments of `Numeric.add_block` of each dense term, K⁻¹ itself when it is asked for.

    Parameters
    ----------
    priors : sequence of DensePrior or None
    first : int
        Pivot at which the dense terms begin.
    coefficients : sequence of int
        First coefficient of each term.
    number : int array or None
        What stands for a coefficient where terms are whitened.
    """

    def made(prior: DensePrior, at: int, coef: IntArray) -> Callable[[], Block]:
        return lambda: (prior.known.inverse, at, prior.outer.row, prior.outer.col, coef, prior.outer.value)

    out = []
    for prior, start in zip(priors, coefficients, strict=False):
        if prior is not None:
            coef = prior.outer.basis + start
            out.append(made(prior, first, coef if number is None else number[coef]))
            first += prior.positions.size
    return out
