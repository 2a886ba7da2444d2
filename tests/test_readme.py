"""What the README shows is what happens, and what it says is missing is missing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CLOCK = re.compile(r"\d\d/\d\d/\d{4} |\d\d:\d\d:\d\d")


def test_examples_run_and_print_the_trace(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    first, *rest = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    first = first.replace("data=oats())", "data=oats(), trace=True)")
    exec(compile(first, "README.md", "exec"), names)
    shown = re.search(r"```text\n(.*?)```", README, re.DOTALL)
    assert shown is not None
    assert CLOCK.sub("", capsys.readouterr().out).split() == CLOCK.sub("", shown[1]).split()
    for block in rest:
        exec(compile(block, "README.md", "exec"), names)


def test_missing_model_functions_are_those_that_the_readme_names() -> None:
    from pyasreml.model.registry import MODEL_FUNCTIONS

    line = next(x for x in README.splitlines() if "model functions not there yet" in x)
    named = set(re.findall(r"`([\w.]+)\(\)`", line))
    assert named == {row.name for row in MODEL_FUNCTIONS.values() if not row.available}


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    broken = [x for x in re.findall(r"\]\(([^)#:]+)\)", text) if not (page.parent / x).exists()]
    assert not broken


def test_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`?make (\w+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
