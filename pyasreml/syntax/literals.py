"""Literals: what a number or a string in R's spelling stands for, and how R spells a value."""

from __future__ import annotations

import math
import re

from pyasreml.syntax.nodes import Span
from pyasreml.syntax.operators import Misplaced

__all__ = ["name_text", "number_text", "number_value", "raw_string_value", "string_text", "string_value"]

_ESCAPE = re.compile(
    r"\\(x[0-9a-fA-F]{1,2}|u\{[0-9a-fA-F]{1,4}\}|u[0-9a-fA-F]{1,4}|U\{[0-9a-fA-F]{1,8}\}|U[0-9a-fA-F]{1,8}|[0-7]{1,3}|.)",
    re.S,
)
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_SIMPLE |= {c: c for c in "\\\"'` \n"}
_SPELLED = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\v": "\\v", "\\": "\\\\"}

RESERVED = frozenset(
    "if else repeat while function for in next break TRUE FALSE NULL Inf NaN "
    "NA NA_integer_ NA_real_ NA_character_ NA_complex_".split()
)
_SYNTACTIC = re.compile(r"(?:[^\W\d_]|\.(?!\d))[\w.]*\Z")


def number_value(text: str, span: Span) -> tuple[float, bool]:
    """Value of a number, and whether it is an integer (suffix ``L``, a whole value)."""
    if text.endswith("i"):
        raise Misplaced("complex numbers have no use here", span)
    integer = text.endswith("L")
    digits = text.removesuffix("L")
    if digits[:2].lower() == "0x":
        value = float.fromhex(digits) if "p" in digits.lower() or "." in digits else float(int(digits, 16))
    else:
        value = float(digits)
    return value, integer and value == math.floor(value)


def string_value(text: str, span: Span) -> str:
    """What a quoted string (or a name in backticks) stands for, its escapes resolved."""
    inner = text[1:-1]
    if "\\" not in inner:
        return inner

    def resolve(match: re.Match[str]) -> str:
        code = match.group(1)
        if code[0] in "xuU" and len(code) > 1:
            return chr(int(code[1:].strip("{}"), 16))
        if code[0] in "01234567":
            return chr(int(code, 8))
        if code in _SIMPLE:
            return _SIMPLE[code]
        start = span[0] + 1 + match.start()
        raise Misplaced(f"'\\{code}' is no escape in a string: write '\\\\{code}' for a backslash", (start, start + 2))

    return _ESCAPE.sub(resolve, inner)


def raw_string_value(text: str) -> str:
    """``r"---(text)---"`` without its frame."""
    dashes = len(text) - len(text[2:].lstrip("-")) - 2
    return text[3 + dashes : -2 - dashes]


def string_text(value: str, quote: str = '"') -> str:
    """A string as R deparses it."""

    def spell(c: str) -> str:
        if c == quote:
            return "\\" + c
        return _SPELLED.get(c) or (f"\\{ord(c):03o}" if ord(c) < 32 or ord(c) == 127 else c)

    spelled = "".join(map(spell, value))
    return f"{quote}{spelled}{quote}"


def name_text(name: str, quoted: bool = False) -> str:
    """A name, in backticks where R needs them."""
    plain = (_SYNTACTIC.match(name) and name not in RESERVED) or name == "..." or (name == "_" and not quoted)
    return name if plain else string_text(name, "`")


def number_text(value: float, integer: bool = False) -> str:
    """A number as R deparses it: 15 significant digits at most, fixed or scientific, whichever is shorter."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    if integer:
        return f"{int(value)}L"
    if value == 0:
        return "0"
    target = float(f"{value:.14e}")
    digits = next(d for d in range(15) if float(f"{value:.{d}e}") == target)
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    power = int(exponent)
    scientific = f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
    fixed = f"{value:.{max(0, digits - power)}f}"
    return fixed if len(fixed) <= len(scientific) else scientific
