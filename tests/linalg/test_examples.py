"""The examples in the docstrings."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize("name", ["backends", "pattern", "rank", "sparse"])
def test_examples(name: str) -> None:
    module = importlib.import_module(f"pyasreml.linalg.{name}")
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0
