"""Texts that are not R: one message each, with a caret under the token."""

from __future__ import annotations

import pytest

from pyasreml.errors import FormulaError
from pyasreml.syntax import parse_formula, parse_script

# Text, what stands over the carets, a part of the message.
SCRIPTS = [
    ("asreml(Yield ~ Site random = ~Geno, data = d)", "random", "a comma may be missing before 'random'"),
    ("f(a b)", "b", "a comma or an operator may be missing"),
    ("f(\n a,\n b c)", "c", "a comma or an operator may be missing"),
    ("y ~ (a + b", "(", "never closed"),
    ("f(x))", ")", "closes nothing"),
    ("f(x]", "]", "is not closed yet"),
    ("x[[1]", "[[", "never closed"),
    ("y ~ a + * b", "*", "something is missing after '+'"),
    ("f(y ~ a +, data = d)", ",", "something is missing after '+'"),
    ("x <- 'abc", "'", "string that begins here is never closed"),
    ("`a + b", "`", "backticks that begins here is never closed"),
    ("y ~ “a”", "“", "straight quotes"),
    ("y ~ a – b", "–", "hyphen"),
    ("x y", "y", "an operator may be missing"),
    ("5x", "x", "an operator may be missing"),
    ("a < b < c", "<", "comparisons do not chain"),
    ("f(y ~ a + random = b)", "=", "a comma may be missing"),
    ("f(1 = 2)", "=", "name of an argument"),
    ("if (x) 1\nelse 2", "else", "top level"),
    ("else 2", "else", "cannot begin"),
    ("function x", "x", "'(' is missing after 'function'"),
    ("function(x, x) 1", "x", "stands twice"),
    ("a %in b", "%", "two percent signs"),
    ("y ~ 2i", "2i", "complex"),
    ("'a\\qb'", "\\q", "no escape"),
    ("y ~ a, data = d", ",", "commas separate"),
    ("x <-", "<-", "something is missing after '<-'"),
]


def _under_carets(error: FormulaError) -> str:
    quoted, carets = str(error).splitlines()[-2:]
    start, end = carets.index("^"), carets.rindex("^") + 1
    return quoted[start:end]


@pytest.mark.parametrize(("text", "token", "part"), SCRIPTS)
def test_caret_and_message(text: str, token: str, part: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse_script(text)
    assert part in str(caught.value)
    assert _under_carets(caught.value) == token


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("y", "needs a '~'"),
        ("m <- y ~ x", "assigns a formula"),
        ("", "the text is empty"),
        ("y ~", "something is missing after '~'"),
        ("y ~ a + b)", "closes nothing"),
        ("y ~ a; z", "cannot stand here"),
    ],
)
def test_texts_that_are_no_formula(text: str, part: str) -> None:
    with pytest.raises(FormulaError, match="(?s).*") as caught:
        parse_formula(text)
    assert part in str(caught.value)
