"""``vm()`` and ``ide()``: the effects of a term are the rows of a known matrix, not the levels that the data have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from pyasreml.bind.coding import Coding, Columns, Single
from pyasreml.data import Column
from pyasreml.data.known import Known, Source
from pyasreml.errors import DataError, FormulaError, quote
from pyasreml.model import Component

__all__ = ["RelatedCoding", "find_source", "related_coding"]

SHOWN = 6


@dataclass(frozen=True, eq=False)
class RelatedCoding(Coding):
    """One indicator column a row of a known matrix.

    Attributes
    ----------
    place : int array (number of levels + 1,)
        Row of the matrix by the code of the factor's level; the last, for a missing value, is -1.
    """

    place: npt.NDArray[np.int64] = field(default_factory=lambda: np.full(1, -1))
    kind: ClassVar[str] = "factor"

    def single(self, columns: Columns, n: int) -> Single:
        """One at the column of the level's row."""
        return self.place[columns[self.variables[0]]], None


def find_source(component: Component, known: Mapping[str, Any], text: str) -> Known:
    """The matrix that ``vm()`` names.

    Raises
    ------
    FormulaError
        If there is no object of that name.
    ModelError
        If it is no relationship matrix.
    """
    options = dict(component.options)
    name = options["source"]
    if name not in known:
        raise FormulaError(
            f"{component.call}: there is no relationship matrix {name!r}; give it as known = {{{name!r}: matrix}}, or "
            "under that name where asreml() is called",
            text,
            component.span,
        )
    given = known[name]
    source = given if isinstance(given, Source) else Source(name, given)
    return source.known(options.get("singG"))


def related_coding(
    label: str, key: str, column: Column, known: Known, component: Component, text: str
) -> RelatedCoding:
    """The coding of a factor over the rows of a matrix.

    Raises
    ------
    DataError
        Levels that the matrix has no row for, by name.
    """
    if column.levels == known.names:
        place = np.append(np.arange(len(known), dtype=np.int64), -1)
    else:
        place = np.array([*(known.place.get(level, -1) for level in column.levels), -1], dtype=np.int64)
    absent = np.flatnonzero(place[:-1] < 0)
    if absent.size:
        shown = ", ".join(repr(column.levels[i]) for i in absent[:SHOWN].tolist())
        assert column.codes is not None
        row = int(np.flatnonzero(np.isin(column.codes, absent))[0]) if column.codes.size else 0
        raise DataError(
            f"{component.call}: {absent.size} of the {len(column.levels)} levels of {column.name!r} are not among the "
            f"{len(known)} row names of the matrix: {shown}{' …' if absent.size > SHOWN else ''} (first in record "
            f"{row + 1}); the rows have names such as {', '.join(map(repr, known.names[:3]))}"
            f"\n{quote(text, component.span)}"
        )
    return RelatedCoding(label, (key,), known.names, place)


def earlier(relations: Mapping[str, Known], variable: str, component: Component, text: str) -> Known:
    """The matrix of the ``vm()`` before an ``ide()`` of the same variable.

    Raises
    ------
    FormulaError
        If there is none.
    """
    if variable not in relations:
        raise FormulaError(
            f"ide({variable}) has the levels of a term vm({variable}, …), which must come before it",
            text,
            component.span,
        )
    return relations[variable]
