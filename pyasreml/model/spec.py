"""`ModelSpec`: what the formulas say, before any data is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from pyasreml.errors import FormulaError
from pyasreml.model.components import Component, component
from pyasreml.model.expand import Expansion, Product, expand
from pyasreml.model.residual import ResidualSpec, residual_spec
from pyasreml.syntax import deparse, parse_formula
from pyasreml.syntax.nodes import Binary, Call, Constant, Name, Node, Span, Unary

__all__ = ["TRAIT", "ModelSpec", "TermSpec", "model_spec"]

# The factor of the responses of a multivariate model, which formulas know by this name.
TRAIT = "trait"


@dataclass(frozen=True)
class TermSpec:
    """One term: its components in the order typed, ``at()`` not yet expanded."""

    components: tuple[Component, ...]
    span: Span = (0, 0)

    @property
    def label(self) -> str:
        """The variables as typed, ``a:b``."""
        return ":".join(c.text for c in self.components)


@dataclass(frozen=True)
class ModelSpec:
    """A model without data.

    Attributes
    ----------
    response : Node
    response_text : str
    traits : tuple of (str, Node)
        Names and expressions of the responses of ``cbind(y1, y2)``; empty for a single response.
    asmv : str or None
        The column that tells the traits apart where the data hold them below each other.
    intercept : bool
        In a multivariate model the term ``trait`` stands for the means, and an intercept is there only if written.
    fixed, sparse, random : tuple of TermSpec
        Fixed and sparse by degree of interaction (as typed with `keep_order`), random as typed.
    residual : ResidualSpec
    texts : mapping
        ``fixed sparse random residual`` to the formula as written; spans refer to these.
    formulae : mapping
        The same to R's deparsed text, or None.
    keep_order : bool
    """

    response: Node
    response_text: str
    intercept: bool
    fixed: tuple[TermSpec, ...]
    sparse: tuple[TermSpec, ...]
    random: tuple[TermSpec, ...]
    residual: ResidualSpec
    texts: Mapping[str, str]
    formulae: Mapping[str, str | None]
    keep_order: bool = False
    traits: tuple[tuple[str, Node], ...] = ()
    asmv: str | None = None


@lru_cache(maxsize=128)
def model_spec(
    fixed: str,
    random: str | None = None,
    sparse: str | None = None,
    residual: str | None = None,
    *,
    keep_order: bool = False,
    asmv: str | None = None,
) -> ModelSpec:
    """Read the four formulas of a call; those of the last calls are remembered.

    Parameters
    ----------
    fixed : str
        Two-sided formula, ``y ~ a * b``.
    random, sparse, residual : str, optional
        One-sided formulas; a left side is ignored, ``~NULL`` is none.
    keep_order : bool
        Keep fixed terms as typed instead of main effects first.
    asmv : str, optional
        Column that tells the traits of a multivariate model apart, where the data hold them below each other.

    Raises
    ------
    FormulaError, UnsupportedError

    Examples
    --------
    >>> spec = model_spec("yield ~ a * b", random="~ rep/block")
    >>> [term.label for term in spec.fixed], [term.label for term in spec.random]
    (['a', 'b', 'a:b'], ['rep', 'rep:block'])
    >>> spec = model_spec("cbind(y1, y2) ~ trait + trait:x", residual="~ id(units):us(trait)")
    >>> [name for name, _ in spec.traits], spec.intercept
    (['y1', 'y2'], False)
    """
    texts = {"fixed": fixed, "random": random or "", "sparse": sparse or "", "residual": residual or ""}
    tree = parse_formula(fixed)
    if not isinstance(tree, Binary):
        raise FormulaError("the fixed formula has no response; write response ~ terms", fixed, tree.span)
    response = _response(tree.left, fixed)
    traits = _traits(response, fixed)
    if traits and asmv is not None:
        raise FormulaError(
            "asmv names the traits of a single column of responses; leave it out where cbind() binds several",
            fixed,
            response.span,
        )
    expansion = expand(tree.right, fixed)
    terms = _terms(expansion, "fixed", fixed, keep_order)
    means = {TRAIT} if traits else {TRAIT, asmv} if asmv is not None else set()
    by_trait = any(term.label in means for term in terms)
    intercept = expansion.intercept is True or (expansion.intercept is None and not by_trait)
    formulae: dict[str, str | None] = {"fixed": deparse(tree)}
    parts: dict[str, tuple[TermSpec, ...]] = {}
    for part in ("random", "sparse"):
        right = _one_sided(texts[part])
        formulae[part] = None if right is None else "~" + deparse(right)
        parts[part] = _terms(expand(right, texts[part]), part, texts[part], keep_order or part == "random")
    right = _one_sided(texts["residual"])
    formulae["residual"] = "~units" if right is None else "~" + deparse(right)
    if not terms and not intercept and not parts["sparse"]:
        raise FormulaError(
            "the fixed formula has no term; at least the intercept or one term is needed", fixed, tree.span
        )
    return ModelSpec(
        response=response,
        response_text=deparse(response),
        intercept=intercept,
        fixed=terms,
        sparse=parts["sparse"],
        random=parts["random"],
        residual=residual_spec(right, texts["residual"]),
        texts=texts,
        formulae=formulae,
        keep_order=keep_order,
        traits=traits,
        asmv=asmv,
    )


def _response(node: Node, text: str) -> Node:
    if isinstance(node, Constant):
        raise FormulaError(f"{node.name} is no response; write a column's name before ~", text, node.span)
    return node


def _traits(response: Node, text: str) -> tuple[tuple[str, Node], ...]:
    """Names and expressions of the responses that ``cbind()`` binds; none for another response."""
    if not (isinstance(response, Call) and isinstance(response.function, Name) and response.function.name == "cbind"):
        return ()
    found: dict[str, Node] = {}
    for argument in response.arguments:
        if argument.value is None:
            raise FormulaError("cbind() has an empty place", text, response.span)
        name = argument.name or deparse(argument.value)
        if name in found:
            raise FormulaError(f"cbind() has two responses named {name}", text, argument.span)
        found[name] = argument.value
    if len(found) < 2:
        raise FormulaError("cbind() binds two or more responses, cbind(y1, y2)", text, response.span)
    return tuple(found.items())


def _one_sided(text: str) -> Node | None:
    """Right side of a formula text; None for no text, and for ``~NULL``."""
    if not text.strip():
        return None
    tree = parse_formula(text)
    right = tree.operand if isinstance(tree, Unary) else tree.right if isinstance(tree, Binary) else tree
    return None if isinstance(right, Constant) and right.name == "NULL" else right


def _terms(expansion: Expansion, part: str, text: str, keep_order: bool) -> tuple[TermSpec, ...]:
    ordered = expansion if keep_order else expansion.by_degree()
    terms = []
    for product in ordered.products:
        if part == "sparse" and len(product) == 1 and product[0].text == "mv":
            continue  # missing-value effects are always there
        terms.append(TermSpec(_components(product, part, text), _span(product)))
    return tuple(terms)


def _components(product: Product, part: str, text: str) -> tuple[Component, ...]:
    return tuple(component(variable.node, part, text) for variable in product)


def _span(product: Product) -> Span:
    """From the first to the last character; operators may have brought the variables together."""
    spans = [variable.node.span for variable in product]
    return min(s[0] for s in spans), max(s[1] for s in spans)
