"""A call as R prints language: without quotes, broken into lines where R's deparser breaks them."""

from __future__ import annotations

from pyasreml.errors import FormulaError
from pyasreml.syntax import deparse, name_text, parse_expression
from pyasreml.syntax.nodes import Argument, Binary, Call, Node, Paren, Unary

__all__ = ["CallText"]

_CUTOFF = 60
_SPACED = ("+", "-", "*", "~", "|", "||", "&", "&&", "==", "!=", "<", ">", "<=", ">=")
"""Operators with blanks around them, after which R breaks a long line."""


class CallText(str):
    """The text of a call; `format_r` gives it in the lines of R's printer."""

    __slots__ = ()

    def format_r(self) -> str:
        """The call, broken after commas and operators past 60 characters, continuation lines indented by four."""
        try:
            tree = parse_expression(str(self))
        except FormulaError:
            return str(self)
        writer = _Writer()
        writer.node(tree)
        return "\n".join([*writer.lines, writer.line])


class _Writer:
    """R's ``deparse2buff`` for calls and operators (``src/main/deparse.c``); other nodes are written in one piece."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line = ""
        self.indent = 0
        self.started = False

    def put(self, text: str) -> None:
        if not self.started:
            self.started = True
            self.line = "    " * min(self.indent, 4) + "  " * max(self.indent - 4, 0)
        self.line += text

    def may_break(self, broken: bool) -> bool:
        """End a line that has grown past the cutoff; the first break of a construct indents what follows in it."""
        if len(self.line) <= _CUTOFF:
            return broken
        if not broken:
            self.indent += 1
        self.lines.append(self.line)
        self.line, self.started = "", False
        return True

    def node(self, node: Node) -> None:
        if isinstance(node, Call):
            self.call(node)
        elif isinstance(node, Binary) and (node.operator in (*_SPACED, ":", "/", "^") or node.operator[0] == "%"):
            self.binary(node)
        elif isinstance(node, Unary):
            self.put(node.operator)
            self.node(node.operand)
        elif isinstance(node, Paren):
            self.put("(")
            self.node(node.inner)
            self.put(")")
        else:
            self.put(deparse(node))

    def binary(self, node: Binary) -> None:
        self.node(node.left)
        if node.operator not in _SPACED:
            self.put(f" {node.operator} " if node.operator[0] == "%" else node.operator)
            self.node(node.right)
            return
        self.put(f" {node.operator} ")
        broken = self.may_break(False)
        self.node(node.right)
        self.indent -= broken

    def call(self, node: Call) -> None:
        self.put(deparse(node.function) + "(")
        broken = False
        for i, argument in enumerate(node.arguments):
            if i:
                self.put(", ")
                broken = self.may_break(broken)
            self.argument(argument)
        self.put(")")
        self.indent -= broken

    def argument(self, argument: Argument) -> None:
        if argument.name is not None:
            self.put(f"{name_text(argument.name)} = ")
        if argument.value is not None:
            self.node(argument.value)
