"""Functions of functions: the apply family, ``do.call``, ``Reduce``."""

from __future__ import annotations

from typing import Any

from pyasreml.r.arithmetic import vector_of
from pyasreml.r.coercion import combine, flag, text
from pyasreml.r.conditions import RError
from pyasreml.r.matrices import made
from pyasreml.r.registry import BUILTINS, builtin
from pyasreml.r.values import Arg, Closure, ListValue, Value, Vector, logical, objects
from pyasreml.syntax.nodes import Name

__all__ = ["function_of", "simplified"]


def function_of(evaluator: Any, value: Value) -> Any:
    """The function that is given, or named by a string."""
    if isinstance(value, Vector) and value.kind == "character":
        return evaluator.function(Name(text(value)), evaluator.env)
    if isinstance(value, Closure) or callable(value):
        return value
    raise RError("a function is wanted")


def simplified(items: list[Value], names: list[str] | None) -> Value:
    """A vector of single values, a matrix of vectors of one length, else the list."""
    if not items:
        return ListValue([])
    plain = all(isinstance(item, Vector) for item in items)
    sizes = {len(item) for item in items} if plain else set()
    if sizes == {1}:
        joined = combine([Arg(None, item.plain()) for item in items])
        if names is not None:
            joined.attributes["names"] = objects(names)
        return joined
    if len(sizes) == 1 and sizes != {0}:
        joined = combine([Arg(None, item.plain()) for item in items])
        size = sizes.pop()
        array = joined.data.reshape((size, len(items)), order="F")
        return made(array, items[0].names, None if names is None else objects(names), joined.kind)
    return ListValue(items, names)


def _map(evaluator: Any, X: Value, FUN: Value, dots: tuple[Arg, ...]) -> tuple[list[Value], list[str] | None]:
    from pyasreml.r.indexing import names_of

    function = function_of(evaluator, FUN)
    items = list(evaluator.items(X))
    return [evaluator.apply(function, [Arg(None, item), *dots]) for item in items], names_of(X)


@builtin("lapply")
def lapply(evaluator: Any, X: Value, FUN: Value, *dots: Arg) -> ListValue:
    """A function of every element, as a list."""
    return ListValue(*_map(evaluator, X, FUN, dots))


@builtin("sapply")
def sapply(evaluator: Any, X: Value, FUN: Value, *dots: Arg, simplify: Value = True, USE_NAMES: Value = True) -> Value:
    """A function of every element, simplified."""
    items, names = _map(evaluator, X, FUN, dots)
    if names is None and isinstance(X, Vector) and X.kind == "character" and flag(USE_NAMES):
        names = [str(item) for item in X.data]
    return simplified(items, names) if flag(simplify) else ListValue(items, names)


@builtin("vapply")
def vapply(evaluator: Any, X: Value, FUN: Value, FUN_VALUE: Value, *dots: Arg) -> Value:
    """As sapply, with a pattern that every value must fit."""
    items, names = _map(evaluator, X, FUN, dots)
    if any(not isinstance(item, Vector) or len(item) != len(FUN_VALUE) for item in items):
        raise RError("vapply(): values must be of the length of FUN.VALUE")
    return simplified(items, names) if items else Vector(FUN_VALUE.data[:0], FUN_VALUE.kind)


@builtin("Map")
def map_(evaluator: Any, f: Value, *dots: Arg) -> ListValue:
    """A function of corresponding elements."""
    columns = [list(evaluator.items(arg.value)) for arg in dots]
    n = max((len(c) for c in columns), default=0)
    function = function_of(evaluator, f)
    items = [
        evaluator.apply(function, [Arg(arg.name, c[i % len(c)]) for arg, c in zip(dots, columns, strict=True)])
        for i in range(n)
    ]
    from pyasreml.r.indexing import names_of

    return ListValue(items, names_of(dots[0].value) if dots else None)


@builtin("mapply")
def mapply(evaluator: Any, FUN: Value, *dots: Arg) -> Value:
    """As `Map`, simplified."""
    found = map_(evaluator, FUN, *dots)
    return simplified(found.items, found.names)


@builtin("Filter")
def filter_(evaluator: Any, f: Value, x: Value) -> Value:
    """Elements for which a function is TRUE."""
    from pyasreml.r.indexing import subset

    keep = [float(vector_of(evaluator.apply(f, [Arg(None, item)]), "Filter()").data[0]) for item in evaluator.items(x)]
    return subset(x, [logical(keep)])


@builtin("Reduce")
def reduce(evaluator: Any, f: Value, x: Value, init: Value = None) -> Value:
    """A function folded over elements."""
    function = function_of(evaluator, f)
    items = list(evaluator.items(x))
    if init is not None:
        items.insert(0, init)
    if not items:
        return None
    result = items[0]
    for item in items[1:]:
        result = evaluator.apply(function, [Arg(None, result), Arg(None, item)])
    return result


@builtin("do.call")
def do_call(evaluator: Any, what: Value, args: Value) -> Value:
    """A function called with a list of arguments."""
    function = function_of(evaluator, what)
    names = args.names or [""] * len(args)
    return evaluator.apply(function, [Arg(name or None, item) for name, item in zip(names, args.items, strict=True)])


@builtin("[")
def bracket(x: Value, *dots: Arg) -> Value:
    """Indexing as a function."""
    from pyasreml.r.indexing import subset

    return subset(x, [arg.value for arg in dots])


@builtin("[[")
def double_bracket(x: Value, *dots: Arg) -> Value:
    """Taking an element as a function."""
    from pyasreml.r.indexing import element

    return element(x, [arg.value for arg in dots])


@builtin("is.function")
def is_function(x: Value) -> Vector:
    """Whether the value is a function."""
    return logical([isinstance(x, Closure) or callable(x)])


@builtin("exists")
def exists(evaluator: Any, x: Value) -> Vector:
    """Whether a name has a value."""
    name = text(x)
    return logical([name in evaluator.env.all_names() or name in BUILTINS])


@builtin("get")
def get(evaluator: Any, x: Value) -> Value:
    """The value of a name given as text."""
    return evaluator.lookup(Name(text(x)), evaluator.env)


@builtin("assign", invisible=True)
def assign(evaluator: Any, x: Value, value: Value) -> Value:
    """A global name given a value."""
    evaluator.env[text(x)] = value
    return value
