"""R's operators: one table of precedences, and the fold of a flat chain by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from pyasreml.syntax.nodes import Binary, If, Node, Span, Unary

__all__ = ["INFIX", "PREFIX", "Misplaced", "Operator", "Prefix", "fold", "infix"]


class Operator(NamedTuple):
    """Binding strength (higher binds tighter), associativity and the blanks that deparsing puts around it."""

    level: int
    associativity: str = "left"
    spaced: bool = True


INFIX: dict[str, Operator] = {
    "?": Operator(1),
    "=": Operator(4, "right"),
    "<-": Operator(5, "right"),
    "<<-": Operator(5, "right"),
    ":=": Operator(5, "right"),
    "->": Operator(6),
    "->>": Operator(6),
    "~": Operator(7),
    "|": Operator(8),
    "||": Operator(8),
    "&": Operator(9),
    "&&": Operator(9),
    "==": Operator(11, "none"),
    "!=": Operator(11, "none"),
    "<": Operator(11, "none"),
    ">": Operator(11, "none"),
    "<=": Operator(11, "none"),
    ">=": Operator(11, "none"),
    "+": Operator(12),
    "-": Operator(12),
    "*": Operator(13),
    "/": Operator(13, spaced=False),
    "|>": Operator(14),
    "%%": Operator(14, spaced=False),
    "%/%": Operator(14, spaced=False),
    ":": Operator(15, spaced=False),
    "^": Operator(17, "right", spaced=False),
}
"""Infix operators; every ``%any%`` stands at the level of ``|>``. From R's ``gram.y``."""

PREFIX: dict[str, int] = {"?": 1, "~": 7, "!": 10, "-": 16, "+": 16}
"""Level of the operand of a prefix operator."""

KEYWORD_LEVEL = 2
"""Bodies of ``function``, ``if``, ``for``, ``while`` and ``repeat`` reach as far right as anything but ``?`` allows."""

_SPECIAL = Operator(14)


def infix(symbol: str) -> Operator:
    """The table's row of an infix operator, ``%any%`` included."""
    return INFIX.get(symbol, _SPECIAL)


class Misplaced(Exception):
    """A token that cannot stand where it does; becomes a `FormulaError` once the text is at hand."""

    def __init__(self, message: str, span: Span):
        super().__init__(message)
        self.message = message
        self.span = span


@dataclass(slots=True)
class Prefix:
    """What stands before an operand: a prefix operator, or the head of a function, a branch or a loop."""

    symbol: str
    start: int
    build: Callable[[Node, Span], Node] | None = None
    condition: Node | None = None


@dataclass(slots=True)
class Infix:
    """An operator between two operands of a chain (``else`` included)."""

    symbol: str
    span: Span


Item = Node | Prefix | Infix


def fold(items: list[Item], equal: bool = True) -> Node:
    """The tree of a flat chain.

    Parameters
    ----------
    items : list
        ``Prefix* Node (Infix Prefix* Node)*``.
    equal : bool
        Whether ``=`` may assign here. In the arguments of a call it may not.
    """
    if len(items) == 1 and isinstance(items[0], Node):
        return items[0]
    chain = _Chain(items, equal)
    node = chain.expression(0)
    rest = chain.peek()
    if rest is not None:
        raise Misplaced("'else' without an 'if' before it", rest.span)
    return node


class _Chain:
    """Precedence climbing over the items of one chain."""

    def __init__(self, items: list[Item], equal: bool):
        self.items = items
        self.equal = equal
        self.at = 0

    def peek(self) -> Infix | None:
        if self.at >= len(self.items):
            return None
        item = self.items[self.at]
        assert isinstance(item, Infix)
        return item

    def expression(self, level: int) -> Node:
        """The longest expression from here whose operators bind at least as tightly as `level`."""
        left = self.operand()
        while (item := self.peek()) is not None and item.symbol != "else":
            operator = infix(item.symbol)
            if operator.level < level:
                break
            if item.symbol == "=" and not self.equal:
                message = (
                    "'=' cannot stand here: an argument is 'name = value'; a comma may be missing, or '==' be meant"
                )
                raise Misplaced(message, item.span)
            self.at += 1
            right = self.expression(operator.level + (operator.associativity != "right"))
            left = Binary(item.symbol, left, right, span=(left.span[0], right.span[1]))
            following = self.peek() if operator.associativity == "none" else None
            if following is not None and following.symbol in INFIX and INFIX[following.symbol].associativity == "none":
                message = (
                    f"'{following.symbol}' cannot follow '{item.symbol}': comparisons do not chain; join two with '&'"
                )
                raise Misplaced(message, following.span)
        return left

    def operand(self) -> Node:
        item = self.items[self.at]
        self.at += 1
        if isinstance(item, Node):
            return item
        assert isinstance(item, Prefix)
        if item.symbol in PREFIX:
            inner = self.expression(PREFIX[item.symbol])
            return Unary(item.symbol, inner, span=(item.start, inner.span[1]))
        equal, self.equal = self.equal, True
        body = self.expression(KEYWORD_LEVEL)
        if item.symbol == "if":
            assert item.condition is not None
            otherwise = None
            following = self.peek()
            if following is not None and following.symbol == "else":
                self.at += 1
                otherwise = self.expression(KEYWORD_LEVEL)
            self.equal = equal
            return If(item.condition, body, otherwise, span=(item.start, (otherwise or body).span[1]))
        self.equal = equal
        assert item.build is not None
        return item.build(body, (item.start, body.span[1]))
