"""What the benchmarks make of their measurements."""

from __future__ import annotations

import math

import pytest

from benchmarks.designs import CASES
from benchmarks.results import exponent, exponents, merged, ratios
from benchmarks.runner import HEADING, line, sizes, unknown

RECORD = {
    "case": "insteval",
    "size": "full",
    "records": 73421,
    "fit": {"cpu": 2.0, "wall": 2.5, "iteration": 0.3, "iterations": 6, "peak": 5e7, "memory": {}},
    "exact": {"cpu": 1.0, "loglik": -100.0, "nedf": 10},
    "cholmod": {"cpu": 0.1, "order": "amd", "equations": 4000},
    "peers": {
        "lme4": {"cpu": 5.0, "loglik": -100.0 - 5 * math.log(2 * math.pi), "version": "1", "peak": 1e8},
        "glmmTMB": {"cpu": 50.0, "loglik": -200.0, "version": "1", "peak": 1e8},
    },
}


def test_ratios_compare_like_with_like():
    found = ratios(RECORD)
    assert found.cholmod == pytest.approx(3.0)
    assert found.peers == {"lme4": 5.0, "glmmTMB": 50.0}
    assert found.fastest == "lme4"
    assert found.gain == pytest.approx(0.0, abs=1e-12)  # the constant that asreml leaves out is taken into account
    assert found.lapack is None and found.published is None


def test_published_walls_are_counted_less_the_start():
    record = {"case": "iid", "size": "full", "records": 16000, "fit": {"cpu": 0.55, "wall": 0.9, "iteration": 0.1}}
    assert ratios(record).published == pytest.approx((5.8 - 4.7) / 0.55)
    assert ratios({**record, "threads": 2}).published == pytest.approx((5.8 - 4.7) / 0.9)


def test_a_failed_measurement_gives_no_ratio():
    record = {**RECORD, "exact": {"error": "MemoryError"}, "peers": {"lme4": {"error": "not done"}}}
    found = ratios(record)
    assert found.peers == {} and found.gain is None and found.fastest is None
    assert "lme4 not done" in line(record)


def test_exponent_is_the_slope_on_logarithmic_scales():
    assert exponent([10, 100, 1000], [2e-3, 2e-1, 2e1]) == pytest.approx(2.0)
    assert exponent([10, 100, 1000], [1e-3, 1.0, 10.0], least=0.1) == pytest.approx(1.0)
    assert exponent([10, 10], [1.0, 2.0]) is None


def test_exponents_by_case():
    records = [
        {**RECORD, "size": size, "records": n, "fit": {**RECORD["fit"], "cpu": n / 1e3, "peak": n * n}}
        for size, n in (("small", 4000), ("full", 16000))
    ]
    found = exponents(records)["insteval"]
    assert found["fit"] == pytest.approx(1.0) and found["memory"] == pytest.approx(2.0)


def test_new_records_replace_old_ones_of_the_same_case_and_size():
    old = [{**RECORD, "records": 1}, {**RECORD, "case": "oats", "size": "small"}, {**RECORD, "case": "gone"}]
    found = merged(old, [RECORD])
    assert [(r["case"], r["records"]) for r in found] == [("oats", 73421), ("insteval", 73421)]


def test_sizes_up_to_the_largest_asked_for():
    assert list(sizes(CASES["iid"], "small")) == ["tiny", "small"]
    assert list(sizes(CASES["animals_refused"], "medium")) == []
    assert unknown(["oats", "barley"]) == ["barley"]


def test_a_line_has_the_columns_of_the_heading():
    text = line(RECORD)
    assert "iteration = 3.00 CHOLMOD" in text and "lme4 5.0 x" in text and "logL" in text
    assert len(HEADING.split()) == 8
