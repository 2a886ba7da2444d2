"""Variances and covariances of the response between the levels of one factor of a residual grid, for start values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pyasreml.variance.base import FloatArray


def level_covariance(y: FloatArray, sizes: Sequence[int], which: int) -> FloatArray | None:
    """Covariance matrix of y between the levels of factor `which`, across the cells of all other factors.

    Parameters
    ----------
    y : float array (n,)
        In grid order, first factor slowest; NaN where missing.
    sizes : sequence of int
        Numbers of levels, with product n.
    which : int

    Returns
    -------
    float array (k, k) or None
        Divisor: pairs of observed cells less 1; 0 where fewer than two cells have both levels. None where some level
        has fewer than two.

    Examples
    --------
    >>> level_covariance(np.array([1.0, 2.0, 3.0, 6.0]), (2, 2), 1)
    array([[2., 4.],
           [4., 8.]])
    """
    before = int(np.prod(sizes[:which], dtype=np.int64))
    k = sizes[which]
    cells = y.reshape(before, k, -1).transpose(1, 0, 2).reshape(k, -1)
    there = ~np.isnan(cells)
    seen = there.astype(float)
    count = seen @ seen.T
    if np.diagonal(count).min() < 2:
        return None
    # sums over the cells that both levels of a pair have
    mean = np.where(there, cells, 0.0).sum(axis=1) / seen.sum(axis=1)
    values = np.where(there, cells - mean[:, None], 0.0)
    sums = values @ seen.T
    products = values @ values.T - sums * sums.T / np.maximum(count, 1)
    return np.where(count < 2, 0.0, products / np.maximum(count - 1, 1))


def positive_definite(sigma: FloatArray, least: float = 0.02) -> FloatArray:
    """`sigma`, its correlations shrunk as far as the smallest eigenvalue of their matrix needs to reach `least`."""
    root = np.sqrt(np.diagonal(sigma))
    correlation = sigma / np.outer(root, root)
    smallest = float(np.linalg.eigvalsh(correlation)[0])
    if smallest >= least:
        return sigma
    # the eigenvalues of (1-t) C + t I
    t = (least - smallest) / (1 - smallest)
    shrunk = (1 - t) * correlation + t * np.eye(root.size)
    return np.asarray(shrunk * np.outer(root, root))
