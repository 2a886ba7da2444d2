"""Every form of a known matrix gives the same inverse; what is no relationship matrix is answered with its reason."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import pyasreml as pa
from pyasreml.data.known import Known, known_matrix
from tests.data.tabular import dense, frame, random_pedigree, tabular

N = 12
PED = random_pedigree(np.random.default_rng(5), N)
A = tabular(PED.first, PED.second)
GINV = pa.ainverse(frame(PED))
NAMES = tuple(GINV.attrs["rowNames"])
INVERSE = np.linalg.inv(A)


def marked(table: pd.DataFrame | pd.Series, inverse: bool | None = None) -> pd.DataFrame | pd.Series:
    out = table.copy()
    out.attrs = {"rowNames": list(NAMES)} | ({} if inverse is None else {"INVERSE": inverse})
    return out


def triplets(matrix: np.ndarray) -> pd.DataFrame:
    row, col = np.tril_indices(N)
    keep = matrix[row, col] != 0
    return pd.DataFrame({"r": row[keep] + 1, "c": col[keep] + 1, "v": matrix[row, col][keep]})


NAMED = pd.DataFrame(A, index=NAMES, columns=NAMES)
NAMED_INVERSE = pd.DataFrame(INVERSE, index=NAMES, columns=NAMES)
NAMED_INVERSE.attrs["INVERSE"] = True
FORMS = {
    "ginv": GINV,
    "frame": NAMED,
    "inverse frame": NAMED_INVERSE,
    "array and names": (A, NAMES),
    "sparse and names": (sp.csc_matrix(A), NAMES),
    "dict": {"matrix": INVERSE, "rowNames": NAMES, "INVERSE": True},
    "dict of sparse": {"matrix": sp.coo_array(INVERSE), "rowNames": NAMES, "INVERSE": True},
    "triplets": marked(triplets(A)),
    "inverse triplets": marked(triplets(INVERSE), True),
    "upper triplets": marked(triplets(INVERSE)[["c", "r", "v"]], True),
    "triangle": marked(pd.Series(A[np.tril_indices(N)])),
    "inverse triangle": {"matrix": INVERSE[np.tril_indices(N)], "rowNames": NAMES, "INVERSE": True},
    "plain ginv": marked(pd.DataFrame(GINV), True),
}


def full(known: Known) -> np.ndarray:
    out = np.zeros((len(known), len(known)))
    out[known.row, known.col] = out[known.col, known.row] = known.value
    return out


@pytest.mark.parametrize("form", FORMS)
def test_forms(form: str) -> None:
    known = known_matrix("K", FORMS[form])
    assert known.names == NAMES and (known.row >= known.col).all()
    np.testing.assert_allclose(full(known), INVERSE, rtol=0, atol=1e-9)
    np.testing.assert_allclose(known.logdet, np.linalg.slogdet(A)[1], atol=1e-9)


def test_the_inverse_of_a_pedigree_matrix_is_sparse_again() -> None:
    assert known_matrix("K", NAMED).value.size <= len(GINV)


def test_what_hangs_on_an_inverse_is_not_copied() -> None:
    """pandas copies `attrs` deeply for every column taken by name: of a large pedigree, all its names."""

    class Precious:
        def __deepcopy__(self, memo: dict) -> None:
            raise AssertionError("copied")

    inverse = pa.ainverse({"id": ["a", "b", "c"], "sire": ["0", "0", "a"], "dam": ["0", "0", "b"]})
    inverse.attrs["more"] = Precious()
    known = known_matrix("A", inverse)
    assert known.names == ("a", "b", "c")
    assert known.row.dtype == known.col.dtype == np.int64
    assert known.value.tolist() == [1.5, 0.5, 1.5, -1.0, -1.0, 2.0]


def test_families_are_inverted_one_by_one() -> None:
    rng = np.random.default_rng(1)
    blocks = [(b := rng.normal(size=(k, k))) @ b.T + np.eye(k) for k in (1, 3, 2, 1, 4)]
    order = rng.permutation(11)
    matrix = sp.block_diag(blocks).toarray()[np.ix_(order, order)]
    names = [f"n{i}" for i in range(11)]
    for given in (matrix, sp.csr_matrix(matrix)):
        known = known_matrix("K", (given, names))
        np.testing.assert_allclose(full(known), np.linalg.inv(matrix), atol=1e-10)
        np.testing.assert_allclose(known.logdet, np.linalg.slogdet(matrix)[1], atol=1e-10)
        assert known.value.size == sum(len(b) * (len(b) + 1) // 2 for b in blocks)


def changed(at: tuple[int, int], value: float) -> pd.DataFrame:
    out = NAMED.copy()
    out.iloc[at] = value
    return out


SINGULAR = pd.DataFrame(np.ones((2, 2)) + np.zeros((2, 2)), index=["a", "b"], columns=["a", "b"])
INDEFINITE = pd.DataFrame([[1.0, 2.0], [2.0, 1.0]], index=["a", "b"], columns=["a", "b"])
HOSTILE = {
    "no names": (A, "no names"),
    "names too few": ((A, NAMES[:-1]), "12 rows and there are 11 row names"),
    "name twice": ((A, ["i0", *NAMES[:-1]]), "'i0' comes twice"),
    "rows and columns differ": (NAMED.rename(columns={"i3": "x"}), "row 4 is called 'i3' and column 4 'x'"),
    "not symmetric": (changed((2, 1), 9.0), "not symmetric: 'i1' with 'i2' is"),
    "missing": (changed((2, 2), np.nan), "1 entries that are missing"),
    "not square": (NAMED.iloc[:, :5], "12 × 5, it must be square"),
    "singular": (SINGULAR, "singular, 1 of 2 roots are zero .'a' and 'b' are alike.; allow it"),
    "indefinite": (INDEFINITE, "1 negative roots, the smallest -1"),
    "no variance": ((np.diag([1.0, 0.0]), ["a", "b"]), "'b' has the variance 0"),
    "text": ("A", "'str' is no relationship matrix"),
    "number": (3.0, "'float' is no relationship matrix"),
    "words": (pd.DataFrame({"a": ["x", "y"], "b": ["y", "z"]}), "no number"),
    "row number": (
        {"matrix": np.array([[1, 1, 1.0], [5, 1, 0.5]]), "rowNames": ["a", "b"]},
        "line 2 has the row number 5",
    ),
    "entry twice": (
        {"matrix": np.array([[1, 1, 1.0], [2, 1, 0.5], [1, 2, 0.5], [2, 2, 1]]), "rowNames": ["a", "b"]},
        "line 3 gives row 1, column 2 again",
    ),
    "no diagonal": (
        {"matrix": np.array([[1, 1, 1.0], [2, 1, 0.5], [3, 3, 1], [3, 1, 1]]), "rowNames": ["a", "b", "c"]},
        "row 2 has no diagonal",
    ),
    "no triangle": ({"matrix": np.ones(5), "rowNames": ["a", "b"]}, "5 values are no lower triangle"),
    "bad inverse": (
        {"matrix": INDEFINITE.to_numpy(), "rowNames": ["a", "b"], "INVERSE": True},
        "not positive definite",
    ),
    "triplets without names": (pd.DataFrame(GINV), "need the names of the rows"),
    "unknown key": ({"matrix": A, "names": NAMES}, "holds matrix, rowNames and INVERSE"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_no_relationship_matrix(case: str) -> None:
    source, message = HOSTILE[case]
    if case == "triplets without names":
        source = pd.DataFrame(GINV)
        source.attrs = {}
    with pytest.raises(pa.ModelError, match=message):
        known_matrix("K", source)


@pytest.mark.parametrize(
    ("sing", "source"), [("PSD", SINGULAR), ("NSD", SINGULAR), ("ND", INDEFINITE), ("NSD", INDEFINITE)]
)
def test_singular_and_indefinite_where_allowed(sing: str, source: pd.DataFrame) -> None:
    known = known_matrix("K", source, sing)
    matrix = np.linalg.inv(full(known))
    np.testing.assert_allclose(matrix, source, atol=1e-7)
    assert known.negative == int((np.linalg.eigvalsh(source) < -1e-9).sum())
    np.testing.assert_allclose(known.logdet, np.linalg.slogdet(matrix)[1], atol=1e-6)
    with pytest.raises(pa.ModelError):
        known_matrix("K", source, "PD")


def test_sources_of_the_tests_are_what_they_seem() -> None:
    np.testing.assert_allclose(dense(GINV), INVERSE, atol=1e-9)
