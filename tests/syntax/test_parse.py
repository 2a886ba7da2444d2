"""Text to tree and back: what R's parser and deparse give."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pyasreml.syntax import deparse, free_names, parse_expression, parse_formula, parse_script
from pyasreml.syntax.nodes import Argument, Binary, Call, If, Index, Name, Number, Paren, String, Unary

# Text and what R 4.2's deparse(parse(text)) gives.
DEPARSED = [
    ("a+b*c^d^e", "a + b * c^d^e"),
    ("-a^2", "-a^2"),
    ("-a:b", "-a:b"),
    ("(-a)^2", "(-a)^2"),
    ("a%in%b+c", "a %in% b + c"),
    ("a%%b%/%c", "a%%b%/%c"),
    ("!a&b|c&&d", "!a & b | c && d"),
    ("~x", "~x"),
    ("y~a+b/c-d:e", "y ~ a + b/c - d:e"),
    ("a<-b<-c", "a <- b <- c"),
    ("x$y$z[1]", "x$y$z[1]"),
    ("x[[1]][2,,drop=FALSE]", "x[[1]][2, , drop = FALSE]"),
    ("x[,1]", "x[, 1]"),
    ("x[]", "x[]"),
    ("x[y[[1]]]", "x[y[[1]]]"),
    ("f(a=,b)", "f(a = , b)"),
    ("f(a,)", "f(a, )"),
    ("f()", "f()"),
    ("function(x,y=2,...)x+y", "function(x, y = 2, ...) x + y"),
    ("if(a)b else if(d)e else f", "if (a) b else if (d) e else f"),
    ("f(function(x)x+1,2)", "f(function(x) x + 1, 2)"),
    ("a*function(x)x+1", "a * function(x) x + 1"),
    ("x<-if(a)b else c", "x <- if (a) b else c"),
    ("'it\\'s \"q\"\\n\\t\\\\'", '"it\'s \\"q\\"\\n\\t\\\\"'),
    ("1e5", "1e+05"),
    ("123456", "123456"),
    ("0.0001", "1e-04"),
    ("64e6", "6.4e+07"),
    ("123456789012", "123456789012"),
    ("1L", "1L"),
    ("1e5L", "100000L"),
    ("0x1F", "31"),
    (".5", "0.5"),
    ("5.", "5"),
    ("0.1", "0.1"),
    ("-x+ -y", "-x + -y"),
    ("a$`b c`", "a$`b c`"),
    ("`a b`+1", "`a b` + 1"),
    ("a::b(c)", "a::b(c)"),
    ("a**b", "a^b"),
    ('"f"(1)', "f(1)"),
    ("(function(x)x)(2)", "(function(x) x)(2)"),
    ("2^-1", "2^-1"),
    ("a-(b-c)", "a - (b - c)"),
    ("~a~b", "~a ~ b"),
    ("f(`a b`=1)", "f(`a b` = 1)"),
    ('x$"n"', "x$n"),
    ("TRUE&NA", "TRUE & NA"),
    ("y~at(Site,'PBU'):rep", 'y ~ at(Site, "PBU"):rep'),
]


@pytest.mark.parametrize(("text", "want"), DEPARSED)
def test_deparse_as_r(text: str, want: str) -> None:
    node = parse_expression(text)
    assert deparse(node) == want
    assert deparse(parse_expression(want)) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("x <- 1\n\n\n# c\ny <- 2;z\n", ["x <- 1", "y <- 2", "z"]),
        (
            "f <- function(x) {\n if (x)\n  1\n else\n 2\n}\nf(1)",
            ["f <- function(x) {\n    if (x) 1 else 2\n}", "f(1)"],
        ),
        ("if (a) {\n b\n} else {\n c\n}", ["if (a) {\n    b\n} else {\n    c\n}"]),
        ("a +\n b\n- c", ["a + b", "-c"]),
        ("a |>\n f() |>\n g(x, \\(z) z+1)", ["a |> f() |> g(x, \\(z) z + 1)"]),
        ('r"(a"b)" ; R\'---[x]y]---\'', ['"a\\"b"', '"x]y"']),
        ("for (i in 1:3)\n\n print(i)\nwhile(TRUE)\nbreak", ["for (i in 1:3) print(i)", "while (TRUE) break"]),
        ("f(a,\n\n b\n)\r\ny\r\n", ["f(a, b)", "y"]),
        ("x %>% head # first\n", ["x %>% head"]),
        ("x$y <- 3 -> z", ["x$y <- 3 -> z"]),
        ("été_2 = 'ü'", ['été_2 = "ü"']),
        ("", []),
    ],
)
def test_statements(text: str, want: list[str]) -> None:
    script = parse_script(text)
    assert [deparse(statement) for statement in script.statements] == want
    assert script.text == text


def test_tree_of_a_call() -> None:
    node = parse_expression("asreml(y ~ -1 + x, data = d, )")
    assert node == Call(
        Name("asreml"),
        (
            Argument(None, Binary("~", Name("y"), Binary("+", Unary("-", Number(1.0, "1")), Name("x")))),
            Argument("data", Name("d")),
            Argument(None, None),
        ),
    )


def test_precedence_of_prefixes() -> None:
    assert parse_expression("-a^2") == Unary("-", Binary("^", Name("a"), Number(2.0, "2")))
    assert parse_expression("-a:b") == Binary(":", Unary("-", Name("a")), Name("b"))
    assert parse_expression("!a == b") == Unary("!", Binary("==", Name("a"), Name("b")))
    assert parse_expression("if (a) b + 1 else c") == If(Name("a"), Binary("+", Name("b"), Number(1.0, "1")), Name("c"))
    assert parse_expression("x[['a']]") == Index(Name("x"), (Argument(None, String("a")),), True)


def test_hand_made_trees_get_parentheses() -> None:
    plus = Binary("+", Name("a"), Name("b"))
    assert deparse(Binary("*", plus, Name("c"))) == "(a + b) * c"
    assert deparse(Binary("-", Name("c"), plus)) == "c - (a + b)"
    assert deparse(Binary("^", Unary("-", Name("a")), Number(2, "2"))) == "(-a)^2"
    assert deparse(Unary("-", plus)) == "-(a + b)"
    assert deparse(Binary("*", Unary("!", Name("a")), Name("b"))) == "(!a) * b"
    assert deparse(Name("a b")) == "`a b`"
    assert deparse(String("x"), quote="'") == "'x'"


def test_spans() -> None:
    text = "y ~ A + at(Site, 'PBU'):rep"
    node = parse_formula(text)
    assert isinstance(node, Binary)
    right = node.right
    assert isinstance(right, Binary)
    term = right.right
    assert text[slice(*term.span)] == "at(Site, 'PBU'):rep"
    assert isinstance(term, Binary)
    call = term.left
    assert isinstance(call, Call)
    argument = call.arguments[1]
    assert text[slice(*argument.span)] == "'PBU'"
    assert isinstance(parse_expression("(a)"), Paren)


def test_formula_forms() -> None:
    assert parse_formula("~ a\n  + b") == parse_formula("~a + b")
    for text in ("y ~ 1", "y ~ - 1 + x", "y ~ 0 + x", "y ~ A*B - A:B", "log(y) ~ x", "y ~ `a b` + I(x^2)", "~ a | b"):
        assert deparse(parse_formula(text)) == deparse(parse_formula(deparse(parse_formula(text))))


def test_free_names() -> None:
    formula = parse_formula("log(y) ~ at(Site, 'x'):rep + vm(id, ainv) + y")
    assert free_names(formula) == ("y", "Site", "rep", "id", "ainv")
    assert free_names(parse_expression("sapply(x, function(i) i + k)$a")) == ("x", "k")


def test_documented_cases_round_trip(shared: Path) -> None:
    count = 0
    for path in sorted((shared / "cases").rglob("*.yaml")):
        case = yaml.safe_load(path.read_text(encoding="utf-8"))
        texts = [str(s) for s in case.get("statements") or []]
        texts += [str(check["value"]) for check in case.get("checks") or [] if "value" in check]
        for text in texts:
            once = deparse(parse_script(text))
            assert deparse(parse_script(once)) == once
            count += 1
    assert count > 1000
