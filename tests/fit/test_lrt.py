"""Likelihood ratio tests."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from pyasreml.errors import AsremlError, ModelError
from pyasreml.fit.lrt import lrt, mixture_pvalue
from tests.fit.saved import small_fit

NAMES = ["rep", "block", "units!R"]


def larger(**changes: object) -> object:
    fields = {
        "loglik": -16.5923,
        "vparameters": pd.Series([0.1, 0.5, 1.0], index=NAMES),
        "vparameters_con": pd.Series(["B", "P", "P"], index=NAMES, dtype=object),
    }
    return small_fit(**(fields | changes))


def test_mixture() -> None:
    assert mixture_pvalue(14.558, 4) == pytest.approx(0.001209, abs=5e-7)
    assert mixture_pvalue(0.25599, 1) == pytest.approx(0.3064, abs=5e-5)
    assert mixture_pvalue(5.3265, 1) == pytest.approx(0.0105, abs=5e-5)
    assert mixture_pvalue(5.3265, 1, boundary=False) == pytest.approx(chi2.sf(5.3265, 1))
    assert mixture_pvalue(-1.0, 2) == pytest.approx(1.0)


def test_either_order_and_names() -> None:
    full, null = larger(), small_fit()
    table = lrt(full, null)
    assert lrt(null, full).equals(table)
    assert list(table.index) == ["full/null"]
    assert table.loc["full/null", "df"] == 1
    assert table.loc["full/null", "LR-statistic"] == pytest.approx(5.32658)
    assert str(table) == (
        "Likelihood ratio test(s) assuming nested random models.\n"
        "(See Self & Liang, 1987)\n"
        "\n"
        "          df LR-statistic Pr(Chisq)  \n"
        "full/null  1       5.3266    0.0105 *\n"
        "---\n"
        "Signif. codes:  0 ‘***’ 0.001 ‘**’ 0.01 ‘*’ 0.05 ‘.’ 0.1 ‘ ’ 1"
    )


def test_several_fits_and_given_names() -> None:
    four = ["at", *NAMES]
    most = small_fit(
        loglik=-16.0,
        vparameters=pd.Series([0.1, 0.1, 0.5, 1.0], index=four),
        vparameters_con=pd.Series(["P", "P", "P", "P"], index=four, dtype=object),
    )
    table = lrt(larger(), most, small_fit(), names=["m1", "m2", "m0"])
    assert list(table.index) == ["m1/m0", "m2/m1"]


def test_unnamed_fits() -> None:
    assert list(lrt(larger(), small_fit()).index) == ["fit1/fit2"]


def test_order_of_terms_and_rows_does_not_matter() -> None:
    def term_of_effect(part: str) -> list[tuple[str, int]]:
        return {"fixed": [("b:a", 4), ("(Intercept)", 1)], "random": [], "sparse": [("mv", 1)]}[part]

    def other(part: str) -> list[tuple[str, int]]:
        return {"fixed": [("(Intercept)", 1), ("a:b", 4)], "random": [], "sparse": []}[part]

    one, two = small_fit(term_of_effect=term_of_effect), larger(term_of_effect=other)
    two.residuals = two.residuals.iloc[::-1]
    two.linear_predictors = two.linear_predictors.iloc[::-1]
    assert len(lrt(one, two)) == 1


def test_refusals() -> None:
    full, null = larger(), small_fit()
    with pytest.raises(AsremlError, match="two or more"):
        lrt(full)
    with pytest.raises(AsremlError, match="not int"):
        lrt(full, 3)
    with pytest.raises(AsremlError, match="2 fits but 1 names"):
        lrt(full, null, names=["a"])
    with pytest.raises(ModelError, match="full models z and null models y"):
        lrt(larger(response="z"), null, names=["full", "null"])
    with pytest.raises(ModelError, match="trt"):
        lrt(full, small_fit(term_of_effect=lambda part: [("(Intercept)", 1)] if part == "fixed" else []))
    with pytest.raises(ModelError, match="17 residual df"):
        lrt(full, small_fit(nedf=17))
    with pytest.raises(ModelError, match="different values of y"):
        lrt(full, small_fit(residuals=pd.Series([1.0, -1.0, np.nan, 0.6], index=pd.RangeIndex(1, 5))))
    with pytest.raises(ModelError, match="null and again both have 2"):
        again = small_fit()
        lrt(null, again)
