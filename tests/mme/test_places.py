"""Places of equations in a field, and what the dissection by them saves."""

from __future__ import annotations

import gc

import numpy as np
import pandas as pd
import pytest

import pyasreml as pa
from pyasreml.linalg import Csr, ordering
from pyasreml.mme.places import Places, grid_places
from pyasreml.variance.autoregressive import AR1
from pyasreml.variance.identity import Identity
from pyasreml.variance.product import Product
from pyasreml.variance.unstructured import Unstructured


def incidence(codes: np.ndarray, levels: int) -> Csr:
    return Csr(codes.size, levels, np.arange(codes.size + 1), codes, np.ones(codes.size))


def test_axes_of_a_product() -> None:
    assert grid_places(Product([Identity(6), Identity(5)], True)) is None
    assert grid_places(Product([Unstructured(("a", "b", "c")), Identity(5)], False)) is None
    found = grid_places(Product([AR1(6), AR1(5)], True))
    assert found is not None and found.tolist()[:6] == [[0, 0], [0, 1], [0, 2], [0, 3], [0, 4], [1, 0]]
    traits = grid_places(Product([AR1(6), Unstructured(("a", "b"))], False))  # traits of one plot lie at its place
    assert traits is not None and traits[:, 0].tolist() == [r for r in range(6) for _ in range(2)]


def test_columns_whose_records_are_neighbours() -> None:
    rows, cols = 6, 8
    plot = np.arange(rows * cols)
    pairs = plot // 2  # two plots of a row each
    far = plot % 5
    n = plot.size
    indices = np.column_stack([plot, n + pairs, n + n // 2 + far]).ravel()
    w = Csr(n, n + n // 2 + 5, np.arange(0, 3 * n + 1, 3), indices, np.ones(3 * n))
    places = Places(w)
    places.add_section(plot, Product([AR1(rows), AR1(cols)], True))
    x = places.coordinates()
    assert x is not None
    r, c = np.divmod(plot, cols)
    assert (x[:n] == np.column_stack([r, c])).all()
    assert (x[n : n + n // 2, 0] == r[::2]).all() and (x[n : n + n // 2, 1] == c[::2] + 0.5).all()
    assert np.isnan(x[n + n // 2 :]).all()


def test_fields_are_set_apart() -> None:
    one = Product([AR1(8), AR1(8)], True)
    w = incidence(np.arange(128), 128)
    places = Places(w)
    places.add_section(np.arange(64), one)
    places.add_section(np.arange(64, 128), one)
    x = places.coordinates()
    assert x is not None
    assert x[64:, 0].min() - x[:64, 0].max() > 100
    assert Places(w).coordinates() is None


def field(size: int = 60, missing: bool = False) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    n = size * size
    r, c = np.divmod(np.arange(n), size)
    smooth = np.cumsum(rng.standard_normal((size, size)), axis=0).ravel() * 0.3
    plan = rng.permutation(np.arange(n) % (n // 4))
    y = 10 + smooth + rng.standard_normal(n) + rng.standard_normal(n // 4)[plan]
    if missing:
        y[rng.random(n) < 0.1] = np.nan
    return pd.DataFrame(
        {
            "y": y,
            "row": pd.Categorical(r),
            "col": pd.Categorical(c),
            "gid": pd.Categorical(plan),
        }
    )


@pytest.mark.parametrize("missing", [False, True])
def test_a_field_with_units_is_dissected(missing: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = {"random": "~ gid + units", "residual": "~ ar1(row):ar1(col)", "trace": False, "maxit": 3}
    monkeypatch.setattr(ordering, "_has_metis", lambda: False)
    data = field(missing=missing)

    def fitted() -> tuple[str, float, float]:
        with pytest.warns(pa.AsremlWarning):
            fit = pa.asreml("y ~ 1", data=data, **arguments)
        analysis = fit.engine.equations.analysis
        return analysis.order, analysis.flops, fit.loglik

    dissected = fitted()
    gc.collect()  # an analysis in use would be taken again
    monkeypatch.setattr(ordering, "GEOMETRIC_FLOPS", np.inf)
    other = fitted()
    assert (dissected[0], other[0]) == ("geometric", "amd")
    assert other[1] > 1.1 * dissected[1]
    assert dissected[2] == pytest.approx(other[2], rel=1e-9)
