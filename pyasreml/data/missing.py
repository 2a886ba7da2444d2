"""What happens to records with missing values: asreml's ``na.method``."""

from __future__ import annotations

from dataclasses import dataclass

from pyasreml.errors import DataError

__all__ = ["NaMethod", "na_method"]

Y_CHOICES = ("include", "omit", "fail")
X_CHOICES = ("fail", "include", "omit")


@dataclass(frozen=True)
class NaMethod:
    """Treatment of missing values, see `na_method`."""

    y: str = "include"
    x: str = "fail"


def na_method(y: str = "include", x: str = "fail") -> NaMethod:
    """Treatment of missing responses (`y`) and of missing values in model variables (`x`).

    Parameters
    ----------
    y : {"include", "omit", "fail"}
        ``include`` keeps the record: it counts as a cell of the residual structure and adds nothing to the
        likelihood. ``omit`` drops it, after ``subset``.
    x : {"fail", "include", "omit"}
        ``include`` takes a missing covariate as 0 and a missing factor as a zero design row; ``"exclude"``
        is read as ``"omit"``.

    Raises
    ------
    DataError
        For another word. Unambiguous beginnings are taken, as R's ``match.arg`` does.

    Examples
    --------
    >>> na_method(x="omit")
    NaMethod(y='include', x='omit')
    """
    return NaMethod(y=_choice("y", y, Y_CHOICES), x=_choice("x", "omit" if x == "exclude" else x, X_CHOICES))


def _choice(argument: str, value: str, choices: tuple[str, ...]) -> str:
    found = [choice for choice in choices if isinstance(value, str) and value and choice.startswith(value)]
    if len(found) != 1:
        raise DataError(f"na_method: {argument} is {value!r}; it must be one of {', '.join(map(repr, choices))}")
    return found[0]
