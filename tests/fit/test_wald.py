"""`wald`: its tables on the oats trial (Yates 1935), conditional models, requests, and what it refuses."""

from __future__ import annotations

import doctest
import importlib
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from pyasreml.demo.oats import oats
from pyasreml.fit.kenward_roger import degrees_of_freedom
from pyasreml.fit.marginality import margins
from pyasreml.fit.wald import WaldTests, match_choice, wald


@pytest.fixture(scope="module")
def fit() -> Any:
    return pa.asreml("yield ~ Variety*Nitrogen", random="~ Blocks/Wplots", data=oats(), trace=False)


SPLIT_PLOT = """\
$Wald
                 Df denDF    F.inc           Pr
(Intercept)       1     5 245.1000 1.931825e-05
Variety           2    10   1.4850 2.723869e-01
Nitrogen          3    45  37.6900 2.457710e-12
Variety:Nitrogen  6    45   0.3028 9.321988e-01

$stratumVariances
              df  Variance Blocks Blocks:Wplots units!R
Blocks         5 3175.0556     12             4       1
Blocks:Wplots 10  601.3306      0             4       1
units!R       45  177.0833      0             0       1
"""


@pytest.mark.parametrize("how", ["default", "numeric", "algebraic"])
def test_split_plot_as_printed(fit: Any, how: str) -> None:
    result = wald(fit, denDF=how)
    assert isinstance(result, WaldTests)
    assert str(result).rstrip("\n") + "\n" == SPLIT_PLOT
    assert result.Wald is result["Wald"] and result["stratumVariances"].shape == (3, 5)


def test_balanced_degrees_of_freedom_are_exact(fit: Any) -> None:
    """In a balanced split plot each test has the degrees of freedom of its stratum, scale 1, however W is estimated."""
    for adjust in ("none", "expected", "observed"):
        table = wald(fit, denDF="default", kenadj=adjust).Wald
        assert table["denDF"].tolist() == [5.0, 10.0, 45.0, 45.0]
        assert table["F.inc"].tolist() == [245.1, 1.485, 37.69, 0.3028]


def test_default_is_the_incremental_table(fit: Any) -> None:
    table = wald(fit)
    assert list(table.columns) == ["Df", "Sum of Sq", "Wald statistic", "Pr(Chisq)"]
    assert table.index[-1] == "residual (MS)"
    assert wald(fit, denDF="none", ssType="incremental", kenadj="none", trace=False).equals(table)
    with pytest.warns(pa.AsremlWarning, match="step_size has no effect"):
        wald(fit, step_size=0.1)


def test_trace_and_last_line(fit: Any, capsys: pytest.CaptureFixture[str]) -> None:
    wald(fit, denDF="numeric", trace=True)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["LogLik", "1", "2", "Calculating"]
    assert lines[-1] == "Calculating denominator DF"
    wald(fit, ssType="conditional", trace=True)
    assert "Calculating" not in capsys.readouterr().out
    wald(fit, denDF="numeric")
    assert capsys.readouterr().out == ""


def test_without_strata_five_digits_a_column() -> None:
    """Sugars and pea sections (Sokal & Rohlf 1981, box 9.4): the table that asreml prints."""
    length = (
        *(75, 67, 70, 75, 65, 71, 67, 67, 76, 68, 57, 58, 60, 59, 62, 60, 60, 57, 59, 61, 58, 61, 56, 58, 57),
        *(56, 61, 60, 57, 58, 58, 59, 58, 61, 57, 56, 58, 57, 57, 59, 62, 66, 65, 63, 64, 62, 65, 65, 62, 67),
    )
    data = pd.DataFrame({"length": length, "trt": pd.Categorical(np.repeat(list("12345"), 10))})
    one = wald(pa.asreml("length ~ trt", data=data, trace=False), denDF="default", ssType="conditional")
    assert one.stratumVariances is None
    assert str(one).splitlines() == [
        "",
        "            Df denDF F.inc F.con Margin         Pr",
        "(Intercept)  1    45 35160 35160        0.0000e+00",
        "trt          4    45    49    49      A 6.7374e-16",
    ]
    five = pa.asreml("length ~ trt", residual="~ dsum(~ units | trt)", data=data, trace=False)
    table = wald(five, denDF="default", ssType="conditional").Wald
    assert table["denDF"].tolist() == [37.0, 19.9]
    assert table["F.con"].tolist() == [55340.0, 33.61]  # not 36.88, the F without Kenward & Roger's scale
    assert f"{table.loc['trt', 'Pr']:.6e}" == "1.354244e-08"


def test_conditional_without_denominators(fit: Any) -> None:
    table = wald(fit, ssType="cond").Wald
    assert list(table.columns) == ["Df", "denDF", "F.inc", "F.con", "Margin", "Pr"]
    assert table[["denDF", "Pr"]].isna().all(axis=None)
    assert table["Margin"].tolist() == ["", "A", "A", "B"]
    assert table["F.con"].tolist() == table["F.inc"].tolist()  # orthogonal


def unbalanced() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    n = 60
    site = rng.integers(0, 6, n)
    columns = {"a": rng.integers(0, 3, n), "b": rng.integers(0, 2, n), "site": site, "region": site // 2}
    data = pd.DataFrame({name: pd.Categorical(v.astype(str)) for name, v in columns.items()})
    data["rep"] = pd.Categorical(rng.integers(0, 5, n).astype(str))
    data["x"] = rng.normal(size=n)
    data["y"] = 5 + columns["a"] + rng.normal(size=n) + rng.normal(size=5)[data["rep"].cat.codes]
    return data


def test_ftest_is_the_test_in_the_model_asked_for() -> None:
    data = unbalanced()
    fit = pa.asreml("y ~ a*b + x", random="~ rep", data=data, trace=False, exact=True)
    asked = wald(fit, Ftest="~ a | x", denDF="default").Wald
    # the same two terms last, at the same variance parameters
    last = wald(pa.asreml("y ~ x + a + b + a:b", random="~ rep", data=data, trace=False, exact=True), denDF="d").Wald
    assert asked.loc["a", "F.con"] == last.loc["a", "F.inc"]
    assert asked.loc["a", "denDF"] == last.loc["a", "denDF"]
    assert asked.loc["a", "Margin"] == ""
    others = wald(fit, ssType="conditional", denDF="default").Wald
    assert asked.drop(index="a").equals(others.drop(index="a"))
    assert wald(fit, Ftest="~ NULL").equals(wald(fit))
    assert wald(fit, Ftest="~ b:a | a + b", denDF="d").Wald.loc["a:b", "Df"] == 2


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("~ a:x | b", "a:x is no fixed term; there are"),
        ("~ a | c", "c is no fixed term"),
        ("~ a + b", "one term"),
        ("a ~ b", "one side"),
        ("~ a | a", "its own background"),
    ],
)
def test_ftest_errors_quote_the_formula(formula: str, message: str) -> None:
    fit = pa.asreml("y ~ a*b + x", random="~ rep", data=unbalanced(), trace=False)
    with pytest.raises(pa.FormulaError, match=message) as error:
        wald(fit, Ftest=formula)
    assert formula in str(error.value) and "^" in str(error.value)


@pytest.mark.parametrize(
    ("argument", "value", "choices"),
    [
        ("denDF", "n", "'none', 'default', 'numeric', 'algebraic'"),
        ("denDF", "kr", "'none', 'default', 'numeric', 'algebraic'"),
        ("denDF", "", "'none'"),
        ("ssType", "III", "'incremental', 'conditional'"),
        ("kenadj", True, "'none', 'expected', 'observed'"),
    ],
)
def test_wrong_choices(fit: Any, argument: str, value: Any, choices: str) -> None:
    with pytest.raises(pa.AsremlError, match=f"{argument} should be one of {choices}"):
        wald(fit, **{argument: value})


def test_choices_by_their_beginnings() -> None:
    assert match_choice("alg", ("none", "algebraic"), "denDF") == "algebraic"


def test_needs_a_fit() -> None:
    with pytest.raises(pa.AsremlError, match="needs a fit"):
        wald({"a": 1})


def margin_of(fixed: str, data: pd.DataFrame, **more: Any) -> dict[str, tuple[str, list[str]]]:
    fit = pa.asreml(fixed, data=data, trace=False, **more)
    bound, terms = fit.engine.bound, fit.engine.design.fixed_terms
    places = margins(bound.fixed, [t.rank for t in terms], bound.frame.arrays, fit.engine.equations.observed)
    labels = [t.label for t in bound.fixed]
    return {label: (m.letter, [labels[i] for i in m.above]) for label, m in zip(labels, places, strict=True)}


def test_three_factors() -> None:
    """The table of the ASReml User Guide: A is adjusted for B, C and B:C, the mean for nothing."""
    found = margin_of("y ~ a*b*c", unbalanced().assign(c=lambda d: pd.Categorical(np.where(d["x"] > 0, "+", "-"))))
    assert found["a"] == ("A", ["a:b", "a:c", "a:b:c"])
    assert found["a:b"] == ("B", ["a:b:c"])
    assert found["a:b:c"] == ("C", [])
    assert len(found["(Intercept)"][1]) == 7


def test_mean_is_adjusted_for_covariates() -> None:
    assert margin_of("y ~ x + a", unbalanced())["(Intercept)"] == ("", ["a"])
    assert margin_of("y ~ x + a + a:x", unbalanced())["x"] == ("A", ["a:x"])


def test_nesting_in_the_data_only() -> None:
    """Regions coded apart from the sites within them: not adjusted for sites, and a small letter."""
    found = margin_of("y ~ region + site", unbalanced())
    assert found["region"] == ("a", ["site"])
    assert found["site"] == ("A", [])
    assert margin_of("y ~ region/site", unbalanced())["region"] == ("A", ["region:site"])


def test_at_terms() -> None:
    found = margin_of("y ~ b + at(b, '1'):a + x", unbalanced())
    assert found["b"] == ("A", ["at(b, '1'):a"])
    assert found["at(b, '1'):a"] == ("B", [])


def test_first_term_without_intercept() -> None:
    found = margin_of("y ~ a - 1 + b", unbalanced())
    assert found["a"] == ("", []) and found["b"] == ("A", [])


def test_aliased_term_has_no_test() -> None:
    """Site spans region, so region after it has no degrees of freedom."""
    fit = pa.asreml("y ~ site + region + x", random="~ rep", data=unbalanced(), trace=False)
    table = wald(fit, denDF="default", ssType="conditional").Wald
    assert table.loc["region", "Df"] == 0
    assert table.loc["region", ["denDF", "F.inc", "F.con", "Pr"]].isna().all()
    assert table.loc["site", "Margin"] == "A" and table.loc["x", "Df"] == 1


def test_fixed_terms_are_adjusted_for_sparse_ones() -> None:
    data = unbalanced()
    sparse = pa.asreml("y ~ a", sparse="~ x", random="~ rep", data=data, trace=False, exact=True)
    dense = pa.asreml("y ~ x + a", random="~ rep", data=data, trace=False, exact=True)
    got, want = wald(sparse, denDF="d").Wald.loc["a"], wald(dense, denDF="d").Wald.loc["a"]
    assert got["denDF"] == want["denDF"] and got["F.inc"] == want["F.inc"]
    assert list(wald(sparse, denDF="d").Wald.index) == ["(Intercept)", "a"]


def test_component_at_its_boundary_takes_no_part() -> None:
    data = unbalanced().assign(block=lambda d: pd.Categorical(np.tile(list("uvw"), 20)))
    # block means are equal by construction
    data["y"] -= data.groupby("block", observed=True)["y"].transform("mean")
    fit = pa.asreml("y ~ a", random="~ block", data=data, trace=False)
    assert fit.vparameters_con["block"] == "B"
    table = wald(fit, denDF="default").Wald
    assert table["denDF"].to_numpy() == pytest.approx(fit.nedf, abs=0.2)


def test_more_than_one_contrast_by_hand() -> None:
    """Two independent strata of 10 degrees of freedom, each holding one of two contrasts: S and W are diagonal."""
    v = np.diag([2.0, 3.0])
    spread = np.array([np.diag([2.0, 0.0]), np.diag([0.0, 3.0])])
    w = 2 / 10 * np.eye(2)
    den_df, scale = degrees_of_freedom(spread, v, w)
    a1 = a2 = 0.4
    b, g = (a1 + 6 * a2) / 4, (3 * a1 - 6 * a2) / (4 * a2)
    den = 6 + 2 * (1 - g)
    v_star = (1 + g / den * b) / ((1 - (2 - g) / den * b) ** 2 * (1 - (4 - g) / den * b))
    rho = v_star / (2 / (1 - a2 / 2) ** 2)
    assert den_df == pytest.approx(4 + 4 / (2 * rho - 1))
    assert scale == pytest.approx(den_df * (1 - a2 / 2) / (den_df - 2))


def test_one_contrast_near_two_degrees_of_freedom() -> None:
    """The moments of the paper do not exist there; Satterthwaite's form does."""
    assert degrees_of_freedom(np.array([[[1.0]]]), np.array([[1.0]]), np.array([[1.0]])) == (2.0, 1.0)
    assert degrees_of_freedom(np.zeros((0, 1, 1)), np.array([[1.0]]), np.zeros((0, 0))) == (np.inf, 1.0)


def test_examples() -> None:
    result = doctest.testmod(importlib.import_module("pyasreml.fit.wald"))
    assert result.attempted and not result.failed
