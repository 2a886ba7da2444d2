"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyasreml.options import reset_options

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of documented cases and their data, which lies beside a checkout and is never part of it."""
    folder = Path(os.environ.get("PYASREML_SHARED", ROOT.parent / "shared"))
    if not (folder / "cases").is_dir():
        pytest.skip("the documented cases (folder ../shared, or PYASREML_SHARED) are not here")
    return folder


@pytest.fixture(autouse=True)
def _default_options() -> Iterator[None]:
    """Every test starts from the default options and leaves none behind."""
    reset_options()
    yield
    reset_options()
