"""Blocks against dense products, effect names, and aliasing against an in-order sweep."""

from __future__ import annotations

import numpy as np
import pytest

from pyasreml.bind import bind
from pyasreml.bind.coding import Coding, ConditionCoding, CovariateCoding, FactorCoding, InterceptCoding, UnitsCoding
from pyasreml.design import build, effect_names, select_columns, side_by_side, term_block
from pyasreml.errors import ModelError
from pyasreml.linalg import Csr
from pyasreml.model import model_spec

N = 40


def dense(block: Csr) -> np.ndarray:
    out = np.zeros((block.n_rows, block.n_cols))
    np.add.at(out, (np.repeat(np.arange(block.n_rows), np.diff(block.indptr)), block.indices), block.data)
    return out


class Basis(Coding):
    """Several entries a row."""

    def block(self, columns: dict, n: int) -> Csr:
        values = columns["x"][:, None] ** np.arange(self.width)
        return Csr(n, self.width, np.arange(n + 1) * self.width, np.tile(np.arange(self.width), n), values.ravel())


@pytest.fixture
def columns() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=N)
    x[[4, 9]] = [0.0, np.nan]
    return {"a": rng.integers(-1, 3, N), "b": rng.integers(0, 4, N), "x": x, "units": np.arange(N)}


A = FactorCoding("a", ("a",), ("1", "2", "3"))
B = FactorCoding("b", ("b",), tuple("pqrs"))
X = CovariateCoding.of("x", "x")
AT = ConditionCoding("at(b, 'q')", ("b",), ("q",), 1)
UNITS = UnitsCoding.of(N)
CODINGS = {
    "1": InterceptCoding(),
    "a": A,
    "b": B,
    "x": X,
    "at": AT,
    "units": UNITS,
    "basis": Basis("f(x)", ("x",), ("0", "1")),
}


def expected(coding: Coding, columns: dict[str, np.ndarray]) -> np.ndarray:
    if coding.kind == "intercept":
        return np.ones((N, 1))
    if coding.kind == "covariate":
        return np.nan_to_num(columns["x"])[:, None]
    if coding.kind == "condition":
        return (columns["b"] == 1).astype(float)[:, None]
    if coding.kind == "basis":
        return columns["x"][:, None] ** np.arange(2)
    return (columns[coding.variables[0]][:, None] == np.arange(coding.width)).astype(float)


@pytest.mark.parametrize(
    "term",
    "1 a x units a:b b:a a:x x:a at:a a:at:x at:units x:x a:b:x basis a:basis basis:b basis:basis a:x:basis:b".split(),
)
def test_blocks_are_direct_products(term: str, columns: dict[str, np.ndarray]) -> None:
    if "basis" in term:
        columns["x"] = np.nan_to_num(columns["x"], nan=2.0)
    codings = [CODINGS[name] for name in term.split(":")]
    want = np.ones((N, 1))
    for coding in codings:
        want = np.einsum("ij,ik->ijk", want, expected(coding, columns)).reshape(N, -1)
    block = term_block(codings, columns, N)
    np.testing.assert_allclose(dense(block), want)
    assert block.n_cols == int(np.prod([coding.width for coding in codings]))


def test_blocks_for_new_cells() -> None:
    cells = {"a": np.array([2, 0]), "x": np.array([3.0, 5.0])}
    np.testing.assert_array_equal(dense(term_block((A, X), cells, 2)), [[0, 0, 3], [5, 0, 0]])
    np.testing.assert_array_equal(dense(term_block((UNITS,), cells, 2)), np.zeros((2, N)))


def test_side_by_side_and_selection(columns: dict[str, np.ndarray]) -> None:
    blocks = [term_block((coding,), columns, N) for coding in (A, X, B)]
    joined = side_by_side(blocks, N)
    np.testing.assert_allclose(dense(joined), np.hstack([dense(block) for block in blocks]))
    kept = np.array([True, False, True, True, False, True, True, False])
    np.testing.assert_allclose(dense(select_columns(joined, kept)), dense(joined)[:, kept])


def unbalanced(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    n = 30
    data = {name: rng.choice(list("abcd")[: rng.integers(2, 5)], n) for name in ("f", "g", "h")}
    empty = (data["f"] == "a") & (data["g"] == data["g"][0])
    data = {name: np.where(empty, data[name], values) if name == "f" else values for name, values in data.items()}
    data["f"] = np.where(empty, "b", data["f"])
    data["x"] = rng.normal(size=n)
    data["y"] = np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n))
    return data


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("formula", ["y ~ f*g", "y ~ 0 + f + g:x", "y ~ x*f + g/h", "y ~ f:g + g"])
def test_aliasing_takes_levels_from_the_last_to_the_first(seed: int, formula: str) -> None:
    bound = bind(model_spec(formula), unbalanced(seed))
    design = build(bound)
    n = len(bound.frame)
    observed = ~np.isnan(bound.y)
    basis = np.zeros((int(observed.sum()), 0))
    for term, columns in zip(bound.fixed, design.fixed_terms, strict=True):
        block = dense(term_block(term.codings, bound.frame.arrays, n))[observed]
        kept = np.zeros(block.shape[1], dtype=bool)
        for j in range(block.shape[1])[::-1]:
            rest = block[:, j].copy()
            for _ in range(2):
                rest -= basis @ (basis.T @ rest)
            if np.linalg.norm(rest) > 1e-6:
                kept[j] = True
                basis = np.column_stack([basis, rest / np.linalg.norm(rest)])
        np.testing.assert_array_equal(columns.kept, kept, err_msg=term.label)
    assert design.rank == basis.shape[1]
    assert design.X.n_rows == n


def test_effect_names() -> None:
    data = {"y": np.arange(8.0), "a": list("uvuvuvuv"), "b": list("11223344"), "x": np.arange(8.0) / 3}
    bound = bind(model_spec("y ~ a + x + a:x", random="~ b:a + at(a, 'v'):b + units"), data)
    assert [effect_names(term) for term in bound.fixed] == [
        ["(Intercept)"],
        ["a_u", "a_v"],
        ["x"],
        ["a_u:x", "a_v:x"],
    ]
    names = [effect_names(term) for term in bound.random]
    assert names[0] == ["b_1:a_u", "b_1:a_v", "b_2:a_u", "b_2:a_v", "b_3:a_u", "b_3:a_v", "b_4:a_u", "b_4:a_v"]
    assert names[1] == [f"at(a, 'v'):b_{level}" for level in "1234"]
    assert names[2] == [f"units_{i}" for i in range(1, 9)]


def test_no_degrees_of_freedom() -> None:
    data = {"y": [1.0, 2.0, np.nan], "a": ["u", "v", "w"]}
    with pytest.raises(ModelError, match="2 degrees of freedom of 2 observed records"):
        build(bind(model_spec("y ~ a"), data))
    with pytest.raises(ModelError, match="no fixed effect can be estimated"):
        build(bind(model_spec("y ~ 0 + x"), {"y": [1.0, 2.0], "x": [0.0, 0.0]}))
