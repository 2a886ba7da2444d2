"""Vectors, tables and lists against R's own print: printed.txt is written by outputs.R."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyasreml.rprint import NumberWithParameters, RList, RTable, format_matrix, format_value, format_vector

NA = float("nan")


def wanted() -> dict[str, str]:
    text = (Path(__file__).parent / "printed.txt").read_text(encoding="utf-8")
    blocks = text.split("## ")[1:]
    return {b.split("\n", 1)[0]: b.split("\n", 1)[1] for b in blocks}


WANT = wanted()

VARCOMP = RTable(
    {
        "component": [5.806474, 17.335959, 1.18e-5, 142.963533],
        "std.error": [10.86064, 32.80183, NA, 27.02516],
        "z.ratio": [0.5346348, 0.5285059, NA, 5.2900159],
        "bound": ["P", "P", "B", None],
        "%ch": [0.1, 0.1, NA, 0],
    },
    index=["rep", "entry", "site.year:entry", "units!R"],
)


def anova(rows: list[str], **columns: list[float]) -> RTable:
    names = {"df": "Df", "ss": "Sum of Sq", "wald": "Wald statistic", "p": "Pr(Chisq)"}
    return RTable({names[k]: v for k, v in columns.items()}, index=rows, style="anova")


WALD_ROWS = ["(Intercept)", "trt", "residual (MS)"]
LRT_COLUMNS = ["df", "LR-statistic", "Pr(Chisq)"]
GOT: dict[str, Any] = {
    "number": 134.86148,
    "long vector": np.arange(1, 41) ** 2 / 7,
    "integers": np.arange(1, 31),
    "logicals": pd.array([True, None, False], dtype="boolean"),
    "strings": pd.Series(["a", "bb", None, 'it\'s "q"']),
    "names": pd.Series([1, 3, 4, 4], index=["(Intercept)", "trt", "row", "col"]),
    "wrapped names": pd.Series(np.arange(1, 21) / 3, index=[f"parameter_{i}" for i in range(1, 21)]),
    "named strings": pd.Series(["B", "P"], index=["rep", "units!R"]),
    "factor": pd.Categorical(["u", None, "v"]),
    "many levels": pd.Categorical(
        [f"genotype{i}" for i in range(1, 31)], categories=sorted(f"genotype{i}" for i in range(1, 31))
    ),
    "ordered": pd.Categorical(["lo", "hi"], categories=["lo", "hi"], ordered=True),
    "attribute": NumberWithParameters(134.86148, 1),
    "matrix": np.array([[1.5, 20], [0.25, 3]]),
    "named matrix": RTable(
        [[50.02667, 2.85], [0, NA], [-11.59152, 3.8782]],
        index=["(Intercept)", "s_24AL", "s_25AL"],
        columns=["solution", "std.error"],
        style="matrix",
    ),
    "string matrix": np.array([["a", "cc"], ["bbb", None]], dtype=object),
    "wide matrix": RTable(
        (np.arange(1, 27) * 12345.678).reshape(13, 2).T,
        index=["a", "b"],
        columns=[f"column{j}" for j in range(1, 14)],
        style="matrix",
    ),
    "varcomp": VARCOMP,
    "no names": pd.DataFrame(
        {
            "site": pd.Categorical(["a", "b", "a"]),
            "n": pd.array([1, None, 3], dtype="Int64"),
            "ok": pd.array([True, None, False], dtype="boolean"),
            "predicted.value": [79.38889, 98.88889, 1e-12],
        }
    ),
    "empty": VARCOMP.iloc[:0],
    "wide frame": pd.DataFrame(
        (np.arange(1, 29) * 1234.5678).reshape(14, 2).T, columns=[f"variable.{j}" for j in range(1, 15)]
    ),
    "wald": RTable(
        {
            "Df": [1, 4, NA],
            "Sum of Sq": [14489.6123, 593.0441, 2.46046],
            "Wald statistic": [5889.1321, 241.0312, NA],
            "Pr(Chisq)": [0, 2.2e-17, NA],
        },
        index=WALD_ROWS,
        style="anova",
        heading=[
            "Wald tests for fixed effects.",
            "Response: y",
            "Terms added sequentially; adjusted for those above.",
            "",
        ],
    ),
    "wald two": anova(
        WALD_ROWS,
        df=[1, 1, NA],
        ss=[65703.21, 1278.123, 142.9635],
        wald=[459.5804, 8.9402, NA],
        p=[0, 0.0027921, NA],
    ),
    "wald no stars": anova(
        WALD_ROWS,
        df=[1, 1, NA],
        ss=[65703.21, 1278.123, 142.9635],
        wald=[459.5804, 8.9402, NA],
        p=[0.31, 0.12, NA],
    ),
    "lrt": RTable([[1, 5.326541, 0.010501]], columns=LRT_COLUMNS, index=["full/null"], style="anova"),
    "lrt weak": RTable([[1, 0.255991, 0.306437]], columns=LRT_COLUMNS, index=["full/null"], style="anova"),
    "anova f": RTable(
        {
            "Df": [3, 20],
            "Sum Sq": [1234.5678, 0.00123],
            "F value": [12.345678, NA],
            "Pr(>F)": [0.00042, NA],
        },
        index=["x", "Residuals"],
        style="anova",
    ),
    "list": {
        "call": None,
        "loglik": -364.88299,
        "varcomp": VARCOMP.iloc[:2, :2],
        "a b": {"x": 1, "y": "z"},
        "fixed": pd.Series([1.0], index=["a"]),
    },
    "lucid": RTable(
        {"effect": pd.Categorical(VARCOMP.index), **{c: VARCOMP[c].to_numpy() for c in VARCOMP.columns}}, style="lucid"
    ),
}


@pytest.mark.parametrize("name", GOT)
def test_prints_as_r(name: str) -> None:
    assert format_value(GOT[name]) + "\n" == WANT[name]


def test_every_stored_print_is_compared() -> None:
    assert set(GOT) == set(WANT)


def test_empty_vectors() -> None:
    assert format_vector(np.array([])) == "numeric(0)"
    assert format_vector(np.array([], dtype=int)) == "integer(0)"
    assert format_vector(np.array([]), []) == "named numeric(0)"
    assert format_value({}) == "named list()"
    assert format_value([]) == "list()"
    assert format_matrix(np.empty((0, 0))) == "<0 x 0 matrix>"


def test_table_stays_a_table() -> None:
    part = VARCOMP[VARCOMP["bound"] == "P"]
    assert isinstance(part, RTable) and part.r_style == "data.frame"
    lucid_table = GOT["lucid"]
    assert lucid_table.iloc[1:].r_style == "lucid"
    assert GOT["wald"].copy().heading[1] == "Response: y"


def test_markup() -> None:
    table = GOT["wald"]
    assert all(part in table._repr_html_() for part in ("&lt; 2.2e-16", "***", "Response: y"))
    assert "5889.1" in table.to_markdown() and table.to_markdown().startswith("|")
    assert r"\toprule" in table.to_latex()
    assert "component" in VARCOMP.to_markdown(tablefmt="grid")


def test_number_with_parameters() -> None:
    aic = NumberWithParameters(734.4394, 5)
    less = aic - NumberWithParameters(732.6962, 4)
    assert less.parameters == 5 and less == pytest.approx(1.7432)
    assert (2 * aic).parameters == (-aic).parameters == (1 - aic).parameters == 5
    assert f"{aic:.1f}" == "734.4" and pickle.loads(pickle.dumps(aic)).parameters == 5


def test_list_names() -> None:
    results = RList({"loglik": -1.5, "coef.random": None})
    assert results.coef_random is results["coef.random"] is results["coef_random"] is None
    assert list(results) == ["loglik", "coef.random"] and "coef_random" in dir(results)
    with pytest.raises(KeyError, match="loglik"):
        results["loglikk"]
    with pytest.raises(AttributeError, match="there are"):
        _ = results.varcomp
    assert pickle.loads(pickle.dumps(results)).loglik == -1.5
    assert "$loglik" in results._repr_html_()
