"""Infix operators of statements: assignments, pipes, formulas, logic, arithmetic, and ``%any%``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pyasreml.r.arithmetic import binary, matches, matrix_product, sequence, vector_of
from pyasreml.r.environment import Environment, Promise
from pyasreml.r.registry import BUILTINS
from pyasreml.r.values import Arg, Language, Value, logical
from pyasreml.syntax.nodes import Argument, Binary, Call, Function, Name, Paren

if TYPE_CHECKING:
    from pyasreml.r.evaluator import Evaluator

__all__ = ["infix"]


def infix(evaluator: Evaluator, node: Binary, env: Environment) -> Value:
    """Infix operators: assignments, pipes, formulas, logic, arithmetic, and ``%any%``."""
    operator = node.operator
    if operator in ("<-", "=", "<<-", ":="):
        return evaluator.assign_statement(node.left, node.right, env, operator == "<<-")
    if operator in ("->", "->>"):
        return evaluator.assign_statement(node.right, node.left, env, operator == "->>")
    if operator == "~":
        return Language(node, evaluator.source(node), env)
    if operator in ("|>", "%>%"):
        return _pipe(evaluator, node, env)
    if operator in ("&&", "||"):
        return _short_circuit(evaluator, node, env)
    left, right = evaluator.eval(node.left, env), evaluator.eval(node.right, env)
    evaluator.visible = True
    if operator == ":":
        return evaluator.located(node, lambda: sequence(left, right))
    if operator == "%in%":
        return evaluator.located(node, lambda: logical(matches(left, right) >= 0))
    if operator == "%*%":
        return evaluator.located(node, lambda: matrix_product(left, right))
    if operator == "%o%":
        return evaluator.located(node, lambda: evaluator.apply(BUILTINS["outer"], [Arg(None, left), Arg(None, right)]))
    if operator.startswith("%") and operator not in ("%%", "%/%"):
        function = evaluator.function(Name(operator, span=node.span), env)
        return evaluator.apply(function, [Arg(None, left), Arg(None, right)])
    return evaluator.located(node, lambda: binary(operator, left, right))


def _short_circuit(evaluator: Evaluator, node: Binary, env: Environment) -> Value:
    """``&&`` and ``||``."""
    stop = 0.0 if node.operator == "&&" else 1.0
    seen_na = False
    for side in (node.left, node.right):
        value = vector_of(evaluator.eval(side, env), node.operator)
        if len(value) != 1 or value.kind == "character":
            raise evaluator.fail(f"'{node.operator}' needs a single logical value on either side", side)
        if np.isnan(value.data[0]):
            seen_na = True
        elif float(value.data[0] != 0) == stop:
            return logical([stop])
    evaluator.visible = True
    return logical([np.nan if seen_na else 1 - stop])


def _pipe(evaluator: Evaluator, node: Binary, env: Environment) -> Value:
    """``x |> f(y)`` and ``x %>% f(y)``, where the magrittr pipe takes a bare function name and ``.`` too."""
    left, right = node.left, node.right
    if isinstance(right, Paren) and isinstance(right.inner, Function):
        right = Call(right, (), span=right.span)
    if node.operator == "%>%":
        if not isinstance(right, Call):
            right = Call(right, (), span=right.span)
        inner = Environment(env, {".": Promise(left, env, evaluator.text)})
        dotted = any(isinstance(a.value, Name) and a.value.name == "." for a in right.arguments)
        first = () if dotted else (Argument(None, Name(".", span=left.span), span=left.span),)
        return evaluator.call(replace(right, arguments=(*first, *right.arguments)), inner)
    if not isinstance(right, Call):
        raise evaluator.fail("The pipe operator requires a function call as RHS", right)
    placeholder = [i for i, a in enumerate(right.arguments) if isinstance(a.value, Name) and a.value.name == "_"]
    if placeholder:
        arguments = list(right.arguments)
        arguments[placeholder[0]] = replace(arguments[placeholder[0]], value=left)
    else:
        arguments = [Argument(None, left, span=left.span), *right.arguments]
    return evaluator.call(replace(right, arguments=tuple(arguments)), env)
