"""Models with known matrices: against dense algebra, published numbers, and each other; where sources are found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from compat_cases import dense
from pyasreml.r import Session
from tests.data.tabular import frame, random_pedigree, tabular

N = 60
PED = random_pedigree(np.random.default_rng(21), N, unknown=0.3, selfed=0.05)
A = tabular(PED.first, PED.second)
GINV = pa.ainverse(frame(PED))
NAMES = [str(name) for name in GINV.attrs["rowNames"]]
QUIET: dict[str, Any] = {"trace": False}
EXACT: dict[str, Any] = {"trace": False, "exact": True}
INCLUDE = pa.na_method(x="include")


def simulated() -> pd.DataFrame:
    """Records of the last 50 individuals at two places, with their female parents."""
    rng = np.random.default_rng(22)
    root = np.linalg.cholesky(A)
    who = np.repeat(np.arange(10, N), 4)
    place = np.tile([0, 0, 1, 1], 50)
    u = root @ rng.normal(size=(N, 2)) @ np.linalg.cholesky(np.array([[2.0, 1.0], [1.0, 1.5]])).T
    dam = np.array(PED.second)[who]
    maternal = np.append(root @ rng.normal(size=N), 0.0)
    y = 5 + place + u[who, place] + maternal[dam] + rng.normal(size=len(who))
    dams = [NAMES[d] if d >= 0 else None for d in dam]
    return pd.DataFrame({"y": y, "id": np.array(NAMES)[who], "place": np.array(["u", "v"])[place], "dam": dams})


DATA = simulated()
Z = np.eye(N)[[NAMES.index(i) for i in DATA["id"]]]
PLACES = np.stack([DATA["place"] == "u", DATA["place"] == "v"], axis=1).astype(float)
X = np.stack([np.ones(len(DATA)), PLACES[:, 1]], axis=1)


def reml(v: np.ndarray) -> float:
    y = DATA["y"].to_numpy()
    inverse = np.linalg.inv(v)
    cross = X.T @ inverse @ X
    r = y - X @ np.linalg.solve(cross, X.T @ inverse @ y)
    return -0.5 * float(np.linalg.slogdet(v)[1] + np.linalg.slogdet(cross)[1] + r @ inverse @ r)


def components(fit: Any) -> np.ndarray:
    return np.asarray(pa.summary(fit).varcomp["component"].to_numpy(dtype=float))


def test_animal_model_against_dense_algebra() -> None:
    fit = pa.asreml("y ~ place", random="~ vm(id, GINV)", data=DATA, **EXACT)
    genetic, rest = components(fit)
    v = genetic * Z @ A @ Z.T + rest * np.eye(len(DATA))
    assert fit.loglik == pytest.approx(reml(v), abs=1e-6)
    for factor in (0.99, 1.01):
        assert reml(v + (factor - 1) * genetic * Z @ A @ Z.T) < fit.loglik
    inverse = np.linalg.inv(v)
    y = DATA["y"].to_numpy()
    r = y - X @ np.linalg.solve(X.T @ inverse @ X, X.T @ inverse @ y)
    effects = fit.coefficients.random["effect"]
    assert list(effects.index) == [f"vm(id, GINV)_{name}" for name in NAMES]
    np.testing.assert_allclose(effects, genetic * A @ Z.T @ inverse @ r, atol=1e-5)
    assert list(pa.summary(fit).varcomp.index) == ["vm(id, GINV)", "units!R"]
    assert dict(fit.noeff)["vm(id, GINV)"] == N


@pytest.mark.parametrize("form", ["frame", "inverse", "sparse"])
def test_forms_give_one_fit(form: str) -> None:
    from scipy.sparse import csr_array

    inverse = pd.DataFrame(np.linalg.inv(A), index=NAMES, columns=NAMES)
    inverse.attrs["INVERSE"] = True
    source = {"frame": pd.DataFrame(A, index=NAMES, columns=NAMES), "inverse": inverse, "sparse": (csr_array(A), NAMES)}
    one = pa.asreml("y ~ place", random="~ vm(id, K)", data=DATA, known={"K": source[form]}, **QUIET)
    other = pa.asreml("y ~ place", random="~ vm(id, K)", data=DATA, known={"K": GINV}, **QUIET)
    assert one.loglik == pytest.approx(other.loglik, abs=1e-9)
    np.testing.assert_allclose(one.coefficients.random["effect"], other.coefficients.random["effect"], atol=1e-8)


def test_unstructured_by_known_against_dense_algebra() -> None:
    fit = pa.asreml("y ~ place", random="~ us(place):vm(id, GINV)", data=DATA, **EXACT)
    names = [f"place:vm(id, GINV)!place_{pair}" for pair in ("u:u", "v:u", "v:v")]
    assert list(pa.summary(fit).varcomp.index) == [*names, "units!R"]
    a, b, c, rest = components(fit)
    both = np.einsum("ik,ij->ikj", PLACES, Z).reshape(len(DATA), -1)
    v = both @ np.kron([[a, b], [b, c]], A) @ both.T + rest * np.eye(len(DATA))
    assert fit.loglik == pytest.approx(reml(v), abs=1e-6)


def test_by_place_in_three_ways() -> None:
    at = pa.asreml("y ~ place", random="~ at(place):vm(id, GINV)", data=DATA, **EXACT)
    diag = pa.asreml("y ~ place", random="~ diag(place):vm(id, GINV)", data=DATA, **EXACT)
    assert at.loglik == pytest.approx(diag.loglik, abs=1e-7)
    assert list(at.vparameters.index)[0] == "at(place, 'u'):vm(id, GINV)"
    idv = pa.asreml("y ~ place", random="~ idv(place):vm(id, GINV)", data=DATA, **EXACT)
    plain = pa.asreml("y ~ place", random="~ place:vm(id, GINV)", data=DATA, **EXACT)
    assert idv.loglik == pytest.approx(plain.loglik, abs=1e-7)


def test_permanent_effects_and_maternal_ones() -> None:
    fit = pa.asreml(
        "y ~ place", random="~ vm(id, GINV) + ide(id) + vm(dam, GINV)", data=DATA, na_action=INCLUDE, **EXACT
    )
    table = pa.summary(fit).varcomp["component"]
    dams = np.zeros((len(DATA), N))
    for i, dam in enumerate(DATA["dam"]):
        if isinstance(dam, str):
            dams[i, NAMES.index(dam)] = 1.0
    v = table["units!R"] * np.eye(len(DATA)) + table["vm(id, GINV)"] * Z @ A @ Z.T
    v += table["ide(id)"] * Z @ Z.T + table["vm(dam, GINV)"] * dams @ A @ dams.T
    assert fit.loglik == pytest.approx(reml(v), abs=1e-5)
    assert "ide(id)_i0" in fit.coefficients.random.index
    joint = pa.asreml(
        "y ~ place",
        random="~ str(~ vm(id, GINV) + vm(dam, GINV), ~ us(2):vm(id, GINV))",
        data=DATA,
        na_action=INCLUDE,
        **EXACT,
    )
    rows = pa.summary(joint).varcomp
    assert list(rows.index[:3]) == [f"vm(id, GINV)+vm(dam, GINV)!us(2)_{pair}" for pair in ("1:1", "2:1", "2:2")]
    a, b, c, rest = rows["component"]
    both = np.hstack([Z, dams])
    v = both @ np.kron([[a, b], [b, c]], A) @ both.T + rest * np.eye(len(DATA))
    assert joint.loglik == pytest.approx(reml(v), abs=1e-5)


def test_predictions_have_all_rows_of_the_source() -> None:
    fit = pa.asreml("y ~ place", random="~ vm(id, GINV)", data=DATA, **QUIET)
    table = pa.predict(fit, classify="id", trace=False).pvals
    assert [str(v) for v in table["id"]] == NAMES
    blups = fit.coefficients.random["effect"].to_numpy()
    seen = [NAMES.index(i) for i in sorted(set(DATA["id"]))]
    unseen = [i for i in range(N) if i not in seen]
    regress = A[np.ix_(unseen, seen)] @ np.linalg.inv(A[np.ix_(seen, seen)])
    np.testing.assert_allclose(blups[unseen], regress @ blups[seen], atol=1e-6)
    mean = float(np.mean(table["predicted.value"] - blups))
    np.testing.assert_allclose(table["predicted.value"] - blups, mean, atol=1e-4)
    some = pa.predict(fit, classify="place:id", levels={"id": ["i0", "i30"]}, trace=False).pvals
    assert [str(v) for v in some["id"]] == ["i0", "i30"] * 2
    with_fixed = pa.asreml("y ~ id", random="~ place:vm(id, GINV)", data=DATA, **QUIET)
    rows = pa.predict(with_fixed, classify="id", average=["place"], trace=False).pvals
    assert (
        rows["status"].astype(str).to_numpy() == np.where(rows["id"].isin(DATA["id"]), "Estimable", "Aliased")
    ).all()


def test_predictions_under_a_condition_on_a_factor_with_a_matrix() -> None:
    few = DATA[DATA["id"].isin(NAMES[10:16])]
    fit = pa.asreml("y ~ place", random="~ vm(id, GINV) + at(id, 'i12'):place", data=few, **QUIET)
    table = pa.predict(fit, classify="place:id", trace=False).pvals.set_index(["place", "id"])["predicted.value"]
    effects = fit.coefficients.random["effect"]
    gap = table["u", "i12"] - table["u", "i13"]
    own = effects["vm(id, GINV)_i12"] - effects["vm(id, GINV)_i13"] + effects["at(id, 'i12'):place_u"]
    assert gap == pytest.approx(own, abs=1e-3)


def test_where_sources_are_found() -> None:
    my_ainv = GINV
    fit = pa.asreml("y ~ place", random="~ vm(id, my.ainv)", data=DATA, **QUIET)
    assert my_ainv is fit.recipe.arguments["known"]["my.ainv"].given
    columns = {name: DATA[name].to_numpy() for name in DATA}
    again = pa.asreml("y ~ place", random="~ vm(id, K)", data={**columns, "K": GINV}, **QUIET)
    assert again.loglik == fit.loglik
    del my_ainv
    changed = pa.update(fit, random="~ . + vm(dam, my.ainv)", na_action=INCLUDE, **QUIET)
    assert changed.update(random="~ . - vm(dam, my.ainv)", **QUIET).loglik == pytest.approx(fit.loglik, abs=1e-4)
    with pytest.raises(pa.FormulaError, match="no relationship matrix 'absent'"):
        pa.asreml("y ~ place", random="~ vm(id, absent)", data=DATA, **QUIET)


@pytest.mark.parametrize(
    ("random", "error", "message"),
    [
        ("~ ide(id) + vm(id, GINV)", pa.FormulaError, "vm.id, ….*must come before"),
        ("~ vm(id)", pa.FormulaError, "vm.. needs a source"),
        ("~ vm(id, solve(A))", pa.FormulaError, "name of an object"),
        ("~ vm(id, GINV, singG = 'XX')", pa.FormulaError, "singG is one of"),
        ("~ vm(y, GINV)", pa.FormulaError, "the response 'y' cannot be a term"),
        ("~ vm(place, GINV)", pa.DataError, "2 of the 2 levels of 'place' are not among the 60 row names"),
        ("~ vm(nobody, GINV)", pa.FormulaError, "no column 'nobody'"),
        ("~ us(place):idh(id):vm(id, GINV)", pa.ModelError, "both carry variances"),
        ("~ vm(id, DATA)", pa.ModelError, "square"),
    ],
)
def test_messages(random: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        pa.asreml("y ~ place", random=random, data=DATA, **QUIET)


def test_not_in_fixed_or_residual_formulas() -> None:
    with pytest.raises(pa.FormulaError, match="belongs in the random"):
        pa.asreml("y ~ vm(id, GINV)", data=DATA, **QUIET)
    with pytest.raises(pa.FormulaError, match="belongs in the random"):
        pa.asreml("y ~ place", residual="~ vm(id, GINV)", data=DATA, **QUIET)


@pytest.mark.parametrize("sing", ["PSD", "ND", "NSD"])
def test_singular_and_indefinite_sources_against_dense_algebra(sing: str) -> None:
    rng = np.random.default_rng(23)
    vectors = np.linalg.qr(rng.normal(size=(N, N)))[0]
    small = {"PSD": [0.0, 0.0, 0.0], "ND": [-0.05, -0.02], "NSD": [-0.05, 0.0]}[sing]
    roots = np.concatenate([small, np.linspace(0.5, 3, N - len(small))])
    K = (vectors * roots) @ vectors.T  # noqa: N806
    source = ((K + K.T) / 2, NAMES)
    fit = pa.asreml("y ~ place", random=f"~ vm(id, K, singG = '{sing}')", data=DATA, known={"K": source}, **EXACT)
    genetic, rest = components(fit)
    assert fit.loglik == pytest.approx(reml(genetic * Z @ K @ Z.T + rest * np.eye(len(DATA))), abs=1e-5)


def test_whole_numbers_name_rows() -> None:
    ped = {"id": [1, 2, 3, 4], "s": [0, 0, 1, 1], "d": [0, 0, 2, 3]}
    ainv = pa.ainverse(ped)
    data = {"y": [1.0, 2.5, 2.0, 4.0, 3.0, 2.2], "id": [1, 3, 4, 4, 3, 2]}
    fit = pa.asreml("y ~ 1", random="~ vm(id, ainv)", data=data, known={"ainv": ainv}, **QUIET)
    assert list(fit.coefficients.random.index) == [f"vm(id, ainv)_{k}" for k in (1, 2, 3, 4)]


def test_gryphon(shared: Path) -> None:
    """Birth weight: heritability 0.4700163, standard error 0.07650881 (tutorial of the data, asreml-R 4.1)."""
    data = pd.read_csv(shared / "data/wild/gryphon.csv")
    data["animal"] = data["animal"].astype("category")
    ainv = pa.ainverse(pd.read_csv(shared / "data/wild/gryphonped.csv"), psort=True)
    omit = pa.na_method(x="omit", y="omit")
    fit = pa.asreml(
        "bwt ~ 1", random="~ vm(animal, ainv)", residual="~ idv(units)", data=data, known={"ainv": ainv},
        na_action=omit, **QUIET,
    )  # fmt: skip
    h2 = pa.vpredict(fit, "h2 ~ V1/(V1+V2)").iloc[0]
    assert f"{h2['Estimate']:.7f} {h2['SE']:.8f}" == "0.4700163 0.07650881"


def test_session_keeps_attributes_of_r_matrices() -> None:
    session = Session({"dat": DATA, "ped": frame(PED), "A": pd.DataFrame(A, index=NAMES, columns=NAMES)})
    session.eval(
        "ainv <- ainverse(ped)\n"
        "m1 <- asreml(y ~ place, random = ~ vm(id, ainv), data = dat, trace = FALSE)\n"
        "K <- as.matrix(A)\n"
        "m2 <- asreml(y ~ place, random = ~ vm(id, K), data = dat, trace = FALSE)\n"
        "Ki <- solve(K)\n"
        "attr(Ki, 'INVERSE') <- TRUE\n"
        "m3 <- asreml(y ~ place, random = ~ vm(id, Ki), data = dat, trace = FALSE)\n"
        "three <- as.matrix(data.frame(r = ainv$Row, c = ainv$Column, v = ainv$Ainverse))\n"
        "attr(three, 'rowNames') <- attr(ainv, 'rowNames')\n"
        "attr(three, 'INVERSE') <- TRUE\n"
        "m4 <- update(m1, random. = ~ vm(id, three), trace = FALSE)\n"
    )
    fits = [session[f"m{k}"] for k in (1, 2, 3, 4)]
    assert all(fit.loglik == pytest.approx(fits[0].loglik, abs=1e-4) for fit in fits)
    assert session.eval("attr(ainv, 'INVERSE')") is True
    np.testing.assert_allclose(session.eval("attr(ainv, 'inbreeding')"), np.diagonal(A) - 1, atol=1e-9)


def crosses() -> tuple[pd.DataFrame, pd.DataFrame]:
    """A half diallel of six parents, two records a cross, and a relationship matrix of the parents."""
    rng = np.random.default_rng(6)
    sire, dam = (np.repeat(x, 4) for x in np.triu_indices(6, 1))
    names = np.array([f"p{i}" for i in range(6)])
    gca = rng.normal(size=6)
    y = 10 + gca[sire] + gca[dam] + 0.6 * rng.normal(size=sire.size)
    half = 0.3 ** np.abs(np.subtract.outer(np.arange(6), np.arange(6)))
    return pd.DataFrame({"sire": names[sire], "dam": names[dam], "y": y}), pd.DataFrame(half, names, names)


def test_two_parents_over_one_matrix() -> None:
    data, kin = crosses()
    call = {"data": data, "known": {"KIN": kin, "OTHER": 2 * kin}, "trace": False, "exact": True}
    fit = pa.asreml("y ~ 1", random="~ vm(sire, KIN) + and(vm(dam, KIN))", **call)
    z = sum(np.eye(6)[[int(n[1]) for n in data[c]]] for c in ("sire", "dam"))
    v = fit.vparameters.iloc[0] * z @ kin.to_numpy() @ z.T + np.eye(len(data))
    assert dense.loglik(data.y.to_numpy(), np.ones((len(data), 1)), fit.sigma2 * v) == pytest.approx(fit.loglik)
    shown = pa.predict(fit, classify="sire").pvals
    assert list(shown["sire"]) == list(kin.index)
    with pytest.raises(pa.ModelError, match=r"both must stand over one matrix, such as vm\(sire, K\) \+ and\(vm"):
        pa.asreml("y ~ 1", random="~ vm(sire, KIN) + and(dam)", **call)
    with pytest.raises(pa.ModelError, match="one matrix"):
        pa.asreml("y ~ 1", random="~ vm(sire, KIN) + and(vm(dam, OTHER))", **call)
    with pytest.raises(pa.FormulaError, match="takes a variable"):
        pa.asreml("y ~ 1", random="~ vm(sire, KIN) + and(spl(dam))", **call)


def test_weighted_incidence_inside_str() -> None:
    data, kin = crosses()
    call = {"data": data, "known": {"KIN": kin}, "equate_levels": ("sire", "dam"), "trace": False, "exact": True}
    fit = pa.asreml("y ~ 1", random="~ str(~ sire + and(dam, 0.5) + dam, ~ us(2):vm(sire, KIN))", **call)
    assert [n for n in fit.vparameters.index if "us(2)" in n][0] == "sire+dam!us(2)_1:1"
    one, two = (np.eye(6)[[int(n[1]) for n in data[c]]] for c in ("sire", "dam"))
    both = np.hstack([one + 0.5 * two, two])
    g = fit.vparameters.to_numpy()[[[0, 1], [1, 2]]]
    v = both @ np.kron(g, kin.to_numpy()) @ both.T + np.eye(len(data))
    assert dense.loglik(data.y.to_numpy(), np.ones((len(data), 1)), fit.sigma2 * v) == pytest.approx(fit.loglik)
