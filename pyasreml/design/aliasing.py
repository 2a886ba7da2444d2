"""Fixed columns that depend on earlier ones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyasreml.linalg import Csr


def aliased(x: Csr, order: npt.NDArray[np.int64], tol: float = 1e-8) -> npt.NDArray[np.bool_]:
    """Columns of `x` that depend on those taken before them in `order`: a sweep of X'X scaled to unit diagonal."""
    dense = np.zeros((x.n_rows, x.n_cols))
    dense[np.repeat(np.arange(x.n_rows), np.diff(x.indptr)), x.indices] = x.data
    dense = dense[:, order]
    scale = np.sqrt(np.einsum("ij,ij->j", dense, dense))
    cross = dense.T @ dense / np.outer(np.where(scale > 0, scale, 1), np.where(scale > 0, scale, 1))
    dropped = np.zeros(x.n_cols, dtype=bool)
    for k in range(x.n_cols):
        if cross[k, k] <= tol:
            dropped[order[k]] = True
            continue
        column = cross[k + 1 :, k] / cross[k, k]
        cross[k + 1 :, k + 1 :] -= np.outer(column, cross[k, k + 1 :])
    return dropped
