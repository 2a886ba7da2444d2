"""From text to tokens: lark's terminals, then R's rule for newlines and the pairing of brackets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lark import Token
from lark.lexer import BasicLexer, Lexer

from pyasreml.syntax.operators import Misplaced

__all__ = ["RLexer"]

_CLOSES = {"RPAR": "LPAR", "RBRACKET": "LBRACKET", "RBRACE": "LBRACE"}
_SHAPE = {"LPAR": "(", "LBRACKET": "[", "LBRACKETS": "[[", "LBRACE": "{"}
_HEADS = frozenset({"IF", "WHILE", "FOR", "FUNCTION", "LAMBDA"})
_UNFINISHED = frozenset({
    "INFIX", "SIGN", "NOT", "EQUAL", "ELSE", "REPEAT", "MEMBER", "NAMESPACE", "COMMA", "LBRACE", "SEPARATOR",
    "FUNCTION", "LAMBDA", "IF", "WHILE", "FOR", "IN",
})  # fmt: skip


class RLexer(Lexer):
    """lark's basic lexer followed by R's treatment of newlines.

    A newline ends a statement at top level and in braces, unless the statement cannot end there: after an
    operator, after the head of a branch, loop or function, and (in braces) before ``else``. In parentheses and
    brackets, and in a text that is a single expression, newlines mean nothing.
    """

    __future_interface__ = 2

    def __init__(self, conf: Any):
        self.basic = BasicLexer(conf)

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[Token]:
        """Tokens as the grammar wants them; `Misplaced` where brackets or quotes do not pair."""
        script = parser_state.parse_conf.start == "script"
        brackets: list[tuple[Token, bool]] = []
        previous = "SEPARATOR"
        head_closed = False
        newline: Token | None = None
        for token in self.basic.lex(lexer_state, parser_state):
            kind = token.type
            if kind == "NEWLINE":
                significant = brackets[-1][0].type == "LBRACE" if brackets else script
                if significant and not head_closed and previous not in _UNFINISHED and newline is None:
                    newline = token
                continue
            if newline is not None:
                if kind == "ELSE":
                    if not brackets:
                        raise Misplaced(
                            "'else' cannot begin a line at top level: put it on the line where the 'if' ends",
                            _span(token),
                        )
                elif kind not in ("SEMICOLON", "RBRACE"):
                    yield Token("SEPARATOR", "\n", newline.start_pos, end_pos=newline.end_pos)
                    previous = "SEPARATOR"
                newline = None
            if kind == "UNCLOSED":
                what = "name in backticks" if token == "`" else "string"
                raise Misplaced(f"the {what} that begins here is never closed", _span(token))
            if kind == "SEMICOLON":
                if previous == "SEPARATOR":
                    continue
                token = Token("SEPARATOR", ";", token.start_pos, end_pos=token.end_pos)
            head_closed = False
            if kind in _SHAPE:
                brackets.append((token, kind == "LPAR" and previous in _HEADS))
            elif kind in _CLOSES:
                head_closed = _close(brackets, token)
            previous = token.type
            yield token
        if brackets:
            token = brackets[-1][0]
            raise Misplaced(f"'{token}' that opens here is never closed", _span(token))


def _close(brackets: list[tuple[Token, bool]], token: Token) -> bool:
    """Take the bracket that `token` closes off the stack; True if it was the head of ``if (…)`` and the like."""
    if not brackets:
        raise Misplaced(
            f"'{token}' closes nothing: there is no '{_SHAPE[_CLOSES[token.type]]}' before it", _span(token)
        )
    opened, head = brackets[-1]
    wanted = "LBRACKET" if opened.type == "LBRACKETS" else opened.type
    if _CLOSES[token.type] != wanted:
        line = f" in line {opened.line}" if opened.line != token.line else ""
        raise Misplaced(
            f"'{token}' cannot stand here: '{opened}', opened{line} before it, is not closed yet", _span(token)
        )
    if opened.type == "LBRACKETS":  # its first "]" leaves one bracket to close
        brackets[-1] = (Token.new_borrow_pos("LBRACKET", "[[", opened), False)
    else:
        brackets.pop()
    return head


def _span(token: Token) -> tuple[int, int]:
    return token.start_pos or 0, token.end_pos or 0
