"""Every slot of the saved asreml fits whose structures this version has, at the digits that R prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from tests.bind.saved import call_formulas, read_data

NAMES = [
    "19f82ab6_model_asr2__rds",
    "2eb6cb52_multi_dsum__model_dsum",
    "3b525573_w2_models__example3.asr",
    "3b525573_w2_models__example4.asr",
    "3b525573_w2_models__example6.asr",
    "3b525573_w2_models__exercise12.asr",
    "3b525573_w2_models__exercise13.asr",
    "3b525573_w2_models__exercise14.asr",
    "3b525573_w2_models__exercise8.asr",
    "7b6c8bb9_asreml_model__model3.asr",
    "7b6c8bb9_asreml_model__model4.asr",
    "81f27e76_model_asr2__rds",
    "e4ceb234_model_asr2__rds",
    "fit_besag_met__fit_besag_met",
    "fit_chickweight__fit_chickweight",
]
CODES = {"1": "P", "3": "U", "4": "F", "7": "B"}


def plain(names: Any) -> list[str]:
    """Names without the quotes that 4.2 puts around levels."""
    return [str(n).replace("'", "") for n in names]


def numbers(values: Any) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in np.array(values, dtype=object).ravel()], float)


def assert_digits(got: Any, want: Any, what: str, digits: int = 7) -> None:
    """Equal at `digits` significant digits, or within one unit of the last."""
    a, b = numbers(got), numbers(want)
    assert a.shape == b.shape, what
    unit = 10.0 ** (np.floor(np.log10(np.maximum(np.abs(b), 1e-300))) - digits + 1)
    close = np.abs(a - b) <= np.where(np.isnan(unit), 0, unit)
    same = close | (np.isnan(a) & np.isnan(b)) | ((b == 0) & (np.abs(a) < 1e-9))
    assert same.all(), f"{what}: {a[~same][:4]} against {b[~same][:4]}"


@pytest.fixture(scope="module", params=NAMES)
def pair(request: pytest.FixtureRequest, shared: Path) -> tuple[Any, dict[str, Any]]:
    saved = json.loads((shared / "cases" / "objects" / f"{request.param}.json").read_text())
    call = call_formulas(saved["call"])
    formulas = {k: call[k] for k in ("fixed", "random", "residual") if k in call}
    table = recorded_start(saved) if "G.param" in call else None
    data = read_data(shared / "data" / saved["data"])
    return pa.asreml(**formulas, data=data, G_param=table, R_param=table, trace=False), saved


def recorded_start(saved: dict[str, Any]) -> pd.DataFrame:
    """Where a fit that update() made began: the first column of its trace, with the codes of the end."""
    first = {row: values[0] for row, values in zip(saved["trace"]["rows"], saved["trace"]["values"], strict=True)}
    names = saved["vparameters"]["names"]
    return pd.DataFrame({"Component": names, "Value": [first[n] for n in names], "Constraint": saved["con"]})


def test_trace_in_every_printed_digit(pair):
    fit, saved = pair
    want = np.array(saved["trace"]["values"], float)
    assert fit.trace.shape == want.shape
    rows = [plain(fit.trace.index).index(r) for r in plain(saved["trace"]["rows"])]
    got = fit.trace.to_numpy()[rows]
    for i, name in enumerate(saved["trace"]["rows"]):
        assert [f"{x:.7g}" for x in got[i]] == [f"{x:.7g}" for x in want[i]], name


def test_parameters_codes_types_changes(pair):
    fit, saved = pair
    names = plain(saved["vparameters"]["names"])
    got = fit.vparameters.set_axis(plain(fit.vparameters.index))
    assert_digits(got.reindex(names), saved["vparameters"]["values"], "vparameters")
    codes = dict(zip(plain(fit.vparameters_con.index), fit.vparameters_con, strict=True))
    assert [codes[n] for n in names] == [CODES.get(c, c) for c in saved["con"]]
    if saved["core_version"] is not None:
        assert plain(fit.vparameters.index) == names
        assert list(fit.vparameters_type) == saved["type"]
        np.testing.assert_allclose(fit.vparameters_pc.to_numpy(), numbers(saved["pch"]), atol=1e-9)


def test_effects_and_their_variances(pair):
    fit, saved = pair
    for part in ("fixed", "random", "sparse"):
        stored = saved[f"coef_{part}"]
        if not stored:
            continue
        frame = getattr(fit.coefficients, part)
        if saved["core_version"] is not None and part != "sparse":
            assert list(frame.index) == stored["rows"]
        rows = stored["rows"] if part != "sparse" else list(frame.index)
        # effects of a variance at its boundary are differences of almost equal numbers
        assert_digits(frame["effect"].reindex(rows), stored["values"], part, 5 if part == "random" else 6)
        if saved.get(f"vcoeff_{part}"):
            variances = getattr(fit.vcoeff, part)["effect"].reindex(rows)
            assert_digits(variances, saved[f"vcoeff_{part}"], f"variances of {part}", 6)


def test_fitted_values_residuals_hat(pair):
    fit, saved = pair
    assert_digits(fit.linear_predictors, saved["fitted"], "fitted")
    np.testing.assert_allclose(fit.residuals, numbers(saved["residuals"]), rtol=1e-6, atol=1e-6)
    assert_digits(fit.hat, [None if v == -1e-37 else v for v in saved["hat"]], "hat", 6)


def test_information_determinant_and_tests(pair):
    fit, saved = pair
    names = plain(fit.vparameters.index)
    ai = pd.DataFrame(fit.ai, names, names)
    rows = plain(saved["ai"]["rows"])
    want = np.array(saved["ai"]["values"], float)
    np.testing.assert_allclose(ai.loc[rows, rows].to_numpy(), want, rtol=2e-6, atol=1e-9 * np.abs(want).max())
    assert fit.det == pytest.approx(saved["det"], rel=1e-9)
    stored = dict(zip(saved["yssqu"]["names"], saved["yssqu"]["values"], strict=True))
    assert_digits(fit.yssqu, [stored[n] for n in fit.yssqu.index], "yssqu", 6)
    assert (fit.nedf, fit.nwv, fit.converge) == (saved["nedf"], saved["nwv"], saved["converge"])
    assert_digits([fit.loglik, fit.sigma2], [saved["loglik"], saved["sigma2"]], "loglik and sigma2", 9)
    counts = dict(zip(saved["noeff"]["names"], saved["noeff"]["values"], strict=True))
    np.testing.assert_equal(fit.noeff.to_dict(), {k: np.nan if v is None else v for k, v in counts.items()})
    if saved["core_version"] is not None:
        assert list(fit.noeff.index) == saved["noeff"]["names"]
