"""Standard errors of predictions and of their differences.

The variance of a prediction k'β is σ² k'C⁻¹k, with random effects in it as prediction errors. C⁻¹ is never made:
blocks of rows are solved for.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyasreml.fit.prediction_rows import dense_columns
from pyasreml.linalg import Csr
from pyasreml.linalg.backends import Numeric
from pyasreml.rprint import format_matrix, format_vector

FloatArray = npt.NDArray[np.float64]

BLOCK = 256
"""Right-hand sides solved at once."""


class SymmetricMatrix(np.ndarray):
    """A symmetric matrix as an array that prints as R's ``dspMatrix`` does."""

    def __new__(cls, values: FloatArray) -> SymmetricMatrix:  # noqa: D102
        return np.asarray(values, dtype=np.float64).view(cls)

    def format_r(self) -> str:
        """The text that R prints for the matrix, or for a vector cut from it."""
        plain = np.asarray(self)
        if plain.ndim != 2:
            return format_vector(plain.ravel())
        whole = plain.shape[0] == plain.shape[1] and np.array_equal(plain, plain.T, equal_nan=True)
        head = f'{plain.shape[0]} x {plain.shape[1]} Matrix of class "dspMatrix"\n' if whole else ""
        return head + format_matrix(plain)


def variances(numeric: Numeric, rows: Csr, sigma2: float) -> tuple[FloatArray, float]:
    """Variances of predictions, and the mean variance of a difference of two of them.

    Parameters
    ----------
    numeric : Numeric
        The factor L of C.
    rows : Csr (m, N)
    sigma2 : float

    Returns
    -------
    float array (m,), float
        The mean over all pairs is twice the sum of |L⁻¹(k_i - k̄)|² over m - 1; NaN for m < 2.
    """
    m = rows.n_rows
    mean = np.bincount(rows.indices, weights=rows.data, minlength=rows.n_cols) / max(m, 1)
    centre = numeric.forward(mean)
    out, spread = np.empty(m), 0.0
    for at in range(0, m, BLOCK):
        stop = min(at + BLOCK, m)
        forward = numeric.forward(dense_columns(rows, at, stop))
        out[at:stop] = np.real(np.einsum("ij,ij->j", forward, forward))
        forward = forward - centre[:, None]
        spread += float(np.real(np.einsum("ij,ij->", forward, forward)))
    return sigma2 * out, 2 * sigma2 * spread / (m - 1) if m > 1 else float("nan")


def variance_matrix(numeric: Numeric, rows: Csr, sigma2: float) -> FloatArray:
    """σ² K C⁻¹ K' of the predictions in the rows of K, float array (m, m)."""
    m = rows.n_rows
    out = np.empty((m, m))
    for at in range(0, m, BLOCK):
        stop = min(at + BLOCK, m)
        out[:, at:stop] = rows.dot(numeric.solve(dense_columns(rows, at, stop)))
    return 0.5 * sigma2 * (out + out.T)


def difference_errors(variance: FloatArray) -> FloatArray:
    """Standard errors of all differences from the variance matrix; the diagonal is NaN."""
    diagonal = np.diag(variance)
    square = diagonal[:, None] + diagonal[None, :] - 2 * variance
    np.fill_diagonal(square, np.nan)
    return np.sqrt(np.maximum(square, 0.0))


def spread_out(values: FloatArray, where: npt.NDArray[np.bool_]) -> FloatArray:
    """A matrix of some predictions among all of them, NaN for the others."""
    out = np.full((where.size, where.size), np.nan)
    out[np.ix_(where, where)] = values
    return out
