"""Marker effects behind a genomic matrix: those of the model with the markers themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa

N, M = 40, 60  # fewer than are kept dense; the last test has more
NAMES = [f"i{k:02d}" for k in range(N)]


def _markers() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    counts = rng.binomial(2, rng.uniform(0.1, 0.9, M), (N, M)).astype(float)
    return pd.DataFrame(counts, NAMES, [f"m{j}" for j in range(M)])


MARKERS = _markers()
GRM = pa.grm_vanraden(MARKERS) + 0.0
CENTRED = MARKERS - MARKERS.mean()


def _data() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    site, who, _ = (x.ravel() for x in np.indices((2, N, 2)))
    effect = CENTRED.to_numpy() @ rng.normal(0, 0.3, (M, 2))
    y = effect[who, site] + effect[who, 0] + rng.normal(0, 1.0, who.size)
    data = pd.DataFrame({"site": np.array(["A", "B"])[site], "id": np.array(NAMES)[who], "y": y})
    for marker in MARKERS:
        data[marker] = CENTRED[marker].to_numpy()[who]
    return data


DATA = _data()
CALL: dict[str, Any] = {"data": DATA, "known": {"GRM": GRM}, "trace": False, "exact": True}


@pytest.mark.parametrize("coding", ["counts", "centred"])
def test_effects_are_those_of_the_markers_as_covariates(coding: str) -> None:
    table = MARKERS if coding == "counts" else CENTRED
    by_animal = pa.asreml("y ~ site", random='~ vm(id, GRM, singG = "PSD")', mef={"GRM": table}, **CALL)
    by_marker = pa.asreml("y ~ site", random="~ grp(m)", group={"m": list(MARKERS)}, **CALL)
    assert by_animal.loglik == pytest.approx(by_marker.loglik, abs=1e-6)
    found = by_animal.meff['vm(id, GRM, singG = "PSD")']
    assert list(found.index) == list(MARKERS)
    want = by_marker.coefficients.random["effect"]
    np.testing.assert_allclose(found["effect"], want, atol=1e-4 * np.abs(want).max())


def test_a_blended_matrix_gives_the_share_of_the_markers() -> None:
    blended = pa.blend(GRM, weight=0.05)
    with pytest.warns(pa.AsremlWarning, match="GRM differs by .* share"):
        fit = pa.asreml("y ~ site", random="~ vm(id, GRM)", mef={"GRM": MARKERS}, **{**CALL, "known": {"GRM": blended}})
    u = fit.coefficients.random["effect"].to_numpy()
    found = fit.meff["vm(id, GRM)"]["effect"].to_numpy()
    direction = CENTRED.to_numpy().T @ np.linalg.solve(blended.to_numpy(), u)
    assert np.corrcoef(found, direction)[0, 1] == pytest.approx(1.0)
    assert np.corrcoef(CENTRED.to_numpy() @ found, u)[0, 1] > 0.99
    again = fit.update()
    np.testing.assert_allclose(again.meff["vm(id, GRM)"]["effect"], found, rtol=1e-3, atol=1e-6)


def test_scaled_markers_have_effects_of_a_count() -> None:
    scaled = pa.grm_vanraden(MARKERS, method=2) + 1e-7 * np.eye(N)
    call = {**CALL, "known": {"G2": scaled}}
    fit = pa.asreml("y ~ site", random="~ vm(id, G2)", mef={"G2": MARKERS}, **call)
    u = fit.coefficients.random["effect"].to_numpy()
    np.testing.assert_allclose(CENTRED.to_numpy() @ fit.meff["vm(id, G2)"]["effect"], u, atol=1e-3 * np.abs(u).max())


def test_by_site_and_by_factor() -> None:
    near = GRM + 1e-6 * np.eye(N)
    call = {**CALL, "known": {"GRM": near}}
    fit = pa.asreml("y ~ site", random="~ diag(site):vm(id, GRM)", mef={"GRM": MARKERS}, **call)
    found = fit.meff["site:vm(id, GRM)"]
    assert list(found.index[[0, M]]) == ["site_A:m0", "site_B:m0"]
    u = fit.coefficients.random["effect"].to_numpy().reshape(2, N)
    a = found["effect"].to_numpy().reshape(2, M)
    np.testing.assert_allclose(a @ CENTRED.to_numpy().T, u, atol=1e-3 * np.abs(u).max())
    other = pa.asreml("y ~ site", random="~ vm(id, GRM):diag(site)", mef={"GRM": MARKERS}, **call)
    turned = other.meff["vm(id, GRM):site"]
    assert list(turned.index[:2]) == ["m0:site_A", "m0:site_B"]
    np.testing.assert_allclose(turned["effect"].to_numpy().reshape(M, 2).T, a, atol=1e-4 * np.abs(a).max())
    factors = pa.asreml("y ~ site", random="~ rr(site, 1):vm(id, GRM)", mef={"GRM": MARKERS}, **call)
    assert list(factors.meff["rr(site, 1):vm(id, GRM)"].index[:1]) == ["rr(site, 1)_Comp1:m0"]


def test_in_blocks_of_str() -> None:
    near = GRM + 1e-6 * np.eye(N)
    data = DATA.assign(x=np.tile([0.0, 1.0], len(DATA) // 2))
    call = {**CALL, "known": {"GRM": near}, "data": data}
    random = "~ str(~ vm(id, GRM) + vm(id, GRM):x, ~ us(2):vm(id, GRM))"
    fit = pa.asreml("y ~ site", random=random, mef={"GRM": MARKERS}, **call)
    (found,) = fit.meff.values()
    assert list(found.index[[0, M]]) == ["vm(id, GRM):m0", "vm(id, GRM):x:m0"]
    u = fit.coefficients.random["effect"].to_numpy().reshape(2, N)
    a = found["effect"].to_numpy().reshape(2, M)
    np.testing.assert_allclose(a @ CENTRED.to_numpy().T, u, atol=2e-3 * np.abs(u).max())


@pytest.mark.parametrize(
    ("mef", "said"),
    [
        ({"OTHER": MARKERS}, r"no term vm\(…, OTHER\) is in the model; sources in it: GRM"),
        ({"GRM": MARKERS.to_numpy()}, "a data frame with the individuals' names as index"),
        ({"GRM": MARKERS.iloc[3:]}, "3 of the 40 rows of GRM have no markers: 'i00', 'i01', 'i02'"),
        ({"GRM": pd.concat([MARKERS, MARKERS.iloc[:1]])}, "two rows for 'i00'"),
        ({"GRM": MARKERS.astype(str).assign(m0="a")}, "something that is no number"),
        ({"GRM": MARKERS.assign(m0=np.nan)}, "the marker 'm0' is never seen"),
        ({"GRM": MARKERS.iloc[::-1].set_axis(NAMES)}, "GRM is not made of these markers"),
        ({"GRM": "nowhere"}, "a data frame with the individuals"),
        (["GRM"], r"mef is a dict .* mef = \{'K': markers\}, not list"),
    ],
)
def test_messages(mef: Any, said: str) -> None:
    with pytest.raises(pa.AsremlError, match=said):
        pa.asreml("y ~ site", random='~ vm(id, GRM, singG = "PSD")', mef=mef, **CALL)


def test_in_r() -> None:
    near = GRM + 1e-6 * np.eye(N)
    text = 'm <- asreml(y ~ site, random = ~ vm(id, K), mef = list(K = %s), data = d, trace = FALSE)\nm$meff[[1]]'
    by_object = pa.run(text % "M", d=DATA, K=near, M=MARKERS)
    by_name = pa.run(text % '"M"', d=DATA, K=near, M=MARKERS)
    assert list(by_object.index[:2]) == ["m0", "m1"]
    np.testing.assert_allclose(by_object["effect"], by_name["effect"])


def test_a_matrix_that_is_kept_dense() -> None:
    rng = np.random.default_rng(5)
    n, m = 90, 150
    names = [f"i{k:02d}" for k in range(n)]
    counts = pd.DataFrame(rng.binomial(2, rng.uniform(0.2, 0.8, m), (n, m)).astype(float), names)
    counts.columns = [f"m{j}" for j in range(m)]
    kin = pd.DataFrame(counts.to_numpy() @ counts.to_numpy().T / 40, names, names)
    who = np.repeat(np.arange(n), 2)
    data = pd.DataFrame(counts.to_numpy()[who], columns=counts.columns).assign(id=np.array(names)[who])
    data["y"] = data[list(counts)].to_numpy() @ rng.normal(0, 0.2, m) + rng.normal(size=2 * n)
    call: dict[str, Any] = {"data": data, "trace": False, "exact": True}
    fit = pa.asreml("y ~ 1", random="~ vm(id, KIN)", known={"KIN": kin}, mef={"KIN": counts}, **call)
    want = pa.asreml("y ~ 1", random="~ grp(m)", group={"m": list(counts)}, **call)
    assert fit.loglik == pytest.approx(want.loglik, abs=1e-6)
    effects = want.coefficients.random["effect"]
    np.testing.assert_allclose(fit.meff["vm(id, KIN)"]["effect"], effects, atol=1e-4 * np.abs(effects).max())
