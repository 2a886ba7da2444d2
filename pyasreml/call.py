"""Arguments of a call as R matches them: partial names, dots, options among them, version-3 names."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

import numpy as np

from pyasreml.data.known import sources_of
from pyasreml.errors import AsremlError, FormulaError, UnsupportedError, warn
from pyasreml.model import ModelSpec
from pyasreml.options import OTHER_OPTIONS, Options, current_options, option_name, refuse_option
from pyasreml.syntax import deparse
from pyasreml.syntax.nodes import Node

FORMALS: tuple[str, ...] = (
    "fixed",
    "random",
    "sparse",
    "residual",
    "G_param",
    "R_param",
    "data",
    "na_action",
    "subset",
    "weights",
    "predict",
    "vcm",
    "vcc",
    "family",
    "asmv",
    "mbf",
    "group",
    "equate_levels",
    "start_values",
    "knot_points",
    "pwr_points",
    "wald",
    "prune",
    "combine",
    "uid",
    "mef",
    "last",
    "model_frame",
    "known",
)
"""Arguments of `asreml`, in order."""

VERSION_3: dict[str, str] = {
    "rcov": "residual = ~ …, e.g. rcov = ~ at(Site):units becomes residual = ~ dsum(~ units | Site)",
    "ginverse": "the relationship matrix inside the term: ped(id) with ginverse = list(id = ainv) becomes vm(id, ainv)",
    "control": "the options themselves as arguments, e.g. maxit = 30, or asreml.options()",
    "na_method_X": 'na.action = na.method(x = "include")',
    "na_method_Y": 'na.action = na.method(y = "include")',
    "as_multivariate": "asmv",
    "constraints": "vcc or vcm",
}
"""Names that change the model in version 3, and what version 4 has instead."""

NOT_HERE: dict[str, str] = {
    "prune": "prune",
    "combine": "combine",
    "uid": "uid",
    "last": "last",
    "predict": "predict",
    "wald": "wald",
}
"""Arguments of asreml that belong to features this version does not have."""

def match_arguments(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Sort keyword arguments into formals of `asreml` and options.

    R's rules: an exact name, else a unique beginning of a formal's name; dots and underscores are one. Names
    that are neither are left out with a warning that gives near ones, as asreml leaves them out silently.

    Returns
    -------
    formals, options : dict
    """
    formals: dict[str, Any] = {}
    options: dict[str, Any] = {}
    for name, value in arguments.items():
        key = name.replace(".", "_")
        if key in VERSION_3:
            raise AsremlError(f"'{name}' is an argument of ASReml-R version 3; version 4 has {VERSION_3[key]}")
        target = _formal(key)
        if target is not None:
            if target in formals:
                raise AsremlError(f"argument '{target.replace('_', '.')}' is given twice")
            formals[target] = value
        elif option_name(key) is not None:
            options[key] = value
        elif key in OTHER_OPTIONS:
            refuse_option(key, value)
        else:
            near = difflib.get_close_matches(key, [*FORMALS, *_options()], 3, 0.6)
            hint = f"; did you mean {' or '.join(n.replace('_', '.') for n in near)}?" if near else ""
            warn(f"asreml() has no argument '{name}', its value is not used{hint}", stacklevel=5)
    return formals, options


def _options() -> list[str]:
    return list(Options.__dataclass_fields__)


def _formal(key: str) -> str | None:
    if key in FORMALS:
        return key
    if option_name(key) is not None or key in OTHER_OPTIONS:
        return None
    begun = [f for f in FORMALS if f.startswith(key)] if key else []
    return begun[0] if len(begun) == 1 else None


def call_options(given: Mapping[str, Any]) -> tuple[Options, frozenset[str]]:
    """The session's options with those of the call; and the names that the user has set anywhere."""
    session, set_by_user = current_options()
    return session.with_changes(given), set_by_user | frozenset(k.replace(".", "_") for k in given)


def formula_text(value: Any, what: str) -> str | None:
    """R text of a formula argument: text, a syntax tree, or anything whose ``str`` is a formula (rpy2's)."""
    if value is None:
        return None
    if isinstance(value, str):
        text = value
    elif isinstance(value, Node):
        text = deparse(value)
    else:
        text = str(value)
    if "~" not in text:
        raise FormulaError(f"{what}: not a formula (there is no ~)", text, (0, len(text)))
    return text


def refuse_missing_features(formals: Mapping[str, Any]) -> None:
    """Raise for arguments of features that this version does not have, where they are used."""
    for name, feature in NOT_HERE.items():
        value = formals.get(name)
        if value is None or (hasattr(value, "__len__") and len(value) == 0):
            continue
        raise UnsupportedError(feature)


def checked_lists(formals: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments that are lists by name, with what cannot be one refused.

    Raises
    ------
    AsremlError
        Something other than a dict, points that are no numbers.
    """
    out = dict(formals)
    for name, form in NAMED_LISTS.items():
        value, shown = out.get(name), name.replace("_", ".")
        if value is None or (hasattr(value, "__len__") and len(value) == 0 and not isinstance(value, str)):
            out[name] = None
            continue
        if not isinstance(value, Mapping):
            raise AsremlError(f"{shown} is a dict (in R a named list), {shown} = {form}, not {type(value).__name__}")
        if name.endswith("points"):
            for key, points in value.items():
                try:
                    numbers = np.asarray(points, dtype=np.float64)
                except (TypeError, ValueError):
                    numbers = np.array([np.nan])
                if not np.isfinite(numbers).all():
                    raise AsremlError(f"{shown}: the points of {key} are numbers, without missing ones")
    if not isinstance(out.get("known") or {}, Mapping):
        kind = type(out["known"]).__name__
        raise AsremlError(f"known is a dict of objects by name, known = {{'K': matrix}}, not {kind}")
    if isinstance(out.get("equate_levels"), str):
        out["equate_levels"] = (out["equate_levels"],)
    return out


NAMED_LISTS: dict[str, str] = {
    "mef": "{'K': markers}",
    "group": "{'name': columns}",
    "mbf": "{'name': {'key': (column, column of cov), 'cov': frame}}",
    "knot_points": "{'x': [1, 5, 9]}",
    "pwr_points": "{'Time': [1, 2, 4]}",
}
"""Arguments that are lists by name, and what one looks like."""


def known_objects(spec: ModelSpec, formals: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    """Objects that the formulas name, relationship matrices and functions, and the data without them.

    A name is looked for in ``known``, among the columns of `data` where that is a dict, then where the package was
    called: in that function's names, then in its module's. In Python a dot of the name may be an underscore.

    Returns
    -------
    known : dict
        All of ``known``, and what was found elsewhere.
    data : object
    """
    known: dict[str, Any] = sources_of(formals.get("known") or {})
    data = formals["data"]
    inside = data if isinstance(data, Mapping) else {}
    for name in named_objects(spec):
        if name in known:
            continue
        for place in (known, inside, *_calling_names()):
            spelling = next((s for s in (name, name.replace(".", "_")) if s in place), None)
            if spelling is not None:
                known.update(sources_of({name: place[spelling]}))
                if place is inside:
                    data = {key: value for key, value in data.items() if key != spelling}
                break
    return known, data


def named_objects(spec: ModelSpec) -> tuple[str, ...]:
    """Names that formulas mention and that are no columns: sources of ``vm()``, functions of ``own()``."""
    terms = [component for term in (*spec.random, *spec.sparse, *spec.fixed) for component in term.components]
    models = [model for total in spec.residual.sums for model in total.models]
    models += [spec.residual.model] if spec.residual.model is not None else []
    components = [c for given in terms for c in given.simple()] + [c for model in models for c in model.components]
    named = [value for c in components for key, value in c.options if key == "init" or (c.function, key) in OBJECTS]
    return tuple(dict.fromkeys(value for value in named if isinstance(value, str)))


def covariate_frames(mbf: Any, known: Mapping[str, Any]) -> dict[str, Any] | None:
    """``mbf`` with its frames in place of their names, looked for where `known_objects` looks."""
    if mbf is None or not isinstance(mbf, Mapping):
        return None if mbf is None or len(mbf) == 0 else dict(mbf)
    found = {}
    for name, entry in mbf.items():
        cov = entry.get("cov") if isinstance(entry, Mapping) else None
        if isinstance(cov, str):
            entry = {**entry, "cov": _object(cov, known)}
        found[str(name)] = entry
    return found


def marker_frames(mef: Mapping[str, Any] | None, known: Mapping[str, Any]) -> dict[str, Any]:
    """``mef`` with its frames in place of their names, looked for where `known_objects` looks."""
    return {name: _object(given, known) if isinstance(given, str) else given for name, given in (mef or {}).items()}


def _object(name: str, known: Mapping[str, Any]) -> Any:
    """The object of that name, or the name where there is none."""
    for place in (known, *_calling_names()):
        spelling = next((s for s in (name, name.replace(".", "_")) if s in place), None)
        if spelling is not None:
            return getattr(place[spelling], "given", place[spelling])
    return name


OBJECTS = frozenset({("vm", "source"), ("own", "fun"), ("C", "contr")})
"""Arguments of model functions that name objects; ``init =`` of any structure may."""


def _calling_names() -> tuple[Mapping[str, Any], ...]:
    """Names in sight where the package was called: the function's, then its module's."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and str(frame.f_globals.get("__name__", "")).split(".")[0] == "pyasreml":
        frame = frame.f_back
    return () if frame is None else (frame.f_locals, frame.f_globals)


def call_text(formals: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    """The call as R would store it, with ``data`` by name where it is known."""
    parts = []
    for name in FORMALS:
        if name not in formals or formals[name] is None or name == "known":
            continue
        value = formals[name]
        if name == "data":
            shown = "data"
        elif name in ("fixed", "random", "sparse", "residual"):
            shown = formula_text(value, name) or "NULL"
        elif name in ("G_param", "R_param", "vcm", "vcc", "mbf", "mef"):
            shown = name.replace("_", ".")
        else:
            shown = r_value(value)
        parts.append(f"{name.replace('_', '.')} = {shown}")
    parts += [f"{k.replace('_', '.')} = {r_value(v)}" for k, v in options.items()]
    return f"asreml({', '.join(parts)})"


def r_value(value: Any) -> str:
    """A scalar as R text."""
    if value is True or value is False:
        return str(value).upper()
    if isinstance(value, str):
        return f'"{value}"' if not value.isidentifier() else value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value) if not callable(value) else "<function>"
