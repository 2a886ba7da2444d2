"""The cells of a prediction: levels of factors and values of covariates, crossed or in parallel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pyasreml.data.column import number_text
from pyasreml.errors import AsremlError
from pyasreml.fit.prediction_sets import Sets, Variable, find_variable

Values = npt.NDArray[Any]


@dataclass(frozen=True)
class Cells:
    """The rows of the table of predictions.

    Attributes
    ----------
    size : int
    values : mapping of str to array (size,)
        Codes (from 0) of classifying factors, values of covariates.
    averaged_levels : mapping of str to int array
        Codes over which a factor is averaged, where the user restricts them.
    at_mean : mapping of str to float
        Covariates that are held at their mean.
    held : mapping of str to float
        Other covariates that the user holds at one value.
    """

    size: int
    values: Mapping[str, Values]
    averaged_levels: Mapping[str, npt.NDArray[np.int64]]
    at_mean: Mapping[str, float]
    held: Mapping[str, float]


def make_cells(
    sets: Sets, variables: Mapping[str, Variable], levels: Any, design_points: Any, parallel: Any
) -> Cells:
    """Cross the levels of the classify set, the first variable varying slowest.

    Parameters
    ----------
    sets : Sets
    variables : mapping
    levels, design_points : mapping or None
        By variable: names or positions (from 1) of levels, values of covariates.
    parallel : bool or names
        True: all classifying variables run through their values together; names: these do.

    Raises
    ------
    AsremlError
        For an unknown variable or level, or parallel lists of different lengths.
    """
    given = _given(levels, variables, "levels") | _given(design_points, variables, "design.points")
    chosen: dict[str, Values] = {}
    restricted: dict[str, npt.NDArray[np.int64]] = {}
    held: dict[str, float] = {}
    for name, wanted in given.items():
        variable = variables[name]
        values: Values = _codes(wanted, variable) if variable.is_factor else _numbers(wanted, name)
        if name in sets.classify:
            chosen[name] = values
        elif name not in sets.averaging:
            raise AsremlError(
                f"predict(): levels: {name!r} is neither classified by nor averaged over; it is in the ignored set"
            )
        elif variable.is_factor:
            restricted[name] = values
        elif values.size != 1:
            raise AsremlError(f"predict(): levels: {name!r} has {values.size} values; put it into classify")
        else:
            held[name] = float(values[0])
    at_mean = {}
    for name in (*sets.classify, *sets.averaging):
        variable = variables[name]
        if name in given:
            continue
        if variable.is_factor:
            if name in sets.classify:
                chosen[name] = np.arange(len(variable.levels))
        else:
            if name in sets.classify:
                chosen[name] = variable.points
            if name not in sets.classify or not variable.spline:
                at_mean[name] = variable.mean
    together = _together(parallel, sets, variables)
    by_cell, size = _cross(sets.classify, chosen, together)
    return Cells(size, by_cell, restricted, at_mean, held)


def _given(lists: Any, variables: Mapping[str, Variable], what: str) -> dict[str, list[Any]]:
    if lists is None:
        return {}
    if not hasattr(lists, "items"):
        if len(lists) == 0:
            return {}
        raise AsremlError(f"predict(): {what}: values by variable are needed, as in {what} = list(A = c(1, 2))")
    return {find_variable(str(name), variables, what): _elements(values) for name, values in lists.items()}


def _elements(values: Any) -> list[Any]:
    """The elements of a vector of any make; one value is a vector of one."""
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        return [values]
    return [v.item() if isinstance(v, np.generic) else v for v in values]


def _codes(wanted: Sequence[Any], variable: Variable) -> npt.NDArray[np.int64]:
    place = {level: i for i, level in enumerate(variable.levels)}
    codes = []
    for level in wanted:
        number = isinstance(level, int | float) and not isinstance(level, bool)
        if number and level == int(level) and 1 <= level <= len(place):
            codes.append(int(level) - 1)
            continue
        text = number_text([level])[0] if number else str(level)
        if text not in place:
            known = ", ".join(variable.levels[:8]) + (" …" if len(place) > 8 else "")
            raise AsremlError(f"predict(): levels: {variable.name!r} has no level {text!r}; it has {known}")
        codes.append(place[text])
    return np.array(codes, dtype=np.int64)


def _numbers(wanted: Sequence[Any], name: str) -> npt.NDArray[np.float64]:
    try:
        values = np.array([float(v) for v in wanted])
    except (TypeError, ValueError):
        raise AsremlError(f"predict(): levels: {name!r} is a covariate, its values must be numbers") from None
    if not np.isfinite(values).all():
        raise AsremlError(f"predict(): levels: {name!r} has a value that is missing or infinite")
    return values


def _together(parallel: Any, sets: Sets, variables: Mapping[str, Variable]) -> tuple[str, ...]:
    if parallel is None or parallel is False:
        return ()
    if parallel is True:
        return sets.classify
    names = [parallel] if isinstance(parallel, str) else list(parallel)
    if len(names) == 1 and isinstance(names[0], bool | np.bool_):
        return sets.classify if names[0] else ()
    found = tuple(find_variable(str(name), variables, "parallel") for name in names)
    for name in found:
        if name not in sets.classify:
            raise AsremlError(f"predict(): parallel: {name!r} is not in the classify set")
    return found


def _cross(
    classify: Sequence[str], chosen: Mapping[str, Values], together: Sequence[str]
) -> tuple[dict[str, Values], int]:
    """Values by cell: variables taken together count as one dimension, at the place of the first of them."""
    lengths = {chosen[name].size for name in together}
    if len(lengths) > 1:
        shown = ", ".join(f"{name} {chosen[name].size}" for name in together)
        raise AsremlError(f"predict(): parallel variables need equally many levels; here are {shown}")
    dimensions: list[tuple[str, ...]] = []
    for name in classify:
        if name not in together:
            dimensions.append((name,))
        elif name == next(n for n in classify if n in together):
            dimensions.append(tuple(together))
    sizes = [chosen[names[0]].size for names in dimensions]
    size = int(np.prod(sizes, dtype=np.int64)) if sizes else 1
    cell = np.arange(size)
    values, inner = {}, size
    for names, count in zip(dimensions, sizes, strict=True):
        if count == 0:
            raise AsremlError(f"predict(): levels: {names[0]!r} has no level")
        inner //= count
        for name in names:
            values[name] = chosen[name][(cell // inner) % count]
    return values, size


def classify_columns(sets: Sets, cells: Cells, variables: Mapping[str, Variable]) -> dict[str, Any]:
    """The classifying columns of the printed table: factors with the levels of the model, covariates as numbers."""
    if not sets.classify:
        return {"Intercept": ["Intercept"]}
    columns: dict[str, Any] = {}
    for shown, name in zip(sets.columns, sets.classify, strict=True):
        variable = variables[name]
        values = cells.values[name]
        columns[shown] = (
            pd.Categorical.from_codes(values, categories=pd.Index(variable.levels)) if variable.is_factor else values
        )
    return columns
