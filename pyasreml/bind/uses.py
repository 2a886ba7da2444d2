"""Where formulas use columns of the data: names in order, columns of groups, unknown names."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pyasreml.data import Table
from pyasreml.data.covariates import CovariateFrame
from pyasreml.errors import DataError, FormulaError
from pyasreml.model import TRAIT, Component, ModelSpec
from pyasreml.syntax import free_names
from pyasreml.syntax.nodes import Argument, Name, Node, Span

__all__ = ["Use", "group_columns", "names_of", "near", "unknown", "uses_of"]


@dataclass(frozen=True)
class Use:
    """A variable where a formula uses it."""

    node: Node
    part: str
    text: str


def group_columns(name: str, group: Mapping[str, Sequence[str | int]], table: Table) -> tuple[str, ...]:
    """Columns of ``grp(name)``, given by names or by positions from 1."""
    if name not in group:
        raise FormulaError(f"grp({name}): group = has no entry {name!r}; give group = {{{name!r}: columns}}")
    given = group[name]
    columns: list[str] = []
    for column in (given,) if isinstance(given, str) else given:
        if not isinstance(column, str):
            if not isinstance(column, (int, float, np.integer, np.floating)) or column != int(column):
                raise DataError(f"group: {name!r} has {column!r}; columns are given by names or by positions from 1")
            if not 1 <= column <= len(table.names):
                raise DataError(f"group: {name!r} has column number {column}; the data have {len(table.names)} columns")
            column = table.names[int(column) - 1]
        if column not in table:
            raise DataError(f"group: {name!r} names column {column!r}, which is not in the data{near(column, table)}")
        columns.append(column)
    if not columns:
        raise DataError(f"group: {name!r} has no columns")
    return tuple(columns)


def covariate_key(name: str, mbf: Mapping[str, CovariateFrame]) -> str:
    """The column of the data by which records take the covariates of ``mbf(name)``."""
    if name not in mbf:
        form = f"mbf = {{{name!r}: {{'key': (column, column of cov), 'cov': frame}}}}"
        raise FormulaError(f"mbf({name}): mbf = has no entry {name!r}; give {form}")
    return mbf[name].key


def uses_of(
    spec: ModelSpec, group: Mapping[str, Sequence[str | int]], mbf: Mapping[str, CovariateFrame], table: Table
) -> Iterator[Use]:
    """Variables in the order of asreml's model frame: fixed, random, sparse, residual."""
    for part in ("fixed", "random", "sparse"):
        for component in (c for term in getattr(spec, part) for given in term.components for c in given.simple()):
            if component.function == "grp":
                assert isinstance(component.variable, Name)
                for column in group_columns(component.variable.name, group, table):
                    yield Use(Name(column, span=component.span), part, spec.texts[part])
            elif component.function == "mbf":
                assert isinstance(component.variable, Name)
                key = covariate_key(component.variable.name, mbf)
                yield Use(Name(key, span=component.span), part, spec.texts[part])
            else:
                yield from _nodes(component, part, spec.texts[part])
    text = spec.texts["residual"]
    if spec.residual.model is not None:
        for component in spec.residual.model.components:
            yield from _nodes(component, "residual", text)
    for total in spec.residual.sums:
        for model in total.models:
            for component in model.components:
                yield from _nodes(component, "residual", text)
        yield Use(total.by, "residual", text)


def _nodes(component: Component, part: str, text: str) -> Iterator[Use]:
    yield Use(component.variable, part, text)
    if component.other is not None:
        yield Use(component.other, part, text)


def names_of(node: Node) -> tuple[str, ...]:
    """Columns that a variable or an expression reads."""
    return (node.name,) if isinstance(node, Name) else tuple(free_names(node))


def near(name: str, table: Table) -> str:
    """``; did you mean …?`` with columns of a like name, or nothing."""
    close = difflib.get_close_matches(name, table.names, n=3, cutoff=0.6)
    close += [other for other in table.names if other.lower() == name.lower() and other not in close]
    return f"; did you mean {' or '.join(map(repr, close))}?" if close else ""


def unknown(name: str, use: Use, table: Table) -> Exception:
    """The error for a name that is no column."""
    if name == TRAIT:
        return FormulaError(
            "trait is the factor of several responses: write cbind(y1, y2) before ~, or name the column of the traits "
            "in asmv =",
            use.text,
            _span_of(name, use.node),
        )
    message = f"there is no column {name!r} in the data{near(name, table)}"
    span = _span_of(name, use.node)
    return FormulaError(message, use.text, span) if use.text else FormulaError(message)


def _span_of(name: str, node: Node) -> Span:
    """Where in an expression a name stands."""
    if isinstance(node, Name):
        return node.span
    for attribute in ("arguments", "operand", "inner", "left", "right", "value", "object"):
        child = getattr(node, attribute, None)
        children = child if isinstance(child, tuple) else (child,)
        for inner in children:
            if isinstance(inner, Argument):
                inner = inner.value
            if isinstance(inner, Node) and name in names_of(inner):
                return _span_of(name, inner)
    return node.span
