"""Relationships from markers: VanRaden's matrices, blending with pedigree, the inverse of the single-step matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pyasreml.data.inversion import inverted, lower
from pyasreml.data.known import Known, known_matrix, named_square
from pyasreml.errors import DataError, ModelError
from pyasreml.linalg import analyze, build_pattern
from pyasreml.rprint import RTable

__all__ = ["blend", "grm_vanraden", "relationships", "single_step"]

FloatArray = npt.NDArray[np.float64]
BLOCK = 256
"""Columns of A that are solved for at a time."""


def grm_vanraden(
    markers: Any, method: int = 1, frequencies: Any = None, names: Sequence[str] | None = None
) -> pd.DataFrame:
    r"""Genomic relationship matrix of VanRaden (2008, J. Dairy Sci. 91:4414).

    Parameters
    ----------
    markers : data frame or array (n, m)
        Counts 0, 1, 2 of one allele, a row an individual; a missing count is taken at its mean. Markers of which all
        individuals have the same count are left out.
    method : {1, 2}
        1: :math:`ZZ'/2\sum p_j(1 - p_j)`; 2: every marker scaled by its own :math:`2p_j(1 - p_j)`, and their mean.
    frequencies : array (m,), optional
        Allele frequencies p; by default those of `markers`.
    names : sequence of str, optional
        Of the rows; by default the index of a data frame, otherwise numbers from 1.

    Returns
    -------
    DataFrame (n, n)
        Names in index and columns; a source for ``vm()``. It is singular where there are no more markers than
        individuals, and by centring always nearly so: `blend` it, or use ``vm(id, G, singG = "PSD")``.

    Raises
    ------
    DataError
        Counts outside 0 to 2, no polymorphic marker, as many names or frequencies as do not fit.

    Examples
    --------
    >>> import pyasreml as pa
    >>> pa.grm_vanraden([[0, 1, 2], [1, 1, 0], [2, 0, 1]], names=["a", "b", "c"]).round(3).iloc[0].tolist()
    [1.462, -0.615, -0.846]
    """
    if names is None:
        names = [str(v) for v in markers.index] if isinstance(markers, pd.DataFrame) else None
    try:
        count = np.array(markers, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError("markers: the table holds something that is no number") from None
    if count.ndim != 2 or not count.size:
        raise DataError("markers: a table is needed, a row an individual and a column a marker")
    n = count.shape[0]
    index = [str(i + 1) for i in range(n)] if names is None else [str(v) for v in names]
    if len(index) != n:
        raise DataError(f"markers: {len(index)} names for {n} rows")
    if method not in (1, 2):
        raise DataError(f"method = {method!r}: VanRaden's methods are 1 and 2")
    absent = np.isnan(count)
    wrong = ~absent & ((count < 0) | (count > 2))
    if wrong.any():
        i, j = (int(v[0]) for v in np.nonzero(wrong))
        raise DataError(f"markers: {index[i]!r} has {count[i, j]:g} in column {j + 1}; counts are 0, 1 and 2")
    seen = n - absent.sum(axis=0)
    with np.errstate(invalid="ignore"):
        p = np.where(absent, 0.0, count).sum(axis=0) / (2 * seen)
    if frequencies is not None:
        p = np.asarray(frequencies, dtype=np.float64).ravel()
        if p.size != count.shape[1] or not ((p >= 0) & (p <= 1)).all():
            raise DataError(f"frequencies: {count.shape[1]} numbers from 0 to 1 are needed, one a marker")
    keep = (seen > 0) & (p > 0) & (p < 1)
    if not keep.any():
        raise DataError("markers: no marker is polymorphic")
    p = p[keep]
    z = np.where(absent[:, keep], 0.0, count[:, keep] - 2 * p)
    variance = 2 * p * (1 - p)
    if method == 1:
        g = z @ z.T / variance.sum()
    else:
        z /= np.sqrt(variance * p.size)
        g = z @ z.T
    return pd.DataFrame(g, index=pd.Index(index), columns=pd.Index(index))


def relationships(ainv: Any, names: Sequence[str]) -> pd.DataFrame:
    """The block of A of some individuals, from the inverse of all of it.

    Parameters
    ----------
    ainv : Ginv or another source of an inverse
    names : sequence of str

    Raises
    ------
    ModelError
        Names that are not among the rows.
    """
    known = known_matrix("ainv", ainv)
    wanted = [str(name) for name in names]
    at = _places(known, wanted, "ainv")
    numeric = _factored(known)
    out = np.empty((at.size, at.size))
    for start in range(0, at.size, BLOCK):
        mine = at[start : start + BLOCK]
        unit = np.zeros((len(known), mine.size))
        unit[mine, np.arange(mine.size)] = 1.0
        out[:, start : start + BLOCK] = numeric.solve(unit)[at]
    return pd.DataFrame((out + out.T) / 2, index=pd.Index(wanted), columns=pd.Index(wanted))


def _factored(known: Known) -> Any:
    if known.groups:
        raise ModelError(
            f"ainv: {known.names[0]!r} is a genetic group, a fixed effect without relationships; make the inverse "
            "without groups, or with a groupOffset"
        )
    pattern, where = build_pattern(len(known), known.row, known.col)
    numeric = analyze(pattern).numeric()
    numeric.set_entries(where, np.zeros(known.value.size, dtype=np.int32), known.value)
    numeric.assemble(np.ones(1))
    numeric.factor()
    return numeric


def _places(known: Known, names: Sequence[str], what: str) -> npt.NDArray[np.int64]:
    absent = [name for name in names if name not in known.place]
    if absent:
        shown = ", ".join(map(repr, absent[:6])) + (" …" if len(absent) > 6 else "")
        raise ModelError(f"{what}: {len(absent)} of {len(names)} individuals have no row: {shown}")
    return np.array([known.place[name] for name in names], dtype=np.int64)


def blend(grm: Any, pedigree: Any = None, weight: float = 0.05, tune: bool = False) -> pd.DataFrame:
    """A genomic matrix made definite: (1 - weight) G + weight A22.

    Parameters
    ----------
    grm : source of a relationship matrix
    pedigree : Ginv, data frame, optional
        The result of ``ainverse()``, or A itself, of these individuals and maybe others; without it, the identity.
    weight : float
        From 0 to 1.
    tune : bool
        First shift and scale G so that the means of its diagonal and of its other entries are those of A22 (Chen et
        al. 2011, J. Anim. Sci. 89:2673).

    Examples
    --------
    >>> import pyasreml as pa
    >>> g = pa.grm_vanraden([[0, 1, 2], [1, 1, 0], [2, 0, 1]], names=["a", "b", "c"])
    >>> pa.blend(g, weight=0.1).round(3).iloc[0].tolist()
    [1.415, -0.554, -0.762]
    """
    g, names = named_square("grm", grm)
    if not isinstance(weight, (int, float)) or not 0 <= weight <= 1:
        raise ModelError(f"weight = {weight!r}: it is a number from 0 to 1")
    a22 = np.eye(len(names)) if pedigree is None else _of_pedigree(pedigree, names)
    if tune:
        g = _tuned(g, a22)
    index = pd.Index(names)
    return pd.DataFrame((1 - weight) * g + weight * a22, index=index, columns=index)


def _of_pedigree(pedigree: Any, names: Sequence[str]) -> FloatArray:
    """A22 by names, from A itself or from an inverse."""
    attrs = getattr(pedigree, "attrs", {})
    if isinstance(pedigree, Known) or bool(attrs.get("INVERSE", False)):
        return relationships(pedigree, names).to_numpy()
    a, rows = named_square("pedigree", pedigree)
    place = {name: i for i, name in enumerate(rows)}
    absent = [name for name in names if name not in place]
    if absent:
        raise ModelError(f"pedigree: {len(absent)} of {len(names)} individuals have no row: {', '.join(absent[:6])}")
    at = np.array([place[name] for name in names])
    return np.asarray(a[np.ix_(at, at)], dtype=np.float64)


def _tuned(g: FloatArray, a22: FloatArray) -> FloatArray:
    n = len(g)
    if n < 2:
        return g
    off = ~np.eye(n, dtype=bool)
    means = [(float(np.diagonal(m).mean()), float(m[off].mean())) for m in (g, a22)]
    (g_diagonal, g_off), (a_diagonal, a_off) = means
    if g_diagonal == g_off:
        raise ModelError("grm: all its entries are alike; it cannot be tuned")
    slope = (a_diagonal - a_off) / (g_diagonal - g_off)
    return slope * g + (a_diagonal - slope * g_diagonal)


def single_step(ainv: Any, grm: Any, tau: float = 1.0, omega: float = 1.0) -> RTable:
    r"""Inverse of the relationship matrix of genotyped and other individuals together, a source for ``vm()``.

    .. math::

        H^{-1} = A^{-1} + \begin{pmatrix} 0 & 0 \\ 0 & \tau G^{-1} - \omega A_{22}^{-1} \end{pmatrix}

    (Aguilar et al. 2010, J. Dairy Sci. 93:743; Christensen and Lund 2010, Genet. Sel. Evol. 42:2).

    Parameters
    ----------
    ainv : Ginv
        Of all individuals.
    grm : source of a relationship matrix
        Of those that are genotyped; definite, so blended with A22 as a rule.
    tau, omega : float

    Returns
    -------
    RTable
        Columns Row, Column and Ainverse, with ``rowNames`` and ``INVERSE`` in `attrs`.

    Examples
    --------
    >>> import pyasreml as pa
    >>> ainv = pa.ainverse({"id": ["a", "b", "c"], "sire": ["0", "0", "a"], "dam": ["0", "0", "b"]})
    >>> g = pa.grm_vanraden([[0, 1, 2], [2, 1, 0]], names=["b", "c"])
    >>> hinv = pa.single_step(ainv, pa.blend(g, ainv, weight=0.2))
    >>> list(hinv.attrs["rowNames"])
    ['a', 'b', 'c']
    """
    known = known_matrix("ainv", ainv)
    g, names = named_square("grm", grm)
    at = _places(known, names, "grm")
    a22 = relationships(known, names).to_numpy()
    added = np.zeros((at.size, at.size))
    for sign, what, matrix in ((tau, "grm", g), (-omega, "the pedigree's block of the genotyped", a22)):
        inverse = inverted(what, matrix, names, "PD")
        added[inverse.row, inverse.col] += sign * inverse.value
    row, col, value = lower(added)
    row, col = np.maximum(at[row], at[col]), np.minimum(at[row], at[col])
    rows, cols = np.concatenate([known.row, row]), np.concatenate([known.col, col])
    pattern, where = build_pattern(len(known), rows, cols)
    values = np.bincount(where, weights=np.concatenate([known.value, value]), minlength=pattern.nnz)
    order = np.lexsort((pattern.columns, pattern.indices))
    table = RTable(
        {
            "Row": pattern.indices[order].astype(np.int64) + 1,
            "Column": pattern.columns[order].astype(np.int64) + 1,
            "Ainverse": values[order],
        },
        index=pd.RangeIndex(1, pattern.nnz + 1),
    )
    table.attrs = {"rowNames": np.array(known.names, dtype=object), "INVERSE": True}
    return table
