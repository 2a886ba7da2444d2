"""Fitted values and residuals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pyasreml.errors import AsremlError, UnsupportedError
from pyasreml.fit.components import require_fit

__all__ = ["fitted", "resid", "residuals"]

_TYPES = ("default", "working", "response", "pearson", "deviance", "stdCond")


def _choice(value: str, among: tuple[str, ...], argument: str, question: str) -> str:
    """The one of `among` that `value` names or begins, as R matches arguments."""
    if value in among:
        return value
    near = [a for a in among if a.startswith(value)]
    if len(near) == 1:
        return near[0]
    raise AsremlError(f"{question}: {argument} is one of {', '.join(among)}, not {value!r}")


def fitted(fit: Any, type: str = "response") -> pd.Series:
    """Fitted values in data order, NaN where the response is missing.

    Parameters
    ----------
    fit : Asreml
    type : {"response", "link"}
        The same for a gaussian response.

    Examples
    --------
    >>> import pyasreml as pa
    >>> from pyasreml.demo.oats import oats
    >>> fit = pa.asreml("yield ~ Variety*Nitrogen", random="~ Blocks/Wplots", data=oats(), trace=False)
    >>> pa.fitted(fit).round(3).tolist()[:2]
    [110.998, 129.164]
    """
    require_fit(fit, "fitted()")
    _choice(type, ("response", "link"), "type", "fitted()")
    return fit.linear_predictors.rename(None)


def residuals(fit: Any, type: str = "default", spatial: str = "trend") -> pd.Series:
    """Residuals in data order, NaN where the response is missing.

    Parameters
    ----------
    fit : Asreml
    type : {"default", "working", "response", "pearson", "deviance", "stdCond"}
        ``default`` is ``working``. For a gaussian response the first three are response less fitted value, and
        ``pearson`` and ``deviance`` are that times the root of the weight (McCullagh and Nelder 1989, section 2.4).
    spatial : {"trend", "plot"}
        In a model with a random term ``units`` the residuals are the correlated process (``trend``); ``plot`` gives
        the ``units`` effects. Without that term there is only one kind.

    Raises
    ------
    UnsupportedError
        For ``stdCond``: the standardised conditional residuals of ``aom = TRUE`` are not stored.
    AsremlError
        For an unknown type.

    Examples
    --------
    >>> import pyasreml as pa
    >>> from pyasreml.demo.oats import oats
    >>> fit = pa.asreml("yield ~ Variety*Nitrogen", random="~ Blocks/Wplots", data=oats(), trace=False)
    >>> pa.residuals(fit).round(3).tolist()[:2]
    [0.002, 0.836]
    """
    require_fit(fit, "residuals()")
    kind = _choice(type, _TYPES, "type", "residuals()")
    if kind == "stdCond":
        raise UnsupportedError("aom", 'residuals(type = "stdCond") needs a fit with aom = TRUE')
    if _choice(spatial, ("trend", "plot"), "spatial", "residuals()") == "plot":
        nugget = _units_effects(fit)
        if nugget is not None:
            return nugget
    values: pd.Series = fit.residuals.rename(None)
    weights = _weights(fit)
    if kind in ("pearson", "deviance") and weights is not None:
        values = values * np.sqrt(weights)
    return values


resid = residuals


def _units_effects(fit: Any) -> pd.Series | None:
    """Effects of a random term ``units`` in data order."""
    start = 0
    for label, size in fit.term_of_effect("random"):
        if label == "units":
            effects = fit.coefficients["random"]["effect"].to_numpy(dtype=float)[start : start + size]
            effects = effects[fit.engine.bound.frame.unit_codes]
            return pd.Series(np.where(fit.residuals.isna(), np.nan, effects), index=fit.residuals.index)
        start += size
    return None


def _weights(fit: Any) -> np.ndarray | None:
    """Prior weights, one a record, where the fit has them."""
    equations = getattr(getattr(fit, "engine", None), "equations", None)
    return getattr(equations, "weights", None)
