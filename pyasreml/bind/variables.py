"""The variables of a model: columns found in the data, expressions evaluated, rows selected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pyasreml.bind.coding import ExpressionCoding
from pyasreml.bind.traits import check_asmv, omit_missing, stack, trait_column, unit_marks
from pyasreml.bind.uses import Use, group_columns, names_of, near, unknown, uses_of
from pyasreml.data import UNITS, Column, Frame, NaMethod, Table
from pyasreml.data.covariates import CovariateFrame
from pyasreml.errors import DataError, FormulaError
from pyasreml.model import ModelSpec
from pyasreml.syntax import deparse, evaluate, free_names, parse_expression
from pyasreml.syntax.nodes import Call, Name, Node, Unary

__all__ = ["FACTOR_CALLS", "ModelFrame", "factor_key", "model_frame"]

# Calls that turn a column into the factor of its values, and those that give a factor's level numbers.
FACTOR_CALLS = frozenset({"factor", "as.factor"})
NUMBER_CALLS = frozenset({"as.numeric", "as.integer"})


@dataclass(frozen=True)
class ModelFrame:
    """The selected rows with everything the terms need.

    Attributes
    ----------
    frame : Frame
        Data columns; factors made from numbers stand under `factor_key`.
    y : float array (n,)
    weights : float array (n,) or None
    expressions : mapping of str to ExpressionCoding
        By the expression's text.
    groups : mapping of str to tuple of str
        Columns of ``grp()`` by name.
    covariates : mapping of str to CovariateFrame
        Of ``mbf()``, by name.
    """

    frame: Frame
    y: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64] | None
    expressions: dict[str, ExpressionCoding]
    groups: dict[str, tuple[str, ...]]
    covariates: dict[str, CovariateFrame]


def factor_key(name: str) -> str:
    """Name in the frame of the factor made from a column of numbers."""
    return f"factor({name})"


def model_frame(
    spec: ModelSpec,
    data: Any,
    subset: Any = None,
    na_action: NaMethod | None = None,
    weights: str | None = None,
    group: Mapping[str, Sequence[str | int]] | None = None,
    mbf: Mapping[str, CovariateFrame] | None = None,
) -> ModelFrame:
    """Select the rows of a model and convert the columns that its formulas mention.

    The order is asreml's: ``subset``, then missing responses, then missing values of model variables, then unused
    factor levels; the records of several traits are stacked last.

    Raises
    ------
    FormulaError
        A name that is no column.
    DataError
        Columns or rows that cannot be used; missing values under ``x="fail"``.
    """
    na = na_action or NaMethod()
    table = Table.from_any(data)
    check_asmv(spec, table)
    _check_response_use(spec)
    uses = list(uses_of(spec, group or {}, mbf or {}, table))
    wanted: dict[str, None] = {}
    for use in [Use(spec.response, "fixed", spec.texts["fixed"]), *uses]:
        for name in names_of(use.node):
            if name == UNITS:
                continue  # a reserved name: the records, whatever the data hold under it
            column = trait_column(spec, use, name, table)
            if column is None:
                continue
            if column not in table:
                raise unknown(name, use, table)
            wanted.setdefault(column)
    if spec.asmv is not None:
        wanted.setdefault(spec.asmv)
    if weights is not None and weights not in table:
        raise DataError(f"weights: there is no column {weights!r} in the data{near(weights, table)}")
    frame = Frame.from_any(table, [*wanted, *([weights] if weights is not None and weights not in wanted else [])])
    if len(frame) == 0:
        raise DataError("data: there are no rows")
    if subset is not None:
        frame = frame.keep(_subset(subset, table))
        if len(frame) == 0:
            raise DataError("subset: no row is left")
    if spec.asmv is not None:
        frame = frame.by_trait(spec.asmv)
    y = _responses(spec, frame)
    frame, y = omit_missing(frame, y, na, spec)
    expressions = _expressions(uses, frame)
    frame, y = _missing_x(frame, y, na, uses, expressions)
    if np.isnan(y).all():
        raise DataError(f"the response {spec.response_text} is missing in every row")
    frame = frame.drop_unused() if frame.n_data > len(frame) else frame
    frame, y = stack(frame, y, spec)
    observed = ~np.isnan(y)
    made = {factor_key(n): frame[n].as_factor() for use in uses for n in _made_factors(use.node) if n in frame}
    if made:
        frame = frame.with_columns(made)
    groups = {name: group_columns(name, group, table) for name in group or {}} if group else {}
    return ModelFrame(frame, y, _weights(weights, frame, observed), expressions, groups, dict(mbf or {}))


def _subset(subset: Any, table: Table) -> npt.NDArray[np.bool_]:
    """Rows for which a condition holds: R text, a tree, or one logical value a row. NA counts as FALSE."""
    if isinstance(subset, str):
        text = subset
        node = parse_expression(subset)
        if isinstance(node, Unary) and node.operator == "~":
            node = node.operand
    elif isinstance(subset, Node):
        node = subset
        text = deparse(subset)
    else:
        values = np.asarray(subset)
        if values.shape != (table.n_rows,):
            raise DataError(f"subset: {values.shape} values for {table.n_rows} rows; one logical value a row is needed")
        return _logical(values, "subset")
    known: dict[str, Any] = {}
    for name in free_names(node):
        if name in table:
            column = table.column(name)
            known[name] = column.labels() if column.is_factor else column.values
    values = np.asarray(evaluate(node, known, text=text))
    if values.ndim == 0:
        values = np.broadcast_to(values, (table.n_rows,))
    if values.shape != (table.n_rows,):
        raise DataError(f"subset: {text} gives {values.size} values for {table.n_rows} rows")
    return _logical(values, f"subset: {text}")


def _logical(values: npt.NDArray[Any], what: str) -> npt.NDArray[np.bool_]:
    if values.dtype.kind == "b":
        return values.astype(bool)
    if values.dtype.kind == "O":
        values = np.array([np.nan if v is None or v != v else v for v in values.tolist()])
    if values.dtype.kind in "fb" and np.isin(values[~np.isnan(values.astype(float))], (0.0, 1.0)).all():
        return values == 1
    raise DataError(f"{what}: the values are not logical; write a condition such as year == 1987")


def _responses(spec: ModelSpec, frame: Frame) -> npt.NDArray[np.float64]:
    """The response (n,), or one column a trait (n, traits)."""
    text = spec.texts["fixed"]
    if spec.traits:
        return np.column_stack([_response(node, deparse(node), frame, text) for _, node in spec.traits])
    return _response(spec.response, spec.response_text, frame, text)


def _response(node: Node, label: str, frame: Frame, text: str) -> npt.NDArray[np.float64]:
    if isinstance(node, Name):
        column = frame[node.name]
        if column.is_factor:
            raise DataError(
                f"the response {node.name!r} is a factor or text ({', '.join(column.levels[:3])} …); it must be numeric"
            )
        assert column.values is not None
        return column.values
    y = _expression(node, label, frame, text)
    bad = np.flatnonzero(np.isinf(y))
    if len(bad):
        raise DataError(f"the response {label} is infinite in row {frame.rows[bad[0]] + 1}")
    names = [name for name in names_of(node) if name in frame]
    lost = np.isnan(y)
    for name in names:
        lost &= ~frame[name].missing()
    if lost.any():
        raise DataError(
            f"the response {label} has no value in row {frame.rows[np.flatnonzero(lost)[0]] + 1}, where "
            f"{', '.join(names)} has one; make it missing in the data or correct it"
        )
    return y


def _expression(node: Node, label: str, frame: Frame, text: str) -> npt.NDArray[np.float64]:
    coding = _coding(node, label, frame)
    values = coding.values(frame.arrays, len(frame))
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise FormulaError(f"{label} is text, not a number", text, node.span) from None


def _coding(node: Node, label: str, frame: Frame) -> ExpressionCoding:
    inputs = {name: frame[name].levels for name in names_of(node) if name in frame}
    return ExpressionCoding.of(label, _level_numbers(node, frame), inputs)


def _level_numbers(node: Node, frame: Frame) -> Node:
    """``as.numeric(f)`` of a factor is the number of its level, as in R, not the number its label reads."""
    if isinstance(node, Call) and isinstance(node.function, Name):
        arguments = [argument.value for argument in node.arguments]
        if node.function.name in NUMBER_CALLS and len(arguments) == 1 and isinstance(arguments[0], Name):
            name = arguments[0].name
            if name in frame and frame[name].is_factor:
                return Name(name + ExpressionCoding.CODES, quoted=True, span=node.span)
        return replace(
            node,
            arguments=tuple(
                replace(a, value=None if a.value is None else _level_numbers(a.value, frame)) for a in node.arguments
            ),
        )
    changes: dict[str, Any] = {}
    for attribute in ("operand", "inner", "left", "right"):
        child = getattr(node, attribute, None)
        if isinstance(child, Node):
            changes[attribute] = _level_numbers(child, frame)
    return replace(node, **changes) if changes else node


def _made_factors(node: Node) -> tuple[str, ...]:
    """Columns inside ``factor(x)`` and ``as.factor(x)``."""
    if isinstance(node, Call) and isinstance(node.function, Name) and node.function.name in FACTOR_CALLS:
        return names_of(node)
    return ()


def _expressions(uses: list[Use], frame: Frame) -> dict[str, ExpressionCoding]:
    found: dict[str, ExpressionCoding] = {}
    for use in uses:
        if isinstance(use.node, Name):
            continue
        label = deparse(use.node)
        if label in found:
            continue
        if isinstance(use.node, Call) and isinstance(use.node.function, Name):
            name = use.node.function.name
            if name in FACTOR_CALLS:
                if len(use.node.arguments) != 1 or not isinstance(use.node.arguments[0].value, Name):
                    raise FormulaError(
                        f"{name}() in a formula takes the name of a column alone; make the factor in the data",
                        use.text,
                        use.node.span,
                    )
                continue
        values = _expression(use.node, label, frame, use.text)
        bad = np.flatnonzero(np.isinf(values))
        if len(bad):
            raise DataError(f"{label} is infinite in row {frame.rows[bad[0]] + 1}")
        found[label] = _coding(use.node, label, frame)
    return found


def _missing_x(
    frame: Frame,
    y: npt.NDArray[np.float64],
    na: NaMethod,
    uses: list[Use],
    expressions: dict[str, ExpressionCoding],
) -> tuple[Frame, npt.NDArray[np.float64]]:
    names: dict[str, npt.NDArray[np.bool_] | None] = {}
    for use in uses:
        label = deparse(use.node)
        if label in names:
            continue
        if isinstance(use.node, Name):
            names[label] = frame[use.node.name].missing() if use.node.name in frame else None
        elif label in expressions:
            names[label] = np.isnan(expressions[label].values(frame.arrays, len(frame)).astype(np.float64))
        else:
            names[label] = np.logical_or.reduce([frame[n].missing() for n in names_of(use.node) if n in frame])
    lost = {name: where for name, where in names.items() if where is not None and where.any()}
    if not lost or na.x == "include":
        return frame, y
    if na.x == "fail":
        where = "; ".join(
            f"{name} in row {int(frame.rows[np.flatnonzero(rows)[0]]) + 1}"
            + (f" and {int(rows.sum()) - 1} more" if rows.sum() > 1 else "")
            for name, rows in lost.items()
        )
        raise DataError(
            f"missing values among {','.join(names)}.\n{where}; "
            'na_action = na_method(x="omit") drops such records, x="include" keeps them'
        )
    keep = ~unit_marks(np.logical_or.reduce(list(lost.values())), frame)
    if not keep.any():
        raise DataError(f"every row has a missing value among {','.join(lost)}; no record is left")
    return frame.keep(keep), y[keep]


def _check_response_use(spec: ModelSpec) -> None:
    """A response that is a plain column may not be a term as well."""
    plain = {node.name for node in (spec.response, *(node for _, node in spec.traits)) if isinstance(node, Name)}
    for part in ("fixed", "sparse", "random"):
        for component in (c for term in getattr(spec, part) for given in term.components for c in given.simple()):
            if isinstance(component.variable, Name) and component.variable.name in plain:
                raise FormulaError(
                    f"the response {component.variable.name!r} cannot be a term of the {part} formula",
                    spec.texts[part],
                    component.variable.span,
                )


def _weights(name: str | None, frame: Frame, observed: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64] | None:
    if name is None:
        return None
    column: Column = frame[name]
    if column.is_factor:
        raise DataError(f"weights: column {name!r} is a factor or text; it must be numeric")
    assert column.values is not None
    bad = np.flatnonzero(observed & ~(column.values > 0))
    if len(bad):
        raise DataError(
            f"weights: column {name!r} is {column.values[bad[0]]:g} in row {frame.rows[bad[0]] + 1}; "
            "weights must be positive where the response is observed"
        )
    return np.where(np.isnan(column.values), 1.0, column.values)
