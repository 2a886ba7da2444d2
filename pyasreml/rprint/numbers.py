"""Numbers as R writes them.

R prints a column of numbers with the fewest digits that show every element to `digits` significant
digits, in fixed notation unless scientific notation is narrower (``formatReal`` in R's
``src/main/format.c``; ``options(digits = 7, scipen = 0)``).
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Layout",
    "display_width",
    "format_fixed",
    "format_integers",
    "format_logicals",
    "format_numbers",
    "layout",
    "pad",
    "round_r",
    "signif",
    "zapsmall",
]

_MAX_DECIMALS = 27
_POWERS = np.longdouble(10.0) ** np.arange(0, _MAX_DECIMALS + 1, dtype=np.longdouble)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a column is written: total `width`, `decimals` after the point, and digits of the exponent.

    `exponent` is 0 in fixed notation, otherwise the number of digits of the exponent less one, as R counts.
    """

    width: int
    decimals: int
    exponent: int

    def encode(self, value: float) -> str:
        """One finite or special value in this layout, not padded."""
        if math.isnan(value):
            return "NA"
        if math.isinf(value):
            return "Inf" if value > 0 else "-Inf"
        value = value if value != 0 else 0.0
        kind = "e" if self.exponent else "f"
        return f"{value:.{self.decimals}{kind}}"


def signif(x: ArrayLike, digits: int = 6) -> NDArray[np.float64]:
    """Round to `digits` significant digits as R's ``signif`` does.

    Examples
    --------
    >>> signif([123456.789, 0.00012345], 3).tolist()
    [123000.0, 0.000123]
    """
    values = np.array(x, dtype=float)
    use = np.isfinite(values) & (values != 0)
    if digits > 22 or not use.any():
        return values
    size = np.abs(values[use])
    power = max(digits, 1) - 1 - np.floor(np.log10(size)).astype(int)
    scale = 10.0 ** np.minimum(np.abs(power), 300)
    rest = 10.0 ** (np.abs(power) - np.minimum(np.abs(power), 300))
    up, down = np.rint(size * scale * rest) / scale / rest, np.rint(size / scale / rest) * scale * rest
    rounded = np.where(power > 0, up, down)
    values[use] = np.sign(values[use]) * rounded
    return values


def round_r(x: ArrayLike, digits: float = 0) -> NDArray[np.float64]:
    """Round to `digits` decimals by R's rule since 4.0.0: to the nearer candidate, on a tie to the even one."""
    values = np.array(x, dtype=float)
    places = math.floor(digits + 0.5)
    use = np.isfinite(values) & (values != 0)
    if places == 0:
        values[use] = np.rint(values[use])
        return values
    if places > 323:
        return values
    use[use] = places + np.ceil(np.log10(np.abs(values[use]))) <= 15
    part = values[use]
    scale = 10.0 ** abs(places)
    scaled = part * scale if places > 0 else part / scale
    low, high = np.floor(scaled), np.ceil(scaled)
    down, up = (low / scale, high / scale) if places > 0 else (low * scale, high * scale)
    below, above = part - down, up - part
    values[use] = np.where((below < above) | ((below == above) & (low % 2 == 0)), down, up)
    return values


def zapsmall(x: ArrayLike, digits: int = 7) -> NDArray[np.float64]:
    """Round away what is below the `digits`-th digit of the largest element (``zapsmall`` up to R 4.3).

    The number of decimals, ``digits - log10(max |x|)``, is rounded and not cut: that is what the printed
    tables of asreml and lucid show.
    """
    values = np.array(x, dtype=float)
    known = values[~np.isnan(values)]
    if known.size == 0:
        return values
    largest = float(np.max(np.abs(known)))
    if math.isinf(largest):
        return round_r(values, 0)
    return round_r(values, max(0.0, digits - math.log10(largest)) if largest > 0 else digits)


def _scientific(size: NDArray[np.float64], digits: int) -> tuple[NDArray[np.int_], NDArray[np.int_], NDArray[np.bool_]]:
    """Power of ten, significant digits needed and "rounding widens" of positive numbers (R's ``scientific``)."""
    if digits > 15:
        text = [f"{v:.{digits - 1}e}".split("e") for v in size.tolist()]
        power = np.array([int(exponent) for _, exponent in text], dtype=int)
        needed = np.array([max(1, len(mantissa.replace(".", "").rstrip("0"))) for mantissa, _ in text], dtype=int)
        return power, needed, np.zeros(size.shape, dtype=bool)
    shift = np.floor(np.log10(size)).astype(int) - digits + 1
    exact = size.astype(np.longdouble)
    magnitude = np.abs(shift)
    table = _POWERS[np.minimum(magnitude, _MAX_DECIMALS)]
    scale = np.where(magnitude <= _MAX_DECIMALS, table, np.longdouble(10) ** magnitude)
    exact = np.where(shift > 0, exact / scale, exact * scale)
    short = exact < _POWERS[digits - 1]
    exact = np.where(short, exact * 10, exact)
    shift = np.where(short, shift - 1, shift)
    alpha = np.rint(exact).astype(np.float64)
    needed = np.full(size.shape, digits, dtype=int)
    going = np.ones(size.shape, dtype=bool)
    for _ in range(digits):
        alpha = alpha / 10.0
        going &= alpha == np.floor(alpha)
        if not going.any():
            break
        needed -= going
    carried = needed == 0
    needed = np.where(carried, 1, needed)
    shift = shift + carried
    power = shift + digits - 1
    widens = (power > 0) & (power <= _MAX_DECIMALS) & (size < _POWERS[np.clip(power, 0, _MAX_DECIMALS)])
    return power, needed, widens


def layout(x: ArrayLike, digits: int = 7, nsmall: int = 0) -> Layout:
    """The common layout of a column of numbers.

    Parameters
    ----------
    x : array_like of float
        NaN stands for R's ``NA``.
    digits : int
        Significant digits that every element must show.
    nsmall : int
        At least so many decimals in fixed notation.
    """
    values = np.asarray(x, dtype=float).ravel()
    width = decimals = exponent = 0
    finite = values[np.isfinite(values)]
    if finite.size:
        negative = finite < 0
        power = np.zeros(finite.shape, dtype=int)
        needed = np.ones(finite.shape, dtype=int)
        widens = np.zeros(finite.shape, dtype=bool)
        some = finite != 0
        if some.any():
            power[some], needed[some], widens[some] = _scientific(np.abs(finite[some]), digits)
        left = power + 1 - widens
        whole = int(np.max(negative + np.maximum(left, 1)))
        right = min(max(0, int(np.max(needed - power - 1))), 350)
        sign = int(negative.any())
        fixed_width = whole + right + (right > 0)
        exponent = 2 if power.max() >= 100 or power.min() <= -99 else 1
        mantissa = int(needed.max()) - 1
        width = sign + (mantissa > 0) + mantissa + 4 + exponent
        decimals = mantissa
        if fixed_width <= width:
            exponent = 0
            if nsmall > right:
                right = nsmall
                fixed_width = whole + right + 1
            decimals, width = right, fixed_width
    if np.isnan(values).any():
        width = max(width, 2)
    if np.isposinf(values).any():
        width = max(width, 3)
    if np.isneginf(values).any():
        width = max(width, 4)
    return Layout(width, decimals, exponent)


def format_numbers(x: ArrayLike, digits: int = 7, nsmall: int = 0, *, justify: bool = True) -> list[str]:
    """Every element of `x` in the column's common layout, as R's ``format`` gives it.

    Examples
    --------
    >>> format_numbers([5.806474, 142.9635334])
    ['  5.806474', '142.963533']
    >>> format_numbers([1e-10, 1.0])
    ['1e-10', '1e+00']
    """
    values = np.asarray(x, dtype=float).ravel()
    how = layout(values, digits, nsmall)
    text = [how.encode(v) for v in values.tolist()]
    return [t.rjust(how.width) for t in text] if justify else text


def format_integers(x: Iterable[Any]) -> list[str]:
    """Whole numbers, right aligned; a missing one is ``NA``."""
    return pad(["NA" if v is None or v != v else str(int(v)) for v in x])


def format_logicals(x: Iterable[Any]) -> list[str]:
    """``TRUE``, ``FALSE`` and ``NA``, right aligned."""
    return pad(["NA" if v is None or v != v else ("TRUE" if v else "FALSE") for v in x])


def format_fixed(value: float, decimals: int) -> str:
    """One number to a fixed number of decimals, as R prints it; a rounded zero has no sign.

    Examples
    --------
    >>> format_fixed(-366.20387, 4), format_fixed(-1e-12, 5)
    ('-366.2039', '0.00000')
    """
    if math.isnan(value):
        return "NA"
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    text = f"{value:.{decimals}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


def display_width(text: str) -> int:
    """Columns that `text` takes on a terminal: wide East Asian characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def pad(cells: Sequence[str], width: int | None = None, *, left: bool = False) -> list[str]:
    """Pad `cells` to a common width (the widest by default), right aligned unless `left`."""
    if width is None:
        width = max(map(display_width, cells), default=0)
    if left:
        return [c + " " * (width - display_width(c)) for c in cells]
    return [" " * (width - display_width(c)) + c for c in cells]
