"""Fits with every family: against nlme, the dense reference, each other, and the documented repeated measures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from compat_cases import dense
from pyasreml.variance.build import VarianceModel

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def plants() -> pd.DataFrame:
    data = pd.read_csv(HERE / "plants.csv")
    data["Plant"], data["Time"] = pd.Categorical(data.plant), pd.Categorical(data.time)
    return data


@pytest.fixture(scope="module")
def places() -> pd.DataFrame:
    return pd.read_csv(HERE / "places.csv")


def _design(*factors: pd.Series) -> np.ndarray:
    one = np.ones((len(factors[0]), 1))
    columns = [one, *(dense.dummies(f) for f in factors)]
    if len(factors) == 2:
        columns.append(dense.dummies(*factors))
    return dense.full_rank(np.hstack(columns))


def _residual_matrix(fit: pa.Asreml) -> np.ndarray:
    model: VarianceModel = fit.engine.variance
    table, product = model.parameters, model.sections[0]
    mine = (table.owner == len(model.random)) & (table.local >= 0)
    return product.matrix(fit.estimates.theta[mine]) * fit.sigma2


NLME = {row.model: float(row.loglik) for row in pd.read_csv(HERE / "gls.csv").itertuples()}


@pytest.mark.parametrize("model", NLME)
def test_agrees_with_nlme(model: str, plants: pd.DataFrame, places: pd.DataFrame) -> None:
    if "Time" in model:
        fit = pa.asreml("y ~ trt*Time", residual=f"~ id(Plant):{model}", data=plants, trace=False, exact=True)
        X = _design(plants.trt, plants.Time)
    else:
        fit = pa.asreml("z ~ trt", residual=f"~ {model}", data=places, trace=False, exact=True)
        X = _design(places.trt)
    assert fit.converge
    n, p = X.shape
    constant = -0.5 * (n - p) * np.log(2 * np.pi)
    assert fit.loglik + constant == pytest.approx(NLME[model], abs=1e-6)


@pytest.mark.parametrize(
    "model",
    [
        "sarv(Time)",
        "corbv(Time, b = 2)",
        "gauh(Time)",
        "ante(Time, 2)",
        "chol(Time, 2)",
        "cholc(Time, 1)",
        "us(Time)",
    ],
)
def test_is_the_maximum_of_the_dense_likelihood(model: str, plants: pd.DataFrame) -> None:
    fit = pa.asreml("y ~ trt*Time", residual=f"~ id(Plant):{model}", data=plants, trace=False, exact=True)
    X, y = _design(plants.trt, plants.Time), plants.y.to_numpy()
    assert dense.loglik(y, X, _residual_matrix(fit)) == pytest.approx(fit.loglik, abs=1e-8)
    product = fit.engine.variance.sections[0]
    theta = fit.estimates.theta[fit.engine.variance.parameters.local >= 0]
    for i in range(theta.size):
        h = np.zeros(theta.size)
        h[i] = 1e-4 * max(abs(theta[i]), 0.1)
        up, down = (dense.loglik(y, X, product.matrix(theta + s * h)) for s in (1, -1))
        assert up - fit.loglik < 1e-7 and down - fit.loglik < 1e-7
        # the slope over the curvature: how far the maximum is, in steps of h
        assert abs(up - down) < 0.02 * abs(up + down - 2 * fit.loglik) + 1e-9


def test_saturated_forms_are_one_model(plants: pd.DataFrame) -> None:
    models = ("us(Time)", "corgh(Time)", "ante(Time, 4)", "chol(Time, 4)", "cholc(Time, 4)")
    values = [
        pa.asreml("y ~ trt*Time", residual=f"~ id(Plant):{m}", data=plants, trace=False, exact=True).loglik
        for m in models
    ]
    np.testing.assert_allclose(values, values[0], rtol=0, atol=1e-8)


def test_one_factor_of_three_levels_is_unstructured(plants: pd.DataFrame) -> None:
    data = plants[plants.time.isin([1, 2, 4])].assign(Time=lambda d: pd.Categorical(d.time))
    values = [
        pa.asreml("y ~ trt*Time", residual=f"~ id(Plant):{m}", data=data, trace=False, exact=True).loglik
        for m in ("us(Time)", "fa(Time, 1)", "facv(Time, 1)")
    ]
    np.testing.assert_allclose(values, values[0], rtol=0, atol=1e-8)


@pytest.mark.filterwarnings("ignore::pyasreml.AsremlWarning")
def test_random_terms_and_products(plants: pd.DataFrame) -> None:
    for random, names in [
        ("~ Plant:cor(Time)", ["Plant:Time", "Plant:Time!Time!cor"]),
        ("~ Plant:expv(time)", ["Plant:time!time!pow", "Plant:time!time!var"]),
        ("~ ar1(Plant):corb(Time, b = 2)", ["Plant:Time", "Plant:Time!Plant!cor"]),
        ("~ Plant:fa(Time, 1)", ["Plant:fa(Time, 1)!1!var", "Plant:fa(Time, 1)!2!var"]),
    ]:
        fit = pa.asreml("y ~ trt*Time", random=random, data=plants, trace=False, maxit=2)
        assert list(fit.vparameters.index)[: len(names)] == names
        model, point = fit.engine.variance, fit.estimates.point
        product, Z = model.random[0], fit.engine.design.Z[0]
        rows = fit.engine.equations.rows_of_term(0)
        G = product.matrix(point.theta[rows])
        block = np.zeros((len(plants), Z.n_cols))
        block[np.repeat(np.arange(len(plants)), np.diff(Z.indptr)), Z.indices] = Z.data
        V = point.sigma2 * (block @ G @ block.T + np.eye(len(plants)))
        X = _design(plants.trt, plants.Time)
        assert dense.loglik(plants.y.to_numpy(), X, V) == pytest.approx(fit.loglik, abs=1e-7)


@pytest.mark.filterwarnings("ignore::pyasreml.AsremlWarning")
def test_places_in_random_terms(places: pd.DataFrame) -> None:
    given = pa.asreml("z ~ trt", random="~ ieuc(x, y)", data=places, trace=False, maxit=2)
    assert given.noeff["ieuc(x, y)"] == 60
    assert [n for n in given.vparameters.index if n.endswith("!pow")] == ["ieuc(x, y)!ieuc(x, y)!pow"]


def test_matern_of_order_one_half_is_exponential(places: pd.DataFrame) -> None:
    power = pa.asreml("z ~ trt", residual="~ ieuc(x, y)", data=places, trace=False, exact=True)
    matern = pa.asreml("z ~ trt", residual='~ mtrn(x, y, phi = 2, nu = "0.5 F")', data=places, trace=False, exact=True)
    assert matern.loglik == pytest.approx(power.loglik, abs=1e-8)
    assert np.exp(-1 / matern.vparameters.iloc[1]) == pytest.approx(power.vparameters.iloc[1], rel=1e-5)
    assert matern.vparameters_con.iloc[2] == "F"


def test_points_stand_in_for_levels(plants: pd.DataFrame) -> None:
    data = plants.assign(Time=plants.Time.cat.rename_categories(dict(zip([1, 2, 4, 5, 7], "abcde", strict=True))))
    call = {"residual": "~ id(Plant):expv(Time)", "trace": False, "exact": True}
    fit = pa.asreml("y ~ trt*Time", data=data, pwr_points={"Time": [1, 2, 4, 5, 7]}, **call)
    assert fit.loglik == pytest.approx(pa.asreml("y ~ trt*Time", data=plants, **call).loglik, abs=1e-9)
    with pytest.raises(pa.AsremlError, match="'a' of Time is no number"):
        pa.asreml("y ~ trt*Time", data=data, **call)
    with pytest.raises(pa.AsremlError, match="5 levels and 2 points"):
        pa.asreml("y ~ trt*Time", data=data, pwr_points={"Time": [1, 2]}, **call)


def test_a_structure_of_ones_own(plants: pd.DataFrame) -> None:
    def autoregression(size: int, theta: np.ndarray) -> list[np.ndarray]:
        lag = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
        rho = float(theta[0])
        return [rho**lag, lag * rho ** np.maximum(lag - 1, 0)]

    fit = pa.asreml(
        "y ~ trt*Time",
        residual='~ id(Plant):own(Time, "autoregression", init = 0.1, type = "R")',
        data=plants,
        known={"autoregression": autoregression},
        trace=False,
        exact=True,
    )
    same = pa.asreml("y ~ trt*Time", residual="~ id(Plant):ar1(Time)", data=plants, trace=False, exact=True)
    assert fit.loglik == pytest.approx(same.loglik, abs=1e-9)
    with pytest.raises(pa.AsremlError, match="no function 'other'"):
        pa.asreml("y ~ 1", residual="~ id(Plant):own(Time, other, init = 0.1)", data=plants, trace=False)


DOCUMENTED = {
    "idv": -209.4418,
    "corv": -196.8768,
    "expv": -182.9788,
    "exph": -171.4992,
    "ante": -160.3694,
    "ar1v": -181.0630,
    "ar1h": -169.5536,
    "us": -158.0356,
}


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("model", DOCUMENTED)
@pytest.mark.filterwarnings("ignore::pyasreml.AsremlWarning")
def test_documented_repeated_measures(model: str, exact: bool, shared: Path) -> None:
    data = pd.read_csv(shared / "data/wild/asr_grassUV.csv")
    data["Plant"], data["Time"] = pd.Categorical(data.Plant), pd.Categorical(data.Time)
    data = data.sort_values(["Plant", "Time"])
    fit = pa.asreml(
        "y ~ Time + Tmt + Tmt:Time", residual=f"~ id(Plant):{model}(Time)", data=data, trace=False, exact=exact
    )
    assert fit.converge
    assert fit.loglik == pytest.approx(DOCUMENTED[model], abs=0.004)


def test_a_scale_beside_a_variance(plants: pd.DataFrame) -> None:
    """Asreml takes idv() beside another variance: a parameter more, not determined unless one of them is held."""
    twice = pd.concat([plants, plants.assign(y=plants.y + np.sin(np.arange(len(plants))))])
    call = {"data": twice, "trace": False}
    with pytest.warns(pa.AsremlWarning, match="determine only their product"):
        start = pa.asreml("y ~ trt*Time", random="~ idv(Plant):ar1h(Time)", start_values=True, **call)
    names = list(start.vparameters_table.Component)
    assert names[:3] == ["Plant:Time", "Plant:Time!Time!cor", "Plant:Time!Time_1"] and len(names) == 8
    with pytest.warns(pa.AsremlWarning), pytest.raises(pa.FitError, match="1 singularities"):
        pa.asreml("y ~ trt*Time", random="~ idv(Plant):ar1h(Time)", **call)
    one = pa.asreml("y ~ trt*Time", random="~ id(Plant):ar1h(Time)", exact=True, **call)
    with pytest.warns(pa.AsremlWarning, match="determine only"):
        held = pa.asreml("y ~ trt*Time", random="~ idv(Plant, init = c(F = 2)):ar1h(Time)", exact=True, **call)
    assert held.loglik == pytest.approx(one.loglik, abs=1e-8)
    assert 2 * held.vparameters.iloc[2] == pytest.approx(one.vparameters.iloc[1], rel=1e-4)
