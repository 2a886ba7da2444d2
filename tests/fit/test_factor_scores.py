"""Effects, scores and determinants of factor analytic terms: against a saved asreml fit, and in both forms."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from pyasreml.fit import effects
from pyasreml.reml.evaluate import evaluate
from pyasreml.variance.whitened import WhitenedTerm, factored_place
from tests.bind.saved import call_formulas, read_data
from tests.reml.models import field


def other_form(fit):
    """The fit's effects and log|C| with its structured terms in the other form."""
    engine = fit.engine
    active = np.array([c != "F" for c in engine.variance.parameters.codes])
    terms = tuple(
        WhitenedTerm(p) if factored_place(p) is not None and w is None else None
        for p, w in zip(engine.variance.random, engine.equations.whitened, strict=True)
    )
    engine._equations, engine._state = engine._make(terms), None
    point = evaluate(engine.equations, fit.estimates.point.theta, active)
    estimates = replace(fit.estimates, point=point)
    return effects.collect(engine, estimates), effects.logdet_c(engine, estimates)


def test_saved_fit_of_two_factors(shared: Path):
    """besag.met from its recorded start values: trace, effects, scores, variances, hat, determinant, lists."""
    saved = json.loads((shared / "cases" / "objects" / "fit_besag_met__fit_besag_met.json").read_text())
    call, trace = call_formulas(saved["call"]), saved["trace"]
    start = pd.DataFrame(
        {
            "Component": trace["rows"][4:],
            "Value": [row[0] for row in trace["values"][4:]],
            "Constraint": saved["con"],
        }
    )
    formulas = {k: call[k] for k in ("fixed", "random", "residual")}
    data = read_data(shared / "data" / saved["data"])
    fit = pa.asreml(**formulas, data=data, trace=False, G_param=start, R_param=start)
    np.testing.assert_allclose(fit.trace.to_numpy(), np.array(trace["values"], float), rtol=1e-8)
    assert fit.noeff.astype(int).to_dict() == dict(zip(saved["noeff"]["names"], saved["noeff"]["values"], strict=True))
    assert list(fit.coefficients.random.index) == saved["coef_random"]["rows"]
    want = np.array(saved["coef_random"]["values"], float).ravel()
    np.testing.assert_allclose(fit.coefficients.random["effect"], want, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(fit.vcoeff.random["effect"], np.ravel(saved["vcoeff_random"]).astype(float), rtol=1e-8)
    assert fit.det == pytest.approx(saved["det"], rel=1e-10)
    mine, theirs = fit.G_param["fa(county, 2):gen"], saved["Gparam"]["fa(county, 2):gen"]
    assert mine["fa(county, 2)"]["levels"] == theirs["fa(county, 2)"]["levels"]
    assert mine["variance"]["size"] == theirs["variance"]["size"]
    again, det = other_form(fit)
    assert det == pytest.approx(saved["det"], rel=1e-10)
    np.testing.assert_allclose(again.variances.random["effect"], fit.vcoeff.random["effect"], rtol=1e-8)


@pytest.mark.parametrize("random", ["~ fa(row, 2):gen", "~ gen:fa(row, 1)", "~ facv(row, 1):gen", "~ us(site):gen"])
def test_both_forms_report_the_same(random):
    fit = pa.asreml("y ~ site", random=random, residual="~ idv(units)", data=field(3, 4), trace=False, maxit=4)
    det = fit.det
    again, other = other_form(fit)
    assert other == pytest.approx(det, rel=1e-9)
    for part in ("fixed", "random"):
        for mine, theirs in ((again.coefficients, fit.coefficients), (again.variances, fit.vcoeff)):
            one, two = getattr(mine, part), getattr(theirs, part)
            assert list(one.index) == list(two.index)
            np.testing.assert_allclose(one["effect"], two["effect"], rtol=1e-7, atol=1e-9)


def test_reduced_rank_has_scores_alone():
    fit = pa.asreml("y ~ site", random="~ rr(row, 2):gen", data=field(3), trace=False, exact=True)
    names = list(fit.coefficients.random.index)
    assert names[0] == "rr(row, 2)_Comp1:gen_g00" and names[-1] == "rr(row, 2)_Comp2:gen_g09"
    assert fit.noeff["rr(row, 2):gen"] == 20
    assert list(fit.vparameters_con[:6]) == ["F"] * 6
    assert fit.vparameters_con["rr(row, 2):gen!0!fa2"] == "F"
    loadings = fit.vparameters.filter(regex="!fa").to_numpy().reshape(2, 6).T
    scores = fit.coefficients.random["effect"].to_numpy().reshape(2, 10)
    u = fit.engine.at(fit.estimates.point.theta).point.solution[fit.engine.equations.offsets[0] :]
    np.testing.assert_allclose(u, (loadings @ scores).ravel(), atol=1e-8)
