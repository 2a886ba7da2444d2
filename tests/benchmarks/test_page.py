"""The page is written from results, failed and partial ones too."""

from __future__ import annotations

import pytest

from benchmarks.page import write_page

FIT = {"cpu": 0.5, "wall": 0.6, "iteration": 0.05, "iterations": 7, "converged": True, "peak": 5e7, "loglik": -10.0,
       "nedf": 5, "memory": {"predicted": 6e7}}  # fmt: skip
RECORDS = [
    {"case": "insteval", "size": "full", "records": 73421, "dgemm": 50.0, "fit": FIT, "exact": FIT,
     "cholmod": {"cpu": 0.02, "order": "metis", "equations": 4130},
     "peers": {"lme4": {"cpu": 5.0, "loglik": -14.6, "version": "1.1", "peak": 2e8}, "glmmTMB": {"error": "not done"}}},
    {"case": "animals_refused", "size": "full", "records": 10**6, "dgemm": 50.0,
     "fit": {"error": "WorkspaceError: needs 9.8 GB\nand 3.6e+12 multiply-adds"}},
    {"case": "grm", "size": "full", "records": 16000, "dgemm": 51.0, "fit": {**FIT, "converged": False}, "exact": FIT,
     "dense": {"cpu": 1.0, "order": 4000}},
    {"case": "gblup", "size": "full", "records": 6000, "dgemm": 51.0, "fit": FIT, "exact": FIT,
     "dense": {"cpu": 1.0, "order": 3000}},
]  # fmt: skip


def test_the_page_and_its_plots(tmp_path):
    pytest.importorskip("matplotlib")
    write_page({"pyasreml": "0", "processor": "a processor", "results": RECORDS}, tmp_path)
    text = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    assert "| insteval | full | 73,421 | 500 ms | 500 ms | 7 / 7 | 50 ms | 50 MB | 60 MB |" in text
    assert "CHOLMOD, metis, 4,130 equations | 20 ms | 2.50 | 3 |" in text
    assert "lme4 1.1 | 5 s | 500 ms | 10.0 (fastest)" in text and "| glmmTMB | not done |" in text
    assert "WorkspaceError: needs 9.8 GB; and 3.6e+12 multiply-adds" in text
    assert "| grm | 16,000 | 84.3 | 79.6 | 500 ms | 159.2 | 7 | 0.05 | 50 MB |" in text
    assert "gaston | 119 s | 500 ms | 238.0 (quoted)" in text
    for line in text.splitlines():
        if line.startswith("!["):
            assert (tmp_path / line.split("(")[1].rstrip(")")).stat().st_size > 5000


def test_no_results_give_a_page_too(tmp_path):
    pytest.importorskip("matplotlib")
    write_page({"results": []}, tmp_path)
    assert (tmp_path / "benchmarks.md").exists()
