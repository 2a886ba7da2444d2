"""A dense known matrix in its three forms: entries of a pattern, blocks of the last front, one eigendecomposition."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from pyasreml.data import relationship
from pyasreml.data.relationship import DenseKnown
from pyasreml.fit import engine
from pyasreml.mme import single_relationship
from pyasreml.mme.banded import BandRotation
from pyasreml.mme.rotation import RotatedNumeric

Q = 70
NAMES = [f"g{i + 1}" for i in range(Q)]
TRAITS = 3


def matrix() -> pd.DataFrame:
    markers = np.random.default_rng(5).binomial(2, 0.4, (Q, 200)) - 0.8
    K = markers @ markers.T / 96 + 0.05 * np.eye(Q)
    return pd.DataFrame(K, index=NAMES, columns=NAMES)


K = matrix()
KINV = pd.DataFrame(np.linalg.inv(K.to_numpy()), index=NAMES, columns=NAMES)
KINV.attrs["INVERSE"] = True
FEW = np.random.default_rng(6).binomial(2, 0.4, (Q, 50)) - 0.8
SINGULAR = pd.DataFrame(FEW @ FEW.T / 24, index=NAMES, columns=NAMES)
AT = np.tril_indices(Q)
ENTRIES = pd.DataFrame({"Row": AT[0] + 1, "Column": AT[1] + 1, "Ainverse": KINV.to_numpy()[AT]})
ENTRIES.attrs.update(INVERSE=True, rowNames=NAMES)
OTHER = pd.DataFrame(matrix().to_numpy() * 0.5 + 0.5 * np.eye(Q) + 0.1, index=NAMES, columns=NAMES)


def records(seed: int = 1) -> pd.DataFrame:
    """One to five records an individual, none of the last six."""
    random = np.random.default_rng(seed)
    who = np.repeat(np.arange(Q - 6), random.integers(1, 6, Q - 6))
    n = who.size
    root = np.linalg.cholesky(K.to_numpy())
    G = np.array([[1.2, 0.5, 0.2], [0.5, 0.9, 0.3], [0.2, 0.3, 0.7]])
    u = root @ random.normal(size=(Q, TRAITS)) @ np.linalg.cholesky(G).T
    y = 3 + u[who] + random.normal(size=(n, TRAITS))
    place = random.integers(0, 3, n)
    slope = random.normal(size=n)
    frame = pd.DataFrame({f"y{k + 1}": y[:, k] + 0.4 * place + slope * (k == 0) for k in range(TRAITS)})
    own = root @ random.normal(size=(Q, TRAITS)) @ np.linalg.cholesky(G).T
    frame["y4"] = 3 + 2 * own[who, place] + 0.5 * random.normal(size=n)
    frame["id"] = np.array(NAMES)[who]
    frame["place"] = place.astype(str)
    frame["x"] = slope
    frame["w"] = random.uniform(0.5, 2.0, n)
    frame["cell"] = (np.arange(n) % 23).astype(str)
    frame["block"] = (np.arange(n) % 9).astype(str)
    return frame


def field(rows: int = 14, columns: int = 15) -> pd.DataFrame:
    """Three plots an individual in a field, five without a record."""
    random = np.random.default_rng(9)
    row, column = np.divmod(np.arange(rows * columns), columns)
    who = random.permutation(np.repeat(np.arange(Q), 3))
    near = [np.linalg.cholesky(0.6 ** np.abs(np.subtract.outer(at, at))) for at in map(np.arange, (rows, columns))]
    trend = (near[0] @ random.normal(size=rows))[row] + (near[1] @ random.normal(size=columns))[column]
    y = np.linalg.cholesky(K.to_numpy()) @ random.normal(size=Q)
    frame = pd.DataFrame({"row": row.astype(str), "col": column.astype(str), "id": np.array(NAMES)[who]})
    frame["row"] = pd.Categorical(frame["row"], categories=[str(i) for i in range(rows)])
    frame["col"] = pd.Categorical(frame["col"], categories=[str(i) for i in range(columns)])
    frame["y1"] = y[who] + trend + random.normal(size=who.size)
    frame.loc[[3, 50, 51, 120, 200], "y1"] = np.nan
    frame["x"] = random.normal(size=who.size)
    return frame


def trials(sites: int = 4) -> pd.DataFrame:
    """Every individual twice at every site."""
    random = np.random.default_rng(12)
    loadings = random.uniform(0.5, 1.2, sites)
    root = np.linalg.cholesky(K.to_numpy())
    u = np.outer(root @ random.normal(size=Q), loadings) + 0.5 * root @ random.normal(size=(Q, sites))
    site, who, _ = (x.ravel() for x in np.indices((sites, Q, 2)))
    y = 5 + site + u[who, site] + random.normal(size=site.size) * np.array([0.5, 0.8, 0.6, 1.0])[site]
    x = random.normal(size=y.size)
    return pd.DataFrame({"y1": y, "site": site.astype(str), "id": np.array(NAMES)[who], "x": x})


DATA = records()
TRIALS = trials()
FIELD = field()
SOME = DATA.assign(y1=DATA["y1"].where(np.arange(len(DATA)) % 11 > 0))
GAPS = DATA.assign(y2=DATA["y2"].where(np.arange(len(DATA)) % 11 > 0))
BOTH = "cbind(y1, y2) ~ trait + trait:x"
ALL = "cbind(y1, y2, y3) ~ trait + at(trait):place"
UNITS = "~ id(units):us(trait)"
SITES = "~ dsum(~ units | site)"
SECTIONS = "~ dsum(~ units | place)"
# name: arguments, whether the eigendecomposition serves
MODELS: dict[str, tuple[dict[str, Any], bool]] = {
    "one trait": (dict(fixed="y1 ~ place + x", random="~ vm(id, K)"), True),
    "missing records": (dict(fixed="y1 ~ place", random="~ vm(id, K)", data=SOME), True),
    "weights": (dict(fixed="y1 ~ x", random="~ vm(id, K)", weights="w"), True),
    "by the inverse": (dict(fixed="y1 ~ place", random="~ vm(id, KINV)"), True),
    "by its entries": (dict(fixed="y1 ~ place", random="~ vm(id, ENTRIES)"), True),
    "many fixed effects": (dict(fixed="y1 ~ place + cell", random="~ vm(id, K)"), False),
    "sigma scale": (dict(fixed="y1 ~ place", random="~ vm(id, K)", residual="~ idv(units)"), True),
    "us by traits": (dict(fixed=BOTH, random="~ us(trait):vm(id, K)", residual=UNITS), True),
    "traits inside": (dict(fixed=BOTH, random="~ vm(id, K):us(trait)", residual=UNITS), True),
    "three traits": (dict(fixed=ALL, random="~ us(trait):vm(id, K)", residual=UNITS), True),
    "correlations": (dict(fixed=BOTH, random="~ corgh(trait):vm(id, K)", residual=UNITS), True),
    "diagonal": (dict(fixed=BOTH, random="~ diag(trait):vm(id, K)", residual="~ id(units):diag(trait)"), True),
    "trials": (dict(fixed="y1 ~ site", random="~ corh(site):vm(id, K)", residual=SITES, data=TRIALS), True),
    "factor of trials": (dict(fixed="y1 ~ site", random="~ fa(site, 1):vm(id, K)", residual=SITES, data=TRIALS), True),
    "factor inside": (dict(fixed="y1 ~ site + x", random="~ vm(id, K):fa(site, 1)", data=TRIALS), True),
    "rank one": (dict(fixed="y1 ~ site", random="~ rr(site, 1):vm(id, K)", residual=SITES, data=TRIALS), True),
    "traits with gaps": (dict(fixed=BOTH, random="~ us(trait):vm(id, K)", residual=UNITS, data=GAPS), False),
    "another term": (dict(fixed="y1 ~ x", random="~ vm(id, K) + block"), False),
    "two matrices": (dict(fixed="y1 ~ x", random="~ vm(id, K) + vm(id, OTHER)"), False),
    "sections": (dict(fixed="y1 ~ place", random="~ vm(id, K)", residual=SECTIONS), False),
    "field": (dict(fixed="y1 ~ x", random="~ vm(id, K)", residual="~ ar1(row):ar1(col)", data=FIELD), False),
    "rows": (dict(fixed="y1 ~ 1", random="~ vm(id, K) + row + col", data=FIELD), False),
    "places": (dict(fixed="y4 ~ place", random="~ us(place):vm(id, K)"), False),
    "factor": (dict(fixed="y4 ~ place", random="~ fa(place, 1):vm(id, K)"), False),
}

ALONE = ("one trait", "missing records", "weights", "by the inverse", "by its entries", "sigma scale")


def fit(name: str, form: str, monkeypatch: pytest.MonkeyPatch, **more: Any) -> Any:
    with monkeypatch.context() as patch:
        if form == "entries":
            patch.setattr(relationship, "LEAST", 10**9)
        if form == "blocks":
            patch.setattr(engine, "find_rotation", lambda *_: None)
        if form == "band":
            patch.setattr(single_relationship, "LEAST", 1)
        known = {"K": K, "KINV": KINV, "SINGULAR": SINGULAR, "ENTRIES": ENTRIES, "OTHER": OTHER}
        arguments = {"data": DATA, "trace": False, "known": known, **MODELS[name][0]}
        found = pa.asreml(**{**arguments, **more})
        # what is made at first use belongs to this form too
        assert found.hat is not None and found.aov is not None
        return found


def assert_same(found: Any, want: Any, tol: float = 1e-8) -> None:
    assert found.loglik == pytest.approx(want.loglik, abs=tol)
    assert found.det == pytest.approx(want.det, rel=tol)
    near = dict(rtol=tol, atol=tol)
    np.testing.assert_allclose(found.vparameters, want.vparameters, **near)
    np.testing.assert_allclose(found.ai, want.ai, rtol=1e-6, atol=1e-9)
    for part in ("coefficients", "vcoeff"):
        for kind in ("fixed", "random"):
            a, b = getattr(found, part)[kind], getattr(want, part)[kind]
            assert list(a.index) == list(b.index)
            np.testing.assert_allclose(a, b, **near)
    np.testing.assert_allclose(found.residuals, want.residuals, **near)
    np.testing.assert_allclose(found.hat, want.hat, **near)
    np.testing.assert_allclose(found.aov.iloc[:, :4], want.aov.iloc[:, :4], rtol=1e-7)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_all_forms_give_one_fit(name: str, exact: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    # an exact iteration ends where the gain is within rounding, its parameters agree less closely than one evaluation
    tol = 2e-6 if exact else 1e-8
    want = fit(name, "entries", monkeypatch, exact=exact)
    blocks = fit(name, "blocks", monkeypatch, exact=exact)
    assert_same(blocks, want, tol)
    found = fit(name, "best", monkeypatch, exact=exact)
    assert (found.engine.equations.rotation is not None) == MODELS[name][1]
    assert_same(found, want, tol)
    if name in ALONE:
        banded = fit(name, "band", monkeypatch, exact=exact)
        assert isinstance(banded.engine.equations.rotation, BandRotation)
        assert_same(banded, want, tol)


@pytest.mark.parametrize("whitened", [False, True])
@pytest.mark.parametrize("name", [name for name, (_, spectral) in MODELS.items() if spectral])
def test_one_evaluation(name: str, whitened: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    start = fit(name, "best", monkeypatch, maxit=2)
    theta = start.estimates.theta
    points = []
    for form in ("entries", "band"):
        engine = fit(name, form, monkeypatch, maxit=2).engine
        if whitened:
            engine.equations_to_edge()
        points.append(engine.at(theta, derivatives=True).point)
    want, found = points
    assert found.loglik == pytest.approx(want.loglik, abs=1e-9)
    np.testing.assert_allclose(found.score, want.score, atol=1e-8)
    np.testing.assert_allclose(found.ai, want.ai, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(found.solution, want.solution, atol=1e-9)


@pytest.mark.parametrize("form", ["blocks", "best", "band"])
def test_questions_after_the_fit(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, classify in (("one trait", "id"), ("three traits", "trait:id"), ("another term", "id")):
        want, found = (fit(name, f, monkeypatch) for f in ("entries", form))
        a, b = (f.predict(classify, vcov=True, sed=True) for f in (found, want))
        np.testing.assert_allclose(a.pvals.iloc[:, -3:-1].astype(float), b.pvals.iloc[:, -3:-1].astype(float), 1e-8)
        np.testing.assert_allclose(a.vcov, b.vcov, rtol=1e-7, atol=1e-9)
        for test in ({}, {"denDF": "numeric", "ssType": "conditional"}):
            a, b = (pa.wald(f, **test) for f in (found, want))
            a, b = (x.Wald if hasattr(x, "Wald") else x for x in (a, b))
            columns = [c for c in a.columns if a[c].dtype.kind in "if"]
            np.testing.assert_allclose(a[columns], b[columns], rtol=1e-6, atol=1e-9)
        again = pickle.loads(pickle.dumps(found))
        np.testing.assert_allclose(again.hat, want.hat, rtol=1e-8)
        np.testing.assert_allclose(found.update().loglik, want.update().loglik, rtol=0, atol=1e-7)


def test_an_update_uses_the_decomposition_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = fit("one trait", "best", monkeypatch)
    second = first.update(fixed="~ . - x")
    one, two = (f.engine.equations.rotation for f in (first, second))
    assert one.vectors is two.vectors
    first = fit("one trait", "band", monkeypatch)
    monkeypatch.setattr(single_relationship, "LEAST", 1)
    second = first.update(fixed="~ . - x")
    one, two = (f.engine.equations.rotation for f in (first, second))
    assert one._found[0] is two._found[0]


def test_a_negative_component(monkeypatch: pytest.MonkeyPatch) -> None:
    data = DATA.assign(y1=np.random.default_rng(8).normal(size=len(DATA)))
    arguments = dict(data=data, fixed="y1 ~ x", random="~ vm(id, K)", start_values=True)
    table = fit_table(arguments)
    change = dict(data=data, fixed="y1 ~ x", G_param=table)
    fits = [fit("one trait", f, monkeypatch, **change) for f in ("entries", "blocks", "best", "band")]
    assert fits[0].vparameters.iloc[0] < 0
    for found in fits[1:]:
        assert_same(found, fits[0], 1e-7)


def fit_table(arguments: dict[str, Any]) -> pd.DataFrame:
    table = pa.asreml(**arguments, known={"K": K}, trace=False).vparameters_table
    table.loc[table["Component"].str.startswith("vm"), ["Constraint", "Value"]] = ["U", -0.01]
    return table


@pytest.mark.parametrize("form", ["best", "band", "blocks"])
def test_a_singular_matrix_against_dense_algebra(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    random = '~ vm(id, SINGULAR, singG = "PSD")'
    found = fit("one trait", form, monkeypatch, fixed="y1 ~ x", random=random)
    assert isinstance(found.engine.variance.random[0].factors[0].known, DenseKnown)
    gamma, y = found.estimates.point.theta[0], DATA["y1"].to_numpy()
    X = np.stack([np.ones(len(DATA)), DATA["x"]], axis=1)
    at = [NAMES.index(name) for name in DATA["id"]]
    V = gamma * SINGULAR.to_numpy()[np.ix_(at, at)] + np.eye(len(at))
    cross = X.T @ np.linalg.solve(V, X)
    r = y - X @ np.linalg.solve(cross, X.T @ np.linalg.solve(V, y))
    sigma2 = float(r @ np.linalg.solve(V, r)) / found.nedf
    want = -0.5 * (np.linalg.slogdet(V)[1] + np.linalg.slogdet(cross)[1] + found.nedf * (np.log(sigma2) + 1))
    # directions without variance have 1e-8 of the usual one
    assert found.loglik == pytest.approx(want, abs=1e-5)
    assert found.sigma2 == pytest.approx(sigma2, rel=1e-6)


def test_an_inverse_that_is_sparse_stays_so() -> None:
    at = np.arange(90)
    correlation = 0.6 ** np.abs(at[:, None] - at[None, :])
    names = [str(i) for i in at]
    known = pa.data.known.known_matrix("A", (correlation, names))
    assert not isinstance(known, DenseKnown) and known.row.size < 3 * at.size


@pytest.mark.parametrize("name, form", [("three traits", "best"), ("one trait", "band"), ("one trait", "best")])
def test_any_right_hand_side_and_entry(name: str, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found, want = (fit(name, f, monkeypatch) for f in (form, "entries"))
    states = [f.engine.at(f.estimates.point.theta) for f in (found, want)]
    assert isinstance(states[0].numeric, RotatedNumeric)
    b = np.random.default_rng(3).normal(size=(found.engine.equations.N, 4))
    a, c = (s.numeric.solve(b) for s in states)
    np.testing.assert_allclose(a, c, rtol=1e-7, atol=1e-9)
    f, g = (s.numeric.forward(b) for s in states)
    np.testing.assert_allclose(f.T @ f, g.T @ g, rtol=1e-7, atol=1e-9)
    size = found.engine.equations.N
    states = [f.engine.at(f.estimates.point.theta, derivatives=True) for f in (found, want)]
    i, j = np.random.default_rng(4).integers(0, size, (2, 300))
    every = states[1].numeric.solve(np.eye(size))
    np.testing.assert_allclose(states[0].numeric.inverse_at(i, j), every[i, j], rtol=1e-7, atol=1e-9)
