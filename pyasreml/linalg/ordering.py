"""Elimination orders: which one is tried when, and how dense and forced columns are set aside."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _linalg
from .pattern import Pattern

__all__ = ["ORDERS", "Choice", "choose"]

ORDERS = ("auto", "natural", "amd", "metis")
Perm = NDArray[np.int32]

SMALL = 300
"""Up to this many equations the natural order is looked at first."""
SMALL_FLOPS = 1e5
"""Multiply-adds up to which a small system keeps its natural order."""
METIS_FLOPS = 5e7
METIS_FLOPS_EACH = 3000.0
"""Multiply-adds of the cheapest order so far, in all and an equation, from which METIS is tried as well: below, making
the order costs more than it can save."""
METIS_SECONDS = (4e-6, 3e-7)
"""Time that METIS takes for an equation and for a neighbour of one, about."""
FACTOR_RATE = 4e10
"""Multiply-adds a second of a factorization, about: METIS may take as long as two of them …"""
METIS_PATIENCE = 0.1
"""… or so many seconds."""
GEOMETRIC_FLOPS = 1e6
"""Multiply-adds of the minimum-degree order from which coordinates are asked for."""
DENSE = (10.0, 3.0)
"""A row with more than this many times sqrt(n) neighbours is set aside and ordered last: in a system of up to …"""
DENSE_FROM = 20_000
"""… so many equations, and in a larger one, where such rows cost more time than they can save: contemporary groups of
half a million animals make a minimum-degree order thirty times as slow, with the same fill."""
HUB = 10.0
"""A row with more than this many times the mean number of neighbours is a hub, the level of a fixed effect with all its
genotypes: minimum degree visits it at nearly every pivot …"""
HUBS = 64
"""… so that up to this many are ordered last, where that leaves a cheap factorization."""


Coordinates = ArrayLike | Callable[[], NDArray[np.float64] | None]


class Choice(NamedTuple):
    """An order and what L costs under it."""

    perm: Perm
    name: str
    last: int
    nnz: float
    flops: float


def choose(
    pattern: Pattern,
    order: str | ArrayLike = "auto",
    last: ArrayLike | None = None,
    coordinates: Coordinates | None = None,
) -> Choice:
    """Choose an elimination order.

    ``auto`` keeps the natural order of a small system (n <= 300) while that costs next to nothing; otherwise it takes
    minimum degree, a geometric dissection where coordinates are given, and above 5e7 multiply-adds (and 3,000 an
    equation) METIS too where pymetis is installed and takes no longer than two factorizations; the cheapest wins.

    Parameters
    ----------
    pattern : Pattern
        The matrix.
    order : {"auto", "natural", "amd", "metis"} or (n,) array of int
        A name, or the order itself: ``order[k]`` is the equation taken as pivot k.
    last : array of int, optional
        Equations that come last, in this order; they are treated as one dense block.
    coordinates : (n, d) array of float, or a function that makes it, optional
        Place of each equation in the field; NaN where it has none. A function is called only where the minimum-degree
        order costs more than 1e6 multiply-adds.

    Returns
    -------
    Choice
        With the fields `perm`, `name`, `last` (length of the block at the end), `nnz` and `flops`.

    Raises
    ------
    ValueError
        For an unknown name, an array that is no permutation, or coordinates of another length.
    ModuleNotFoundError
        For ``metis`` without pymetis.
    """
    n = pattern.n
    end = _last(n, last)
    x = None if callable(coordinates) else _coordinates(n, coordinates)
    if not isinstance(order, str):
        perm = np.ascontiguousarray(order, dtype=np.int32)
        if perm.shape != (n,) or not np.array_equal(np.sort(perm), np.arange(n)):
            raise ValueError(f"order must be a permutation of 0 .. {n - 1}")
        return _cost(pattern, _append(perm, end), "given", end)
    if order not in ORDERS:
        raise ValueError(f"unknown order {order!r}: use one of {', '.join(ORDERS)} or a permutation")
    if order == "natural":
        return _natural(pattern, end)
    if order == "amd":
        return _amd(pattern, end)
    if order == "metis":
        return _metis(pattern, end)
    if n <= SMALL:
        natural = _natural(pattern, end)
        if natural.flops <= SMALL_FLOPS:
            return natural
        amd = _amd(pattern, end)
        return amd if amd.flops < 0.7 * natural.flops else natural
    best = _hubs_last(pattern, end) or _amd(pattern, end)
    if callable(coordinates) and best.flops > GEOMETRIC_FLOPS:
        x = _coordinates(n, coordinates())
    if x is not None:
        geometric = _geometric(pattern, end, x)
        best = geometric if geometric.flops < best.flops else best
    if _worth_metis(pattern, best.flops) and _has_metis():
        metis = _metis(pattern, end)
        best = metis if metis.flops < best.flops else best
    return best


def _worth_metis(pattern: Pattern, flops: float) -> bool:
    """True where making the order costs no more than a few factorizations under the order at hand."""
    n = pattern.n
    seconds = METIS_SECONDS[0] * n + METIS_SECONDS[1] * 2 * (pattern.nnz - n)
    return flops > max(METIS_FLOPS, METIS_FLOPS_EACH * n) and seconds < max(METIS_PATIENCE, 2 * flops / FACTOR_RATE)


def _last(n: int, last: ArrayLike | None) -> Perm:
    if last is None:
        return np.empty(0, dtype=np.int32)
    end = np.ascontiguousarray(last, dtype=np.int32)
    if end.ndim != 1 or len(np.unique(end)) != len(end) or (len(end) and (end.min() < 0 or end.max() >= n)):
        raise ValueError(f"last must list distinct equations in 0 .. {n - 1}")
    return end


def _coordinates(n: int, coordinates: ArrayLike | None) -> NDArray[np.float64] | None:
    if coordinates is None:
        return None
    x = np.ascontiguousarray(coordinates, dtype=np.float64)
    if x.ndim != 2 or x.shape[0] != n or x.shape[1] == 0:
        raise ValueError(f"coordinates must have shape ({n}, d), not {x.shape}")
    return x


def _append(perm: Perm, end: Perm) -> Perm:
    if len(end) == 0:
        return perm
    free = np.ones(len(perm), dtype=bool)
    free[end] = False
    return np.ascontiguousarray(np.concatenate([perm[free[perm]], end]), dtype=np.int32)


def _cost(pattern: Pattern, perm: Perm, name: str, end: Perm) -> Choice:
    nnz, flops = _linalg.count(pattern.indptr, pattern.indices, perm, len(end))
    return Choice(perm, name, len(end), nnz, flops)


def _dense(n: int) -> float:
    return DENSE[n > DENSE_FROM]


def _natural(pattern: Pattern, end: Perm) -> Choice:
    return _cost(pattern, _append(np.arange(pattern.n, dtype=np.int32), end), "natural", end)


def _hubs_last(pattern: Pattern, end: Perm) -> Choice | None:
    """Minimum degree with the hubs behind the others, where there are some and no other order could save much."""
    degree = np.bincount(pattern.indices, minlength=pattern.n) + np.diff(pattern.indptr) - 2
    hub = degree > HUB * max(1.0, degree.mean())
    hub[end] = False
    hubs = np.flatnonzero(hub).astype(np.int32)
    if not 0 < len(hubs) <= HUBS:
        return None
    found = _amd(pattern, end, hubs)
    return found if found.flops < METIS_FLOPS_EACH * pattern.n else None


def _amd(pattern: Pattern, end: Perm, before: Perm | None = None) -> Choice:
    """Minimum degree; the equations `before` the end come directly before it."""
    stage = None
    forced = end if before is None else np.concatenate([before, end])
    if len(forced):
        stage = np.zeros(pattern.n, dtype=np.int32)
        stage[forced] = np.arange(1, len(forced) + 1)
    return _cost(pattern, _linalg.min_degree(pattern.indptr, pattern.indices, _dense(pattern.n), stage), "amd", end)


def _geometric(pattern: Pattern, end: Perm, x: NDArray[np.float64]) -> Choice:
    perm = _linalg.dissect(pattern.indptr, pattern.indices, x)
    return _cost(pattern, _append(perm, end), "geometric", end)


def _has_metis() -> bool:
    try:
        import pymetis  # noqa: F401
    except ImportError:
        return False
    return True


def _metis(pattern: Pattern, end: Perm) -> Choice:
    try:
        import pymetis
    except ImportError as error:
        raise ModuleNotFoundError('order="metis" needs pymetis: pip install pymetis') from error
    n = pattern.n
    degree = np.bincount(pattern.indices, minlength=n) + np.diff(pattern.indptr) - 2
    aside = degree > max(16.0, _dense(n) * np.sqrt(n))
    aside[end] = True
    kept = np.flatnonzero(~aside).astype(np.int32)
    number = np.full(n, -1, dtype=np.int32)
    number[kept] = np.arange(len(kept))
    indptr, neighbours = _linalg.adjacency(pattern.indptr, pattern.indices, number, len(kept))
    if len(neighbours) == 0 or len(neighbours) > np.iinfo(np.int32).max:
        return _amd(pattern, end)  # nothing to cut, or more than METIS can index
    inner, _ = pymetis.nested_dissection(pymetis.CSRAdjacency(indptr, neighbours))
    perm = np.concatenate([kept[np.asarray(inner)], np.flatnonzero(aside)])
    return _cost(pattern, _append(perm.astype(np.int32), end), "metis", end)
