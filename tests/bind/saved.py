"""Saved fit objects and the data beside them, as a test reads them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pyasreml.syntax import deparse, parse_expression
from pyasreml.syntax.nodes import Call


def read_data(path: Path) -> pd.DataFrame:
    """A prepared CSV with the factor levels of its .levels.json."""
    info = json.loads(path.with_name(path.name[: -len(".csv")] + ".levels.json").read_text())
    with path.open(newline="") as file:
        head, *body = csv.reader(file)
    frame = {}
    for j, name in enumerate(head):
        cells = [row[j] for row in body]
        if name in info.get("levels", {}):
            levels = [str(level) for level in info["levels"][name]]
            frame[name] = pd.Categorical([None if c == "NA" and "NA" not in levels else c for c in cells], levels)
        elif info.get("types", {}).get(name) == "logical":
            frame[name] = np.array([{"TRUE": True, "FALSE": False}.get(c) for c in cells], dtype=object)
        else:
            try:
                frame[name] = np.array([np.nan if c in ("", "NA") else float(c) for c in cells])
            except ValueError:
                frame[name] = np.array([None if c == "NA" else c for c in cells], dtype=object)
    return pd.DataFrame(frame)


def call_formulas(text: str) -> dict[str, Any]:
    """Formula arguments of an asreml call, as R text; other arguments as their deparsed text."""
    node = parse_expression(text)
    assert isinstance(node, Call)
    names = iter(["fixed", "random", "sparse", "residual"])
    given: dict[str, Any] = {}
    for argument in node.arguments:
        if argument.value is None:
            continue
        name = argument.name or next(names)
        for full in ("fixed", "random", "sparse", "residual"):
            if len(name) >= 3 and full.startswith(name):
                name = full
        given[name] = deparse(argument.value)
    return given
