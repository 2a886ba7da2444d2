"""Statements against R's own printout, stored beside them (printed/make.R makes it)."""

from __future__ import annotations

import io
import warnings
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from pyasreml.errors import AsremlError
from pyasreml.r import RError, Session
from pyasreml.syntax import deparse, parse_script

FOLDER = Path(__file__).parent / "printed"


def _lines() -> list[tuple[str, str]]:
    found = []
    for path in sorted(FOLDER.glob("*.Rout")):
        for block in ("\n" + path.read_text(encoding="utf-8")).split("\n> ")[1:]:
            line, _, printed = block.partition("\n")
            found.append((line, printed.rstrip("\n")))
    return found


@pytest.mark.parametrize(("line", "printed"), _lines())
def test_prints_as_r(line: str, printed: str) -> None:
    session = Session(echo=True)
    stream = io.StringIO()
    with redirect_stdout(stream), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for statement in parse_script(line).statements:
            try:
                session.eval(deparse(statement))
            except AsremlError as error:
                assert isinstance(error, RError)
                stream.write(f"Error: {error.message}\n")
    got = [text.rstrip() for text in stream.getvalue().rstrip("\n").split("\n")]
    assert got == [text.rstrip() for text in printed.split("\n")]
