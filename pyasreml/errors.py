"""Errors and warnings of pyasreml, one class per stage of a call.

Every message says what is wrong, where (the formula with a caret, the data column and row, or the
variance parameter as the ``varcomp`` table names it) and what to do.
"""

from __future__ import annotations

import warnings

__all__ = [
    "AsremlError",
    "AsremlWarning",
    "DataError",
    "FitError",
    "FormulaError",
    "ModelError",
    "UnsupportedError",
    "WorkspaceError",
    "warn",
]


class AsremlError(Exception):
    """Base class of everything pyasreml raises on purpose."""


class FormulaError(AsremlError):
    """Text that cannot be read as R, or a formula that asreml would not accept.

    Parameters
    ----------
    message : str
        What is wrong and what to do.
    text : str, optional
        The formula or script. The line that holds the span is quoted.
    span : tuple of int, optional
        Half-open character range in `text`; a caret line marks it.
    """

    def __init__(self, message: str, text: str | None = None, span: tuple[int, int] | None = None):
        self.message = message
        self.text = text
        self.span = span
        if text is None or span is None:
            super().__init__(message)
        else:
            super().__init__(f"{message}\n{quote(text, span)}")


class DataError(AsremlError):
    """A data column, row or value that the model cannot use."""


class ModelError(AsremlError):
    """A term or a variance parameter that makes no valid model."""


class FitError(AsremlError):
    """The estimation could not go on. `iterates` holds the iterations made before."""

    iterates: tuple[object, ...] = ()


class WorkspaceError(FitError):
    """The fit needs more memory than ``workspace`` allows or than the machine has."""


class UnsupportedError(AsremlError):
    """A feature of asreml-R that this version does not have.

    Parameters
    ----------
    feature : str
        The feature's name, e.g. ``"spl()"``; the comparison runner counts by it.
    detail : str, optional
        Further text, e.g. the quoted formula.
    """

    def __init__(self, feature: str, detail: str = ""):
        self.feature = feature
        super().__init__(f"{feature} is not available in this version of pyasreml" + (f"\n{detail}" if detail else ""))


class AsremlWarning(UserWarning):
    """Category of every warning that pyasreml issues."""


def quote(text: str, span: tuple[int, int]) -> str:
    """The line of `text` that holds `span`, with a caret line under it, indented by four blanks."""
    start, end = span
    start = max(0, min(start, len(text)))
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", start)
    last = len(text) if last < 0 else last
    width = max(1, min(end, last) - start)
    return f"    {text[first:last]}\n    {' ' * (start - first)}{'^' * width}"


def warn(message: str, stacklevel: int = 3) -> None:
    """Issue an `AsremlWarning`."""
    warnings.warn(message, AsremlWarning, stacklevel=stacklevel)
