"""Text to tree: the cached parser and the three texts it reads."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from pathlib import Path

from lark import Lark
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from pyasreml.errors import FormulaError
from pyasreml.syntax.builder import Builder
from pyasreml.syntax.diagnose import explain_character, explain_token
from pyasreml.syntax.lexer import RLexer
from pyasreml.syntax.nodes import Binary, Node, Script, Unary
from pyasreml.syntax.operators import Misplaced

__all__ = ["parse_expression", "parse_formula", "parse_script"]

_FILES = ("tokens.lark", "expression.lark", "formula.lark", "script.lark")


@lru_cache(maxsize=1)
def _parser() -> Lark:
    """The LALR parser, made at the first text that is read."""
    grammar = "\n".join(_read(name) for name in _FILES)
    return Lark(
        grammar,
        parser="lalr",
        lexer=RLexer,
        start=["single", "script", "lexical"],
        transformer=Builder(),
        maybe_placeholders=False,
    )


def _read(name: str) -> str:
    """A file of the package ``pyasreml.grammar``, which in a checkout that is not installed lies beside the package."""
    try:
        return resources.files("pyasreml.grammar").joinpath(name).read_text(encoding="utf-8")
    except (ModuleNotFoundError, FileNotFoundError):
        return (Path(__file__).resolve().parents[2] / "grammar" / name).read_text(encoding="utf-8")


def _parse(text: str, start: str) -> Node:
    parser = _parser()
    try:
        tree = parser.parse(text, start=start)
    except Misplaced as error:
        raise FormulaError(error.message, text, error.span) from None
    except UnexpectedToken as error:
        message, span = explain_token(error.token, text, parser)
        raise FormulaError(message, text, span) from None
    except UnexpectedCharacters as error:
        message, span = explain_character(text, error.pos_in_stream or 0)
        raise FormulaError(message, text, span) from None
    except RecursionError:
        raise FormulaError("the text is nested too deeply") from None
    assert isinstance(tree, Node)
    return tree


@lru_cache(maxsize=4096)
def parse_expression(text: str) -> Node:
    """The tree of a text that is one R expression.

    Newlines mean nothing in it, as between parentheses.

    Parameters
    ----------
    text : str
        R text.

    Raises
    ------
    FormulaError
        If it is not one expression; the line is quoted with a caret under what cannot stand there.

    Examples
    --------
    >>> parse_expression("V1/(V1 + V2)").operator
    '/'
    """
    return _parse(text, "single")


@lru_cache(maxsize=4096)
def parse_formula(text: str) -> Node:
    """The tree of a formula: ``Unary("~", rhs)`` or ``Binary("~", lhs, rhs)``.

    Parameters
    ----------
    text : str
        R text; newlines mean nothing in it.

    Raises
    ------
    FormulaError
        If the text is not an R expression, or has no ``~`` of its own.

    Examples
    --------
    >>> parse_formula("yield ~ Variety*Nitrogen").left.name
    'yield'
    """
    node = _parse(text, "single")
    if isinstance(node, (Unary, Binary)) and node.operator == "~":
        return node
    if isinstance(node, Binary) and node.operator in ("<-", "=", "<<-"):
        message = "this assigns a formula: pass what stands to the right of the assignment"
    else:
        message = "a formula needs a '~': write 'response ~ terms', or '~ terms' for a formula without a response"
    raise FormulaError(message, text, node.span)


def parse_script(text: str) -> Script:
    r"""The tree of a whole R script: its top-level statements in order, comments dropped.

    Parameters
    ----------
    text : str
        R text.

    Raises
    ------
    FormulaError
        If the text is not R.

    Examples
    --------
    >>> len(parse_script("x <- 1  # one\nx + 1").statements)
    2
    """
    tree = _parse(text, "script")
    assert isinstance(tree, Script)
    return Script(tree.statements, text, span=(0, len(text)))
