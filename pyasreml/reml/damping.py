"""What asreml adds to the average information before a step is solved for: penalties of loadings, a ridge."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyasreml.linalg.positive import inverse_diagonal, raised

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

LOADING_PENALTY = 0.1
"""Fraction added to the pivots of loadings (ai.penalty = 10), divided by the iteration number."""
NEAR_SINGULAR = 1e-3
"""A variance parameter whose information given all others is below this fraction of its own damps the iteration.

Read off iteration logs as a bracket only.
"""


def penalise(ai: FloatArray, live: IntArray, loading: Flags, number: int) -> FloatArray:
    """The information with the pivots of loadings raised, in the elimination from the last parameter up."""
    if not loading[live].any():
        return ai
    by = np.where(loading[live], LOADING_PENALTY / number, 0.0)
    out = ai.copy()
    out[live[:, None], live] = raised(ai[live[:, None], live], by)
    return out


def damp(ai: FloatArray, live: IntArray, matrix: Flags) -> tuple[FloatArray, bool, FloatArray | None]:
    """The information, its diagonal raised where a variance parameter is nearly determined by the others.

    The smallest ratio of a parameter's information given all others to its own is added, as a fraction, to the
    whole diagonal (a ridge as large as the defect).

    Returns
    -------
    ai : float array (p, p)
    damped : bool
    inverse : float array (live,) or None
        The diagonal of its inverse on the rows `live`, where it is known.
    """
    # elements of covariance matrices are close to determined by each other near the edge of their cone
    proper = ~matrix[live]
    if not proper.any():
        return ai, False, None
    block = ai[live[:, None], live]
    inverse = np.abs(inverse_diagonal(block))
    defect = float((1 / inverse / block.diagonal())[proper].min())
    if defect >= NEAR_SINGULAR:
        return ai, False, inverse
    return ai + defect * np.diag(np.diagonal(ai)), True, None
