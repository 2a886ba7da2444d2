"""Relationship matrices of markers against their formulas, and the single-step inverse against the matrix itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from pyasreml.data.genomic import relationships
from tests.data.tabular import dense, frame, random_pedigree, tabular

RNG = np.random.default_rng(11)
MARKERS = pd.DataFrame(RNG.binomial(2, RNG.uniform(0.1, 0.9, 60), (15, 60)), index=[f"i{k}" for k in range(5, 20)])
PED = random_pedigree(np.random.default_rng(12), 20)
A = tabular(PED.first, PED.second)
GINV = pa.ainverse(frame(PED))


def test_both_methods() -> None:
    m = MARKERS.to_numpy(float)
    p = m.mean(axis=0) / 2
    keep = (p > 0) & (p < 1)
    m, p = m[:, keep], p[keep]
    z = m - 2 * p
    first = pa.grm_vanraden(MARKERS)
    np.testing.assert_allclose(first, z @ z.T / (2 * p * (1 - p)).sum(), atol=1e-12)
    second = pa.grm_vanraden(MARKERS, method=2)
    np.testing.assert_allclose(second, (z / (2 * p * (1 - p))) @ z.T / len(p), atol=1e-12)
    assert list(first.index) == list(first.columns) == list(MARKERS.index)


def test_missing_counts_are_means_and_frequencies_may_be_given() -> None:
    holed = MARKERS.astype(float)
    holed.iloc[3, 4] = np.nan
    filled = holed.fillna(holed.mean())
    np.testing.assert_allclose(pa.grm_vanraden(holed), pa.grm_vanraden(filled), atol=1e-12)
    half = pa.grm_vanraden(MARKERS.to_numpy(), frequencies=np.full(60, 0.5))
    z = MARKERS.to_numpy() - 1.0
    np.testing.assert_allclose(half, z @ z.T / 30, atol=1e-12)
    assert list(half.index[:2]) == ["1", "2"]


def test_block_of_a_and_blending() -> None:
    block = relationships(GINV, MARKERS.index)
    np.testing.assert_allclose(block, A[5:, 5:], atol=1e-9)
    g = pa.grm_vanraden(MARKERS)
    expected = 0.9 * g.to_numpy() + 0.1 * A[5:, 5:]
    whole = pd.DataFrame(A, index=GINV.attrs["rowNames"], columns=GINV.attrs["rowNames"])
    for pedigree in (GINV, whole):
        np.testing.assert_allclose(pa.blend(g, pedigree, weight=0.1), expected, atol=1e-9)
    np.testing.assert_allclose(pa.blend(g, weight=0.1), 0.9 * g + 0.1 * np.eye(15), atol=1e-12)
    tuned = pa.blend(g, GINV, weight=0.0, tune=True).to_numpy()
    off = ~np.eye(15, dtype=bool)
    np.testing.assert_allclose(np.diagonal(tuned).mean(), np.diagonal(A[5:, 5:]).mean())
    np.testing.assert_allclose(tuned[off].mean(), A[5:, 5:][off].mean())


def test_single_step() -> None:
    g = pa.blend(pa.grm_vanraden(MARKERS), GINV, weight=0.2)
    h = pa.single_step(GINV, g.iloc[::-1, ::-1])
    a22 = np.linalg.inv(A[5:, 5:])
    regress = A[:5, 5:] @ a22
    expected = A.copy()
    expected[5:, 5:] = g
    expected[:5, 5:] = regress @ g.to_numpy()
    expected[5:, :5] = expected[:5, 5:].T
    expected[:5, :5] += regress @ (g.to_numpy() - A[5:, 5:]) @ regress.T
    np.testing.assert_allclose(np.linalg.inv(dense(h)), expected, atol=1e-8)
    scaled = dense(pa.single_step(GINV, g, tau=0.9, omega=0.7))
    np.testing.assert_allclose(scaled[5:, 5:], np.linalg.inv(A)[5:, 5:] + 0.9 * np.linalg.inv(g) - 0.7 * a22, atol=1e-8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pa.grm_vanraden([[0, 1], [3, 1]]), "'2' has 3 in column 1"),
        (lambda: pa.grm_vanraden([[1, 1], [1, 1]], frequencies=[0.5]), "2 numbers from 0 to 1"),
        (lambda: pa.grm_vanraden([[0, 0], [0, 0]]), "no marker is polymorphic"),
        (lambda: pa.grm_vanraden([[0, 1]], method=3), "methods are 1 and 2"),
        (lambda: pa.grm_vanraden([[0, 1]], names=["a", "b"]), "2 names for 1 rows"),
        (lambda: pa.blend(pa.grm_vanraden(MARKERS), GINV, weight=2), "weight = 2"),
        (lambda: pa.blend(GINV), "not an inverse"),
        (lambda: pa.single_step(GINV, pa.blend(pa.grm_vanraden(MARKERS.rename({"i7": "x"})))), "have no row: 'x'"),
        (lambda: pa.single_step(GINV, pa.grm_vanraden(MARKERS)), "singular"),
    ],
)
def test_messages(call: object, message: str) -> None:
    with pytest.raises(pa.AsremlError, match=message):
        call()  # type: ignore[operator]
