"""Find and read cases: YAML files of checks, JSON files of saved fit objects, and their data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from .objects import object_case
from .records import Case, Check, ConsoleBlock

HERE = Path(__file__).resolve().parent


class CaseError(ValueError):
    """A case file that does not follow the format; the message names the file and the key."""


def case_files(folders: Iterable[Path]) -> Iterator[Path]:
    """Case files under each folder (under its ``cases`` where it has one), sorted, each once."""
    seen: set[Path] = set()
    for folder in folders:
        if not folder.exists():
            raise CaseError(f"there is no folder {folder}")
        if folder.is_file():
            found = [folder]
        else:
            top = folder / "cases" if (folder / "cases").is_dir() else folder
            found = sorted(p for p in top.rglob("*") if p.suffix in (".yaml", ".yml", ".json"))
        for path in found:
            if path.resolve() not in seen and not path.name.endswith(".levels.json"):
                seen.add(path.resolve())
                yield path


def data_folder(path: Path) -> Path:
    """The ``data`` folder beside the ``cases`` folder that holds `path`."""
    for parent in path.resolve().parents:
        if parent.name == "cases":
            return parent.parent / "data"
    return path.resolve().parent / "data"


def read_case(path: Path, data: Path | None = None) -> Case:
    """Read one case file.

    Parameters
    ----------
    path : Path
        YAML case or JSON fit object.
    data : Path, optional
        Folder of the data files; by default the one beside the file's ``cases`` folder.

    Raises
    ------
    CaseError
        The file lacks a key or has an unknown one in a check.
    """
    folder = data if data is not None else data_folder(path)
    with path.open(encoding="utf-8") as handle:
        content = json.load(handle) if path.suffix == ".json" else yaml.load(handle, _Loader)
    if not isinstance(content, dict) or "id" not in content:
        raise CaseError(f"{path}: a case is a mapping with an id")
    if path.suffix == ".json":
        return object_case(content, path, folder)
    try:
        return _yaml_case(content, path, folder)
    except (KeyError, TypeError, AttributeError) as error:
        raise CaseError(f"{path}: {type(error).__name__}: {error}") from error


class _Loader(yaml.SafeLoader):
    """Plain scalars stay text where YAML would make dates of them."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in rules if tag != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _yaml_case(content: dict[str, Any], path: Path, folder: Path) -> Case:
    return Case(
        id=str(content["id"]),
        path=path,
        data={name: folder / file for name, file in (content.get("data") or {}).items()},
        statements=tuple(content["statements"]),
        checks=tuple(_check(item, path) for item in content.get("checks") or ()),
        console=tuple(ConsoleBlock(b["call"], tuple(b["lines"])) for b in content.get("console") or ()),
        features=tuple(str(f) for f in content.get("features") or ()),
    )


_KEYS = {"value", "row", "col", "want", "rownames", "colnames", "tol", "why", "source", "target", "needs"}


def _check(item: dict[str, Any], path: Path) -> Check:
    unknown = set(item) - _KEYS
    if unknown:
        raise CaseError(f"{path}: unknown key {sorted(unknown)} in the check of {item.get('value')}")
    names = next((k for k in ("rownames", "colnames") if k in item), None)
    want = item[names] if names else item["want"]
    row = item.get("row")
    return Check(
        value=str(item["value"]),
        want=tuple(str(w) for w in want) if isinstance(want, list) else str(want),
        row={str(k): str(v) for k, v in row.items()} if isinstance(row, dict) else (None if row is None else str(row)),
        col=None if item.get("col") is None else str(item["col"]),
        names=names,
        tol=None if item.get("tol") is None else float(item["tol"]),
        source=str(item.get("source", "printed")),
        target=str(item.get("target", "yes")) not in ("no", "False"),
        why=str(item.get("why", "")),
    )


def read_data(path: Path) -> pd.DataFrame:
    """A CSV file with the types and factor levels of the ``.levels.json`` beside it.

    Returns
    -------
    pandas.DataFrame
        Factors are categoricals with their stored level order; integers without missing values are ``int64``.
    """
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=["NA"], encoding="utf-8")
    beside = path.with_name(path.name.removesuffix(".csv") + ".levels.json")
    kinds: dict[str, Any] = {}
    levels: dict[str, list[str | None]] = {}
    if beside.exists():
        content = json.loads(beside.read_text(encoding="utf-8"))
        kinds, levels = content["types"], content.get("levels") or {}
    return pd.DataFrame({str(c): _column(frame[c], _kind(kinds.get(c)), levels.get(str(c))) for c in frame.columns})


def _kind(stored: str | list[str] | None) -> str:
    if isinstance(stored, list):
        return stored[0] if stored else "numeric"
    return stored or "guess"


def _column(text: pd.Series[str], kind: str, levels: list[str | None] | None) -> Any:
    if kind in ("factor", "ordered"):
        if levels is not None and None in levels:  # R's addNA(): the missing value is a level of its own
            levels, text = [level if level is not None else "NA" for level in levels], text.fillna("NA")
        return pd.Categorical(text, categories=levels, ordered=kind == "ordered")
    if kind == "character":
        return text.astype(object)
    if kind == "logical":
        return text.map({"TRUE": True, "FALSE": False})
    if kind == "guess":
        try:
            return pd.to_numeric(text)
        except ValueError:
            return pd.Categorical(text)
    values = pd.Series([float("nan") if v is None or v != v or v == "" else float(v) for v in text])
    return values.astype("int64") if kind == "integer" and not values.isna().any() else values
