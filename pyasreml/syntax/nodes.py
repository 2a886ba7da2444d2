"""The syntax tree: immutable nodes that remember where in the text they stood.

A formula and a whole script are made of the same nodes, as in R, where a formula is an expression.
Two nodes are equal when they mean the same text; their spans are not compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Node:
    """Base class. `span` is the half-open range of characters in the parsed text."""

    span: Span = field(default=(0, 0), compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Number(Node):
    """``1``, ``64e6``, ``1L``: the value and the text as typed."""

    value: float
    text: str
    integer: bool = False


@dataclass(frozen=True, slots=True)
class String(Node):
    """A string literal, its escapes resolved."""

    value: str


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A symbol. ``quoted`` names were written in backticks."""

    name: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """``NULL TRUE FALSE NA NA_character_ NA_integer_ NA_real_ Inf NaN`` by R spelling. ``T``, ``F`` are names."""

    name: str


@dataclass(frozen=True, slots=True)
class Argument(Node):
    """One argument of a call or an index: ``value``, ``name = value``, ``name =`` or nothing at all."""

    name: str | None
    value: Node | None


@dataclass(frozen=True, slots=True)
class Call(Node):
    """``function(arguments)``; `function` is a `Name` in all but rare cases."""

    function: Node
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """A prefix operator: ``- + ! ~ ?``. A one-sided formula is ``Unary("~", rhs)``."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """An infix operator, assignments and pipes included (``<- <<- -> ->> = |> ~ : %in% %*% | & && ||`` …)."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Paren(Node):
    """``( inner )``, kept so that deparsing gives the parentheses back."""

    inner: Node


@dataclass(frozen=True, slots=True)
class Index(Node):
    """``object[arguments]``, or ``object[[arguments]]`` when `double`."""

    object: Node
    arguments: tuple[Argument, ...]
    double: bool = False


@dataclass(frozen=True, slots=True)
class Member(Node):
    """``object$name`` or ``object@name``."""

    object: Node
    operator: str
    name: str


@dataclass(frozen=True, slots=True)
class Namespaced(Node):
    """``package::name`` (or ``:::``)."""

    package: str
    operator: str
    name: str


@dataclass(frozen=True, slots=True)
class Function(Node):
    r"""``function(parameters) body`` or ``\(parameters) body``; a parameter is an `Argument` (name, default)."""

    parameters: tuple[Argument, ...]
    body: Node
    lambda_form: bool = False


@dataclass(frozen=True, slots=True)
class Block(Node):
    """``{ statements }``."""

    statements: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class If(Node):
    """``if (condition) then else otherwise``."""

    condition: Node
    then: Node
    otherwise: Node | None


@dataclass(frozen=True, slots=True)
class For(Node):
    """``for (variable in sequence) body``."""

    variable: str
    sequence: Node
    body: Node


@dataclass(frozen=True, slots=True)
class While(Node):
    """``while (condition) body``."""

    condition: Node
    body: Node


@dataclass(frozen=True, slots=True)
class Repeat(Node):
    """``repeat body``."""

    body: Node


@dataclass(frozen=True, slots=True)
class Break(Node):
    """``break``."""

    pass


@dataclass(frozen=True, slots=True)
class Next(Node):
    """``next``."""

    pass


@dataclass(frozen=True, slots=True)
class Script(Node):
    """A whole text: its top-level statements in order."""

    statements: tuple[Node, ...]
    text: str = field(default="", compare=False)
