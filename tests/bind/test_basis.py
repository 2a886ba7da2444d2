"""lin(), spl() and dev(): against the smoothing spline's own definition, and published fits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.interpolate import CubicSpline

from pyasreml.bind import bind
from pyasreml.bind.basis import DeviationCoding, design_points, level_values, spline_coding
from pyasreml.design import effect_names, term_block
from pyasreml.errors import FormulaError, ModelError, UnsupportedError
from pyasreml.linalg import Csr
from pyasreml.model import model_spec


def dense(block: Csr) -> np.ndarray:
    out = np.zeros((block.n_rows, block.n_cols))
    out[np.repeat(np.arange(block.n_rows), np.diff(block.indptr)), block.indices] = block.data
    return out


def test_covariance_is_the_smoothing_splines() -> None:
    """ZZ' is the generalised inverse of the roughness penalty Q R^-1 Q', on the range scaled to 9."""
    x = np.array([0.0, 1.0, 2.5, 4.0, 4.5, 7.0, 10.0])
    coding = spline_coding("spl(x)", "x", np.repeat(x, 3))
    z = coding.rows(x)
    t = x * 9 / 10
    fine = np.linspace(0, 9, 90_001)
    natural = CubicSpline(t, np.eye(len(t)), bc_type="natural")
    bend = natural(fine, 2)
    penalty = np.trapezoid(bend[:, :, None] * bend[:, None, :], fine, axis=0)
    np.testing.assert_allclose(z @ z.T, np.linalg.pinv(penalty, rcond=1e-6, hermitian=True), atol=1e-5)
    assert coding.width == 5
    assert coding.names == tuple(f"spl(x)_{i}" for i in range(1, 6))


def test_between_and_beyond_knots_it_is_the_natural_spline() -> None:
    coding = spline_coding("spl(x, k = 6)", "x", np.arange(31.0), k=6)
    np.testing.assert_allclose(coding.knots, [0, 6, 12, 18, 24, 30])
    at = np.array([0.0, 0.3, 5.9, 6.0, 17.2, 29.99, 30.0])
    want = CubicSpline(coding.knots, coding.at_knots, bc_type="natural")
    np.testing.assert_allclose(coding.rows(at), want(at), atol=1e-12)
    ends = want(np.array([0.0, 30.0]))
    slopes = want(np.array([0.0, 30.0]), 1)
    np.testing.assert_allclose(
        coding.rows(np.array([-2.0, 34.0])), ends + np.array([[-2.0], [4.0]]) * slopes, atol=1e-12
    )


def test_scale_does_not_depend_on_units() -> None:
    x = np.array([1.0, 2.0, 4.0, 8.0, 9.0])
    one = spline_coding("s", "x", x).rows(x)
    np.testing.assert_allclose(spline_coding("s", "x", 100 * x + 3).rows(100 * x + 3), one, atol=1e-12)


def test_knots() -> None:
    many = np.linspace(0, 1, 200)
    assert len(spline_coding("s", "x", many).knots) == 50
    assert len(spline_coding("s", "x", many, k=7).knots) == 7
    assert spline_coding("s", "x", many, knots=[0.0, 0.5, 1.0]).width == 1
    assert len(spline_coding("s", "x", np.arange(4.0), k=6).knots) == 6
    np.testing.assert_array_equal(design_points("x", np.array([0.0, 1e-5, 0.5, np.nan, 1.0])), [0.0, 0.5, 1.0])
    with pytest.raises(ModelError, match="has 2 points"):
        spline_coding("spl(x)", "x", np.array([1.0, 2.0, 2.0]))


def test_deviations() -> None:
    coding = DeviationCoding.of("dev(x)", "x", np.array([2.0, 0.5, 2.0, 7.0]))
    rows = dense(coding.block({"x": np.array([7.0, 0.5, 3.0, np.nan, 8.0])}, 5))
    np.testing.assert_array_equal(rows, [[0, 0, 1], [1, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]])
    assert coding.names == ("dev(x)_1", "dev(x)_2", "dev(x)_3")


def test_levels_that_read_as_numbers() -> None:
    np.testing.assert_array_equal(level_values(["0", "0.2", "-3"]), [0, 0.2, -3])
    np.testing.assert_array_equal(level_values(["a", "2"]), [1, 2])


@pytest.fixture
def data() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    return pd.DataFrame(
        {
            "y": rng.normal(size=24),
            "x": np.tile(np.arange(6.0), 4),
            "f": pd.Categorical(np.tile(["0", "10", "20", "30", "40", "50"], 4)),
            "g": np.repeat(list("abcd"), 6),
        }
    )


def test_in_formulas(data: pd.DataFrame) -> None:
    random = "~ spl(x) + g:spl(x) + dev(x) + spl(f) + at(g, 'b'):spl(x, k = 4) + g:lin(x)"
    bound = bind(model_spec("y ~ lin(x) + lin(f):g", random=random), data)
    assert [(term.label, term.size) for term in bound.random] == [
        ("spl(x)", 4),
        ("g:spl(x)", 16),
        ("dev(x)", 6),
        ("spl(f)", 4),
        ("at(g, 'b'):spl(x, k = 4)", 2),
        ("g:lin(x)", 4),
    ]
    assert [[call.name for call in term.structures] for term in bound.random[:2]] == [["id"], ["id", "id"]]
    assert effect_names(bound.fixed[2])[:2] == ["lin(f):g_a", "lin(f):g_b"]
    arrays = bound.frame.arrays
    np.testing.assert_array_equal(dense(term_block(bound.fixed[1].codings, arrays, 24))[:, 0], data.x)
    np.testing.assert_array_equal(dense(bound.fixed[2].codings[0].block(arrays, 24))[:, 0], 10 * data.x)
    np.testing.assert_allclose(
        dense(bound.random[0].codings[0].block(arrays, 24)), dense(bound.random[3].codings[0].block(arrays, 24))
    )


def test_knot_points(data: pd.DataFrame) -> None:
    bound = bind(model_spec("y ~ x", random="~ spl(x)"), data, knot_points={"x": [0, 1, 5]})
    assert bound.random[0].size == 1


@pytest.mark.parametrize(
    ("fixed", "random", "message"),
    [
        ("y ~ spl(x)", "~ g", "random formula"),
        ("y ~ dev(x)", "~ g", "random formula"),
        ("y ~ x", "~ dev(f)", "takes a covariate"),
        ("y ~ x", "~ spl(x^2)", "name of a column"),
        ("y ~ x", "~ spl(units)", "cannot take units"),
        ("y ~ x", "~ spl(x, k = 2.5)", "whole number"),
    ],
)
def test_errors(data: pd.DataFrame, fixed: str, random: str, message: str) -> None:
    with pytest.raises(FormulaError, match=message) as caught:
        bind(model_spec(fixed, random=random), data)
    assert "^" in str(caught.value)


def test_points_are_counted_as_missing() -> None:
    with pytest.raises(UnsupportedError, match=r"spl\(points=\)"):
        model_spec("y ~ x", random="~ spl(x, points = 1)")


@pytest.fixture
def crosses() -> pd.DataFrame:
    parents = [(m, f) for m in "abcd" for f in "abcd" if m != f]
    data = pd.DataFrame(parents, columns=["male", "female"])
    data["y"] = np.random.default_rng(4).normal(size=len(data))
    return data


def test_and_adds_to_the_term_before(crosses: pd.DataFrame) -> None:
    bound = bind(model_spec("y ~ 1", random="~ male + and(female, 0.5) + male:female"), crosses)
    assert [(term.label, term.size) for term in bound.random] == [("male", 4), ("male:female", 16)]
    assert effect_names(bound.random[0]) == [f"male_{level}" for level in "abcd"]
    z = dense(term_block(bound.random[0].codings, bound.frame.arrays, 12))
    want = np.array(
        [[(m == p) + 0.5 * (f == p) for p in "abcd"] for m, f in zip(crosses.male, crosses.female, strict=True)]
    )
    np.testing.assert_array_equal(z, want)


def test_and_needs_the_same_levels(crosses: pd.DataFrame) -> None:
    some = crosses[(crosses.male != "a") & (crosses.female != "d")]
    spec = model_spec("y ~ 1", random="~ male + and(female)")
    with pytest.raises(ModelError, match=r"same levels .*'a'.*equate_levels = \('male', 'female'\)"):
        bind(spec, some)
    (term,) = bind(spec, some, equate_levels=("male", "female")).random
    assert term.codings[0].levels == ("b", "c", "d", "a")


@pytest.mark.parametrize(
    ("random", "message"),
    [
        ("~ and(female)", "there is none"),
        ("~ male + and(female):male", "stands alone"),
        ("~ male:female + and(female)", "a factor alone before it"),
        ("~ male + and(y2)", "needs a factor"),
    ],
)
def test_and_errors(crosses: pd.DataFrame, random: str, message: str) -> None:
    with pytest.raises((FormulaError, ModelError), match=message):
        bind(model_spec("y ~ 1", random=random), crosses.assign(y2=crosses.y))
