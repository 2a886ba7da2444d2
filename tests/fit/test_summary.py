"""Summaries: components, standard errors, criteria, effects. Saved objects and typed-in numbers."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyasreml.errors import AsremlError, ModelError
from pyasreml.fit.components import component_covariance, components
from pyasreml.fit.summary import aic, bic, summary
from pyasreml.fit.tables import solution_table, tr, varcomp, vc
from pyasreml.rprint import format_numbers
from tests.fit.saved import saved_fit, small_fit

# name of the saved object, row, component, std.error, z.ratio as documented
DOCUMENTED = [
    ("example6", "Block", "2.864157e-07", None, None),
    ("example6", "Column:Row!R", "0.1790098", "0.04842597", "3.696565"),
    ("example6", "Column:Row!Row!cor", "0.5407771", "0.1365456", "3.960414"),
    ("example3", "Block", "1.332707", "1.3046", "1.0216"),
    ("example3", "Plot!R", "1.968168", "0.8035703", "2.449279"),
    ("model3", "Blocks", "214.4906", "168.660", None),
    ("model3", "Blocks:Wplots", "106.0686", "67.8820", None),
    ("model3", "units!R", "177.0946", "37.33601", None),
]


def saved(shared: Path, name: str) -> Any:
    (path,) = (shared / "cases" / "objects").glob(f"*__{name}*.json")
    return saved_fit(path)


def same(value: float, text: str) -> bool:
    decimals = len(text.split("e")[0].partition(".")[2])
    return f"{value:.{decimals}{'e' if 'e' in text else 'f'}}" == text


@pytest.mark.parametrize(("name", "row", "component", "error", "ratio"), DOCUMENTED)
def test_documented(shared: Path, name: str, row: str, component: str, error: str | None, ratio: str | None) -> None:
    table = varcomp(saved(shared, name))
    assert same(table.loc[row, "component"], component)
    for column, text in (("std.error", error), ("z.ratio", ratio)):
        if text is not None:
            assert same(table.loc[row, column], text)


def test_every_saved_object(shared: Path) -> None:
    paths = sorted((shared / "cases" / "objects").glob("*.json"))
    assert len(paths) == 15
    for path in paths:
        fit = saved_fit(path)
        table = varcomp(fit)
        value = table["component"].to_numpy()
        ratio = fit.vparameters_type.isin(["R", "P"]).to_numpy() | (not fit.gamma)
        np.testing.assert_allclose(value, fit.vparameters.to_numpy() * np.where(ratio, 1, fit.sigma2), rtol=1e-14)
        without = table["bound"].isin(["B", "F", "S"])
        assert table.loc[without, ["std.error", "z.ratio"]].isna().all().all()
        assert (table.loc[~without, "std.error"] > 0).all()
        np.testing.assert_allclose(table["z.ratio"], table["component"] / table["std.error"])
        covariance = component_covariance(fit)
        assert np.linalg.eigvalsh(covariance).min() > -1e-9 * np.abs(covariance).max()
        criterion = aic(fit)
        assert criterion.parameters == len(table) - (table["bound"] == "F").sum()
        assert float(criterion) == pytest.approx(-2 * fit.loglik + 2 * criterion.parameters)


def test_delta_method() -> None:
    fit = small_fit()
    np.testing.assert_allclose(components(fit), [1.0, 2.0])
    covariance = component_covariance(fit)
    np.testing.assert_allclose(covariance[0, 0], 2.0**2 * 0.16 + 0.5**2 * 0.25 + 2 * 0.5 * 2.0 * -0.08)
    np.testing.assert_allclose(covariance[0, 1], 2.0 * -0.08 + 0.5 * 0.25)
    np.testing.assert_allclose(covariance[1, 1], 0.25)


def test_correlations_keep_their_scale() -> None:
    names = ["block", "R:C!R", "R:C!C!cor"]
    fit = small_fit(
        vparameters=pd.Series([0.5, 1.0, 0.3], index=names),
        vparameters_con=pd.Series(["P", "P", "U"], index=names, dtype=object),
        vparameters_type=pd.Series(["G", "V", "R"], index=names, dtype=object),
        vparameters_pc=pd.Series([0.1, 0.0, 0.0], index=names),
        ai=np.array([[0.16, -0.08, 0.01], [-0.08, 0.25, 0.02], [0.01, 0.02, 0.04]]),
    )
    assert varcomp(fit).loc["R:C!C!cor", "component"] == 0.3
    assert varcomp(fit).loc["R:C!C!cor", "std.error"] == pytest.approx(0.2)
    assert component_covariance(fit)[0, 2] == pytest.approx(2.0 * 0.01 + 0.5 * 0.02)


def test_sigma_fit_with_fixed_row() -> None:
    fit = small_fit(
        gamma=False,
        sigma2=1.0,
        vparameters_con=pd.Series(["P", "F"], index=["block", "units!R"], dtype=object),
        vparameters_type=pd.Series(["V", "V"], index=["block", "units!R"], dtype=object),
        ai=np.array([[0.16, 0.0], [0.0, 0.0]]),
    )
    table = varcomp(fit)
    assert table.loc["block", "std.error"] == pytest.approx(0.4)
    assert np.isnan(table.loc["units!R", "std.error"])
    assert aic(fit).parameters == 1 and summary(fit).sigma == 1.0


def test_criteria() -> None:
    fit = small_fit(loglik=-66.43074, nedf=45, vparameters_con=pd.Series(["F", "P"], index=["block", "units!R"]))
    assert f"{aic(fit):.4f}" == "134.8615" and f"{bic(fit):.4f}" == "136.6681"
    assert str(aic(fit)) == '[1] 134.8615\nattr(,"parameters")\n[1] 1'


def test_gamma_column() -> None:
    table = varcomp(small_fit(), "gamma")
    assert list(table.columns) == ["gamma", "component", "std.error", "z.ratio", "bound", "%ch"]
    assert table.loc["block", "gamma"] == 0.5
    assert list(vc(small_fit(), gamma=True).columns)[:2] == ["effect", "gamma"]


def test_effects() -> None:
    s = summary(small_fit(), coef=True)
    assert s["coef.fixed"] is s.coef_fixed
    assert list(s.coef_fixed.columns) == ["solution", "std.error", "z.ratio"]
    assert str(s.coef_fixed) == (
        "            solution std.error z.ratio\n"
        "(Intercept)     10.0       1.0      10\n"
        "trt_a            0.0        NA      NA\n"
        "trt_b            2.5       0.5       5"
    )
    assert s.coef_random.loc["block_1", "std.error"] == pytest.approx(0.8)
    assert s.coef_sparse is None
    assert solution_table(small_fit(), "sparse") is None


def test_names_without_effects() -> None:
    s = summary(small_fit())
    assert s.coef_fixed is None and s["coef.random"] is None and s.vparameters is None
    assert list(s) == ["call", "loglik", "nedf", "sigma", "varcomp", "bic", "aic"]
    text = str(s)
    assert text.startswith("$call\nasreml(fixed = y ~ trt, random = ~block, data = dat)\n\n$loglik\n[1] -19.25559\n\n")
    assert text.endswith('$aic\n[1] 42.51118\nattr(,"parameters")\n[1] 2\n')


def test_matrices_by_term() -> None:
    names = ["s:g!s_a:a", "s:g!s_b:a", "s:g!s_b:b", "d:g!d_x", "d:g!d_y", "e", "units!R"]
    fit = small_fit(
        gamma=False,
        sigma2=1.0,
        vparameters=pd.Series([4.0, 1.0, 9.0, 2.0, 3.0, 5.0, 1.0], index=names),
        vparameters_con=pd.Series(list("PPPPPPF"), index=names),
        vparameters_type=pd.Series(list("GCGGGGV"), index=names),
        vparameters_pc=pd.Series(np.zeros(7), index=names),
        ai=np.eye(7),
    )
    fitted = summary(fit, vparameters=True).vparameters
    assert fitted["s:g"].to_numpy().tolist() == [[4.0, 1.0], [1.0, 9.0]] and list(fitted["s:g"].index) == ["a", "b"]
    assert fitted["d:g"].to_dict() == {"d_x": 2.0, "d_y": 3.0}
    assert fitted["e"] == 5.0 and fitted["units"] == 1.0


def test_lucid_print() -> None:
    assert str(vc(small_fit())) == (
        "  effect component std.error z.ratio bound %ch\n"
        "   block         1    0.7365     1.4     P 0.1\n"
        " units!R         2    0.5        4       P 0  "
    )


def test_trace() -> None:
    assert tr(small_fit()).shape == (3, 6)
    assert tr(small_fit(), 2).loc["2", "LogLik"] == -19.25559
    with pytest.raises(AsremlError, match="iteration 9"):
        tr(small_fit(), 9)


def test_percent_change_is_rounded() -> None:
    assert format_numbers(varcomp(small_fit())["%ch"]) == ["0.1", "0.0"]


def test_refusals() -> None:
    with pytest.raises(AsremlError, match="summary\\(\\) needs a fit"):
        summary(pd.DataFrame())
    with pytest.raises(AsremlError, match="'sigma' or 'gamma'"):
        summary(small_fit(), param="theta")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="!R"):
        summary(small_fit(vparameters=pd.Series([0.5, 1.0], index=["a", "b"])))
