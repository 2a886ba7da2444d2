"""The table of functions: one row a function, formals from the Python signature, arguments matched by R's rules.

A parameter ``na_rm`` is R's ``na.rm``, ``from_`` is ``from``, ``call__`` is ``call.``; ``*dots`` is ``...``, of
`Arg` objects. A first parameter called ``evaluator`` is no formal: it receives the running evaluator.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pyasreml.r.conditions import RError
from pyasreml.r.values import Arg, Value

__all__ = ["BUILTINS", "SPECIALS", "Function", "Special", "builtin", "match_arguments", "special"]


@dataclass(frozen=True)
class Function:
    """A built-in function.

    Attributes
    ----------
    name : str
        R's name.
    call : callable
        The Python function.
    before, after : tuple of str
        R names of the formals before and after ``...``.
    dots : bool
        Whether there is a ``...``.
    wants_evaluator : bool
        Whether the running evaluator is passed first.
    invisible : bool
        Whether its value is not printed at top level.
    python : dict
        Parameter by formal.
    defaults : dict
        Default by formal, where there is one.
    """

    name: str
    call: Callable[..., Value]
    before: tuple[str, ...]
    after: tuple[str, ...]
    dots: bool
    wants_evaluator: bool
    invisible: bool
    python: dict[str, str]
    defaults: dict[str, Any]

    def __call__(self, evaluator: Any, arguments: Sequence[Arg]) -> Value:
        """Match the arguments and call."""
        named, dots = match_arguments(self.name, self.before, self.after, self.dots, arguments)
        first = [evaluator] if self.wants_evaluator else []
        for formal in self.before:
            if formal not in named and formal not in self.defaults:
                raise RError(f'{self.name}(): argument "{formal}" is missing, with no default')
        if self.dots:  # what stands before the dots is positional in Python: fill the gaps with the defaults
            first += [named.pop(formal) if formal in named else self.defaults[formal] for formal in self.before]
        return self.call(*first, *dots, **{self.python[formal]: value for formal, value in named.items()})


BUILTINS: dict[str, Function] = {}
"""Functions whose arguments are evaluated before the call, by R's name."""


@dataclass(frozen=True)
class Special:
    """A function that is handed its unevaluated arguments: ``call(evaluator, node, env)``."""

    name: str
    call: Callable[..., Value]

    def __call__(self, evaluator: Any, node: Any, env: Any) -> Value:
        """Evaluate a call of it."""
        return self.call(evaluator, node, env)


SPECIALS: dict[str, Special] = {}
"""Functions that see their arguments as written, by R's name."""


def r_name(name: str) -> str:
    """``na_rm`` is ``na.rm``; a final underscore only avoids a word of Python, two of them are a final dot."""
    return name.rstrip("_").replace("_", ".") + ("." if name.endswith("__") else "")


def builtin(*names: str, invisible: bool = False) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    """Enter a function into the table under its R names."""

    def enter(call: Callable[..., Value]) -> Callable[..., Value]:
        before: list[str] = []
        after: list[str] = []
        python: dict[str, str] = {}
        defaults: dict[str, Any] = {}
        dots = wants = False
        for parameter in inspect.signature(call).parameters.values():
            if parameter.name == "evaluator":
                wants = True
            elif parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                dots = True
            else:
                formal = r_name(parameter.name)
                (after if dots else before).append(formal)
                python[formal] = parameter.name
                if parameter.default is not inspect.Parameter.empty:
                    defaults[formal] = parameter.default
        row = (call, tuple(before), tuple(after), dots, wants, invisible, python, defaults)
        for name in names:
            BUILTINS[name] = Function(name, *row)
        return call

    return enter


def special(*names: str) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    """Enter a function that evaluates its arguments itself."""

    def enter(call: Callable[..., Value]) -> Callable[..., Value]:
        for name in names:
            SPECIALS[name] = Special(name, call)
        return call

    return enter


def match_arguments(
    function: str, before: Sequence[str], after: Sequence[str], dots: bool, arguments: Sequence[Arg]
) -> tuple[dict[str, Value], list[Arg]]:
    """Match arguments to formals: exact names, then unique beginnings of names, then places.

    Parameters
    ----------
    function : str
        For messages.
    before, after : sequence of str
        Formals before and after ``...``; those after it are matched by their whole name only.
    dots : bool
        Whether there is a ``...`` to take the rest.
    arguments : sequence of Arg

    Returns
    -------
    dict, list
        Values by formal, and what ``...`` takes.

    Raises
    ------
    RError
        Two arguments for one formal, an ambiguous beginning, or an argument that nothing takes.
    """
    found: dict[str, Value] = {}
    rest: list[Arg] = []
    for argument in arguments:
        if argument.name and (argument.name in before or argument.name in after):
            if argument.name in found:
                raise RError(f"{function}(): formal argument '{argument.name}' matched by several arguments")
            found[argument.name] = argument.value
        else:
            rest.append(argument)
    unmatched: list[Arg] = []
    for argument in rest:
        near = [f for f in before if f not in found and argument.name and f.startswith(argument.name)]
        if len(near) > 1:
            raise RError(f"{function}(): argument '{argument.name}' matches {' and '.join(near)}")
        if near:
            found[near[0]] = argument.value
        else:
            unmatched.append(argument)
    open_formals = [f for f in before if f not in found]
    taken: list[Arg] = []
    for argument in unmatched:
        if not argument.name and open_formals:
            found[open_formals.pop(0)] = argument.value
        elif dots:
            taken.append(argument)
        else:
            shown = f" '{argument.name}'" if argument.name else ""
            raise RError(f"{function}(): unused argument{shown}")
    return found, taken
