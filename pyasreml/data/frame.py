"""`Frame`: the checked columns of a model, which rows of the data they are, and why others went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pyasreml.data.column import Column
from pyasreml.data.table import Table
from pyasreml.errors import DataError

__all__ = ["UNITS", "Frame"]

# The factor with one level a record, which every data set has.
UNITS = "units"


@dataclass(frozen=True)
class Frame:
    """A model frame.

    Attributes
    ----------
    columns : mapping of str to Column
    rows : int64 array (n,)
        Row numbers in the data as given, from 0.
    n_data : int
        Number of rows of the data as given.
    units : int64 array (n,) or None
        With several traits: the experimental unit, from 0, of which a row is one trait. None where each row is a unit.
    trait : str or None
        With several traits: the factor that tells them apart.
    """

    columns: Mapping[str, Column]
    rows: npt.NDArray[np.int64]
    n_data: int
    units: npt.NDArray[np.int64] | None = None
    trait: str | None = None

    @classmethod
    def from_any(cls, data: Any, names: Iterable[str] | None = None) -> Frame:
        """Read columns of a pandas, polars or arrow frame or a dict.

        Parameters
        ----------
        data : frame, dict or Table
        names : iterable of str, optional
            Columns to convert; all by default. Others are not looked at.

        Raises
        ------
        DataError
            If a rule of `pyasreml.data.table` is broken or a column is missing.

        Examples
        --------
        >>> frame = Frame.from_any({"y": [1.0, 2.0], "g": ["b", "a"]})
        >>> frame["g"].codes.tolist(), len(frame)
        ([1, 0], 2)
        """
        table = Table.from_any(data)
        wanted = list(dict.fromkeys(table.names)) if names is None else list(dict.fromkeys(names))
        for name in wanted:
            if name not in table:
                raise DataError(f"data: there is no column {name!r}")
        columns = {name: table.column(name) for name in wanted}
        return cls(columns, np.arange(table.n_rows, dtype=np.int64), table.n_rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    @cached_property
    def arrays(self) -> Mapping[str, npt.NDArray[Any]]:
        """Codes or values by name, ``units`` (from 0) included: what codings make design rows from."""
        arrays: dict[str, npt.NDArray[Any]] = {UNITS: self.unit_codes}
        arrays.update((name, column.array) for name, column in self.columns.items())
        return arrays

    @property
    def unit_codes(self) -> npt.NDArray[np.int64]:
        """The unit, from 0, to which each row belongs."""
        return np.arange(len(self), dtype=np.int64) if self.units is None else self.units

    @property
    def n_units(self) -> int:
        """Number of units: of rows, or with several traits of sets of rows."""
        return len(self) if self.units is None or not len(self) else int(self.units.max()) + 1

    def keep(self, rows: npt.NDArray[np.bool_]) -> Frame:
        """The frame at the rows marked in `rows`, a logical array (n,)."""
        if rows.all():
            return self
        columns = {name: column.take(rows) for name, column in self.columns.items()}
        units = None if self.units is None else np.unique(self.units[rows], return_inverse=True)[1].astype(np.int64)
        return replace(self, columns=columns, rows=self.rows[rows], units=units)

    def stack(self, trait: str, levels: Iterable[str]) -> Frame:
        """Every row once for each trait, traits within units, with the factor `trait` of these levels.

        Examples
        --------
        >>> frame = Frame.from_any({"g": ["a", "b"]}).stack("trait", ("y1", "y2"))
        >>> frame["trait"].codes.tolist(), frame["g"].codes.tolist(), frame.units.tolist()
        ([0, 1, 0, 1], [0, 0, 1, 1], [0, 0, 1, 1])
        """
        names = tuple(levels)
        units = np.repeat(np.arange(len(self), dtype=np.int64), len(names))
        columns = {name: column.take(units) for name, column in self.columns.items()}
        code = np.tile(np.arange(len(names), dtype=np.int32), len(self))
        columns[trait] = Column(trait, "factor", codes=code, levels=names)
        return replace(self, columns=columns, rows=self.rows[units], units=units, trait=trait)

    def by_trait(self, trait: str) -> Frame:
        """The rows as traits of units: the j-th row of every level of factor `trait` belongs to unit j.

        Raises
        ------
        DataError
            If `trait` is no factor, is missing somewhere, or its levels have different numbers of rows.
        """
        column = self[trait]
        if not column.is_factor:
            raise DataError(f"asmv: column {trait!r} holds numbers; the traits must be levels of a factor")
        codes = column.array.astype(np.int64)
        if (codes < 0).any():
            row = int(self.rows[np.flatnonzero(codes < 0)[0]]) + 1
            raise DataError(f"asmv: column {trait!r} is missing in row {row}; every record needs its trait")
        counts = np.bincount(codes, minlength=len(column.levels))
        counts = counts[counts > 0]
        if (counts != counts[0]).any():
            found = np.bincount(codes, minlength=len(column.levels)).tolist()
            shown = ", ".join(f"{level} {n}" for level, n in zip(column.levels, found, strict=True))
            raise DataError(
                f"asmv: the levels of {trait!r} have different numbers of records ({shown}); every unit needs one "
                "record a trait, with a missing response where there is none"
            )
        order = np.argsort(codes, kind="stable")
        units = np.empty(len(self), dtype=np.int64)
        units[order] = np.tile(np.arange(counts[0]), counts.size)
        return replace(self, units=units, trait=trait)

    def drop_unused(self) -> Frame:
        """The frame without factor levels that no row has."""
        return replace(self, columns={name: column.drop_unused() for name, column in self.columns.items()})

    def equate(self, names: Iterable[str]) -> Frame:
        """The frame with factors `names` having the levels of all of them: the first's in order, then new ones.

        Raises
        ------
        DataError
            If one is no factor of the frame.
        """
        factors = []
        for name in names:
            if name not in self or not self[name].is_factor:
                raise DataError(f"equate_levels: {name!r} is no factor of the model")
            factors.append(self[name])
        levels = tuple(dict.fromkeys(level for column in factors for level in column.levels))
        position = {level: i for i, level in enumerate(levels)}
        changed = {}
        for column in factors:
            lookup = np.array([*(position[level] for level in column.levels), -1], dtype=np.int32)
            assert column.codes is not None
            changed[column.name] = replace(column, codes=lookup[column.codes], levels=levels)
        return self.with_columns(changed)

    def with_columns(self, columns: Mapping[str, Column]) -> Frame:
        """The frame with columns added or replaced."""
        return replace(self, columns={**self.columns, **columns})

    def in_data_order(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Values of the frame's rows spread over the rows of the data as given, NaN where a row is not in the frame."""
        spread = np.full(self.n_data, np.nan)
        spread[self.rows] = values
        return spread
