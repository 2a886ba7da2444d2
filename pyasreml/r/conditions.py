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
        The message, without R's ``Error in …``.
    text, span : str and tuple of int, optional
        Where in the script it happened.
    """

    def __init__(self, message: str, text: str | None = None, span: tuple[int, int] | None = None):
        self.message = message
        located = text is not None and span is not None
        super().__init__(f"{message}\n{quote(text, span)}" if located else message)  # type: ignore[arg-type]


class Condition(Exception):
    """A condition that a handler of the named class is about to take (``signalCondition``, ``message``)."""

    def __init__(self, value: Value):
        super().__init__(str(value))
        self.value = value


def condition_of(error: BaseException, kind: str) -> ListValue:
    """R's condition object for a Python exception; `kind` is ``error`` or ``warning``."""
    message = error.message if isinstance(error, RError | FormulaError) else str(error)
    classes = ("simpleError", "error") if kind == "error" else ("simpleWarning", "warning")
    return ListValue([character([message]), None], ["message", "call"], {"class": (*classes, "condition")})
