"""The sparse Kenward-Roger tests against dense ones, and against pbkrtest on its own data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from pyasreml.fit import kenward_roger
from pyasreml.fit.kenward_roger import KenwardRoger, contrast
from pyasreml.fit.wald import wald
from tests.fit.dense_kr import DenseKR


def field(seed: int = 3) -> pd.DataFrame:
    """An unbalanced field trial on a grid of 6 by 8, simulated: a few missing yields, unequal weights."""
    rng = np.random.default_rng(seed)
    row, col = np.repeat(np.arange(6), 8), np.tile(np.arange(8), 6)
    block, gen = col // 2, rng.permutation(np.repeat(np.arange(6), 8))
    trend = np.cumsum(rng.normal(size=(6, 8)), axis=1).ravel()
    y = 20 + gen + rng.normal(scale=1.5, size=4)[block] + rng.normal(size=6)[row] + trend + rng.normal(size=48)
    y[[4, 17, 30]] = np.nan
    data = {n: pd.Categorical(v.astype(str)) for n, v in (("row", row), ("col", col), ("block", block), ("gen", gen))}
    half = pd.Categorical(np.where(row < 3, "N", "S"))
    return pd.DataFrame({**data, "half": half, "x": rng.normal(size=48), "w": rng.uniform(0.5, 2, 48), "y": y})


MODELS: dict[str, dict[str, Any]] = {
    "one component": {"fixed": "y ~ gen", "random": "~ block"},
    "crossed, covariate, weights": {"fixed": "y ~ x + gen", "random": "~ block + row", "weights": "w"},
    "sigma scale": {"fixed": "y ~ gen", "random": "~ block", "residual": "~ idv(units)"},
    "autocorrelated, missing": {"fixed": "y ~ gen", "random": "~ block", "residual": "~ ar1(row):ar1(col)"},
    "sections": {"fixed": "y ~ half + gen", "random": "~ block", "residual": "~ dsum(~ units | half)"},
    "variance a level": {"fixed": "y ~ half", "random": "~ diag(half):block"},
    "no random term": {"fixed": "y ~ gen"},
}


@pytest.mark.parametrize("adjust", ["none", "expected", "observed"])
@pytest.mark.parametrize("model", MODELS)
def test_dense(model: str, adjust: str) -> None:
    fit = pa.asreml(data=field(), trace=False, exact=True, **MODELS[model])
    theta, codes = fit.estimates.theta, fit.estimates.codes
    sparse = KenwardRoger(fit.engine, theta, codes, adjust)  # type: ignore[arg-type]
    oracle = DenseKR(fit, theta, codes)
    np.testing.assert_allclose(sparse.phi, oracle.Phi, rtol=1e-8, atol=1e-10)
    terms = fit.engine.design.fixed_terms
    for i, t in enumerate(terms):
        after = np.arange(t.first + t.rank, terms[-1].first + terms[-1].rank)
        c = contrast(sparse.phi, sparse.tau, np.arange(t.first, t.first + t.rank), after)
        got = sparse.test(c)
        F, df = oracle.test(c.L, adjust)
        tolerance = 2e-4 if adjust == "observed" else 1e-6
        assert got.den_df == pytest.approx(df, rel=tolerance), terms[i].label
        assert got.F == pytest.approx(F, rel=tolerance), terms[i].label


def test_blocks_of_columns_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    fit = pa.asreml("y ~ gen", random="~ block + row", data=field(), trace=False)
    whole = wald(fit, denDF="default", kenadj="expected", trace=False)["Wald"]
    monkeypatch.setattr(kenward_roger, "WORKING_SET", 300)
    pieces = wald(fit, denDF="default", kenadj="expected")["Wald"]
    pd.testing.assert_frame_equal(pd.DataFrame(pieces), pd.DataFrame(whole))


def test_conditional_is_the_last_incremental() -> None:
    """Adjusted for everything else: the same test as in the model that has the term last."""
    data = field()
    first = wald(pa.asreml("y ~ gen + x", random="~ block", data=data, trace=False, exact=True), ssType="c", denDF="d")
    last = wald(pa.asreml("y ~ x + gen", random="~ block", data=data, trace=False, exact=True), denDF="d")
    assert first.Wald.loc["gen", "F.con"] == pytest.approx(last.Wald.loc["gen", "F.inc"])
    assert first.Wald.loc["gen", "denDF"] == last.Wald.loc["gen", "denDF"]
    assert first.Wald.loc["gen", "Pr"] == pytest.approx(last.Wald.loc["gen", "Pr"], rel=1e-6)


def beets() -> pd.DataFrame:
    """Sugar beets: Halekoh & Højsgaard (2014), Journal of Statistical Software 59(10), section 2."""
    plots = [(1, 1, "34521"), (2, 2, "32451"), (1, 3, "52341"), (2, 1, "21543"), (1, 2, "41325"), (2, 3, "14325")]
    percent = [
        *(17.1, 16.9, 16.6, 17.0, 17.0, 17.0, 17.0, 16.7, 16.4, 16.8, 16.6, 16.9, 17.1, 16.8, 16.9),
        *(17.0, 16.8, 16.5, 16.7, 17.0, 16.8, 16.9, 17.0, 17.0, 16.5, 16.7, 16.6, 16.9, 16.9, 16.4),
    ]
    rows = [(f"harv{h}", f"block{b}", f"sow{s}") for h, b, order in plots for s in order]
    return pd.DataFrame(rows, columns=["harvest", "block", "sow"]).assign(sugpct=percent)


def test_pbkrtest_published() -> None:
    """``KRmodcomp`` in the paper: harvest 15.21 on 1 and 2.00 degrees of freedom, p 0.0599; sow 101 on 4 and 20."""
    fit = pa.asreml("sugpct ~ block + sow + harvest", random="~ block:harvest", data=beets(), trace=False, exact=True)
    table = wald(fit, denDF="default", ssType="conditional", kenadj="expected").Wald
    assert (table.loc["harvest", "denDF"], table.loc["harvest", "F.con"]) == (2.0, 15.21)
    assert round(table.loc["harvest", "Pr"], 4) == 0.0599
    assert (table.loc["sow", "denDF"], table.loc["sow", "F.con"]) == (20.0, 101.0)


def test_pbkrtest_unbalanced() -> None:
    """pbkrtest 0.5.2 on lme4's fit without records 1, 2, 7, 13 and 22: it uses the expected information."""
    data = beets().drop(index=[0, 1, 6, 12, 21])
    fit = pa.asreml("sugpct ~ block + sow + harvest", random="~ block:harvest", data=data, trace=False, exact=True)
    sparse = KenwardRoger(fit.engine, fit.estimates.theta, fit.estimates.codes, "expected")
    at = {t.label: (t.first, t.first + t.rank) for t in fit.engine.design.fixed_terms}
    for label, F, df in (("harvest", 23.6453766, 2.065921115), ("sow", 83.46409686, 15.41189399)):
        got = sparse.test(contrast(sparse.phi, sparse.tau, np.arange(*at[label]), np.zeros(0, np.int64)))
        assert got.den_df == pytest.approx(df, rel=1e-4)
        assert got.F == pytest.approx(F, rel=1e-4)
