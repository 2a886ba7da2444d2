"""Run one case: its statements in a fresh session, then every check, console block and stored component."""

from __future__ import annotations

import contextlib
import io
import re
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd

from pyasreml.errors import UnsupportedError

from .agreement import compare, missing, seven_digits, show
from .picking import PickError, as_table, cell, names_of, scalar, vector
from .reading import read_data
from .records import Case, Check, ConsoleBlock, Field, Number, Outcome


class RSession(Protocol):
    """What evaluates R text; `pyasreml.r.Session` in use, a fake in tests."""

    def eval(self, text: str) -> Any:
        """The value of the last statement in `text`."""


SessionFactory = Callable[[Mapping[str, Any]], RSession]


def r_session(objects: Mapping[str, Any]) -> RSession:
    """A fresh R session of pyasreml with default options, the trace on."""
    from pyasreml.options import asreml_options, reset_options
    from pyasreml.r import Session

    reset_options()
    asreml_options(trace=True)
    return Session(dict(objects))


_ASSIGNED = re.compile(r"^\s*`?([A-Za-z.][\w.]*)`?[^<=(]*?(?:<-|=(?!=))")


class _Run:
    """State of one case while it runs: what failed, for want of what, and what the statements printed."""

    def __init__(self, case: Case, session: RSession):
        self.case = case
        self.session = session
        self.outcome = Outcome(case.id)
        self.missing: dict[str, str] = {}  # name never assigned -> feature it wanted
        self.wanted: list[str] = []  # features
        self.printed: dict[str, list[str]] = {}
        self.values: dict[str, Any] = {}

    def statements(self) -> None:
        for text in self.case.statements:
            stream = io.StringIO()
            try:
                with contextlib.redirect_stdout(stream):
                    self.session.eval(text)
            except Exception as error:
                feature = self.feature(text, error)
                found = _ASSIGNED.match(text)
                if feature is not None:
                    self.wanted.append(feature)
                    if found:
                        self.missing[found[1]] = feature
                else:
                    self.outcome.errors.append(f"{text}\n    {message(error)}")
            self.printed.setdefault(_squeeze(text), stream.getvalue().splitlines())

    def feature(self, text: str, error: Exception) -> str | None:
        """The missing feature that `error` comes from, directly or through a name that was never assigned."""
        if isinstance(error, UnsupportedError):
            return error.feature
        for name, feature in self.missing.items():
            if re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", text):
                return feature
        return None

    def value(self, text: str) -> Any:
        """The value of an expression, evaluated once; an error is kept and raised again."""
        if text not in self.values:
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    self.values[text] = self.session.eval(text)
            except Exception as error:
                self.values[text] = error
        result = self.values[text]
        if isinstance(result, Exception):
            raise result
        return result

    def number(self, check: Check, got: str, verdict: str, want: str = "", row: Any = None) -> None:
        self.outcome.numbers.append(
            Number(
                value=check.value,
                row=check.row if row is None else row,
                col=check.col,
                want=want,
                got=got,
                verdict=verdict if check.target else "not_target",  # type: ignore[arg-type]
                source=check.source,
                tol=check.tol,
                why=check.why,
            )
        )

    def check(self, check: Check) -> None:
        """Compare one check; a missing feature is noted, any other error is a verdict."""
        shown = check.want if isinstance(check.want, str) else ", ".join(check.want)
        try:
            value = self.value(check.value)
            if check.names is not None:
                got = ", ".join(names_of(value, check.names))
                self.number(check, got, "equal" if got == shown else "different", shown)
            elif isinstance(check.want, tuple):
                self.elements(check, check.want, vector(value))
            else:
                picked = scalar(value) if check.row is None and check.col is None else cell(value, check.row, check.col)
                got, verdict = compare(check.want, picked, check.tol)
                self.number(check, got, verdict, check.want)
        except PickError as error:
            self.number(check, str(error), "different", shown)
        except Exception as error:
            feature = self.feature(check.value, error)
            if feature is None:
                self.number(check, message(error), "error", shown)
                return
            self.wanted.append(feature)
            if check.target:
                kind = check.source if check.tol is None else "with tol"
                count = self.outcome.checks_not_run
                count[kind] = count.get(kind, 0) + (
                    1 if isinstance(check.want, str) or check.names else len(check.want)
                )

    def elements(self, check: Check, want: Sequence[str], got: list[Any]) -> None:
        for i, text in enumerate(want):
            if i < len(got):
                seen, verdict = compare(text, got[i], check.tol)
            else:
                seen, verdict = f"only {len(got)} elements", "different"
            self.number(check, seen, verdict, text, row=f"[{i + 1}]")
        if len(got) > len(want):
            self.number(check, f"{len(got)} elements", "different", f"{len(want)} elements", row="length")

    def console(self, block: ConsoleBlock) -> None:
        check = Check(f"console: {block.statement.split('<-')[0].strip()}", "", source="console")
        if _squeeze(block.statement) not in self.printed:
            self.number(check, "no such statement", "error")
            return
        lines = trace_lines(self.printed[_squeeze(block.statement)])
        want = [_squeeze(line) for line in block.lines]
        for i in range(max(len(want), len(lines))):
            wanted, got = (source[i] if i < len(source) else "(no line)" for source in (want, lines))
            self.number(check, got, "equal" if wanted == got else "different", wanted, row=str(i + 1))

    def field(self, field: Field) -> None:
        """Compare every element of a stored component."""
        check = Check(field.value, "", source="object")
        try:
            value = self.value(field.value)
            if field.names_from is not None and isinstance(value, np.ndarray):
                names = _names(self.value(field.names_from))
                value = pd.DataFrame(value, index=names, columns=names)
            for (row, col), stored, got in _elements(field, value):
                want = _stored_text(stored, field)
                picked = round(float(got), field.decimals) if field.decimals is not None and not missing(got) else got
                seen, verdict = compare(want, picked)
                self.number(Check(field.value, "", col=col, source="object"), seen, verdict, want, row=row)
        except PickError as error:
            self.number(check, str(error), "different", f"{len(field.want)} elements")
        except Exception as error:
            feature = self.feature(field.value, error)
            if feature is None:
                self.number(check, message(error), "error", f"{len(field.want)} elements")
                return
            self.wanted.append(feature)
            count = self.outcome.checks_not_run
            count["object"] = count.get("object", 0) + len(field.want)


def _stored_text(stored: Any, field: Field) -> str:
    if stored is None:
        return "NA"
    if isinstance(stored, bool) or isinstance(stored, str):
        return show(stored)
    if field.decimals is not None:
        return f"{float(stored):.{field.decimals}f}"
    numbers = [abs(float(v)) for v in field.want if isinstance(v, int | float) and not isinstance(v, bool)]
    # Rows of a matrix (the trace) are measured each by itself.
    if field.cols is not None and field.rows is not None:
        width = len(field.cols)
        at = next(i for i, v in enumerate(field.want) if v is stored) // width
        row = field.want[at * width : (at + 1) * width]
        numbers = [abs(float(v)) for v in row if isinstance(v, int | float)]
    return seven_digits(float(stored), max((n for n in numbers if n == n), default=0.0))


Place = tuple[str | None, str | None]


def _elements(field: Field, value: Any) -> Iterator[tuple[Place, Any, Any]]:
    """Stored and computed elements side by side.

    Raises
    ------
    PickError
        Another number of elements, or other names.
    """
    if field.cols is not None:
        assert field.rows is not None
        table = as_table(value)
        rows, cols = [str(r) for r in table.index], [str(c) for c in table.columns]
        _same_names(field.rows, rows, field.by_name, "rows")
        if not set(field.cols) <= set(cols):
            raise PickError(f"columns are {', '.join(cols)}, not {', '.join(field.cols)}")
        if field.cols[-1].isdigit() and len(cols) != len(field.cols):
            raise PickError(f"{len(cols)} columns, not {len(field.cols)}")
        array = table.to_numpy()
        for i, row in enumerate(field.rows):
            for j, col in enumerate(field.cols):
                yield (row, col), field.want[i * len(field.cols) + j], array[rows.index(row), cols.index(col)]
        return
    elements = vector(value)
    if field.rows is None:
        if len(elements) != len(field.want):
            raise PickError(f"{len(elements)} elements, not {len(field.want)}")
        for i, (stored, got) in enumerate(zip(field.want, elements, strict=True)):
            yield (str(i + 1) if len(elements) > 1 else None, None), stored, got
        return
    names = _names(value)
    if names is None:
        raise PickError("the value has no names")
    _same_names(field.rows, names, field.by_name, "names")
    where = {name: i for i, name in enumerate(names)}
    for name, stored in zip(field.rows, field.want, strict=True):
        yield (name, None), stored, elements[where[name]]


def _same_names(want: Sequence[str], got: Sequence[str], by_name: bool, what: str) -> None:
    if by_name:
        lacking = [n for n in want if n not in set(got)]
        if lacking:
            raise PickError(f"{what} lack {', '.join(lacking[:6])}; they are {', '.join(got[:8])}")
    elif list(want) != list(got):
        at = next((i for i, (a, b) in enumerate(zip(want, got, strict=False)) if a != b), min(len(want), len(got)))
        here = got[at] if at < len(got) else "(none)"
        there = want[at] if at < len(want) else "(none)"
        raise PickError(f"{what}: place {at + 1} is {here}, not {there} ({len(got)} for {len(want)})")


def _names(value: Any) -> list[str] | None:
    if isinstance(value, dict):
        return [str(k) for k in value]
    try:
        return names_of(value, "rownames")
    except PickError:
        return None


def message(error: BaseException) -> str:
    """An error as one text."""
    return f"{type(error).__name__}: {error}"


_CLOCK = re.compile(r"\b\d\d?:\d\d:\d\d\b")


def _squeeze(text: str) -> str:
    return " ".join(_CLOCK.sub(" ", text).split())


def trace_lines(printed: Sequence[str]) -> list[str]:
    """Header and iteration lines among what was printed, without the version line, the clock and repeated blanks."""
    lines = [_squeeze(line) for line in printed]
    return [line for line in lines if re.match(r"(LogLik\b|\d+ )", line)]


def run_case(case: Case, session: SessionFactory = r_session) -> Outcome:
    """Run one case in this process.

    Parameters
    ----------
    case : Case
    session : callable, optional
        Makes a session from the named data; it resets the options.
    """
    begin = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = _Run(case, session({name: read_data(path) for name, path in case.data.items()}))
        run.statements()
        for check in case.checks:
            run.check(check)
        for block in case.console:
            run.console(block)
        for field in case.fields:
            run.field(field)
    run.outcome.not_run = "; ".join(dict.fromkeys(run.wanted)) or None
    run.outcome.seconds = time.perf_counter() - begin
    return run.outcome
