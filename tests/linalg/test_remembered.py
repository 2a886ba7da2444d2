"""An analysis in use is found again by its pattern; nothing is kept once it is not."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import pyasreml as pa
from pyasreml.demo.oats import oats
from pyasreml.linalg import analyze, build_pattern
from pyasreml.linalg.remembered import _in_use


def pattern(n: int = 5, extra: int = 0):
    return build_pattern(n, [*range(1, n), n - 1], [*range(n - 1), extra])[0]


def test_the_same_pattern_is_analysed_once() -> None:
    one = analyze(pattern())
    assert analyze(pattern()) is one
    assert analyze(pattern(extra=1)) is not one
    assert analyze(pattern(), last=[2]) is not one
    assert analyze(pattern(), order="amd") is not one
    assert analyze(pattern(), order=np.arange(5)) is not one
    assert analyze(pattern(), coordinates=np.zeros((5, 1))) is not one


def test_nothing_is_kept_alive() -> None:
    gc.collect()
    before = len(_in_use)
    one = analyze(pattern(7))
    assert len(_in_use) == before + 1
    del one
    gc.collect()
    assert len(_in_use) == before


def test_a_matrix_of_no_equations() -> None:
    empty, _ = build_pattern(0, [], [])
    one = analyze(empty)
    assert analyze(empty) is one


def test_two_models_on_one_analysis_have_their_own_values() -> None:
    p = pattern()
    one, other = analyze(p).numeric(), analyze(p).numeric()
    for num, scale in ((one, 4.0), (other, 9.0)):
        diagonal = p.indices == p.columns
        num.set_entries(np.arange(p.nnz), np.zeros(p.nnz, np.int32), np.where(diagonal, 1.0, 0.0))
        num.assemble(np.array([scale]))
        num.factor()
    assert one.logdet() == pytest.approx(5 * np.log(4.0))
    assert other.logdet() == pytest.approx(5 * np.log(9.0))


def test_update_takes_the_analysis_over() -> None:
    fit = pa.asreml("yield ~ Variety*Nitrogen", random="~ Blocks/Wplots", data=oats(), trace=False)
    again = pa.update(fit)
    assert again.engine.equations.analysis is fit.engine.equations.analysis
