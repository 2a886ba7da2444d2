"""Leaves of the elimination tree that are copies of each other: what is left of the lists without them.

A genotype in every site, a subject with every trait: thousands of leaves with the same rows of C and right-hand sides
made the same way of their own effects and residuals. Their part of the average information is one product of the sums
of squares of these numbers (`pyasreml.linalg.Alike`); leaves that are like few others are solved for one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from pyasreml.linalg import Alike
from pyasreml.linalg.backends import Solver
from pyasreml.mme.equations import Equations
from pyasreml.variance.base import Entries

__all__ = ["Lists", "alike_leaves"]

IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
EntryArrays = tuple[IntArray, IntArray, IntArray, npt.NDArray[np.float64]]
Rows = tuple[IntArray, Int32Array, Int32Array]

LARGEST = 64
"""Unknowns of a leaf at most."""
FEWEST = 4
"""Leaves that may be worth a search."""


@dataclass(frozen=True)
class Lists:
    """What right-hand sides are filled in from.

    Attributes
    ----------
    record : row, column, coefficient, value
        W'R⁻¹W by effects, empty where there are no factors.
    residual : row, column, coefficient, value, or None
        R⁻¹ by records, where its columns are filled in from them.
    priors : sequence of (Entries, first unknown, first column)
        Terms whose columns stand for coefficients; those with a dense inverse left out.
    """

    record: EntryArrays
    residual: EntryArrays | None
    priors: tuple[tuple[Entries, int, int], ...]

    def without(self, alike: Alike) -> Lists:
        """Without the entries that belong to leaves that are summed."""
        residual = None if self.residual is None else _kept(self.residual, alike.records, 0)
        priors = []
        for entries, at, column in self.priors:
            arrays = (entries.row, entries.col, entries.basis, entries.value)
            priors.append((Entries(*_kept(arrays, alike.unknowns, at)), at, column))
        return replace(
            self, record=_kept(self.record, alike.effects, 0), residual=residual, priors=tuple(priors)
        )


def _kept(arrays: EntryArrays, taken: npt.NDArray[np.bool_], at: int) -> EntryArrays:
    row, col = arrays[:2]
    if not row.size:
        return arrays
    keep = ~(taken[at + row] | taken[at + col])
    return cast(EntryArrays, tuple(np.ascontiguousarray(a[keep]) for a in arrays))


def alike_leaves(
    equations: Equations,
    solver: Solver,
    lists: Lists,
    maps: tuple[()] | tuple[Rows, Rows],
    numbers: Int32Array,
    dense: Sequence[tuple[int, int]],
    whole: tuple[int, int],
) -> Alike | None:
    """Leaves that are summed, or None.

    Parameters
    ----------
    equations : Equations
    solver : Solver
    lists : Lists
    maps : () or (rows, moves)
        As of `pyasreml.linalg.Columns`.
    numbers : int32 array (coefficients of R⁻¹,)
        Column of each, or -1.
    dense : sequence of (first column, width)
        Whole columns, in the order in which they are filled in.
    whole : (first column, width)
        Columns that move all effects.
    """
    eq = equations
    analysis: Any = getattr(solver, "analysis", None)
    if not hasattr(analysis, "small_subtrees") or eq.rotation is not None or any(eq.flat):
        return None
    own = analysis.small_subtrees(min(LARGEST, eq.unknowns // FEWEST))
    dense_last = own[eq.last_unknowns]
    if dense_last.size:
        own[np.isin(own, dense_last[dense_last >= 0])] = -1
    if own.max(initial=-1) + 1 < FEWEST:
        return None
    row, col, coef, value = eq.matrix_entries()
    by_records = lists.residual is not None
    arrays = lists.residual if by_records else None
    found = Alike(
        analysis,
        own,
        (eq.N, eq.n if by_records else 0),
        maps[0] if maps else None,
        maps[1] if maps else None,
        (row, col, coef, value),
        lists.record,
        None if arrays is None else (*arrays, eq.W._arrays, numbers),
        [(e.row, e.col, e.basis, e.value, at, column) for e, at, column in lists.priors],
        list(dense),
        whole,
    )
    return found if found else None
