"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of documented cases and their data, which lies beside a checkout and is never part of it."""
    folder = Path(os.environ.get("PYASREML_SHARED", ROOT.parent / "shared"))
    if not (folder / "cases").is_dir():
        pytest.skip("the documented cases (folder ../shared, or PYASREML_SHARED) are not here")
    return folder
