"""Effects, fitted values, residuals, tidy tables, strata, the Wald table and the plots."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pyasreml.errors import AsremlError, ModelError, UnsupportedError
from pyasreml.fit.coef import coef
from pyasreml.fit.plots import plot
from pyasreml.fit.residuals import fitted, residuals
from pyasreml.fit.strata import asv
from pyasreml.fit.tidy import augment, glance, tidy
from pyasreml.fit.wald_table import incremental_table
from tests.fit.saved import saved_fit, small_fit


def test_coef_by_part() -> None:
    parts = coef(small_fit())
    assert parts.fixed.loc["trt_b", "effect"] == 2.5
    assert parts.sparse is None and list(parts) == ["fixed", "random"]
    assert str(parts.random) == "        effect\nblock_1   0.25\nblock_2  -0.25"


def test_coef_by_term() -> None:
    terms = coef(small_fit(), list=True)
    assert list(terms) == ["(Intercept)", "trt", "block"]
    assert list(terms["trt"].index) == ["trt_a", "trt_b"]


def test_coef_pattern() -> None:
    assert list(coef(small_fit(), pattern="^trt").fixed.index) == ["trt_a", "trt_b"]
    assert coef(small_fit(), pattern="^trt").random is None
    assert list(coef(small_fit(), list=True, pattern="_b$")) == ["trt"]
    with pytest.raises(AsremlError, match="not a regular expression"):
        coef(small_fit(), pattern="(")


def test_fitted_and_residuals() -> None:
    fit = small_fit()
    assert fitted(fit).tolist()[:2] == [10.25, 9.75] and np.isnan(fitted(fit, type="link").iloc[2])
    for kind in ("default", "working", "response", "pearson", "deviance", "resp"):
        pd.testing.assert_series_equal(residuals(fit, type=kind), fit.residuals)
    with pytest.raises(UnsupportedError, match="aom"):
        residuals(fit, type="stdCond")
    with pytest.raises(AsremlError, match="type is one of"):
        residuals(fit, type="student")
    with pytest.raises(AsremlError, match="spatial"):
        residuals(fit, spatial="field")
    with pytest.raises(AsremlError, match="type is one of response, link"):
        fitted(fit, type="terms")


def test_weighted_residuals() -> None:
    fit = small_fit(engine=SimpleNamespace(equations=SimpleNamespace(weights=np.array([4.0, 1.0, 1.0, 9.0]))))
    assert residuals(fit, type="pearson").tolist()[0] == 2.0
    assert residuals(fit).tolist()[0] == 1.0


def test_units_effects() -> None:
    assert residuals(small_fit(), spatial="plot").equals(small_fit().residuals)
    effects = pd.DataFrame({"effect": [9.0, 0.1, 0.2, 0.3, 0.4]}, index=["b", *(f"units_{i}" for i in range(1, 5))])
    fit = small_fit(
        coefficients={"fixed": None, "random": effects, "sparse": None},
        term_of_effect=lambda part: [("b", 1), ("units", 4)] if part == "random" else [],
        engine=SimpleNamespace(bound=SimpleNamespace(frame=SimpleNamespace(unit_codes=np.arange(4)))),
    )
    np.testing.assert_array_equal(residuals(fit, spatial="plot"), [0.1, 0.2, np.nan, 0.4])


def test_wald_table() -> None:
    assert str(incremental_table(small_fit())) == (
        "Wald tests for fixed effects.\n"
        "Response: y\n"
        "Terms added sequentially; adjusted for those above.\n"
        "\n"
        "              Df Sum of Sq Wald statistic Pr(Chisq)    \n"
        "(Intercept)    1       800            400 < 2.2e-16 ***\n"
        "trt            1        40             20 7.744e-06 ***\n"
        "residual (MS)            2                             \n"
        "---\n"
        "Signif. codes:  0 ‘***’ 0.001 ‘**’ 0.01 ‘*’ 0.05 ‘.’ 0.1 ‘ ’ 1"
    )


def test_wald_table_without_degrees_of_freedom() -> None:
    fit = small_fit(
        noeff=pd.Series([1, 0, 2], index=["(Intercept)", "trt", "trt"]),
        yssqu=pd.Series([800.0, 0.0, 3.0], index=["(Intercept)", "trt", "trt"]),
    )
    table = incremental_table(fit)
    assert table.loc["trt", "Df"] == 0 and np.isnan(table.loc["trt", "Pr(Chisq)"])
    assert "trt" in str(table)


def test_wald_of_saved_objects(shared: Path) -> None:
    """F of the saved ``aov`` is the Wald statistic over its degrees of freedom."""
    for path in sorted((shared / "cases" / "objects").glob("*.json")):
        stored = json.loads(path.read_text(encoding="utf-8"))["aov"]
        f = np.array([row[stored["cols"].index("Finc")] for row in stored["values"]], dtype=float)
        if not f.any():
            continue
        table = incremental_table(saved_fit(path)).iloc[:-1]
        np.testing.assert_allclose(table["Wald statistic"] / table["Df"], f, rtol=1e-6)


def test_tidy() -> None:
    assert list(tidy(small_fit()).columns) == ["term", "estimate", "std_error", "statistic", "bound", "percent_change"]
    fixed = tidy(small_fit(), "fixed")
    assert fixed[["term", "effect"]].to_numpy().tolist()[1] == ["trt", "trt_a"]
    assert list(tidy(small_fit(), "wald").columns) == ["term", "df", "sum_of_squares", "statistic", "p_value"]
    assert len(tidy(small_fit(), "sparse")) == 0
    with pytest.raises(AsremlError, match="tidy"):
        tidy(small_fit(), "all")  # type: ignore[arg-type]


def test_glance_and_augment() -> None:
    row = glance(small_fit()).iloc[0]
    assert row["nobs"] == 3 and row["parameters"] == 2 and row["aic"] == pytest.approx(42.51118)
    assert list(augment(small_fit()).columns) == ["y", "fitted", "resid", "hat"]


def test_strata_of_a_balanced_design() -> None:
    """Split plot: 6 blocks of 3 whole plots of 4 plots; strata on 5, 10 and 45 df (residual, treatments removed)."""
    names = ["b", "b:w", "units!R"]
    sigma = np.array([200.0, 100.0, 180.0])
    coefficients = np.array([[12.0, 4.0, 1.0], [0.0, 4.0, 1.0], [0.0, 0.0, 1.0]])
    df = np.array([5.0, 10.0, 45.0])
    xi = coefficients @ sigma
    information = coefficients.T @ np.diag(df / (2 * xi**2)) @ coefficients
    fit = small_fit(
        gamma=False,
        sigma2=1.0,
        vparameters=pd.Series(sigma, index=names),
        vparameters_con=pd.Series(["P"] * 3, index=names),
        vparameters_type=pd.Series(["V"] * 3, index=names),
        noeff=pd.Series([6, 18], index=names[:2]),
        ai=np.linalg.inv(information),
    )
    table = asv(fit)
    np.testing.assert_allclose(table["df"], df)
    np.testing.assert_allclose(table["Variance"], xi)
    np.testing.assert_allclose(table[names], coefficients, atol=1e-10)
    both = asv(fit, order="noeff", vvp=True)
    np.testing.assert_allclose(both.vvp, np.linalg.inv(information))
    assert list(both.asv.columns) == ["df", "Variance", *names]


def test_strata_of_oats(shared: Path) -> None:
    (path,) = (shared / "cases" / "objects").glob("*__model3*.json")
    table = asv(saved_fit(path))
    np.testing.assert_allclose(table["df"], [5, 10, 45], rtol=2e-3)


def test_strata_refusals() -> None:
    types = pd.Series(["R", "V"], index=["block", "units!R"])
    with pytest.raises(ModelError, match="block"):
        asv(small_fit(vparameters_type=types))
    with pytest.raises(AsremlError, match="order"):
        asv(small_fit(), order="size")  # type: ignore[arg-type]


def test_plot(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    rng = np.random.default_rng(1)
    index = pd.RangeIndex(1, 73)
    e = pd.Series(rng.normal(size=72), index=index)
    e.iloc[5] = np.nan
    figure = plot(small_fit(residuals=e, linear_predictors=pd.Series(rng.normal(100, 10, 72), index=index)))
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["Histogram of residuals", "Normal Q-Q", "Residuals v Fitted", "Residuals v Unit Number"]
    assert len(figure.axes[3].lines[1].get_xdata()) == 71
    file = tmp_path / "residuals.png"
    figure.savefig(file)
    assert file.stat().st_size > 10_000
    assert figure._repr_png_()[1:4] == b"PNG"  # type: ignore[attr-defined]


def test_model_frame_is_kept_unless_refused() -> None:
    import pyasreml as pa
    from pyasreml.demo.oats import oats

    kept = pa.asreml("yield ~ Nitrogen", random="~ Blocks", data=oats(), trace=False)
    without = pa.asreml("yield ~ Nitrogen", random="~ Blocks", data=oats(), model_frame=False, trace=False)
    assert list(kept.mf.columns) == ["yield", "Nitrogen", "Blocks", "units"] and without.mf is None
    assert len(augment(without)) == len(kept.mf) and "model.frame = FALSE" in str(without.call)
    with pytest.raises(UnsupportedError, match="drop.unused.levels"):
        pa.asreml("yield ~ Nitrogen", data=oats(), trace=False, drop_unused_levels=False)
