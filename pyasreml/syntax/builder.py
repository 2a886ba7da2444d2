"""From the grammar's rules to nodes, as the parser reduces them."""

from __future__ import annotations

from typing import Any

from lark import Token, Transformer

from pyasreml.syntax.literals import number_value, raw_string_value, string_value
from pyasreml.syntax.nodes import (
    Argument,
    Block,
    Break,
    Call,
    Constant,
    For,
    Function,
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
    Span,
    String,
    While,
)
from pyasreml.syntax.operators import Infix, Item, Misplaced, Prefix, fold

__all__ = ["Builder"]

Items = list[Item]


def _span(token: Token) -> Span:
    return token.start_pos or 0, token.end_pos or 0


def _identifier(token: Token) -> str:
    """The name that a token spells, as a symbol, in backticks or as a string."""
    if token.type == "QUOTED_NAME":
        return string_value(token, _span(token))
    return string_value(token, _span(token)) if token.type == "STRING" else str(token)


class Builder(Transformer[Token, Any]):
    """One method a rule of the grammar; chains stay flat until what encloses them folds them."""

    # chains
    def chain(self, children: list[Any]) -> Items:
        """The items of a chain, not folded yet."""
        if isinstance(children[0], list):
            children[0].extend(children[1:])
            return children[0]
        return list(children)

    def infix(self, children: list[Token]) -> Infix:
        """An operator between operands; ``**`` is ``^``."""
        symbol = str(children[0])
        return Infix("^" if symbol == "**" else symbol, _span(children[0]))

    def sign(self, children: list[Token]) -> Prefix:
        """A prefix operator."""
        return Prefix(str(children[0]), children[0].start_pos or 0)

    def function_head(self, children: list[Any]) -> Prefix:
        """``function(parameters)`` and the lambda form."""
        keyword, parameters = children[0], children[2]
        lambda_form = keyword.type == "LAMBDA"
        return Prefix(
            "function", keyword.start_pos, lambda body, span: Function(parameters, body, lambda_form, span=span)
        )

    def if_head(self, children: list[Any]) -> Prefix:
        """``if (condition)``."""
        return Prefix("if", children[0].start_pos, condition=fold(children[2], equal=False))

    def while_head(self, children: list[Any]) -> Prefix:
        """``while (condition)``."""
        condition = fold(children[2], equal=False)
        return Prefix("while", children[0].start_pos, lambda body, span: While(condition, body, span=span))

    def for_head(self, children: list[Any]) -> Prefix:
        """``for (variable in sequence)``."""
        variable, sequence = _identifier(children[2]), fold(children[4], equal=False)
        return Prefix("for", children[0].start_pos, lambda body, span: For(variable, sequence, body, span=span))

    def repeat_head(self, children: list[Token]) -> Prefix:
        """``repeat``."""
        return Prefix("repeat", children[0].start_pos or 0, lambda body, span: Repeat(body, span=span))

    # arguments
    def argument(self, children: list[Any]) -> Argument:
        """``value``, ``name = value``, ``name =`` or nothing."""
        if not children:
            return Argument(None, None)
        items: Items = children[0]
        first = items[0]
        named = len(children) == 2 or (len(items) > 1 and isinstance(items[1], Infix) and items[1].symbol == "=")
        if not named:
            node = fold(items, equal=False)
            return Argument(None, node, span=node.span)
        equal = children[1] if len(children) == 2 and len(items) == 1 else None
        if isinstance(first, Name):
            name = first.name
        elif isinstance(first, String):
            name = first.value
        elif isinstance(first, Constant) and first.name == "NULL":
            name = "NULL"
        else:
            second = items[1] if len(items) > 1 else None
            at = second.span if isinstance(second, Infix) else _span(children[1])
            raise Misplaced("before '=' in a call must stand the name of an argument", at)
        if equal is not None:
            return Argument(name, None, span=(first.span[0], _span(equal)[1]))
        if len(children) == 2:
            raise Misplaced("only one '=' can stand in an argument, and a value after it", _span(children[1]))
        value = fold(items[2:], equal=False)
        return Argument(name, value, span=(first.span[0], value.span[1]))

    def arguments(self, children: list[Any]) -> tuple[Argument, ...]:
        """All arguments; none where the parentheses are empty."""
        found = tuple(child for child in children if isinstance(child, Argument))
        return () if len(found) == 1 and found[0] == Argument(None, None) else found

    def parameters(self, children: list[Any]) -> tuple[Argument, ...]:
        """Parameters of a function: names with or without a default."""
        found: list[Argument] = []
        for argument in children[0]:
            if argument.name is None:
                if not isinstance(argument.value, Name):
                    raise Misplaced("a parameter of a function is a name, or 'name = default'", argument.span)
                argument = Argument(argument.value.name, None, span=argument.span)
            if any(argument.name == other.name for other in found):
                raise Misplaced(f"the parameter '{argument.name}' stands twice", argument.span)
            found.append(argument)
        return tuple(found)

    # what follows an operand
    def call(self, children: list[Any]) -> Call:
        """``operand(arguments)``."""
        function, arguments, end = children[0], children[2], children[3]
        if isinstance(function, String):
            function = Name(function.value, span=function.span)
        return Call(function, arguments, span=(function.span[0], end.end_pos))

    def index(self, children: list[Any]) -> Index:
        """``operand[arguments]`` and ``operand[[arguments]]``."""
        double = children[1].type == "LBRACKETS"
        return Index(children[0], children[2], double, span=(children[0].span[0], children[-1].end_pos))

    def member(self, children: list[Any]) -> Member:
        """``operand$name`` and ``operand@name``."""
        owner, operator, name = children
        return Member(owner, str(operator), _identifier(name), span=(owner.span[0], name.end_pos))

    # atoms
    def name(self, children: list[Token]) -> Name:
        """A symbol."""
        return Name(str(children[0]), span=_span(children[0]))

    def quoted_name(self, children: list[Token]) -> Name:
        """A symbol in backticks."""
        return Name(_identifier(children[0]), True, span=_span(children[0]))

    def number(self, children: list[Token]) -> Number:
        """A number."""
        text = str(children[0])
        value, integer = number_value(text, _span(children[0]))
        return Number(value, text, integer, span=_span(children[0]))

    def string(self, children: list[Token]) -> String:
        """A string with escapes."""
        span = _span(children[0])
        return String(string_value(children[0], span), span=span)

    def raw_string(self, children: list[Token]) -> String:
        """A raw string."""
        return String(raw_string_value(str(children[0])), span=_span(children[0]))

    def constant(self, children: list[Token]) -> Constant:
        """A constant that is a word."""
        return Constant(str(children[0]), span=_span(children[0]))

    def break_(self, children: list[Token]) -> Break:
        """``break``."""
        return Break(span=_span(children[0]))

    def next_(self, children: list[Token]) -> Next:
        """``next``."""
        return Next(span=_span(children[0]))

    def namespaced(self, children: list[Token]) -> Namespaced:
        """``package::name``."""
        package, operator, name = children
        return Namespaced(
            _identifier(package), str(operator), _identifier(name), span=(package.start_pos or 0, name.end_pos or 0)
        )

    def paren(self, children: list[Any]) -> Paren:
        """``( chain )``."""
        return Paren(fold(children[1]), span=(children[0].start_pos, children[2].end_pos))

    # texts
    def statements(self, children: list[Any]) -> list[Node]:
        """Statements so far."""
        found: list[Node] = children[0] if len(children) > 1 else []
        last = children[-1]
        if not isinstance(last, Token):
            found.append(fold(last))
        return found

    def block(self, children: list[Any]) -> Block:
        """``{ statements }``."""
        statements = tuple(children[1]) if len(children) == 3 else ()
        return Block(statements, span=(children[0].start_pos, children[-1].end_pos))

    def script(self, children: list[Any]) -> Script:
        """A whole text."""
        return Script(tuple(children[0]) if children else ())

    def single(self, children: list[Any]) -> Node:
        """A text that is one expression."""
        return fold(children[0])
