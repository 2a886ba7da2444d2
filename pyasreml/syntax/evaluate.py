"""Arithmetic on columns: ``log(y)``, ``I(x^2)``, ``year == 1987``, ``V1/(V1 + V2)``.

Logical results are bool arrays, or float arrays of 0, 1 and NaN where R's answer is NA for some row. Text columns are
object arrays whose missing entries are None or NaN.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pyasreml.errors import FormulaError
from pyasreml.syntax.deparse import deparse
from pyasreml.syntax.literals import number_text
from pyasreml.syntax.nodes import (
    Argument,
    Binary,
    Call,
    Constant,
    Index,
    Member,
    Name,
    Node,
    Number,
    Paren,
    String,
    Unary,
)

__all__ = ["ARITHMETIC", "COMPARISON", "FUNCTIONS", "evaluate", "isna"]

Array = np.ndarray[Any, Any]
Failure = Callable[[str, Node], FormulaError]

ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.true_divide,
    "^": np.power,
    "%%": np.mod,
    "%/%": np.floor_divide,
}
COMPARISON: dict[str, Callable[[Any, Any], Any]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    ">": np.greater,
    "<=": np.less_equal,
    ">=": np.greater_equal,
}
_CONSTANTS: dict[str, Any] = {
    "TRUE": True, "FALSE": False, "NA": np.nan, "NA_real_": np.nan, "NA_integer_": np.nan, "NA_character_": None,
    "NaN": np.nan, "Inf": np.inf,
}  # fmt: skip


def evaluate(
    node: Node,
    names: Mapping[str, Any],
    functions: Mapping[str, Callable[..., Any]] | None = None,
    text: str | None = None,
) -> Any:
    """Value of an expression on columns.

    Parameters
    ----------
    node : Node
        The tree.
    names : mapping
        Name to number, text, or one-dimensional array; text columns (levels of factors) as arrays of str.
    functions : mapping, optional
        Further functions, or others in the place of the built-in ones.
    text : str, optional
        The text that `node` was parsed from, quoted in errors; the deparsed tree otherwise.

    Returns
    -------
    scalar or array
        An array wherever an array took part; R's recycling of shorter vectors applies.

    Raises
    ------
    FormulaError
        For an unknown name or function, for arithmetic on text, and where lengths do not fit.

    Examples
    --------
    >>> from pyasreml.syntax import parse_expression
    >>> evaluate(parse_expression("I(x^2) + 1"), {"x": np.array([1.0, 2.0])})
    array([2., 5.])
    """
    with np.errstate(all="ignore"):
        value = _Evaluation(node, names, functions or {}, text).value(node)
    array = np.asarray(value)
    return array[()] if array.ndim == 0 else array


def isna(value: Any) -> Any:
    """Where a value is NA: NaN, and None in text."""
    array = np.asarray(value)
    if array.dtype.kind == "f":
        return np.isnan(array)
    if array.dtype.kind == "O":
        return np.frompyfunc(lambda item: item is None or item != item, 1, 1)(array).astype(bool)
    return np.zeros(array.shape, dtype=bool)


def _is_text(value: Any) -> bool:
    array = np.asarray(value)
    if array.dtype.kind == "O":
        return any(isinstance(item, str) for item in array.ravel()) or array.size == 0
    return array.dtype.kind in "UST"


def _number_as_text(value: Any) -> Any:
    def spell(item: Any) -> Any:
        if isinstance(item, (bool, np.bool_)):
            return "TRUE" if item else "FALSE"
        return item if item is None or item != item else number_text(float(item))

    array = np.asarray(value)
    return np.frompyfunc(spell, 1, 1)(array)


class _Evaluation:
    def __init__(
        self, root: Node, names: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]], text: str | None
    ):
        self.root = root
        self.names = names
        self.functions = functions
        self.text = text

    def fail(self, message: str, node: Node) -> FormulaError:
        if self.text is not None:
            return FormulaError(message, self.text, node.span)
        shown, part = deparse(self.root), deparse(node)
        at = shown.find(part)
        return FormulaError(message, shown, (at, at + len(part)) if at >= 0 else (0, len(shown)))

    def value(self, node: Node) -> Any:
        match node:
            case Number():
                return node.value
            case String():
                return node.value
            case Paren():
                return self.value(node.inner)
            case Constant():
                if node.name in _CONSTANTS:
                    return _CONSTANTS[node.name]
                raise self.fail(f"{node.name} has no value here", node)
            case Name():
                return self.name(node)
            case Unary():
                return self.unary(node)
            case Binary():
                return self.binary(node)
            case Call():
                return self.call(node)
            case Member():
                return self.value(Name(node.name, span=node.span))
            case Index():
                return self.index(node)
        raise self.fail("this cannot be computed from columns", node)

    def name(self, node: Name) -> Any:
        if node.name in self.names:
            value = self.names[node.name]
            array = np.asarray(value)
            if array.dtype.kind in "US":
                array = array.astype(object)
            return array if array.ndim else array[()]
        if node.name in ("T", "F", "pi"):
            return {"T": True, "F": False, "pi": np.pi}[node.name]
        near = difflib.get_close_matches(node.name, [str(name) for name in self.names], 3, 0.6)
        hint = f"; near it: {', '.join(near)}" if near else ""
        raise self.fail(f"'{node.name}' is neither a column nor a known value{hint}", node)

    def index(self, node: Index) -> Any:
        if len(node.arguments) != 1 or node.arguments[0].value is None:
            raise self.fail("only vectors can be indexed here, by one index", node)
        array, index = np.atleast_1d(self.value(node.object)), np.atleast_1d(self.value(node.arguments[0].value))
        if index.dtype == bool:
            return array[np.resize(index, array.shape)]
        position = index.astype(int)
        if position.size and (position < 0).all():
            return np.delete(array, -position - 1)
        if ((position < 1) | (position > len(array))).any():
            raise self.fail(f"the index lies outside 1 … {len(array)}", node)
        return array[position - 1]

    def unary(self, node: Unary) -> Any:
        if node.operator in ("~", "?"):
            raise self.fail(f"'{node.operator}' cannot be computed from columns", node)
        value = self.value(node.operand)
        if _is_text(value):
            raise self.fail(f"'{node.operator}' needs numbers, but {deparse(node.operand)} is text", node.operand)
        if node.operator == "!":
            return _with_na(np.asarray(value) == 0, isna(value))
        return np.negative(_numeric(value)) if node.operator == "-" else _numeric(value)

    def binary(self, node: Binary) -> Any:
        operator = node.operator
        if operator == "|>" or operator == "%>%":
            if not isinstance(node.right, Call):
                raise self.fail(f"after '{operator}' must stand a call", node.right)
            piped = Call(node.right.function, (Argument(None, node.left), *node.right.arguments), span=node.span)
            return self.call(piped)
        known = operator in ARITHMETIC or operator in COMPARISON or operator in ("&", "&&", "|", "||", "%in%", ":")
        if not known:
            raise self.fail(f"'{operator}' cannot be computed from columns", node)
        left, right = self.value(node.left), self.value(node.right)
        if operator == "%in%":
            return _member(left, right)
        if operator == ":":
            return self.sequence(node, left, right)
        left, right = self.recycle(node, left, right)
        if operator in COMPARISON:
            return _compare(operator, left, right)
        for part, value in ((node.left, left), (node.right, right)):
            if _is_text(value):
                raise self.fail(f"'{operator}' needs numbers, but {deparse(part)} is text (a factor?)", part)
        if operator in ARITHMETIC:
            return ARITHMETIC[operator](_numeric(left), _numeric(right))
        missing_left, missing_right = isna(left), isna(right)
        true_left = (np.asarray(left) != 0) & ~missing_left
        true_right = (np.asarray(right) != 0) & ~missing_right
        if operator in ("&", "&&"):
            false = (~true_left & ~missing_left) | (~true_right & ~missing_right)
            return _with_na(true_left & true_right, (missing_left | missing_right) & ~false)
        return _with_na(true_left | true_right, (missing_left | missing_right) & ~(true_left | true_right))

    def sequence(self, node: Binary, left: Any, right: Any) -> Any:
        if np.size(left) != 1 or np.size(right) != 1 or _is_text(left) or _is_text(right):
            raise self.fail("':' needs a number on either side here", node)
        first, last = float(np.ravel(left)[0]), float(np.ravel(right)[0])
        count = int(np.floor(abs(last - first) + 1e-10)) + 1
        return first + np.arange(count) * (1.0 if last >= first else -1.0)

    def recycle(self, node: Node, left: Any, right: Any) -> tuple[Any, Any]:
        a, b = np.asarray(left), np.asarray(right)
        if a.ndim == 0 or b.ndim == 0 or a.shape == b.shape:
            return left, right
        n = max(len(a), len(b)) if min(len(a), len(b)) else 0
        if n and (n % len(a) or n % len(b)):
            raise self.fail(f"the two sides have {len(a)} and {len(b)} values", node)
        return np.resize(a, n), np.resize(b, n)

    def call(self, node: Call) -> Any:
        if not isinstance(node.function, Name):
            raise self.fail("this function cannot be computed here", node.function)
        name = node.function.name
        function = self.functions.get(name) or FUNCTIONS.get(name)
        if function is None:
            near = difflib.get_close_matches(name, [*self.functions, *FUNCTIONS], 3, 0.6)
            hint = f"; near it: {', '.join(near)}" if near else ""
            raise self.fail(f"the function '{name}' is not known here{hint}", node.function)
        positional = [self.value(a.value) for a in node.arguments if a.name is None and a.value is not None]
        named = {
            a.name.replace(".", "_"): self.value(a.value) for a in node.arguments if a.name and a.value is not None
        }
        try:
            return function(*positional, **named)
        except (TypeError, ValueError) as error:
            shown = next(
                (a.value for a in node.arguments if a.value is not None and _is_text(self.value(a.value))), None
            )
            reason = f"{deparse(shown)} is text (a factor?)" if shown is not None else str(error)
            raise self.fail(f"'{name}()' cannot be computed: {reason}", node) from None


def _numeric(value: Any) -> Any:
    array = np.asarray(value)
    return array.astype(float) if array.dtype.kind in "biuO" else array


def _with_na(value: Any, missing: Any) -> Any:
    if np.any(missing):
        return np.where(missing, np.nan, np.asarray(value, dtype=float))
    return np.asarray(value, dtype=bool)


def _compare(operator: str, left: Any, right: Any) -> Any:
    if _is_text(left) != _is_text(right):
        left, right = (v if _is_text(v) else _number_as_text(v) for v in (left, right))
    missing = isna(left) | isna(right)
    if _is_text(left):
        fill = np.frompyfunc(lambda item: "" if item is None or item != item else str(item), 1, 1)
        left, right = fill(np.asarray(left, dtype=object)), fill(np.asarray(right, dtype=object))
    return _with_na(np.asarray(COMPARISON[operator](left, right), dtype=bool), missing)


def _member(left: Any, table: Any) -> Any:
    if _is_text(left) != _is_text(table):
        left, table = (v if _is_text(v) else _number_as_text(v) for v in (left, table))
    if _is_text(left):
        wanted = {item for item in np.atleast_1d(np.asarray(table, dtype=object))}
        return np.frompyfunc(lambda item: item in wanted, 1, 1)(np.asarray(left, dtype=object)).astype(bool)
    return np.isin(left, table)


def _combine(*values: Any, **named: Any) -> Any:
    parts = [np.atleast_1d(v) for v in (*values, *named.values())]
    if any(_is_text(part) for part in parts):
        return np.concatenate([np.asarray(p if _is_text(p) else _number_as_text(p), dtype=object) for p in parts])
    return np.concatenate(parts) if parts else np.array([])


def _as_numeric(x: Any) -> Any:
    def number(item: Any) -> float:
        try:
            return float(item)
        except (TypeError, ValueError):
            return np.nan

    return np.frompyfunc(number, 1, 1)(np.asarray(x)).astype(float)


def _log(x: Any, base: Any = None) -> Any:
    return np.log(_numeric(x)) if base is None else np.log(_numeric(x)) / np.log(base)


def _round(x: Any, digits: Any = 0) -> Any:
    return np.round(_numeric(x), int(digits))


def _ifelse(test: Any, yes: Any, no: Any) -> Any:
    return np.where(np.asarray(test) != 0, yes, no)


def _of_numbers(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: function(_numeric(x))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "I": lambda x: x,
    "abs": _of_numbers(np.abs),
    "as.character": lambda x: x if _is_text(x) else _number_as_text(x),
    "as.numeric": _as_numeric,
    "asin": _of_numbers(np.arcsin),
    "atan": _of_numbers(np.arctan),
    "c": _combine,
    "ceiling": _of_numbers(np.ceil),
    "cos": _of_numbers(np.cos),
    "exp": _of_numbers(np.exp),
    "expm1": _of_numbers(np.expm1),
    "floor": _of_numbers(np.floor),
    "ifelse": _ifelse,
    "is.na": isna,
    "log": _log,
    "log10": _of_numbers(np.log10),
    "log1p": _of_numbers(np.log1p),
    "log2": _of_numbers(np.log2),
    "max": lambda *x: np.max(np.concatenate([np.atleast_1d(_numeric(v)) for v in x])),
    "mean": _of_numbers(np.mean),
    "min": lambda *x: np.min(np.concatenate([np.atleast_1d(_numeric(v)) for v in x])),
    "round": _round,
    "sin": _of_numbers(np.sin),
    "sqrt": _of_numbers(np.sqrt),
    "sum": lambda *x: np.sum(np.concatenate([np.atleast_1d(_numeric(v)) for v in x])),
    "tan": _of_numbers(np.tan),
}
"""Functions of columns, by R's name."""
