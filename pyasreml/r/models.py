"""asreml's own functions: R's arguments to those of the Python package, and its results back."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pyasreml.errors import UnsupportedError, warn
from pyasreml.model import update_formula
from pyasreml.r.arithmetic import vector_of
from pyasreml.r.convert import source_to_python, to_python, to_r
from pyasreml.r.environment import Environment
from pyasreml.r.evaluator import Evaluator
from pyasreml.r.indexing import names_of
from pyasreml.r.registry import BUILTINS, Function, match_arguments, special
from pyasreml.r.values import Arg, Closure, Language, ListValue, Value, Vector, is_factor
from pyasreml.r.verbs import masked
from pyasreml.syntax import free_names, parse_formula
from pyasreml.syntax.nodes import Argument, Call, Name, Node, String

__all__ = ["argument", "public"]

FORMALS = (
    "fixed random sparse residual G.param R.param data na.action subset weights predict vcm vcc family asmv mbf group "
    "equate.levels start.values knot.points pwr.points wald prune combine uid mef last model.frame known"
).split()
"""asreml's formals in order."""

UPDATE = "object fixed. random. sparse. residual.".split()

ON_RESULTS: dict[str, str] = {
    "ainverse": "ainverse",
    "asr_Gamma": "asr_Gamma",
    "asr_gaussian": "asr_gaussian",
    "asr_inverse.gaussian": "asr_inverse_gaussian",
    "asr_multinomial": "asr_multinomial",
    "asr_negative.binomial": "asr_negative_binomial",
    "asr_poisson": "asr_poisson",
    "asr_varioGram": "asr_varioGram",
    "asreml.options": "asreml_options",
    "asv": "asv",
    "augment": "augment",
    "coef": "coef",
    "coef.asreml": "coef",
    "coefficients": "coef",
    "fitted": "fitted",
    "fitted.asreml": "fitted",
    "fitted.values": "fitted",
    "glance": "glance",
    "na.method": "na_method",
    "predict": "predict",
    "predict.asreml": "predict",
    "resid": "residuals",
    "residuals": "residuals",
    "residuals.asreml": "residuals",
    "tidy": "tidy",
    "tr": "tr",
    "varioGram": "varioGram",
    "vc": "vc",
    "vcm.lm": "vcm_lm",
    "vpredict": "vpredict",
    "wald": "wald",
    "wald.asreml": "wald",
}
"""Functions that take evaluated arguments: R's name and the package's."""


def public(name: str, r_name: str) -> Callable[..., Any]:
    """A public function of the package.

    Raises
    ------
    UnsupportedError
        If this version has none of that name.
    """
    found = getattr(importlib.import_module("pyasreml"), name, None)
    if not callable(found):
        raise UnsupportedError(f"{r_name}()")
    function: Callable[..., Any] = found
    return function


def argument(value: Value) -> Any:
    """An argument as the Python function takes it: formulas as text, vectors as scalars, lists or arrays."""
    if isinstance(value, Language):
        return value.text
    if isinstance(value, ListValue):
        items = [argument(item) for item in value.items]
        return dict(zip(value.names, items, strict=True)) if value.names and all(value.names) else items
    if isinstance(value, Vector) and value.dim is None and not is_factor(value) and value.names is None:
        if value.kind == "character":
            return value.data[0] if len(value) == 1 else list(value.data)
        if len(value) == 1 and value.kind == "double" and float(value.data[0]).is_integer():
            return int(value.data[0])
    if isinstance(value, Closure):
        raise UnsupportedError("an R function as an argument of an asreml function")
    return to_python(value)


def call_public(name: str, r_name: str, arguments: Sequence[Arg]) -> Value:
    """Call a public function, R's names of arguments matched to Python's, those it lacks left out with a warning."""
    function = public(name, r_name)
    formals, keywords = [], False
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            keywords = True
        elif parameter.kind is not inspect.Parameter.VAR_POSITIONAL:
            formals.append(parameter.name)
    dotted = {formal.rstrip("_").replace("_", "."): formal for formal in formals}
    plain = [Arg(a.name.replace("_", ".") if a.name else None, a.value) for a in arguments]
    named, rest = match_arguments(r_name, list(dotted), (), True, plain)
    given = {dotted[key]: argument(value) for key, value in named.items()}
    for extra in rest:
        if extra.name and keywords:
            given[extra.name.replace(".", "_")] = argument(extra.value)
        else:
            shown = f"'{extra.name}'" if extra.name else "more positional arguments"
            warn(f"{r_name}() has no argument {shown}; it is not used")
    return to_r(function(**given))


def _enter(r_name: str, name: str) -> None:
    def call(*dots: Arg) -> Value:
        return call_public(name, r_name, dots)

    call.foreign = True  # type: ignore[attr-defined]
    invisible = r_name in ("asreml.options",)
    BUILTINS[r_name] = Function(r_name, call, (), (), True, False, invisible, {}, {})


for _r_name, _name in ON_RESULTS.items():
    _enter(_r_name, _name)


def _unevaluated(argument_: Argument, given: set[str]) -> str | None:
    """``subset`` and ``weights``, by their names or beginnings of them."""
    name = argument_.name or ""
    for formal in ("subset", "weights"):
        if len(name) >= 2 and formal.startswith(name) and formal not in given:
            return formal
    return None


def _arguments(evaluator: Evaluator, node: Call, env: Environment) -> tuple[list[Arg], dict[str, Node]]:
    """Evaluated arguments, and ``subset`` and ``weights`` as they stand."""
    nodes: dict[str, Node] = {}
    plain: list[Argument] = []
    for part in node.arguments:
        formal = _unevaluated(part, set(nodes))
        if formal is not None and part.value is not None:
            nodes[formal] = part.value
        else:
            plain.append(part)
    return evaluator.arguments(plain, env), nodes


def _weights(evaluator: Evaluator, node: Node) -> str:
    return node.value if isinstance(node, String) else node.name if isinstance(node, Name) else evaluator.source(node)


def _subset(evaluator: Evaluator, node: Node, data: Value, env: Environment) -> Any:
    """The expression as text where the data have all its names, else its value on the data."""
    if isinstance(node, String):
        return node.value
    columns = set(names_of(data) or ())
    if not columns or set(free_names(node)) <= columns:
        return evaluator.source(node)
    value = vector_of(evaluator.eval(node, masked(data, env)), "subset")
    return value.data == 1 if value.kind == "logical" else value.data.astype(int) - 1


def _known(given: dict[str, Any], data: Value, env: Environment) -> dict[str, Any]:
    """Objects of the session that formulas mention and the data lack, such as a relationship matrix."""
    columns = set(names_of(data) or ())
    formulas = [given.get(name) for name in ("fixed", "random", "sparse", "residual")]
    formulas += [given.get(f"{name}_") for name in ("fixed", "random", "sparse", "residual")]
    found: dict[str, Any] = {}
    for text in formulas:
        if not isinstance(text, str) or "~" not in text:
            continue
        for name in free_names(parse_formula(text)):
            here = next((scope for scope in env.chain() if name in scope), None)
            if name not in columns and here is not None:
                value = here[name]
                if not isinstance(value, Closure | Language):
                    found[name] = source_to_python(getattr(value, "value", value))
    return found


def _find_markers(given: dict[str, Any], named: Mapping[str, Any], env: Environment) -> None:
    """Frames of ``mef``, matrices with their row names, in place of their names."""
    mef = named.get("mef")
    if not isinstance(mef, ListValue) or not mef.names:
        return
    found = {}
    for name, value in zip(mef.names, mef.items, strict=True):
        if isinstance(value, Vector) and value.kind == "character" and len(value) == 1:
            here = next((scope for scope in env.chain() if value.data[0] in scope), None)
            value = here[value.data[0]] if here is not None else value
        found[name] = source_to_python(getattr(value, "value", value))
    given["mef"] = found


def _find_covariates(given: dict[str, Any], env: Environment) -> None:
    """Frames of ``mbf`` in place of their names."""
    mbf = given.get("mbf")
    for entry in mbf.values() if isinstance(mbf, dict) else ():
        name = entry.get("cov") if isinstance(entry, dict) else None
        if not isinstance(name, str):
            continue
        here = next((scope for scope in env.chain() if name in scope), None)
        if here is not None:
            value = here[name]
            entry["cov"] = source_to_python(getattr(value, "value", value))


@special("asreml")
def asreml(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """Fit a model; formulas as typed, ``subset`` and ``weights`` unevaluated."""
    arguments, nodes = _arguments(evaluator, node, env)
    formals = [formal for formal in FORMALS if formal not in nodes]
    named, options = match_arguments("asreml", formals, (), True, arguments)
    data = named.get("data")
    given = {key.replace(".", "_"): argument(value) for key, value in named.items() if value is not None}
    _with_options(given, options, "asreml")
    if "subset" in nodes:
        given["subset"] = _subset(evaluator, nodes["subset"], data, env)
    if "weights" in nodes:
        given["weights"] = _weights(evaluator, nodes["weights"])
    _find_covariates(given, env)
    _find_markers(given, named, env)
    known = _known(given, data, env)
    if known:
        given["known"] = known
    evaluator.visible = True
    return to_r(public("asreml", "asreml")(**given))


def _with_options(given: dict[str, Any], options: Sequence[Arg], function: str) -> None:
    for option in options:
        if option.name:
            given[option.name.replace(".", "_")] = argument(option.value)
        else:
            warn(f"{function}(): a positional argument too many; it is not used")


@special("update", "update.asreml")
def update(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """A new fit with changes; of a formula, a new formula."""
    arguments, nodes = _arguments(evaluator, node, env)
    named, changes = match_arguments("update", UPDATE, (), True, arguments)
    fit = named.pop("object", None)
    evaluator.visible = True
    if isinstance(fit, Language):
        change = named.get("fixed.")
        text = update_formula(fit.text, argument(change))
        return Language(parse_formula(text), text, env)
    given = {key.replace(".", "_"): argument(value) for key, value in named.items()}
    _with_options(given, changes, "update")
    data = next((option.value for option in changes if option.name == "data"), None)
    if "subset" in nodes:
        given["subset"] = _subset(evaluator, nodes["subset"], data, env)
    if "weights" in nodes:
        given["weights"] = _weights(evaluator, nodes["weights"])
    _find_covariates(given, env)
    _find_markers(given, {option.name: option.value for option in changes if option.name}, env)
    recipe = getattr(getattr(fit, "recipe", None), "arguments", {})
    known = _known(given, data if data is not None else to_r(recipe.get("data")), env)
    if known:
        given["known"] = known
    return to_r(public("update", "update")(fit, **given))


@special("lrt", "lrt.asreml")
def lrt(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """Likelihood ratio tests; rows are named by the fits' names as typed."""
    fits: list[Any] = []
    names: list[str] = []
    given: dict[str, Any] = {}
    for part in node.arguments:
        if part.value is None:
            continue
        value = evaluator.eval(part.value, env)
        if part.name == "boundary":
            given["boundary"] = argument(value)
        else:
            fits.append(value)
            names.append(evaluator.source(part.value))
    function = public("lrt", "lrt")
    if "names" in inspect.signature(function).parameters:
        given["names"] = names
    evaluator.visible = True
    return to_r(function(*fits, **given))


@special("asr_binomial")
def asr_binomial(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """The binomial family; ``total`` names a column."""
    arguments = [
        Arg(a.name, Vector(np.array([a.value.name], dtype=object), "character"))
        if a.name == "total" and isinstance(a.value, Name)
        else Arg(a.name, evaluator.eval(a.value, env))
        for a in node.arguments
        if a.value is not None
    ]
    return call_public("asr_binomial", "asr_binomial", arguments)


@special("summary", "summary.asreml")
def summary(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """Summary of a fit."""
    arguments = evaluator.arguments(node.arguments, env)
    if not arguments:
        raise evaluator.fail('argument "object" is missing, with no default', node)
    first = next((a.value for a in arguments if a.name in (None, "object")), None)
    evaluator.visible = True
    if isinstance(first, Vector | pd.DataFrame | ListValue) or first is None:
        raise UnsupportedError(f"summary() of a {type(first).__name__.lower().replace('value', '')}")
    return call_public("summary", "summary", arguments)
