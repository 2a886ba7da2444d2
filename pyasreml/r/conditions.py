"""Errors of R statements, and the conditions that ``tryCatch`` hands to its handlers."""

from __future__ import annotations

from pyasreml.errors import AsremlError, FormulaError, quote
from pyasreml.r.values import ListValue, Value, character

__all__ = ["Condition", "RError", "condition_of"]


class RError(AsremlError):
    """What R would stop with: an unknown object, a subscript out of bounds, ``stop("…")``.

    Parameters
    ----------
    message : str
        R's message, without its ``Error in …``; what ``conditionMessage`` gives.
    hint : str
        What else is known about it.
    text, span : str and tuple of int, optional
        Where in the script it happened.
    """

    def __init__(self, message: str, hint: str = "", text: str | None = None, span: tuple[int, int] | None = None):
        self.message = message
        self.hint = hint
        shown = f"{message}; {hint}" if hint else message
        super().__init__(shown if text is None or span is None else f"{shown}\n{quote(text, span)}")


class Condition(Exception):
    """A condition that a handler of the named class is about to take (``signalCondition``, ``message``)."""

    def __init__(self, value: Value):
        super().__init__(str(value.items[0].data[0]) if isinstance(value, ListValue) and value.items else "")
        self.value = value


def condition_of(error: BaseException, kind: str) -> ListValue:
    """R's condition object for a Python exception; `kind` is ``error`` or ``warning``."""
    message = error.message if isinstance(error, RError | FormulaError) else str(error)
    classes = ("simpleError", "error") if kind == "error" else ("simpleWarning", "warning")
    return ListValue([character([message]), None], ["message", "call"], {"class": (*classes, "condition")})
