"""Functions of variance components with standard errors by the delta method."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pyasreml.errors import FormulaError
from pyasreml.fit.components import component_covariance, components, require_fit
from pyasreml.rprint import RTable
from pyasreml.syntax import deparse, parse_formula
from pyasreml.syntax.nodes import Binary, Call, Constant, Name, Node, Number, Paren, String, Unary

__all__ = ["vpredict"]

FloatArray = npt.NDArray[np.float64]
Dual = tuple[float, FloatArray]
"""A value and its gradient by the components."""

_FUNCTIONS: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "sqrt": (np.sqrt, lambda x: 0.5 / np.sqrt(x)),
    "exp": (np.exp, np.exp),
    "log": (np.log, lambda x: 1 / x),
    "abs": (np.abs, np.sign),
    "log10": (np.log10, lambda x: 1 / (x * np.log(10.0))),
    "log2": (np.log2, lambda x: 1 / (x * np.log(2.0))),
    "log1p": (np.log1p, lambda x: 1 / (1 + x)),
    "expm1": (np.expm1, np.exp),
    "sin": (np.sin, np.cos),
    "cos": (np.cos, lambda x: -np.sin(x)),
    "tan": (np.tan, lambda x: 1 / np.cos(x) ** 2),
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
}


def vpredict(fit: Any, formula: Any) -> RTable:
    """Estimate a function of variance components.

    Parameters
    ----------
    fit : Asreml
    formula : str or formula
        ``"h2 ~ V1/(V1+V2)"``: ``V1``, ``V2`` … are the rows of ``summary(fit).varcomp`` in order, fixed ones included;
        a row may also be named in backticks (``"h2 ~ entry/(entry + `units!R`)"``). Arithmetic and sqrt, exp, log
        and the like may be used. A formula without left-hand side labels its row with the expression.

    Returns
    -------
    RTable
        One row with ``Estimate`` and ``SE``: ``sqrt(g' C g)`` with C the covariance matrix of the components and g the
        exact gradient of the expression.

    Raises
    ------
    FormulaError
        If the formula cannot be read, or names a component that the fit does not have.

    Examples
    --------
    >>> import pyasreml as pa
    >>> from pyasreml.demo.oats import oats
    >>> fit = pa.asreml("yield ~ Variety*Nitrogen", random="~ Blocks/Wplots", data=oats(), trace=False)
    >>> pa.vpredict(fit, "share ~ V1/(V1+V2+V3)")
           Estimate        SE
    share 0.4310037 0.2101147
    """
    require_fit(fit, "vpredict()")
    text = formula if isinstance(formula, str) else str(formula)
    tree = parse_formula(text)
    if isinstance(tree, Binary) and tree.operator == "~":
        label, right = deparse(tree.left), tree.right
    elif isinstance(tree, Unary) and tree.operator == "~":
        label, right = deparse(tree.operand), tree.operand
    else:
        raise FormulaError("vpredict() needs a formula such as h2 ~ V1/(V1+V2)", text, tree.span)
    names = [str(n) for n in fit.vparameters.index]
    with np.errstate(all="ignore"):
        value, gradient = _Evaluation(components(fit), names, text).value(right)
    variance = float(gradient @ component_covariance(fit) @ gradient)
    error = np.sqrt(variance) if variance >= 0 else np.nan
    return RTable({"Estimate": [value], "SE": [error]}, index=pd.Index([label]))


class _Evaluation:
    """Forward differentiation along a syntax tree."""

    def __init__(self, values: FloatArray, names: list[str], text: str):
        self.values = values
        self.names = names
        self.text = text

    def fail(self, message: str, node: Node) -> FormulaError:
        return FormulaError(message, self.text, node.span)

    def value(self, node: Node) -> Dual:
        zero = np.zeros(self.values.size)
        if isinstance(node, Number):
            return float(node.value), zero
        if isinstance(node, Paren):
            return self.value(node.inner)
        if isinstance(node, Name):
            return self.component(node)
        if isinstance(node, Constant) and node.name in ("Inf", "TRUE", "FALSE"):
            return {"Inf": np.inf, "TRUE": 1.0, "FALSE": 0.0}[node.name], zero
        if isinstance(node, Unary) and node.operator in "+-":
            x, dx = self.value(node.operand)
            return (-x, -dx) if node.operator == "-" else (x, dx)
        if isinstance(node, Binary):
            return self.binary(node)
        if isinstance(node, Call):
            return self.call(node)
        what = f"the text {node.value!r}" if isinstance(node, String) else "this"
        raise self.fail(f"vpredict(): {what} is no arithmetic on variance components", node)

    def component(self, node: Name) -> Dual:
        zero = np.zeros(self.values.size)
        if node.name == "pi":
            return float(np.pi), zero
        numbered = re.fullmatch(r"V([0-9]+)", node.name)
        if node.name in self.names:
            place = self.names.index(node.name)
        elif numbered and 1 <= int(numbered[1]) <= len(self.names):
            place = int(numbered[1]) - 1
        else:
            rows = ", ".join(f"V{i + 1} = {name}" for i, name in enumerate(self.names))
            raise self.fail(f"vpredict(): there is no component {node.name}; the components are {rows}", node)
        zero[place] = 1.0
        return float(self.values[place]), zero

    def binary(self, node: Binary) -> Dual:
        if node.operator not in ("+", "-", "*", "/", "^"):
            raise self.fail(f"vpredict(): the operator {node.operator} is no arithmetic on variance components", node)
        a, da = self.value(node.left)
        b, db = self.value(node.right)
        x, y = np.float64(a), np.float64(b)
        if node.operator == "+":
            return float(x + y), da + db
        if node.operator == "-":
            return float(x - y), da - db
        if node.operator == "*":
            return float(x * y), y * da + x * db
        if node.operator == "/":
            return float(x / y), (da - x / y * db) / y
        power = x**y
        gradient = y * x ** (y - 1) * da
        return float(power), gradient + (power * np.log(x) * db if db.any() else 0.0)

    def call(self, node: Call) -> Dual:
        name = node.function.name if isinstance(node.function, Name) else ""
        arguments = [a.value for a in node.arguments if a.value is not None]
        if name not in _FUNCTIONS or len(arguments) != 1:
            known = ", ".join(_FUNCTIONS)
            raise self.fail(f"vpredict(): functions of one number that can be used are {known}", node)
        x, dx = self.value(arguments[0])
        function, derivative = _FUNCTIONS[name]
        return float(function(np.float64(x))), derivative(np.float64(x)) * dx
