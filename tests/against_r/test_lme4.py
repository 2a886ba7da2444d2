"""Crossed and nested models of lme4's and nlme's data sets: the REML criterion and the variances of lme4.

The data are exported by ``models.R`` when the test runs (R with r-cran-lme4 and r-cran-nlme); lme4's numbers are
stored in ``lme4.csv``. With PYASREML_REQUIRE_LME4 set, as in continuous integration, a missing R is a failure and not
a skip.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa

HERE = Path(__file__).parent
REQUIRED = bool(os.environ.get("PYASREML_REQUIRE_LME4"))
STORED = pd.read_csv(HERE / "lme4.csv")
MODELS = list(dict.fromkeys(STORED["model"]))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lme4")
    reason = "Rscript is not here"
    if shutil.which("Rscript"):
        ran = subprocess.run(
            ["Rscript", str(HERE / "models.R"), str(folder)], capture_output=True, text=True, check=False, timeout=300
        )
        if ran.returncode == 0:
            return folder
        reason = f"R could not run the models (r-cran-lme4 and r-cran-nlme are needed): {ran.stderr.strip()[-300:]}"
    (pytest.fail if REQUIRED else pytest.skip)(reason)


def read(folder: Path, model: str) -> pd.DataFrame:
    """One exported data set, its factors with R's order of levels."""
    frame = pd.read_csv(folder / f"{model}.csv", dtype=str, keep_default_na=False)
    levels = pd.read_csv(folder / "levels.csv", dtype=str, keep_default_na=False)
    levels = levels[levels["model"] == model]
    for column in frame.columns:
        order = levels.loc[levels["column"] == column, "level"].tolist()
        frame[column] = pd.Categorical(frame[column], categories=order) if order else frame[column].astype(float)
    return frame


def test_at_least_ten_models() -> None:
    assert len(MODELS) >= 10


@pytest.mark.parametrize("model", MODELS)
def test_stored_numbers_are_what_lme4_gives(exported: Path, model: str) -> None:
    now = pd.read_csv(exported / "lme4.csv")
    before, now = (t[t["model"] == model].set_index("quantity")["value"] for t in (STORED, now))
    np.testing.assert_allclose(now["REML criterion"], before["REML criterion"], atol=1e-6, rtol=0)
    np.testing.assert_allclose(now.sort_index(), before.sort_index(), rtol=1e-5)


@pytest.mark.parametrize("model", MODELS)
def test_criterion_and_variances_of_lme4(exported: Path, model: str) -> None:
    formulas = pd.read_csv(exported / "models.csv").set_index("model").loc[model]
    data = read(exported, model)
    fit = pa.asreml(formulas["fixed"], random="~ " + formulas["random"], data=data, exact=True, trace=False, maxit=60)
    want = STORED[STORED["model"] == model].set_index("quantity")["value"].rename({"Residual": "units!R"})
    criterion = -2 * fit.loglik + fit.nedf * np.log(2 * np.pi)
    np.testing.assert_allclose(criterion, want.pop("REML criterion"), atol=1e-6, rtol=0)
    components = pa.summary(fit).varcomp["component"]
    assert set(components.index) == set(want.index)
    np.testing.assert_allclose(components[want.index].astype(float), want, rtol=1e-5)
