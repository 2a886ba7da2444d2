"""Linear constraints among variance parameters: ``vcc`` and ``vcm``.

All parameters are θ = M κ with fewer κ than θ. Any basis of M's columns says the same, so the κ taken here are
parameters themselves, the *base* ones: the first of each group in the order of the table. The others follow,
θ = E θ_base. A stepper moves base parameters only, by the score E'U and the information E'AE, and
var(θ) = E (E'AE)⁻¹ E'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pyasreml.errors import ModelError

if TYPE_CHECKING:
    from pyasreml.variance.parameters import Parameters

__all__ = ["Constraint", "constrain", "groups_matrix"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

DEPENDENT = 1e-9
"""A row of M whose part outside the span of the rows before it is below this fraction of it depends on them."""


@dataclass(frozen=True)
class Constraint:
    """What follows from what.

    Attributes
    ----------
    matrix : float array (p, p)
        E: unit rows for base and free parameters; columns of parameters that follow are 0.
    follows : bool array (p,)
        Parameters that follow from others.
    linked : bool array (p,)
        Parameters that take part in a constraint: shown with code C.
    positive : bool array (p,)
        Parameters that follow and must stay positive.
    """

    matrix: FloatArray
    follows: BoolArray
    linked: BoolArray
    positive: BoolArray

    @property
    def count(self) -> int:
        """Number of parameters that are estimated freely."""
        return int((~self.follows).sum())

    def expand(self, theta: FloatArray) -> FloatArray:
        """All parameters of base ones: those that follow are computed anew."""
        return self.matrix @ theta

    def pull(self, score: FloatArray, information: FloatArray) -> tuple[FloatArray, FloatArray]:
        """E'U and E'AE: score and information of the base parameters, 0 in rows of those that follow."""
        return self.matrix.T @ score, self.matrix.T @ information @ self.matrix

    def push(self, covariance: FloatArray) -> FloatArray:
        """E C E': the covariance matrix of all parameters of that of the base ones."""
        return self.matrix @ covariance @ self.matrix.T

    def feasible(self, theta: FloatArray) -> bool:
        """Whether the parameters that follow keep the sign that they must have."""
        return bool((theta[self.positive] > 0).all())

    def final_codes(self, codes: Sequence[str]) -> tuple[str, ...]:
        """Codes to show: C for linked parameters, B or S where all that they follow from has that code."""
        out = list(codes)
        for i in np.flatnonzero(self.linked).tolist():
            sources = {codes[j] for j in np.flatnonzero(self.matrix[i]).tolist()}
            out[i] = sources.pop() if len(sources) == 1 and sources <= {"B", "S"} else "C"
        return tuple(out)


def groups_matrix(groups: npt.ArrayLike, scales: npt.ArrayLike) -> FloatArray:
    """M of ``vcc``: a column a group, in it the scales of the group's parameters.

    Examples
    --------
    >>> groups_matrix([1, 2, 1], [1.0, 1.0, 0.5])
    array([[1. , 0. ],
           [0. , 1. ],
           [0.5, 0. ]])
    """
    _, column = np.unique(np.asarray(groups, float), return_inverse=True)
    out = np.zeros((column.size, int(column.max(initial=-1)) + 1))
    out[np.arange(column.size), column] = np.asarray(scales, float)
    return out


def constrain(table: Parameters, names: Sequence[str], matrix: FloatArray, what: str) -> Parameters:
    """The table with the constraint θ = M κ on some of its parameters, its starts moved into agreement.

    Parameters
    ----------
    table : Parameters
    names : sequence of str
        Parameters in the order of M's rows; the others of the table stay free.
    matrix : float array (number of names, number of κ)
    what : str
        The argument, for messages.

    Raises
    ------
    ModelError
        Unknown or repeated names, fixed parameters or the residual variance of the gamma scale among the constrained,
        rows of 0, or start values that become impossible.
    """
    _check(table, names, matrix, what)
    place = {name: i for i, name in enumerate(table.names)}
    order = sorted(range(len(names)), key=lambda k: place[names[k]])
    rows = np.array([place[names[k]] for k in order], np.int64)
    m = matrix[order]
    base = _independent_rows(m)
    full = np.eye(len(table))
    weights = m @ np.linalg.pinv(m[base])
    weights[np.abs(weights) < DEPENDENT * np.abs(weights).max(axis=1, keepdims=True)] = 0.0
    weights[base] = np.eye(base.size)
    full[np.ix_(rows, rows)] = 0.0
    full[np.ix_(rows, rows[base])] = weights
    follows = np.diagonal(full) == 0.0
    linked = follows | (np.count_nonzero(full, axis=0) > 1)
    _check_free(table, linked, what)
    kinds, codes = np.array(table.kinds), np.array(table.codes)
    # κ nearest to the starts: equated parameters start at their mean
    start = table.start.copy()
    start[rows] = m @ np.linalg.lstsq(m, start[rows], rcond=None)[0]
    start = full @ np.where(follows, 0.0, start)
    positive = follows & (kinds == "V") & (codes != "U")
    signed = linked & (kinds == "V") & (codes != "U")
    if not (start[signed] > 0).all():
        bad = int(np.flatnonzero(signed & ~(start > 0))[0])
        raise ModelError(
            f"{what}: {table.names[bad]} would start at {start[bad]:g}, and a variance must be positive; give start "
            "values that agree with the constraint by G.param or R.param"
        )
    # a boundary that an earlier fit has left holds for parameters that follow where it holds for their sources
    held = np.array([codes[i] == "B" and (codes[np.flatnonzero(full[i])] == "B").all() for i in range(len(table))])
    new = tuple("P" if f and c == "B" and not h else c for f, c, h in zip(follows, table.codes, held, strict=True))
    return replace(table, start=start, codes=new, constraint=Constraint(full, follows, linked, positive))


def _independent_rows(m: FloatArray) -> npt.NDArray[np.int64]:
    """The first rows that span the row space, in order."""
    basis: list[FloatArray] = []
    kept = []
    for i, row in enumerate(m):
        left = row.copy()
        for _ in range(2):
            for b in basis:
                left = left - (b @ left) * b
        if np.linalg.norm(left) > DEPENDENT * np.linalg.norm(row):
            basis.append(left / np.linalg.norm(left))
            kept.append(i)
    return np.array(kept, np.int64)


def _check(table: Parameters, names: Sequence[str], matrix: FloatArray, what: str) -> None:
    unknown = [name for name in names if name not in table.names]
    if unknown:
        have = ", ".join(table.names[:8]) + (" …" if len(table) > 8 else "")
        raise ModelError(f"{what}: the model has no variance parameter named {unknown[0]}; it has {have}")
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise ModelError(f"{what}: {twice[0]} has two rows")
    if not np.isfinite(matrix).all():
        bad = names[int(np.flatnonzero(~np.isfinite(matrix).all(axis=1))[0])]
        raise ModelError(f"{what}: the row of {bad} has a missing or infinite value")
    empty = ~matrix.any(axis=1)
    if empty.any():
        bad = names[int(np.flatnonzero(empty)[0])]
        raise ModelError(f"{what}: the row of {bad} is 0; to hold a parameter give it the code F in G.param or R.param")


def _check_free(table: Parameters, linked: BoolArray, what: str) -> None:
    """Refuse constraints on what is not estimated."""
    for i in np.flatnonzero(linked).tolist():
        name = table.names[i]
        if i == table.sigma2:
            raise ModelError(
                f"{what}: {name} is the residual variance to which the others are ratios; write residual = ~ "
                "idv(units) to have it among the variances that can be constrained"
            )
        if table.codes[i] == "F" or table.local[i] < 0:
            raise ModelError(f"{what}: {name} is fixed (code F), so it cannot be constrained to follow others")
