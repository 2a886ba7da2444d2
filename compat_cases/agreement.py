"""Agreement with a printed string: our value, rounded to as many decimals as R printed, is the same string."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

from .records import Verdict

NUMBER = re.compile(r"[+-]?(?:\d+\.?(?P<after>\d*)|\.(?P<bare>\d+))(?:[eE](?P<exponent>[+-]?\d+))?")
BELOW = re.compile(r"<\s*(?P<bound>[\d.]+(?:[eE][+-]?\d+)?)")
MACHINE_EPSILON = 2.220446049250313e-16
NOISE = 13  # decimal digits that double precision keeps, relative to the largest element of a vector


def missing(value: Any) -> bool:
    """Whether `value` is R's NA, NaN or NULL in any of its Python forms."""
    return value is None or type(value).__name__ in ("NAType", "NaTType") or (_is_number(value) and value != value)


def _is_number(value: Any) -> bool:
    return hasattr(value, "__float__") and not isinstance(value, str | bytes) and not _is_logical(value)


def _is_logical(value: Any) -> bool:
    return isinstance(value, bool) or type(value).__name__ in ("bool_", "bool")


def is_numeric_text(text: str) -> bool:
    """Whether a printed string is a number."""
    return NUMBER.fullmatch(text.strip()) is not None


def _canonical(text: str) -> str:
    """One spelling for one printed number: no plus sign, a digit before the point, no negative zero."""
    mantissa, *rest = text.strip().lower().lstrip("+").split("e")
    negative = mantissa.startswith("-")
    mantissa = mantissa.lstrip("-")
    if mantissa.startswith("."):
        mantissa = "0" + mantissa
    if mantissa.endswith("."):
        mantissa = mantissa[:-1]
    if negative and any(c in "123456789" for c in mantissa):
        mantissa = "-" + mantissa
    return mantissa + (f"e{int(rest[0]):+03d}" if rest else "")


def printed_like(want: str, value: float) -> str:
    """`value` with as many decimals as the printed number `want`, in its fixed or scientific form."""
    found = NUMBER.fullmatch(want.strip())
    assert found is not None
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    decimals = len(found["after"] or found["bare"] or "")
    form = "e" if found["exponent"] else "f"
    return _canonical(f"{value:.{decimals}{form}}")


def _unit(want: str) -> Decimal:
    return Decimal(1).scaleb(Decimal(want.strip()).as_tuple().exponent)  # type: ignore[arg-type]


def show(value: Any) -> str:
    """A value that is not compared as a number, as R would write it."""
    if missing(value):
        return "NA"
    if _is_logical(value):
        return "TRUE" if value else "FALSE"
    if _is_number(value):
        number = float(value)
        return f"{number:.0f}" if number.is_integer() and abs(number) < 1e15 else f"{number:.7g}"
    return str(value)


def compare(want: str, value: Any, tol: float | None = None) -> tuple[str, Verdict]:
    """Compare one value with the printed string `want`.

    Parameters
    ----------
    want : str
        ``"31.62"``, ``"< 2.2e-16"``, ``"P"``, ``"NA"``, ``"TRUE"`` …
    value : object
        Our value: a number, logical, string or missing value.
    tol : float, optional
        Absolute tolerance instead of the last printed digit.

    Returns
    -------
    tuple of str
        Our value as printed beside `want`, and the verdict.

    Examples
    --------
    >>> compare("31.62", 31.6249)
    ('31.62', 'equal')
    >>> compare("31.62", 31.6251)
    ('31.63', 'within_one')
    """
    want = want.strip()
    if missing(value):
        return "NA", "equal" if want in ("NA", "NaN", "NULL") else "different"
    if isinstance(value, str) and value.strip() == want:
        return value.strip(), "equal"
    below = BELOW.fullmatch(want)
    number = _to_number(value)
    if below is not None and number is not None:
        holds = number < max(float(below["bound"]), MACHINE_EPSILON)
        return (want, "equal") if holds else (f"{number:.4g}", "different")
    if not is_numeric_text(want) or number is None:
        text = show(value)
        return text, "equal" if text == want else "different"
    if tol is not None:
        close = abs(number - float(want)) <= tol
        return (printed_like(want, number) if close else f"{number:.7g}"), "equal" if close else "different"
    text = printed_like(want, number)
    if text == _canonical(want):
        return text, "equal"
    if not math.isinf(number) and abs(Decimal(text) - Decimal(want)) <= _unit(want):
        return text, "within_one"
    return text, "different"


def _to_number(value: Any) -> float | None:
    if _is_number(value):
        return float(value)
    if isinstance(value, str) and is_numeric_text(value):
        return float(value)
    return None


def seven_digits(value: float, scale: float) -> str:
    """A stored double as a printed string of seven significant digits.

    Digits finer than double precision of the largest element of its vector, `scale`, are not asked for.
    """
    if value == 0.0 or math.isnan(value) or math.isinf(value):
        return "0.000000" if value == 0.0 else ("NA" if math.isnan(value) else ("Inf" if value > 0 else "-Inf"))
    wanted = 6 - math.floor(math.log10(abs(value)))
    kept = NOISE - math.floor(math.log10(scale)) if scale > 0 else wanted
    if wanted > kept:
        return _canonical(f"{value:.{max(kept, 0)}f}")
    return f"{value:#.7g}" if 1e-5 <= abs(value) < 1e7 else f"{value:.6e}"
