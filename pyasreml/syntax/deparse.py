"""Tree to text, in the spacing of R's ``deparse``."""

from __future__ import annotations

from pyasreml.syntax.literals import name_text, number_text, string_text
from pyasreml.syntax.nodes import (
    Argument,
    Binary,
    Block,
    Break,
    Call,
    Constant,
    For,
    Function,
    If,
    Index,
    Member,
    Name,
    Namespaced,
    Next,
    Node,
    Number,
    Paren,
    Repeat,
    Script,
    String,
    Unary,
    While,
)
from pyasreml.syntax.operators import KEYWORD_LEVEL, PREFIX, infix

__all__ = ["deparse"]

_TIGHT = 99


def deparse(node: Node, quote: str = '"') -> str:
    """R text of a tree.

    Parameters
    ----------
    node : Node
        A tree; parentheses that a hand-made tree needs are added.
    quote : str
        The quotation mark of strings.

    Returns
    -------
    str
        One line, except where there are braces. Parsing it gives the tree again.

    Examples
    --------
    >>> from pyasreml.syntax import parse_formula
    >>> deparse(parse_formula("y~a*b+at( Site,'PBU' ):rep"))
    'y ~ a * b + at(Site, "PBU"):rep'
    """
    return _Writer(quote).text(node)


class _Writer:
    def __init__(self, quote: str):
        self.quote = quote

    def text(self, node: Node, indent: int = 0) -> str:
        match node:
            case Number():
                return number_text(node.value, node.integer)
            case String():
                return string_text(node.value, self.quote)
            case Name():
                return name_text(node.name, node.quoted)
            case Constant():
                return node.name
            case Argument():
                return self.argument(node, indent)
            case Binary():
                return self.binary(node, indent)
            case Unary():
                inner = self.text(node.operand, indent)
                low = isinstance(node.operand, Binary) and infix(node.operand.operator).level < PREFIX[node.operator]
                return f"{node.operator}({inner})" if low else f"{node.operator}{inner}"
            case Paren():
                return f"({self.text(node.inner, indent)})"
            case Call():
                return f"{self.owner(node.function, indent)}({self.arguments(node.arguments, indent)})"
            case Index():
                opening, closing = ("[[", "]]") if node.double else ("[", "]")
                return f"{self.owner(node.object, indent)}{opening}{self.arguments(node.arguments, indent)}{closing}"
            case Member():
                return f"{self.owner(node.object, indent)}{node.operator}{name_text(node.name)}"
            case Namespaced():
                return f"{name_text(node.package)}{node.operator}{name_text(node.name)}"
            case Block():
                return self.block(node, indent)
            case Script():
                return "\n".join(self.text(statement, indent) for statement in node.statements)
            case _:
                return self.control(node, indent)

    def control(self, node: Node, indent: int) -> str:
        match node:
            case Function():
                head = "\\" if node.lambda_form else "function"
                parameters = ", ".join(self.parameter(p, indent) for p in node.parameters)
                return f"{head}({parameters}) {self.text(node.body, indent)}"
            case If():
                text = f"if ({self.text(node.condition, indent)}) {self.text(node.then, indent)}"
                if node.otherwise is None:
                    return text
                if _open_if(node.then):
                    text = f"if ({self.text(node.condition, indent)}) ({self.text(node.then, indent)})"
                return f"{text} else {self.text(node.otherwise, indent)}"
            case For():
                head = f"for ({name_text(node.variable)} in {self.text(node.sequence, indent)})"
                return f"{head} {self.text(node.body, indent)}"
            case While():
                return f"while ({self.text(node.condition, indent)}) {self.text(node.body, indent)}"
            case Repeat():
                return f"repeat {self.text(node.body, indent)}"
            case Break():
                return "break"
            case Next():
                return "next"
        raise TypeError(f"not a node of the syntax tree: {node!r}")

    def binary(self, node: Binary, indent: int) -> str:
        operator = infix(node.operator)
        left, right = self.text(node.left, indent), self.text(node.right, indent)
        if _level(node.left) < operator.level + (operator.associativity != "left") or _tail(node.left) < operator.level:
            left = f"({left})"
        if _level(node.right) < operator.level + (operator.associativity != "right"):
            right = f"({right})"
        return f"{left} {node.operator} {right}" if operator.spaced else f"{left}{node.operator}{right}"

    def owner(self, node: Node, indent: int) -> str:
        text = self.text(node, indent)
        open_ended = isinstance(node, (Binary, Unary, Function, If, For, While, Repeat))
        return f"({text})" if open_ended else text

    def arguments(self, arguments: tuple[Argument, ...], indent: int) -> str:
        return ", ".join(self.argument(argument, indent) for argument in arguments)

    def argument(self, argument: Argument, indent: int) -> str:
        value = "" if argument.value is None else self.text(argument.value, indent)
        if isinstance(argument.value, Binary) and argument.value.operator in ("=", "?"):
            value = f"({value})"
        return value if argument.name is None else f"{name_text(argument.name)} = {value}"

    def parameter(self, parameter: Argument, indent: int) -> str:
        assert parameter.name is not None
        return name_text(parameter.name) if parameter.value is None else self.argument(parameter, indent)

    def block(self, node: Block, indent: int) -> str:
        blanks = " " * (indent + 4)
        lines = "".join(f"{blanks}{self.text(statement, indent + 4)}\n" for statement in node.statements)
        return f"{{\n{lines}{' ' * indent}}}"


def _level(node: Node) -> int:
    """How tightly the node's outermost infix operator binds."""
    return infix(node.operator).level if isinstance(node, Binary) else _TIGHT


def _tail(node: Node) -> int:
    """The loosest prefix that is still open at the node's right end: it would swallow an operator that followed."""
    match node:
        case Unary():
            return min(PREFIX[node.operator], _tail(node.operand))
        case Binary():
            return _tail(node.right)
        case Function() | If() | For() | While() | Repeat():
            return KEYWORD_LEVEL
    return _TIGHT


def _open_if(node: Node) -> bool:
    """Whether the node ends in an ``if`` without ``else``, which would take an ``else`` that followed."""
    match node:
        case If():
            return node.otherwise is None or _open_if(node.otherwise)
        case Unary():
            return _open_if(node.operand)
        case Binary():
            return _open_if(node.right)
        case Function() | For() | While() | Repeat():
            return _open_if(node.body)
    return False
