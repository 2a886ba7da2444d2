"""What a fit is predicted to take, what it took, and the refusal before it takes it."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from pyasreml.errors import WorkspaceError
from pyasreml.fit import memory
from pyasreml.linalg import analyze, build_pattern
from pyasreml.mme.equations import Equations
from pyasreml.mme.forms import choose_form

QUIET = {"trace": False}


@pytest.fixture(scope="module")
def crossed() -> pd.DataFrame:
    random = np.random.default_rng(4)
    a, b = random.integers(0, 300, 3000), random.integers(0, 300, 3000)
    y = random.normal(0, 1, 300)[a] + random.normal(0, 1, 300)[b] + random.normal(0, 1, 3000)
    return pd.DataFrame({"a": pd.Categorical(a), "b": pd.Categorical(b), "y": y})


def test_the_figures_of_a_fit(crossed):
    fit = pa.asreml("y ~ 1", random="~ a + b", data=crossed, **QUIET)
    assert set(fit.memory) == {"predicted", "used", "workspace", "factor", "nonzeros", "flops"}
    # half of C's 601 columns fill in: the factor, its inverse and the fronts
    assert 8 * 2 * fit.memory["nonzeros"] <= fit.memory["factor"] < fit.memory["workspace"] <= 5e7
    assert fit.memory["flops"] > 300**3 / 3
    assert sum(fit.timings.values()) > 0 and list(fit.timings)[-1] == "report"


def test_a_small_workspace_is_refused_with_the_figures_and_what_to_write(crossed):
    with pytest.raises(WorkspaceError, match=r"needs \d.* MB of workspace, workspace = '1mb' allows") as caught:
        pa.asreml("y ~ 1", random="~ a + b", data=crossed, workspace="1mb", **QUIET)
    text = str(caught.value)
    assert "601 equations" in text and "multiply-adds to factor once" in text and "non-zeros" in text
    enough = re.search(r"write workspace = '(\d+mb)'", text)
    fit = pa.asreml("y ~ 1", random="~ a + b", data=crossed, workspace=enough[1], **QUIET)
    assert fit.converge


def test_the_default_workspace_refuses_nothing_that_the_machine_has(crossed, monkeypatch):
    monkeypatch.setattr(memory, "ALWAYS_ALLOWED", 0)
    assert pa.asreml("y ~ 1", random="~ a + b", data=crossed, **QUIET).converge
    monkeypatch.setattr(memory, "available_bytes", lambda: 1e6)
    with pytest.raises(WorkspaceError, match="the machine has 976.6 kB free: leave out terms"):
        pa.asreml("y ~ 1", random="~ a + b", data=crossed, **QUIET)


def test_nothing_of_the_size_of_the_factor_is_made_before_the_refusal(crossed, monkeypatch):
    made = []
    monkeypatch.setattr(Equations, "numeric", property(lambda self: made.append(self)))
    with pytest.raises(WorkspaceError):
        pa.asreml("y ~ 1", random="~ a + b", data=crossed, workspace="1mb", **QUIET)
    assert not made


@pytest.mark.parametrize("solver", ["own", "cholmod"])
def test_the_sizes_are_known_before_the_lists(solver):
    if solver == "cholmod":
        pytest.importorskip("sksparse")
    rows, cols = np.tril_indices(40)
    pattern, _ = build_pattern(40, rows, cols)
    seen = []

    def check(analysis):
        seen.append((analysis.n, analysis.bytes, analysis.list_bytes, analysis.nnz, analysis.flops))

    analysis = analyze(pattern, solver=solver, check=check)
    assert seen == [(40, analysis.bytes, analysis.list_bytes, 820.0, analysis.flops)]

    def refuse(analysis):
        raise WorkspaceError("too much")

    with pytest.raises(WorkspaceError, match="too much"):
        analyze(pattern, solver=solver, check=refuse)


def test_the_form_that_fits_is_taken():
    random = np.random.default_rng(7)
    site, gen = np.repeat(np.arange(6), 20), np.tile(np.arange(20), 6)
    frame = pd.DataFrame({"site": pd.Categorical(site), "gen": pd.Categorical(gen), "y": random.normal(0, 1, 120)})
    fit = pa.asreml("y ~ site", random="~ fa(site, 1):gen", data=frame, maxit=1, **QUIET)
    variance = fit.engine.variance
    tried = []

    def make(whitened, bad):
        tried.append(whitened)
        if (whitened[0] is not None) in bad:
            raise WorkspaceError("too much")
        return fit.engine._make(whitened)

    assert choose_form(variance, lambda w: make(w, {False}), False).whitening is not None
    assert choose_form(variance, lambda w: make(w, {True}), False).whitening is None
    assert len(tried) == 4
    with pytest.raises(WorkspaceError):
        choose_form(variance, lambda w: make(w, {True, False}), False)


def test_memory_that_runs_out_after_all_is_told(crossed, monkeypatch):
    def invert(self):
        raise MemoryError("std::bad_alloc")

    monkeypatch.setattr("pyasreml.reml.likeness.Likeness.run", invert)
    with pytest.raises(WorkspaceError, match="memory ran out .*; the machine has"):
        pa.asreml("y ~ 1", random="~ a + b", data=crossed, **QUIET)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="resident memory is read from /proc")
def test_the_meter_sees_what_is_held_and_what_was_held():
    meter = memory.Meter()
    block = np.ones(12_000_000)
    assert meter.look() > 9e7
    del block
    assert meter.bytes() > 9e7


PROGRAM = """
import json, pyasreml as pa
from benchmarks.designs.pedigrees import animals
pa.asreml("y ~ 1", data={"y": [1.0, 2.0, 4.0]}, trace=False)
design = animals(20_000, region_size=0)
fit = pa.asreml(**design.arguments, data=design.frame, trace=False, maxit=4)
print(json.dumps(fit.memory))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="resident memory is read from /proc")
def test_the_prediction_is_near_what_is_used():
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", PROGRAM], capture_output=True, text=True, check=True)
    found = json.loads(ran.stdout)
    assert 0.6 * found["used"] < found["predicted"] < 1.7 * found["used"]
