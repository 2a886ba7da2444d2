"""`Session` and `run`: R statements in, Python objects out."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyasreml.r.convert import to_python, to_r
from pyasreml.r.evaluator import MAX_DEPTH, Evaluator
from pyasreml.r.functions import load_tables
from pyasreml.r.output import shown
from pyasreml.r.values import Value
from pyasreml.syntax import parse_script

__all__ = ["Session", "run"]

FRAMES = 16
"""Python calls that one call of an R function can take."""


class Session:
    """R statements evaluated one after the other on the same objects.

    Parameters
    ----------
    objects : mapping, optional
        Name in R to Python object: data frames, arrays, scalars, fits.
    echo : bool
        Print visible values of statements, as R does at the prompt.
    figures : path, optional
        Folder to which figures are written, ``Rplot001.png`` …; they are only kept in memory otherwise.

    Examples
    --------
    >>> session = Session({"x": [1.0, 2.0, 4.0]})
    >>> session.eval("m <- mean(x); x[x > m]")
    4.0
    >>> session["m"]
    2.3333333333333335
    """

    def __init__(self, objects: Mapping[str, Any] | None = None, echo: bool = False, figures: str | Path | None = None):
        load_tables()
        self._evaluator = Evaluator({name: to_r(value) for name, value in (objects or {}).items()})
        self._echo = echo
        self._folder = None if figures is None else Path(figures)
        self._written = 0

    def eval(self, text: str) -> Any:
        """Value of the last statement of `text` as a Python object.

        Raises
        ------
        FormulaError
            Text that is not R.
        RError
            What R would stop with.
        UnsupportedError
            A function that is not here.
        """
        return to_python(self._run(text))

    def _run(self, text: str) -> Value:
        value: Value = None
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, FRAMES * MAX_DEPTH))
        try:
            value = self._statements(text)
        finally:
            sys.setrecursionlimit(limit)
        self._write_figures()
        return value

    def _statements(self, text: str) -> Value:
        value: Value = None
        for _, value in self._evaluator.run(parse_script(text)):
            if self._echo and self._evaluator.visible:
                sys.stdout.write(shown(value) + "\n")
        return value

    def _write_figures(self) -> None:
        figures = self._evaluator.figures
        if self._folder is None:
            return
        for figure in figures[self._written :]:
            self._written += 1
            self._folder.mkdir(parents=True, exist_ok=True)
            figure.savefig(self._folder / f"Rplot{self._written:03d}.png", dpi=100)

    @property
    def figures(self) -> list[Any]:
        """Matplotlib figures drawn so far."""
        return list(self._evaluator.figures)

    def __getitem__(self, name: str) -> Any:
        return to_python(self._evaluator.env[name])

    def __setitem__(self, name: str, value: Any) -> None:
        self._evaluator.env[name] = to_r(value)

    def __contains__(self, name: str) -> bool:
        return name in self._evaluator.env

    def names(self) -> list[str]:
        """Names of all objects."""
        return list(self._evaluator.env)


def run(text: str, *, echo: bool = False, figures: str | Path | None = None, **objects: Any) -> Any:
    """Evaluate R statements and return the last value.

    Parameters
    ----------
    text : str
        R statements.
    echo : bool
        Print visible values, as R does at the prompt.
    figures : path, optional
        Folder for figures, as in `Session`.
    **objects
        Objects by name: ``run("mean(x)", x=[1, 2])``.

    Returns
    -------
    object
        Data frames and matrices as pandas frames, named vectors as Series, single values as scalars, other vectors as
        arrays, lists as dicts or lists, fits as they are.

    Examples
    --------
    >>> run("x <- c(a = 1, b = 2); sum(x[c('a', 'b')]^2)")
    5.0
    """
    return Session(objects, echo=echo, figures=figures).eval(text)
