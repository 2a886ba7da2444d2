"""From the variance parameters of a fit to components of variance: values, standard errors, covariances.

In a fit with the gamma parameterisation variances are ratios to the residual variance; a component is the ratio
times ``sigma2``, and its standard error comes by the delta method from the inverse average information, whose
``…!R`` row is that of ``sigma2``. The ratio is the one after the last update, the information that of the last
evaluated point, as in asreml 4.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pyasreml.errors import AsremlError, ModelError

__all__ = [
    "component_covariance",
    "components",
    "number_of_parameters",
    "require_fit",
    "residual_row",
    "standard_errors",
]

FloatArray = npt.NDArray[np.float64]

NOT_ESTIMATED = ("F", "B", "S")
"""Codes of parameters that have no standard error: fixed, at a boundary, singular."""


def require_fit(fit: Any, question: str) -> None:
    """Raise an `AsremlError` unless `fit` is a fitted model."""
    if not (hasattr(fit, "vparameters") and hasattr(fit, "loglik")):
        raise AsremlError(f"{question} needs a fit that asreml() returned, not {type(fit).__name__}")


def residual_row(fit: Any) -> int | None:
    """Position of the ``…!R`` parameter that stands for ``sigma2`` in a gamma fit; None in a sigma fit.

    Raises
    ------
    ModelError
        If a gamma fit does not have exactly one such parameter.
    """
    if not fit.gamma:
        return None
    found = [i for i, name in enumerate(fit.vparameters.index) if str(name).endswith("!R")]
    if len(found) != 1:
        raise ModelError(f"a fit on the gamma scale has one parameter that ends in '!R', this one has {len(found)}")
    return found[0]


def _scaled(fit: Any) -> npt.NDArray[np.bool_]:
    """Which parameters are ratios to sigma2: all but correlations (types R and P) of a gamma fit."""
    types = fit.vparameters_type.to_numpy(dtype=object)
    return np.array([fit.gamma and t not in ("R", "P", "L") for t in types], dtype=bool)


def _factors(fit: Any) -> FloatArray:
    """Component of a parameter over the parameter: sigma2 for ratios, its root for loadings, 1 for correlations."""
    types = fit.vparameters_type.to_numpy(dtype=object)
    loadings = np.array([fit.gamma and t == "L" for t in types], dtype=bool)
    return np.where(_scaled(fit), fit.sigma2, np.where(loadings, np.sqrt(fit.sigma2), 1.0))


def components(fit: Any) -> FloatArray:
    """Variance parameters on the scale of the data, in the order of ``vparameters``, shape (nwv,)."""
    values: FloatArray = fit.vparameters.to_numpy(dtype=float) * _factors(fit)
    return values


def component_covariance(fit: Any) -> FloatArray:
    """Asymptotic covariance matrix of `components`, shape (nwv, nwv).

    ``J A J'`` with A the inverse average information and J the derivatives of the components by the parameters,
    ``sigma2`` being the parameter of the ``…!R`` row of a gamma fit. Rows of parameters that were fixed or frozen at a
    boundary are 0.
    """
    information = np.asarray(fit.ai, dtype=float)
    theta = fit.vparameters.to_numpy(dtype=float)
    jacobian = np.diag(_factors(fit))
    row = residual_row(fit)
    if row is not None:
        share = np.where(_scaled(fit), theta, 0.0)
        loading = fit.vparameters_type.to_numpy(dtype=object) == "L"
        share = np.where(loading, theta / (2 * np.sqrt(fit.sigma2)), share)
        jacobian[:, row] = share
        jacobian[row, row] = theta[row]
    covariance: FloatArray = jacobian @ information @ jacobian.T
    return covariance


def standard_errors(fit: Any) -> FloatArray:
    """Standard errors of `components`; NaN for fixed, boundary and singular parameters, shape (nwv,)."""
    variance = np.diag(component_covariance(fit)).copy()
    codes = fit.vparameters_con.to_numpy(dtype=object)
    variance[np.isin(codes, NOT_ESTIMATED) | ~(variance > 0)] = np.nan
    errors: FloatArray = np.sqrt(variance)
    return errors


def number_of_parameters(fit: Any) -> int:
    """Variance parameters that count in ``aic``, ``bic`` and ``lrt``: all but the fixed ones (code F).

    Of those that ``vcc`` or ``vcm`` constrain as many count as are estimated freely.
    """
    constraint = fit.engine.variance.parameters.constraint if hasattr(fit, "engine") else None
    follow = 0 if constraint is None else int(constraint.follows.sum())
    return int((fit.vparameters_con.to_numpy(dtype=object) != "F").sum()) - follow
