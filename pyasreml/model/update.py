"""R's ``update.formula``: a new formula in which ``.`` stands for the old one's side.

As in R the result is simplified: products expanded, main effects first, and the variables of a product in the order in
which they first occur in the whole new formula (removed terms included).
"""

from __future__ import annotations

from dataclasses import replace

from pyasreml.errors import FormulaError
from pyasreml.model.expand import Variable, expand, variables_in_order
from pyasreml.syntax import deparse, parse_formula
from pyasreml.syntax.nodes import Argument, Binary, Call, Constant, Name, Node, Paren, Unary

__all__ = ["update_formula"]


def update_formula(old: str | None, new: str) -> str:
    """Update a formula by R's rules.

    Parameters
    ----------
    old : str or None
        The formula so far; None where there was none (``~NULL``).
    new : str
        The change, e.g. ``. ~ . + x``, ``~ . - Rep``. A one-sided change keeps the old response.

    Returns
    -------
    str
        R's text of the updated formula.

    Examples
    --------
    >>> update_formula("~Row + Column + ar1(Row):Column", "~ . + z")
    '~Row + Column + z + Column:ar1(Row)'
    """
    change = parse_formula(new)
    base = parse_formula(old) if old and old.strip() else None
    old_left = base.left if isinstance(base, Binary) else None
    old_right = base.right if isinstance(base, Binary) else base.operand if isinstance(base, Unary) else None
    if isinstance(old_right, Constant) and old_right.name == "NULL":
        old_right = None
    left = change.left if isinstance(change, Binary) else old_left
    right = change.right if isinstance(change, Binary) else change.operand if isinstance(change, Unary) else change
    if isinstance(left, Name) and left.name == "." and not left.quoted:
        left = old_left
    elif left is not None:
        left = _substitute(left, old_left, new, parentheses=False)
    if isinstance(right, Constant) and right.name == "NULL":
        return "~NULL" if left is None else f"{deparse(left)} ~ NULL"
    if isinstance(right, Call) and isinstance(right.function, Name) and right.function.name == "dsum" and left is None:
        return "~" + deparse(right)  # a model for sections is no sum of terms
    right = _substitute(right, old_right, new)
    # Spans point into two texts by now; names are quoted in messages from here on.
    expansion = expand(right, deparse(right)).by_degree()
    response = [] if left is None else [Variable(deparse(left), left)]
    order = {variable: i for i, variable in enumerate([*response, *variables_in_order(right)])}

    def rank(variable: Variable) -> int:
        return order.get(variable, len(order))

    terms = [":".join(v.text for v in sorted(product, key=rank)) for product in expansion.products]
    text = " + ".join(terms)
    if expansion.intercept is False:
        text = f"{text} - 1" if text else "-1"
    elif not text:
        text = "1"
    return f"~{text}" if left is None else f"{deparse(left)} ~ {text}"


def _substitute(node: Node, old: Node | None, text: str, parentheses: bool = True) -> Node:
    """`node` with every ``.`` replaced by `old`, in parentheses on the right side."""
    if isinstance(node, Name) and node.name == "." and not node.quoted:
        if old is None:
            return Constant("NULL", span=node.span)
        return Paren(old, span=node.span) if parentheses else old
    if isinstance(node, Paren):
        return replace(node, inner=_substitute(node.inner, old, text, parentheses))
    if isinstance(node, Unary):
        return replace(node, operand=_substitute(node.operand, old, text, parentheses))
    if isinstance(node, Binary):
        left = _substitute(node.left, old, text, parentheses)
        return replace(node, left=left, right=_substitute(node.right, old, text, parentheses))
    if isinstance(node, Call):
        arguments = tuple(
            Argument(a.name, None if a.value is None else _substitute(a.value, old, text, parentheses), span=a.span)
            for a in node.arguments
        )
        return replace(node, arguments=arguments)
    if not isinstance(node, Node):
        raise FormulaError("this is no formula", text, (0, len(text)))
    return node
