"""The examples in the docstrings of the questions run and print what they say."""

import doctest
import importlib

import pytest

import pyasreml as pa

QUESTIONS = {
    "coef": ["coef"],
    "lrt": ["lrt"],
    "plots": ["plot"],
    "residuals": ["fitted", "residuals"],
    "strata": ["asv"],
    "summary": ["summary"],
    "tables": ["vc", "tr"],
    "tidy": ["tidy", "glance", "augment"],
    "vpredict": ["vpredict"],
}


@pytest.mark.parametrize("module", QUESTIONS)
def test_examples(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if module == "plots":
        pytest.importorskip("matplotlib")
    loaded = importlib.import_module(f"pyasreml.fit.{module}")
    for name in QUESTIONS[module]:
        monkeypatch.setattr(pa, name, getattr(loaded, name), raising=False)
    result = doctest.testmod(loaded)
    assert result.attempted and not result.failed
