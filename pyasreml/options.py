"""Options of a call, a block or the session: asreml's names and defaults, plus three of our own.

The names are those of ``asreml.options()`` of ASReml-R 4.2 with dots as underscores. `exact`, `solver` and
`threads` steer this kernel; see `asreml_options`.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from numbers import Real
from types import TracebackType
from typing import Any

from pyasreml.errors import AsremlError, UnsupportedError, warn

__all__ = ["Options", "asreml_options", "current_options", "option_name", "reset_options"]


@dataclass(frozen=True, slots=True)
class Options:
    """One setting of all options. Immutable; `with_changes` gives another."""

    maxit: int = 13
    trace: Any = True
    workspace: Any = "128mb"
    pworkspace: Any = "128mb"
    step_size: float = 0.316
    update_step_size: float = 0.316
    extra: int = 0
    ai_sing: bool = False
    fail: str = "hard"
    keep_order: bool = False
    random_order: str = "noeff"
    Cfixed: bool = False
    gammaPar: bool = False
    fixgammas: bool = False
    design: bool = False
    update_Gcon: bool = True
    update_Rcon: bool = True
    exact: bool = False
    solver: str = "own"
    threads: int = 0

    def with_changes(self, changes: Mapping[str, Any]) -> Options:
        """A copy with `changes` (exact names, dots or underscores), each checked."""
        values: dict[str, Any] = {}
        for name, value in changes.items():
            key = name.replace(".", "_")
            if key in LOOKS:
                warn(f"the option {name} has no meaning here and is not used")
                continue
            if key in OTHER_OPTIONS:
                refuse_option(key, value)
                continue
            if key not in FIELDS:
                near = difflib.get_close_matches(key, FIELDS, 3, 0.5)
                hint = f" (near: {', '.join(near)})" if near else ""
                raise AsremlError(f"there is no option '{name}'{hint}")
            values[key] = _check(key, value)
        return dataclasses.replace(self, **values)


FIELDS: tuple[str, ...] = tuple(f.name for f in dataclasses.fields(Options))


OTHER_OPTIONS: dict[str, Any] = {
    "tol": (0, 0),
    "drop_unused_levels": True,
    "uspd": True,
    "oscillate": True,
    "pxem": 1,
    "eqorder": 3,
    "knots": 50,
    "nsppoints": 21,
    "grid": True,
    "score": False,
    "spline_step": None,
    "spline_scale": -1,
    "Csparse": None,
    "dense": None,
    "aodev": False,
    "aom": False,
    "debug": False,
    "ai_loadings": 0,
    "ai_penalty": 10,
    "rotate_fa": False,
    "glmminloop": 1,
    "scale": 1,
}
"""Options of asreml that this version does not have, with asreml's defaults: only these values are taken."""

LOOKS: frozenset[str] = frozenset({"colourise", "font_scale", "BATCH", "use_blas"})
"""Options about asreml's own screen and library, without a meaning here."""


def refuse_option(key: str, value: Any) -> None:
    """Raise `UnsupportedError` unless `value` is asreml's default, which changes nothing."""
    default = OTHER_OPTIONS[key]
    same = value is None or value == default or (isinstance(default, tuple) and tuple(value) == default)
    if not same:
        raise UnsupportedError(key.replace("_", "."))


def option_name(name: str) -> str | None:
    """The field that `name` stands for (dots or underscores), or None."""
    key = name.replace(".", "_")
    return key if key in FIELDS else None


def workspace_bytes(value: Any) -> float:
    """Bytes that a ``workspace`` setting stands for: a number counts 8-byte words, text has a unit.

    Examples
    --------
    >>> workspace_bytes("2gb")
    2147483648.0
    >>> workspace_bytes(64e6)
    512000000.0
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value <= 0:
            raise AsremlError(f"workspace = {value!r}: a positive number of 8-byte words, or text such as '2gb'")
        return float(value) * 8
    found = re.fullmatch(r"\s*([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*([kKmMgGtT]?)[bB]?\s*", str(value))
    if not found or float(found[1]) <= 0:
        raise AsremlError(f"workspace = {value!r}: write a number of 8-byte words, or text such as '512mb' or '2gb'")
    if not found[2] and not str(value).strip().lower().endswith("b"):
        return float(found[1]) * 8
    return float(found[1]) * 1024 ** " kmgt".index(found[2].lower() or " ")


def _check(key: str, value: Any) -> Any:
    if key in ("maxit", "extra", "threads"):
        number = int(float(value)) if isinstance(value, Real) and abs(float(value)) < 1e15 else -2
        if number != value or number < (0 if key == "extra" else 1 if key == "maxit" else -1):
            raise AsremlError(f"{key} = {value!r}: a whole number is needed")
        return number
    if key in ("step_size", "update_step_size"):
        if not isinstance(value, Real) or not 0 < float(value) <= 1:
            raise AsremlError(f"{key} = {value!r}: a number above 0 and at most 1 is needed")
        return float(value)
    if key in ("workspace", "pworkspace"):
        workspace_bytes(value)
        return value
    if key == "trace":
        return value if callable(value) else bool(value)
    choices = {"fail": ("hard", "soft"), "random_order": ("noeff", "user", "R"), "solver": ("own", "cholmod")}
    if key in choices:
        if value not in choices[key]:
            raise AsremlError(f"{key} = {value!r}: one of {', '.join(map(repr, choices[key]))} is needed")
        return value
    if value not in (True, False):
        raise AsremlError(f"{key} = {value!r}: TRUE or FALSE is needed")
    return bool(value)


_session: Options = Options()
_set_by_user: frozenset[str] = frozenset()


def current_options() -> tuple[Options, frozenset[str]]:
    """The session's options and the names of those that were set by the user."""
    return _session, _set_by_user


def reset_options() -> None:
    """Back to the defaults."""
    global _session, _set_by_user
    _session, _set_by_user = Options(), frozenset()


class OptionValues(Mapping[str, Any]):
    """What `asreml_options` returns: the values before the call; as a context manager it restores them."""

    def __init__(self, values: dict[str, Any], before: tuple[Options, frozenset[str]]):
        self._values = values
        self._before = before

    def __getitem__(self, name: str) -> Any:
        return self._values[name.replace(".", "_")]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return "\n".join(f"{name} = {value!r}" for name, value in self._values.items())

    def __enter__(self) -> OptionValues:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        global _session, _set_by_user
        _session, _set_by_user = self._before


def asreml_options(**changes: Any) -> OptionValues:
    """Show or set options for the session, or for a ``with`` block.

    Parameters
    ----------
    **changes
        asreml's option names (dots as underscores): ``maxit`` (13), ``trace`` (True; a callable gets each
        iteration), ``workspace``, ``step_size`` and ``update_step_size`` (0.316, first step), ``extra`` (0, iterations
        after convergence), ``ai_sing`` (False), ``fail`` ("hard", or "soft"), ``keep_order`` (False),
        ``random_order`` ("noeff", "user", "R"), ``Cfixed`` (False), ``gammaPar`` (False), ``fixgammas`` (False),
        ``design`` (False). Ours:
        ``exact`` (False: asreml's own iteration; True: the REML optimum), ``solver`` ("own" or "cholmod"),
        ``threads`` (0: the processors that other processes leave idle; a number, or -1 for all; any number gives the
        same results to the last bit).

    Returns
    -------
    OptionValues
        Without arguments all options; otherwise the old values of those that were set. Used in a ``with``
        statement it restores the options at the end of the block.

    Examples
    --------
    >>> with asreml_options(maxit=30, trace=False):
    ...     asreml_options()["maxit"]
    30
    >>> asreml_options()["maxit"]
    13
    """
    global _session, _set_by_user
    before = (_session, _set_by_user)
    if not changes:
        shown = {name: getattr(_session, name) for name in FIELDS}
        return OptionValues(shown, before)
    new = _session.with_changes(changes)
    keys = [key for key in (name.replace(".", "_") for name in changes) if key in FIELDS]
    old = {key: getattr(_session, key) for key in keys}
    _session, _set_by_user = new, _set_by_user | set(keys)
    return OptionValues(old, before)
