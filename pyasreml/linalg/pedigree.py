"""Pedigrees by animal numbers: order, inbreeding, the inverse of the relationship matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._pedigree import inverse, order, variances
from .sparse import Csr

__all__ = ["Variances", "parents_first", "relationship_inverse", "relationship_variances"]

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Variances:
    """What a pedigree says of each animal.

    Attributes
    ----------
    total : (n,) float array
        The diagonal of A.
    own : (n,) float array
        Variance of what an animal does not have from its parents.
    bad : int
        First animal for which that is not positive, the others after it not being computed; -1 for none.
    """

    total: Floats
    own: Floats
    bad: int


def parents_first(first: Ints, second: Ints) -> tuple[Ints, list[int]]:
    """An order with parents before progeny, the given order being kept where it can.

    Parameters
    ----------
    first, second : (n,) int array
        Parents by number, -1 where unknown.

    Returns
    -------
    order : (n,) int array
    loop : list of int
        Animals of which each is a parent of the next and the last of the first; empty where there are none. With a
        loop `order` means nothing.

    Examples
    --------
    >>> by_age, loop = parents_first(np.array([2, -1, 1]), np.array([-1, -1, -1]))
    >>> by_age.tolist(), loop
    ([1, 2, 0], [])
    """
    return order(_ints(first), _ints(second))


def relationship_variances(
    first: Ints,
    second: Ints,
    weights: tuple[Floats, Floats],
    base: Floats,
    outbred: Floats,
    pair: float = 0.5,
    selfing: float = 0.0,
) -> Variances:
    r"""Variances of all animals, inbreeding included (Meuwissen and Luo 1992).

    An animal is :math:`u_i = w_{1i} u_{first} + w_{2i} u_{second} + m_i`. Its inbreeding after the cross is `pair`
    times the relationship of its parents, or `selfing` times half the variance of the only parent known;
    :math:`a_{ii} = b_i (2 - (1 - F_i) h_i)`.

    Parameters
    ----------
    first, second : (n,) int array
        Parents, -1 where unknown; all are smaller than the animal's own number.
    weights : two (n,) float arrays
        Shares of the parents.
    base : (n,) float array
        b, variance of an animal that is not inbred.
    outbred : (n,) float array
        h, what generations of selfing after the cross leave of 1 - F.
    """
    w1, w2 = (np.ascontiguousarray(w, dtype=np.float64) for w in weights)
    found = variances(
        _ints(first),
        _ints(second),
        w1,
        w2,
        np.ascontiguousarray(base, dtype=np.float64),
        np.ascontiguousarray(outbred, dtype=np.float64),
        pair,
        selfing,
    )
    return Variances(*found)


def relationship_inverse(first: Ints, second: Ints, weights: tuple[Floats, Floats], own: Floats) -> Csr:
    """Lower triangle of A⁻¹ by rows, columns ascending (Henderson 1976; Quaas 1976, 1988).

    Parameters
    ----------
    first, second, weights
        As in `relationship_variances`.
    own : (n,) float array
        Variances of the animals' own parts; 0 for genetic groups, which add nothing.
    """
    w1, w2 = (np.ascontiguousarray(w, dtype=np.float64) for w in weights)
    indptr, columns, values = inverse(_ints(first), _ints(second), w1, w2, np.ascontiguousarray(own, dtype=np.float64))
    return Csr(len(own), len(own), indptr, columns, values)


def _ints(values: Ints) -> Ints:
    return np.ascontiguousarray(values, dtype=np.int32)
