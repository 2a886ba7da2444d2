"""Codings: how one variable of a term becomes design columns.

A coding is fixed when the model is bound and can make rows for any cell afterwards, of the data or of a prediction.
Its rows are numbers at columns; a term's block is the row-wise direct product of its codings' rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, overload

import numpy as np
import numpy.typing as npt

from pyasreml.data import UNITS
from pyasreml.errors import DataError
from pyasreml.linalg import Csr
from pyasreml.syntax import evaluate
from pyasreml.syntax.nodes import Node

__all__ = [
    "Coding",
    "Columns",
    "ConditionCoding",
    "CovariateCoding",
    "ExpressionCoding",
    "FactorCoding",
    "InterceptCoding",
    "Numbers",
    "OverlayCoding",
    "Single",
    "UnitsCoding",
    "csr_from_single",
]

Columns = Mapping[str, npt.NDArray[Any]]
Single = tuple[npt.NDArray[np.int64] | None, npt.NDArray[np.float64] | None]


def csr_from_single(n: int, width: int, single: Single) -> Csr:
    """A block from one column number and value a row; rows without a column, or with value 0, are empty."""
    at, value = single
    there = np.ones(n, dtype=bool) if at is None else at >= 0
    if value is not None:
        there = there & (value != 0)
    indptr = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(there, out=indptr[1:])
    full = int(indptr[-1]) == n
    if at is None:
        indices = np.zeros(int(indptr[-1]), dtype=np.int32)
    else:
        indices = (at if full else at[there]).astype(np.int32)
    if value is None:
        data = np.ones(len(indices))
    else:
        data = np.array(value if full else value[there], dtype=np.float64)
    return Csr.unchecked(n, width, indptr, indices, data)


class Numbers(Sequence[str]):
    """The numbers from 1 to `size` as text, made where they are read."""

    __slots__ = ("_range",)

    def __init__(self, size: int):
        self._range = range(1, size + 1)

    def __len__(self) -> int:
        return len(self._range)

    @overload
    def __getitem__(self, i: int) -> str: ...

    @overload
    def __getitem__(self, i: slice) -> tuple[str, ...]: ...

    def __getitem__(self, i: int | slice) -> str | tuple[str, ...]:
        return tuple(map(str, self._range[i])) if isinstance(i, slice) else str(self._range[i])

    def __iter__(self) -> Iterator[str]:
        return map(str, self._range)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Numbers):
            return self._range == other._range
        return isinstance(other, tuple) and len(other) == len(self) and tuple(self) == other

    def __hash__(self) -> int:
        return hash(tuple(self))


@dataclass(frozen=True)
class Coding:
    """Base of all codings.

    Attributes
    ----------
    label : str
        The variable as term labels name it: ``Row``, ``x``, ``at(Site, 'PBU')``, ``units``.
    variables : tuple of str
        Columns of the frame that it reads.
    levels : sequence of str
        Labels of its columns: a factor's levels; one label for a covariate or a condition.
    kind : str
        ``intercept factor covariate condition units basis``.
    """

    label: str
    variables: tuple[str, ...]
    levels: Sequence[str] = field(repr=False)
    kind: ClassVar[str] = "basis"

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.levels)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Effect names' parts: ``Row_1`` …, ``x``, ``(Intercept)``, ``at(Site, 'PBU')``, ``units_1`` …."""
        if self.kind in ("factor", "units", "basis"):
            return tuple([f"{self.label}_{level}" for level in self.levels])
        return (self.label,)

    def single(self, columns: Columns, n: int) -> Single | None:
        """Rows with one entry at most, as (column (n,), -1 for none, or None for all 0; value (n,), or None for all 1).

        None for a coding whose rows have several entries: then only `block` gives them.
        """
        return None

    def block(self, columns: Columns, n: int) -> Csr:
        """Design rows (n, width) for `columns`: codes of factors (-1 missing), values of covariates (NaN missing).

        A missing factor code gives a zero row, a missing covariate the value 0.
        """
        single = self.single(columns, n)
        assert single is not None
        return csr_from_single(n, self.width, single)


@dataclass(frozen=True)
class InterceptCoding(Coding):
    """The column of ones."""

    label: str = "(Intercept)"
    variables: tuple[str, ...] = ()
    levels: tuple[str, ...] = ("(Intercept)",)
    kind: ClassVar[str] = "intercept"

    def single(self, columns: Columns, n: int) -> Single:
        """One in every row."""
        return None, None


@dataclass(frozen=True)
class FactorCoding(Coding):
    """One indicator column a level."""

    kind: ClassVar[str] = "factor"

    def single(self, columns: Columns, n: int) -> Single:
        """One at the level's column."""
        return columns[self.variables[0]].astype(np.int64, copy=False), None


@dataclass(frozen=True)
class UnitsCoding(Coding):
    """One indicator column a record. Cells of a prediction belong to no record: without codes rows are zero."""

    kind: ClassVar[str] = "units"

    @classmethod
    def of(cls, size: int) -> UnitsCoding:
        """The coding of `size` records."""
        return cls(UNITS, (UNITS,), Numbers(size))

    def single(self, columns: Columns, n: int) -> Single:
        """One at the record's column."""
        codes = columns.get(UNITS)
        return (np.full(n, -1, dtype=np.int64) if codes is None else codes.astype(np.int64, copy=False)), None


@dataclass(frozen=True)
class ConditionCoding(Coding):
    """``at(f, level)``: a column that is one in the records of the level, whose number (from 0) is `code`."""

    code: int = 0
    kind: ClassVar[str] = "condition"

    def single(self, columns: Columns, n: int) -> Single:
        """One where the condition holds."""
        return np.where(columns[self.variables[0]] == self.code, 0, -1).astype(np.int64), None


@dataclass(frozen=True)
class CovariateCoding(Coding):
    """A numeric column as it is, neither centred nor scaled."""

    kind: ClassVar[str] = "covariate"

    @classmethod
    def of(cls, label: str, variable: str) -> CovariateCoding:
        """The coding of column `variable`."""
        return cls(label, (variable,), (label,))

    def single(self, columns: Columns, n: int) -> Single:
        """The value in column 0; 0 where missing."""
        return None, np.nan_to_num(np.asarray(columns[self.variables[0]], dtype=np.float64), nan=0.0)


@dataclass(frozen=True)
class ExpressionCoding(Coding):
    """A covariate computed from columns, ``I(x^2)``, ``log(x)``, ``as.numeric(f)``.

    Attributes
    ----------
    node : Node
        The expression; names ending in ``CODES`` stand for the level numbers of a factor.
    inputs : mapping of str to tuple of str
        Columns read, with the levels of factors (empty for covariates).
    """

    node: Node = field(default_factory=Node)
    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    kind: ClassVar[str] = "covariate"
    CODES: ClassVar[str] = " (level number)"

    @classmethod
    def of(cls, label: str, node: Node, inputs: Mapping[str, tuple[str, ...]]) -> ExpressionCoding:
        """The coding of expression `node`."""
        return cls(label, tuple(inputs), (label,), node, inputs)

    def values(self, columns: Columns, n: int) -> npt.NDArray[Any]:
        """The expression's value a row, (n,)."""
        known: dict[str, Any] = {}
        for name, levels in self.inputs.items():
            if levels:
                codes = columns[name]
                known[name] = np.array([*levels, None], dtype=object)[codes]
                known[name + self.CODES] = np.where(codes < 0, np.nan, codes + 1.0)
            else:
                known[name] = columns[name]
        values = np.asarray(evaluate(self.node, known))
        if values.shape not in ((), (n,)):
            raise DataError(f"{self.label} gives {values.size} values for {n} rows")
        return np.broadcast_to(values, (n,))

    def single(self, columns: Columns, n: int) -> Single:
        """The expression's value in column 0; 0 where missing."""
        return None, np.nan_to_num(self.values(columns, n).astype(np.float64), nan=0.0)


@dataclass(frozen=True)
class OverlayCoding(Coding):
    """A coding to which ``and()`` has added others with the same levels: ``sire + and(dam)``.

    Attributes
    ----------
    parts : tuple of (Coding, float)
        What is added up, with weights.
    """

    parts: tuple[tuple[Coding, float], ...] = ()
    kind: ClassVar[str] = "factor"

    def block(self, columns: Columns, n: int) -> Csr:
        """Weighted sum of the parts' rows."""
        blocks = [(coding.block(columns, n), weight) for coding, weight in self.parts]
        row = np.concatenate([np.repeat(np.arange(n), np.diff(block.indptr)) for block, _ in blocks])
        order = np.argsort(row, kind="stable")
        indptr = np.sum([block.indptr for block, _ in blocks], axis=0)
        indices = np.concatenate([block.indices for block, _ in blocks])[order]
        data = np.concatenate([block.data * weight for block, weight in blocks])[order]
        return Csr(n, self.width, indptr, indices, data)
