"""Functions of components: values, gradients, refusals."""

import numpy as np
import pytest

from pyasreml.errors import AsremlError, FormulaError
from pyasreml.fit.components import component_covariance, components
from pyasreml.fit.vpredict import vpredict
from tests.fit.saved import small_fit

EXPRESSIONS = {
    "V1/(V1+V2)": lambda v: v[0] / (v[0] + v[1]),
    "sqrt(V1)*V2^2 - -V2": lambda v: np.sqrt(v[0]) * v[1] ** 2 + v[1],
    "exp(-V1) + log(V2)/3": lambda v: np.exp(-v[0]) + np.log(v[1]) / 3,
    "(V1*4)^(V2/3)": lambda v: (v[0] * 4) ** (v[1] / 3),
    "abs(V1 - V2) + tanh(V1) - cos(V2) * pi": lambda v: abs(v[0] - v[1]) + np.tanh(v[0]) - np.cos(v[1]) * np.pi,
    "log10(V1 + 1) + log2(V2) + log1p(V1) + expm1(V1)": (
        lambda v: np.log10(v[0] + 1) + np.log2(v[1]) + np.log1p(v[0]) + np.expm1(v[0])
    ),
    "sin(V1) * tan(V1) + 1e2": lambda v: np.sin(v[0]) * np.tan(v[0]) + 100,
}


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_value_and_standard_error(text: str) -> None:
    fit = small_fit()
    v, function = components(fit), EXPRESSIONS[text]
    h = 1e-6
    gradient = np.array([(function(v + h * e) - function(v - h * e)) / (2 * h) for e in np.eye(2)])
    table = vpredict(fit, f"q ~ {text}")
    assert list(table.columns) == ["Estimate", "SE"] and list(table.index) == ["q"]
    assert table.loc["q", "Estimate"] == pytest.approx(function(v))
    assert table.loc["q", "SE"] == pytest.approx(np.sqrt(gradient @ component_covariance(fit) @ gradient), rel=1e-6)


def test_names_of_rows() -> None:
    fit = small_fit()
    by_number, by_name = vpredict(fit, "h2 ~ V1/(V1+V2)"), vpredict(fit, "h2 ~ block/(block + `units!R`)")
    assert by_number.equals(by_name)
    assert list(vpredict(fit, "~ V1").index) == ["V1"]
    assert list(vpredict(fit, "V1 ~ V1/V2").index) == ["V1"]


def test_printed() -> None:
    assert str(vpredict(small_fit(), "h2 ~ V1/(V1+V2)")) == "    Estimate        SE\nh2 0.3333333 0.1777778"


@pytest.mark.parametrize(
    ("formula", "message", "marked"),
    [
        ("h2 ~ V1/(V1+V3)", "V1 = block, V2 = units!R", "V3"),
        ("h2 ~ V0", "no component V0", "V0"),
        ("h2 ~ wrong(V1)", "can be used are sqrt", "wrong(V1)"),
        ("h2 ~ V1 > 2", "operator >", "V1 > 2"),
        ("h2 ~ 'V1'", "text 'V1'", "'V1'"),
        ("V1/(V1+V2)", "needs a '~'", "V1/(V1+V2)"),
        ("h2 ~ V1/", "", ""),
    ],
)
def test_refusals(formula: str, message: str, marked: str) -> None:
    with pytest.raises(FormulaError) as caught:
        vpredict(small_fit(), formula)
    assert message in str(caught.value) and "^" in str(caught.value)
    if marked:
        assert caught.value.span is not None
        start, end = caught.value.span
        assert formula[start:end] == marked


def test_needs_a_fit() -> None:
    with pytest.raises(AsremlError, match="vpredict"):
        vpredict({"a": 1}, "h ~ V1")
