"""Variances of the response from which asreml's start values are made (spec: divisor n - 1, observed records only)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyasreml.bind.bound import BoundSection, BoundTerm, Summaries
from pyasreml.bind.coding import Coding, ConditionCoding
from pyasreml.bind.traits import is_trait
from pyasreml.data import Frame
from pyasreml.model import MODEL_FUNCTIONS

__all__ = ["summarise"]

FloatArray = npt.NDArray[np.float64]

FACTORED = ("fa", "facv", "rr")
"""Structures whose starts need the covariances of the cell means: the signs of the loadings come from them."""


def summarise(
    frame: Frame, y: FloatArray, random: tuple[BoundTerm, ...], sections: tuple[BoundSection, ...]
) -> Summaries:
    """Variances over all records, by section, and of cell means for structures with one variance a level.

    With several traits variances are taken within traits, whose means are no variation, and averaged over them.
    """
    matrix = None if frame.trait is None else trait_covariance(frame, y)
    overall = _variance(y[~np.isnan(y)]) if matrix is None else float(np.nanmean(np.diagonal(matrix)))
    overall = 0.0 if np.isnan(overall) else overall
    by_section = np.array([_variance(y[s.rows][~np.isnan(y[s.rows])]) for s in sections])
    by_section[np.isnan(by_section)] = overall
    cells = {}
    traits = {}
    for t, term in enumerate(random):
        if matrix is not None:
            mine = [c.code for c in term.codings if isinstance(c, ConditionCoding) and c.variables[0] == frame.trait]
            if mine and not np.isnan(matrix[mine[0], mine[0]]):
                traits[t] = float(matrix[mine[0], mine[0]])
        if len(term.structures) != sum(coding.kind != "condition" for coding in term.codings):
            continue  # str(): its levels are no levels of a factor
        for s, call in enumerate(term.structures):
            if matrix is not None and is_trait(_structured(term)[s], frame):
                cells[t, s] = matrix
            elif MODEL_FUNCTIONS[call.name].heterogeneous:
                variances = _cell_variances(frame, y, term, s)
                variances[np.isnan(variances)] = overall
                cells[t, s] = variances
                if call.name in FACTORED:
                    cells[t, s] = _cell_covariance(frame, y, term, s, variances)
    return Summaries(overall, by_section, cells, traits)


def trait_covariance(frame: Frame, y: FloatArray) -> FloatArray:
    """Sample covariances of the traits, (k, k): variances from all records of a trait, covariances from the units that
    have both, 0 where there are fewer than two; NaN the variance of a trait with fewer than two records.

    Examples
    --------
    >>> frame = Frame.from_any({"u": [1.0, 2.0, 3.0]}).stack("trait", ("a", "b"))
    >>> trait_covariance(frame, np.array([1.0, 2.0, 3.0, 4.0, 5.0, 9.0]))
    array([[ 4.,  7.],
           [ 7., 13.]])
    """
    assert frame.trait is not None
    column = frame[frame.trait]
    k = len(column.levels)
    table = np.full((frame.n_units, k), np.nan)
    table[frame.unit_codes, column.array] = y
    there = ~np.isnan(table)
    seen = there.astype(float)
    count = seen.T @ seen
    with np.errstate(all="ignore"):
        mean = np.where(there, table, 0.0).sum(axis=0) / np.diagonal(count)
        values = np.where(there, table - mean, 0.0)
        sums = values.T @ seen
        covariance = (values.T @ values - sums * sums.T / count) / (count - 1)
    covariance[(count < 2) & ~np.eye(k, dtype=bool)] = 0.0
    covariance[np.diag_indices(k)] = np.where(np.diagonal(count) < 2, np.nan, np.diagonal(covariance))
    return np.asarray(covariance)


def _structured(term: BoundTerm) -> list[Coding]:
    """The codings that have a structure, one each."""
    return [coding for coding in term.codings if coding.kind != "condition"]


def _variance(values: FloatArray) -> float:
    return float(np.var(values, ddof=1)) if len(values) > 1 else float("nan")


def _cell_covariance(frame: Frame, y: FloatArray, term: BoundTerm, which: int, variances: FloatArray) -> FloatArray:
    """Covariances of the cell means between levels of structure `which` over the cells that both have, (k, k).

    0 where there are fewer than three; `variances` on the diagonal.
    """
    found, means, others, size = _cell_means(frame, y, term, which)
    there, place = np.unique(found % others, return_inverse=True)
    seen, values = np.zeros((there.size, size)), np.zeros((there.size, size))
    level = found // others
    seen[place, level] = 1.0
    number = np.maximum(np.bincount(level, minlength=size), 1)
    centre = np.bincount(level, weights=means, minlength=size) / number
    values[place, level] = means - centre[level]
    count = seen.T @ seen
    sums = values.T @ seen
    covariance = (values.T @ values - sums * sums.T / np.maximum(count, 1)) / np.maximum(count - 1, 1)
    covariance[count < 3] = 0.0
    covariance[np.diag_indices(size)] = variances
    return np.asarray(covariance)


def _cell_variances(frame: Frame, y: FloatArray, term: BoundTerm, which: int) -> FloatArray:
    """For each level of structure `which`, the variance of the cell means of y across the levels of the other factors.

    NaN where a level has fewer than two cells.
    """
    found, means, others, size = _cell_means(frame, y, term, which)
    group = found // others
    number = np.bincount(group, minlength=size)
    with np.errstate(all="ignore"):
        centre = np.bincount(group, weights=means, minlength=size) / number
        squares = np.bincount(group, weights=(means - centre[group]) ** 2, minlength=size)
        variances = squares / (number - 1)
    variances[number < 2] = np.nan
    return variances


def _cell_means(
    frame: Frame, y: FloatArray, term: BoundTerm, which: int
) -> tuple[npt.NDArray[np.int64], FloatArray, int, int]:
    """Cells that have an observed y (level of structure `which` times the number of others, plus other levels), and its
    mean; the number of other levels and of levels. Covariates do not make cells.
    """
    n = len(frame)
    inside = ~np.isnan(y)
    level = np.zeros(n, dtype=np.int64)
    other = np.zeros(n, dtype=np.int64)
    structured = [i for i, coding in enumerate(term.codings) if coding.kind != "condition"]
    others = 1
    for i, coding in enumerate(term.codings):
        single = coding.single(frame.arrays, n)
        if single is None or coding.kind == "covariate":
            continue
        at = single[0]
        if at is None:
            continue
        inside &= at >= 0
        if i == structured[which]:
            level = at
        elif coding.kind != "condition":
            other = other * coding.width + at
            others *= coding.width
    size = term.codings[structured[which]].width
    cell = (level * others + other)[inside]
    if size * others <= 4 * n + 1000:
        counts = np.bincount(cell, minlength=size * others)
        sums = np.bincount(cell, weights=y[inside], minlength=size * others)
        found = np.flatnonzero(counts)
        counts, sums = counts[found], sums[found]
    else:
        found, inverse, counts = np.unique(cell, return_inverse=True, return_counts=True)
        sums = np.bincount(inverse, weights=y[inside])
    return found, sums / counts, others, size
