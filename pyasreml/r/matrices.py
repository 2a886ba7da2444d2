"""Matrices: making, transposing, solving, factorising, margins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from pyasreml.errors import UnsupportedError
from pyasreml.r.arithmetic import matrix_product, vector_of
from pyasreml.r.coercion import flag, floats, whole
from pyasreml.r.conditions import RError
from pyasreml.r.convert import array_to_r, matrix_of_frame
from pyasreml.r.registry import builtin
from pyasreml.r.values import (
    KINDS,
    Arg,
    ListValue,
    Value,
    Vector,
    character,
    double,
    integer,
    logical,
    objects,
    text_array,
)

__all__ = ["as_matrix", "square"]

Array = np.ndarray[Any, Any]


def made(array: Array, rows: Any = None, columns: Any = None, kind: str = "double") -> Vector:
    """A matrix from a two-dimensional array and names."""
    attributes: dict[str, Any] = {"dim": (array.shape[0], array.shape[1])}
    if rows is not None or columns is not None:
        attributes["dimnames"] = (rows, columns)
    return Vector(array.ravel(order="F"), kind, attributes)


@builtin("as.matrix", "data.matrix")
def as_matrix(x: Value) -> Vector:
    """A frame, a vector (as a column) or a matrix-like object as a matrix."""
    if isinstance(x, pd.DataFrame):
        return matrix_of_frame(x)
    if isinstance(x, Vector):
        return x if x.dim is not None else made(x.data[:, None], x.names, None, x.kind)
    for conversion in ("toarray", "to_numpy", "__array__"):
        if hasattr(x, conversion):
            array = np.asarray(getattr(x, conversion)())
            if array.ndim == 2:
                return array_to_r(array)
    return as_matrix(vector_of(x, "as.matrix()"))


def square(x: Value, what: str) -> tuple[Array, Vector]:
    """A square numeric matrix as an array, and as it was."""
    source = as_matrix(x)
    if source.kind == "character" or source.dim is None or source.dim[0] != source.dim[1]:
        raise RError(f"{what}: a square numeric matrix is wanted")
    return source.matrix(), source


@builtin("matrix")
def matrix(
    data: Value = None, nrow: Value = None, ncol: Value = None, byrow: Value = None, dimnames: Value = None
) -> Vector:
    """A vector in rows and columns."""
    source = logical([np.nan]) if data is None else vector_of(data, "matrix()")
    n = len(source)
    if nrow is None and ncol is None:
        rows, columns = n, 1
    elif nrow is None:
        columns = whole(ncol)
        rows = -(-n // columns)
    else:
        rows = whole(nrow)
        columns = whole(ncol) if ncol is not None else -(-n // rows)
    flat = np.resize(source.data, rows * columns)
    array = flat.reshape((rows, columns), order="C" if flag(byrow) else "F")
    names = (
        [None, None] if dimnames is None else [None if v is None else objects(text_array(v)) for v in dimnames.items]
    )
    return made(array, names[0], names[1], source.kind)


@builtin("t")
def t(x: Value) -> Vector:
    """Transpose; a vector becomes a row."""
    source = x if isinstance(x, Vector) else as_matrix(x)
    if source.dim is None:
        return made(source.data[None, :], None, source.names, source.kind)
    return made(source.matrix().T, source.dimnames[1], source.dimnames[0], source.kind)


@builtin("diag")
def diag(x: Value = None, nrow: Value = None, ncol: Value = None) -> Vector:
    """The diagonal of a matrix; a diagonal matrix of a vector; an identity of a number."""
    if isinstance(x, pd.DataFrame) or (isinstance(x, Vector) and x.dim is not None) or not isinstance(x, Vector | None):
        source = as_matrix(x)
        rows, columns = source.dimnames
        n = min(source.dim or (0, 0))
        same = rows is not None and columns is not None and list(rows[:n]) == list(columns[:n])
        vector = Vector(np.diagonal(source.matrix()).copy(), source.kind)
        if same and rows is not None:
            vector.attributes["names"] = rows[:n]
        return vector
    if x is None or (len(x) == 1 and nrow is None):
        return made(np.eye(whole(x) if x is not None else whole(nrow)))
    n = whole(nrow) if nrow is not None else len(x)
    return made(np.diag(np.resize(floats(x, "diag()"), n)))


@builtin("solve")
def solve(a: Value, b: Value = None) -> Vector:
    """The inverse, or the solution of a %*% x = b."""
    array, source = square(a, "solve()")
    rows, columns = source.dimnames
    try:
        if b is None:
            return made(np.linalg.inv(array), columns, rows)
        right = vector_of(b, "solve()")
        if right.dim is None:
            solution = Vector(np.linalg.solve(array, right.data), "double")
            if columns is not None:
                solution.attributes["names"] = columns
            return solution
        return made(np.linalg.solve(array, right.matrix()), columns, right.dimnames[1])
    except np.linalg.LinAlgError:
        raise RError("Lapack routine dgesv: system is exactly singular") from None


@builtin("chol")
def chol(x: Value) -> Vector:
    """The upper triangular factor R with R'R = x; the upper triangle of x is read."""
    array, source = square(x, "chol()")
    upper = np.triu(array)
    try:
        factor = np.linalg.cholesky(upper + np.triu(array, 1).T).T
    except np.linalg.LinAlgError:
        raise RError("the leading minor is not positive: the matrix is not positive definite") from None
    return made(factor, *source.dimnames)


@builtin("det")
def det(x: Value) -> Vector:
    """Determinant."""
    return double([np.linalg.det(square(x, "det()")[0])])


@builtin("eigen")
def eigen(x: Value, symmetric: Value = None) -> ListValue:
    """Eigenvalues in descending order, and vectors, of a symmetric matrix."""
    array = square(x, "eigen()")[0]
    alike = flag(symmetric) if symmetric is not None else np.allclose(array, array.T, rtol=1e-14, atol=0)
    if not alike:
        raise UnsupportedError("eigen() of a matrix that is not symmetric")
    values, vectors = np.linalg.eigh(array)
    return ListValue([double(values[::-1]), made(vectors[:, ::-1])], ["values", "vectors"])


@builtin("svd")
def svd(x: Value) -> ListValue:
    """Singular value decomposition."""
    u, d, v = np.linalg.svd(as_matrix(x).matrix(), full_matrices=False)
    return ListValue([double(d), made(u), made(v.T)], ["d", "u", "v"])


@builtin("crossprod")
def crossprod(x: Value, y: Value = None) -> Vector:
    """t(x) %*% y."""
    return matrix_product(t(as_matrix(x)), as_matrix(x if y is None else y))


@builtin("kronecker", "%x%")
def kronecker(X: Value, Y: Value) -> Vector:
    """Kronecker product."""
    return made(np.kron(as_matrix(X).matrix(), as_matrix(Y).matrix()))


def _triangle(x: Value, diagonal: Value, lower: bool) -> Vector:
    source = as_matrix(x)
    assert source.dim is not None
    rows, columns = np.arange(source.dim[0])[:, None], np.arange(source.dim[1])[None, :]
    mask = rows > columns if lower else rows < columns
    if flag(diagonal):
        mask = mask | (rows == columns)
    return made(mask.astype(float), kind="logical")


@builtin("upper.tri")
def upper_tri(x: Value, diag: Value = None) -> Vector:
    """TRUE above the diagonal."""
    return _triangle(x, diag, lower=False)


@builtin("lower.tri")
def lower_tri(x: Value, diag: Value = None) -> Vector:
    """TRUE below the diagonal."""
    return _triangle(x, diag, lower=True)


@builtin("outer")
def outer(evaluator: Any, X: Value, Y: Value, FUN: Value = None) -> Vector:
    """A function of all pairs, products unless another is given."""
    from pyasreml.r.functional import function_of

    x, y = vector_of(X, "outer()"), vector_of(Y, "outer()")
    left = Vector(np.tile(x.data, len(y)), x.kind)
    right = Vector(np.repeat(y.data, len(x)), y.kind)
    function = function_of(evaluator, character(["*"]) if FUN is None else FUN)
    values = vector_of(evaluator.apply(function, [Arg(None, left), Arg(None, right)]), "outer()")
    if len(values) != len(left):
        raise RError("outer(): the function does not give a value for every pair")
    shape = (len(x), len(y))
    return made(values.data.reshape(shape, order="F"), x.names, y.names, values.kind)


def _bind(dots: tuple[Arg, ...], rows: bool) -> Value:
    parts = [arg for arg in dots if arg.value is not None]
    if any(isinstance(arg.value, pd.DataFrame) for arg in parts):
        from pyasreml.r.frames import bind_frames

        return bind_frames(parts, rows)
    blocks: list[Array] = []
    heads: list[Any] = []
    side: Any = None
    kind = max((arg.value.kind for arg in parts), key=KINDS.index, default="logical")
    sizes = [arg.value.dim[1 if rows else 0] for arg in parts if arg.value.dim is not None]
    size = sizes[0] if sizes else max((len(arg.value) for arg in parts), default=0)
    for arg in parts:
        vector = arg.value
        data = text_array(vector) if kind == "character" else vector.data
        if vector.dim is not None:
            block = data.reshape(vector.dim, order="F")
            own, across = vector.dimnames if rows else vector.dimnames[::-1]
            block = block if rows else block.T
            heads.extend([""] * block.shape[0] if own is None else own)
            side = across if side is None else side
        else:
            block = np.resize(data, size)[None, :]
            heads.append(arg.name or "")
            side = vector.names if side is None and len(vector) == size else side
        if block.shape[1] != size:
            raise RError(f"{'rbind' if rows else 'cbind'}(): numbers of {'columns' if rows else 'rows'} do not match")
        blocks.append(block)
    stacked = np.vstack(blocks) if blocks else np.zeros((0, 0))
    names = objects(heads) if any(heads) else None
    return made(stacked, names, side, kind) if rows else made(stacked.T, side, names, kind)


@builtin("rbind")
def rbind(*dots: Arg) -> Value:
    """Rows below each other."""
    return _bind(dots, rows=True)


@builtin("cbind")
def cbind(*dots: Arg) -> Value:
    """Columns beside each other."""
    return _bind(dots, rows=False)


def _margin(name: str, compute: Callable[..., Array], axis: int) -> None:
    def call(x: Value, na_rm: Value = None) -> Vector:
        source = as_matrix(x)
        data = np.asarray(floats(source, f"{name}()")).reshape(source.dim, order="F")
        if flag(na_rm):
            data = np.ma.masked_invalid(data)
        return double(np.ma.filled(compute(data, axis=axis), np.nan), source.dimnames[1 - axis])

    builtin(name)(call)


_margin("rowSums", np.sum, 1)
_margin("colSums", np.sum, 0)
_margin("rowMeans", np.mean, 1)
_margin("colMeans", np.mean, 0)


@builtin("apply")
def apply(evaluator: Any, X: Value, MARGIN: Value, FUN: Value, *dots: Arg) -> Value:
    """A function of every row (1) or column (2)."""
    from pyasreml.r.functional import function_of, simplified

    source = as_matrix(X)
    array = source.matrix() if whole(MARGIN) == 2 else source.matrix().T
    along, across = source.dimnames[::-1] if whole(MARGIN) == 2 else source.dimnames
    function = function_of(evaluator, FUN)
    found = []
    for j in range(array.shape[1]):
        part = Vector(array[:, j].copy(), source.kind, {} if across is None else {"names": across})
        found.append(evaluator.apply(function, [Arg(None, part), *dots]))
    return simplified(found, None if along is None else [str(name) for name in along])


@builtin("max.col")
def max_col(m: Value) -> Vector:
    """Place of each row's maximum."""
    return integer(np.argmax(as_matrix(m).matrix(), axis=1) + 1)
