"""Which names a tree refers to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from pyasreml.syntax.nodes import Argument, Call, Function, Member, Name, Node

__all__ = ["children", "free_names"]


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below `node`, in the order of the text."""
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, Node))


def free_names(node: Node) -> tuple[str, ...]:
    """Names of the variables in a tree, each once, in order of appearance.

    Names of called functions, of arguments, of components (``x$name``), and a function's own parameters are none.

    Examples
    --------
    >>> from pyasreml.syntax import parse_formula
    >>> free_names(parse_formula("log(y) ~ at(Site, 'PBU'):rep + x"))
    ('y', 'Site', 'rep', 'x')
    """
    return tuple(dict.fromkeys(_walk(node)))


def _walk(node: Node) -> Iterator[str]:
    match node:
        case Name():
            yield node.name
        case Call():
            if not isinstance(node.function, Name):
                yield from _walk(node.function)
            for argument in node.arguments:
                yield from _walk(argument)
        case Argument():
            if node.value is not None:
                yield from _walk(node.value)
        case Member():
            yield from _walk(node.object)
        case Function():
            own = {parameter.name for parameter in node.parameters}
            inner = (name for part in (*node.parameters, node.body) for name in _walk(part))
            yield from (name for name in inner if name not in own)
        case _:
            for child in children(node):
                yield from _walk(child)
