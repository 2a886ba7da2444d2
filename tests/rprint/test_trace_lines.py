"""Trace lines in the layout that asreml 4.2 prints."""

from datetime import datetime

import pytest

from pyasreml.rprint import trace_header, trace_line
from pyasreml.rprint.trace_lines import seven_digits


@pytest.mark.parametrize(
    "text",
    ["-366.2039", "-364.8830", "-3832.413", "10548.07", "175.6047", "74463.85", "192.4790", "0.0588101", "-118638.9"],
)
def test_seven_digits(text: str) -> None:
    assert seven_digits(float(text)) == text


def test_very_large_and_small() -> None:
    assert seven_digits(12345678.9) == "1.234568e+07"
    assert seven_digits(9999999.6) == "1.000000e+07"
    assert seven_digits(1e-9) == "1.000000e-09"
    assert seven_digits(0.0) == "0.000000"
    assert seven_digits(float("nan")) == "NA"


def test_header() -> None:
    when = datetime(2026, 8, 29, 9, 36, 38)
    first, second = trace_header("0.1.0", when).splitlines()
    assert first == "pyasreml 0.1.0 29/08/2026 09:36:38"
    assert second == "          LogLik        Sigma2     DF     wall"


def test_lines() -> None:
    assert trace_line(2, 10548.07, None, 38450, "11:38:24", 2) == (
        " 2      10548.07           1.0  38450   11:38:24  (  2 restrained)"
    )
    assert trace_line(10, -3641.198, None, 1146, datetime(2026, 8, 29, 9, 36, 38), 0) == (
        "10     -3641.198           1.0   1146   09:36:38"
    )
    assert trace_line(2, -855.0716, 74463.88, 136, "18:33:22") == " 2     -855.0716      74463.88    136   18:33:22"
