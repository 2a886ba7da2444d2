"""pol(), leg(), pow(), sin(), cos(): columns, names, models that are the same in other words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from pyasreml.bind.polynomials import interpolated_points, polynomial_coding
from tests.reml.models import field


def data() -> pd.DataFrame:
    frame = field(2)
    frame["t"] = np.tile([1.0, 2.0, 4.0, 7.0, 11.0], 12)
    return frame


def fit(fixed, frame=None, **arguments):
    return pa.asreml(fixed, data=data() if frame is None else frame, trace=False, **arguments)


def columns(function, degree, values):
    coding = polynomial_coding("p", "x", function, degree, np.asarray(values, float))
    return coding.rows(np.unique(np.asarray(values, float)))


def test_columns_are_orthogonal_and_one_at_the_end():
    found = columns("pol", 4, np.arange(20.0))  # close values: nothing between them
    assert found[:, 0] == pytest.approx(np.ones(20))
    assert found[[0, -1], 1] == pytest.approx([-1, 1])
    assert found[-1] == pytest.approx(np.ones(5))
    product = found.T @ found
    assert product - np.diag(np.diag(product)) == pytest.approx(np.zeros((5, 5)), abs=1e-12)


def test_points_between_values_that_lie_apart():
    assert interpolated_points(np.arange(1.0, 7.0)) == pytest.approx(np.linspace(1, 6, 21))
    assert interpolated_points(np.arange(1.0, 9.0))[:4] == pytest.approx([1, 1.35, 2, 2.35])
    assert interpolated_points(np.arange(20.0)) == pytest.approx(np.arange(20.0))
    squared = columns("pol", -2, np.arange(1.0, 7.0))[:, 1]
    # 1 - 1/(mean of 21 points' squares) scaled to 1 at the end
    assert squared[-1] == pytest.approx(1)
    assert np.diff(squared, 2)[0] == pytest.approx(2 * 0.4**2 / (1 - 22 / 60))


def test_legendre_and_signs_of_the_degree():
    x = np.linspace(3, 9, 7)
    z = (x - 6) / 3
    assert columns("leg", 2, x) == pytest.approx(np.column_stack([np.ones(7), z, (3 * z**2 - 1) / 2]))
    assert columns("leg", -2, x) == pytest.approx(columns("leg", 2, x)[:, 1:])
    assert columns("pol", -3, x) == pytest.approx(columns("pol", 3, x)[:, 1:])


def test_names_sizes_and_wald():
    found = fit("y ~ site + pol(t, 2)")
    assert list(found.coefficients.fixed.index)[3:] == ["pol(t, 2)_order0", "pol(t, 2)_order1", "pol(t, 2)_order2"]
    assert found.coefficients.fixed.loc["pol(t, 2)_order0", "effect"] == 0
    assert pa.wald(found).loc["pol(t, 2)", "Df"] == 2
    assert fit("y ~ site + pol(t, -2)").noeff["pol(t, -2)"] == 2


def test_a_polynomial_is_a_polynomial():
    frame = data()
    frame["t2"] = frame["t"] ** 2
    frame["t3"] = frame["t"] ** 3
    at = {"t": [1.0, 2.5, 6.0, 11.0]}
    tables = []
    for fixed in ("y ~ site + pol(t, 3)", "y ~ site + leg(t, 3)", "y ~ site + t + pow(t, 2) + pow(t, 3)"):
        found = fit(fixed, frame, random="~ gen", exact=True)
        table = pa.predict(found, classify="t", levels=at).pvals
        tables.append(table[["predicted.value", "std.error"]].to_numpy(float))
    assert tables[1] == pytest.approx(tables[0], rel=1e-6)
    assert tables[2] == pytest.approx(tables[0], rel=1e-6)
    same = fit("y ~ site + t + t2 + t3", frame, random="~ gen", exact=True)
    poly = fit("y ~ site + pol(t, 3)", frame, random="~ gen", exact=True)
    assert poly.residuals.to_numpy() == pytest.approx(same.residuals.to_numpy(), abs=1e-6)


def test_factor_levels_are_read_as_numbers():
    frame = data()
    frame["f"] = pd.Categorical(frame["t"].astype(int).astype(str), categories=["1", "2", "4", "7", "11"])
    a, b = fit("y ~ pol(t, 2)", frame), fit("y ~ pol(f, 2)", frame)
    assert b.loglik == pytest.approx(a.loglik, abs=1e-10)
    assert b.coefficients.fixed.to_numpy() == pytest.approx(a.coefficients.fixed.to_numpy())
    means = pa.predict(b, classify="f").pvals["predicted.value"].to_numpy(float)
    other = pa.predict(a, classify="t", levels={"t": [1, 2, 4, 7, 11]}).pvals["predicted.value"].to_numpy(float)
    assert means == pytest.approx(other)


def test_random_regression_by_pol_is_that_by_str():
    a = fit("y ~ site + t", random="~ str(~ gen + gen:t, ~ us(2):id(gen))", exact=True)
    b = fit("y ~ site + pol(t, -1)", random="~ us(pol(t, 1)):gen", exact=True)
    half = 4.0  # (5 - 1), the mean of the distinct values less the least
    assert b.loglik - a.loglik == pytest.approx(np.log(1 / half) * -1, abs=1e-6)
    names = [f"pol(t, 1):gen!pol(t, 1)_{s}" for s in ("order0:order0", "order1:order0", "order1:order1")]
    assert list(b.vparameters.index[:3]) == names
    assert list(b.coefficients.random.index[:2]) == ["pol(t, 1)_order0:gen_g00", "pol(t, 1)_order0:gen_g01"]
    assert fit("y ~ site + t", random="~ idh(pol(t, 1)):gen + gen:leg(t, -1)", maxit=2).nwv == 4


def test_powers_and_waves():
    frame = data()
    frame["s"], frame["c"] = np.sin(2 * np.pi * frame["t"] / 6), np.cos(2 * np.pi * frame["t"] / 6)
    frame["p"] = np.sqrt(frame["t"] + 2)
    a = fit("y ~ sin(t, 6) + cos(t, r = 6) + pow(t, 0.5, offset = 2)", frame)
    b = fit("y ~ s + c + p", frame)
    assert list(a.coefficients.fixed.index) == ["(Intercept)", "sin(t, 6)", "cos(t, r = 6)", "pow(t, 0.5, offset = 2)"]
    assert a.coefficients.fixed.to_numpy() == pytest.approx(b.coefficients.fixed.to_numpy())
    assert fit("y ~ sin(t)", frame).loglik == pytest.approx(fit("y ~ I(sin(t))", frame).loglik)
    assert fit("y ~ 1", frame, random="~ sin(t)").noeff["sin(t)"] == 1


@pytest.mark.parametrize(
    "fixed, message",
    [
        ("y ~ pol(t, 5)", "degree 5 needs 6 distinct values"),
        ("y ~ pol(t, 0)", "whole number from 1"),
        ("y ~ pol(t, 1.5)", "whole number from 1"),
        ("y ~ pow(x, 0.5)", "has no value at x = "),
        ("y ~ sin(t, 0)", "period"),
        ("y ~ pol(units, 1)", "cannot take units"),
        ("y ~ leg(nothing, 1)", "no column 'nothing'"),
        ("y ~ pol(log(t), 1)", "name of a column"),
    ],
)
def test_errors(fixed, message):
    with pytest.raises(pa.AsremlError, match=message):
        fit(fixed)


def test_documented_log_likelihoods(shared):
    """burgueno.alpha of agridat: the two printed values that fix the scale of quadratic columns."""
    frame = pd.read_csv(shared / "data/prepared/agridat__burgueno.alpha__9.csv")
    for name in ("gen", "xf", "yf"):
        levels = frame[name].drop_duplicates().sort_values().astype(str)
        frame[name] = pd.Categorical(frame[name].astype(str), categories=list(levels))
    field_ = dict(residual="~ ar1(xf):ar1(yf)")
    assert f"{fit('yield ~ 1 + gen + pol(yf, -2)', frame, **field_).loglik:.2f}" == "-204.64"
    both = fit("yield ~ 1 + gen + pol(yf, -2) + pol(xf, -2)", frame, random="~ spl(yf)", **field_)
    assert f"{pa.update(both).loglik:.2f}" == "-191.44"
