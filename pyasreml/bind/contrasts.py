"""Codings by contrasts among a factor's levels: ``con(f)`` and ``C(f, contr)``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from pyasreml.bind.coding import Coding, Columns
from pyasreml.errors import ModelError
from pyasreml.linalg import Csr

__all__ = ["ContrastCoding", "sum_to_zero", "user_contrasts"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ContrastCoding(Coding):
    """Columns that are contrasts: the record's level picks a row of the matrix.

    Attributes
    ----------
    matrix : float array (number of levels, width)
    """

    matrix: FloatArray = field(default_factory=lambda: np.empty((0, 0)))
    kind: ClassVar[str] = "basis"

    def block(self, columns: Columns, n: int) -> Csr:
        """The level's row, zeros left out; empty where the level is missing."""
        rows = np.vstack([self.matrix, np.zeros((1, self.width))])[columns[self.variables[0]]]
        there = rows != 0
        indptr = np.zeros(n + 1, dtype=np.int64)
        np.cumsum(there.sum(axis=1), out=indptr[1:])
        return Csr(n, self.width, indptr, np.nonzero(there)[1].astype(np.int32), rows[there])


def sum_to_zero(label: str, variable: str, levels: tuple[str, ...]) -> ContrastCoding:
    """``con(f)``: an effect a level but the last, whose own is minus the sum of the others.

    Raises
    ------
    ModelError
        For a factor of one level.
    """
    k = len(levels)
    if k < 2:
        raise ModelError(f"{label}: {variable} has {k} level; a contrast needs two")
    matrix = np.vstack([np.eye(k - 1), -np.ones((1, k - 1))])
    return ContrastCoding(label, (variable,), levels[:-1], matrix)


def user_contrasts(
    label: str, variable: str, levels: tuple[str, ...], given: Any, known: Mapping[str, Any]
) -> ContrastCoding:
    """``C(f, contr)``: one column a contrast, its coefficients by the levels of f.

    Parameters
    ----------
    given : tuple of float, or str
        The coefficients, or the name of a vector or matrix.
    known : mapping
        Objects by name. Rows of a frame are matched to the levels by name.

    Raises
    ------
    ModelError
        For an unknown name or a number of coefficients that is not that of the levels.
    """
    if isinstance(given, str):
        if given not in known:
            raise ModelError(f"{label}: there is no object {given!r}; give it as known = {{{given!r}: contrasts}}")
        given = getattr(known[given], "given", known[given])
    names: tuple[str, ...] = ()
    if hasattr(given, "index") and hasattr(given, "loc"):
        place = {str(row): i for i, row in enumerate(given.index)}
        if set(place) >= set(levels):
            given = given.iloc[[place[level] for level in levels]]
        names = tuple(map(str, getattr(given, "columns", ())))
    try:
        matrix = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise ModelError(f"{label}: contrasts are numbers, one for each level of {variable}") from None
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    if matrix.ndim != 2 or matrix.shape[0] != len(levels):
        raise ModelError(
            f"{label}: {matrix.shape[0] if matrix.ndim else 1} coefficients for the {len(levels)} levels of {variable} "
            f"({', '.join(levels[:6])}{' …' if len(levels) > 6 else ''})"
        )
    if not np.isfinite(matrix).all():
        raise ModelError(f"{label}: a coefficient is missing or infinite")
    names = names or tuple(map(str, range(1, matrix.shape[1] + 1)))
    return ContrastCoding(label, (variable,), names, matrix)
