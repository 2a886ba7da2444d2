"""Every row of the registry: derivatives, inverse, log-determinant, working variates and default starts."""

from __future__ import annotations

import numpy as np
import pytest

from pyasreml.bind.bound import StructureCall
from pyasreml.data.known import known_matrix
from pyasreml.errors import ModelError
from pyasreml.variance.base import NotFeasible, Structure
from pyasreml.variance.registry import CORRELATIONS, STRUCTURES, make_structure
from pyasreml.variance.starts import level_covariance, positive_definite

LEVELS = ("1", "3", "4.5", "5", "7", "10")
PLACES = np.array([[0, 0], [1, 0.2], [2.1, 0], [0, 1], [1, 1.5], [3, 2.2]], float)
PLANE = ("iexp", "igau", "ieuc", "aexp", "agau", "sph", "cir", "mtrn")

# correlation parameters inside the range of each model, to which v and h add variances
INSIDE = {
    "ar1": [-0.4],
    "ar2": [0.5, -0.3],
    "ar3": [0.4, -0.2, 0.25],
    "sar": [0.7],
    "sar2": [0.3, 0.2],
    "ma1": [0.6],
    "ma2": [0.5, -0.3],
    "arma": [0.6, -0.4],
    "cor": [-0.1],
    "corb": [0.4, 0.2],
    "corg": list(np.linspace(-0.25, 0.3, 15)),
    "exp": [0.6],
    "gau": [0.7],
    "lvr": [4.3],
    "iexp": [0.5],
    "igau": [0.6],
    "ieuc": [0.4],
    "sph": [2.7],
    "cir": [2.3],
    "aexp": [0.5, 0.7],
    "agau": [0.4, 0.6],
    "mtrn": [1.3, 0.8, 1.4, 0.3],
}


def _own(size: int, theta: np.ndarray) -> list[np.ndarray]:
    one = np.ones((size, size))
    return [theta[0] * np.eye(size) + theta[1] * one, np.eye(size), one]


def _known(size: int) -> dict[str, object]:
    """A relationship matrix with a sparse inverse, of a line of descent."""
    at = np.arange(size)
    return {"known": known_matrix("K", (0.5 ** np.abs(at[:, None] - at), LEVELS[:size]))}


def _call(name: str) -> StructureCall:
    base = name[:-1] if name[:-1] in CORRELATIONS and name[-1] in "vh" else name
    options: dict[str, object] = {}
    init = None
    if base == "mtrn":
        options = {"phi": (1.0, None), "nu": (0.5, None), "delta": (1.4, None), "alpha": (0.3, None)}
    if name == "own":
        options, init = {"fun": _own, "type": ("V", "C")}, (1.0, 0.2)
    if name == "vm":
        options = _known(len(LEVELS))
    return StructureCall(
        name,
        "Time",
        len(LEVELS),
        LEVELS,
        order=2 if base in ("corb", "ante", "chol", "cholc", "fa", "facv") else None,
        coordinates=PLACES if base in PLANE else None,
        options=options,
        init=init,
        text=f"{name}(Time)",
    )


def _theta(name: str, structure: Structure) -> np.ndarray:
    """Parameters away from the starts."""
    rng = np.random.default_rng(3)
    for base, inside in INSIDE.items():
        if name == base:
            return np.array(inside)
        if name == base + "v":
            return np.array([*inside, 2.5])
        if name == base + "h":
            return np.array([*inside, *rng.uniform(0.5, 3, len(LEVELS))])
    start = structure.starts(0.3, np.linspace(1, 4, len(LEVELS)))
    kinds = np.array([p.type for p in structure.parameters])
    free = np.array([p.code != "F" for p in structure.parameters], bool)
    change: np.ndarray = np.where(kinds == "V", 1 + 0.3 * rng.uniform(size=start.size), 1.0)
    return start * change + np.where((kinds != "V") & free, 0.05 * rng.uniform(-1, 1, start.size), 0.0)


def _difference(function, theta: np.ndarray, i: int) -> np.ndarray:
    h = 1e-4 * max(abs(theta[i]), 0.1)
    e = np.zeros(theta.size)
    e[i] = h
    near, far = function(theta + e) - function(theta - e), function(theta + 2 * e) - function(theta - 2 * e)
    return np.asarray((8 * near - far) / (12 * h))


def _dense(structure: Structure, c: np.ndarray) -> np.ndarray:
    full = structure.entries().full()
    out = np.zeros((structure.size, structure.size))
    np.add.at(out, (full.row, full.col), full.value * c[full.basis])
    return out


NAMES = [name for name in STRUCTURES if name != "rr"]


def test_every_correlation_model_is_here() -> None:
    assert set(INSIDE) == set(CORRELATIONS)


@pytest.mark.parametrize("name", NAMES)
def test_structure(name: str) -> None:
    structure = make_structure(_call(name))
    theta = _theta(name, structure)
    assert theta.size == len(structure.parameters)
    point = structure.coefficients(theta)
    sigma = structure.matrix(theta)
    k = structure.size
    assert point.c.size == structure.basis_count
    np.testing.assert_allclose(_dense(structure, point.c) @ sigma, np.eye(k), atol=1e-9)
    assert point.logdet == pytest.approx(np.linalg.slogdet(sigma)[1], rel=1e-10, abs=1e-10)
    x = np.random.default_rng(1).normal(size=(k, 4))
    v = np.linalg.solve(sigma, x)
    working = structure.working(theta, x)
    assert len(working) == theta.size
    for i in range(theta.size):
        dc = _difference(lambda t: structure.coefficients(t).c, theta, i)
        np.testing.assert_allclose(point.dc[i], dc, rtol=1e-6, atol=1e-6 * max(1, np.abs(dc).max()))
        dlogdet = _difference(lambda t: np.array(structure.coefficients(t).logdet), theta, i)
        assert point.dlogdet[i] == pytest.approx(float(dlogdet), rel=1e-6, abs=1e-7)
        dsigma = _difference(structure.matrix, theta, i)
        np.testing.assert_allclose(working[i], dsigma @ v, rtol=1e-6, atol=1e-6 * max(1, np.abs(dsigma @ v).max()))


@pytest.mark.parametrize("name", NAMES)
def test_free_coordinates_and_their_jacobian(name: str) -> None:
    structure = make_structure(_call(name))
    theta = _theta(name, structure)
    free = structure.to_free(theta)
    np.testing.assert_allclose(structure.from_free(free), theta, rtol=1e-9, atol=1e-12)
    jacobian = structure.free_jacobian(free)
    for i in range(free.size):
        slope = _difference(structure.from_free, free, i)
        np.testing.assert_allclose(jacobian[:, i], slope, rtol=1e-6, atol=1e-6 * max(1, np.abs(slope).max()))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("means", [None, np.linspace(1, 4, len(LEVELS))])
def test_starts_are_feasible_and_informative(name: str, means: np.ndarray | None) -> None:
    structure = make_structure(_call(name))
    start = structure.starts(0.1, means)
    point = structure.coefficients(start)
    assert np.isfinite(point.c).all() and np.isfinite(point.dc).all()
    # parameters that are estimated can be told apart at the start
    free = [i for i, p in enumerate(structure.parameters) if p.code != "F"]
    working = structure.working(start, np.eye(structure.size))
    slopes = np.array([working[i].ravel() for i in free])
    fa2 = name in ("fa", "facv")
    if slopes.size and not (fa2 and means is None):
        assert np.linalg.matrix_rank(slopes, tol=1e-8) == len(free)


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("corb", "corbv", "corbh", "own") and "mtrn" not in n])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_few_levels(name: str, size: int) -> None:
    call = _call(name)
    places = None if call.coordinates is None else call.coordinates[:size]
    order = 1 if call.order else None
    options = _known(size) if name == "vm" else {}
    levels = LEVELS[:size]
    structure = make_structure(
        StructureCall(name, "Time", size, levels, order=order, coordinates=places, options=options, text=call.text)
    )
    theta = structure.starts(0.3, None)
    point = structure.coefficients(theta)
    np.testing.assert_allclose(_dense(structure, point.c) @ structure.matrix(theta), np.eye(size), atol=1e-10)
    assert point.logdet == pytest.approx(np.linalg.slogdet(structure.matrix(theta))[1], abs=1e-10)
    assert len(structure.working(theta, np.ones((size, 1)))) == theta.size


def _lags(name: str, theta: list[float]) -> np.ndarray:
    size = 7
    call = StructureCall(name, "t", size, tuple(map(str, range(size))), order=len(theta), text=name)
    return make_structure(call).matrix(np.array(theta))[0]


def test_autoregressions_obey_yule_walker() -> None:
    for name, theta, phi in [
        ("ar2", [0.5, -0.3], [0.5, -0.3]),
        ("ar3", [0.4, -0.2, 0.25], [0.4, -0.2, 0.25]),
        ("sar", [0.8], [0.8, -0.16]),
        ("sar2", [0.3, 0.2], [0.7, -0.16, 0.012]),
    ]:
        c = _lags(name, theta)
        for lag in range(1, 7):
            assert c[lag] == pytest.approx(sum(f * c[abs(lag - a - 1)] for a, f in enumerate(phi)), abs=1e-12)
    assert _lags("sar", [0.8])[1] == pytest.approx(0.8 / (1 + 0.16))
    assert _lags("ar2", [0.5, -0.3])[1] == pytest.approx(0.5 / 1.3)


def test_moving_averages_are_those_of_the_process() -> None:
    def correlations(weights: list[float]) -> np.ndarray:
        full = np.correlate(weights, weights, "full")[len(weights) - 1 :]
        return np.concatenate([full, np.zeros(7)])[:7] / full[0]

    np.testing.assert_allclose(_lags("ma1", [0.6]), correlations([1, -0.6]), atol=1e-14)
    np.testing.assert_allclose(_lags("ma2", [0.5, -0.3]), correlations([1, -0.5, 0.3]), atol=1e-14)
    # x_t = φ x_{t-1} + e_t - θ e_{t-1} as a long moving average
    phi, theta = 0.6, -0.4
    weights = [1.0, *((phi - theta) * phi ** np.arange(200))]
    np.testing.assert_allclose(_lags("arma", [phi, theta]), correlations(weights), atol=1e-12)
    np.testing.assert_allclose(_lags("arma", [0.0, 0.6]), _lags("ma1", [0.6]), atol=1e-14)


def test_linear_and_circular_are_overlaps() -> None:
    # lvr: overlap of two intervals of length φ; cir: of two discs of diameter φ; sph: of two balls
    t = np.array([0.0, 0.25, 0.6, 1.0])
    points = tuple(map(str, t * 2))
    line = StructureCall("lvr", "t", 4, points, text="lvr")
    np.testing.assert_allclose(make_structure(line).matrix(np.array([2.0]))[0], 1 - t, atol=1e-14)
    plane = StructureCall("cir", "t", 4, points, coordinates=np.column_stack([2 * t, 0 * t]), text="cir")
    lens = 2 * np.arccos(t) / np.pi - 2 * t * np.sqrt(1 - t**2) / np.pi
    np.testing.assert_allclose(make_structure(plane).matrix(np.array([2.0]))[0], lens, atol=1e-12)
    ball = StructureCall("sph", "t", 4, points, coordinates=np.column_stack([0 * t, 2 * t]), text="sph")
    np.testing.assert_allclose(make_structure(ball).matrix(np.array([2.0]))[0], (1 - t) ** 2 * (1 + t / 2), atol=1e-14)


def test_matern_closed_forms() -> None:
    distance = np.hypot(*(PLACES[0] - PLACES).T)
    for nu, closed in [
        (0.5, lambda t: np.exp(-t)),
        (1.5, lambda t: np.exp(-t) * (1 + t)),
        (2.5, lambda t: np.exp(-t) * (1 + t + t**2 / 3)),
    ]:
        call = StructureCall("mtrn", "x", 6, LEVELS, coordinates=PLACES, options={"nu": (nu, "F")}, text="mtrn(x, y)")
        structure = make_structure(call)
        assert [p.code for p in structure.parameters] == ["P", "F"]
        np.testing.assert_allclose(structure.matrix(np.array([1.7, nu]))[0], closed(distance / 1.7), atol=1e-12)
    block = StructureCall("mtrn", "x", 6, LEVELS, coordinates=PLACES, options={"lambda": 1.0}, text="mtrn(x, y)")
    expected = np.exp(-np.abs(PLACES[0] - PLACES).sum(axis=1) / 1.7)
    np.testing.assert_allclose(make_structure(block).matrix(np.array([1.7]))[0], expected, atol=1e-12)


def test_saturated_forms_take_any_matrix() -> None:
    rng = np.random.default_rng(8)
    a = rng.normal(size=(6, 9))
    sigma = a @ a.T
    values = sigma[np.tril_indices(6)]
    for name in ("ante", "chol", "cholc"):
        structure = make_structure(StructureCall(name, "t", 6, LEVELS, order=5, text=name))
        np.testing.assert_allclose(structure.matrix(structure.from_init(values)), sigma, rtol=1e-9)


def test_ante_documented() -> None:
    """The printed antedependence fit of the grass heights: its implied variances."""
    structure = make_structure(StructureCall("ante", "Time", 5, ("1", "3", "5", "7", "10"), text="ante(Time)"))
    assert [p.suffix for p in structure.parameters][:5] == ["_1:1", "_3:1", "_3:3", "_5:3", "_5:5"]
    theta = [0.026866609, -0.628374025, 0.037282432, -1.491096654, 0.005996185]
    theta += [-1.280576604, 0.007896552, -0.967807268, 0.039063461]
    variances = np.diagonal(structure.matrix(np.array(theta)))
    np.testing.assert_allclose(variances, [37.22092, 41.51911, 259.08503, 551.50497, 542.16700], rtol=1e-7)


def test_names() -> None:
    def suffixes(name: str, order: int | None = None) -> list[str]:
        levels = ("a", "b", "c")
        return [p.suffix for p in make_structure(StructureCall(name, "Site", 3, levels, order=order)).parameters]

    assert suffixes("corgh") == ["!b:!Site!a.cor", "!c:!Site!a.cor", "!c:!Site!b.cor", "_a", "_b", "_c"]
    assert suffixes("corb", 2) == ["!cor1", "!cor2"]
    assert suffixes("corb") == ["!cor1"]
    assert suffixes("ar2v") == ["!cor1", "!cor2", "!var"]
    assert suffixes("fa", 2)[:4] == ["!a!var", "!b!var", "!c!var", "!a!fa1"]
    assert suffixes("facv", 1)[0] == "!a!fa1"
    fixed = make_structure(StructureCall("fa", "Site", 3, ("a", "b", "c"), order=2)).parameters
    assert [p.suffix for p in fixed if p.code == "F"] == ["!a!fa2"]


@pytest.mark.parametrize(
    ("name", "theta"),
    [
        ("ar2", [0.9, 0.2]),
        ("ar3", [1.2, 0.0, 0.1]),
        ("ma2", [0.9, 0.3]),
        ("arma", [1.1, 0.0]),
        ("cor", [-0.25]),
        ("cor", [1.0]),
        ("corb", [0.9, 0.9]),
        ("exp", [-0.2]),
        ("gau", [1.0]),
        ("lvr", [0.0]),
        ("exph", [0.5, 1, 1, 1, 1, 1, -1]),
    ],
)
def test_outside(name: str, theta: list[float]) -> None:
    with pytest.raises(NotFeasible):
        make_structure(_call(name)).coefficients(np.array(theta))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (StructureCall("exp", "Time", 2, ("1", "two"), text="exp(Time)"), "level 'two' of Time is no number"),
        (StructureCall("exp", "Time", 2, ("1", "1.0"), text="exp(Time)"), "lie at one place"),
        (StructureCall("iexp", "x", 2, ("1", "2"), text="iexp(x)"), "two coordinates"),
        (StructureCall("corb", "t", 3, ("a", "b", "c"), order=3, text="corb(t, b = 3)"), "more than 3 levels"),
        (StructureCall("ante", "t", 2, ("a", "b"), order=2, text="ante(t, 2)"), "more than 2 levels"),
        (StructureCall("fa", "t", 3, ("a", "b", "c"), order=9, text="fa(t, 9)"), "at least 9 levels"),
        (StructureCall("corg", "units", 3, (), text="corg(units)"), "needs a factor"),
        (StructureCall("own", "t", 2, ("a", "b"), text="own(t)"), "must be a function"),
    ],
)
def test_refused(call: StructureCall, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        make_structure(call)


def test_many_levels_have_few_coefficients() -> None:
    levels = tuple(map(str, range(400)))
    names = ("ar2", "ar3", "sar", "exp", "cor")
    counts = {n: make_structure(StructureCall(n, "t", 400, levels)).basis_count for n in names}
    assert counts == {"ar2": 6, "ar3": 10, "sar": 6, "exp": 3, "cor": 2}


def test_level_covariance_takes_pairs_of_observed_cells() -> None:
    y = np.random.default_rng(2).normal(size=(4, 3, 5))
    cells = y.transpose(1, 0, 2).reshape(3, -1)
    found = level_covariance(y.ravel(), (4, 3, 5), 1)
    assert found is not None
    np.testing.assert_allclose(found, np.cov(cells), rtol=1e-12)
    y[1, 2, 3] = y[0, 0, 0] = np.nan
    found = level_covariance(y.ravel(), (4, 3, 5), 1)
    assert found is not None
    cells = y.transpose(1, 0, 2).reshape(3, -1)
    both = ~np.isnan(cells[0]) & ~np.isnan(cells[2])
    np.testing.assert_allclose(found[0, 2], np.cov(cells[0, both], cells[2, both])[0, 1], rtol=1e-12)
    assert level_covariance(np.array([1.0, np.nan, 2.0, 3.0]), (2, 2), 1) is None


def test_shrinking_keeps_variances() -> None:
    ones = np.outer([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    shrunk = positive_definite(ones)
    np.testing.assert_allclose(np.diagonal(shrunk), [1, 4, 9])
    root = np.sqrt(np.diagonal(shrunk))
    assert np.linalg.eigvalsh(shrunk / np.outer(root, root))[0] == pytest.approx(0.02)
