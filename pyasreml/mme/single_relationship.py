"""Which models have one random term whose known matrix is dense, and records that say the same of all its traits.

All traits recorded on every unit, or one trait with any numbers of records: `pyasreml.mme.rotation` has the algebra.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from pyasreml.linalg import Csr, gram
from pyasreml.mme.banded import LEAST, BandRotation
from pyasreml.mme.residual import Residual
from pyasreml.mme.rotation import Rotation
from pyasreml.mme.spectral import SpectralRotation
from pyasreml.variance.base import Structure
from pyasreml.variance.build import VarianceModel
from pyasreml.variance.known import RotatedKnown, dense_matrix
from pyasreml.variance.product import Product
from pyasreml.variance.whitened import factored_place

__all__ = ["find_rotation"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SAME = 1e-12
"""Entries of proportional blocks agree to this part of the largest."""
BORDER = 0.1
"""Fixed columns, as a part of the term's effects, up to which the change of unknowns pays."""


def find_rotation(
    y: FloatArray,
    fixed: int,
    random: Sequence[Csr],
    variance: VarianceModel,
    rows: Sequence[IntArray],
    weights: FloatArray | None,
) -> tuple[VarianceModel, Rotation] | None:
    """The model in the new unknowns; None where it is none of this kind.

    Parameters
    ----------
    y : float array (n,)
        NaN where missing.
    fixed : int
        Columns of X: each becomes a dense border, which many of them make dearer than the dense matrix is.
    random : sequence of Csr
        Z of each random term.
    variance : VarianceModel
    rows : sequence of int arrays
        Rows of each residual section.
    weights : float array (n,) or None
    """
    if len(variance.random) != 1:
        return None
    product = variance.random[0]
    if fixed > BORDER * product.size:
        return None
    dense = [j for j, f in enumerate(product.factors) if dense_matrix(f) is not None]
    if len(dense) != 1 or product.negative:
        return None
    residual = Residual(rows, variance.sections, ~np.isnan(y), weights)
    if residual.missing.size:
        return None
    place = dense[0]
    known = dense_matrix(product.factors[place])
    assert known is not None
    before = int(np.prod([f.size for f in product.factors[:place]], dtype=np.int64))
    at = np.arange(product.size, dtype=np.int64).reshape(before, len(known), -1)
    positions = at.transpose(0, 2, 1).reshape(-1, len(known))
    found = _common(random[0], residual, positions)
    if found is None:
        return None
    factors: list[Structure] = list(product.factors)
    factors[place] = RotatedKnown(known)
    turned = replace(variance, random=(Product(factors, product.scale),))
    incidence, shares = found
    alone = positions.shape[0] == 1 and factored_place(product) is None
    diagonal = incidence.nnz == np.count_nonzero(incidence.diagonal())
    kind = BandRotation if alone and diagonal and len(known) >= LEAST else SpectralRotation
    return turned, kind(known, positions, incidence, shares)


@dataclass(frozen=True)
class _Lists:
    key: IntArray
    row: IntArray
    col: IntArray
    value: FloatArray


def _common(z: Csr, residual: Residual, positions: IntArray) -> tuple[csr_matrix, FloatArray] | None:
    """N and the shares A_m in Z'M_mZ = A_m ⊗ N; None where the blocks are not proportional."""
    blocks, q = positions.shape
    place = np.empty(positions.size, np.int64)
    place[positions.ravel()] = np.arange(positions.size)
    count = residual.offsets[-1]
    parts = []
    for m in range(count):
        mine = residual.coef == m
        unit = np.zeros(count)
        unit[m] = 1.0
        operator = residual.operator(unit)
        if operator.values is not None:
            r, c, v = gram(z, weights=operator.values)
        elif mine.any():
            assert operator.matrix is not None
            r, c, v = gram(z, operator.matrix)
        keep = v != 0
        a, b, v = place[r[keep]], place[c[keep]], v[keep]
        off = a != b
        a, b, v = np.concatenate([a, b[off]]), np.concatenate([b, a[off]]), np.concatenate([v, v[off]])
        lower = a // q >= b // q
        a, b, v = a[lower], b[lower], v[lower]
        parts.append(_Lists((m * blocks + a // q) * blocks + b // q, a % q, b % q, v))
    key = np.concatenate([p.key for p in parts])
    row, col = np.concatenate([p.row for p in parts]), np.concatenate([p.col for p in parts])
    value = np.concatenate([p.value for p in parts])
    order = np.lexsort((col, row, key))
    key, row, col, value = key[order], row[order], col[order], value[order]
    groups, counts = np.unique(key, return_counts=True)
    if not groups.size or (counts != counts[0]).any():
        return None
    row, col, value = (x.reshape(groups.size, -1) for x in (row, col, value))
    if (row != row[0]).any() or (col != col[0]).any():
        return None
    model = value[0]
    shares = value @ model / (model @ model)
    if (np.abs(value - shares[:, None] * model).max(axis=1) > SAME * np.abs(value).max(axis=1)).any():
        return None
    if shares[0] * float(model.max()) <= 0 or (model[row[0] == col[0]] < 0).any():
        return None
    out = np.zeros((count, blocks, blocks))
    out[groups // blocks**2, groups // blocks % blocks, groups % blocks] = shares
    out = np.maximum(out, 0) + np.minimum(out, 0)
    return csr_matrix((model, (row[0], col[0])), shape=(q, q)), out
