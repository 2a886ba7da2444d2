"""The comparison runner itself, with a fake session, and the record of what agrees."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from compat_cases import baseline, make, reporting
from compat_cases.agreement import compare, seven_digits
from compat_cases.causes import Cause, explain, read_causes
from compat_cases.objects import object_case
from compat_cases.picking import PickError, cell, names_of, scalar, vector
from compat_cases.processes import run_cases
from compat_cases.reading import HERE, CaseError, case_files, read_case, read_data
from compat_cases.records import Case, Check, ConsoleBlock, Field, Number, Outcome
from compat_cases.running import run_case, trace_lines
from pyasreml.errors import ModelError, UnsupportedError


@pytest.mark.parametrize(
    ("want", "value", "got", "verdict"),
    [
        ("31.62", 31.6249, "31.62", "equal"),
        ("31.62", 31.6251, "31.63", "within_one"),
        ("31.62", 31.6351, "31.64", "different"),
        (".07010875", 0.07010875, "0.07010875", "equal"),
        ("-0.00", 0.001, "0.00", "equal"),
        ("0.0", -0.04, "0.0", "equal"),
        ("60", 60, "60", "equal"),
        ("1.0", 1, "1.0", "equal"),
        ("1.199592e+03", 1199.592, "1.199592e+03", "equal"),
        ("6.7374e-16", 6.73741e-16, "6.7374e-16", "equal"),
        ("6.7374e-16", 6.7375e-16, "6.7375e-16", "within_one"),
        ("< 2.2e-16", 1e-20, "< 2.2e-16", "equal"),
        ("<2e-16", 2.1e-16, "<2e-16", "equal"),
        ("< 2.2e-16", 1e-10, "1e-10", "different"),
        ("P", "P", "P", "equal"),
        ("P", "B", "B", "different"),
        ("NA", math.nan, "NA", "equal"),
        ("NA", None, "NA", "equal"),
        ("0.5", math.nan, "NA", "different"),
        ("TRUE", np.bool_(True), "TRUE", "equal"),
        ("1", True, "TRUE", "different"),
        ("20.7", "20.7", "20.7", "equal"),
        ("20.70", "20.7", "20.70", "equal"),
        ("5", math.inf, "Inf", "different"),
    ],
)
def test_compare(want: str, value: Any, got: str, verdict: str) -> None:
    assert compare(want, value) == (got, verdict)


def test_compare_with_tolerance() -> None:
    assert compare("-45.46655", -45.468, 0.01)[1] == "equal"
    assert compare("-45.46655", -45.48, 0.01)[1] == "different"


def test_seven_digits() -> None:
    assert seven_digits(214.627, 300.0) == "214.6270"
    assert seven_digits(1.011929e-7, 1.0) == "1.011929e-07"
    assert seven_digits(0.0, 5.0) == "0.000000"
    assert seven_digits(3.1e-15, 30.0) == "0.000000000000"  # rounding noise of a vector of size 30
    assert compare(seven_digits(3.1e-15, 30.0), -2e-15)[1] == "equal"


def test_picking() -> None:
    table = pd.DataFrame({"gen": ["a", "b"], "x": [0.2, 0.4], "predicted.value": [1.0, 2.0]}, index=["r1", "r2"])
    assert cell(table, "r2", "x") == 0.4
    assert cell(table, {"gen": "b", "x": "0.4"}, "predicted.value") == 2.0
    assert names_of(table, "colnames") == ["gen", "x", "predicted.value"]
    with pytest.raises(PickError, match="no row 'r9'"):
        cell(table, "r9", "x")
    with pytest.raises(PickError, match="no column 'y'"):
        cell(table, "r1", "y")
    with pytest.raises(PickError, match="0 rows"):
        cell(table, {"gen": "c"}, "x")
    named = pd.Series([1.0, 2.0], index=["A", "B"])
    assert cell(named, "B", None) == 2.0
    assert vector(named) == [1.0, 2.0]
    assert scalar([3]) == 3
    with pytest.raises(PickError, match="one value"):
        scalar(named)


class FakeSession:
    """Answers texts from a table; exceptions among the answers are raised; ``print`` answers print."""

    answers: dict[str, Any] = {}

    def __init__(self, objects: Any):
        self.objects = objects

    def eval(self, text: str) -> Any:
        answer = self.answers.get(text)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, str) and answer.startswith("print:"):
            print(answer.removeprefix("print:"))
        if callable(answer):
            return answer()
        return answer


def fake(answers: dict[str, Any]) -> Any:
    return type("Session", (FakeSession,), {"answers": answers})


def case(statements: list[str], checks: list[Check], **more: Any) -> Case:
    return Case("fake", Path("fake.yaml"), {}, tuple(statements), tuple(checks), **more)


TABLE = pd.DataFrame({"component": [1.25, 2.5], "bound": ["P", "B"]}, index=["A", "units!R"])


def test_run_case_counts_each_kind() -> None:
    answers = {"t": TABLE, "v": [1.0, 2.0, 3.0], "bad": ModelError("no")}
    checks = [
        Check("t", "1.25", "A", "component"),
        Check("t", "2.6", "units!R", "component"),
        Check("t", "2.9", "units!R", "component"),
        Check("t", "2.9", "units!R", "component", target=False, why="misprint"),
        Check("t", ("A", "units!R"), names="rownames"),
        Check("v", ("1", "2")),
        Check("bad", "1"),
        Check("t", "3", "A", "component", tol=2.0, why="loose"),
    ]
    outcome = run_case(case(["x <- 1"], checks), fake(answers))
    assert [n.verdict for n in outcome.numbers] == [
        "equal", "within_one", "different", "not_target", "equal", "equal", "equal", "different", "error", "equal",
    ]  # fmt: skip
    total = reporting.totals([outcome])
    assert (total["compared"], total["equal"], total["within_one"], total["different"]) == (8, 4, 1, 3)
    assert total["with_tol"]["equal"] == 1 and total["not_target"] == 1
    assert "want 2.6, got 2.5" in "\n".join(reporting.difference_lines(outcome))
    assert json.dumps(reporting.as_json([outcome]))
    assert "misprint" in json.dumps(reporting.as_json([outcome]))
    assert "# Does pyasreml match" in reporting.markdown([outcome])


def test_missing_feature_is_not_run_and_follows_names() -> None:
    answers = {
        "m <- asreml(y ~ spl(x))": UnsupportedError("spl()"),
        "k <- update(m)": NameError("m"),
        "k$loglik": NameError("k"),
        "m2$loglik": 2.0,
        "p": UnsupportedError("predict(associate)"),
    }
    checks = [Check("k$loglik", "1"), Check("m2$loglik", "2"), Check("p", ("1", "2"), tol=0.1, why="w")]
    outcome = run_case(case(["m <- asreml(y ~ spl(x))", "k <- update(m)", "m2 <- 1"], checks), fake(answers))
    assert outcome.not_run == "spl(); predict(associate)"
    assert [n.verdict for n in outcome.numbers] == ["equal"]
    assert outcome.checks_not_run == {"printed": 1, "with tol": 2}
    assert outcome.errors == []
    assert reporting.totals([outcome])["features"] == {"spl()": 1, "predict(associate)": 1}


def test_unexpected_error_in_a_statement_is_reported() -> None:
    outcome = run_case(
        case(["m <- f()"], [Check("m", "1")]), fake({"m <- f()": ValueError("inside"), "m": NameError("m")})
    )
    assert outcome.errors == ["m <- f()\n    ValueError: inside"]
    assert [n.verdict for n in outcome.numbers] == ["error"]


def test_console_lines_ignore_clock_and_blanks() -> None:
    printed = "print:pyasreml 0.1 01/02/2026\n  LogLik  Sigma2 DF wall\n 1  -3.5  1.0  4  10:00:01  (  1 restrained)"
    assert trace_lines(printed.removeprefix("print:").splitlines()) == [
        "LogLik Sigma2 DF wall",
        "1 -3.5 1.0 4 ( 1 restrained)",
    ]
    block = ConsoleBlock("m<-asreml()", ("LogLik Sigma2 DF wall", "1 -3.5 1.0 4 ( 1 restrained)", "2 -3.4 1.0 4"))
    outcome = run_case(case(["m<-asreml()"], [], console=(block,)), fake({"m<-asreml()": printed}))
    assert [n.verdict for n in outcome.numbers] == ["equal", "equal", "different"]


def test_fields_compare_in_order_or_by_name() -> None:
    stored = Field("fit$noeff", (1, 3), ("(Intercept)", "A"))
    ours = pd.Series([3, 1], index=["A", "(Intercept)"])
    answers = {"fit$noeff": ours, "fit$trace": pd.DataFrame([[1.0, 2.0]], index=["LogLik"], columns=["1", "2"])}
    in_order = run_case(case([], [], fields=(stored,)), fake(answers))
    assert [n.verdict for n in in_order.numbers] == ["different"]
    by_name = Field("fit$noeff", (1, 3), ("(Intercept)", "A"), by_name=True)
    trace = Field("fit$trace", (1.0, 2.0000001), ("LogLik",), ("1", "2"))
    outcome = run_case(case([], [], fields=(by_name, trace)), fake(answers))
    assert [n.verdict for n in outcome.numbers] == ["equal"] * 4


def test_saved_objects_of_version_41_are_translated() -> None:
    content = {
        "id": "o", "core_version": None, "data": "objects/o.csv",
        "call": "asreml::asreml(fixed = y ~ A, random = ~B, data = asreml::oats, trace = FALSE)",
        "loglik": -1.5, "sigma2": 2.0, "nedf": 3, "nwv": 2, "converge": True,
        "vparameters": {"names": ["B", "units!R"], "values": [0.1, 1]},
        "con": ["7", "1"], "type": ["2", "1"], "pch": [93.7, 0],
        "trace": {"rows": ["LogLik"], "cols": ["1"], "values": [[-1.5]]},
        "ai": {"rows": ["B"], "cols": ["B"], "values": [[1.0]]},
        "noeff": {"names": ["A", "(Intercept)"], "values": [1, 1]},
        "yssqu": {"names": ["A", "(Intercept)", "B"], "values": [1.0, 2.0, 3.0]},
        "aov": {"rows": ["(Intercept)", "A"], "cols": ["id", "df", "denDF", "Finc"],
                "values": [[2, 1, None, 0], [3, 1, None, 0]]},
    }  # fmt: skip
    found = object_case(content, Path("o.json"), Path("data"))
    assert found.statements == ("fit <- asreml(fixed = y ~ A, random = ~B, data = object_data, trace = FALSE)",)
    fields = {f.value: f for f in found.fields}
    assert fields["fit$vparameters.con"].want == ("B", "P") and fields["fit$vparameters.con"].by_name
    assert fields["fit$vparameters.type"].want == ("G", "V")
    assert fields["fit$vparameters.pc"].rows == ("units!R",)
    assert fields["fit$yssqu"].rows == ("A", "(Intercept)")
    assert fields["fit$aov"].cols == ("df",)


def test_causes_stand_beside_and_go_out_of_date() -> None:
    different = Number("m$loglik", None, None, "1", "2", "different", "printed")
    outcome = Outcome("c", [different, Number("m$nedf", None, None, "1", "1", "equal", "printed")])
    causes = [Cause("c", "other stop", "m$loglik"), Cause("c", "old", "m$nedf"), Cause("other", "not run here")]
    assert explain([outcome], causes) == ["c: m$nedf"]
    assert different.cause == "other stop"


def test_time_limit_and_crash_end_one_case_only() -> None:
    slow = fake({"m": lambda: time.sleep(30)})
    cases = [case(["m"], [Check("m", "1")]), case([], [])]
    start = time.monotonic()
    outcomes = list(run_cases(cases, slow, jobs=2, timeout=1.0))
    assert time.monotonic() - start < 10
    assert outcomes[0].errors == ["stopped after 1 s"] and outcomes[0].numbers[0].verdict == "error"
    assert outcomes[1].errors == []


def test_case_files_are_checked(tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    wrong = tmp_path / "cases" / "a.yaml"
    wrong.write_text("id: a\nstatements: []\nchecks:\n  - {value: x, wants: '1'}\n", encoding="utf-8")
    assert list(case_files([tmp_path])) == [wrong]
    with pytest.raises(CaseError, match="wants"):
        read_case(wrong)
    with pytest.raises(CaseError, match="no folder"):
        list(case_files([tmp_path / "nowhere"]))


@pytest.mark.parametrize("name", sorted(make.DATA))
def test_data_files_are_those_of_the_generator(name: str) -> None:
    for file, text in make.data_files(name).items():
        assert (HERE / "data" / file).read_text(encoding="utf-8") == text
    pd.testing.assert_frame_equal(read_data(HERE / "data" / f"{name}.csv"), make.DATA[name](), check_categorical=True)


@pytest.mark.parametrize("file", sorted(make.CASES))
def test_simulated_cases_are_those_of_the_generator(file: str) -> None:
    def content(text: str) -> list[str]:
        return [line for line in text.splitlines() if "want:" not in line]

    stored, made = (HERE / "cases" / file).read_text(encoding="utf-8"), make.CASES[file]()
    assert content(stored) == content(made)
    for before, now in zip(stored.splitlines(), made.splitlines(), strict=True):
        if "want:" in before:
            was, is_now = (float(line.split("'")[1]) for line in (before, now))
            assert was == pytest.approx(is_now, rel=2e-6)


def _agreement(folder: Path, timeout: float) -> list[Outcome]:
    cases = [read_case(path) for path in case_files([folder])]
    outcomes = list(run_cases(cases, jobs=2, timeout=timeout))
    stale = explain(outcomes, read_causes(HERE / "causes.yaml"))
    fallen = baseline.fallen(outcomes, baseline.read())
    assert not fallen, "\n".join(fallen)
    assert not stale, f"causes out of date: {stale}"
    return outcomes


def test_own_cases_agree_as_before() -> None:
    outcomes = _agreement(HERE, 60.0)
    errors = [f"{o.id}: {line}" for o in outcomes for line in o.errors]
    assert not errors, "\n".join(errors)


def test_shared_cases_agree_as_before(shared: Path) -> None:
    _agreement(shared, 120.0)
