"""Dense symmetric matrices: their reduction to a band (compiled), and both triangles from one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._band import reduce_to_band, rotate

__all__ = ["mirrored", "reduce_to_band", "rotate"]

Matrix = NDArray[np.float64]

TILE = 512


def mirrored(matrix: Matrix) -> Matrix:
    """The lower triangle of a matrix by rows copied into the upper one, in place."""
    n = matrix.shape[0]
    for i in range(0, n, TILE):
        for j in range(0, i, TILE):
            matrix[j : j + TILE, i : i + TILE] = matrix[i : i + TILE, j : j + TILE].T
        square = matrix[i : i + TILE, i : i + TILE]
        below = np.tril(square, -1)
        square[...] = below + below.T + np.diag(np.diagonal(square))
    return matrix
