"""From a product's variables to components: a variable, an expression, ``at()``, a coding or a structure."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from pyasreml.errors import FormulaError, UnsupportedError, quote
from pyasreml.model.expand import expand
from pyasreml.model.registry import BASE_FUNCTIONS, MODEL_FUNCTIONS, RELATED, VERSION_3, ModelFunction
from pyasreml.syntax import deparse, evaluate
from pyasreml.syntax.evaluate import FUNCTIONS
from pyasreml.syntax.nodes import Argument, Binary, Call, Constant, Name, Node, Number, Span, String, Unary

__all__ = ["Component", "component", "level_list"]

INIT_CODES = ("P", "U", "F", "B")
SING_G = ("PD", "ND", "PSD", "NSD")


@dataclass(frozen=True)
class Component:
    """One factor of a term.

    Attributes
    ----------
    kind : {"variable", "expression", "structure", "coding", "overlay", "compound", "at"}
    text : str
        How labels name it: the variable (``Row`` for ``ar1(Row)``), the deparsed expression, or the ``at()`` call.
    variable : Node
        The name or expression whose values it takes.
    function : str or None
        Structures and codings: the registry name. None otherwise.
    levels : tuple of (str or int), or None
        ``at()``: level names and positions (from 1); None for all levels.
    order : int or None
        Structures that have one; number of knots of ``spl()``.
    weight : float
        ``and()``: what the overlaid design is multiplied with.
    other : Node or None
        The second coordinate of a structure in the plane.
    options : tuple of (str, object)
        Further arguments of a structure by name: ``mtrn()`` has parameters as (value, code or None), ``own()`` and
        ``vm()`` texts, ``pol()``, ``leg()``, ``pow()``, ``sin()`` and ``cos()`` numbers, ``C()`` numbers or a name.
    inner : Component or None
        A structure over the columns of a coding, ``us(pol(x, 1))``: that coding. ``and(vm(dam, K))``: the ``vm()``.
    terms, model : tuple of tuple of Component, tuple of Component
        ``str()``: its terms, and the factors of their common direct product, whose variables are sizes or names.
    init, init_codes : tuple or None
        Start values and their constraint codes.
    call : str
        The component as R deparses it.
    """

    kind: Literal["variable", "expression", "structure", "coding", "overlay", "compound", "at"]
    text: str
    variable: Node
    function: str | None = None
    levels: tuple[str | int, ...] | None = None
    order: int | None = None
    weight: float = 1.0
    other: Node | None = None
    options: tuple[tuple[str, Any], ...] = ()
    terms: tuple[tuple[Component, ...], ...] = ()
    model: tuple[Component, ...] = ()
    inner: Component | None = None
    init: tuple[float, ...] | None = None
    init_codes: tuple[str | None, ...] | None = None
    call: str = ""
    span: Span = field(default=(0, 0), compare=False)

    def simple(self) -> Iterator[Component]:
        """The component itself, or those inside ``str()``; sizes left out."""
        if self.kind != "compound":
            yield self.inner or self
        for term in self.terms:
            yield from term
        for factor in self.model:
            if not isinstance(factor.variable, Number):
                yield factor


def component(node: Node, part: str, text: str) -> Component:
    """Read one variable of a product.

    Parameters
    ----------
    node : Node
    part : {"fixed", "sparse", "random", "residual"}
    text : str
        Source of the formula, for messages.

    Raises
    ------
    FormulaError
        For version 3 functions, structures in a fixed formula, arguments that do not fit.
    UnsupportedError
        For model functions that cannot be fitted.
    """
    if isinstance(node, Name):
        return Component("variable", deparse(node), node, call=deparse(node), span=node.span)
    if isinstance(node, Call) and isinstance(node.function, Name):
        name = node.function.name
        if name in VERSION_3:
            first = deparse(node.arguments[0].value) if node.arguments and node.arguments[0].value else "x"
            raise FormulaError(
                f"{name}() is of asreml version 3; write {VERSION_3[name].format(first)}", text, node.span
            )
        row = MODEL_FUNCTIONS.get(name)
        if row is not None and not (name in BASE_FUNCTIONS and part in ("fixed", "sparse") and len(node.arguments) < 2):
            return _model_function(node, row, part, text)
        near = [] if name in FUNCTIONS else difflib.get_close_matches(name, MODEL_FUNCTIONS, 2, 0.75)
        if near and part in ("random", "residual"):
            hint = " or ".join(f"{other}()" for other in near)
            raise FormulaError(f"there is no model function {name}(); did you mean {hint}?", text, node.function.span)
    call = deparse(node)
    return Component("expression", call, node, call=call, span=node.span)


def _model_function(node: Call, row: ModelFunction, part: str, text: str) -> Component:
    if not row.available:
        why = f"what it does in version 4 is not documented in public; write {row.instead}"
        raise UnsupportedError(f"{row.name}()", f"{quote(text, node.span)}\n{why}")
    if row.kind == "sections":
        raise FormulaError("dsum() stands alone in the residual formula, not in a product", text, node.span)
    if row.kind == "structure" and part in ("fixed", "sparse"):
        raise FormulaError(
            f"{row.name}() is a variance model; it belongs in the random or residual formula", text, node.span
        )
    if row.name in RELATED and part == "residual":
        raise FormulaError(f"{row.name}() belongs in the random formula", text, node.span)
    if row.kind == "compound":
        return _compound(node, row, part, text)
    if row.kind == "condition" and part == "residual":
        raise FormulaError(
            "at() cannot stand in the residual formula; version 4 writes dsum(~ model | factor)", text, node.span
        )
    if row.kind == "coding" and (part == "residual" or (part != "random" and row.name in ("spl", "dev"))):
        raise FormulaError(f"{row.name}() belongs in the random formula", text, node.span)
    arguments = _match(node, row, text)
    variable = arguments["obj"]
    inner = _inside(variable, row, part, text)
    called = variable.function if isinstance(variable, Call) else None
    if inner is None and isinstance(called, Name) and called.name in MODEL_FUNCTIONS:
        raise FormulaError(f"{row.name}() takes a variable, not another model function", text, variable.span)
    common: dict[str, Any] = {"variable": variable, "call": deparse(node), "span": node.span}
    if row.kind == "condition":
        levels = arguments.get("levels")
        listed = None if levels is None else level_list(levels, text)
        return Component("at", deparse(node), levels=listed, **common)
    if row.kind == "overlay":
        if part == "residual":
            raise FormulaError("and() is no residual model", text, node.span)
        weight = _number(arguments["w"], "the weight of and()", text) if "w" in arguments else 1.0
        return Component("overlay", deparse(node), function=row.name, weight=weight, inner=inner, **common)
    order = None
    for name in ("k", "b"):
        if name in arguments:
            order = _whole_number(arguments[name], f"{row.name}({name}=)", text)
    if row.kind == "coding":
        if "points" in arguments:
            raise UnsupportedError(f"{row.name}(points=)", quote(text, node.span))
        if not isinstance(variable, Name):
            raise FormulaError(f"{row.name}() takes the name of a column", text, variable.span)
        given = _coding_options(row, arguments, text)
        return Component("coding", deparse(node), function=row.name, order=order, options=given, **common)
    start = arguments.get("init")
    options = _options(row, arguments, text)
    if isinstance(start, Name):  # an object that holds them
        options += (("init", start.name),)
    init, codes = _init(start, text) if start is not None and not isinstance(start, Name) else (None, None)
    label = _without(node, arguments.get("init")) if row.keeps_call else deparse(variable)
    other = None
    if row.coordinates == 2:
        other = arguments.get("y")
        if not isinstance(variable, Name) or not isinstance(other, Name):
            raise FormulaError(f"{row.name}() takes two coordinates, {row.name}(x, y)", text, node.span)
        label = f"{row.name}({deparse(variable)}, {deparse(other)})"
    return Component(
        "structure",
        label,
        function=row.name,
        order=order,
        other=other,
        options=options,
        inner=inner,
        init=init,
        init_codes=codes,
        **common,
    )


def _without(node: Call, start: Node | None) -> str:
    """The call as R deparses it, start values left out: they name no other term."""
    return deparse(replace(node, arguments=tuple(a for a in node.arguments if start is None or a.value is not start)))


def _inside(variable: Node, row: ModelFunction, part: str, text: str) -> Component | None:
    """The coding inside a structure over its columns, ``pol(x, 1)`` of ``us(pol(x, 1))``; ``vm()`` inside ``and()``."""
    if part != "random" or row.coordinates or row.name in RELATED:
        return None
    if not (isinstance(variable, Call) and isinstance(variable.function, Name)):
        return None
    inner = MODEL_FUNCTIONS.get(variable.function.name)
    wanted = {"structure": inner is not None and inner.kind == "coding", "overlay": variable.function.name in RELATED}
    if inner is None or not wanted.get(row.kind, False):
        return None
    return _model_function(variable, inner, part, text)


def _coding_options(row: ModelFunction, arguments: dict[str, Node], text: str) -> tuple[tuple[str, Any], ...]:
    """Degree of ``pol()`` and ``leg()``, numbers of ``pow()``, ``sin()`` and ``cos()``, contrasts of ``C()``."""
    found: list[tuple[str, Any]] = []
    for name in ("t", "p", "offset", "r"):
        if name in row.parameters and name in arguments:
            value = _number(arguments[name], f"{row.name}({name}=)", text)
            if name == "t" and (value != int(value) or value == 0):
                message = f"{row.name}({name}=) is a degree, a whole number from 1; negative for no constant"
                raise FormulaError(message, text, arguments[name].span)
            if name == "r" and value == 0:
                raise FormulaError(f"the period of {row.name}() cannot be 0", text, arguments[name].span)
            found.append((name, int(value) if name == "t" else value))
    if row.name == "C":
        if "contr" not in arguments:
            raise FormulaError("C() needs contrasts, C(f, c(-1, 0, 1))", text, arguments["obj"].span)
        contrasts = arguments["contr"]
        found.append(("contr", contrasts.name if isinstance(contrasts, Name) else _vector(contrasts, text)))
    return tuple(found)


def _vector(node: Node, text: str) -> tuple[float, ...]:
    """Numbers of ``c(-1, 0, 1)``."""
    if isinstance(node, Call) and isinstance(node.function, Name) and node.function.name == "c":
        return tuple(_number(a.value, "a contrast's coefficient", text) for a in node.arguments if a.value is not None)
    raise FormulaError("contrasts are numbers, c(-1, 0, 1), or the name of a vector or matrix", text, node.span)


def _options(row: ModelFunction, arguments: dict[str, Node], text: str) -> tuple[tuple[str, Any], ...]:
    """Arguments that belong to one structure alone."""
    if row.name == "own":
        if "fun" not in arguments:
            raise FormulaError("own() needs a function, own(f, fun, init = …)", text, arguments["obj"].span)
        found: list[tuple[str, Any]] = [("fun", _word(arguments["fun"], "fun", text))]
        for name in ("type", "con"):
            if name in arguments:
                found.append((name, _words(arguments[name], name, text)))
        return tuple(found)
    if row.name == "vm":
        return _source(arguments, text)
    found = []
    for name in ("phi", "nu", "delta", "alpha"):
        if name in row.parameters and name in arguments:
            found.append((name, _coded(arguments[name], name, text)))
    if "lambda" in row.parameters and "lambda" in arguments:
        found.append(("lambda", _number(arguments["lambda"], "lambda", text)))
    return tuple(found)


def _source(arguments: dict[str, Node], text: str) -> tuple[tuple[str, Any], ...]:
    """``vm(obj, source, singG)``: the name of the matrix, and what it may be."""
    if "source" not in arguments:
        message = "vm() needs a source, the relationship matrix or its inverse: vm(id, ainv)"
        raise FormulaError(message, text, arguments["obj"].span)
    source = arguments["source"]
    if not isinstance(source, Name):
        message = "the source of vm() is the name of an object; assign the expression to one"
        raise FormulaError(message, text, source.span)
    sing = arguments.get("singG")
    if sing is None or (isinstance(sing, Constant) and sing.name == "NULL"):
        return (("source", source.name),)
    if not isinstance(sing, String) or sing.value not in SING_G:
        raise FormulaError(f"singG is one of {', '.join(map(repr, SING_G))}", text, sing.span)
    return (("source", source.name), ("singG", sing.value))


def _coded(node: Node, what: str, text: str) -> tuple[float, str | None]:
    """A start value, or text that gives its constraint as well: ``1.5``, ``"1.5 F"``, ``"0.5F"``."""
    if not isinstance(node, String):
        return _number(node, what, text), None
    given = node.value.strip()
    code = given[-1:].upper() if given[-1:].isalpha() else None
    try:
        value = float(given[:-1] if code else given)
    except ValueError:
        value = float("nan")
    if value != value or (code is not None and code not in INIT_CODES):
        codes = " ".join(INIT_CODES)
        raise FormulaError(f'{what} is a number, or text such as "1.5 F" (one of {codes})', text, node.span)
    return value, code


def _word(node: Node, what: str, text: str) -> str:
    if isinstance(node, String):
        return node.value
    if isinstance(node, Name):
        return node.name
    raise FormulaError(f"{what} must be a name", text, node.span)


def _words(node: Node, what: str, text: str) -> tuple[str, ...]:
    if isinstance(node, Call) and isinstance(node.function, Name) and node.function.name == "c":
        return tuple(_word(a.value, what, text) for a in node.arguments if a.value is not None)
    return (_word(node, what, text),)


def _compound(node: Call, row: ModelFunction, part: str, text: str) -> Component:
    """``str(~ terms, ~ model)``: terms side by side under one direct product."""
    if part != "random":
        raise FormulaError("str() belongs in the random formula", text, node.span)
    arguments = _match(node, row, text)
    sides = []
    for name, what in (("obj", "terms"), ("vmodel", "their variance model")):
        side = arguments.get(name)
        if not isinstance(side, Unary) or side.operator != "~":
            raise FormulaError(
                f"str() takes two formulas, str(~ terms, ~ us(2):id(n)); the one of {what} is missing", text, node.span
            )
        sides.append(side.operand)
    products = expand(sides[0], text).products
    models = expand(sides[1], text).products
    if not products or len(models) != 1:
        raise FormulaError("str() needs terms and one direct product, str(~ a + a:x, ~ us(2):id(n))", text, node.span)
    terms = tuple(tuple(component(v.node, part, text) for v in product) for product in products)
    model = tuple(component(v.node, part, text) for v in models[0])
    odd = [c for term in terms for c in term if c.kind in ("structure", "compound")]
    odd = [c for c in odd if c.function not in RELATED]
    odd += [c for c in model if c.kind not in ("structure", "variable")]
    if odd:
        raise FormulaError(f"{odd[0].call} cannot stand here in str()", text, odd[0].span)
    call = deparse(node)
    return Component("compound", call, node, function=row.name, terms=terms, model=model, call=call, span=node.span)


def _match(node: Call, row: ModelFunction, text: str) -> dict[str, Node]:
    """Arguments by name: exact names, then unambiguous beginnings, then position, as R matches them."""
    formals = ["obj", *row.parameters]
    matched: dict[str, Node] = {}
    positional: list[Argument] = []
    for argument in node.arguments:
        if argument.name is None:
            positional.append(argument)
            continue
        found = [f for f in formals if f == argument.name] or [f for f in formals if f.startswith(argument.name)]
        if len(found) != 1:
            expected = ", ".join(f"{name} =" for name in row.parameters) or "none"
            raise FormulaError(
                f"{row.name}() has no argument {argument.name!r} (its arguments: {expected})", text, argument.span
            )
        if argument.value is not None:
            matched[found[0]] = argument.value
    free = [f for f in formals if f not in matched]
    for argument in positional:
        if argument.value is None:
            if free:
                free.pop(0)
            continue
        if not free:
            raise FormulaError(f"{row.name}() has too many arguments", text, argument.value.span)
        matched[free.pop(0)] = argument.value
    if "obj" not in matched:
        raise FormulaError(f"{row.name}() needs a variable", text, node.span)
    return matched


def level_list(node: Node, text: str) -> tuple[str | int, ...]:
    """Level names and positions given as ``'a'``, ``3``, ``c(1, 'b')``, ``1:3``."""
    if isinstance(node, String):
        return (node.value,)
    if isinstance(node, Call) and isinstance(node.function, Name) and node.function.name in ("c", "list"):
        return tuple(
            level for argument in node.arguments if argument.value for level in level_list(argument.value, text)
        )
    if isinstance(node, Number) or (isinstance(node, Binary) and node.operator == ":"):
        values = np.atleast_1d(np.asarray(evaluate(node, {}), dtype=float))
        if (values != np.rint(values)).any() or (values < 1).any():
            raise FormulaError(
                "a number here is the position of a level, from 1; quote the names of levels: 'name'", text, node.span
            )
        return tuple(int(value) for value in values)
    raise FormulaError(
        f"{deparse(node)}: levels are names in quotes, positions, or c() of them; quote the names of levels: "
        f"'{deparse(node)}'",
        text,
        node.span,
    )


def _whole_number(node: Node, what: str, text: str) -> int:
    value = _number(node, what, text)
    if value != int(value) or value < 1:
        raise FormulaError(f"{what} must be a whole number from 1", text, node.span)
    return int(value)


def _number(node: Node, what: str, text: str) -> float:
    try:
        found = np.asarray(evaluate(node, {}))
    except (ValueError, TypeError, FormulaError):
        found = np.empty(0)
    value = found.astype(float) if found.dtype.kind in "biuf" else np.empty(0)
    if value.ndim > 1 or value.size != 1 or not np.isfinite(value).all():
        raise FormulaError(f"{what} must be one number", text, node.span)
    return float(value.reshape(()))


def _init(node: Node, text: str) -> tuple[tuple[float, ...] | None, tuple[str | None, ...] | None]:
    """Start values and codes of ``init = c(F = 600, 2)``, ``init = 0.3``, ``init = rep(200, 10)``."""
    if isinstance(node, Constant) and node.name in ("NULL", "NA"):
        return None, None
    values: list[float] = []
    codes: list[str | None] = []
    if isinstance(node, Call) and isinstance(node.function, Name) and node.function.name == "c":
        for argument in node.arguments:
            if argument.value is None:
                raise FormulaError("init = has an empty place", text, node.span)
            if argument.name is not None and argument.name not in INIT_CODES:
                raise FormulaError(
                    f"init = names the constraint of a value: P (positive), U (unbound), F (fixed) or B (boundary), "
                    f"not {argument.name!r}",
                    text,
                    argument.span,
                )
            inner, inner_codes = _init(argument.value, text)
            if inner is None:
                raise FormulaError("init = has a value that is missing", text, argument.value.span)
            values += inner or ()
            codes += [argument.name or code for code in (inner_codes or [None] * len(inner or ()))]
    elif isinstance(node, Call) and isinstance(node.function, Name) and node.function.name == "rep":
        arguments = [argument.value for argument in node.arguments if argument.value is not None]
        if len(arguments) != 2:
            raise FormulaError("init = rep(value, times) needs two arguments", text, node.span)
        times = _whole_number(arguments[1], "times", text)
        inner, inner_codes = _init(arguments[0], text)
        values = list(inner or ()) * times
        codes = list(inner_codes or [None] * len(inner or ())) * times
    else:
        values = [_number(node, "a start value", text)]
        codes = [None]
    return tuple(values), (tuple(codes) if any(codes) else None)
