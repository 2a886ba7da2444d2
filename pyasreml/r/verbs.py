"""Functions whose arguments are read inside a data frame: ``filter``, ``mutate``, ``subset``, ``with``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pyasreml.r.arithmetic import vector_of
from pyasreml.r.assignment import replace_column
from pyasreml.r.coercion import text
from pyasreml.r.conditions import RError
from pyasreml.r.convert import counts, to_r
from pyasreml.r.environment import Environment
from pyasreml.r.evaluator import Evaluator
from pyasreml.r.indexing import MISSING, column, column_places, subset
from pyasreml.r.registry import special
from pyasreml.r.values import ListValue, Value, Vector, integer, logical
from pyasreml.syntax import deparse
from pyasreml.syntax.nodes import Argument, Binary, Call, Name, Namespaced, Node, Number, String, Unary

__all__ = ["masked"]


def masked(data: Value, env: Environment) -> Environment:
    """An environment in which the columns of a frame (elements of a list) are in sight."""
    if isinstance(data, pd.DataFrame):
        return Environment(env, {str(name): column(data, j) for j, name in enumerate(data.columns)})
    if isinstance(data, ListValue):
        return Environment(env, dict(zip(data.names or [], data.items, strict=True)))
    if data is None or isinstance(data, Environment):
        return data or env
    raise RError("a data frame or a list is wanted as the place to look for names")


def _table(evaluator: Evaluator, node: Call, env: Environment) -> tuple[pd.DataFrame, list[Argument]]:
    """The data of a verb (its first argument, or the one called ``.data``) and the other arguments."""
    arguments = [a for a in node.arguments if a.value is not None]
    place = next((i for i, a in enumerate(arguments) if a.name in (".data", "x", "data")), 0)
    if not arguments:
        raise evaluator.fail("argument '.data' is missing", node)
    first = arguments.pop(place)
    assert first.value is not None
    data = to_r(evaluator.eval(first.value, env))
    if not isinstance(data, pd.DataFrame):
        raise evaluator.fail(f"{deparse(node.function)}() needs a data frame", first.value)
    return data, arguments


def _renumbered(frame: pd.DataFrame) -> pd.DataFrame:
    """Automatic row names count anew; others stay."""
    return frame.set_axis(pd.RangeIndex(1, len(frame) + 1), axis=0) if counts(frame.index) else frame


def _rows(data: pd.DataFrame, keep: Any) -> pd.DataFrame:
    chosen: pd.DataFrame = subset(data, [keep, MISSING], drop=False)
    return chosen


@special("filter", "slice")
def filter_(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """Rows for which every condition is TRUE (``filter``), or by number (``slice``)."""
    data, arguments = _table(evaluator, node, env)
    by_number = isinstance(node.function, Name) and node.function.name == "slice"
    keep = np.ones(len(data), dtype=bool)
    for argument in arguments:
        assert argument.value is not None
        if argument.name is not None:
            message = f"filter(): '{argument.name} = …' is a name for an argument; '==' may be meant"
            raise evaluator.fail(message, argument)
        value = vector_of(evaluator.eval(argument.value, masked(data, env)), "filter()")
        if by_number:
            return _renumbered(_rows(data, value))
        if value.kind != "logical":
            raise evaluator.fail("filter(): a condition must be logical", argument)
        if len(value) not in (1, len(data)):
            raise evaluator.fail(f"filter(): {len(value)} values for {len(data)} rows", argument)
        keep &= np.resize(value.data == 1, len(data))
    return _renumbered(_rows(data, logical(keep)))


@special("mutate", "transform")
def mutate(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """Columns added or replaced; in ``mutate`` each sees those made before it."""
    data, arguments = _table(evaluator, node, env)
    base = masked(data, env)
    later = isinstance(node.function, Name | Namespaced) and node.function.name == "mutate"
    for argument in arguments:
        assert argument.value is not None
        value = evaluator.eval(argument.value, masked(data, env) if later else base)
        data = replace_column(data, argument.name or evaluator.source(argument.value), value)
    return data


@special("arrange")
def arrange(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """Rows in order of expressions, ``desc()`` descending; NA last, ties as they were."""
    data, arguments = _table(evaluator, node, env)
    place = np.arange(len(data))
    for argument in reversed([a for a in arguments if a.name is None]):
        part: Node | None = argument.value
        assert part is not None
        descending = isinstance(part, Call) and isinstance(part.function, Name) and part.function.name == "desc"
        if isinstance(part, Call) and descending:
            part = part.arguments[0].value
        assert part is not None
        key = vector_of(evaluator.eval(part, masked(data, env)), "arrange()")
        ranks = _ranks(key)
        ranks = np.where(np.isnan(ranks), np.inf, -ranks if descending else ranks)
        place = place[np.argsort(ranks[place], kind="stable")]
    return _renumbered(_rows(data, integer(place + 1)))


def _ranks(key: Vector) -> Any:
    """Numbers that sort as the elements do; texts by code point, as dplyr sorts."""
    if key.kind != "character":
        return key.data
    known = {item: float(i) for i, item in enumerate(sorted({item for item in key.data if item is not None}))}
    return np.array([np.nan if item is None else known[item] for item in key.data])


@special("select")
def select(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """Columns by name, range, number, or all but some; ``new = old`` renames."""
    data, arguments = _table(evaluator, node, env)
    names = [str(name) for name in data.columns]
    chosen: list[int] = []
    if arguments and _dropped(arguments[0].value):
        chosen = list(range(len(names)))
    heads: dict[int, str] = {}
    for argument in arguments:
        part = argument.value
        assert part is not None
        if _dropped(part):
            assert isinstance(part, Unary)
            gone = set(_columns(evaluator, part.operand, data, env))
            chosen = [j for j in chosen if j not in gone]
            continue
        places = _columns(evaluator, part, data, env)
        chosen += [j for j in places if j not in chosen]
        if argument.name and len(places) == 1:
            heads[places[0]] = argument.name
    made = data.iloc[:, chosen]
    return made.set_axis(pd.Index([heads.get(j, names[j]) for j in chosen], dtype=object), axis=1)


def _dropped(part: Node | None) -> bool:
    return isinstance(part, Unary) and part.operator in ("-", "!")


def _columns(evaluator: Evaluator, part: Node, data: pd.DataFrame, env: Environment) -> list[int]:
    names = [str(name) for name in data.columns]
    if isinstance(part, Name) and part.name in names:
        return [names.index(part.name)]
    if isinstance(part, String | Number):
        return [int(j) for j in column_places(data, evaluator.eval(part, env))]
    if isinstance(part, Binary) and part.operator == ":":
        first, last = _columns(evaluator, part.left, data, env)[0], _columns(evaluator, part.right, data, env)[0]
        return list(range(first, last + 1))
    if isinstance(part, Call) and isinstance(part.function, Name):
        if part.function.name == "c":
            return [j for a in part.arguments if a.value is not None for j in _columns(evaluator, a.value, data, env)]
        if part.function.name in ("starts_with", "ends_with", "contains", "everything"):
            wanted = (
                text(evaluator.eval(part.arguments[0].value, env)) if part.arguments and part.arguments[0].value else ""
            )
            tests = {"starts_with": str.startswith, "ends_with": str.endswith, "contains": str.__contains__}
            test = tests.get(part.function.name)
            return [j for j, name in enumerate(names) if test is None or test(name, wanted)]
        if part.function.name in ("all_of", "any_of") and part.arguments[0].value is not None:
            return [int(j) for j in column_places(data, evaluator.eval(part.arguments[0].value, env))]
    raise evaluator.fail(f"no column '{evaluator.source(part)}'; columns are {', '.join(names)}", part)


@special("rename")
def rename(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """``new = old``."""
    data, arguments = _table(evaluator, node, env)
    names = [str(name) for name in data.columns]
    for argument in arguments:
        assert argument.value is not None
        names[_columns(evaluator, argument.value, data, env)[0]] = str(argument.name)
    return data.set_axis(pd.Index(names, dtype=object), axis=1)


@special("pull")
def pull(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """One column as a vector, the last unless named."""
    data, arguments = _table(evaluator, node, env)
    if not arguments:
        return column(data, data.shape[1] - 1)
    assert arguments[0].value is not None
    return column(data, _columns(evaluator, arguments[0].value, data, env)[0])


def _named_text(evaluator: Evaluator, arguments: list[Argument], env: Environment) -> str:
    found = next((a.value for a in arguments if a.name in (None, "var")), None)
    return "rowname" if found is None else text(evaluator.eval(found, env))


@special("rownames_to_column")
def rownames_to_column(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """Row names as the first column."""
    data, arguments = _table(evaluator, node, env)
    name = _named_text(evaluator, arguments, env)
    made = data.set_axis(pd.RangeIndex(1, len(data) + 1), axis=0)
    made = pd.DataFrame(made)
    made.insert(0, name, np.array([str(label) for label in data.index], dtype=object))
    return made


@special("column_to_rownames")
def column_to_rownames(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """A column as row names."""
    data, arguments = _table(evaluator, node, env)
    name = _named_text(evaluator, arguments, env)
    return data.drop(columns=[name]).set_axis(pd.Index([str(v) for v in data[name]], dtype=object), axis=0)


@special("subset")
def subset_(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """Rows for which a condition holds, and columns of `select`."""
    data, arguments = _table(evaluator, node, env)
    chosen = [a for a in arguments if a.name == "select"]
    conditions = [a.value for a in arguments if a.name in (None, "subset")]
    if conditions and conditions[0] is not None:
        value = vector_of(evaluator.eval(conditions[0], masked(data, env)), "subset()")
        if value.kind != "logical":
            raise evaluator.fail("'subset' must be logical", conditions[0])
        data = _rows(data, logical(np.resize(value.data == 1, len(data))))
    if chosen and chosen[0].value is not None:
        part = chosen[0].value
        if _dropped(part):
            assert isinstance(part, Unary)
            gone = set(_columns(evaluator, part.operand, data, env))
            return data.iloc[:, [j for j in range(data.shape[1]) if j not in gone]]
        return data.iloc[:, _columns(evaluator, part, data, env)]
    return data


@special("with")
def with_(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """The value of an expression with columns in sight."""
    data, expression = (a.value for a in node.arguments[:2])
    assert data is not None and expression is not None
    return evaluator.eval(expression, masked(evaluator.eval(data, env), env))
