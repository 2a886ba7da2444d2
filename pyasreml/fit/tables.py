"""Tables made of what a fit stores: variance components, effects, the iterations."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from pyasreml.errors import AsremlError
from pyasreml.fit.components import components, require_fit, standard_errors
from pyasreml.rprint import RTable, round_r

__all__ = ["effects_table", "solution_table", "tr", "varcomp", "vc"]


def varcomp(fit: Any, param: Literal["sigma", "gamma"] = "sigma") -> RTable:
    """Variance components as ``summary(fit)$varcomp``.

    Columns ``component``, ``std.error``, ``z.ratio``, ``bound``, ``%ch``, one row a variance parameter; with
    ``param="gamma"`` a first column ``gamma`` holds the parameters as they were estimated.
    """
    require_fit(fit, "varcomp")
    if param not in ("sigma", "gamma"):
        raise AsremlError(f"summary(): param is 'sigma' or 'gamma', not {param!r}")
    value, error = components(fit), standard_errors(fit)
    codes = fit.vparameters_con.to_numpy(dtype=object)
    change = round_r(fit.vparameters_pc.to_numpy(dtype=float), 1)
    columns: dict[str, Any] = {"gamma": fit.vparameters.to_numpy(dtype=float)} if param == "gamma" else {}
    columns |= {"component": value, "std.error": error, "z.ratio": value / error, "bound": codes, "%ch": change}
    return RTable(columns, index=pd.Index([str(n) for n in fit.vparameters.index]))


def effects_table(frame: pd.DataFrame) -> RTable:
    """One part of the coefficients: a matrix with the column ``effect``."""
    return RTable(frame, style="matrix")


def solution_table(fit: Any, part: str) -> RTable | None:
    """Effects of one part (``fixed``, ``random``, ``sparse``) with ``solution``, ``std.error`` and ``z.ratio``.

    Standard errors are the roots of the variances of fixed effects and of the prediction error variances of random
    ones. An aliased effect is 0 without standard error. None where the part has no terms.
    """
    effects, variances = fit.coefficients[part], fit.vcoeff[part]
    if effects is None or variances is None:
        return None
    value = effects["effect"].to_numpy(dtype=float)
    spread = variances["effect"].to_numpy(dtype=float) * fit.sigma2
    error = np.sqrt(np.where(spread > 0, spread, np.nan))
    table = {"solution": value, "std.error": error, "z.ratio": value / error}
    return RTable(table, index=effects.index, style="matrix")


def vc(fit: Any, gamma: bool = False) -> RTable:
    """Variance components in the form of the R package lucid: ``lucid::vc(fit)``.

    The numbers of the table are not rounded; it prints zapped, at four significant digits (two for ``z.ratio``),
    without trailing zeros.

    Parameters
    ----------
    fit : Asreml
    gamma : bool
        Add the column of parameters as estimated.

    Examples
    --------
    >>> import pyasreml as pa
    >>> from pyasreml.demo.oats import oats
    >>> fit = pa.asreml("yield ~ Variety*Nitrogen", random="~ Blocks/Wplots", data=oats(), trace=False)
    >>> pa.vc(fit)  # doctest: +NORMALIZE_WHITESPACE
            effect component std.error z.ratio bound %ch
            Blocks     214.5    168.7      1.3     P 0.1
     Blocks:Wplots     106.1     67.88     1.6     P 0
           units!R     177.1     37.34     4.7     P 0
    """
    table = varcomp(fit, "gamma" if gamma else "sigma")
    names = [str(n) for n in table.index]
    effect = pd.Categorical(names, categories=list(dict.fromkeys(names)))
    columns = {"effect": effect, **{c: table[c].to_numpy() for c in table.columns}}
    return RTable(columns, index=pd.RangeIndex(1, len(table) + 1), style="lucid")


def tr(fit: Any, iter: int | None = None) -> RTable:
    """The iterations: one row an iteration, columns LogLik, Sigma2, DF, stepsz and the variance parameters.

    The last row repeats the last evaluation and holds the parameters after the final update.

    Parameters
    ----------
    fit : Asreml
    iter : int, optional
        Only this iteration, counted from 1.

    Raises
    ------
    AsremlError
        If there is no such iteration.

    Examples
    --------
    >>> import pyasreml as pa
    >>> from pyasreml.demo.oats import oats
    >>> fit = pa.asreml("yield ~ Variety*Nitrogen", random="~ Blocks/Wplots", data=oats(), trace=False)
    >>> pa.tr(fit, 2)
         LogLik   Sigma2 DF    stepsz    Blocks Blocks:Wplots units!R
    2 -213.5702 256.3638 60 0.7497591 0.1637473     0.2123834       1
    """
    require_fit(fit, "tr()")
    table = RTable(fit.trace.T, style="matrix")
    if iter is None:
        return table
    if not 1 <= iter <= len(table):
        raise AsremlError(f"tr(): iteration {iter} does not exist; the trace has columns 1 to {len(table)}")
    return RTable(table.iloc[iter - 1 : iter], style="matrix")
