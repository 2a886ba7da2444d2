"""What is kept of a known relationship matrix: the lower triangle of a sparse inverse, or a dense matrix as it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.linalg import lapack

from pyasreml.data.groups import group_space
from pyasreml.data.inversion import NOISE, NULL_VARIANCE, SINGULAR, SPARSE, lower
from pyasreml.linalg.band import mirrored

__all__ = ["DenseKnown", "Known", "dense_inverse", "dense_relationship"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

LEAST = 64
"""Order from which a matrix with a dense inverse is kept dense."""
PROBES = 8
"""Columns of the inverse that are looked at: a dense matrix, such as that of a pedigree, may have a sparse inverse."""


@dataclass(frozen=True, eq=False)
class Known:
    """The inverse of a known matrix K, by the lower triangle of its entries.

    Attributes
    ----------
    names : tuple of str
        Of the rows.
    row, col : int array (m,)
        ``row >= col``, from 0.
    value : float array (m,)
    logdet : float
        Log of the absolute determinant of K.
    negative : int
        Negative roots of K.
    groups : int
        The first so many rows are genetic groups, fixed effects within u* = Qg + u: the inverse is singular and K, its
        log-determinant too, is that of the rows after them (`pyasreml.data.groups`).
    """

    names: tuple[str, ...]
    row: IntArray
    col: IntArray
    value: FloatArray
    logdet: float
    negative: int = 0
    groups: int = 0

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def place(self) -> dict[str, int]:
        """Row number by name."""
        return {name: i for i, name in enumerate(self.names)}

    @cached_property
    def group_space(self) -> sp.csc_array:
        """Shares of the groups in every row, sparse (n, groups): what the inverse maps to zero."""
        return group_space(len(self), self.groups, self.row, self.col, self.value)


class DenseKnown(Known):
    """A known matrix with a dense inverse.

    One of K and its inverse is given; the other is made where it is asked for and then kept, and so is
    the list of entries that the dense forms have no use for.

    Parameters
    ----------
    names : tuple of str
    logdet : float
    relationship, inverse : float array (n, n), optional
        Symmetric.
    negative : int

    Attributes
    ----------
    given : float array (n, n) or None
        K, where that is what was given.
    decompositions : dict
        What models with this matrix have found and may use again.
    """

    def __init__(
        self,
        names: tuple[str, ...],
        logdet: float,
        *,
        relationship: FloatArray | None = None,
        inverse: FloatArray | None = None,
        negative: int = 0,
    ):
        self.__dict__.update(names=names, logdet=logdet, negative=negative, given=relationship, decompositions={})
        if relationship is not None:
            self.__dict__["relationship"] = relationship
        if inverse is not None:
            self.__dict__["inverse"] = inverse

    given: FloatArray | None
    decompositions: dict[Any, Any]

    def __getstate__(self) -> dict[str, Any]:
        kept = ("names", "logdet", "negative", "given", "inverse" if self.given is None else "relationship")
        return {**{name: self.__dict__[name] for name in kept}, "decompositions": {}}

    @cached_property
    def inverse(self) -> FloatArray:
        """K⁻¹, both triangles."""
        return _inverted(self.__dict__.pop("root", None), self.relationship)

    @cached_property
    def relationship(self) -> FloatArray:
        """K, both triangles."""
        return _inverted(None, self.inverse) if not self.negative else np.asarray(np.linalg.inv(self.inverse))

    @cached_property
    def root(self) -> FloatArray:
        """U in K = U'U, upper triangular by columns; what else is made from K uses it up."""
        return np.asarray(lapack.dpotrf(self.relationship.T, lower=0, clean=1)[0])

    @cached_property
    def _lower(self) -> tuple[IntArray, IntArray, FloatArray]:
        return lower(self.inverse)

    @property
    def row(self) -> IntArray:
        """Rows of the inverse's lower triangle."""
        return self._lower[0]

    @property
    def col(self) -> IntArray:
        """Its columns."""
        return self._lower[1]

    @property
    def value(self) -> FloatArray:
        """Its values."""
        return self._lower[2]


def _inverted(root: FloatArray | None, matrix: FloatArray) -> FloatArray:
    """Inverse of a positive definite matrix, (n, n); its root, where it is there, is overwritten."""
    factor = lapack.dpotrf(matrix.T, lower=0, clean=0)[0] if root is None else root
    value, _ = lapack.dpotri(factor, lower=0, overwrite_c=1)
    return mirrored(value.T)


def _as_dense(matrix: Any) -> FloatArray | None:
    """The matrix as an array where most of it is there, however it was given; None for a small or sparse one."""
    n = matrix.shape[0]
    sparse = not isinstance(matrix, np.ndarray)
    if n < LEAST or (matrix.nnz if sparse else np.count_nonzero(matrix)) <= SPARSE * n * n:
        return None
    return np.asarray(matrix.toarray() if sparse else matrix)


def dense_relationship(given: Any, names: tuple[str, ...], sing: str) -> DenseKnown | None:
    """A dense K whose inverse is dense, definite or, where `sing` allows it, semi-definite; None for any other."""
    matrix = _as_dense(given)
    if matrix is None:
        return None
    n = matrix.shape[0]
    factor, failed = lapack.dpotrf(matrix.T, lower=0, clean=1)
    pivots = np.diagonal(factor)
    if failed or not float((pivots**2 / np.diagonal(matrix)).min()) > SINGULAR:
        return _semidefinite(matrix, names) if sing in ("PSD", "NSD") else None
    unit = np.zeros((n, PROBES), order="F")
    unit[np.linspace(0, n - 1, PROBES).astype(np.int64), np.arange(PROBES)] = 1.0
    probe = np.abs(lapack.dpotrs(factor, unit, lower=0)[0])
    if (probe > np.sqrt(NOISE) * probe.max(axis=0)).mean() <= SPARSE:
        return None
    known = DenseKnown(names, 2 * float(np.log(pivots).sum()), relationship=matrix)
    known.__dict__["root"] = factor
    return known


def _semidefinite(matrix: FloatArray, names: tuple[str, ...]) -> DenseKnown | None:
    """A matrix without variance in some directions, given a little there (see `inversion.inverted`)."""
    roots, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    null = np.abs(roots) <= SINGULAR * float(np.abs(roots).max())
    if null.all() or not null.any() or (roots[~null] < 0).any():
        return None
    little = NULL_VARIANCE * float(roots[~null].mean())
    whole = matrix + (vectors[:, null] * (little - roots[null])) @ vectors[:, null].T
    logdet = float(np.log(roots[~null]).sum()) + int(null.sum()) * float(np.log(little))
    return DenseKnown(names, logdet, relationship=whole)


def dense_inverse(given: Any, names: tuple[str, ...]) -> DenseKnown | None:
    """A dense positive definite inverse of K; None for any other."""
    matrix = _as_dense(given)
    if matrix is None:
        return None
    factor, failed = lapack.dpotrf(matrix.T, lower=0, clean=0)
    if failed:
        return None
    whole = np.ascontiguousarray(matrix)
    return DenseKnown(names, -2 * float(np.log(np.diagonal(factor)).sum()), inverse=whole)
