"""Known relationship matrices: every form in which a user may hold one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from pyasreml.data.column import number_text
from pyasreml.data.ginv import Ginv
from pyasreml.data.inversion import check_symmetric, inverted, log_determinant, lower
from pyasreml.data.relationship import Known, dense_inverse, dense_relationship
from pyasreml.errors import ModelError

__all__ = ["SING_G", "Known", "Source", "known_matrix", "named_square", "sources_of"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SING_G = ("PD", "ND", "PSD", "NSD")
TRIPLETS = ("Row", "Column", "Ainverse")
FORMS = (
    "give a data frame with the names as index, the result of ainverse(), a pair (matrix, names), or a dict of "
    "matrix, rowNames and INVERSE"
)


@dataclass(eq=False)
class Source:
    """A source as the user gave it; inverted when it is first asked for, once for every way of treating singularity.

    Parameters
    ----------
    name : str
        As the formula has it, for messages.
    given : object
    """

    name: str
    given: Any
    _made: dict[str, Known] = field(default_factory=dict)

    def known(self, sing: str | None = None) -> Known:
        """The matrix, treated as `sing` says: one of `SING_G`."""
        key = sing or "PD"
        if key not in self._made:
            self._made[key] = known_matrix(self.name, self.given, key)
        return self._made[key]


def known_matrix(name: str, source: Any, sing: str = "PD") -> Known:
    """Read a relationship matrix or its inverse.

    Parameters
    ----------
    name : str
        For messages.
    source : object
        `Known`; the result of ``ainverse()``; a square data frame with names in its index; a pair (matrix, names) of a
        dense or a scipy sparse matrix; three columns (row, column from 1, value) or a Series of the lower triangle by
        rows, with ``attrs["rowNames"]``; a dict of ``matrix`` in any of these forms, ``rowNames``, ``INVERSE``.
        ``attrs["INVERSE"]`` (or that of the dict) True marks an inverse.
    sing : {"PD", "ND", "PSD", "NSD"}
        What a relationship matrix may be; of no meaning for an inverse.

    Raises
    ------
    ModelError
        A matrix that is not square, symmetric, finite or definite enough; names that are missing or come twice.
    """
    if isinstance(source, Known):
        return source
    if isinstance(source, Ginv):
        return _of_ginv(source)
    square, texts, inverse = _read(name, source)
    dense = dense_inverse(square, texts) if inverse else dense_relationship(square, texts, sing)
    if dense is not None:
        return dense
    if inverse:
        entries = lower(square)
        return Known(texts, *entries, -log_determinant(name, len(texts), *entries, texts))
    found = inverted(name, square, texts, sing)
    return Known(texts, found.row, found.col, found.value, found.logdet, found.negative)


def named_square(name: str, source: Any) -> tuple[FloatArray, tuple[str, ...]]:
    """A relationship matrix, dense (n, n), and the names of its rows, from any form but an inverse.

    Raises
    ------
    ModelError
        As `known_matrix`, and for an inverse.
    """
    square, texts, inverse = _read(name, source)
    if inverse:
        raise ModelError(f"{name}: a relationship matrix is needed, not an inverse")
    return square if isinstance(square, np.ndarray) else np.asarray(square.toarray()), texts


def _read(name: str, source: Any) -> tuple[Any, tuple[str, ...], bool]:
    """A checked symmetric matrix, dense or sparse, the names of its rows, whether it is an inverse."""
    matrix, names, inverse = _parts(name, source)
    square = _square(name, matrix, len(names) if names is not None else None)
    n = square.shape[0]
    if names is None:
        raise ModelError(f"{name}: the rows of the matrix have no names; {FORMS}")
    if len(names) != n:
        raise ModelError(f"{name}: the matrix has {n} rows and there are {len(names)} row names")
    texts = _texts(names)
    if len(set(texts)) < n:
        twice = pd.Index(texts)[pd.Index(texts).duplicated()][0]
        raise ModelError(f"{name}: the row name {twice!r} comes twice")
    check_symmetric(name, square, texts)
    return square, texts, inverse


def _of_ginv(source: Ginv) -> Known:
    groups, offset = source.attrs["geneticGroups"].tolist()
    # at once: a column taken by its name would bring a deep copy of attrs
    row, col, value = source.to_numpy(dtype=np.float64).T
    names = tuple(source.attrs["rowNames"].tolist())
    at = (row.astype(np.int64) - 1, col.astype(np.int64) - 1)
    fixed = 0 if offset > 0 else int(groups)
    return Known(names, *at, np.ascontiguousarray(value), -float(source.attrs["logdet"]), groups=fixed)


def _parts(name: str, source: Any) -> tuple[Any, Any, bool]:
    """Matrix in any form, names or None, whether it is an inverse."""
    if isinstance(source, Mapping) and not isinstance(source, pd.DataFrame):
        unknown = set(source) - {"matrix", "rowNames", "INVERSE"}
        if "matrix" not in source or unknown:
            raise ModelError(f"{name}: a dict as a source holds matrix, rowNames and INVERSE")
        matrix, names, inverse = _parts(name, source["matrix"])
        given = source.get("rowNames")
        return matrix, names if given is None else given, bool(source.get("INVERSE", inverse))
    if isinstance(source, tuple) and len(source) == 2:
        matrix, _, inverse = _parts(name, source[0])
        return matrix, source[1], inverse
    attrs = getattr(source, "attrs", {})
    names = attrs.get("rowNames")
    inverse = _flag(attrs.get("INVERSE", False))
    if isinstance(source, pd.DataFrame):
        if names is None and tuple(map(str, source.columns)) == TRIPLETS:
            raise ModelError(f"{name}: three columns need the names of the rows: {name}.attrs['rowNames'] = names")
        if names is None and source.shape[0] == source.shape[1]:
            names = _frame_names(name, source)
        return source.to_numpy(), names, inverse
    if isinstance(source, pd.Series):
        return source.to_numpy(), names, inverse
    if sp.issparse(source) or isinstance(source, (np.ndarray, Sequence)) and not isinstance(source, str):
        return source, names, inverse
    raise ModelError(f"{name}: {type(source).__name__!r} is no relationship matrix; {FORMS}")


def _flag(value: Any) -> bool:
    return bool(np.asarray(value).ravel()[0]) if np.size(value) else False


def _frame_names(name: str, frame: pd.DataFrame) -> Any:
    """The index; where it only counts, the columns; they must agree."""
    if isinstance(frame.index, pd.RangeIndex):
        return None if isinstance(frame.columns, pd.RangeIndex) else frame.columns
    rows, columns = _texts(frame.index), _texts(frame.columns)
    if not isinstance(frame.columns, pd.RangeIndex) and rows != columns:
        place = next(i for i, (a, b) in enumerate(zip(rows, columns, strict=True)) if a != b)
        raise ModelError(
            f"{name}: row {place + 1} is called {rows[place]!r} and column {place + 1} {columns[place]!r}; rows and "
            "columns must have the same names in the same order"
        )
    return frame.index


def _texts(names: Any) -> tuple[str, ...]:
    values = names.tolist() if hasattr(names, "tolist") else list(names)
    if values and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values):
        return tuple(number_text(values))
    return tuple(v if isinstance(v, str) else str(v) for v in values)


def _square(name: str, matrix: Any, size: int | None) -> Any:
    """A dense array or sparse matrix, square, finite; from three columns or a lower triangle where it is one."""
    if not isinstance(matrix, (np.ndarray, Sequence)):
        if matrix.dtype.kind not in "biuf":
            raise ModelError(f"{name}: the matrix holds something that is no number")
        found = matrix.tocsr().astype(np.float64)
        _finite(name, found.data)
        return _checked_shape(name, found)
    if np.ndim(matrix) == 2 and not (size is not None and np.shape(matrix)[1] == 3):
        _checked_shape(name, matrix)
    try:
        if np.iscomplexobj(matrix):
            raise TypeError
        array = np.asarray(matrix, dtype=np.float64)
    except (TypeError, ValueError):
        raise ModelError(f"{name}: the matrix holds something that is no number") from None
    _finite(name, array)
    if array.ndim == 1:
        return _from_triangle(name, array)
    if array.ndim == 2 and array.shape[1] == 3 and size is not None and not (array.shape[0] == 3 and size == 3):
        return _from_triplets(name, array, size)
    return _checked_shape(name, array)


def _finite(name: str, values: FloatArray) -> None:
    if not np.isfinite(values).all():
        raise ModelError(
            f"{name}: the matrix has {int((~np.isfinite(values)).sum())} entries that are missing or infinite"
        )


def _checked_shape(name: str, matrix: Any) -> Any:
    if np.ndim(matrix) != 2 or np.shape(matrix)[0] != np.shape(matrix)[1]:
        shape = " × ".join(map(str, np.shape(matrix)))
        raise ModelError(f"{name}: the matrix is {shape}, it must be square; {FORMS}")
    if np.shape(matrix)[0] == 0:
        raise ModelError(f"{name}: the matrix has no rows")
    return matrix


def _from_triangle(name: str, values: FloatArray) -> FloatArray:
    n = int((np.sqrt(8.0 * values.size + 1) - 1) / 2 + 0.5)
    if n * (n + 1) // 2 != values.size or n == 0:
        raise ModelError(f"{name}: {values.size} values are no lower triangle by rows, which has n(n + 1)/2 of them")
    full = np.zeros((n, n))
    at = np.tril_indices(n)
    full[at] = values
    full.T[at] = values
    return full


def _from_triplets(name: str, array: FloatArray, n: int) -> Any:
    row, col, value = array[:, 0], array[:, 1], array[:, 2]
    for what, index in (("row", row), ("column", col)):
        wrong = np.flatnonzero((index != np.rint(index)) | (index < 1) | (index > n))
        if wrong.size:
            line = int(wrong[0])
            raise ModelError(
                f"{name}: line {line + 1} has the {what} number {index[line]:g}; with {n} row names they are from 1 to "
                f"{n}"
            )
    i, j = np.maximum(row, col).astype(np.int64) - 1, np.minimum(row, col).astype(np.int64) - 1
    key = i * n + j
    order = np.argsort(key, kind="stable")
    twice = np.flatnonzero(np.diff(key[order]) == 0)
    if twice.size:
        line = int(order[twice[0] + 1])
        raise ModelError(
            f"{name}: line {line + 1} gives row {int(row[line])}, column {int(col[line])} again; only the lower "
            "triangle, each entry once, is wanted"
        )
    without = np.setdiff1d(np.arange(n), i[i == j])
    if without.size:
        raise ModelError(f"{name}: row {int(without[0]) + 1} has no diagonal entry")
    off = i != j
    rows, cols = np.concatenate([i, j[off]]), np.concatenate([j, i[off]])
    return sp.csr_array((np.concatenate([value, value[off]]), (rows, cols)), shape=(n, n))


def sources_of(known: Mapping[str, Any]) -> dict[str, Any]:
    """Named objects with everything that may be a matrix wrapped as `Source`; functions stay."""
    return {
        name: given if callable(given) or isinstance(given, Source) else Source(name, given)
        for name, given in known.items()
    }
