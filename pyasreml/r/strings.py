"""Text: pasting, matching, replacing, formatting."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import numpy as np

from pyasreml.r.arithmetic import vector_of
from pyasreml.r.coercion import flag, strings, text, whole
from pyasreml.r.conditions import RError
from pyasreml.r.registry import builtin
from pyasreml.r.values import Arg, ListValue, Value, Vector, character, integer, is_factor, logical, text_array
from pyasreml.rprint import format_numbers

__all__ = ["pattern"]

_CLASSES = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "space": r"\s", "upper": "A-Z", "lower": "a-z",
    "punct": r"!-/:-@\[-`{-~", "blank": r" \t", "xdigit": "0-9A-Fa-f",
}  # fmt: skip


@lru_cache(maxsize=512)
def pattern(source: str, fixed: bool = False, ignore_case: bool = False) -> re.Pattern[str]:
    """A regular expression of R (extended or Perl) as Python's, or a text taken as it stands."""
    if fixed:
        return re.compile(re.escape(source))
    translated = re.sub(r"\[:(\w+):\]", lambda m: _CLASSES.get(m.group(1), m.group(0)), source)
    # In POSIX brackets "]" may come first and a backslash or "[" is itself.
    translated = re.sub(r"\[(\^?)\]", r"[\1\\]", translated)
    translated = re.sub(r"\[(\^?)\[(?=[^\]]*\])", r"[\1\\[", translated)
    translated = translated.replace("\\<", r"\b").replace("\\>", r"\b")
    try:
        return re.compile(translated, re.IGNORECASE if ignore_case else 0)
    except re.error as error:
        raise RError(f"invalid regular expression '{source}', reason '{error}'") from None


def _replacement(source: str, fixed: bool) -> str:
    if fixed:
        return source.replace("\\", "\\\\")
    return re.sub(r"\\([^0-9])", lambda m: "\\\\" if m.group(1) == "\\" else m.group(1), source).replace(
        "\\0", "\\g<0>"
    )


def _joined(dots: tuple[Arg, ...], between: str, collapse: Value) -> Vector:
    parts = [["NA" if item is None else item for item in _texts(arg.value)] for arg in dots]
    if any(parts):
        parts = [part or [""] for part in parts]  # an argument without elements counts as ""
    n = max((len(part) for part in parts), default=0)
    made = [between.join(part[i % len(part)] for part in parts) for i in range(n)]
    return character([text(collapse).join(made)] if collapse is not None else made)


def _texts(value: Value) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, Vector):
        return list(text_array(value))
    if isinstance(value, ListValue):
        return [" ".join(str(t) for t in _texts(item)) for item in value.items]
    return [str(value)]


@builtin("paste")
def paste(*dots: Arg, sep: Value = None, collapse: Value = None) -> Vector:
    """Texts joined elementwise."""
    return _joined(dots, " " if sep is None else text(sep), collapse)


@builtin("paste0")
def paste0(*dots: Arg, collapse: Value = None) -> Vector:
    """Texts joined elementwise without a blank."""
    return _joined(dots, "", collapse)


@builtin("grepl")
def grepl(pattern: Value, x: Value, ignore_case: Value = None, perl: Value = None, fixed: Value = None) -> Vector:
    """Whether texts match."""
    return logical([item is not None and bool(found) for item, found in _searched(pattern, x, ignore_case, fixed)])


def _searched(source: Value, x: Value, ignore_case: Value, fixed: Value) -> list[tuple[Any, Any]]:
    compiled = pattern(text(source), flag(fixed), flag(ignore_case))
    return [(item, None if item is None else compiled.search(item)) for item in strings(x)]


@builtin("grep")
def grep(
    pattern: Value, x: Value, ignore_case: Value = None, perl: Value = None, value: Value = None, fixed: Value = None
) -> Vector:
    """Places of the texts that match, or the texts."""
    found = _searched(pattern, x, ignore_case, fixed)
    where = [i for i, (_, match) in enumerate(found) if match]
    if flag(value):
        names = x.names if isinstance(x, Vector) else None
        return character([found[i][0] for i in where], None if names is None else [names[i] for i in where])
    return integer(np.array(where, dtype=float) + 1)


def _substituted(source: Value, new: Value, x: Value, ignore_case: Value, fixed: Value, count: int) -> Vector:
    compiled = pattern(text(source), flag(fixed), flag(ignore_case))
    replacement = _replacement(text(new), flag(fixed))
    return character(None if item is None else compiled.sub(replacement, item, count=count) for item in strings(x))


@builtin("sub")
def sub(
    pattern: Value, replacement: Value, x: Value, ignore_case: Value = None, perl: Value = None, fixed: Value = None
) -> Vector:
    """The first match replaced."""
    return _substituted(pattern, replacement, x, ignore_case, fixed, 1)


@builtin("gsub")
def gsub(
    pattern: Value, replacement: Value, x: Value, ignore_case: Value = None, perl: Value = None, fixed: Value = None
) -> Vector:
    """All matches replaced."""
    return _substituted(pattern, replacement, x, ignore_case, fixed, 0)


@builtin("strsplit")
def strsplit(x: Value, split: Value, fixed: Value = None, perl: Value = None) -> ListValue:
    """Texts cut into pieces."""
    compiled = pattern(text(split), flag(fixed)) if text(split) else None
    items: list[Value] = []
    for item in strings(x):
        pieces = [None] if item is None else list(item) if compiled is None else compiled.split(item)
        items.append(character(pieces[:-1] if len(pieces) > 1 and pieces[-1] == "" else pieces))
    return ListValue(items)


@builtin("nchar")
def nchar(x: Value) -> Vector:
    """Number of characters."""
    return integer([2 if item is None else len(item) for item in strings(x)])


@builtin("toupper")
def toupper(x: Value) -> Vector:
    """Capitals."""
    return character(None if item is None else item.upper() for item in strings(x))


@builtin("tolower")
def tolower(x: Value) -> Vector:
    """Small letters."""
    return character(None if item is None else item.lower() for item in strings(x))


@builtin("trimws")
def trimws(x: Value) -> Vector:
    """Without blanks at the ends."""
    return character(None if item is None else item.strip() for item in strings(x))


@builtin("substr", "substring")
def substr(x: Value, start: Value, stop: Value = None) -> Vector:
    """A part of each text."""
    first, last = whole(start), 1_000_000 if stop is None else whole(stop)
    return character(None if item is None else item[max(0, first - 1) : last] for item in strings(x))


@builtin("startsWith")
def starts_with(x: Value, prefix: Value) -> Vector:
    """Whether texts begin so."""
    return logical([item is not None and item.startswith(text(prefix)) for item in strings(x)])


@builtin("endsWith")
def ends_with(x: Value, suffix: Value) -> Vector:
    """Whether texts end so."""
    return logical([item is not None and item.endswith(text(suffix)) for item in strings(x)])


@builtin("sprintf")
def sprintf(fmt: Value, *dots: Arg) -> Vector:
    """C-like formatting, elementwise."""
    formats = strings(fmt)
    columns = [vector_of(arg.value, "sprintf()") for arg in dots]
    n = max([len(formats), *(len(column) for column in columns)])
    made = []
    for i in range(n):
        template = formats[i % len(formats)] or ""
        wanted = re.findall(r"%[-+ #0]*\d*(?:\.\d+)?([a-zA-Z%])", template)
        codes = [code for code in wanted if code != "%"]
        values: list[Any] = []
        for code, column in zip(codes, columns, strict=False):
            item = column.data[i % len(column)]
            if code == "s":
                values.append(text_array(column)[i % len(column)])
            else:
                values.append(int(item) if code in "dixX" else float(item))
        if len(values) < len(codes):
            raise RError("too few arguments to sprintf()")
        made.append(template % tuple(values))
    return character(made)


@builtin("format")
def format_(x: Value, digits: Value = None, nsmall: Value = None, width: Value = None) -> Vector:
    """Texts of a common width, numbers with common decimals."""
    source = vector_of(x, "format()")
    if source.kind in ("double", "integer") and not is_factor(source):
        cells = format_numbers(
            source.data, 7 if digits is None else whole(digits), 0 if nsmall is None else whole(nsmall)
        )
    else:
        shown = ["NA" if item is None else item for item in text_array(source)]
        wide = max((len(item) for item in shown), default=0)
        cells = [item.ljust(wide) for item in shown]
    if width is not None:
        left = source.kind == "character" or is_factor(source)
        cells = [cell.ljust(whole(width)) if left else cell.rjust(whole(width)) for cell in cells]
    return character(cells, source.names)


@builtin("formatC")
def format_c(x: Value, digits: Value = None, format: Value = None, width: Value = None, flag: Value = None) -> Vector:
    """Numbers in a C format."""
    code = "g" if format is None else text(format)
    places = "" if digits is None else f".{whole(digits)}"
    field = "" if width is None else str(whole(width))
    marks = "" if flag is None else text(flag)
    template = f"%{marks}{field}{places if code != 'd' else ''}{code}"
    source = vector_of(x, "formatC()")
    return character([template % (round(float(v)) if code == "d" else float(v)) for v in source.data])


@builtin("make.names")
def make_names(names: Value) -> Vector:
    """Texts as syntactic names."""
    made = [re.sub(r"[^\w.]", ".", item or "NA.") for item in strings(names)]
    return character([item if re.match(r"[A-Za-z.](?!\d)|[A-Za-z]", item) else f"X{item}" for item in made])


@builtin("as.name", "as.symbol")
def as_name(x: Value) -> Any:
    """A name."""
    from pyasreml.r.values import Language
    from pyasreml.syntax.nodes import Name

    return Language(Name(text(x)), text(x))
