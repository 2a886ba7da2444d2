"""From a component such as ``spl(x)`` or ``pol(x, 2)`` to its coding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyasreml.bind.basis import DeviationCoding, GroupCoding, LevelCoding, level_values, spline_coding
from pyasreml.bind.coding import Coding, CovariateCoding
from pyasreml.bind.contrasts import sum_to_zero, user_contrasts
from pyasreml.bind.polynomials import FunctionCoding, function_coding, polynomial_coding
from pyasreml.data import UNITS, Column, Frame
from pyasreml.data.covariates import CovariateFrame
from pyasreml.errors import DataError, FormulaError
from pyasreml.model import Component
from pyasreml.syntax.nodes import Name

__all__ = ["basis_coding", "covariate_columns", "group_coding"]


def basis_coding(
    component: Component,
    key: str,
    column: Column,
    text: str,
    knot_points: Mapping[str, Sequence[float]],
    known: Mapping[str, Any],
) -> Coding:
    """The coding of a function of one column. A factor is taken by what its levels read, not by ``dev()``.

    Parameters
    ----------
    component : Component
    key : str
        Its variable's name in the frame.
    column : Column
        The variable; for ``con()`` and ``C()`` a factor.
    text : str
        The formula, for messages.
    knot_points : mapping
        Knots of ``spl(x)`` by the name of x.
    known : mapping
        Objects that ``C()`` may name.
    """
    assert isinstance(component.variable, Name)
    name, label, function = component.variable.name, component.text, component.function
    options = dict(component.options)
    if name == UNITS:
        raise FormulaError(f"{function}() cannot take units", text, component.span)
    if function == "con":
        return sum_to_zero(label, key, column.levels)
    if function == "C":
        return user_contrasts(label, key, column.levels, options["contr"], known)
    of_level = level_values(column.levels) if column.is_factor else None
    if function == "lin":
        if of_level is not None:
            return LevelCoding(label, (name,), (label,), of_level)
        return CovariateCoding.of(label, name)
    if function == "dev":
        if column.values is None:
            message = f"dev() takes a covariate and {name!r} is a factor; write the factor itself"
            raise FormulaError(message, text, component.span)
        return DeviationCoding.of(label, name, column.values)
    values = column.values if of_level is None else of_level
    assert values is not None
    if function in ("pol", "leg"):
        return polynomial_coding(label, name, function, options.get("t", 1), values, of_level)
    if function in ("pow", "sin", "cos"):
        numbers = {{"p": "power", "r": "period"}.get(key, key): value for key, value in options.items()}
        return function_coding(
            FunctionCoding(label, (name,), (label,), function=function, of_level=of_level, **numbers), values
        )
    return spline_coding(label, name, values, component.order, knot_points.get(name), of_level)


def group_coding(label: str, name: str, columns: Sequence[str], frame: Frame) -> GroupCoding:
    """``grp(name)``: columns of the data side by side."""
    for column in columns:
        if frame[column].is_factor:
            raise DataError(f"group: column {column!r} of {name!r} is a factor or text; it must be numeric")
    return GroupCoding(label, tuple(columns), tuple(columns))


def covariate_columns(label: str, covariates: CovariateFrame, frame: Frame) -> tuple[dict[str, Column], GroupCoding]:
    """``mbf(name)``: covariates that the records have by a key, as columns of the frame, and the coding of them."""
    values = covariates.of(frame[covariates.key], frame.rows)
    keys = [f"{label}_{name}" for name in covariates.names]
    columns = {key: Column(key, "covariate", values=values[:, j]) for j, key in enumerate(keys)}
    return columns, GroupCoding(label, tuple(keys), covariates.names)
