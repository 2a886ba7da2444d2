"""A saved asreml fit in JSON as a case: its call, and every stored component with the R expression that reads it."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

from .records import Case, Field

BOUND_CODES = {"0": " ", "1": "P", "2": "?", "3": "U", "4": "F", "5": "C", "6": "S", "7": "B"}
TYPE_CODES = {"1": "V", "2": "G", "3": "R", "4": "C", "5": "P", "6": "L"}
MISSING_NUMBER = -1e-37
FIT = "fit"
DATA = "object_data"
SCALARS = {
    "loglik": "loglik", "sigma2": "sigma2", "nedf": "nedf", "nwv": "nwv",
    "deviance": "deviance", "det": "det", "converge": "converge",
}  # fmt: skip
VECTORS = {"residuals": "residuals", "fitted": "linear.predictors", "hat": "hat"}


def object_case(content: dict[str, Any], path: Path, folder: Path) -> Case:
    """The case of one saved object.

    Objects without `core_version` were made by 4.1: their codes are translated to 4.2's letters, and their
    components are matched by name because 4.1 stored them in another order.
    """
    old = content.get("core_version") is None
    statement, data = _statement(content)
    return Case(
        id=str(content["id"]),
        path=path,
        data={DATA: folder / content["data"]} | data,
        statements=statement,
        fields=tuple(_fields(content, old)),
        features=("saved object",),
    )


def _statement(content: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, Path]]:
    """The call on the stored data; a fit that update() restarted gets its recorded start values as a table."""
    call = re.sub(r"^\s*asreml::", "", content["call"])
    call = _replace_argument(call, "data", DATA)
    if not re.search(r"\bG\.param\s*=", call):
        return (f"{FIT} <- {call}",), {}
    names = content["vparameters"]["names"]
    trace = content["trace"]
    start = {row: values[0] for row, values in zip(trace["rows"], trace["values"], strict=True)}
    codes = [BOUND_CODES.get(c, c) for c in content["con"]]
    table = (
        f"start <- data.frame(Component = c({_strings(names)}), "
        f"Value = c({', '.join(repr(float(start[n])) for n in names)}), Constraint = c({_strings(codes)}))"
    )
    call = _replace_argument(_replace_argument(call, "G.param", "start"), "R.param", "start")
    return (table, f"{FIT} <- {call}"), {}


def _strings(items: list[str]) -> str:
    return ", ".join('"' + i.replace("\\", "\\\\").replace('"', '\\"') + '"' for i in items)


def _replace_argument(call: str, name: str, value: str) -> str:
    """`call` with the top-level argument ``name = …`` given as `value` instead."""
    found = re.search(rf"(?<=[(,])\s*{re.escape(name)}\s*=\s*", call)
    if found is None:
        return call
    depth, end = 0, found.end()
    while end < len(call) and not (depth == 0 and call[end] in ",)"):
        depth += (call[end] in "([{") - (call[end] in ")]}")
        end += 1
    return call[: found.end()] + value + call[end:]


def _fields(content: dict[str, Any], old: bool) -> list[Field]:
    read = f"{FIT}$"
    out = [Field(read + r, (content[k],)) for k, r in SCALARS.items() if content.get(k) is not None]
    parameters = tuple(content["vparameters"]["names"])
    bounds = tuple(BOUND_CODES[c] if old else c for c in content["con"])
    kinds = tuple(TYPE_CODES[c] if old else c for c in content["type"])
    out.append(Field(read + "vparameters", tuple(content["vparameters"]["values"]), parameters, by_name=old))
    out.append(Field(read + "vparameters.con", bounds, parameters, by_name=old))
    out.append(Field(read + "vparameters.type", kinds, parameters, by_name=old))
    out.append(_percent_change(read, content["pch"], parameters, bounds, old))
    out.append(_matrix(read + "trace", content["trace"], old))
    out.append(dataclasses.replace(_matrix(read + "ai", content["ai"], old), names_from=read + "vparameters"))
    effects = {}
    for part in ("fixed", "random", "sparse"):
        stored = content.get(f"coef_{part}")
        if stored and stored.get("rows"):
            effects[part] = tuple(stored["rows"])
            values = tuple(v[0] for v in stored["values"])
            out.append(Field(f"{read}coefficients${part}", values, effects[part], by_name=old))
        if content.get(f"vcoeff_{part}") and part in effects:
            out.append(Field(f"{read}vcoeff${part}", tuple(content[f"vcoeff_{part}"]), effects[part], by_name=old))
    for key, component in VECTORS.items():
        if content.get(key):
            # 4.1 stored NaN where 4.2 has its number for missing values
            absent = MISSING_NUMBER if old and key == "hat" else None
            out.append(Field(read + component, tuple(absent if v is None else v for v in content[key])))
    fixed = set(content["aov"]["rows"])
    out.append(_named(read + "noeff", content["noeff"], None, old))
    # What asreml stores for random terms and mv is not a plain sum of squares: fixed terms only.
    out.append(_named(read + "yssqu", content["yssqu"], fixed, True))
    out.append(_analysis(read + "aov", content["aov"], old))
    for letter in ("G", "R"):
        out += _structures(f"{read}{letter}.param", content.get(f"{letter}param") or {}, old)
    return out


def _percent_change(
    read: str, stored: list[float | None], names: tuple[str, ...], bounds: tuple[str, ...], old: bool
) -> Field:
    """Changes of the last update in per cent: one decimal in 4.2; 4.1 did not round and kept it for B rows."""
    kept = [i for i in range(len(names)) if not (old and bounds[i] == "B")]
    return Field(
        read + "vparameters.pc",
        tuple(stored[i] for i in kept),
        tuple(names[i] for i in kept),
        by_name=old or len(kept) < len(names),
        decimals=1,
    )


def _matrix(value: str, stored: dict[str, Any], by_name: bool) -> Field:
    flat = tuple(v for row in stored["values"] for v in row)
    return Field(value, flat, tuple(stored["rows"]), tuple(str(c) for c in stored["cols"]), by_name=by_name)


def _named(value: str, stored: dict[str, Any], only: set[str] | None, by_name: bool) -> Field:
    pairs = [(n, v) for n, v in zip(stored["names"], stored["values"], strict=True) if only is None or n in only]
    return Field(value, tuple(v for _, v in pairs), tuple(n for n, _ in pairs), by_name=by_name)


def _analysis(value: str, stored: dict[str, Any], old: bool) -> Field:
    """Degrees of freedom of the fixed terms, and their F in 4.2; the rest is empty until a test is made."""
    columns = ("df",) if old else ("df", "Finc")
    where = [stored["cols"].index(c) for c in columns]
    flat = tuple(row[j] for row in stored["values"] for j in where)
    return Field(value, flat, tuple(stored["rows"]), columns, by_name=True)


def _structures(value: str, stored: dict[str, Any], old: bool) -> list[Field]:
    out = []
    for term, parts in stored.items():
        for name, part in parts.items():
            place = f"{value}$`{term}`${'variance' if name == 'variance' else f'`{name}`'}"
            # 4.1 wrote the residual's scale model differently.
            if part.get("model") and not (old and name == "variance"):
                out.append(Field(f"{place}$model", (part["model"],)))
            initial = part.get("initial")
            if initial is not None:
                values = tuple(initial) if isinstance(initial, list) else (initial,)
                out.append(Field(f"{place}$initial", values))
                bounds = part["con"] if isinstance(part["con"], list) else [part["con"]]
                out.append(Field(f"{place}$con", tuple(BOUND_CODES.get(str(b), str(b)) for b in bounds)))
            levels = part.get("levels")
            if levels:
                labels = levels if isinstance(levels, list) else [levels]
                out.append(Field(f"{place}$levels", tuple(str(x) for x in labels)))
    return out
