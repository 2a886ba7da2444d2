"""Predictions of factors whose effects are the rows of a known matrix: all rows are levels, seen in the data or not.

In a prediction such a factor is coded by the rows of the matrix; the codings of the model, made for the
levels of the data, are put into these codes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from pyasreml.bind.basis import CompoundCoding
from pyasreml.bind.bound import BoundModel
from pyasreml.bind.coding import Coding, Columns, ConditionCoding, OverlayCoding, Single
from pyasreml.bind.related import RelatedCoding
from pyasreml.data import Frame
from pyasreml.linalg import Csr

__all__ = ["all_levels", "in_codes", "recode"]

IntArray = npt.NDArray[np.int64]


def all_levels(bound: BoundModel) -> dict[str, tuple[str, ...]]:
    """Levels of the factors in ``vm()``: the rows of the first matrix, then those that others have besides."""
    found: dict[str, dict[str, None]] = {}
    for term in bound.random:
        for coding in _flat(term.codings):
            if isinstance(coding, RelatedCoding):
                found.setdefault(coding.variables[0], {}).update(dict.fromkeys(coding.levels))
    return {name: tuple(levels) for name, levels in found.items()}


def _flat(codings: Sequence[Coding]) -> Iterator[Coding]:
    for coding in codings:
        if isinstance(coding, CompoundCoding):
            for inner in coding.terms:
                yield from _flat(inner)
        elif isinstance(coding, OverlayCoding):
            yield from _flat([part for part, _ in coding.parts])
        else:
            yield coding


def recode(old: Sequence[str], new: Sequence[str]) -> IntArray:
    """Code in `new` by code in `old`, -1 for a level that it does not have; the last is that of a missing value."""
    place = {level: i for i, level in enumerate(new)}
    return np.array([*(place.get(level, -1) for level in old), -1], dtype=np.int64)


def in_codes(coding: Coding, frame: Frame, levels: Mapping[str, tuple[str, ...]]) -> Coding:
    """The coding for columns in which the factors `levels` are coded by these levels instead of those of the frame."""
    if isinstance(coding, CompoundCoding):
        terms = tuple(tuple(in_codes(c, frame, levels) for c in inner) for inner in coding.terms)
        return replace(coding, terms=terms)
    if isinstance(coding, OverlayCoding):
        return replace(coding, parts=tuple((in_codes(part, frame, levels), weight) for part, weight in coding.parts))
    mine = [name for name in coding.variables if name in levels]
    if not mine:
        return coding
    if isinstance(coding, RelatedCoding):
        return replace(coding, place=recode(levels[mine[0]], coding.levels))
    if isinstance(coding, ConditionCoding):
        return replace(coding, code=levels[mine[0]].index(coding.levels[0]))
    back = {name: recode(levels[name], frame[name].levels) for name in mine}
    return Recoded(coding.label, coding.variables, coding.levels, coding, back)


@dataclass(frozen=True, eq=False)
class Recoded(Coding):
    """A coding of columns whose factors are coded otherwise.

    Attributes
    ----------
    inner : Coding
    back : mapping of str to int array
        By factor, the code that `inner` knows for each code given; the last is -1.
    """

    inner: Coding = field(default_factory=lambda: Coding("", (), ()))
    back: Mapping[str, IntArray] = field(default_factory=dict)
    kind: ClassVar[str] = "factor"

    @property
    def width(self) -> int:
        """That of the coding itself."""
        return self.inner.width

    def _columns(self, columns: Columns) -> Columns:
        return {**columns, **{name: codes[columns[name]] for name, codes in self.back.items()}}

    def single(self, columns: Columns, n: int) -> Single | None:
        """As the coding itself."""
        return self.inner.single(self._columns(columns), n)

    def block(self, columns: Columns, n: int) -> Csr:
        """As the coding itself."""
        return self.inner.block(self._columns(columns), n)
