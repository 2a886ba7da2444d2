"""Models of several traits: against dense algebra, single traits, stacked data; their printed answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from tests.reml.dense import reference

QUIET = {"trace": False}


def records(n: int = 60, seed: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    family = rng.integers(12, size=n)
    effect = rng.multivariate_normal([0, 0], [[2.0, 0.8], [0.8, 1.5]], 12)
    error = rng.multivariate_normal([0, 0], [[3.0, 1.2], [1.2, 4.0]], n)
    data = pd.DataFrame({"x": rng.normal(size=n), "w": rng.uniform(0.5, 2.0, n)})
    data["A"] = pd.Categorical([f"a{i:02d}" for i in family])
    data[["y1", "y2"]] = [10, 50] + data[["x"]].to_numpy() * [1.0, 2.0] + effect[family] + error
    data.loc[rng.choice(n, 9, replace=False), "y2"] = np.nan
    data.loc[rng.choice(n, 4, replace=False), "y1"] = np.nan
    return data


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return records()


@pytest.fixture(scope="module")
def fit(data: pd.DataFrame) -> pa.Asreml:
    return pa.asreml(
        "cbind(y1, y2) ~ trait + trait:x", random="~ us(trait):A", residual="~ id(units):us(trait)", data=data, **QUIET
    )


@pytest.mark.filterwarnings("ignore::pyasreml.AsremlWarning")
@pytest.mark.parametrize(
    ("random", "residual", "weights"),
    [
        ("~ us(trait):A", "~ id(units):us(trait)", None),
        ("~ corgh(trait):A", "~ units:corgh(trait)", None),
        ("~ diag(trait):A + at(trait, 1):x:A", "~ units:idh(trait)", None),
        ("~ trait:A + us(trait):A:x", "~ id(units):us(trait)", "w"),
    ],
)
def test_likelihood_is_that_of_the_observed_values(
    data: pd.DataFrame, random: str, residual: str, weights: str | None
) -> None:
    fit = pa.asreml(
        "cbind(y1, y2) ~ trait + trait:x",
        random=random,
        residual=residual,
        data=data,
        weights=weights,
        maxit=2,
        fail="soft",
        **QUIET,
    )
    point = fit.estimates.point
    want = reference(fit.engine, point.theta)
    assert fit.loglik == pytest.approx(want.loglik, abs=1e-7)
    live = [i for i, code in enumerate(fit.engine.variance.parameters.codes) if code != "F"]
    np.testing.assert_allclose(point.score[live], want.score[live], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(point.ai[np.ix_(live, live)], want.ai[np.ix_(live, live)], rtol=1e-4, atol=1e-6)
    assert fit.nedf == int(data[["y1", "y2"]].notna().sum().sum()) - 4


def test_without_covariances_traits_are_fitted_apart(data: pd.DataFrame) -> None:
    both = pa.asreml(
        "cbind(y1, y2) ~ trait + trait:x",
        random="~ diag(trait):A",
        residual="~ id(units):idh(trait)",
        data=data,
        exact=True,
        **QUIET,
    )
    apart = [
        pa.asreml(f"{y} ~ x", random="~ A", residual="~ idv(units)", data=data, exact=True, **QUIET)
        for y in ("y1", "y2")
    ]
    assert both.loglik == pytest.approx(sum(f.loglik for f in apart), abs=1e-8)
    held = pa.asreml(
        "cbind(y1, y2) ~ trait + trait:x",
        random="~ us(trait, init = c(1, F = 0, 1)):A",
        residual="~ id(units):us(trait, init = c(2, F = 0, 2))",
        data=data,
        exact=True,
        **QUIET,
    )
    assert held.loglik == pytest.approx(both.loglik, abs=1e-7)


def test_stacked_data_and_other_structures_give_the_same_fit(data: pd.DataFrame, fit: pa.Asreml) -> None:
    stacked = data.loc[data.index.repeat(2), ["A", "x"]].reset_index(drop=True)
    stacked["y"], stacked["Trait"] = data[["y1", "y2"]].to_numpy().ravel(), pd.Categorical(["y1", "y2"] * len(data))
    long = pa.asreml(
        "y ~ Trait + Trait:x",
        random="~ us(Trait):A",
        residual="~ id(units):us(Trait)",
        data=stacked,
        asmv="Trait",
        **QUIET,
    )
    assert long.loglik == pytest.approx(fit.loglik, abs=1e-9)
    assert long.vparameters.index[0] == "Trait:A!Trait_y1:y1"
    np.testing.assert_allclose(long.residuals, fit.residuals, atol=1e-8)
    best = pa.asreml(
        "cbind(y1, y2) ~ trait + trait:x",
        random="~ us(trait):A",
        residual="~ id(units):us(trait)",
        data=data,
        exact=True,
        **QUIET,
    )
    other = best.update(random="~ corgh(trait):A", residual="~ units:corgh(trait)")
    assert other.loglik == pytest.approx(best.loglik, abs=1e-7)


def test_names(fit: pa.Asreml) -> None:
    assert fit.vparameters.index.tolist() == [
        "trait:A!trait_y1:y1",
        "trait:A!trait_y2:y1",
        "trait:A!trait_y2:y2",
        "units:trait!R",
        "units:trait!trait_y1:y1",
        "units:trait!trait_y2:y1",
        "units:trait!trait_y2:y2",
    ]
    assert fit.coefficients.fixed.index.tolist() == ["trait_y1", "trait_y2", "trait_y1:x", "trait_y2:x"]
    assert fit.coefficients.random.index[[0, 12]].tolist() == ["trait_y1:A_a00", "trait_y2:A_a00"]
    assert fit.noeff.to_dict() == {"trait": 2, "trait:x": 2, "trait:A": 24, "mv": 13}
    assert fit.vparameters_con["units:trait!R"] == "F" and np.isnan(fit.summary().varcomp.loc["units:trait!R"].iloc[1])


def test_values_by_record(data: pd.DataFrame, fit: pa.Asreml) -> None:
    y = data[["y1", "y2"]].to_numpy().ravel()
    np.testing.assert_allclose(fit.fitted() + fit.resid(), y, equal_nan=True)
    assert fit.residuals.index.tolist() == list(range(1, 121))
    assert fit.mf["trait"].tolist()[:2] == ["y1", "y2"] and fit.mf["units"].tolist()[:3] == ["1", "1", "2"]


def test_missing_values_are_predicted_from_the_other_trait(data: pd.DataFrame, fit: pa.Asreml) -> None:
    theta = fit.estimates.point.theta
    y = data[["y1", "y2"]].to_numpy()
    row = int(np.flatnonzero(np.isnan(y[:, 1]) & ~np.isnan(y[:, 0]))[0])
    fixed, random = fit.coefficients.fixed["effect"], fit.coefficients.random["effect"]
    mean = [
        fixed[f"trait_{t}"] + fixed[f"trait_{t}:x"] * data["x"][row] + random[f"trait_{t}:A_{data['A'][row]}"]
        for t in ("y1", "y2")
    ]
    number = int(np.isnan(y.ravel()[: 2 * row + 1]).sum())
    want = mean[1] + theta[5] / theta[4] * (y[row, 0] - mean[0])
    assert fit.coefficients.sparse["effect"].iloc[number] == pytest.approx(want, abs=1e-8)


def test_questions(fit: pa.Asreml) -> None:
    assert fit.wald().index.tolist() == ["trait", "trait:x", "residual (MS)"]
    assert fit.wald()["Df"].tolist()[:2] == [2, 2]
    table = fit.wald(denDF="default", ssType="conditional", **QUIET).Wald
    assert table["Margin"].tolist() == ["", "B"] and table["F.inc"].iloc[0] == table["F.con"].iloc[0]
    by_trait = fit.predict("trait", **QUIET).pvals
    fixed, mean = fit.update(**QUIET).coefficients.fixed["effect"], fit.mf["x"].mean()
    assert by_trait["predicted.value"].iloc[0] == pytest.approx(
        fixed["trait_y1"] + mean * fixed["trait_y1:x"], abs=1e-3
    )
    cells = fit.predict("trait:A", **QUIET).pvals
    assert len(cells) == 24 and (cells["status"] == "Estimable").all()
    matrices = fit.summary(vparameters=True).vparameters
    assert matrices["units:trait"].shape == (2, 2)
    names = fit.update(fixed="~ . - trait:x", random="~ . + at(trait):x", **QUIET).vparameters.index.tolist()
    assert names[:2] == ["at(trait, 'y1'):x", "at(trait, 'y2'):x"]


def test_start_values_list_terms_as_typed(data: pd.DataFrame) -> None:
    found = pa.asreml(
        "cbind(y1, y2) ~ trait",
        random="~ us(trait):A + at(trait):x",
        residual="~ id(units):us(trait)",
        data=data,
        start_values=True,
        **QUIET,
    )
    names = found.vparameters_table["Component"].tolist()
    assert names[0] == "trait:A!trait_y1:y1" and names[3] == "at(trait, 'y1'):x" and names[5] == "units:trait!R"


def test_r_text(data: pd.DataFrame, fit: pa.Asreml) -> None:
    found = pa.run(
        "m <- asreml(cbind(y1, y2) ~ trait + trait:x, random = ~ us(trait):id(A), residual = ~ id(units):us(trait),"
        " data = dat, na.action = na.method(x = 'include', y = 'include'), trace = FALSE)\nm$loglik",
        dat=data,
    )
    assert float(found) == pytest.approx(fit.loglik, abs=1e-9)


def test_gryphon(shared: Path) -> None:
    """Printed by asreml 4.2 in the wild animal model tutorial (J. Martin, wam_tuto, bivariate models)."""
    data = pd.read_csv(shared / "data" / "wild" / "gryphon.csv")
    for name in ("animal", "mother", "byear", "sex"):
        data[name] = data[name].astype(str).astype("category")
    ainv = pa.ainverse(pd.read_csv(shared / "data" / "wild" / "gryphonped.csv"), psort=True)
    us = "us(trait, init = c(1, 0.1, 1))"

    def trace(random: str, residual: str = f"~ id(units):{us}", rows: pd.DataFrame = data, **more: object) -> list[str]:
        fixed = "cbind(bwt, tarsus) ~ trait" + (" + at(trait):sex" if "mother" in random else "")
        fit = pa.asreml(
            fixed, random=random, residual=residual, data=rows, known={"ainv": ainv}, maxit=20, **QUIET, **more
        )
        return [f"{i.loglik:.3f}" + ("*" if i.restrained else "") for i in fit.estimates.iterates]

    assert (
        trace(f"~ {us}:vm(animal, ainv)")
        == (
            "-7108.741 -5837.803 -4437.495 -3459.378 -2914.034 -2729.131 -2684.659 -2679.838 -2679.742 -2679.741"
        ).split()
    )
    assert (
        trace(f"~ {us}:vm(animal, ainv) + {us}:byear + {us}:mother")
        == ("-4672.301 -4005.616 -3271.484* -2761.414* -2481.355 -2395.858 -2381.050 -2380.251 -2380.246").split()
    )
    assert (
        trace(f"~ {us}:vm(animal, ainv) + {us}:byear + diag(trait, init = c(1, 1)):mother")
        == ("-4677.820 -4010.442 -3275.409 -2763.519 -2483.732 -2400.242 -2386.663 -2386.049 -2386.045").split()
    )
    # default starts of the residuals; the matrix of sex 2 takes an EM step in iteration 2
    with pytest.warns(pa.AsremlWarning, match="US updates modified 1 times in iteration 2 to remain positive definite"):
        lines = trace(
            f"~ at(sex):{us}:vm(animal, ainv) + {us}:byear + {us}:mother",
            "~ dsum(~ id(units):us(trait) | sex)",
            data.sort_values("sex", kind="stable"),
        )
    assert lines[:7] == "-2522.729* -2459.512* -2408.940 -2392.691 -2388.962 -2388.743 -2388.736".split()


def test_many_units() -> None:
    """Work grows with the number of records: 20,000 units of two traits are a matter of seconds."""
    data = records(20_000)
    fit = pa.asreml(
        "cbind(y1, y2) ~ trait + trait:x", random="~ us(trait):A", residual="~ id(units):us(trait)", data=data, **QUIET
    )
    assert fit.converge and sum(fit.timings.values()) < 20
    assert fit.vparameters["units:trait!trait_y2:y1"] == pytest.approx(1.2, abs=0.1)
