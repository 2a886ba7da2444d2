"""Tables for further work: ``tidy``, ``glance`` and ``augment``, with snake_case columns and plain pandas frames."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd

from pyasreml.errors import AsremlError
from pyasreml.fit.components import number_of_parameters, require_fit
from pyasreml.fit.residuals import fitted, residuals
from pyasreml.fit.summary import aic, bic
from pyasreml.fit.tables import solution_table, varcomp
from pyasreml.fit.wald_table import incremental_table

__all__ = ["augment", "glance", "tidy"]

_SOLUTION = {"solution": "estimate", "std.error": "std_error", "z.ratio": "statistic"}
_COMPONENT = {"component": "estimate", "std.error": "std_error", "z.ratio": "statistic", "%ch": "percent_change"}
_WALD = {"Df": "df", "Sum of Sq": "sum_of_squares", "Wald statistic": "statistic", "Pr(Chisq)": "p_value"}


def tidy(fit: Any, effects: Literal["varcomp", "fixed", "random", "sparse", "wald"] = "varcomp") -> pd.DataFrame:
    """One row a variance component, an effect or a fixed term.

    Parameters
    ----------
    fit : Asreml
    effects : {"varcomp", "fixed", "random", "sparse", "wald"}

    Returns
    -------
    DataFrame
        ``term`` first (for effects also ``effect``, the effect's name), then ``estimate``, ``std_error``, ``statistic``
        and, as they apply, ``bound``, ``percent_change``, ``df``, ``sum_of_squares``, ``p_value``.

    Examples
    --------
    >>> import pyasreml as pa
    >>> from pyasreml.demo.oats import oats
    >>> fit = pa.asreml("yield ~ Variety*Nitrogen", random="~ Blocks/Wplots", data=oats(), trace=False)
    >>> list(pa.tidy(fit, "fixed").columns)
    ['term', 'effect', 'estimate', 'std_error', 'statistic']
    """
    require_fit(fit, "tidy()")
    if effects == "varcomp":
        return _plain(varcomp(fit), _COMPONENT)
    if effects == "wald":
        return _plain(incremental_table(fit), _WALD)
    if effects not in ("fixed", "random", "sparse"):
        raise AsremlError(f"tidy(): effects is varcomp, fixed, random, sparse or wald, not {effects!r}")
    table = solution_table(fit, effects)
    if table is None:
        return pd.DataFrame(columns=["term", "effect", *_SOLUTION.values()])
    terms = [label for label, size in fit.term_of_effect(effects) for _ in range(size)]
    frame = _plain(table, _SOLUTION).rename(columns={"term": "effect"})
    frame.insert(0, "term", terms)
    return frame


def _plain(table: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    frame = pd.DataFrame({names.get(c, c): table[c].to_numpy() for c in table.columns})
    frame.insert(0, "term", [str(i) for i in table.index])
    return frame


def glance(fit: Any) -> pd.DataFrame:
    """One row of figures about the whole fit.

    Examples
    --------
    >>> import pyasreml as pa
    >>> from pyasreml.demo.oats import oats
    >>> fit = pa.asreml("yield ~ Variety*Nitrogen", random="~ Blocks/Wplots", data=oats(), trace=False)
    >>> print(f"{pa.glance(fit).loc[0, 'aic']:.4f}")
    424.7559
    """
    require_fit(fit, "glance()")
    return pd.DataFrame(
        {
            "loglik": [fit.loglik],
            "aic": [float(aic(fit))],
            "bic": [float(bic(fit))],
            "sigma2": [fit.sigma2],
            "df_residual": [fit.nedf],
            "parameters": [number_of_parameters(fit)],
            "nobs": [int(fit.residuals.notna().sum())],
            "converged": [bool(fit.converge)],
        }
    )


def augment(fit: Any) -> pd.DataFrame:
    """The model frame with columns ``fitted``, ``resid`` and ``hat``, in data order.

    Examples
    --------
    >>> import pyasreml as pa
    >>> from pyasreml.demo.oats import oats
    >>> fit = pa.asreml("yield ~ Variety*Nitrogen", random="~ Blocks/Wplots", data=oats(), trace=False)
    >>> list(pa.augment(fit).columns[-3:])
    ['fitted', 'resid', 'hat']
    """
    require_fit(fit, "augment()")
    frame = fit.model_frame()
    for name, values in (("fitted", fitted(fit)), ("resid", residuals(fit)), ("hat", fit.hat)):
        frame[name] = values.to_numpy(dtype=float)
    return frame
