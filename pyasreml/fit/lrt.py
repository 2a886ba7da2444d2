"""Likelihood ratio tests of nested variance models."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import chdtrc, comb

from pyasreml.errors import AsremlError, ModelError
from pyasreml.fit.components import number_of_parameters, require_fit
from pyasreml.rprint import RTable

__all__ = ["lrt", "mixture_pvalue"]

_HEADING = ["Likelihood ratio test(s) assuming nested random models.", "(See Self & Liang, 1987)", ""]


def mixture_pvalue(statistic: float, df: int, boundary: bool = True) -> float:
    """Tail probability of a likelihood ratio statistic.

    Parameters
    ----------
    statistic : float
        Twice the difference of the log-likelihoods.
    df : int
        Difference of the numbers of parameters, at least 1.
    boundary : bool
        The parameters of the larger model lie at the boundary under the smaller: a mixture of chi-squares with 0 …
        `df` degrees of freedom and binomial weights (Self and Liang 1987); for one parameter half the tail of
        chi-square on 1 df. Otherwise chi-square on `df`.

    Examples
    --------
    >>> round(mixture_pvalue(14.558, 4), 6)
    0.001209
    """
    if not boundary:
        return float(chdtrc(df, max(statistic, 0.0)))
    k = np.arange(df + 1)
    tails = np.concatenate([[float(statistic < 0)], chdtrc(k[1:], max(statistic, 0.0))])
    return float(comb(df, k) * 0.5**df @ tails)


def lrt(*fits: Any, boundary: bool = True, names: Sequence[str] | None = None) -> RTable:
    """Compare fits that differ in their random and residual models only.

    The fits may come in any order: they are sorted by their number of variance parameters (fixed ones do not count)
    and each is compared with the next smaller one.

    Parameters
    ----------
    *fits : Asreml
        Two or more.
    boundary : bool
        P values by the mixture of `mixture_pvalue`.
    names : sequence of str, optional
        Names of the fits for the row labels ``larger/smaller``; by default those of the caller's variables.

    Returns
    -------
    RTable
        Columns ``df``, ``LR-statistic``, ``Pr(Chisq)``.

    Raises
    ------
    AsremlError
        With fewer than two fits.
    ModelError
        If fixed or sparse terms, response or data differ, or two fits have equally many parameters.

    Examples
    --------
    >>> import pyasreml as pa
    >>> from pyasreml.demo.oats import oats
    >>> fit = pa.asreml("yield ~ Variety*Nitrogen", random="~ Blocks/Wplots", data=oats(), trace=False)
    >>> null = pa.asreml("yield ~ Variety*Nitrogen", random="~ Blocks", data=oats(), trace=False)
    >>> print(f"{pa.lrt(fit, null).iloc[0, 1]:.3f}")
    7.661
    """
    if len(fits) < 2:
        raise AsremlError("lrt() compares fits: give two or more")
    for fit in fits:
        require_fit(fit, "lrt()")
    labels = list(names) if names is not None else _caller_names(fits)
    if len(labels) != len(fits):
        raise AsremlError(f"lrt(): {len(fits)} fits but {len(labels)} names")
    for fit, label in zip(fits[1:], labels[1:], strict=True):
        _comparable(fits[0], labels[0], fit, label)
    order = sorted(range(len(fits)), key=lambda i: number_of_parameters(fits[i]))
    rows, index = [], []
    for small, large in zip(order, order[1:], strict=False):
        df = number_of_parameters(fits[large]) - number_of_parameters(fits[small])
        if df == 0:
            raise ModelError(
                f"lrt(): {labels[small]} and {labels[large]} both have {number_of_parameters(fits[small])} variance "
                "parameters, so neither is nested in the other; compare them by aic or bic"
            )
        statistic = 2 * (fits[large].loglik - fits[small].loglik)
        rows.append([df, statistic, mixture_pvalue(statistic, df, boundary)])
        index.append(f"{labels[large]}/{labels[small]}")
    columns = ["df", "LR-statistic", "Pr(Chisq)"]
    return RTable(rows, index=pd.Index(index), columns=columns, heading=_HEADING, style="anova")


def _caller_names(fits: Sequence[Any]) -> list[str]:
    """Names of the variables that hold the fits, where the call came from; ``fit1`` … for those without one."""
    frame = sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).split(".")[0] == __name__.split(".")[0]:
        frame = frame.f_back
    found = []
    for i, fit in enumerate(fits):
        spaces = (frame.f_locals, frame.f_globals)
        held = (name for space in spaces for name, value in space.items() if value is fit)
        found.append(next((name for name in held if name.isidentifier() and name[0] != "_"), f"fit{i + 1}"))
    return found


def _terms(fit: Any) -> list[str]:
    """Fixed and sparse terms, whatever the order of variables and terms; missing-value effects are none."""
    labels = [label for part in ("fixed", "sparse") for label, _ in fit.term_of_effect(part) if label != "mv"]
    return sorted(":".join(sorted(label.split(":"))) for label in labels)


def _comparable(first: Any, first_name: str, other: Any, name: str) -> None:
    """Raise unless the REML likelihoods of two fits are those of the same data and fixed terms."""
    if first.response != other.response:
        raise ModelError(
            f"lrt(): {first_name} models {first.response} and {name} models {other.response}; "
            "their likelihoods cannot be compared"
        )
    mine, theirs = _terms(first), _terms(other)
    if mine != theirs:
        apart = sorted(set(mine) ^ set(theirs))
        raise ModelError(
            f"lrt(): the fixed terms of {first_name} and {name} differ in {', '.join(apart)}; REML likelihoods can "
            "only be compared between models with the same fixed terms (use wald() to test fixed terms)"
        )
    y, z = _observed(first), _observed(other)
    if first.nedf != other.nedf or y.size != z.size:
        raise ModelError(
            f"lrt(): {first_name} was fitted to {y.size} observations ({first.nedf} residual df) and {name} to "
            f"{z.size} ({other.nedf} residual df); fit both to the same rows"
        )
    if not np.allclose(y, z, rtol=1e-8, atol=1e-8 * max(1.0, float(np.abs(y).max(initial=0.0)))):
        raise ModelError(f"lrt(): {first_name} and {name} were fitted to different values of {first.response}")


def _observed(fit: Any) -> np.ndarray:
    """The observed responses, sorted: fitted value plus residual."""
    y = fit.linear_predictors.to_numpy(dtype=float) + fit.residuals.to_numpy(dtype=float)
    return np.sort(y[~np.isnan(y)])
