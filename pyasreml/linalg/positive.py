"""Dense symmetric matrices that should be positive definite: by their Cholesky factor, or without it otherwise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from . import _linalg

__all__ = ["inverse_diagonal", "raised"]

Array = NDArray[np.float64]


def inverse_diagonal(a: Array) -> Array:
    """Diagonal of A⁻¹, float array (n,)."""
    root, info = lapack.dpotrf(a, lower=1)
    if not info:
        root, info = lapack.dtrtri(root, lower=1, overwrite_c=1)
    if info:
        return np.asarray(np.linalg.inv(a).diagonal(), np.float64)
    return np.asarray(np.einsum("ij,ij->j", root, root), np.float64)


def raised(a: Array, by: Array) -> Array:
    """A with each pivot of the elimination from the last row up raised by its part `by`."""
    some = np.flatnonzero(by)
    if not some.size:
        return a
    out = a.copy()
    out.flat[:: a.shape[0] + 1] += _linalg.raise_pivots(a.copy(), by, int(some[0]))
    return out
