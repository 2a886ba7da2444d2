"""The ``Ftest`` argument of `wald`: ``~ term | background``, one term tested given some others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyasreml.bind.bound import BoundTerm
from pyasreml.errors import FormulaError
from pyasreml.model.expand import Product, expand
from pyasreml.syntax import deparse, parse_formula
from pyasreml.syntax.nodes import Binary, Constant, Node, Unary

__all__ = ["requested_test"]


def requested_test(formula: Any, terms: Sequence[BoundTerm]) -> tuple[int, tuple[int, ...]] | None:
    """The term tested, and the terms left out of the model in which it is.

    Parameters
    ----------
    formula : str, Node, or anything whose text is a formula
        ``~ A:B | A + B``. Without ``|`` the background is the intercept alone. ``~NULL`` asks for nothing.
    terms : sequence of BoundTerm
        The fixed terms.

    Returns
    -------
    (term, without) or None
        Positions in `terms`. The intercept is always in the background.

    Raises
    ------
    FormulaError
        Where the formula does not have that form, or names something that is no fixed term.
    """
    text = formula if isinstance(formula, str) else deparse(formula) if isinstance(formula, Node) else str(formula)
    tree = parse_formula(text)
    if not isinstance(tree, Unary):
        raise FormulaError("Ftest has one side: ~ term | background", text, tree.span)
    asked = tree.operand
    if isinstance(asked, Constant) and asked.name == "NULL":
        return None
    tested, background = asked, None
    if isinstance(asked, Binary) and asked.operator == "|":
        tested, background = asked.left, asked.right
    products = expand(tested, text).products
    if len(products) != 1:
        raise FormulaError("Ftest tests one term, ~ term | background", text, tested.span)
    term = _position(products[0], terms, text, tested.span)
    given = {i for i, t in enumerate(terms) if all(c.kind == "intercept" for c in t.codings)}
    if background is not None:
        given |= {_position(p, terms, text, background.span) for p in expand(background, text).products}
    if term in given:
        raise FormulaError("Ftest: the term tested is in its own background", text, tested.span)
    return term, tuple(i for i in range(len(terms)) if i != term and i not in given)


def _position(product: Product, terms: Sequence[BoundTerm], text: str, span: tuple[int, int]) -> int:
    wanted = {v.text.replace('"', "'") for v in product}
    for i, term in enumerate(terms):
        if {c.label for c in term.codings} == wanted:
            return i
    name = ":".join(v.text for v in product)
    raise FormulaError(f"Ftest: {name} is no fixed term; there are {', '.join(t.label for t in terms)}", text, span)
