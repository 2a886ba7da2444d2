from __future__ import annotations

import numpy as np
import pytest

import pyasreml as pa
from pyasreml.demo.oats import oats
from pyasreml.errors import AsremlError, AsremlWarning, FitError, UnsupportedError
from pyasreml.fit.predict import predict

from .predict_dense import Dense, indicators, products, refit, trial

QUIET = {"trace": False}


@pytest.fixture(scope="module")
def split_plot():
    return pa.asreml("yield ~ Variety*Nitrogen", random="~ Blocks/Wplots", data=oats(), trace=False)


@pytest.fixture(scope="module")
def mixed():
    """Y on A*B + x with random blocks, the cell A 2, B 1 empty."""
    return pa.asreml("y ~ A*B + x", random="~ block", data=trial(), trace=False)


@pytest.fixture(scope="module")
def dense(mixed):
    data = trial()
    a, b = indicators(data.A, "012"), indicators(data.B, "01")
    X = np.c_[np.ones(len(data)), a, b, products(a, b), data.x]
    again = refit(mixed)
    return Dense(again, X, indicators(data.block, "01234"), np.full(5, again.vparameters["block"]))


def row(a, b, x):
    """Fixed columns of weights over A and B and a value of x."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    return np.r_[a.sum() * b.sum(), a * b.sum(), b * a.sum(), np.outer(a, b).ravel(), x]


# ---- oats: numbers printed by asreml (values and std.error of both margins, the average SED)


def test_nitrogen(split_plot):
    p = predict(split_plot, classify="Nitrogen", **QUIET)
    assert list(p.pvals.columns) == ["Nitrogen", "predicted.value", "std.error", "status"]
    assert p.pvals["predicted.value"].round(5).tolist() == [79.38889, 98.88889, 114.22222, 123.38889]
    assert [f"{v:.7g}" for v in p.pvals["std.error"]] == ["7.17471"] * 4
    assert f"{p.avsed['overall']:.7g}" == "4.435755"
    assert p.sed is None and p["vcov"] is None


def test_variety(split_plot):
    p = split_plot.predict("Variety", **QUIET)
    assert p.pvals["predicted.value"].round(4).tolist() == [104.5, 109.7917, 97.625]
    assert [f"{v:.7g}" for v in p.pvals["std.error"]] == ["7.797539"] * 3
    assert f"{p.avsed['overall']:.7g}" == "7.078904"


def test_printed(split_plot):
    text = repr(predict(split_plot, classify="Nitrogen", **QUIET))
    assert text == (
        "$pvals\n\nNotes:\n"
        "- The predictions are obtained by averaging across the hypertable\n"
        "  calculated from model terms constructed solely from factors in\n"
        "  the averaging and classify sets.\n"
        "- Use 'average' to move ignored factors into the averaging set.\n"
        "- The simple averaging set: Variety\n"
        "- The ignored set: Blocks,Wplots\n\n"
        "  Nitrogen predicted.value std.error    status\n"
        "1    0_cwt        79.38889   7.17471 Estimable\n"
        "2  0.2_cwt        98.88889   7.17471 Estimable\n"
        "3  0.4_cwt       114.22222   7.17471 Estimable\n"
        "4  0.6_cwt       123.38889   7.17471 Estimable\n\n"
        "$avsed\n overall \n4.435755 \n"
    )


@pytest.mark.parametrize("name", ["(Intercept)", "Intercept"])
def test_overall_mean(split_plot, name):
    p = predict(split_plot, classify=name, **QUIET)
    assert list(p.pvals.columns)[0] == "Intercept" and len(p.pvals) == 1
    assert p.pvals["predicted.value"].iloc[0] == pytest.approx(oats()["yield"].mean())
    assert np.isnan(p.avsed["overall"])


def test_order_follows_classify(split_plot):
    p = predict(split_plot, classify="Variety:Nitrogen", **QUIET).pvals
    q = predict(split_plot, classify="Nitrogen:Variety", **QUIET).pvals
    assert p["Variety"].tolist()[:5] == ["Golden_rain"] * 4 + ["Marvellous"]
    assert q["Nitrogen"].tolist()[:4] == ["0_cwt"] * 3 + ["0.2_cwt"]
    key = ["Variety", "Nitrogen"]
    same = p.set_index(key)["predicted.value"] - q.set_index(key)["predicted.value"]
    assert abs(same).max() < 1e-9


def test_differences(split_plot):
    p = predict(split_plot, classify="Variety:Nitrogen", sed=True, vcov=True, **QUIET)
    V = np.asarray(p.vcov)
    diagonal = np.diag(V)
    assert np.isnan(np.diag(p.sed)).all()
    want = np.sqrt(diagonal[:, None] + diagonal[None, :] - 2 * V)
    off = ~np.eye(12, dtype=bool)
    assert np.allclose(p.sed[off], want[off])
    assert np.allclose(np.sqrt(diagonal), p.pvals["std.error"])
    pairs = want[np.triu_indices(12, 1)]
    assert p.avsed.tolist() == pytest.approx([pairs.min(), pairs.mean(), pairs.max()])
    overall = predict(split_plot, classify="Variety:Nitrogen", **QUIET).avsed["overall"]
    assert overall == pytest.approx(np.sqrt((pairs**2).mean()))
    assert repr(p).count('12 x 12 Matrix of class "dspMatrix"') == 2


def test_random_factor(split_plot):
    """Fixed part and BLUP; the ignored set is empty but for the whole plots."""
    again = refit(split_plot)
    p = predict(split_plot, classify="Blocks", **QUIET)
    effects = p.pvals["predicted.value"] - p.pvals["predicted.value"].mean()
    blups = pa.update(again, trace=False).coefficients.random["effect"].iloc[:6]
    assert np.allclose(effects, blups - blups.mean(), atol=1e-4)
    assert "- The ignored set: Wplots" in p.pvals.heading


def test_trace_is_that_of_the_refit(split_plot, capsys):
    predict(split_plot, classify="Variety", trace=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["LogLik", "Sigma2", "DF", "wall"] and lines[2].split()[1] == "-209.3779"


# ---- against dense algebra, with a covariate and an empty cell


def check(p, dense, k, q=None):
    k = np.array(k)
    value, variance = dense.predict(k, np.zeros((len(k), 5)) if q is None else np.array(q, float))
    assert np.allclose(p.pvals["predicted.value"], value, rtol=1e-8)
    assert np.allclose(p.vcov, variance, rtol=1e-7, atol=1e-10)


def test_covariate_at_its_mean(mixed, dense):
    mean = trial().x.mean()
    p = predict(mixed, classify="A", levels={"A": ["0", "1"]}, vcov=True, **QUIET)
    check(p, dense, [row([1, 0, 0], [0.5, 0.5], mean), row([0, 1, 0], [0.5, 0.5], mean)])
    assert f"- x evaluated at average value of {mean:.6f}" in p.pvals.heading


def test_values_of_a_covariate(mixed, dense):
    p = predict(mixed, classify="A:x", levels={"A": 2, "x": [1, 2.5]}, vcov=True, **QUIET)
    check(p, dense, [row([0, 1, 0], [0.5, 0.5], 1), row([0, 1, 0], [0.5, 0.5], 2.5)])
    assert p.pvals["x"].tolist() == [1, 2.5]
    q = predict(mixed, classify="A:x", levels={"A": 2}, design_points={"x": [1, 2.5]}, **QUIET)
    assert np.allclose(q.pvals["predicted.value"], p.pvals["predicted.value"])


def test_covariate_held_at_a_value(mixed, dense):
    p = predict(mixed, classify="A", levels={"A": "1", "x": 4}, vcov=True, **QUIET)
    check(p, dense, [row([0, 1, 0], [0.5, 0.5], 4)])
    assert "- x evaluated at 4.000000" in p.pvals.heading


def test_empty_cell_is_aliased(mixed, dense):
    p = predict(mixed, classify="A:B", vcov=True, **QUIET)
    assert p.pvals["status"].tolist() == ["Estimable"] * 5 + ["Aliased"]
    assert p.pvals.iloc[5, 2:4].isna().all() and np.isnan(p.vcov[5]).all()
    assert "- Aliased cells: 1" in p.pvals.heading
    margin = predict(mixed, classify="A", **QUIET)
    assert margin.pvals["status"].tolist() == ["Estimable", "Estimable", "Aliased"]
    assert not np.isnan(margin.avsed["overall"])


def test_aliased_shows_all(mixed):
    p = predict(mixed, classify="A:B", aliased=True, **QUIET)
    assert p.pvals["status"].tolist()[5] == "Aliased" and not np.isnan(p.pvals["predicted.value"].iloc[5])
    assert "- The average SED includes non-estimable predictions" in p.pvals.heading


def test_nothing_estimable(mixed):
    p = predict(mixed, classify="B", levels={"B": "1"}, sed=True, vcov=True, **QUIET)
    assert p.pvals["status"].tolist() == ["Aliased"] and p.sed is None and p.vcov is None
    assert np.isnan(p.avsed["overall"])


def test_main_effects_are_estimable_without_interaction():
    fit = pa.asreml("y ~ A + B", random="~ block", data=trial(), trace=False)
    assert (predict(fit, classify="A:B", **QUIET).pvals["status"] == "Estimable").all()


def test_present(mixed, dense):
    mean = trial().x.mean()
    p = predict(mixed, classify="A", present=["A", "B"], vcov=True, **QUIET)
    weights = zip(np.eye(3), ([0.5, 0.5], [0.5, 0.5], [1, 0]), strict=True)
    check(p, dense, [row(a, b, mean) for a, b in weights])
    assert "- The present averaging set: A,B" in p.pvals.heading
    cells = predict(mixed, classify="A:B", present=["A", "B"], **QUIET).pvals
    assert cells["status"].tolist()[-1] == "Aliased"


def test_present_in_the_averaging_set_only(mixed, dense):
    """The overall mean over the five cells that there are."""
    p = predict(mixed, classify="Intercept", present=["A", "B"], vcov=True, **QUIET)
    mean = trial().x.mean()
    cells = [([1, 0, 0], [1, 0]), ([1, 0, 0], [0, 1]), ([0, 1, 0], [1, 0]), ([0, 1, 0], [0, 1]), ([0, 0, 1], [1, 0])]
    check(p, dense, [np.mean([row(a, b, mean) for a, b in cells], axis=0)])


def test_weights_of_the_present_table(mixed, dense):
    weights = [0.1, 0.2, 0.3, 0.4, 0.0, 0.0]
    p = predict(mixed, classify="Intercept", present={"0": ["A", "B"], "prwts": weights}, vcov=True, **QUIET)
    mean = trial().x.mean()
    cells = [([1, 0, 0], [1, 0]), ([1, 0, 0], [0, 1]), ([0, 1, 0], [1, 0]), ([0, 1, 0], [0, 1])]
    check(p, dense, [np.einsum("i,ij->j", weights[:4], [row(a, b, mean) for a, b in cells])])


def test_average_weights(mixed, dense):
    mean = trial().x.mean()
    p = predict(mixed, classify="A", levels={"A": [1, 2]}, average={"B": [0.8, 0.2]}, vcov=True, **QUIET)
    check(p, dense, [row([1, 0, 0], [0.8, 0.2], mean), row([0, 1, 0], [0.8, 0.2], mean)])
    q = predict(mixed, classify="A", levels={"A": [1, 2]}, average={"B": {"1": 0.2, "0": 0.8}}, **QUIET)
    assert np.allclose(p.pvals["predicted.value"], q.pvals["predicted.value"])


def test_weights_are_used_as_given(mixed, dense):
    with pytest.warns(AsremlWarning, match="weights of B sum to 2"):
        p = predict(mixed, classify="A", levels={"A": 1}, average={"B": [1, 1]}, vcov=True, **QUIET)
    check(p, dense, [row([1, 0, 0], [1, 1], 2 * trial().x.mean())])


def test_levels_of_an_averaged_factor(mixed, dense):
    p = predict(mixed, classify="A", levels={"B": "0"}, vcov=True, **QUIET)
    mean = trial().x.mean()
    check(p, dense, [row(a, [1, 0], mean) for a in np.eye(3)])


def test_average_moves_an_ignored_factor(mixed, dense):
    p = predict(mixed, classify="A", levels={"A": 1}, average="block", vcov=True, **QUIET)
    check(p, dense, [row([1, 0, 0], [0.5, 0.5], trial().x.mean())], [np.full(5, 0.2)])
    assert not any("ignored" in line for line in p.pvals.heading[6:])
    assert "- The simple averaging set: B,block" in p.pvals.heading


def test_parallel(mixed, dense):
    p = predict(mixed, classify="A:B", levels={"A": ["1", "0"], "B": ["0", "1"]}, parallel=True, vcov=True, **QUIET)
    mean = trial().x.mean()
    check(p, dense, [row([0, 1, 0], [1, 0], mean), row([1, 0, 0], [0, 1], mean)])
    levels = {"A": [1, 2], "B": [2, 1], "x": [3, 4]}
    some = predict(mixed, classify="A:x:B", levels=levels, parallel=["A", "B"], **QUIET).pvals
    cells = list(zip(some["A"], some["x"], some["B"], strict=True))
    assert cells == [("0", 3, "1"), ("0", 4, "1"), ("1", 3, "0"), ("1", 4, "0")]


def test_only_ignore_except_use(mixed, dense):
    blups = predict(mixed, classify="block", only="block", vcov=True, **QUIET)
    check(blups, dense, np.zeros((5, 13)), np.eye(5))
    assert "- block is included in this prediction" in blups.pvals.heading
    mean = trial().x.mean()
    k = row([1, 0, 0], [0.5, 0.5], mean)
    forced = predict(mixed, classify="A", levels={"A": 1}, use="block", vcov=True, **QUIET)
    check(forced, dense, [k], [np.full(5, 0.2)])
    all_but = predict(mixed, classify="A", levels={"A": 1}, except_="block", vcov=True, **QUIET)
    check(all_but, dense, [k])
    part = predict(mixed, classify="A", levels={"A": 1}, except_="A:B", aliased=True, **QUIET)
    assert "- A:B is ignored in this prediction" in part.pvals.heading
    no_x = predict(mixed, classify="A", levels={"A": 1}, ignore="x", vcov=True, **QUIET)
    check(no_x, dense, [row([1, 0, 0], [0.5, 0.5], 0)])


def test_expression_is_a_variable_of_its_own():
    data = trial()
    fit = pa.asreml("y ~ x + I(x^2)", random="~ block", data=data, trace=False)
    p = predict(fit, classify="x", levels={"x": [1, 2]}, **QUIET)
    slope = refit(refit(fit)).coefficients.fixed.loc["x", "effect"]
    assert np.diff(p.pvals["predicted.value"])[0] == pytest.approx(slope, rel=1e-4)
    assert f"- I(x^2) evaluated at average value of {(data.x**2).mean():.6f}" in p.pvals.heading


# ---- nested factors, conditions, units


def test_associate():
    data = trial()
    fit = pa.asreml("y ~ family + A", random="~ family:line", data=data, trace=False)
    lines = predict(fit, classify="line", associate="~ family:line", average="line", vcov=True, **QUIET)
    again = refit(fit)
    f, a = indicators(data.family, "012"), indicators(data.A, "012")
    Z = products(f, indicators(data.line, "0123456"))
    ref = Dense(again, np.c_[np.ones(len(data)), f, a], Z, np.full(21, again.vparameters["family:line"]))
    home = [0, 0, 0, 0, 1, 1, 2]
    k = np.array([np.r_[1, np.eye(3)[home[i]], np.full(3, 1 / 3)] for i in range(7)])
    q = np.array([np.kron(np.eye(3)[home[i]], np.eye(7)[i]) for i in range(7)])
    check_dense(lines, ref, k, q)
    assert "- The associated averaging set: family,line" in lines.pvals.heading
    families = predict(fit, classify="family", associate="~ family:line", vcov=True, **QUIET)
    share = np.array([np.mean([q[i] for i in range(7) if home[i] == g], axis=0) for g in range(3)])
    check_dense(families, ref, np.c_[np.ones(3), np.eye(3), np.full((3, 3), 1 / 3)], share)
    mean = predict(fit, classify="A", levels={"A": 1}, associate="~ family:line", vcov=True, **QUIET)
    check_dense(mean, ref, [np.r_[1, np.bincount(home) / 7, 1, 0, 0]], [q.mean(axis=0)])


def check_dense(p, ref, k, q):
    value, variance = ref.predict(np.array(k), np.array(q))
    assert np.allclose(p.pvals["predicted.value"], value, rtol=1e-8)
    assert np.allclose(p.vcov, variance, rtol=1e-7, atol=1e-10)


def test_associated_factors_must_be_nested():
    fit = pa.asreml("y ~ A + B", random="~ block", data=trial(), trace=False)
    with pytest.raises(AsremlError, match=r"level '0' of 'B' is in several levels of 'A'"):
        predict(fit, classify="A", associate="~ A:B", **QUIET)


def test_conditions_and_units():
    data = trial().assign(w=np.random.default_rng(1).uniform(0.2, 5, 60))
    formula, random = "y ~ A + at(B, '1'):x", "~ at(B):block + units"
    fit = pa.asreml(formula, random=random, weights="w", data=data, trace=False, maxit=30)
    p = predict(fit, classify="B", **QUIET)
    assert "- The ignored set: block,units" in p.pvals.heading
    assert p.pvals.heading[-5:-1] == [
        "- at(B, '1'):x is included in this prediction",
        "- A is included in this prediction",
        "- (Intercept) is included in this prediction",
        "- units is ignored in this prediction",
    ]
    fixed = refit(refit(fit)).coefficients.fixed["effect"]
    step = p.pvals["predicted.value"].diff().iloc[1]
    assert step == pytest.approx(fixed["at(B, '1'):x"] * data.x.mean(), rel=1e-3)
    inside = predict(fit, classify="B:block", **QUIET)
    assert len(inside.pvals) == 10 and (inside.pvals["status"] == "Estimable").all()


def test_factor_made_from_numbers():
    data = trial().assign(n=lambda d: d.line.astype(int))
    fit = pa.asreml("y ~ factor(n)", data=data, trace=False)
    for name in ("n", "factor(n)"):
        p = predict(fit, classify=name, **QUIET)
        assert list(p.pvals.columns)[0] == name and len(p.pvals) == 7


def test_missing_responses(split_plot):
    """Records without a response count neither in estimates nor in estimability."""
    data = oats()
    data.loc[data.Nitrogen == "0_cwt", "yield"] = np.nan
    fit = pa.asreml("yield ~ Variety + Nitrogen", random="~ Blocks", data=data, trace=False)
    assert predict(fit, classify="Nitrogen", **QUIET).pvals["status"].tolist() == ["Aliased"] + ["Estimable"] * 3


def test_spline():
    """Predicted at its points; held at the mean it is linear between them (spl() only, the rest of the model exact)."""
    data = trial().assign(t=np.arange(60) % 8)
    fit = pa.asreml("y ~ A + t", random="~ spl(t)", data=data, trace=False)
    points = predict(fit, classify="t", **QUIET).pvals
    assert points["t"].round(9).tolist()[:5] == [0, 0.35, 1, 1.35, 2]
    p = predict(fit, classify="A", vcov=True, **QUIET)
    mean = data.t.mean()
    assert f"- spl(t) evaluated at average value of {mean:.6f}" in p.pvals.heading
    low, high = points["t"][points["t"] <= mean].max(), points["t"][points["t"] > mean].min()
    share = (mean - low) / (high - low)
    ends = predict(fit, classify="A:t", levels={"t": [low, high]}, **QUIET).pvals["predicted.value"].to_numpy()
    assert np.allclose(p.pvals["predicted.value"], (1 - share) * ends[0::2] + share * ends[1::2])
    exact = predict(fit, classify="A:t", levels={"t": mean}, **QUIET).pvals["predicted.value"]
    assert 1e-6 < abs(exact.to_numpy() - p.pvals["predicted.value"].to_numpy()).max()


def test_documented_tables(shared):
    """Tables printed by asreml: nested and crossed factors, a spatial spline model, cells that are present."""
    from compat_cases.reading import case_files, read_case
    from compat_cases.running import run_case

    ok = ("equal", "not_target")
    wanted = ("Oats.dat__split_plot_NxV_predict", "WaterRunoff.dat__pH_present", "bridges.cucumber__2")
    found = [path for path in case_files([shared]) if path.stem in wanted]
    assert len(found) == len(wanted)
    for path in found:
        outcome = run_case(read_case(path))
        assert outcome.not_run is None, outcome.not_run
        wrong = [n for n in outcome.numbers if n.source != "independent" and n.verdict not in ok]
        assert not wrong, wrong


# ---- what is wrong is said


WRONG = [
    ({"classify": "Varety"}, r"'Varety' is no variable.*did you mean 'Variety'"),
    ({"classify": "variety"}, r"did you mean 'Variety'"),
    ({"classify": None}, "classify is needed"),
    ({"classify": ""}, "classify is needed"),
    ({"classify": "Variety:"}, "a name is missing"),
    ({"classify": "Variety:Variety"}, "names 'Variety' twice"),
    ({"classify": "Variety", "levels": {"Variety": ["Victry"]}}, "'Variety' has no level 'Victry'; it has Golden_rain"),
    ({"classify": "Variety", "levels": {"Variety": 4}}, "'Variety' has no level '4'"),
    ({"classify": "Variety", "levels": {"Nitrogn": 1}}, "did you mean 'Nitrogen'"),
    ({"classify": "Variety", "levels": {"Blocks": 1}}, "'Blocks' is neither classified by nor averaged over"),
    ({"classify": "Variety", "levels": [1, 2]}, "values by variable are needed"),
    ({"classify": "Variety:Nitrogen", "levels": {"Variety": [1, 2]}, "parallel": True}, "Variety 2, Nitrogen 4"),
    ({"classify": "Variety", "parallel": ["Nitrogen"]}, "'Nitrogen' is not in the classify set"),
    ({"classify": "Variety", "average": {"Nitrogen": [1, 2]}}, "2 weights for the 4 levels of 'Nitrogen'"),
    ({"classify": "Variety", "average": {"Nitrogen": {"5_cwt": 1}}}, "'Nitrogen' has no level '5_cwt'"),
    ({"classify": "Variety", "average": "Block"}, "did you mean 'Blocks'"),
    ({"classify": "Variety", "present": ["Nitrogen", "Plot"]}, "present: 'Plot' is no variable"),
    ({"classify": "Variety", "present": [["Nitrogen"], ["Nitrogen"]]}, "one set only"),
    ({"classify": "Variety", "present": {"a": ["Nitrogen"], "prwts": [1, 2]}}, "2 prwts for a table of 4 cells"),
    ({"classify": "Variety", "present": ["Nitrogen"], "average": {"Nitrogen": [1, 0, 0, 0]}}, "take one of them"),
    ({"classify": "Variety", "associate": "~ Nitrogen"}, "two or more nested factors"),
    ({"classify": "Variety", "ignore": "Nitrogn"}, "'Nitrogn' is no term of the model; did you mean 'Nitrogen'"),
    ({"classify": "Variety", "only": "Variety", "use": "Blocks"}, "only goes without use"),
    ({"classify": "Blocks", "only": "Blocks", "ignore": "Blocks"}, "no term of the model takes part"),
]


@pytest.mark.parametrize("arguments, message", WRONG)
def test_errors(split_plot, arguments, message):
    with pytest.raises(AsremlError, match=message):
        predict(split_plot, **arguments, **QUIET)


def test_covariates_take_numbers(mixed):
    with pytest.raises(AsremlError, match="'x' is a covariate, its values must be numbers"):
        predict(mixed, classify="x", levels={"x": ["high"]}, **QUIET)
    with pytest.raises(AsremlError, match="'x' has 2 values; put it into classify"):
        predict(mixed, classify="A", levels={"x": [1, 2]}, **QUIET)
    with pytest.raises(AsremlError, match="'x' is a covariate; factors are needed"):
        predict(mixed, classify="A", present=["x"], **QUIET)


def test_options(split_plot):
    with pytest.raises(FitError, match="pworkspace = 10.*write pworkspace = '1mb'"):
        predict(split_plot, classify="Variety", pworkspace=10, **QUIET)
    with pytest.raises(UnsupportedError, match="as.average"):
        predict(split_plot, classify="Variety", as_average=["Nitrogen"], **QUIET)
    with pytest.warns(AsremlWarning, match="did you mean"):
        predict(split_plot, classify="Variety", maxiter=1, **QUIET)
    with pytest.raises(AsremlError, match="an asreml fit is needed"):
        predict("fit", classify="Variety")
