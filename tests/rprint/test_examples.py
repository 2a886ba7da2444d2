"""The examples in docstrings."""

import doctest
import importlib

import pytest

MODULES = [
    *(f"pyasreml.rprint.{m}" for m in ("attributes", "lists", "lucid", "numbers", "pvalues", "tables", "trace_lines")),
    "pyasreml.rprint.values",
    "pyasreml.rprint.vectors",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted and not result.failed
