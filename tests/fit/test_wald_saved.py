"""Degrees of freedom, F and p values that asreml printed for models whose data are among the documented cases.

The p values are printed to seven digits, so they tell which parameters, which information matrix and which scale
asreml uses: the parameters after the last update of the refit, the average information, Kenward & Roger's scale on the
F of the unadjusted variance matrix.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import pyasreml as pa
from pyasreml.fit.wald import wald

W2 = "3b525573_w2_models__"
PRINTED: dict[str, tuple[dict[str, str], list[tuple[str, float, float, str]]]] = {
    "example3": (
        {"fixed": "Yield ~ Variety", "random": "~ Block", "residual": "~ id(Plot)"},
        [("(Intercept)", 4.0, 33.23, "0.004494493"), ("Variety", 12.0, 6.187, "0.008747377")],
    ),
    "example4": (
        {"fixed": "DM ~ trt", "random": "~ row + col", "residual": "~ id(plots)"},
        [("(Intercept)", 3.0, 3053.0, "1.305451e-05"), ("trt", 9.0, 13.33, "1.162778e-03")],
    ),
    "example6": (
        {"fixed": "Yield ~ Treatment", "random": "~ Block", "residual": "~ id(Column):ar1(Row)"},
        [("(Intercept)", 6.9, 188.1, "2.807176e-06"), ("Treatment", 27.6, 2.963, "4.353194e-03")],
    ),
    "exercise8": (
        {"fixed": "Yield ~ SeedingRate", "random": "~ Block", "residual": "~ id(Plot)"},
        [("(Intercept)", 3.0, 910.8, "7.990756e-05"), ("SeedingRate", 15.0, 1.321, "3.075801e-01")],
    ),
    "exercise12": (
        {"fixed": "Yield ~ Variety*Irrigation", "random": "~ Block + Block:WholePlot"},
        [
            ("(Intercept)", 2.0, 48.0, "0.020205048"),
            ("Variety", 16.0, 6.943, "0.001937025"),
            ("Irrigation", 2.0, 22.82, "0.041135282"),
            ("Variety:Irrigation", 16.0, 3.994, "0.019643763"),
        ],
    ),
    "exercise13": (
        {
            "fixed": "Yield ~ Genotype*Nitrogen",
            "random": "~ Block + Block:WholePlot",
            "residual": "~ id(Column):ar1(Row)",
        },
        [
            ("(Intercept)", 5.0, 254.4, "1.83e-05"),
            ("Genotype", 53.6, 4.635, "1.39e-02"),
            ("Nitrogen", 21.3, 33.7, "2.86e-08"),
            ("Genotype:Nitrogen", 50.3, 0.2999, "9.34e-01"),
        ],
    ),
    "exercise14": (
        {"fixed": "Yield ~ Genotype", "random": "~ Block", "residual": "~ id(Column):ar1(Row)"},
        [("(Intercept)", 17.7, 23710.0, "0.000000e+00"), ("Genotype", 69.4, 5.089, "4.795863e-10")],
    ),
}


def frame(path: Path, levels: dict[str, Any]) -> pd.DataFrame:
    data = pd.read_csv(path)
    for name, known in levels.items():
        if known and name in data:
            labels = data[name].map(str, na_action="ignore")
            data[name] = pd.Categorical(labels.where(labels.isin(known)), categories=known)
    return data


def prepared(shared: Path, name: str) -> pd.DataFrame:
    levels = json.loads((shared / "data" / "prepared" / f"{name}.levels.json").read_text(encoding="utf-8"))
    return frame(shared / "data" / "prepared" / f"{name}.csv", levels["levels"])


@pytest.mark.parametrize("model", PRINTED)
def test_saved_models(shared: Path, model: str) -> None:
    saved = json.loads((shared / "cases" / "objects" / f"{W2}{model}.asr.json").read_text(encoding="utf-8"))
    data = frame(shared / "data" / saved["data"], saved["mf_levels"])
    call, rows = PRINTED[model]
    fit = pa.asreml(**call, data=data, na_action=pa.na_method(x="include"), trace=False)
    table = wald(fit, denDF="default").Wald
    assert list(table.index) == [row[0] for row in rows]
    for label, den_df, F, p in rows:
        assert table.loc[label, "denDF"] == den_df, label
        assert table.loc[label, "F.inc"] == F, label
        # numerical derivatives leave some noise in asreml's own degrees of freedom
        assert table.loc[label, "Pr"] == pytest.approx(float(p), rel=2e-5 if len(p) > 8 else 5e-3), label


def test_row_and_column(shared: Path) -> None:
    data = prepared(shared, "asremlplus__Wheat.dat__vig_nonspatial_drop_WCP")
    call = {"random": "~ Row + Column", "residual": "~ Row:Column", "data": data}
    first = pa.asreml("yield ~ Rep + WithinColPairs + Variety", trace=False, **call)
    table = wald(pa.update(first, fixed="~ . - WithinColPairs"), denDF="numeric").Wald
    assert table["denDF"].tolist() == [15.3, 26.7, 105.3]
    assert table["F.inc"].round(2).tolist() == [1466.0, 6.11, 4.73]


def test_heterogeneous_variances(shared: Path) -> None:
    data = prepared(shared, "asremlplus__Fac3Syrup__idh_residual")
    fit = pa.asreml("Loss ~ Nozzle*Pressure*Speed", residual="~ idh(SpeedPress):WSpeedPress", data=data, trace=False)
    assert wald(fit, denDF="numeric").Wald.loc["Nozzle:Pressure:Speed", "denDF"] == 8.7
