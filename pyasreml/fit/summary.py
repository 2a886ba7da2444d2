"""``summary(fit)``: variance components, information criteria and, on request, the effects with standard errors."""

from __future__ import annotations

import math
import re
from typing import Any, Literal

import numpy as np
import pandas as pd

from pyasreml.fit.call_text import CallText
from pyasreml.fit.components import components, number_of_parameters, require_fit
from pyasreml.fit.matrices import matrix_table, structured_terms
from pyasreml.fit.tables import solution_table, varcomp
from pyasreml.rprint import NumberWithParameters, RList, RTable

__all__ = ["aic", "bic", "summary"]

_PARTS = ("fixed", "random", "sparse")


def aic(fit: Any) -> NumberWithParameters:
    """``-2 loglik + 2 t``; t counts the variance parameters that are not fixed, boundary ones among them."""
    t = number_of_parameters(fit)
    return NumberWithParameters(-2 * fit.loglik + 2 * t, t)


def bic(fit: Any) -> NumberWithParameters:
    """``-2 loglik + t log(nedf)``, t as in `aic`."""
    t = number_of_parameters(fit)
    return NumberWithParameters(-2 * fit.loglik + t * math.log(fit.nedf), t)


def summary(
    fit: Any, param: Literal["sigma", "gamma"] = "sigma", coef: bool = False, vparameters: bool = False
) -> RList:
    """Summarise a fit as ``summary.asreml`` does.

    Parameters
    ----------
    fit : Asreml
    param : {"sigma", "gamma"}
        ``gamma`` adds the column of ratios to ``varcomp``.
    coef : bool
        Add ``coef.fixed``, ``coef.random`` and ``coef.sparse``: matrices with columns ``solution``, ``std.error`` and
        ``z.ratio``. Without it they read as None.
    vparameters : bool
        Add ``vparameters``: by term its variance, its vector of variances or its variance matrix.

    Returns
    -------
    RList
        ``call``, ``loglik``, ``nedf``, ``sigma`` (root of the residual variance; 1 in a fit on the sigma scale),
        ``varcomp``, ``bic``, ``aic`` (floats with ``.parameters``).

    Raises
    ------
    AsremlError
        If `fit` is no fit, or for an unknown `param`.

    Examples
    --------
    >>> import pyasreml as pa
    >>> from pyasreml.demo.oats import oats
    >>> fit = pa.asreml("yield ~ Variety*Nitrogen", random="~ Blocks/Wplots", data=oats(), trace=False)
    >>> pa.summary(fit).varcomp
                  component std.error  z.ratio bound %ch
    Blocks         214.4906 168.66037 1.271731     P 0.1
    Blocks:Wplots  106.0686  67.88201 1.562543     P 0.0
    units!R        177.0946  37.33601 4.743266     P 0.0
    """
    require_fit(fit, "summary()")
    items: dict[str, Any] = {
        "call": CallText(fit.call),
        "loglik": fit.loglik,
        "nedf": fit.nedf,
        "sigma": math.sqrt(fit.sigma2),
        "varcomp": varcomp(fit, param),
        "bic": bic(fit),
        "aic": aic(fit),
    }
    absent: list[str] = []
    for part in _PARTS:
        table = solution_table(fit, part) if coef else None
        if table is None:
            absent.append(f"coef.{part}")
        else:
            items[f"coef.{part}"] = table
    if vparameters:
        items["vparameters"] = fitted_matrices(fit)
    else:
        absent.append("vparameters")
    return RList(items, absent)


def fitted_matrices(fit: Any) -> RList:
    """By term: a number, a vector (``diag``, ``ar1v`` …) or the variance matrix (``us``, ``fa``, ``corgh`` …).

    All are on the scale of the data.
    """
    values = components(fit)
    terms: dict[str, dict[str, float]] = {}
    for name, value in zip(fit.vparameters.index, values, strict=True):
        term, _, rest = str(name).partition("!")
        terms.setdefault(term, {})[rest] = float(value)
    for term, members in terms.items():
        if len(members) > 1 and fit.vparameters_con.get(f"{term}!R") == "F":
            del members["R"]  # the 1 beside the variances of a residual that has its own
    out: dict[str, Any] = {term: _structure(members) for term, members in terms.items()}
    out.update({t.label: matrix_table(t.matrix, t.levels) for t in structured_terms(fit) if t.label in out})
    return RList(out)


def _structure(members: dict[str, float]) -> float | pd.Series | RTable:
    """One term's parameters: a lone number, a matrix where they are the lower triangle of one, else a vector."""
    if len(members) == 1:
        return next(iter(members.values()))
    pairs = [re.fullmatch(r"(.*_)?([^:]+):([^:]+)", name) for name in members]
    if all(pairs):
        cells = {(m[2], m[3]): v for m, v in zip(pairs, members.values(), strict=True) if m}
        levels = list(dict.fromkeys(row for row, _ in cells))
        if len(cells) == len(levels) * (len(levels) + 1) // 2:
            matrix = np.array([[cells.get((a, b), cells.get((b, a), np.nan)) for b in levels] for a in levels])
            return RTable(matrix, index=levels, columns=levels, style="matrix")
    return pd.Series(members)
