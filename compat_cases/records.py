"""What a case asks and what came of it: plain records, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Verdict = Literal["equal", "within_one", "different", "error", "not_target"]
Row = str | dict[str, str] | None
SOURCES = ("printed", "test", "independent", "object", "console")


@dataclass(frozen=True)
class Check:
    """One comparison with printed strings.

    Parameters
    ----------
    value : str
        R expression.
    want : str or tuple of str
        The printed string, or one for each element of a vector.
    row, col : optional
        Cell of the table that `value` gives: a row name, or columns that identify the row; a column name.
    names : {"rownames", "colnames"}, optional
        Compare these names in order instead of values.
    tol : float, optional
        Looser absolute tolerance.
    source : str
        Where the number comes from; one of `SOURCES`.
    target : bool
        False where the printed number is known not to be asreml 4.2's answer.
    why : str
        Reason of `tol`, or of `target` being false.
    """

    value: str
    want: str | tuple[str, ...]
    row: Row = None
    col: str | None = None
    names: Literal["rownames", "colnames"] | None = None
    tol: float | None = None
    source: str = "printed"
    target: bool = True
    why: str = ""


@dataclass(frozen=True)
class ConsoleBlock:
    """Trace lines that one statement prints, clock and repeated blanks removed."""

    statement: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Field:
    """A stored component of a saved fit: all its elements are compared at seven significant digits.

    Parameters
    ----------
    value : str
        R expression that reads the component.
    want : tuple
        Stored elements: numbers, strings, logicals, or None for NA.
    rows, cols : tuple of str, optional
        Row names, and column names where the component is a matrix (`want` is then row-major).
    by_name : bool
        Match by name instead of position.
    decimals : int, optional
        Compare after rounding both to this many decimals instead (asreml rounds ``%ch``).
    names_from : str, optional
        Expression whose names are those of a square matrix that comes without its own.
    """

    value: str
    want: tuple[Any, ...]
    rows: tuple[str, ...] | None = None
    cols: tuple[str, ...] | None = None
    by_name: bool = False
    decimals: int | None = None
    names_from: str | None = None


@dataclass(frozen=True)
class Case:
    """Statements to run in order on named data, and the comparisons to make afterwards."""

    id: str
    path: Path
    data: Mapping[str, Path]
    statements: tuple[str, ...]
    checks: tuple[Check, ...] = ()
    console: tuple[ConsoleBlock, ...] = ()
    fields: tuple[Field, ...] = ()
    features: tuple[str, ...] = ()


@dataclass
class Number:
    """One compared number (or name, or line)."""

    value: str
    row: Row
    col: str | None
    want: str
    got: str
    verdict: Verdict
    source: str
    tol: float | None = None
    why: str = ""
    cause: str = ""

    def as_json(self) -> dict[str, Any]:
        """Keys of the result file; optional ones only where they say something."""
        out: dict[str, Any] = {k: getattr(self, k) for k in ("value", "row", "col", "want", "got", "verdict", "source")}
        out.update({k: getattr(self, k) for k in ("tol", "why", "cause") if getattr(self, k) not in (None, "")})
        return out


@dataclass
class Outcome:
    """What came of one case.

    `not_run` names the missing features; numbers that do not depend on them are compared all the same, and
    `checks_not_run` counts the rest by source.
    """

    id: str
    numbers: list[Number] = field(default_factory=list)
    not_run: str | None = None
    checks_not_run: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0
