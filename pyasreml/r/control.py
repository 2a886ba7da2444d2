"""Functions that see their arguments unevaluated, and conditions: ``tryCatch``, ``quote``, ``return``, ``library``."""

from __future__ import annotations

import sys
import warnings

from pyasreml.errors import AsremlError, AsremlWarning, UnsupportedError, warn
from pyasreml.r.arithmetic import vector_of
from pyasreml.r.coercion import flag, strings, text
from pyasreml.r.conditions import Condition, RError, condition_of
from pyasreml.r.environment import Environment, Promise
from pyasreml.r.evaluator import Evaluator
from pyasreml.r.indexing import MISSING
from pyasreml.r.registry import builtin, special
from pyasreml.r.values import Arg, Language, ListValue, Value, character, class_of, logical
from pyasreml.syntax import parse_script
from pyasreml.syntax.nodes import Argument, Call, Name, Node

__all__ = ["argument_nodes"]


def argument_nodes(node: Call, *formals: str) -> tuple[dict[str, Node], list[Argument]]:
    """Unevaluated arguments by formal (whole names, then places), and the others."""
    found: dict[str, Node] = {}
    rest: list[Argument] = []
    for argument in node.arguments:
        if argument.value is None:
            continue
        if argument.name in formals:
            found[str(argument.name)] = argument.value
        else:
            rest.append(argument)
    others: list[Argument] = []
    for argument in rest:
        free = [formal for formal in formals if formal not in found]
        if argument.name is None and free and argument.value is not None:
            found[free[0]] = argument.value
        else:
            others.append(argument)
    return found, others


@special("tryCatch")
def try_catch(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """The value of an expression, or of the handler of the condition that stopped it."""
    expressions = [a for a in node.arguments if a.value is not None and a.name in (None, "expr")]
    handlers = [
        (a.name, a.value) for a in node.arguments if a.value is not None and a.name not in (None, "expr", "finally")
    ]
    final = [a.value for a in node.arguments if a.name == "finally"]
    catches = {name for name, _ in handlers}

    def handle(kinds: tuple[str, ...], condition: Value, error: BaseException) -> Value:
        for name, handler in handlers:
            if name in kinds:
                function = evaluator.eval(handler, env)
                return evaluator.apply(function, [Arg(None, condition)])
        raise error

    depth, reading = evaluator.depth, evaluator.text
    listening = bool(catches & {"message", "condition"})
    evaluator.message_handlers += listening
    try:
        with warnings.catch_warnings():
            if catches & {"warning", "condition"}:
                warnings.simplefilter("error", AsremlWarning)
            value: Value = None
            for argument in expressions[:1]:
                assert argument.value is not None
                value = evaluator.eval(argument.value, env)
            return value
    except UnsupportedError:
        raise
    except Condition as signal:
        evaluator.depth, evaluator.text = depth, reading
        return handle(class_of(signal.value), signal.value, signal)
    except AsremlWarning as warning:
        evaluator.depth, evaluator.text = depth, reading
        condition = condition_of(warning, "warning")
        return handle(class_of(condition), condition, warning)
    except AsremlError as error:
        evaluator.depth, evaluator.text = depth, reading
        condition = condition_of(error, "error")
        return handle(class_of(condition), condition, error)
    finally:
        evaluator.message_handlers -= listening
        for part in final:
            if part is not None:
                visible = evaluator.visible
                evaluator.eval(part, env)
                evaluator.visible = visible


@special("try")
def try_(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """The value of an expression, or an object of class ``try-error``."""
    found, _ = argument_nodes(node, "expr", "silent")
    try:
        return evaluator.eval(found["expr"], env)
    except UnsupportedError:
        raise
    except AsremlError as error:
        silent = "silent" in found and flag(evaluator.eval(found["silent"], env))
        message = f"Error : {condition_of(error, 'error').items[0].data[0]}\n"
        if not silent:
            sys.stderr.write(message)
        evaluator.visible = False
        made = character([message])
        made.attributes["class"] = ("try-error",)
        return made


@builtin("conditionMessage")
def condition_message(c: Value) -> Value:
    """The message of a condition."""
    return c.get("message") if isinstance(c, ListValue) else None


def _message(dots: tuple[Arg, ...]) -> str:
    return "".join(str(item) for arg in dots for item in strings(arg.value))


@builtin("stop")
def stop(*dots: Arg, call__: Value = None) -> Value:
    """An error; of a condition, that condition."""
    if dots and isinstance(dots[0].value, ListValue):
        raise Condition(dots[0].value)
    raise RError(_message(dots))


@builtin("warning", invisible=True)
def warning_(*dots: Arg, call__: Value = None) -> Value:
    """A warning."""
    warn(_message(dots))
    return character([_message(dots)])


@builtin("message", invisible=True)
def message(evaluator: Evaluator, *dots: Arg) -> Value:
    """A line to the console's error stream, or to the handler that waits for one."""
    line = _message(dots) + "\n"
    if evaluator.message_handlers:
        classes = ("simpleMessage", "message", "condition")
        raise Condition(ListValue([character([line]), None], ["message", "call"], {"class": classes}))
    sys.stderr.write(line)
    return None


@special("suppressWarnings", "suppressMessages", "suppressPackageStartupMessages")
def suppress(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """The value of an expression, its warnings unseen."""
    found, _ = argument_nodes(node, "expr")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return evaluator.eval(found["expr"], env)


@builtin("stopifnot", invisible=True)
def stopifnot(*dots: Arg) -> Value:
    """An error unless everything is TRUE."""
    for arg in dots:
        vector = vector_of(arg.value, "stopifnot()")
        if not all(item == 1 for item in vector.data):
            raise RError(arg.name or "not all values are TRUE")
    return None


@special("quote", "substitute")
def quote(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """The expression itself."""
    found, _ = argument_nodes(node, "expr", "env")
    part = found["expr"]
    if isinstance(part, Name) and isinstance(env.get(part.name), Promise):
        promise = env[part.name]
        with evaluator.reading(promise.text):
            return Language(promise.node, evaluator.source(promise.node), env)
    return Language(part, evaluator.source(part), env)


@builtin("deparse")
def deparse_(expr: Value) -> Value:
    """R text of an expression or a vector."""
    from pyasreml.r.output import deparse_value

    return character([deparse_value(expr)])


@special("eval", "evalq")
def eval_(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """The value of an expression, with the columns of a frame in sight if one is given."""
    found, _ = argument_nodes(node, "expr", "envir")
    value = evaluator.eval(found["expr"], env)
    if not isinstance(value, Language):
        return value
    where = env
    if "envir" in found:
        from pyasreml.r.verbs import masked

        where = masked(evaluator.eval(found["envir"], env), env)
    with evaluator.reading(value.text):
        return evaluator.eval(parse_script(value.text).statements[0], where)


@builtin("parse")
def parse(text_: Value) -> Language:
    """Text as an expression."""
    source = "\n".join(str(line) for line in strings(text_))
    script = parse_script(source)
    return Language(script.statements[-1], source)


@special("return")
def return_(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """Leave the function with a value."""
    part = node.arguments[0].value if node.arguments else None
    value = None if part is None else evaluator.eval(part, env)
    evaluator.visible = True
    return evaluator.leave(value)


@special("missing")
def missing(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """Whether an argument was not given."""
    part = node.arguments[0].value
    if not isinstance(part, Name):
        raise evaluator.fail("invalid use of 'missing'", node)
    return logical([env.get(part.name, MISSING) is MISSING])


@special("switch")
def switch(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """The alternative that a text names or a number counts."""
    alternatives = node.arguments[1:]
    selector = node.arguments[0].value
    assert selector is not None
    key = vector_of(evaluator.eval(selector, env), "switch()")
    if key.kind != "character":
        place = int(key.data[0]) - 1
        chosen = alternatives[place].value if 0 <= place < len(alternatives) else None
        return None if chosen is None else evaluator.eval(chosen, env)
    names = [a.name for a in alternatives]
    start = names.index(text(key)) if text(key) in names else None
    candidates = alternatives[start:] if start is not None else [a for a in alternatives if a.name is None][:1]
    chosen = next((a.value for a in candidates if a.value is not None), None)
    if chosen is None:
        evaluator.visible = False
        return None
    return evaluator.eval(chosen, env)


@special("library", "require", "requireNamespace", "loadNamespace")
def library(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """Accepted: the functions that are known here need no package."""
    evaluator.visible = False
    return logical([1])


@special("rm")
def rm(evaluator: Evaluator, node: Call, env: Environment) -> Value:
    """Forget names: as written, or in ``list``."""
    for argument in node.arguments:
        if argument.name == "list" and argument.value is not None:
            for name in strings(evaluator.eval(argument.value, env)):
                env.pop(str(name), None)
        elif isinstance(argument.value, Name):
            env.pop(argument.value.name, None)
    evaluator.visible = False
    return None


@builtin("ls")
def ls(evaluator: Evaluator) -> Value:
    """Names of the global objects, sorted."""
    return character(sorted(evaluator.env))


@builtin("gc", "set.seed", invisible=True)
def accepted(*dots: Arg) -> Value:
    """Housekeeping that means nothing here: no function of this version draws random numbers."""
    return None


@builtin("options", "setwd", invisible=True)
def not_used(*dots: Arg) -> Value:
    """Settings of an R session, not used here, which is said."""
    names = [arg.name for arg in dots if arg.name]
    warn(f"R's {', '.join(names) or 'working directory'} is not used here")
    return None


@builtin("invisible", invisible=True)
def invisible(x: Value = None) -> Value:
    """The value, not to be printed."""
    return x
