"""Approximate stratum variances of a variance component model."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from pyasreml.errors import AsremlError, ModelError
from pyasreml.fit.components import NOT_ESTIMATED, component_covariance, components, require_fit
from pyasreml.rprint import RList, RTable

__all__ = ["asv"]


def asv(fit: Any, order: Literal["as.is", "noeff"] = "as.is", vvp: bool = False) -> RTable | RList:
    """Decompose the average information into strata.

    With the residual component last, the information of the components is factored as ``T' D T``, T upper triangular
    with a last column of ones. Row i of T holds the coefficients of the components in the i-th stratum variance
    ``xi_i = T_i sigma``, which has ``2 xi_i^2 d_i`` degrees of freedom. In a balanced design these are the strata of
    the analysis of variance (Thompson 1980, Biometrics 36).

    Parameters
    ----------
    fit : Asreml
    order : {"as.is", "noeff"}
        Order of the strata: as the terms stand in ``varcomp``, or by increasing number of effects.
    vvp : bool
        Return a list of the table, ``asv``, and the covariance matrix of the components, ``vvp``.

    Returns
    -------
    RTable or RList
        Columns ``df``, ``Variance`` and one a component.

    Raises
    ------
    ModelError
        If the model has parameters other than variance components, or its information is singular.
    AsremlError
        For an unknown order.

    Examples
    --------
    >>> import pyasreml as pa
    >>> from pyasreml.demo.oats import oats
    >>> fit = pa.asreml("yield ~ Variety*Nitrogen", random="~ Blocks/Wplots", data=oats(), trace=False)
    >>> pa.asv(fit).round(1)
                  df Variance Blocks Blocks:Wplots units!R
    Blocks         5   3216.8   12.2           4.1       1
    Blocks:Wplots 10    601.4    0.0           4.0       1
    units!R       45    177.1    0.0           0.0       1
    """
    require_fit(fit, "asv()")
    if order not in ("as.is", "noeff"):
        raise AsremlError(f"asv(): order is 'as.is' or 'noeff', not {order!r}")
    names = [str(n) for n in fit.vparameters.index]
    other = [n for n, t in zip(names, fit.vparameters_type, strict=True) if t not in ("V", "G")]
    residual = [n for n in names if n.endswith("!R")]
    if other or len(residual) > 1:
        what = other[0] if other else residual[1]
        raise ModelError(f"asv() is for models of variance components with one residual variance; {what} is in the way")
    if (fit.vparameters_con == "C").any():
        raise ModelError("asv() is for free variance components; vcc or vcm constrain those of this fit")
    covariance = component_covariance(fit)
    live = ~np.isin(fit.vparameters_con.to_numpy(dtype=object), NOT_ESTIMATED) & (np.diag(covariance) > 0)
    rows = np.flatnonzero(live)
    if order == "noeff":
        sizes = {str(k): float(v) for k, v in fit.noeff.items()}
        rows = rows[np.argsort([sizes.get(names[i], np.inf) for i in rows], kind="stable")]
    covariance = covariance[np.ix_(rows, rows)]
    sigma = components(fit)[rows]
    try:
        lower = np.linalg.cholesky(np.linalg.inv(covariance))
    except np.linalg.LinAlgError as problem:
        raise ModelError("asv(): the average information of the components is singular") from problem
    last = lower[-1, :]
    if np.any(np.abs(last) < 1e-12 * np.abs(np.diag(lower))):
        raise ModelError("asv(): a component is estimated apart from the residual variance and belongs to no stratum")
    coefficients = lower.T / last[:, None]
    coefficients[np.abs(coefficients) < 1e-10 * np.abs(coefficients).max()] = 0.0
    variance = coefficients @ sigma
    labels = pd.Index([names[i] for i in rows])
    table = RTable(
        np.column_stack([2 * variance**2 * last**2, variance, coefficients]),
        index=labels,
        columns=["df", "Variance", *labels],
        style="matrix",
    )
    if not vvp:
        return table
    return RList({"asv": table, "vvp": RTable(covariance, index=labels, columns=labels, style="matrix")})
