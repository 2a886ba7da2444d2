"""Residual sections on their data: which rows, in which order, and that they fill the grid.

asreml matches records to the cells of a residual product by their order in the data. A product with a structure other
than ``id`` must therefore come sorted by its factors, outer factor slowest, every cell once; missing plots are rows
with a missing response.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from pyasreml.bind.bound import BoundSection, StructureCall
from pyasreml.bind.coding import FactorCoding, UnitsCoding
from pyasreml.bind.places import places
from pyasreml.bind.terms import TermBinder, check_units, level_position, one_variance
from pyasreml.data import UNITS, Column
from pyasreml.errors import DataError, FormulaError, ModelError, quote
from pyasreml.model import MODEL_FUNCTIONS, Component, DirectSum, ResidualModel, ResidualSpec
from pyasreml.syntax.nodes import Name

__all__ = ["bind_sections"]

FloatArray = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


def bind_sections(spec: ResidualSpec, binder: TermBinder) -> tuple[tuple[BoundSection, ...], bool]:
    """Sections of the residual and whether it is a ``dsum``.

    Raises
    ------
    DataError
        Rows out of order, cells missing or twice; the message names the first row and the sort that mends it.
    ModelError
        Levels of a ``dsum`` factor without a model, or with two.
    """
    if spec.model is not None:
        rows = np.arange(len(binder.frame), dtype=np.int64)
        return (_section(spec.model, rows, binder, spec.model.label),), False
    sections: list[BoundSection] = []
    keys = [_by(total, binder) for total in spec.sums]
    for key in dict.fromkeys(name for name, _ in keys):
        column = next(c for name, c in keys if name == key)
        sums = [total for total, (name, _) in zip(spec.sums, keys, strict=True) if name == key]
        sections += _sections_of(sums, key, column, binder)
    covered = np.zeros(len(binder.frame), dtype=np.int64)
    for section in sections:
        covered[section.rows] += 1
    if (covered != 1).any():
        row = int(np.flatnonzero(covered != 1)[0])
        many = "no section" if covered[row] == 0 else f"{covered[row]} sections"
        raise ModelError(
            f"data row {_row(binder, row)} belongs to {many} of the residual; every record needs one"
            f"\n{quote(binder.texts['residual'], spec.sums[0].span)}"
        )
    return tuple(sections), True


def _by(total: DirectSum, binder: TermBinder) -> tuple[str, Column]:
    component = Component("variable", total.by_text, total.by)
    return binder.factor(component, "residual", "dsum()")


def _sections_of(sums: list[DirectSum], key: str, column: Column, binder: TermBinder) -> list[BoundSection]:
    """Sections of one factor in the order of its levels."""
    text = binder.texts["residual"]
    models: dict[int, ResidualModel] = {}
    spans: dict[int, tuple[int, int]] = {}
    for total in sums:
        for model in total.models:
            component = Component("variable", total.by_text, total.by, span=total.span)
            if model.levels is None:
                positions = list(range(len(column.levels)))
            else:
                positions = [level_position(level, column, component, text) for level in model.levels]
            for position in positions:
                if position in models:
                    raise ModelError(
                        f"level {column.levels[position]!r} of {total.by_text} has two residual models"
                        f"\n{quote(text, total.span)}"
                    )
                models[position] = model
                spans[position] = total.span
    left = [level for i, level in enumerate(column.levels) if i not in models]
    if left:
        raise ModelError(
            f"{sums[0].by_text} has levels without a residual model: {', '.join(map(repr, left))}; "
            f"name them in levels =\n{quote(text, sums[0].span)}"
        )
    assert column.codes is not None
    absent = np.flatnonzero(column.codes < 0)
    if len(absent):
        raise DataError(
            f"column {column.name!r} is missing in row {_row(binder, int(absent[0]))}; "
            "the factor of dsum() must be known for every record"
        )
    order = np.argsort(column.codes, kind="stable").astype(np.int64)
    ends = np.cumsum(np.bincount(column.codes, minlength=len(column.levels)))
    by = sums[0].by_text
    return [
        _section(models[i], order[(ends[i - 1] if i else 0) : ends[i]], binder, f"{by}_{level}", by, level, spans[i])
        for i, level in enumerate(column.levels)
    ]


def _section(
    model: ResidualModel,
    rows: Rows,
    binder: TermBinder,
    label: str,
    by: str | None = None,
    level: str | None = None,
    span: tuple[int, int] = (0, 0),
) -> BoundSection:
    calls: list[StructureCall] = []
    codes: list[npt.NDArray[Any] | None] = []
    columns: list[Column | None] = []
    for component in model.components:
        call, code, column = _factor(component, rows, binder, by is not None)
        calls.append(call)
        codes.append(code)
        columns.append(column)
    text = binder.texts["residual"]
    for call in calls:
        check_units(call, text)
    structures = one_variance(calls, model.label, text, model.span, random=False)
    where = f"residual {model.label}" + (f" at {by} {level}" if by else "")
    if binder.frame.units is not None:
        _check_traits(calls, codes, columns, rows, where, binder)
    if len(calls) > 1 and any(code is None for code in codes):
        raise ModelError(
            f"{where}: units already is one level a record and cannot be multiplied by further factors"
            f"\n{quote(text, model.span)}"
        )
    if codes[0] is not None:
        ordered = len(calls) > 1 or calls[0].name not in ("id", "idv")
        needs_order = ordered and any(call.name not in ("id", "idv") for call in calls)
        _check_grid(where, columns, calls, codes, rows, binder, needs_order, by)
    return BoundSection(label, rows, structures, by, level, span if by else model.span)


def _factor(
    component: Component, rows: Rows, binder: TermBinder, within: bool
) -> tuple[StructureCall, npt.NDArray[Any] | None, Column | None]:
    """Structure call, codes from 0 within the section, column; codes None for units."""
    node = component.variable
    text = binder.texts["residual"]
    levels: tuple[str, ...] = ()
    codes: npt.NDArray[Any] | None = None
    column: Column | None = None
    at: FloatArray | None = None
    if component.other is not None:
        x, y = binder.plane(component)
        codes, at, levels = places(x[rows], y[rows], as_met=True)
        codes = codes.astype(np.int64)
        column = Column(component.text, "factor", codes=codes.astype(np.int32), levels=levels)
        absent = np.flatnonzero(codes < 0)
        if len(absent):
            row = _row(binder, int(rows[absent[0]]))
            raise DataError(f"{component.call}: a coordinate is missing in row {row}; every record needs its place")
        size = len(levels)
    elif isinstance(node, Name) and node.name == UNITS:
        size = len(rows)
        if binder.frame.units is not None:
            present, codes = np.unique(binder.frame.units[rows], return_inverse=True)
            codes, size = codes.astype(np.int64), len(present)
    else:
        if component.kind == "expression" and not _is_factor_call(component):
            raise FormulaError(
                f"{component.text} is no factor; the residual model is made of factors", text, component.span
            )
        plain = component.function in (None, "id", "idv")
        what = f"the residual factor {component.text}" if plain else f"{component.function}()"
        row_of = MODEL_FUNCTIONS.get(component.function or "id")
        quietly = plain or (row_of is not None and row_of.coordinates == 1)
        _, column = binder.factor(component, "residual", what, quietly=quietly)
        assert column.codes is not None
        codes = column.codes[rows].astype(np.int64)
        if (codes < 0).any():
            row = int(rows[np.flatnonzero(codes < 0)[0]])
            raise DataError(
                f"column {column.name!r} is missing in row {_row(binder, row)}; "
                "every record needs its place in the residual model"
            )
        levels = column.levels
        if within:
            present = np.flatnonzero(np.bincount(codes, minlength=len(levels)))
            rank = np.zeros(len(levels), dtype=np.int64)
            rank[present] = np.arange(len(present))
            codes = rank[codes]
            levels = tuple(levels[i] for i in present.tolist())
        size = len(levels)
    coding = FactorCoding(component.text, (), levels) if levels else UnitsCoding.of(size)
    call = binder.structure_call(component, coding, at, column.levels if column is not None else None)
    return call, codes, column


def _check_traits(
    calls: list[StructureCall],
    codes: list[npt.NDArray[Any] | None],
    columns: list[Column | None],
    rows: Rows,
    where: str,
    binder: TermBinder,
) -> None:
    """Refuse a residual of several traits with fewer cells than records, and tell what is missing in it."""
    if math.prod(call.size for call in calls) >= len(rows):
        return
    names = [column.name for column in columns if column is not None]
    of_units = [call.variable for call, column in zip(calls, columns, strict=True) if column is None]
    trait = str(binder.frame.trait)
    shown = " × ".join(f"{call.size} levels of {call.variable}" for call in calls)
    hint = "" if of_units and trait in names else f"; write residual = ~ id(units):us({trait})"
    raise ModelError(f"{where} has {shown} for the {len(rows)} records of {trait}{hint}")


def _is_factor_call(component: Component) -> bool:
    return component.call.startswith(("factor(", "as.factor("))


def _row(binder: TermBinder, row: int) -> int:
    """Number (from 1) in the data as given."""
    return int(binder.frame.rows[row]) + 1


def _check_grid(
    where: str,
    columns: list[Column | None],
    calls: list[StructureCall],
    codes: list[npt.NDArray[Any] | None],
    rows: Rows,
    binder: TermBinder,
    needs_order: bool,
    by: str | None,
) -> None:
    sizes = [call.size for call in calls]
    names = [column.name if column is not None else UNITS for column in columns]
    cell = np.zeros(len(rows), dtype=np.int64)
    for code, size in zip(codes, sizes, strict=True):
        assert code is not None
        cell = cell * size + code
    total = int(np.prod(sizes, dtype=np.float64))
    if len(rows) == total:
        if not needs_order:
            return
        wrong = np.flatnonzero(cell != np.arange(total))
        if not len(wrong):
            return
    counts = np.bincount(cell, minlength=total) if total <= 4 * len(rows) + 1000 else None

    def place(index: int) -> str:
        parts = []
        for call, size in zip(reversed(calls), reversed(sizes), strict=True):
            index, code = divmod(index, size)
            parts.append(f"{call.variable} {call.levels[code] if call.levels else code + 1}")
        return ", ".join(reversed(parts))

    if len(rows) != total or (counts is not None and (counts != 1).any()):
        shape = " × ".join(map(str, sizes))
        grid = f"{shape} = {total} cells" if len(sizes) > 1 else f"{total} levels"
        message = f"{where} has {grid} for {len(rows)} records"
        if counts is not None and (counts > 1).any():
            double = int(np.flatnonzero(counts > 1)[0])
            first, second = (_row(binder, int(rows[i])) for i in np.flatnonzero(cell == double)[:2])
            message += f"; data rows {first} and {second} both are {place(double)}"
        if counts is None or (counts == 0).any():
            empty = int(np.flatnonzero(counts == 0)[0]) if counts is not None else _first_gap(cell)
            message += (
                f"; no record is {place(empty)}: add a row for every missing plot, with a missing response, and sort"
            )
        raise DataError(message)
    first = int(wrong[0])
    sort = [*([by] if by else []), *names]
    if binder.frame.units is not None:
        raise DataError(
            f"{where}: the records are not in the order of the model; record {first + 1} is {place(int(cell[first]))}, "
            f"where {place(first)} should stand; traits within units are written id(units):us({binder.frame.trait})"
        )
    raise DataError(
        f"{where}: the data rows are not in the order of the model; data row {_row(binder, int(rows[first]))} is "
        f"{place(int(cell[first]))}, where {place(first)} should stand; sort the data by {', '.join(sort)}: "
        f"data.sort_values({sort!r}), in R data[order({', '.join(f'data${name}' for name in sort)}), ]"
    )


def _first_gap(cell: npt.NDArray[np.int64]) -> int:
    distinct = np.unique(cell)
    gaps = np.flatnonzero(distinct != np.arange(len(distinct)))
    return int(gaps[0]) if len(gaps) else len(distinct)
