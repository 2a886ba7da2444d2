"""Why a text is not R: the token at which reading stopped, and a guess at what is missing."""

from __future__ import annotations

from lark import Lark, Token
from lark.exceptions import LexError

from pyasreml.syntax.nodes import Span

__all__ = ["explain_character", "explain_token"]

_OPERATORS = frozenset({"INFIX", "SIGN", "NOT", "EQUAL", "MEMBER", "NAMESPACE"})
_STARTS = frozenset({
    "NAME", "QUOTED_NAME", "NUMBER", "STRING", "RAW_STRING", "CONSTANT", "NOT", "FUNCTION", "LAMBDA", "LBRACE", "IF",
    "FOR", "WHILE", "REPEAT", "BREAK", "NEXT",
})  # fmt: skip
_ENDS = frozenset({
    "NAME", "QUOTED_NAME", "NUMBER", "STRING", "RAW_STRING", "CONSTANT", "RPAR", "RBRACKET", "RBRACE", "BREAK", "NEXT",
})  # fmt: skip
_OPENS = frozenset({"LPAR", "LBRACKET", "LBRACKETS", "LBRACE"})
_RESERVED = frozenset({"IF", "ELSE", "FOR", "IN", "WHILE", "REPEAT", "FUNCTION", "BREAK", "NEXT"})
_LOOKALIKES = {
    "“": "straight quotes", "”": "straight quotes", "‘": "straight quotes", "’": "straight quotes",
    "–": "a hyphen '-'", "—": "a hyphen '-'", "−": "a hyphen '-'", "×": "'*'", "÷": "'/'", "≤": "'<='", "≥": "'>='",
    "≠": "'!='", "∼": "'~'", "˜": "'~'",
    "%": "an operator like '%in%', with two percent signs",
}  # fmt: skip


def explain_character(text: str, at: int) -> tuple[str, Span]:
    """Message and span for a character that begins no token of R."""
    character = text[at]
    message = f"'{character}' is not a character of R"
    if character in _LOOKALIKES:
        message += f": {_LOOKALIKES[character]} may be meant"
    if character == "_":
        message = "a name cannot begin with '_': put it in backticks"
    return message, (at, at + 1)


def explain_token(token: Token, text: str, parser: Lark) -> tuple[str, Span]:
    """Message and span for a token that cannot stand where it does."""
    tokens = _tokens(text, parser)
    if token.type == "$END":
        return _explain_end(tokens, text)
    start, end = token.start_pos or 0, token.end_pos or 0
    span = (start, max(end, start + 1))
    before = [t for t in tokens if (t.start_pos or 0) < start]
    after = [t for t in tokens if (t.start_pos or 0) >= end]
    previous = before[-1] if before else None
    following = after[0].type if after else ""
    enclosing = _enclosing(before)
    shown = "the end of the line" if token.type == "SEPARATOR" and token != ";" else f"'{token}'"
    if previous is None:
        return f"{shown} cannot begin an expression", span
    if previous.type in _ENDS and token.type in _STARTS:
        if previous.type == "NAME" and token.type == "STRING" and (start == previous.end_pos):
            return f"{shown} cannot stand here: a parenthesis, a comma or an operator may be missing before it", span
        if enclosing in ("LPAR", "LBRACKET", "LBRACKETS"):
            what = "a comma" if following == "EQUAL" else "a comma or an operator"
            return f"{shown} cannot stand here: {what} may be missing before {shown}", span
        return (
            f"{shown} cannot stand here: an operator may be missing before {shown}, or a ';' between two statements",
            span,
        )
    if previous.type in _OPERATORS and token.type not in _STARTS:
        return f"{shown} cannot stand here: something is missing after '{previous}'", span
    if token.type == "COMMA":
        return "',' cannot stand here: commas separate arguments in parentheses or brackets; '(' may be missing", span
    if token.type in _RESERVED:
        return f"{shown} cannot stand here: it is a word of the language; as a name it must stand in backticks", span
    if previous.type in _OPENS or previous.type == "COMMA":
        return f"{shown} cannot stand here: something is missing between '{previous}' and {shown}", span
    if previous.type in _RESERVED:
        return f"{shown} cannot stand here: '(' is missing after '{previous}'", span
    return f"{shown} cannot stand here, after '{previous}'", span


def _explain_end(tokens: list[Token], text: str) -> tuple[str, Span]:
    if not tokens:
        return "there is no expression here: the text is empty", (len(text), len(text) + 1)
    last = tokens[-1]
    end = last.end_pos or len(text)
    return f"the text ends too early: something is missing after '{last}'", (last.start_pos or 0, end)


def _tokens(text: str, parser: Lark) -> list[Token]:
    """All tokens but newlines, as far as the text can be cut into tokens."""
    found: list[Token] = []
    try:
        found.extend(t for t in parser.lex(text) if t.type not in ("NEWLINE", "SEMICOLON"))
    except LexError:
        pass
    return found


def _enclosing(tokens: list[Token]) -> str:
    """Type of the innermost bracket that is open after `tokens`."""
    stack: list[str] = []
    for token in tokens:
        if token.type in _OPENS:
            stack.append(token.type)
        elif token.type in ("RPAR", "RBRACE", "RBRACKET") and stack:
            if stack[-1] == "LBRACKETS" and token.type == "RBRACKET":
                stack[-1] = "LBRACKET"
            else:
                stack.pop()
    return stack[-1] if stack else ""
