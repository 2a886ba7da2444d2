"""Linear algebra on the average information of the free parameters: directions, standard errors, singularities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack

from pyasreml.linalg.positive import inverse_diagonal

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SHOWN = 8
SINGULAR = 1e-10
"""A pivot of the information, scaled to a unit diagonal, below this marks a singular parameter."""


def singular_rows(ai: FloatArray, rows: IntArray) -> list[int]:
    """Rows, among `rows`, that depend on those before them: pivots of the scaled information that vanish."""
    a = ai[rows[:, None], rows]
    d = np.sqrt(np.abs(a.diagonal()))
    if rows.size and d.min() > 0 and np.isfinite(a).all():
        root, failed = lapack.dpotrf(a / d[:, None] / d, lower=1)
        if not failed and root.diagonal().min() ** 2 > SINGULAR:
            return []
    bad = [int(r) for r, x in zip(rows, d, strict=True) if not x > 0 or not np.isfinite(x)]
    safe = np.where((d > 0) & np.isfinite(d), d, 1.0)
    a = a / safe[:, None] / safe
    alive = np.array([int(r) not in bad for r in rows])
    for j in range(rows.size):
        if not alive[j]:
            continue
        if not a[j, j] > SINGULAR:
            bad.append(int(rows[j]))
            alive[j] = False
            continue
        column = a[j + 1 :, j] / a[j, j]
        a[j + 1 :, j + 1 :] -= np.outer(column, a[j, j + 1 :])
    return bad


def singularities(names: Sequence[str]) -> str:
    """What to say of parameters with singular information."""
    shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
    return (
        f"{len(names)} singularities in the Average Information matrix ({shown}).\n"
        "To continue the analysis anyway, try running it again with the optional argument ai.sing = TRUE"
    )


def direction(ai: FloatArray, score: FloatArray, live: IntArray, imposed: Mapping[int, float]) -> FloatArray:
    r"""AI⁻¹ times the score on the rows `live`, given the moves already imposed on some of them.

    :math:`d_c = A_{cc}^{-1}(U_c - A_{cr}\delta_r)` for the free rows c, r the imposed ones.
    """
    d = np.zeros(score.size)
    if not imposed:
        if live.size:
            d[live] = _solved(ai[live[:, None], live], score[live])
        return d
    held = np.array([r for r in live if r in imposed], np.int64)
    free = np.array([r for r in live if r not in imposed], np.int64)
    d[held] = [imposed[int(r)] for r in held]
    if free.size:
        rhs = score[free] - ai[free[:, None], held] @ d[held]
        d[free] = _solved(ai[free[:, None], free], rhs)
    return d


def _solved(a: FloatArray, b: FloatArray) -> FloatArray:
    """a⁻¹b for a vector b, as `numpy.linalg.solve` without its overhead on small systems."""
    _, _, x, failed = lapack.dgesv(a, b)
    if failed:
        raise np.linalg.LinAlgError("Singular matrix")
    found: FloatArray = x
    return found


def standard_errors(ai: FloatArray, rows: IntArray) -> FloatArray:
    """Square roots of the diagonal of the inverse information on `rows`."""
    return np.asarray(np.sqrt(np.abs(inverse_diagonal(ai[rows[:, None], rows]))))


def inverse(ai: FloatArray, rows: IntArray) -> FloatArray:
    """Inverse information on `rows`, zeros elsewhere; float array of the full size."""
    out = np.zeros_like(ai)
    if rows.size:
        out[rows[:, None], rows] = np.linalg.inv(ai[rows[:, None], rows])
    return out
