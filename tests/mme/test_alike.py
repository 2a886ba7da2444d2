"""Leaves that are summed give the average information of leaves one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from pyasreml.mme import sensitivity
from pyasreml.mme.equations import Equations
from pyasreml.mme.sensitivity import Sensitivity
from pyasreml.reml.evaluate import evaluate

pytestmark = pytest.mark.filterwarnings("ignore::pyasreml.AsremlWarning")

GENOTYPES = 40
BY_SITE = "~ dsum(~ units | site)"


def sites(lost: int = 0) -> pd.DataFrame:
    """Three sites, two replicates; `lost` records are missing."""
    rng = np.random.default_rng(8)
    site, rep, gen = (x.ravel() for x in np.meshgrid(range(3), range(2), np.arange(GENOTYPES), indexing="ij"))
    u = rng.normal(size=(GENOTYPES, 3)) @ rng.normal(size=(3, 3))
    frame = pd.DataFrame({"y": 4 + u[gen, site] + rng.normal(size=site.size) * (1 + site)})
    for name, code in {"site": site, "rep": rep, "gen": gen}.items():
        frame[name] = pd.Categorical([f"{name}{c:02d}" for c in code])
    frame.loc[rng.choice(len(frame), lost, replace=False), "y"] = np.nan
    return frame.iloc[rng.permutation(len(frame))].reset_index(drop=True)


def traits() -> pd.DataFrame:
    rng = np.random.default_rng(9)
    family = np.arange(3 * GENOTYPES) % GENOTYPES
    u = rng.normal(size=(GENOTYPES, 4)) @ rng.normal(size=(4, 4))
    e = rng.normal(size=(family.size, 4)) @ rng.normal(size=(4, 4))
    frame = pd.DataFrame(u[family] + e, columns=["y1", "y2", "y3", "y4"])
    frame["family"] = pd.Categorical([f"f{i:02d}" for i in family])
    return frame


MODELS: dict[str, dict[str, Any]] = {
    "us": dict(fixed="y ~ site:rep", random="~ us(site):gen", residual=BY_SITE),
    "us, some lost": dict(fixed="y ~ site", random="~ us(site):gen", residual=BY_SITE, data=sites(12)),
    "us, one residual": dict(fixed="y ~ site", random="~ us(site):gen"),
    "us, another term": dict(fixed="y ~ site", random="~ us(site):gen + site:rep", residual=BY_SITE),
    "fa": dict(fixed="y ~ site:rep", random="~ fa(site, 1):gen", residual=BY_SITE),
    "fa, some lost": dict(fixed="y ~ site", random="~ fa(site, 1):gen", residual=BY_SITE, data=sites(12)),
    "fa, another term": dict(fixed="y ~ site", random="~ fa(site, 1):gen + site:rep", residual=BY_SITE),
    "fa, one residual": dict(fixed="y ~ site", random="~ fa(site, 2):gen"),
    "two factored": dict(fixed="y ~ 1", random="~ fa(site, 1):gen + fa(rep, 1):gen", residual=BY_SITE),
    "traits": dict(
        fixed="cbind(y1, y2, y3, y4) ~ trait",
        random="~ us(trait):family",
        residual="~ id(units):us(trait)",
        data=traits(),
    ),
}


def information(eq: Equations) -> tuple[np.ndarray, Sensitivity]:
    table = eq.variance.parameters
    free = np.array([c != "F" for c in table.codes])
    theta = np.where(free & (np.arange(len(table)) != table.sigma2), 1.05 * table.start, table.start)
    eq.sensitivities.clear()
    ai = evaluate(eq, theta, free).ai
    (found,) = set(eq.sensitivities.values())
    scale = np.sqrt(np.maximum(np.diagonal(ai), 1e-300))
    return ai / np.outer(scale, scale), found


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("name", list(MODELS))
def test_sums_of_leaves(name: str, exact: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = pa.asreml(**{"data": sites(), **MODELS[name]}, maxit=1, exact=exact, ai_sing=True, fail="soft", trace=False)
    eq = fit.engine.equations
    summed, found = information(eq)
    assert found._alike is not None
    share = float(found._alike.unknowns.mean())
    assert share > (0.4 if "lost" in name else 0.6)
    monkeypatch.setattr(sensitivity, "alike_leaves", lambda *_: None)
    alone, plain = information(eq)
    assert plain._alike is None
    assert found._ranges.size < plain._ranges.size
    np.testing.assert_allclose(summed, alone, rtol=0, atol=1e-11)
