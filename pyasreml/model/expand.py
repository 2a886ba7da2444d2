"""Expansion of a formula's right side into products of variables.

The algebra is that of R's ``terms.formula``: ``a*b`` is ``a + b + a:b``, ``a/b`` is ``a + a:b``, ``(a + b)^2`` crosses,
``a %in% b`` is ``a:b``, ``-`` removes a term, a term that comes twice is kept once. Two products are the same term
when they hold the same variables. Unlike R, a product keeps its variables in the order typed.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyasreml.errors import FormulaError
from pyasreml.syntax import deparse
from pyasreml.syntax.nodes import Binary, Call, Constant, Name, Node, Number, Paren, Unary

__all__ = ["Expansion", "Product", "Variable", "expand", "variables_in_order"]

# Powers above this add nothing for formulas people write and would only take time.
HIGHEST_POWER = 20


@dataclass(frozen=True, slots=True)
class Variable:
    """One factor of a product: a name or a call, compared by its deparsed text."""

    text: str
    node: Node

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Variable) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


Product = tuple[Variable, ...]


@dataclass(frozen=True, slots=True)
class Expansion:
    """Products in the order in which the formula gives them, and whether an intercept is kept.

    `intercept` is None where the formula says nothing about it.
    """

    products: tuple[Product, ...]
    intercept: bool | None = None

    def by_degree(self) -> Expansion:
        """Main effects first, then products of two, and so on; within a degree as typed (R's order)."""
        return Expansion(tuple(sorted(self.products, key=len)), self.intercept)


def expand(node: Node | None, text: str) -> Expansion:
    """Products of the right side `node` of a formula whose source is `text`.

    Raises
    ------
    FormulaError
        For what is no part of a model formula: numbers other than 0 and 1, strings, ``.`` outside ``update()``.
    """
    if node is None:
        return Expansion(())
    return _expand(node, text)


def variables_in_order(node: Node | None) -> tuple[Variable, ...]:
    """Variables in the order in which they first occur, removed terms included (R's ``attr(terms, "variables")``)."""
    found: dict[Variable, None] = {}
    _walk(node, found)
    return tuple(found)


def _walk(node: Node | None, found: dict[Variable, None]) -> None:
    if node is None or isinstance(node, (Number, Constant)):
        return
    if isinstance(node, Paren):
        _walk(node.inner, found)
    elif isinstance(node, Unary) and node.operator in "+-":
        _walk(node.operand, found)
    elif isinstance(node, Binary) and node.operator == "^":
        _walk(node.left, found)
    elif isinstance(node, Binary) and node.operator in _OPERATORS:
        _walk(node.left, found)
        _walk(node.right, found)
    else:
        found.setdefault(Variable(deparse(node), node))


def _unique(products: list[Product]) -> tuple[Product, ...]:
    seen: set[frozenset[Variable]] = set()
    kept = []
    for product in products:
        key = frozenset(product)
        if key not in seen:
            seen.add(key)
            kept.append(product)
    return tuple(kept)


def _join(*products: Product) -> Product:
    return tuple(dict.fromkeys(variable for product in products for variable in product))


def _cross(left: Expansion, right: Expansion) -> list[Product]:
    return [_join(a, b) for a in left.products for b in right.products]


def _add(left: Expansion, right: Expansion) -> Expansion:
    intercept = left.intercept if right.intercept is None else right.intercept
    return Expansion(_unique([*left.products, *right.products]), intercept)


def _remove(left: Expansion, right: Expansion) -> Expansion:
    gone = {frozenset(product) for product in right.products}
    intercept = left.intercept if right.intercept is None else not right.intercept
    return Expansion(tuple(p for p in left.products if frozenset(p) not in gone), intercept)


def _times(left: Expansion, right: Expansion) -> Expansion:
    return Expansion(_unique([*left.products, *right.products, *_cross(left, right)]), left.intercept)


def _interact(left: Expansion, right: Expansion) -> Expansion:
    return Expansion(_unique(_cross(left, right)))


def _nest(left: Expansion, right: Expansion) -> Expansion:
    outer = _join(*left.products)
    return Expansion(_unique([*left.products, *(_join(outer, inner) for inner in right.products)]), left.intercept)


def _within(left: Expansion, right: Expansion) -> Expansion:
    outer = _join(*right.products)
    return Expansion(_unique([_join(inner, outer) for inner in left.products]))


_OPERATORS = {"+": _add, "-": _remove, "*": _times, ":": _interact, "/": _nest, "%in%": _within}


def _expand(node: Node, text: str) -> Expansion:
    if isinstance(node, Paren):
        return _expand(node.inner, text)
    if isinstance(node, Number):
        if node.value not in (0.0, 1.0):
            raise FormulaError(
                f"{node.text} is no term; a formula knows the numbers 1 (intercept) and 0 (none) only", text, node.span
            )
        return Expansion((), node.value == 1.0)
    if isinstance(node, Unary) and node.operator in "+-":
        inner = _expand(node.operand, text)
        return inner if node.operator == "+" else _remove(Expansion(()), inner)
    if isinstance(node, Binary):
        if node.operator == "^":
            return _power(node, text)
        combine = _OPERATORS.get(node.operator)
        if combine is not None:
            return combine(_expand(node.left, text), _expand(node.right, text))
    if isinstance(node, Constant) and node.name == "NULL":
        return Expansion(())
    if isinstance(node, Name) and node.name == "." and not node.quoted:
        raise FormulaError("`.` stands for the old formula and has a meaning in update() only", text, node.span)
    if isinstance(node, (Name, Call)) or isinstance(node, (Binary, Unary)):
        if isinstance(node, (Binary, Unary)) and node.operator in ("~", "|", "=", "<-", "->"):
            raise FormulaError(f"`{node.operator}` cannot stand here in a model formula", text, node.span)
        return Expansion(((Variable(deparse(node), node),),))
    raise FormulaError(f"{deparse(node)} is no term of a model formula", text, node.span)


def _power(node: Binary, text: str) -> Expansion:
    power = node.right.inner if isinstance(node.right, Paren) else node.right
    if not isinstance(power, Number) or power.value != int(power.value) or not 1 <= power.value <= HIGHEST_POWER:
        raise FormulaError(
            f"the power in a formula must be a whole number from 1 to {HIGHEST_POWER}; "
            "for the square of a covariate write I(x^2)",
            text,
            node.right.span,
        )
    base = _expand(node.left, text)
    result = base
    for _ in range(int(power.value) - 1):
        result = Expansion(_unique([*result.products, *_cross(result, base)]), base.intercept)
        if len(result.products) > 0 and len(result.products[-1]) >= len({v for p in base.products for v in p}):
            break
    return result
