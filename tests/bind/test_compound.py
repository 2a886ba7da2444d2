"""str() and grp(): terms side by side, and columns of the data as a term."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pyasreml.bind import bind
from pyasreml.design import effect_names, term_block
from pyasreml.errors import AsremlError
from pyasreml.linalg import Csr
from pyasreml.model import model_spec
from tests.bind.saved import call_formulas, read_data


def dense(block: Csr) -> np.ndarray:
    out = np.zeros((block.n_rows, block.n_cols))
    out[np.repeat(np.arange(block.n_rows), np.diff(block.indptr)), block.indices] = block.data
    return out


@pytest.fixture
def growth() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    return pd.DataFrame(
        {
            "tree": np.repeat(list("abc"), 5),
            "x": np.tile(np.arange(5) / 4, 3),
            "y": rng.normal(size=15),
            "n1": rng.integers(0, 2, 15),
            "n2": rng.normal(size=15),
            "kind": np.repeat(list("pqpqp"), 3),
        }
    )


def test_str_lays_terms_side_by_side(growth: pd.DataFrame) -> None:
    bound = bind(model_spec("y ~ x", random="~ str(~ tree + tree:x, ~ us(2):id(3)) + kind"), growth)
    term = bound.random[0]
    assert (term.label, term.size, term.variables) == ("tree+tree:x", 6, ("tree", "x"))
    assert [(c.name, c.variable, c.size, c.levels[-1]) for c in term.structures] == [
        ("us", "us(2)", 2, "2"),
        ("id", "id(3)", 3, "3"),
    ]
    assert effect_names(term) == ["tree_a", "tree_b", "tree_c", "tree_a:x", "tree_b:x", "tree_c:x"]
    z = dense(term_block(term.codings, bound.frame.arrays, 15))
    trees = (growth.tree.to_numpy()[:, None] == np.array(list("abc"))).astype(float)
    np.testing.assert_allclose(z, np.hstack([trees, trees * growth.x.to_numpy()[:, None]]))
    assert (0, 0) not in bound.summaries.cell_means


def test_sizes_by_name_and_nesting(growth: pd.DataFrame) -> None:
    (term,) = bind(model_spec("y ~ x", random="~ str(~ tree/x, ~ diag(2):id(tree))"), growth).random
    assert (term.label, [c.variable for c in term.structures]) == ("tree+tree:x", ["diag(2)", "id(tree)"])
    (term,) = bind(model_spec("y ~ x", random="~ str(~ at(kind):tree, ~ us(2):id(3))"), growth).random
    assert term.label == "at(kind, 'p'):tree+at(kind, 'q'):tree"


def test_str_of_a_saved_fit(shared: Path) -> None:
    saved = json.loads((shared / "cases" / "objects" / "fit_chickweight__fit_chickweight.json").read_text())
    call = call_formulas(saved["call"])
    bound = bind(
        model_spec(call["fixed"], call["random"]), read_data(shared / "data" / "objects" / Path(saved["data"]).name)
    )
    assert [name for term in bound.random for name in effect_names(term)] == saved["coef_random"]["rows"]
    assert [term.label for term in bound.random] == saved["noeff"]["names"][-1:]


def test_grp(growth: pd.DataFrame) -> None:
    for columns in (["n1", "n2"], [4, 5]):
        bound = bind(model_spec("y ~ x", random="~ grp(near) + tree"), growth, group={"near": columns})
        term = bound.random[0]
        assert (term.label, term.size, term.variables) == ("grp(near)", 2, ("n1", "n2"))
        assert effect_names(term) == ["grp(near)_n1", "grp(near)_n2"]
        np.testing.assert_allclose(dense(term_block(term.codings, bound.frame.arrays, 15)), growth[["n1", "n2"]])
    inside = bind(model_spec("y ~ x", random="~ str(~ grp(near) + grp(far), ~ us(2):id(1))"), growth,
                  group={"near": ["n1"], "far": ["n2"]})  # fmt: skip
    assert inside.random[0].label == "grp(near)+grp(far)"


@pytest.mark.parametrize(
    ("random", "message"),
    [
        ("~ str(~ tree + tree:x, ~ us(2):id(4))", r"3 \+ 3 = 6 effects, the model 2 × 4 = 8"),
        ("~ str(~ tree)", "variance model is missing"),
        ("~ str(tree, ~ us(2):id(3))", "of terms is missing"),
        ("~ str(~ tree + tree:x, ~ us(2) + id(3))", "one direct product"),
        ("~ str(~ us(tree), ~ id(3))", "cannot stand here"),
        ("~ str(~ tree, ~ spl(x))", "cannot stand here"),
        ("~ str(~ tree, ~ id(3)):kind", "stands alone"),
        ("~ str(~ tree, ~ id(2.5))", "whole number"),
        ("~ str(~ tree + tree:x, ~ us(2):idh(3))", "both carry variances"),
        ("~ str(~ tree + treee, ~ us(2):id(3))", "did you mean 'tree'"),
        ("~ grp(other)", "no entry 'other'"),
        ("~ grp(bad)", "names column 'n3', which is not in the data"),
        ("~ grp(far)", "column number 9"),
        ("~ grp(text)", "column 'tree' of 'text' is a factor"),
    ],
)
def test_errors(growth: pd.DataFrame, random: str, message: str) -> None:
    with pytest.raises(AsremlError, match=message):
        bind(model_spec("y ~ x", random=random), growth, group=named(random))


def named(random: str) -> dict[str, list[str | int]]:
    """The groups that a formula of the test names."""
    groups: dict[str, list[str | int]] = {"bad": ["n3"], "far": [9], "text": ["tree"]}
    return {name: columns for name, columns in groups.items() if f"grp({name})" in random}
