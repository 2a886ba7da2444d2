"""Run many cases, each in a process of its own: fresh options, a time limit, and a crash ends one case only."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import multiprocessing.connection
import time
import warnings
from collections.abc import Iterator, Sequence
from multiprocessing.process import BaseProcess

import pandas as pd

from .records import Case, Number, Outcome, Verdict
from .running import SessionFactory, message, r_session, run_case


def warm_up() -> None:
    """Load what every case needs (parser, R functions, the questions' modules) once, before processes are forked."""
    table = pd.DataFrame({"y": [3.1, 5.2, 4.0, 8.4, 6.1, 9.0], "a": ["u", "v"] * 3, "b": list("112233")})
    session = r_session({"d": table})
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session.eval(
            'm <- asreml(y ~ a, random = ~ b, data = d); summary(m); wald(m); predict(m, classify = "a"); m$trace'
        )


def failed(case: Case, text: str, seconds: float = 0.0) -> Outcome:
    """The outcome of a case that came to nothing: every check is an error."""
    outcome = Outcome(case.id, errors=[text], seconds=seconds)
    for check in case.checks:
        want = check.want if isinstance(check.want, str) else ", ".join(check.want)
        verdict: Verdict = "error" if check.target else "not_target"
        outcome.numbers.append(Number(check.value, check.row, check.col, want, text, verdict, check.source, check.tol))
    for field in case.fields:
        outcome.numbers.append(Number(field.value, None, None, f"{len(field.want)} elements", text, "error", "object"))
    return outcome


def _child(case: Case, session: SessionFactory, pipe: multiprocessing.connection.Connection) -> None:
    try:
        outcome = run_case(case, session)
    except BaseException as error:
        outcome = failed(case, message(error))
    pipe.send(outcome)
    pipe.close()


def run_cases(
    cases: Sequence[Case], session: SessionFactory = r_session, *, jobs: int = 1, timeout: float = 120.0
) -> Iterator[Outcome]:
    """Run cases and give their outcomes in order.

    Parameters
    ----------
    cases : sequence of Case
    session : callable, optional
        As in `run_case`.
    jobs : int
        Processes at a time, each for one case; 0 runs all in this process, without a time limit.
    timeout : float
        Seconds after which a case is stopped and counted as an error.
    """
    if jobs == 0:
        for case in cases:
            yield run_case(case, session)
        return
    if session is r_session and cases:
        warm_up()
    context = multiprocessing.get_context("fork")
    running: dict[int, tuple[BaseProcess, multiprocessing.connection.Connection, float]] = {}
    done: dict[int, Outcome] = {}
    waiting, given = list(range(len(cases))), 0
    while given < len(cases):
        while waiting and len(running) < jobs:
            index = waiting.pop(0)
            receive, send = context.Pipe(duplex=False)
            process: BaseProcess = context.Process(target=_child, args=(cases[index], session, send), daemon=True)
            process.start()
            send.close()
            running[index] = (process, receive, time.monotonic())
        multiprocessing.connection.wait([pipe for _, pipe, _ in running.values()], timeout=0.5)
        for index, (process, pipe, start) in list(running.items()):
            late = time.monotonic() - start > timeout
            if not pipe.poll() and process.is_alive() and not late:
                continue
            done[index] = _collect(cases[index], process, pipe, timeout)
            del running[index]
        while given in done:
            yield done.pop(given)
            given += 1


def _collect(case: Case, process: BaseProcess, pipe: multiprocessing.connection.Connection, timeout: float) -> Outcome:
    try:
        if pipe.poll():
            outcome = pipe.recv()
            process.join()
            return outcome
    except EOFError:
        pass
    if process.is_alive():
        process.kill()
        process.join()
        return failed(case, f"stopped after {timeout:g} s", timeout)
    return failed(case, f"the process ended with code {process.exitcode}")
