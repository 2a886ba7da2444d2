"""Left sides of assignments: names, and nested parts of what names hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyasreml.r import assignment
from pyasreml.r.environment import Environment
from pyasreml.r.values import Arg, Value
from pyasreml.syntax.nodes import Call, Index, Member, Name, Node, String

if TYPE_CHECKING:
    from pyasreml.r.evaluator import Evaluator

__all__ = ["assign"]


def assign(evaluator: Evaluator, target: Node, value: Value, env: Environment, outer: bool = False) -> None:
    """Give a name a value, or replace a part of what a name holds.

    ``names(x)[2] <- v`` takes ``names(x)``, replaces its second element, and assigns the result to ``names(x)``,
    which calls ``names<-`` and assigns to ``x``.

    Parameters
    ----------
    target : Node
        The left side.
    outer : bool
        ``<<-``: the name is sought from the surrounding environment outwards.
    """
    match target:
        case Name(name=name) | String(value=name):
            _home(evaluator, name, env, outer)[name] = value
        case Member():
            old = _current(evaluator, target.object, env)
            new = evaluator.located(target, lambda: assignment.replace_member(old, target.name, value))
            assign(evaluator, target.object, new, env, outer)
        case Index():
            old = _current(evaluator, target.object, env)
            places, _ = evaluator.indices(target, env)
            change = assignment.replace_element if target.double else assignment.replace_subset
            new = evaluator.located(target, lambda: change(old, places, value))
            assign(evaluator, target.object, new, env, outer)
        case Call(function=Name(name=name)) if target.arguments and target.arguments[0].value is not None:
            first = target.arguments[0].value
            old = _current(evaluator, first, env)
            function = evaluator.function(Name(f"{name}<-", span=target.function.span), env)
            others = evaluator.arguments(target.arguments[1:], env)
            arguments = [Arg(None, old), *others, Arg("value", value)]
            new = evaluator.located(target, lambda: evaluator.apply(function, arguments))
            assign(evaluator, first, new, env, outer)
        case _:
            raise evaluator.fail("invalid (do_set) left-hand side to assignment", target)


def _current(evaluator: Evaluator, node: Node, env: Environment) -> Value:
    """What a target holds now."""
    if isinstance(node, Name) and not any(node.name in here for here in env.chain()):
        raise evaluator.fail(f"object '{node.name}' not found", node)
    return evaluator.eval(node, env)


def _home(evaluator: Evaluator, name: str, env: Environment, outer: bool) -> Environment:
    """The environment in which a name gets its value."""
    if not outer:
        return env
    return next((here for here in (env.parent or env).chain() if name in here), evaluator.env)
