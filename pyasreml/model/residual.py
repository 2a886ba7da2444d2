"""The residual formula: one product over all records, or ``dsum()`` sections."""

from __future__ import annotations

from dataclasses import dataclass

from pyasreml.errors import FormulaError, UnsupportedError, quote
from pyasreml.model.components import Component, component, level_list
from pyasreml.model.expand import expand
from pyasreml.syntax import deparse
from pyasreml.syntax.nodes import Argument, Binary, Call, Name, Node, Number, Paren, Span, Unary

__all__ = ["DirectSum", "ResidualModel", "ResidualSpec", "residual_spec"]


@dataclass(frozen=True)
class ResidualModel:
    """A direct product, outer factor first; within ``dsum`` the levels that it holds for (None: all)."""

    components: tuple[Component, ...]
    levels: tuple[str | int, ...] | None = None
    span: Span = (0, 0)

    @property
    def label(self) -> str:
        """The product as the prefix of parameter names, ``Row:Column``."""
        return ":".join(c.text for c in self.components)


@dataclass(frozen=True)
class DirectSum:
    """``dsum(~ model + model | by, levels = …)``: models for the levels of one factor."""

    by: Node
    by_text: str
    models: tuple[ResidualModel, ...]
    span: Span = (0, 0)


@dataclass(frozen=True)
class ResidualSpec:
    """Either `model`, one product over all records, or `sums`."""

    model: ResidualModel | None = None
    sums: tuple[DirectSum, ...] = ()


def residual_spec(node: Node | None, text: str) -> ResidualSpec:
    """Read the right side of the residual formula; None means ``~ units``.

    Raises
    ------
    FormulaError
        For sums of terms other than ``dsum()``, and malformed ``dsum()``.
    """
    if node is None:
        units = Name("units")
        return ResidualSpec(ResidualModel((Component("variable", "units", units, call="units"),)))
    summands = _summands(node)
    sums = [s for s in summands if isinstance(s, Call) and isinstance(s.function, Name) and s.function.name == "dsum"]
    if not sums:
        return ResidualSpec(_product(node, text))
    if len(sums) < len(summands):
        other = next(s for s in summands if s not in sums)
        raise FormulaError("dsum() can be added to further dsum() only", text, other.span)
    return ResidualSpec(sums=tuple(_direct_sum(call, text) for call in sums))


def _summands(node: Node) -> list[Node]:
    if isinstance(node, Paren):
        return _summands(node.inner)
    if isinstance(node, Binary) and node.operator == "+":
        return [*_summands(node.left), *_summands(node.right)]
    return [node]


def _product(node: Node, text: str, levels: tuple[str | int, ...] | None = None) -> ResidualModel:
    if isinstance(node, Number):
        raise FormulaError("the residual model must name units or factors, not a number", text, node.span)
    products = expand(node, text).products
    if len(products) != 1:
        raise FormulaError(
            "the residual model must be one product such as ar1(Row):ar1(Column); "
            "different models for parts of the data are written dsum(~ model | factor)",
            text,
            node.span,
        )
    return ResidualModel(tuple(component(v.node, "residual", text) for v in products[0]), levels, node.span)


def _direct_sum(call: Call, text: str) -> DirectSum:
    model: Node | None = None
    levels: Node | None = None
    positional: list[Argument] = []
    for argument in call.arguments:
        if argument.name is None:
            positional.append(argument)
        elif "levels".startswith(argument.name):
            levels = argument.value
        elif "outer".startswith(argument.name):
            why = "what it does is not documented in public; write the model of every section with levels ="
            raise UnsupportedError("dsum(outer=)", f"{quote(text, argument.span)}\n{why}")
        elif argument.name in ("form", "formula", "model"):
            model = argument.value
        else:
            raise FormulaError(
                f"dsum() has no argument {argument.name!r} (its arguments: a model, levels =, outer =)",
                text,
                argument.span,
            )
    if model is None and positional:
        model = positional.pop(0).value
    if levels is None and positional:
        levels = positional.pop(0).value
    if model is None or positional:
        raise FormulaError("dsum() takes one model, dsum(~ model | factor), and levels =", text, call.span)
    inner = model.operand if isinstance(model, Unary) and model.operator == "~" else model
    while isinstance(inner, Paren):
        inner = inner.inner
    if not isinstance(inner, Binary) or inner.operator != "|":
        raise FormulaError(
            "dsum() needs the factor whose levels are the sections: dsum(~ model | factor)", text, model.span
        )
    by = inner.right
    if isinstance(by, Binary) and by.operator in (":", "*", "/", "+"):
        raise FormulaError(
            f"dsum() takes one factor after |; make {deparse(by)} a column of the data and name that", text, by.span
        )
    models = _summands(inner.left)
    wanted = _levels_by_model(levels, models, text)
    return DirectSum(
        by, deparse(by), tuple(_product(m, text, w) for m, w in zip(models, wanted, strict=True)), call.span
    )


def _levels_by_model(levels: Node | None, models: list[Node], text: str) -> list[tuple[str | int, ...] | None]:
    if levels is None:
        if len(models) > 1:
            raise FormulaError(
                "several models in one dsum() need levels = list(…), one entry a model", text, models[1].span
            )
        return [None]
    if isinstance(levels, Call) and isinstance(levels.function, Name) and levels.function.name == "list":
        entries = [argument.value for argument in levels.arguments if argument.value is not None]
    else:
        entries = [levels]
    if len(entries) != len(models):
        raise FormulaError(
            f"levels = has {len(entries)} entries for {len(models)} models; give list() with one entry a model",
            text,
            levels.span,
        )
    return [level_list(entry, text) for entry in entries]
