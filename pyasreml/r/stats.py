"""Quantiles, variances, distributions, model matrices."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from pyasreml.errors import UnsupportedError
from pyasreml.r.arithmetic import vector_of
from pyasreml.r.coercion import flag, floats, numbers_of, strings
from pyasreml.r.conditions import RError
from pyasreml.r.factors import as_factor
from pyasreml.r.indexing import column
from pyasreml.r.registry import builtin
from pyasreml.r.values import Arg, Language, Value, Vector, double, is_factor, objects
from pyasreml.rprint import format_numbers
from pyasreml.syntax import deparse, evaluate, parse_formula
from pyasreml.syntax.nodes import Binary, Constant, Name, Node, Number, Paren, Unary

__all__: list[str] = []


@builtin("quantile")
def quantile(x: Value, probs: Value = None, na_rm: Value = None, names: Value = True, type: Value = None) -> Vector:
    """Quantiles by R's default rule (type 7), named by percent."""
    data = numbers_of((Arg(None, x),), na_rm, "quantile()")
    if np.isnan(data).any():
        raise RError("missing values and NaN's not allowed if 'na.rm' is FALSE")
    if type is not None and int(vector_of(type, "type").data[0]) != 7:
        raise UnsupportedError("quantile(type=)")
    at = np.array([0, 0.25, 0.5, 0.75, 1]) if probs is None else floats(probs, "quantile()")
    values = np.quantile(data, at) if len(data) else np.full(len(at), np.nan)
    shown = None
    if flag(names):
        shown = [f"{text.strip()}%" for p in at for text in format_numbers(np.array([100 * p]), 7)]
    return double(values, shown)


@builtin("median")
def median(x: Value, na_rm: Value = None) -> Vector:
    """Median."""
    data = numbers_of((Arg(None, x),), na_rm, "median()")
    return double([np.median(data) if len(data) and not np.isnan(data).any() else np.nan])


@builtin("var")
def var(x: Value, y: Value = None, na_rm: Value = None) -> Vector:
    """Variance, divisor n - 1."""
    if y is not None:
        if flag(na_rm):
            raise UnsupportedError("var(y=, na.rm=)")
        return double([np.cov(floats(x, "var()"), floats(y, "var()"))[0, 1]])
    data = numbers_of((Arg(None, x),), na_rm, "var()")
    return double([np.var(data, ddof=1) if len(data) > 1 else np.nan])


@builtin("sd")
def sd(x: Value, na_rm: Value = None) -> Vector:
    """Standard deviation."""
    return double(np.sqrt(var(x, na_rm=na_rm).data))


@builtin("cor")
def cor(x: Value, y: Value = None, use: Value = None) -> Vector:
    """Pearson's correlation of two vectors, or of the columns of a matrix."""
    if y is None:
        if use is not None:
            raise UnsupportedError("cor(use=) of a matrix")
        source = vector_of(x, "cor()")
        if source.dim is None:
            raise RError("supply both 'x' and 'y' or a matrix-like 'x'")
        made = np.corrcoef(source.matrix(), rowvar=False)
        heads = source.dimnames[1]
        return Vector(made.ravel(order="F"), "double", {"dim": made.shape, "dimnames": (heads, heads)})
    a, b = floats(x, "cor()"), floats(y, "cor()")
    if len(a) != len(b):
        raise RError("incompatible dimensions")
    rule = "everything" if use is None else str(strings(use)[0])
    if rule not in ("everything", "complete.obs", "pairwise.complete.obs"):
        raise UnsupportedError(f'cor(use = "{rule}")')
    if rule != "everything":
        known = ~np.isnan(a) & ~np.isnan(b)
        a, b = a[known], b[known]
    return double([np.corrcoef(a, b)[0, 1]])


@builtin("scale")
def scale(x: Value, center: Value = True, scale: Value = True) -> Vector:
    """Centred and scaled columns."""
    source = vector_of(x, "scale()")
    shape = source.dim or (len(source), 1)
    data = source.data.reshape(shape, order="F").astype(float)
    if flag(center):
        data = data - np.nanmean(data, axis=0)
    if flag(scale):
        data = data / np.sqrt(np.nansum(data**2, axis=0) / (np.sum(~np.isnan(data), axis=0) - 1))
    names = (source.names, None) if source.dim is None else source.dimnames
    return Vector(data.ravel(order="F"), "double", {"dim": shape, "dimnames": names})


_FAMILIES: dict[str, tuple[Any, tuple[str, ...], tuple[Any, ...]]] = {
    "norm": (stats.norm, ("mean", "sd"), (0.0, 1.0)),
    "t": (stats.t, ("df",), ()),
    "chisq": (stats.chi2, ("df",), ()),
    "f": (stats.f, ("df1", "df2"), ()),
}


def _enter(letter: str, name: str) -> None:
    """Density, probability or quantile function of a family, with R's formals: ``pchisq(q, df, lower.tail, log.p)``."""
    family, formals, defaults = _FAMILIES[name]
    first = {"d": "x", "p": "q", "q": "p"}[letter]

    def call(**given: Value) -> Vector:
        source = vector_of(given[first], f"{letter}{name}()")
        values: list[Any] = list(defaults)
        for i, formal in enumerate(formals):
            if given.get(formal) is not None:
                values[i : i + 1] = [floats(given[formal], f"{letter}{name}()")]
        if len(values) < len(formals):
            raise RError(f'{letter}{name}(): argument "{formals[len(values)]}" is missing, with no default')
        lower = flag(given.get("lower_tail", True), True)
        method = {"d": "pdf", "p": "cdf" if lower else "sf", "q": "ppf" if lower else "isf"}[letter]
        data = np.atleast_1d(getattr(family, method)(source.data, *values))
        if flag(given.get("log_p")):
            data = np.log(data)
        return Vector(data, "double", dict(source.attributes) if len(source) == len(data) else {})

    names = [first, *formals, *(["lower_tail", "log_p"] if letter != "d" else [])]
    empty = inspect.Parameter.empty
    parameters = [
        inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=empty if n == first else None)
        for n in names
    ]
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    builtin(f"{letter}{name}")(call)


for _name in _FAMILIES:
    for _letter in "dpq":
        _enter(_letter, _name)


@builtin("formula", "as.formula")
def formula(x: Value, env: Value = None) -> Language:
    """A formula from text, or of a component that holds one."""
    if isinstance(x, Language):
        return x if env is None else Language(x.node, x.text, env)
    text = str(x) if not isinstance(x, Vector) else " ".join(t or "" for t in strings(x))
    return Language(parse_formula(text), text, env)


@builtin("model.matrix")
def model_matrix(object: Value, data: Value = None) -> Vector:
    """Design matrix of a formula's right side in treatment contrasts.

    Main effects of factors and covariates and products whose margins all stand in the formula.
    """
    if not isinstance(object, Language) or not isinstance(data, pd.DataFrame):
        raise RError("model.matrix() needs a formula and a data frame")
    node = object.node
    right = node.right if isinstance(node, Binary) else node.operand if isinstance(node, Unary) else node
    terms, intercept = _terms(right)
    blocks: list[tuple[list[str], np.ndarray[Any, Any]]] = []
    n = len(data)
    if intercept:
        blocks.append((["(Intercept)"], np.ones((n, 1))))
    codings = {v: _contrasts(v, data, full=False) for term in terms for v in term}
    full = not intercept
    for term in sorted(terms, key=len):
        names, block = [""], np.ones((n, 1))
        for variable in term:
            rest = tuple(v for v in term if v != variable)
            margin = (len(rest) == 0 and intercept) or rest in terms or (len(rest) == 0 and not full)
            own_names, own = codings[variable] if margin else _contrasts(variable, data, full=True)
            if len(term) == 1 and full and is_factor(_variable(variable, data)):
                full = False
                own_names, own = _contrasts(variable, data, full=True)
            names = [f"{a}:{b}" if a else b for b in own_names for a in names]
            block = (own[:, :, None] * block[:, None, :]).reshape(n, -1)
        blocks.append((names, block))
    made = np.hstack([block for _, block in blocks]) if blocks else np.zeros((n, 0))
    heads = objects(name for names, _ in blocks for name in names)
    rows = objects(map(str, data.index))
    return Vector(made.ravel(order="F"), "double", {"dim": made.shape, "dimnames": (rows, heads)})


def _terms(node: Node) -> tuple[list[tuple[str, ...]], bool]:
    """Terms as tuples of variables in order, and whether there is an intercept."""
    if isinstance(node, Paren):
        return _terms(node.inner)
    if isinstance(node, Number):
        return [], node.value == 1
    if isinstance(node, Unary) and node.operator == "-" and isinstance(node.operand, Number):
        return [], node.operand.value != 1
    if isinstance(node, Binary) and node.operator in ("+", "-"):
        left, intercept = _terms(node.left)
        if node.operator == "-":
            removed, one = _terms(node.right)
            return [t for t in left if t not in removed], intercept and not (one and isinstance(node.right, Number))
        right, own = _terms(node.right)
        return [*left, *(t for t in right if t not in left)], intercept and own
    if isinstance(node, Binary) and node.operator in (":", "*"):
        left, _ = _terms(node.left)
        right, _ = _terms(node.right)
        products = [(*a, *(v for v in b if v not in a)) for a in left for b in right]
        return ([*left, *right, *products] if node.operator == "*" else products), True
    if isinstance(node, Constant):
        return [], True
    return [(node.name if isinstance(node, Name) else deparse(node),)], True


def _variable(label: str, data: pd.DataFrame) -> Vector:
    if label in data.columns:
        found = column(data, list(data.columns).index(label))
        return as_factor(found) if found.kind == "character" else found
    from pyasreml.syntax import parse_expression

    columns = {str(name): np.asarray(data[name]) for name in data.columns}
    return double(evaluate(parse_expression(label), columns))


def _contrasts(label: str, data: pd.DataFrame, full: bool) -> tuple[list[str], np.ndarray[Any, Any]]:
    """Columns of one variable: itself, or indicators of all levels or of all but the first."""
    vector = _variable(label, data)
    if not is_factor(vector):
        return [label], vector.data[:, None]
    levels = vector.attributes["levels"]
    first = 0 if full else 1
    block = (vector.data[:, None] == np.arange(first, len(levels))[None, :] + 1).astype(float)
    return [f"{label}{level}" for level in levels[first:]], block


@builtin("tapply")
def tapply(evaluator: Any, X: Value, INDEX: Value, FUN: Value, *dots: Arg) -> Value:
    """A function of the elements of each level."""
    from pyasreml.r.functional import simplified
    from pyasreml.r.indexing import subset

    groups = as_factor(vector_of(INDEX, "tapply()"))
    levels = [str(level) for level in groups.attributes["levels"]]
    found = []
    for i in range(len(levels)):
        rows = Vector((groups.data == i + 1).astype(float), "logical")
        found.append(evaluator.apply(FUN, [Arg(None, subset(X, [rows])), *dots]))
    return simplified(found, levels)
