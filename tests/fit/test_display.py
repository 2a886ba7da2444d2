"""What a fit prints: the call in R's lines (calls.txt by calls.R), the text and the HTML."""

from pathlib import Path

import pytest

from pyasreml.fit.call_text import CallText
from pyasreml.fit.display import fit_html, fit_text
from tests.fit.saved import small_fit

BLOCKS = (Path(__file__).parent / "calls.txt").read_text(encoding="utf-8").split("## ")[1:]


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_call_as_r_prints_it(block: str) -> None:
    call, printed = block.split("\n", 1)
    assert CallText(call).format_r() + "\n" == printed


def test_a_call_that_is_no_r_text_is_shown_as_it_is() -> None:
    assert CallText("asreml(a ~ ,, b").format_r() == "asreml(a ~ ,, b"


def test_text() -> None:
    assert fit_text(small_fit()) == (
        "asreml(fixed = y ~ trt, random = ~block, data = dat)\n"
        "\n"
        "REML log-likelihood: -19.25559\n"
        "Residual variance:   2.000000\n"
        "Residual df:         16\n"
        "Iterations:          2, converged (gamma parameterisation)\n"
        "\n"
        "Variance components\n"
        "        component std.error  z.ratio bound %ch\n"
        "block           1  0.736546 1.357688     P 0.1\n"
        "units!R         2  0.500000 4.000000     P 0.0"
    )


def test_text_of_a_sigma_fit_that_did_not_converge() -> None:
    text = fit_text(small_fit(gamma=False, sigma2=1.0, converge=False))
    assert "Residual scale:      1\n" in text
    assert "not converged (sigma parameterisation)" in text


def test_html() -> None:
    page = fit_html(small_fit(call="asreml(fixed = y ~ a, subset = x < 3)"))
    assert "x &lt; 3" in page and "units!R" in page and "REML log-likelihood" in page
