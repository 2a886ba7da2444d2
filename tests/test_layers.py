"""One road, one direction: a module imports only from stages to its left and from the leaves."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "pyasreml"
LEAVES = {"errors", "options", "rprint", "linalg", "version"}
# Stage -> the stages it may import from, besides the leaves and itself.
BELOW = {
    "grammar": set(),
    "syntax": {"grammar"},
    "model": {"syntax"},
    "data": {"syntax", "model"},
    "bind": {"syntax", "model", "data"},
    "design": {"syntax", "model", "data", "bind"},
    "variance": {"syntax", "model", "data", "bind"},
    "mme": {"syntax", "model", "data", "bind", "design", "variance"},
    "reml": {"syntax", "model", "data", "bind", "design", "variance", "mme"},
}
BELOW["fit"] = {*BELOW["reml"], "reml"}
BELOW["call"] = {*BELOW["fit"], "fit"}  # the argument matching of the api
BELOW["api"] = {*BELOW["call"], "call"}
BELOW["r"] = {*BELOW["api"], "api"}
BELOW["rpy2"] = {*BELOW["r"], "r"}
BELOW["cli"] = {*BELOW["rpy2"], "rpy2"}
BELOW["demo"] = {*BELOW["cli"], "cli"}
# Leaves may use each other only in this direction.
LEAF_BELOW = {"errors": set(), "options": {"errors"}, "rprint": {"errors"}, "linalg": {"errors"}, "version": set()}
# The face of a question as a method may call the function of a stage to the right, inside the method only.
FACES = {("fit", "api")}
# What only some may import from outside.
OUTSIDE = {
    "pandas": {"data", "fit", "api", "r", "rpy2", "rprint", "cli", "demo"},
    "narwhals": {"data"},
    "lark": {"syntax"},
    "tabulate": {"rprint", "fit"},
    "matplotlib": {"fit", "r", "cli", "demo"},
    "pymetis": {"linalg"},
    "sksparse": {"linalg"},
    "rdata": {"r"},
    "rpy2": {"rpy2"},
}
ARRAYS_ONLY = {"reml", "mme", "linalg"}  # numpy and scipy, nothing else from outside
STANDARD = {"numpy", "scipy"}


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE)
        stage = inside.parts[0] if len(inside.parts) > 1 else inside.stem
        if stage not in ("__init__", "__main__"):
            yield stage, path


def imports(path: Path, root: str = "pyasreml") -> Iterator[tuple[int, str, bool]]:
    """Line, dotted name, and whether it happens only for the type checker or inside a function."""
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    package = [root, *path.relative_to(PACKAGE).parts[:-1]]

    def walk(node: ast.AST, late: bool) -> Iterator[tuple[int, str, bool]]:
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name, late
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            for name in node.names:
                yield node.lineno, f"{base}.{name.name}", late
        typing_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        inside = late or typing_only or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, inside)

    yield from walk(tree, False)


def stage_of(name: str) -> str | None:
    """The stage of a dotted name of this package; None for the package itself."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else None


def violations(stage: str, path: Path) -> Iterator[str]:
    where = path.relative_to(PACKAGE.parent)
    allowed = LEAF_BELOW[stage] if stage in LEAVES else LEAVES | BELOW.get(stage, set())
    for line, name, late in imports(path):
        top = name.split(".")[0]
        if top == "pyasreml":
            other = stage_of(name)
            known = other in LEAVES or other in BELOW
            # Names that the package itself hands on are the public face: for stages right of the api only.
            if not known and stage not in ("r", "rpy2", "cli", "demo") and name != "pyasreml.__version__":
                yield f"{where}:{line}: imports {name} from the package itself"
            elif known and other != stage and other not in allowed and not (late and (stage, other) in FACES):
                yield f"{where}:{line}: {stage} imports {other}, which lies to its right"
        elif top in OUTSIDE and stage not in OUTSIDE[top]:
            yield f"{where}:{line}: {stage} imports {top}"
        elif stage in ARRAYS_ONLY and top in OUTSIDE and top not in STANDARD and stage not in OUTSIDE[top]:
            yield f"{where}:{line}: {stage} works on arrays only, but imports {top}"


def test_every_module_belongs_to_a_stage() -> None:
    unknown = {stage for stage, _ in modules()} - LEAVES - set(BELOW)
    assert not unknown, f"modules outside the map: {sorted(unknown)}"


@pytest.mark.parametrize("stage", sorted({stage for stage, _ in modules()}))
def test_imports_go_one_way(stage: str) -> None:
    found = [line for s, path in modules() if s == stage for line in violations(s, path)]
    assert not found, "\n".join(found)


def test_matplotlib_and_rpy2_are_imported_late() -> None:
    early = [
        f"{path.relative_to(PACKAGE.parent)}:{line}: {name}"
        for stage, path in modules()
        for line, name, late in imports(path)
        if name.split(".")[0] in ("matplotlib", "rpy2", "sksparse") and not late and stage != "demo"
    ]
    assert not early, "\n".join(early)


def test_no_catch_all_modules() -> None:
    bad = [str(p) for p in PACKAGE.rglob("*.py") if p.stem in ("utils", "helpers", "misc", "common")]
    assert not bad


def test_files_stay_small() -> None:
    sources = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.pyx"), *PACKAGE.rglob("*.cpp")]
    long = {
        str(p.relative_to(PACKAGE.parent)): n
        for p in sources
        if not (p.suffix == ".cpp" and p.name.startswith("_"))
        and (n := len(p.read_text(encoding="utf-8").splitlines())) >= 500
    }
    assert not long, f"split by subject before 500 lines: {long}"


def test_a_wrong_direction_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path / "pyasreml")
    wrong = tmp_path / "pyasreml" / "model" / "spec.py"
    wrong.parent.mkdir(parents=True)
    wrong.write_text(
        "from ..fit import core\nfrom pyasreml.errors import warn\nimport pandas\n"
        "def f():\n    from . import terms\n    import pyasreml.api\n",
        encoding="utf-8",
    )
    found = list(violations("model", wrong))
    assert len(found) == 3 and "fit" in found[0] and "pandas" in found[1] and "api" in found[2]
