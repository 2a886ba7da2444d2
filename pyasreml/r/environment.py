"""Environments, promises, the constants of the language, and the signals by which functions and loops are left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from pyasreml.r.indexing import MISSING
from pyasreml.r.values import Value, character, double, integer, logical
from pyasreml.syntax.nodes import Node

__all__ = ["BASE", "CONSTANTS", "BreakLoop", "Environment", "NextTurn", "Promise", "ReturnValue"]

CONSTANTS: dict[str, Callable[[], Value]] = {
    "NULL": lambda: None,
    "TRUE": lambda: logical([1]),
    "FALSE": lambda: logical([0]),
    "NA": lambda: logical([np.nan]),
    "NA_integer_": lambda: integer([np.nan]),
    "NA_real_": lambda: double([np.nan]),
    "NA_character_": lambda: character([None]),
    "NaN": lambda: double([np.nan]),
    "Inf": lambda: double([np.inf]),
}
BASE: dict[str, Callable[[], Value]] = {
    "T": CONSTANTS["TRUE"],
    "F": CONSTANTS["FALSE"],
    "pi": lambda: double([np.pi]),
    "letters": lambda: character("abcdefghijklmnopqrstuvwxyz"),
    "LETTERS": lambda: character("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
}


class Environment(dict[str, Value]):
    """Names and their values, with the environment around it."""

    def __init__(self, parent: Environment | None = None, values: dict[str, Value] | None = None):
        super().__init__(values or {})
        self.parent = parent

    def chain(self) -> Iterator[Environment]:
        """The environment and those around it, inner first."""
        here: Environment | None = self
        while here is not None:
            yield here
            here = here.parent

    def all_names(self) -> list[str]:
        """Every visible name."""
        return list(dict.fromkeys(name for env in self.chain() for name in env))


@dataclass
class Promise:
    """An argument of an R function that is evaluated when it is first used."""

    node: Node
    env: Environment
    text: str
    value: Value = MISSING


class ReturnValue(Exception):
    """``return(value)``."""

    def __init__(self, value: Value):
        self.value = value


class BreakLoop(Exception):
    """``break``."""


class NextTurn(Exception):
    """``next``."""
