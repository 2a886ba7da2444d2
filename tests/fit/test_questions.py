"""The questions asked of a real fit, as functions and as methods: a split plot of simulated yields."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from pyasreml.fit.lrt import lrt
from pyasreml.fit.residuals import fitted, residuals
from pyasreml.fit.strata import asv
from pyasreml.fit.summary import summary
from pyasreml.fit.tidy import augment, glance, tidy


def split_plot() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    block, plot, part = (x.ravel() for x in np.meshgrid(range(6), range(3), range(4), indexing="ij"))
    y = 50 + 3 * plot + 2 * part + rng.normal(0, 4, 6)[block] + rng.normal(0, 3, 18)[block * 3 + plot]
    frame = pd.DataFrame({"B": block, "W": plot, "V": plot, "N": part}).astype(str).astype("category")
    frame["y"] = (y + rng.normal(0, 2, 72)).round(2)
    return frame


@pytest.fixture(scope="module")
def fits() -> tuple[Any, Any]:
    data = split_plot()
    full = pa.asreml("y ~ V*N", random="~ B + B:W", data=data, trace=False)
    null = pa.asreml("y ~ N*V", random="~ B", data=data.sample(frac=1, random_state=1), trace=False)
    return full, null


def test_methods_and_functions_agree(fits: tuple[Any, Any]) -> None:
    full, null = fits
    assert full.summary(coef=True).varcomp.equals(summary(full).varcomp)
    assert full.lrt(null).equals(lrt(null, full)) and list(full.lrt(null).index) == ["full/null"]
    assert list(full.vpredict("r ~ V3/(V1+V2+V3)").columns) == ["Estimate", "SE"]
    assert list(full.coef(list=True)) == ["(Intercept)", "V", "N", "V:N", "B", "B:W"]
    assert str(full).startswith("asreml(fixed = y ~ V * N, random = ~B + B:W")


def test_response_is_fitted_plus_residual(fits: tuple[Any, Any]) -> None:
    full, _ = fits
    table = augment(full)
    np.testing.assert_allclose(table["fitted"] + table["resid"], table["y"])
    np.testing.assert_allclose(fitted(full) + residuals(full), split_plot()["y"])
    assert glance(full).loc[0, "nobs"] == 72
    assert tidy(full, "random")["term"].tolist()[5:7] == ["B", "B:W"]


def test_strata_at_convergence() -> None:
    exact = pa.asreml("y ~ V*N", random="~ B + B:W", data=split_plot(), trace=False, exact=True)
    table = asv(exact)
    np.testing.assert_allclose(table["df"], [5, 10, 45], rtol=1e-4)
    np.testing.assert_allclose(table[["B", "B:W", "units!R"]], [[12, 4, 1], [0, 4, 1], [0, 0, 1]], rtol=1e-4)


def test_residual_list_names_the_units_of_each_section() -> None:
    import pyasreml as pa
    from pyasreml.demo.oats import oats

    data = oats()
    fit = pa.asreml("yield ~ 1", data=data, trace=False)
    assert fit.R_param["units"]["units"]["levels"] == [str(i + 1) for i in range(len(data))]
    fit = pa.asreml("yield ~ 1", residual="~ dsum(~ units | Variety)", data=data, trace=False)
    victory = [str(i + 1) for i in range(len(data)) if data["Variety"].iloc[i] == "Victory"]
    assert fit.R_param["Victory"]["units"]["levels"] == victory
