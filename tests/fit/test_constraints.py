"""vcc and vcm: a constrained model is the model with fewer parameters, whichever way it is written."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from pyasreml.reml.evaluate import evaluate
from tests.reml.models import field

SECTIONS = "~ dsum(~ units | site)"
SPATIAL = "~ dsum(~ ar1(row):ar1(col) | site)"


def fit(exact=True, data=None, **arguments):
    data = field(2) if data is None else data
    return pa.asreml("y ~ site + x", data=data, trace=False, exact=exact, **arguments)


def crossed():
    """Data in which genotypes differ between the sites."""
    data = field(2)
    rng = np.random.default_rng(4)
    cell = data["site"].cat.codes.to_numpy() * 10 + data["gen"].cat.codes.to_numpy()
    data["y"] += 1.5 * rng.normal(size=20)[cell]
    return data


def equal(*groups):
    """vcc of groups of parameter names."""
    rows = {name: (k + 1, 1.0) for k, group in enumerate(groups) for name in group}
    return pd.DataFrame(list(rows.values()), index=list(rows), columns=["group", "scale"])


DIAG = ("site:gen!site_A", "site:gen!site_B")
PAIRS = [
    (dict(random="~ gen", residual=SECTIONS), equal(("site_A!R", "site_B!R")), dict(random="~ gen")),
    (dict(random="~ diag(site):gen"), equal(DIAG), dict(random="~ site:gen")),
    (dict(random="~ at(site):gen"), equal(("at(site, 'A'):gen", "at(site, 'B'):gen")), dict(random="~ site:gen")),
    (
        dict(residual=SPATIAL),
        equal(*((f"site_A!{p}", f"site_B!{p}") for p in ("R", "row!cor", "col!cor"))),
        dict(residual="~ site:ar1(row):ar1(col)"),
    ),
    (
        dict(random="~ us(site):gen"),
        equal(("site:gen!site_A:A", "site:gen!site_B:B")),
        dict(random="~ corv(site):gen"),
    ),
    (
        dict(random="~ corgh(site):gen", residual=SECTIONS),
        equal(("site:gen!site_A", "site:gen!site_B"), ("site_A!R", "site_B!R")),
        dict(random="~ corv(site):gen"),
    ),
]


@pytest.mark.parametrize("model, vcc, same", PAIRS)
def test_equal_parameters_are_the_model_with_one(model, vcc, same):
    constrained, one = fit(data=crossed(), vcc=vcc, **model), fit(data=crossed(), **same)
    assert constrained.converge and one.converge
    assert constrained.loglik == pytest.approx(one.loglik, abs=1e-8)
    assert pa.summary(constrained).aic.parameters == pa.summary(one).aic.parameters
    table = pa.summary(constrained).varcomp
    for _, names in vcc.groupby("group").groups.items():
        assert table.loc[names, "component"].nunique() == 1
        assert table.loc[names, "std.error"].to_numpy() == pytest.approx(table.loc[names[0], "std.error"])
        assert list(table.loc[names, "bound"]) == ["C"] * len(names)


@pytest.mark.parametrize("model, vcc, same", PAIRS)
def test_default_iteration_arrives_as_well(model, vcc, same):
    constrained, one = fit(False, crossed(), vcc=vcc, maxit=30, **model), fit(data=crossed(), **same)
    assert constrained.converge
    assert constrained.loglik == pytest.approx(one.loglik, abs=2e-3)


def test_standard_errors_are_those_of_the_one_parameter():
    vcc = equal(("site_A!R", "site_B!R"))
    constrained = fit(random="~ gen", residual=SECTIONS, vcc=vcc)
    one = fit(random="~ gen", residual="~ idv(units)")
    ours, theirs = pa.summary(constrained).varcomp, pa.summary(one).varcomp
    assert ours.loc["site_A!R", "std.error"] == pytest.approx(theirs.loc["units!units", "std.error"], rel=1e-6)
    assert ours.loc["gen", "std.error"] == pytest.approx(theirs.loc["gen", "std.error"], rel=1e-6)
    total = pa.vpredict(constrained, "h2 ~ V1/(V1 + (V2 + V3)/2)")
    assert total.to_numpy(float).ravel() == pytest.approx(pa.vpredict(one, "h2 ~ V1/(V1 + V2)").to_numpy(float).ravel())


@pytest.mark.parametrize("kenadj", ["none", "expected", "observed"])
def test_tests_of_fixed_effects_are_those_of_the_one_parameter(kenadj):
    vcc = equal(("site_A!R", "site_B!R"))
    tests = [
        pa.wald(f, denDF="numeric", kenadj=kenadj).Wald.to_numpy(float)
        for f in (fit(random="~ gen", residual=SECTIONS, vcc=vcc), fit(random="~ gen", residual="~ idv(units)"))
    ]
    assert tests[0] == pytest.approx(tests[1], rel=1e-3)


def test_scales_are_ratios():
    data = field(2)
    data["w"] = np.where(data["site"] == "A", 1.0, 4.0)
    vcc = pd.DataFrame([[1, 1.0], [1, 0.25]], index=["site_A!R", "site_B!R"])
    scaled = fit(data=data, random="~ gen", residual=SECTIONS, vcc=vcc)
    weighted = fit(data=data, random="~ gen", residual="~ idv(units)", weights="w")
    # log|R| of the weights themselves is no part of a weighted fit's variance parameters
    shift = 0.5 * np.log(4.0) * int((data["site"] == "B").sum())
    found = scaled.vparameters
    assert found["site_B!R"] == pytest.approx(found["site_A!R"] / 4, rel=1e-12)
    assert found["site_A!R"] == pytest.approx(weighted.vparameters["units!units"], rel=1e-5)
    assert scaled.loglik in (pytest.approx(weighted.loglik, abs=1e-8), pytest.approx(weighted.loglik + shift, abs=1e-8))


def test_vcm_takes_any_basis_and_any_linear_relation():
    vcc = equal(DIAG)
    a = fit(random="~ diag(site):gen", vcc=vcc)
    table = fit(random="~ diag(site):gen", start_values=True).vparameters_table
    m = pa.vcm_lm("~ 1", table[table["Component"].isin(DIAG)])
    b = fit(random="~ diag(site):gen", vcm=m)
    assert b.loglik == pytest.approx(a.loglik, abs=1e-9)
    # covariances of a matrix add up: γ_A = γ_B + κ written in two bases
    names = list(DIAG)
    one = fit(random="~ diag(site):gen", vcm=pd.DataFrame([[1.0, 1.0], [1.0, 0.0]], index=names))
    free = fit(random="~ diag(site):gen")
    assert one.loglik == pytest.approx(free.loglik, abs=1e-9)
    assert list(one.vparameters_con) == list(free.vparameters_con)


def test_a_sum_of_parameters():
    # three components, the third the sum of the first two
    rows = ["gen", "site:gen", "block"]
    m = pd.DataFrame([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], index=["gen", "block", "site:gen"])
    found = fit(random="~ gen + site:gen + block", vcm=m)
    theta = found.vparameters
    assert theta["site:gen"] == pytest.approx(theta["gen"] + theta["block"], rel=1e-10)
    free = fit(random="~ gen + site:gen + block")
    assert found.loglik < free.loglik
    # no neighbour within the constraint is higher
    engine, at = found.engine, found.estimates.theta
    place = {name: i for i, name in enumerate(theta.index)}
    for name in ("gen", "block"):
        for step in (1e-4, -1e-4):
            other = at.copy()
            other[place[name]] += step
            other[place["site:gen"]] += step
            if min(other[place[r]] for r in rows) <= 0:
                continue
            point = evaluate(engine.equations, other, np.zeros(len(other), bool), derivatives=False)
            assert point.loglik <= found.loglik + 1e-9


def test_update_keeps_the_constraint_and_its_boundary():
    vcc = equal(("at(site, 'A'):block", "at(site, 'B'):block"))
    data = field(2)
    data["y"] = data["y"] - data.groupby("block", observed=True)["y"].transform("mean")
    first = pa.asreml("y ~ 1", random="~ at(site):block", data=data, vcc=vcc, trace=False, maxit=30)
    assert set(first.vparameters_con.iloc[:2]) == {"B"}
    again = first.update()
    assert list(again.vparameters_con) == list(first.vparameters_con)
    assert again.loglik == pytest.approx(first.loglik, abs=1e-4)
    held = fit(random="~ gen", residual=SECTIONS, vcc=equal(("site_A!R", "site_B!R")))
    released = held.update(vcc=None)
    assert list(released.vparameters_con) == ["P", "P", "P"]
    assert released.loglik > held.loglik


def test_as_r_writes_it():
    text = """
    sv <- asreml(y ~ site + x, random = ~ gen, residual = ~ dsum(~ units | site), data = dat, start.values = TRUE)
    gam <- sv$vparameters.table[2:3, ]
    M <- cbind(Constraint = c(1, 1), Scale = c(1, 1))
    rownames(M) <- gam$Component
    m <- asreml(y ~ site + x, random = ~ gen, residual = ~ dsum(~ units | site), data = dat, vcc = M)
    m$vparameters.con
    """
    found = pa.run(text, dat=field(2))
    assert list(found) == ["P", "C", "C"]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(vcc=equal(("gen", "nobody"))), "no variance parameter named nobody"),
        (dict(vcc=np.ones((2, 2))), "2 rows without names"),
        (dict(vcc=np.ones((3, 3))), "3 columns; it needs two"),
        (dict(vcc=pd.DataFrame([["a", 1]], index=["gen"])), "matrix of numbers"),
        (dict(vcc=pd.DataFrame([[1, 0], [1, 1]], index=["site_A!R", "site_B!R"])), "scale of site_A!R is 0"),
        (dict(vcc=pd.DataFrame([[1, -1], [1, 1]], index=["site_A!R", "site_B!R"])), "would start at"),
        (dict(vcc=pd.DataFrame([[1, 1], [1, 1]], index=["gen", "gen"])), "gen has two rows"),
        (dict(vcm=pd.DataFrame([[0.0], [1.0]], index=["gen", "site_A!R"])), "row of gen is 0"),
        (dict(vcm=pd.DataFrame([[np.nan], [1.0]], index=["gen", "site_A!R"])), "missing or infinite"),
        (dict(vcm=[1.0, 2.0, 3.0]), "a matrix is needed"),
        (dict(vcc=equal(("gen", "site_A!R")), vcm=np.eye(3)), "both given"),
    ],
)
def test_errors_name_the_parameter(arguments, message):
    with pytest.raises(pa.ModelError, match=message):
        fit(random="~ gen", residual=SECTIONS, **arguments)


def test_fixed_parameters_and_the_residual_of_ratios_cannot_follow():
    with pytest.raises(pa.ModelError, match="gen is fixed"):
        fit(random="~ idv(gen, init = c(F = 0.5)) + block", residual=SECTIONS, vcc=equal(("gen", "block")))
    with pytest.raises(pa.ModelError, match="idv"):
        fit(random="~ gen", vcc=equal(("gen", "units!R")))
    with pytest.raises(pa.ModelError, match="asv"):
        pa.asv(fit(random="~ gen + block", vcc=equal(("gen", "block"))))


def test_nothing_constrained_is_no_constraint():
    free = fit(random="~ gen")
    for arguments in (dict(vcc=np.array([[np.nan]])), dict(vcc=[]), dict(vcm=np.eye(2)), dict(vcc=[[1, 1], [2, 1]])):
        same = fit(random="~ gen", **arguments)
        assert same.loglik == free.loglik and list(same.vparameters_con) == ["P", "P"]


def test_vcm_lm_codes_cells():
    table = pd.DataFrame({"Component": list("abcd"), "e": list("uvuv"), "t": list("xxyy"), "z": [1.0, 2.0, 3.0, 4.0]})
    cells = pa.vcm_lm("~ e:t", table)
    assert list(cells.columns) == ["eu:tx", "ev:tx", "eu:ty", "ev:ty"]
    assert np.array_equal(cells.to_numpy(), np.eye(4))
    assert list(pa.vcm_lm("~ e:z", table)["eu:z"]) == [1.0, 0.0, 3.0, 0.0]
    with pytest.raises(pa.FormulaError, match="no column 'q'"):
        pa.vcm_lm("~ q", table)
    with pytest.raises(pa.AsremlError, match="needs data"):
        pa.vcm_lm("~ e", None)
