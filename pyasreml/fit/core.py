"""`Asreml`, the fit object: asreml's components under asreml's names. Immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pyasreml.errors import AsremlError
from pyasreml.fit import effects, fixed_tests, marker_effects, param_lists
from pyasreml.fit.effects import Parts
from pyasreml.fit.engine import Engine
from pyasreml.reml.iterate import Estimates

if TYPE_CHECKING:
    from pyasreml.options import Options

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Recipe:
    """How the fit was asked for, so that `update` can ask again.

    Attributes
    ----------
    arguments : mapping
        Arguments of `asreml` as given, by their names in R with dots as underscores.
    options : mapping
        Options of the call.
    """

    arguments: Mapping[str, Any]
    options: Mapping[str, Any]


class Asreml:
    """A fitted model.

    Attributes are asreml's components; dots are underscores. ``fit["vparameters.con"]`` works too.

    Attributes
    ----------
    loglik, sigma2 : float
        At the last **evaluated** parameters.
    nedf, nwv, nsing : int
        Residual degrees of freedom, variance parameters, singular equations.
    converge : bool
    ifault : int
    vparameters : Series
        After the last update: ratios on the gamma scale, with 1 in the ``!R`` row.
    vparameters_con, vparameters_type, vparameters_pc : Series
    coefficients, vcoeff : Parts
        Effects; variances of estimates or prediction errors divided by sigma2.
    residuals, linear_predictors, hat : Series
        One a row of the model frame, NaN where y is missing.
    trace : DataFrame
        Rows LogLik, Sigma2, DF, stepsz and the parameters; a column an iteration and the extra last one.
    ai : float array (nwv, nwv)
        Inverse average information, in the order of `vparameters`.
    noeff, yssqu : Series
    aov : DataFrame
    G_param, R_param : dict
        Start-value lists that `asreml` takes back.
    timings, memory : dict
        Seconds by stage; bytes.
    """

    engine: Engine
    estimates: Estimates
    recipe: Recipe
    call: str
    options: Options
    timings: dict[str, float]
    memory: dict[str, float]
    loglik: float
    sigma2: float
    gamma: bool
    response: str
    nedf: int
    nwv: int
    nsing: int
    deviance: float
    converge: bool
    ifault: int
    last_message: str
    det: float
    ai: FloatArray
    formulae: dict[str, str | None]
    core_version: str
    _found: effects.Effects

    def __init__(
        self,
        engine: Engine,
        estimates: Estimates,
        recipe: Recipe,
        call: str,
        options: Options,
        timings: dict[str, float],
        memory: dict[str, float],
    ):
        bound, table = engine.bound, engine.variance.parameters
        set_ = self._set
        set_("engine", engine)
        set_("estimates", estimates)
        set_("recipe", recipe)
        set_("call", call)
        set_("options", options)
        set_("timings", timings)
        set_("memory", memory)
        point = estimates.point
        set_("loglik", point.loglik)
        set_("sigma2", point.sigma2)
        set_("gamma", engine.variance.gamma)
        set_("response", bound.response)
        set_("nedf", engine.equations.df)
        set_("nwv", len(table))
        set_("nsing", engine.design.aliased)
        set_("deviance", 0.0)
        set_("converge", estimates.converged)
        set_("ifault", 0 if estimates.converged else 1)
        set_("last_message", estimates.message or ("" if estimates.converged else "Log-likelihood not converged"))
        set_("det", effects.logdet_c(engine, estimates))
        set_("ai", estimates.ai_inverse)
        set_("formulae", dict(bound.formulae))
        set_("core_version", "4.2")
        set_("_found", effects.collect(engine, estimates))

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a fit is immutable: '{name}' cannot be set; update() returns a new fit")

    def __getitem__(self, name: str) -> Any:
        key = name.replace(".", "_")
        if key.startswith("_") or not hasattr(self, key):
            raise KeyError(name)
        return getattr(self, key)

    # ---- tables made at first use

    @cached_property
    def coefficients(self) -> Parts:
        """Effects of the fixed, random and sparse terms."""
        return self._found.coefficients

    @cached_property
    def vcoeff(self) -> Parts:
        """Variances of estimates or prediction errors, divided by sigma2."""
        return self._found.variances

    @cached_property
    def linear_predictors(self) -> pd.Series[float]:
        """Fitted values, NaN where y is missing."""
        return self._found.fitted

    @cached_property
    def residuals(self) -> pd.Series[float]:
        """Residuals, NaN where y is missing."""
        return self._found.residuals

    @cached_property
    def noeff(self) -> pd.Series[float]:
        """Estimable effects of fixed terms, all effects of the others."""
        return self._found.noeff

    @cached_property
    def vparameters(self) -> pd.Series[float]:
        """Variance parameters after the last update: ratios on the gamma scale."""
        return self._by_parameter(self.estimates.theta)

    @cached_property
    def vparameters_con(self) -> pd.Series[str]:
        """Constraint codes P U F B S."""
        return self._by_parameter(np.array(self.estimates.codes, object))

    @cached_property
    def vparameters_type(self) -> pd.Series[str]:
        """Types V G R C L."""
        return self._by_parameter(np.array(self.engine.variance.parameters.types, object))

    @cached_property
    def vparameters_pc(self) -> pd.Series[float]:
        """Percentage change in the last update, NaN for B and S."""
        return self._by_parameter(self.estimates.change)

    def _by_parameter(self, values: npt.NDArray[Any]) -> pd.Series[Any]:
        return pd.Series(values, index=pd.Index(self.engine.variance.parameters.names))

    @cached_property
    def trace(self) -> pd.DataFrame:
        """Rows LogLik, Sigma2, DF, stepsz and the parameters; a column an iteration and the extra last one."""
        iterates = self.estimates.iterates
        columns = [np.concatenate([[i.loglik, i.sigma2, self.nedf, i.step], i.theta]) for i in iterates]
        last = columns[-1].copy()
        last[4:] = self.estimates.theta
        rows = ["LogLik", "Sigma2", "DF", "stepsz", *self.engine.variance.parameters.names]
        return pd.DataFrame(
            np.array([*columns, last]).T, index=pd.Index(rows), columns=[str(k) for k in range(1, len(columns) + 2)]
        )

    @cached_property
    def hat(self) -> pd.Series[float]:
        """Prediction variances of the fitted values."""
        return pd.Series(fixed_tests.hat_values(self), index=self.residuals.index)

    @cached_property
    def yssqu(self) -> pd.Series[float]:
        """Sequential sums of squares of the fixed terms."""
        labels, values = fixed_tests.sequential_squares(self)
        return pd.Series(values, index=pd.Index(labels))

    @cached_property
    def aov(self) -> pd.DataFrame:
        """Degrees of freedom and incremental F of the fixed terms."""
        return fixed_tests.aov_table(self)

    @cached_property
    def Cfixed(self) -> pd.DataFrame | None:
        """Variance matrix of the fixed effects, with ``Cfixed = TRUE``."""
        return fixed_tests.fixed_variance(self) if self.options.Cfixed else None

    @cached_property
    def design(self) -> pd.DataFrame | None:
        """The design matrix, sparse, with ``design = TRUE``: all fixed levels, then random terms by size."""
        return effects.design_frame(self.engine) if self.options.design else None

    @cached_property
    def G_param(self) -> dict[str, Any]:
        """Start-value list of the random terms at the final parameters."""
        return param_lists.g_param(self)

    @cached_property
    def R_param(self) -> dict[str, Any]:
        """Start-value list of the residual sections at the final parameters."""
        return param_lists.r_param(self)

    @cached_property
    def meff(self) -> dict[str, pd.DataFrame] | None:
        """With ``mef``: effects of the markers behind ``vm()``, a frame with the column ``effect`` by term."""
        tables = self.recipe.arguments.get("mef")
        return marker_effects.marker_effects(self, tables) if tables else None

    @cached_property
    def mf(self) -> pd.DataFrame | None:
        """The model frame: columns used, ``units`` included. None with ``model_frame = FALSE``."""
        return self.model_frame() if self.recipe.arguments.get("model_frame", True) else None

    def model_frame(self) -> pd.DataFrame:
        """The columns used, ``units`` included, whether the call keeps them as ``mf`` or not."""
        frame = self.engine.bound.frame
        columns: dict[str, Any] = {}
        for name, column in frame.columns.items():
            if column.is_factor:
                columns[name] = pd.Categorical.from_codes(column.array.astype(int), categories=pd.Index(column.levels))
            else:
                columns[name] = column.values
        units = pd.Index([str(i + 1) for i in range(frame.n_units)])
        columns["units"] = pd.Categorical.from_codes(frame.unit_codes, categories=units)
        number = frame.rows if frame.units is None else np.arange(len(frame))
        return pd.DataFrame(columns, index=pd.Index(number + 1))

    def term_of_effect(self, part: str) -> list[tuple[str, int]]:
        """(term label, number of effects) in the order of ``coefficients[part]``: asreml's attribute ``terms``."""
        found: list[tuple[str, int]] = list(self._found.terms[part])
        return found

    # ---- questions as methods; each is one function elsewhere

    def summary(self, **arguments: Any) -> Any:
        """See `pyasreml.summary`."""
        from pyasreml.fit.summary import summary

        return summary(self, **arguments)

    def coef(self, **arguments: Any) -> Any:
        """See `pyasreml.coef`."""
        from pyasreml.fit.coef import coef

        return coef(self, **arguments)

    def fitted(self, **arguments: Any) -> Any:
        """See `pyasreml.fitted`."""
        from pyasreml.fit.residuals import fitted

        return fitted(self, **arguments)

    def resid(self, **arguments: Any) -> Any:
        """See `pyasreml.residuals`."""
        from pyasreml.fit.residuals import residuals

        return residuals(self, **arguments)

    def wald(self, **arguments: Any) -> Any:
        """See `pyasreml.wald`."""
        from pyasreml.fit.wald import wald

        return wald(self, **arguments)

    def predict(self, classify: str, **arguments: Any) -> Any:
        """See `pyasreml.predict`."""
        from pyasreml.fit.predict import predict

        return predict(self, classify, **arguments)

    def lrt(self, *others: Any, **arguments: Any) -> Any:
        """See `pyasreml.lrt`."""
        from pyasreml.fit.lrt import lrt

        return lrt(self, *others, **arguments)

    def vpredict(self, formula: Any) -> Any:
        """See `pyasreml.vpredict`."""
        from pyasreml.fit.vpredict import vpredict

        return vpredict(self, formula)

    def update(self, *arguments: Any, **changes: Any) -> Asreml:
        """See `pyasreml.update`."""
        from pyasreml.api import update

        return update(self, *arguments, **changes)

    def plot(self, **arguments: Any) -> Any:
        """See `pyasreml.plot`."""
        from pyasreml.fit.plots import plot

        return plot(self, **arguments)

    def __repr__(self) -> str:
        from pyasreml.fit.display import fit_text

        return fit_text(self)

    def _repr_html_(self) -> str:
        from pyasreml.fit.display import fit_html

        return fit_html(self)


def check_fit(fit: Any, what: str) -> Asreml:
    """`fit` if it is one, else an error that says what was expected."""
    if not isinstance(fit, Asreml):
        raise AsremlError(f"{what}: an asreml fit is needed, not {type(fit).__name__}")
    return fit
