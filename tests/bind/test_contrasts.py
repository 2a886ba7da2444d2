"""con() and C(): contrasts among the levels of a factor; mbf(): covariates by a key."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from tests.reml.models import field

RNG = np.random.default_rng(1)
COVARIATES = pd.DataFrame({"place": [str(i) for i in range(6)], "V1": RNG.normal(size=6), "V2": RNG.normal(size=6)})
BY_ROW = {"b": {"key": ("row", "place"), "cov": COVARIATES}}


def fit(fixed, frame=None, **arguments):
    return pa.asreml(fixed, data=field(2) if frame is None else frame, trace=False, **arguments)


def test_con_sums_to_zero():
    a, b = fit("y ~ con(block)", exact=True, random="~ gen"), fit("y ~ block", exact=True, random="~ gen")
    effects = a.coefficients.fixed["effect"]
    assert list(effects.index)[1:] == [f"con(block)_{name}" for name in ("A0", "A1", "A2", "B0", "B1")]
    tables = [pa.predict(f, classify="block").pvals["predicted.value"].to_numpy(float) for f in (a, b)]
    assert tables[0] == pytest.approx(tables[1], rel=1e-6)
    assert effects["(Intercept)"] == pytest.approx(tables[1].mean(), rel=1e-6)


def test_contrasts_of_the_user():
    frame = field(2)
    frame["z"] = np.where(frame["site"] == "A", -0.5, 0.5)
    a, b = fit("y ~ C(site, c(-0.5, 0.5))", frame), fit("y ~ z", frame)
    assert a.loglik == pytest.approx(b.loglik)
    assert a.coefficients.fixed.to_numpy() == pytest.approx(b.coefficients.fixed.to_numpy())
    rows = pd.DataFrame(np.eye(6)[::-1, :2], index=list("543210"), columns=["first", "second"])
    named = fit("y ~ C(row, rows)", frame, known={"rows": rows})
    assert list(named.coefficients.fixed.index) == ["(Intercept)", "C(row, rows)_first", "C(row, rows)_second"]
    first = np.eye(6)[::-1, :2]
    assert named.loglik == pytest.approx(
        fit("y ~ C(row, m)", frame, known={"m": pd.DataFrame(first[::-1], index=list("012345"))}).loglik
    )


@pytest.mark.parametrize(
    "fixed, message",
    [
        ("y ~ C(site, c(1, 2, 3))", "3 coefficients for the 2 levels"),
        ("y ~ C(site, nobody)", "no object 'nobody'"),
        ("y ~ C(site, 'a')", "contrasts are numbers"),
        ("y ~ con(x)", "needs a factor"),
    ],
)
def test_errors_of_contrasts(fixed, message):
    with pytest.raises(pa.AsremlError, match=message):
        fit(fixed)


def test_mbf_is_its_columns():
    frame = field(2)
    place = frame["row"].astype(int).to_numpy()
    for name in ("V1", "V2"):
        frame[name] = COVARIATES[name].to_numpy()[place]
    a = fit("y ~ site + mbf(b)", frame, random="~ gen:mbf(b)", mbf=BY_ROW)
    b = fit("y ~ site + grp(b)", frame, random="~ gen:grp(b)", group={"b": ["V1", "V2"]})
    assert a.loglik == pytest.approx(b.loglik)
    assert list(a.coefficients.fixed.index[-2:]) == ["mbf(b)_V1", "mbf(b)_V2"]
    assert list(a.coefficients.random.index[:2]) == ["gen_g00:mbf(b)_V1", "gen_g00:mbf(b)_V2"]
    tables = [pa.predict(f, classify="site").pvals["predicted.value"].to_numpy(float) for f in (a, b)]
    assert tables[0] == pytest.approx(tables[1])
    assert a.update().loglik == pytest.approx(a.loglik, abs=1e-3)
    at = fit("y ~ 1", frame, random="~ at(site):mbf(b)", mbf=BY_ROW)
    assert list(at.vparameters.index[:2]) == ["at(site, 'A'):mbf(b)", "at(site, 'B'):mbf(b)"]
    both = fit("y ~ 1", frame, random="~ str(~ mbf(b) + gen, ~ id(12))", mbf=BY_ROW)
    assert np.isnan(both.noeff["mbf(b)+gen"])


def test_keys_are_numbers_too_and_missing_ones_take_no_row():
    frame = field(2)
    frame["k"] = frame["row"].astype(int) + 0.5
    numbers = COVARIATES.assign(k=np.arange(6) + 0.5).drop(columns="place")
    a = fit("y ~ mbf(b)", frame, mbf={"b": {"key": "k", "cov": numbers}})
    assert a.loglik == pytest.approx(fit("y ~ mbf(b)", frame, mbf=BY_ROW).loglik)
    frame.loc[3, "k"] = np.nan
    kept = fit("y ~ mbf(b)", frame, mbf={"b": {"key": "k", "cov": numbers}}, na_action=pa.na_method(x="include"))
    assert kept.nedf == 57


def test_mbf_from_r_text_finds_the_frame_by_name():
    text = """
    m <- asreml(y ~ site, random = ~ mbf(b), data = d, mbf = list(b = list(key = c("row", "place"), cov = "cv")))
    m2 <- update(m)
    m2$noeff
    """
    found = pa.run(text, d=field(2), cv=COVARIATES)
    assert found["mbf(b)"] == 2


@pytest.mark.parametrize(
    "entry, message",
    [
        ({"other": BY_ROW["b"]}, "no entry 'b'"),
        ({"b": COVARIATES}, "needs a key"),
        ({"b": {"key": ("row", "plac"), "cov": COVARIATES}}, "no column 'plac'; did you mean 'place'"),
        ({"b": {"key": ("rowe", "place"), "cov": COVARIATES}}, "no column 'rowe'"),
        ({"b": {"key": ("row", "place"), "cov": COVARIATES[:4]}}, "row is '4' in row 21"),
        ({"b": {"key": ("row", "place"), "cov": pd.concat([COVARIATES, COVARIATES])}}, "several rows"),
        ({"b": {"key": ("row", "place"), "cov": COVARIATES.assign(V1="a")}}, "must be numeric"),
        ({"b": {"key": ("row", "place"), "cov": COVARIATES[["place"]]}}, "no covariate beside"),
        ({"b": {"key": ("row", "place"), "cov": "nowhere"}}, "no data frame 'nowhere'"),
    ],
)
def test_errors_of_mbf(entry, message):
    with pytest.raises(pa.AsremlError, match=message):
        fit("y ~ mbf(b)", mbf=entry)
