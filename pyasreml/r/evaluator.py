"""Walking the tree: names, calls, assignments, branches, loops, functions."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd

from pyasreml.errors import AsremlError, UnsupportedError, quote
from pyasreml.r import indexing
from pyasreml.r.arithmetic import unary, vector_of
from pyasreml.r.conditions import Condition, RError
from pyasreml.r.convert import to_python, to_r
from pyasreml.r.environment import BASE, CONSTANTS, BreakLoop, Environment, NextTurn, Promise, ReturnValue
from pyasreml.r.indexing import MISSING
from pyasreml.r.operators import infix
from pyasreml.r.registry import BUILTINS, SPECIALS, Special, match_arguments
from pyasreml.r.registry import Function as BuiltIn
from pyasreml.r.targets import assign
from pyasreml.r.values import (
    Arg,
    Closure,
    Language,
    ListValue,
    Value,
    Vector,
    character,
    double,
    integer,
)
from pyasreml.syntax import deparse
from pyasreml.syntax.nodes import (
    Argument,
    Binary,
    Block,
    Break,
    Call,
    Constant,
    For,
    Function,
    If,
    Index,
    Member,
    Name,
    Namespaced,
    Next,
    Node,
    Number,
    Paren,
    Repeat,
    Script,
    String,
    Unary,
    While,
)

__all__ = ["Evaluator"]

MAX_DEPTH = 1000
"""R functions in R functions; Python's own limit is raised to let them."""


class Evaluator:
    """Evaluates statements in a global environment.

    Attributes
    ----------
    env : Environment
        The global environment.
    text : str
        The text whose tree is being walked; node spans point into it.
    visible : bool
        Whether R would print the value of the statement just evaluated.
    figures : list
        Matplotlib figures drawn so far.
    message_handlers : int
        How many ``tryCatch`` around the statement wait for a message.
    """

    def __init__(self, values: dict[str, Value] | None = None):
        self.env = Environment(None, values)
        self.text = ""
        self.visible = True
        self.depth = 0
        self.figures: list[Any] = []
        self.message_handlers = 0

    # texts and places
    @contextmanager
    def reading(self, text: str) -> Iterator[None]:
        """Walk a tree of another text."""
        before, self.text = self.text, text
        try:
            yield
        finally:
            self.text = before

    def source(self, node: Node) -> str:
        """The node as typed; deparsed where it was made by rewriting."""
        start, end = node.span
        typed = self.text[start:end]
        return typed if end > start and typed else deparse(node)

    def fail(self, message: str, node: Node, hint: str = "") -> RError:
        """An error at a place of the text."""
        start, end = node.span
        if 0 <= start < end <= len(self.text):
            return RError(message, hint, self.text, node.span)
        return RError(message, "; ".join(part for part in (hint, f"in {deparse(node)}") if part))

    def unsupported(self, feature: str, node: Node) -> UnsupportedError:
        """A function that is not here."""
        start, end = node.span
        return UnsupportedError(feature, quote(self.text, node.span) if 0 <= start < end <= len(self.text) else "")

    # evaluation
    def run(self, script: Script) -> Iterator[tuple[Node, Value]]:
        """Evaluate statement by statement; yields each with its value."""
        for statement in script.statements:
            with self.reading(script.text):
                yield statement, self.statement(statement)

    def statement(self, node: Node) -> Value:
        """Value of a statement at top level, where nothing is left to return to or to break out of."""
        self.visible, self.depth, self.message_handlers = True, 0, 0
        try:
            return self.eval(node, self.env)
        except ReturnValue:
            raise self.fail("no function to return from, jumping to top level", node) from None
        except (BreakLoop, NextTurn):
            raise self.fail("no loop for break/next, jump to top level", node) from None
        except Condition as signal:
            raise self.fail(str(signal), node) from None
        except RecursionError:
            raise self.fail("evaluation nested too deeply: infinite recursion", node) from None

    def eval(self, node: Node, env: Environment) -> Value:
        """Value of a node."""
        match node:
            case Number():
                return integer([node.value]) if node.integer else double([node.value])
            case String():
                return character([node.value])
            case Constant():
                return CONSTANTS[node.name]()
            case Name():
                self.visible = True
                return self.lookup(node, env)
            case Paren():
                value = self.eval(node.inner, env)
                self.visible = True
                return value
            case Call():
                return self.call(node, env)
            case Binary():
                return infix(self, node, env)
            case Unary():
                if node.operator == "~":
                    return Language(node, self.source(node), env)
                if node.operator == "?":
                    self.visible = False
                    return None
                return self.located(node, lambda: unary(node.operator, self.eval(node.operand, env)))
            case Index():
                return self.index(node, env)
            case Member():
                if node.operator == "@":
                    raise self.unsupported("@", node)
                owner = self.eval(node.object, env)
                self.visible = True
                return self.located(node, lambda: indexing.member(owner, node.name))
            case Namespaced():
                return self.function(node, env)
            case Function():
                return Closure(node.parameters, node.body, env, self.text)
            case _:
                return self.control(node, env)

    def located(self, node: Node, compute: Callable[[], Value]) -> Value:
        """Run a computation; its errors get the place of `node`."""
        try:
            return compute()
        except RError as error:
            if "\n" in str(error):
                raise
            raise self.fail(error.message, node, error.hint) from None

    def control(self, node: Node, env: Environment) -> Value:
        """Blocks, branches and loops."""
        match node:
            case Block():
                value: Value = None
                for statement in node.statements:
                    self.visible = True
                    value = self.eval(statement, env)
                return value
            case If():
                if self.truth(node.condition, env, "if"):
                    return self.eval(node.then, env)
                if node.otherwise is None:
                    self.visible = False
                    return None
                return self.eval(node.otherwise, env)
            case For():
                for item in self.items(self.eval(node.sequence, env)):
                    env[node.variable] = item
                    if not self.turn(node.body, env):
                        break
            case While():
                while self.truth(node.condition, env, "while") and self.turn(node.body, env):
                    pass
            case Repeat():
                while self.turn(node.body, env):
                    pass
            case Break():
                raise BreakLoop
            case Next():
                raise NextTurn
            case _:
                raise self.fail("this cannot be evaluated", node)
        self.visible = False
        return None

    def turn(self, body: Node, env: Environment) -> bool:
        """One turn of a loop; False after ``break``."""
        try:
            self.eval(body, env)
        except NextTurn:
            return True
        except BreakLoop:
            return False
        return True

    def items(self, value: Value) -> Iterator[Value]:
        """The elements that a loop runs through."""
        if isinstance(value, Vector):
            yield from (Vector(value.data[i : i + 1], value.kind) for i in range(len(value)))
        elif isinstance(value, ListValue):
            yield from value.items
        elif isinstance(value, pd.DataFrame):
            yield from (indexing.column(value, j) for j in range(value.shape[1]))
        elif value is not None:
            raise RError("invalid for() loop sequence")

    def truth(self, node: Node, env: Environment, what: str) -> bool:
        """The condition of a branch or a loop."""
        value = vector_of(self.eval(node, env), what)
        if len(value) != 1:
            reason = "argument is of length zero" if len(value) == 0 else "the condition has length > 1"
            raise self.fail(reason, node)
        if value.kind == "character" or np.isnan(value.data[0]):
            raise self.fail("missing value where TRUE/FALSE needed", node)
        return bool(value.data[0])

    # names
    def lookup(self, node: Name, env: Environment) -> Value:
        """Value of a name."""
        for here in env.chain():
            if node.name in here:
                return self.force(here[node.name], node)
        if node.name in BASE:
            return BASE[node.name]()
        if node.name in BUILTINS or node.name in SPECIALS:
            return self.function(node, env)
        near = difflib.get_close_matches(node.name, env.all_names(), 3, 0.7)
        raise self.fail(f"object '{node.name}' not found", node, f"near it: {', '.join(near)}" if near else "")

    def force(self, value: Value, node: Name) -> Value:
        """The value behind a promise."""
        if not isinstance(value, Promise):
            if value is MISSING:
                raise self.fail(f'argument "{node.name}" is missing, with no default', node)
            return value
        if value.value is MISSING:
            with self.reading(value.text):
                value.value = self.eval(value.node, value.env)
        return value.value

    def function(self, node: Node, env: Environment) -> Any:
        """The function that a call names: an R function in sight, or a row of the table."""
        if isinstance(node, Name):
            for here in env.chain():
                if node.name in here:
                    value = self.force(here[node.name], node)
                    if isinstance(value, Closure) or callable(value):
                        return value
            name = node.name
        elif isinstance(node, Namespaced):
            name = node.name
        else:
            value = self.eval(node, env)
            if isinstance(value, Closure) or callable(value):
                return value
            raise self.fail("attempt to apply non-function", node)
        if name in SPECIALS:
            return SPECIALS[name]
        if name in BUILTINS:
            return BUILTINS[name]
        raise self.unsupported(f"{name}()", node)

    # calls
    def call(self, node: Call, env: Environment) -> Value:
        """A call as written."""
        function = self.function(node.function, env)
        if isinstance(function, Special):
            self.visible = True
            return function(self, node, env)
        if isinstance(function, Closure):
            return self.apply_closure(function, self.promises(node.arguments, env), node)
        arguments = self.arguments(node.arguments, env)
        return self.located(node, lambda: self.apply(function, arguments))

    def arguments(self, arguments: Sequence[Argument], env: Environment) -> list[Arg]:
        """Arguments evaluated, ``...`` spread, empty ones left out."""
        found: list[Arg] = []
        for argument in arguments:
            if isinstance(argument.value, Name) and argument.value.name == "...":
                found.extend(Arg(a.name, self.force(a.value, argument.value)) for a in self.dots(env))
            elif argument.value is not None:
                found.append(Arg(argument.name, self.eval(argument.value, env)))
        return found

    def promises(self, arguments: Sequence[Argument], env: Environment) -> list[Arg]:
        """Arguments as promises."""
        found: list[Arg] = []
        for argument in arguments:
            if isinstance(argument.value, Name) and argument.value.name == "...":
                found.extend(self.dots(env))
            elif argument.value is not None:
                found.append(Arg(argument.name, Promise(argument.value, env, self.text)))
        return found

    def dots(self, env: Environment) -> list[Arg]:
        """What ``...`` stands for here."""
        for here in env.chain():
            if "..." in here:
                found: list[Arg] = here["..."]
                return found
        return []

    def apply(self, function: Any, arguments: Sequence[Arg]) -> Value:
        """Call a function with values; what the base functions raise becomes an R error."""
        if isinstance(function, Closure):
            return self.apply_closure(function, arguments, None)
        self.visible = True
        if isinstance(function, Special):
            held = {f".argument{i}": a.value for i, a in enumerate(arguments)}
            nodes = tuple(Argument(a.name, Name(key)) for a, key in zip(arguments, held, strict=True))
            return function(self, Call(Name(function.name), nodes), Environment(self.env, held))
        if not isinstance(function, BuiltIn):
            named = {a.name: to_python(a.value) for a in arguments if a.name}
            return to_r(function(*[to_python(a.value) for a in arguments if not a.name], **named))
        name = function.name
        try:
            value = function(self, arguments)
        except (AsremlError, Condition, ReturnValue, BreakLoop, NextTurn):
            raise
        except (TypeError, ValueError, IndexError, KeyError, AttributeError, np.linalg.LinAlgError) as error:
            if getattr(function.call, "foreign", False):
                raise
            raise RError(f"{name}(): {error}") from error
        self.visible = not function.invisible
        return value

    def apply_closure(self, function: Closure, arguments: Sequence[Arg], node: Node | None) -> Value:
        """Call a function written in R."""
        formals = [str(parameter.name) for parameter in function.parameters]
        dots = "..." in formals
        place = formals.index("...") if dots else len(formals)
        named, rest = match_arguments("function", formals[:place], formals[place + 1 :], dots, arguments)
        env = Environment(function.env)
        for parameter in function.parameters:
            name = str(parameter.name)
            if name == "...":
                env["..."] = rest
            elif name in named:
                env[name] = named[name]
            elif parameter.value is not None:
                env[name] = Promise(parameter.value, env, function.text)
            else:
                env[name] = MISSING
        self.depth += 1
        try:
            if self.depth > MAX_DEPTH:
                raise RError("evaluation nested too deeply: infinite recursion")
            with self.reading(function.text):
                self.visible = True
                return self.eval(function.body, env)
        except ReturnValue as returned:
            return returned.value
        finally:
            self.depth -= 1

    def leave(self, value: Value) -> Value:
        """``return(value)``."""
        raise ReturnValue(value)

    # indices
    def indices(self, node: Index, env: Environment) -> tuple[list[Value], dict[str, Value]]:
        """Values of the indices (empty ones `MISSING`), and named arguments such as ``drop``."""
        places: list[Value] = []
        named: dict[str, Value] = {}
        for argument in node.arguments:
            if argument.name in ("drop", "exact") and argument.value is not None:
                named[str(argument.name)] = self.eval(argument.value, env)
            else:
                places.append(MISSING if argument.value is None else self.eval(argument.value, env))
        return places, named

    def index(self, node: Index, env: Environment) -> Value:
        """``x[…]`` and ``x[[…]]``."""
        owner = self.eval(node.object, env)
        places, named = self.indices(node, env)
        self.visible = True
        if node.double:
            if not places or MISSING in places:
                raise self.fail("invalid subscript: '[[' needs one", node)
            exact = named.get("exact")
            whole = exact is None or bool(vector_of(exact, "exact").data[0])
            return self.located(node, lambda: indexing.element(owner, places, whole))
        drop = named.get("drop")
        flag = None if drop is None else bool(vector_of(drop, "drop").data[0])
        return self.located(node, lambda: indexing.subset(owner, places, flag))

    def assign_statement(self, target: Node, source: Node, env: Environment, outer: bool) -> Value:
        """``target <- source``."""
        value = self.eval(source, env)
        assign(self, target, value, env, outer)
        self.visible = False
        return value
