"""Term expansion and labels: formula text on the left, what it stands for on the right."""

from __future__ import annotations

import pytest

from pyasreml.errors import FormulaError, UnsupportedError
from pyasreml.model import ModelSpec, model_spec, update_formula


def labels(spec: ModelSpec, part: str = "fixed") -> list[str]:
    first = ["1"] if part == "fixed" and spec.intercept else []
    return first + [term.label for term in getattr(spec, part)]


@pytest.mark.parametrize(
    ("formula", "want"),
    [
        ("y ~ 1", ["1"]),
        ("y ~ a + b", ["1", "a", "b"]),
        ("y ~ a*b", ["1", "a", "b", "a:b"]),
        ("y ~ a:b + a", ["1", "a", "a:b"]),  # main effects first
        ("y ~ a*b - a:b", ["1", "a", "b"]),
        ("y ~ a*b - b:a", ["1", "a", "b"]),
        ("y ~ a + a", ["1", "a"]),
        ("y ~ a:b + b:a", ["1", "a:b"]),
        ("y ~ b:a + a + b", ["1", "a", "b", "b:a"]),  # as typed, not as terms() has it
        ("y ~ a/b", ["1", "a", "a:b"]),
        ("y ~ (a + b)/c", ["1", "a", "b", "a:b:c"]),
        ("y ~ a/(b + c)", ["1", "a", "a:b", "a:c"]),
        ("y ~ a/b/c", ["1", "a", "a:b", "a:b:c"]),
        ("y ~ (a + b + c)^2", ["1", "a", "b", "c", "a:b", "a:c", "b:c"]),
        ("y ~ (a + b)^9", ["1", "a", "b", "a:b"]),
        ("y ~ (a*b*c)^2 - a:b:c", ["1", "a", "b", "c", "a:b", "a:c", "b:c"]),
        ("y ~ a + b %in% a", ["1", "a", "b:a"]),
        ("y ~ gen + yrf + loc%in%yrf + gen:yrf", ["1", "gen", "yrf", "loc:yrf", "gen:yrf"]),
        ("y ~ -1 + a", ["a"]),
        ("y ~ 0 + a", ["a"]),
        ("y ~ a - 1", ["a"]),
        ("y ~ a + 0", ["a"]),
        ("y ~ a - 1 + 1", ["1", "a"]),
        ("y ~ a - 0", ["1", "a"]),
        ("y ~ 1 + a", ["1", "a"]),
        ("y ~ a + I(x^2) + log(x)", ["1", "a", "I(x^2)", "log(x)"]),
        ("y ~ exp(x)", ["1", "exp(x)"]),
        ("y ~ trt * as.numeric(day)", ["1", "trt", "as.numeric(day)", "trt:as.numeric(day)"]),
        ("y ~ `my x` + a", ["1", "`my x`", "a"]),
        ("y ~ a + (b + c)", ["1", "a", "b", "c"]),
        ("y ~ a:a", ["1", "a"]),
        ("y ~ a^1", ["1", "a"]),
        (
            "y ~ Benches + (Sources * (Type + Species))",
            ["1", "Benches", "Sources", "Type", "Species", "Sources:Type", "Sources:Species"],
        ),
        ("y ~ at(s):a + b", ["1", "b", "at(s):a"]),
        ("y ~ Genotype:at(AMF, 2):per.col", ["1", "Genotype:at(AMF, 2):per.col"]),
    ],
)
def test_fixed(formula: str, want: list[str]) -> None:
    assert labels(model_spec(formula)) == want


def test_keep_order() -> None:
    assert labels(model_spec("y ~ a:b + a", keep_order=True)) == ["1", "a:b", "a"]


@pytest.mark.parametrize(
    ("formula", "want"),
    [
        ("~ Blocks/Wplots", ["Blocks", "Blocks:Wplots"]),
        ("~ a:b + a", ["a:b", "a"]),  # formula order
        ("~ rep/(xf + yf)", ["rep", "rep:xf", "rep:yf"]),
        ("~ site.year:entry + entry", ["site.year:entry", "entry"]),
        ("~ at(site):rep/block", ["at(site):rep", "at(site):rep:block"]),
        ("~ ar1(Row):Column + Row:Column", ["Row:Column", "Row:Column"]),
        ("~ us(Site):id(Geno)", ["Site:Geno"]),
        ("~ idv(units)", ["units"]),
        ("~NULL", []),
        ("y ~ a", ["a"]),
        ("~ (at(S, 'a') + at(S, 'b')):r:c", ['at(S, "a"):r:c', 'at(S, "b"):r:c']),
    ],
)
def test_random(formula: str, want: list[str]) -> None:
    assert labels(model_spec("y ~ 1", random=formula), "random") == want


def test_formulae_are_r_text() -> None:
    spec = model_spec("log(y)~a*b", random="~ r/c", residual="~ar1(x):y")
    assert spec.response_text == "log(y)"
    assert spec.formulae == {
        "fixed": "log(y) ~ a * b",
        "random": "~r/c",
        "sparse": None,
        "residual": "~ar1(x):y",
    }


@pytest.mark.parametrize(
    ("old", "new", "want"),  # what R's update.formula prints
    [
        ("log(y)~a", "sqrt(.)~.+b", "sqrt(log(y)) ~ a + b"),
        ("y~a", "~.+b", "y ~ a + b"),
        ("~a+b", "~.+c:a", "~a + b + a:c"),
        ("y~a*b*c", ".~.-a:b:c", "y ~ a + b + c + a:b + a:c + b:c"),
        ("y~a/b", ".~.+c", "y ~ a + c + a:b"),
        ("~at(s):r + t", "~.+s:t", "~t + at(s):r + t:s"),
        ("y~a+b", ".~.^2", "y ~ a + b + a:b"),
        ("y~(a+b)^2-a", ".~.+c", "y ~ b + c + a:b"),
        ("y~0+a", ".~.+1", "y ~ a"),
        ("y~a", ".~.-1+b", "y ~ a + b - 1"),
        ("y~a*b", "~.-1", "y ~ a + b + a:b - 1"),
        ("~Row+Column+Row:ar1(Column)", "~.-Row:ar1(Column)", "~Row + Column"),
        ("~Row + Column + ar1(Row):Column", "~ . + z:Row", "~Row + Column + Column:ar1(Row) + Row:z"),
        ("y~x", ".~.+I(x^2)+log(x)", "y ~ x + I(x^2) + log(x)"),
        ("~a:b", "~b+.", "~b + b:a"),
        ("y~b:a+a", ".~.+b", "y ~ a + b + b:a"),
        ("y~a", ".~1", "y ~ 1"),
        ("~a", "~.-a", "~1"),
        ("~ us(s):g + d", "~ . - d", "~us(s):g"),
        ("y~`my x`+b", ".~.+`my x`:b", "y ~ `my x` + b + `my x`:b"),
        (
            "~at(site, c(5,7,8,10)):units+x",
            "~ . - at(site, c(5,7,8,10)):units + at(site, c(5,7,8)):units",
            "~x + units:at(site, c(5, 7, 8))",
        ),
        (
            "y ~ a + b",
            ". ~ . + AMF*G*NP + (G*NP):at(AMF, 2):per.col - a",
            "y ~ b + AMF + G + NP + AMF:G + AMF:NP + G:NP + AMF:G:NP + G:at(AMF, 2):per.col + NP:at(AMF, 2):per.col + "
            "G:NP:at(AMF, 2):per.col",
        ),
        # ours: no parentheses around dsum(), nothing from nothing
        ("~units", "~dsum(~ar1(r):id(c) | Site)", "~dsum(~ar1(r):id(c) | Site)"),
        (None, "~ . + a", "~a"),
        ("~a", "~NULL", "~NULL"),
    ],
)
def test_update_formula(old: str | None, new: str, want: str) -> None:
    assert update_formula(old, new) == want


@pytest.mark.parametrize(
    ("fixed", "random", "residual", "message", "marked"),
    [
        ("~ a", None, None, "no response", "~ a"),
        ("y ~ 2 + a", None, None, "2 is no term", "2"),
        ("y ~ 'a'", None, None, "no term", "'a'"),
        ("y ~ a + .", None, None, "update()", "."),
        ("y ~ a^b", None, None, "whole number", "b"),
        ("y ~ a^0.5", None, None, "whole number", "0.5"),
        ("y ~ a | b", None, None, "cannot stand", "a | b"),
        ("y ~ 0", None, None, "no term", "y ~ 0"),
        ("y ~ ar1(a)", None, None, "variance model", "ar1(a)"),
        ("NULL ~ a", None, None, "no response", "NULL"),
        ("y ~ a", "~ ped(id)", None, "vm(id, ainv)", "ped(id)"),
        ("y ~ a", "~ giv(id)", None, "vm(id", "giv(id)"),
        ("y ~ a", "~ ar1(Row, 2, 3)", None, "one number|too many", ""),
        ("y ~ a", "~ ar1()", None, "needs a variable", "ar1()"),
        ("y ~ a", "~ idv(a, start = 3)", None, "no argument 'start'", "start = 3"),
        ("y ~ a", "~ idv(a, init = c(Q = 3))", None, "not 'Q'", "Q = 3"),
        ("y ~ a", "~ idv(a, init = 'b')", None, "start value must be one number", "'b'"),
        ("y ~ a", "~ at(f, x):b", None, "quote the names", "x"),
        ("y ~ a", "~ at(f, 1.5):b", None, "position", "1.5"),
        ("y ~ a", "~ ar1(us(x))", None, "not another model function", "us(x)"),
        ("y ~ a", "~ dsum(~units | f)", None, "residual", "dsum(~units | f)"),
        ("y ~ a", None, "~ Row + Column", "one product", "Row + Column"),
        ("y ~ a", None, "~ 1", "not a number", "1"),
        ("y ~ a", None, "~ at(f):units", "dsum", "at(f)"),
        ("y ~ a", None, "~ dsum(~units)", "sections", "~units"),
        ("y ~ a", None, "~ dsum(~units | f) + units", "further dsum", "units"),
        ("y ~ a", None, "~ dsum(~units + ar1(x) | f)", "levels = list", "ar1(x)"),
        ("y ~ a", None, "~ dsum(~units | f, levels = list(1, 2))", "2 entries for 1", "list(1, 2)"),
        ("y ~ a", None, "~ dsum(~units | f, level.s = 1)", "no argument", "level.s = 1"),
    ],
)
def test_errors_quote_the_formula(
    fixed: str, random: str | None, residual: str | None, message: str, marked: str
) -> None:
    with pytest.raises(FormulaError, match=message.replace("(", r"\(").replace(")", r"\)")) as caught:
        model_spec(fixed, random=random, residual=residual)
    text, span = caught.value.text, caught.value.span
    assert text is not None and span is not None
    assert "^" in str(caught.value)
    if marked:
        assert text[slice(*span)].startswith(marked[:1])
        assert marked in text[span[0] :]


@pytest.mark.parametrize(
    ("part", "formula", "feature"),
    [
        ("residual", "~ ilv(Row, Column)", "ilv()"),
        ("residual", "~ dsum(~ units | f, outer = g)", "dsum(outer=)"),
    ],
)
def test_features_not_here(part: str, formula: str, feature: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        model_spec("y ~ 1", **{part: formula})
    assert caught.value.feature == feature
    assert "^" in str(caught.value)


def test_init() -> None:
    spec = model_spec(
        "y ~ 1", random="~ idv(A, init = c(F = 600)) + us(t, init = c(2, P = -1, 3)):g + diag(d, init=rep(2, 3))"
    )
    a, t, d = (term.components[0] for term in spec.random)
    assert (a.init, a.init_codes) == ((600.0,), ("F",))
    assert (t.init, t.init_codes) == ((2.0, -1.0, 3.0), (None, "P", None))
    assert (d.init, d.init_codes) == ((2.0, 2.0, 2.0), None)


def test_at_levels() -> None:
    def levels(text: str) -> object:
        return model_spec("y ~ 1", random=f"~ {text}:b").random[0].components[0].levels

    assert levels("at(f)") is None
    assert levels("at(f, 2)") == (2,)
    assert levels("at(f, 2:4)") == (2, 3, 4)
    assert levels("at(f, c(1, 'x', \"y\"))") == (1, "x", "y")
    assert levels("at(f, levels = 'x')") == ("x",)


def test_residual_sections() -> None:
    spec = model_spec("y ~ 1", residual="~ dsum(~ ar1(c):ar1(r) + id(c):ar1(r) | site, levels = list(1:2, 3))")
    (total,) = spec.residual.sums
    assert total.by_text == "site"
    assert [(m.label, m.levels) for m in total.models] == [("c:r", (1, 2)), ("c:r", (3,))]
    assert len(model_spec("y ~ 1", residual="~ dsum(units | f)").residual.sums) == 1
    both = model_spec("y ~ 1", residual="~ dsum(~ a:b | f, levels = 1) + dsum(~ ar1(a):b | f, levels = 'z')")
    assert [total.models[0].levels for total in both.residual.sums] == [(1,), ("z",)]
