"""Wald tests of the fixed terms: the incremental table, and F tests with denominator degrees of freedom."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import chdtrc, fdtrc

from pyasreml.errors import AsremlError, ModelError, warn
from pyasreml.fit.components import require_fit
from pyasreml.fit.ftest import requested_test
from pyasreml.fit.kenward_roger import Adjustment, FTest, KenwardRoger, contrast
from pyasreml.fit.marginality import Margin, margins
from pyasreml.fit.strata import asv
from pyasreml.fit.wald_table import incremental_table
from pyasreml.reml.information import inverse
from pyasreml.rprint import RList, RTable, round_r, signif, zapsmall

__all__ = ["WaldTests", "wald"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

DEN_DF = ("none", "default", "numeric", "algebraic")
SS_TYPE = ("incremental", "conditional")
KENADJ = ("none", "expected", "observed")
SMALLEST_P = float(np.finfo(float).eps)
"""A smaller p value is 0, as in the tables of asreml 4.2."""


class WaldTests(RList):
    """F tests of the fixed terms: ``Wald``, and ``stratumVariances`` where the model has strata (else None)."""

    __slots__ = ()

    def format_r(self) -> str:
        """The tests as asreml prints them, five digits a column; with strata, both tables under their names."""
        if self["stratumVariances"] is not None:
            return super().format_r()
        table: RTable = self["Wald"]
        shown = {
            name: column if name in ("Df", "Margin") else zapsmall(column.to_numpy(float), 5)
            for name, column in table.items()
        }
        return "\n" + RTable(shown, index=table.index, digits=5).format_r()


def wald(
    fit: Any,
    Ftest: Any = None,
    denDF: str = "none",
    ssType: str = "incremental",
    kenadj: str = "none",
    **options: Any,
) -> RTable | WaldTests:
    """Test the fixed terms.

    By default the stored sums of squares are tested, each term adjusted for those above it. Any other request refits
    the model from its estimates and gives F tests at the parameters that the refit ends with.

    Parameters
    ----------
    fit : Asreml
    Ftest : str or formula, optional
        ``"~ term | background"``: test one term given `background`, the intercept and the sparse terms only.
    denDF : {"none", "default", "numeric", "algebraic"}
        Denominator degrees of freedom after Kenward & Roger (1997), with which F is scaled. asreml's three ways differ
        in how it differentiates; derivatives here are exact in all of them.
    ssType : {"incremental", "conditional"}
        Conditional tests adjust a term for all terms that do not contain it.
    kenadj : {"none", "expected", "observed"}
        Adjust the variance matrix of the fixed effects for the estimation of the variances, by the expected or by the
        observed information (first derivatives of the variance matrix only).
    **options
        Arguments of the refit: ``trace=False``, ``maxit`` ….

    Returns
    -------
    RTable or WaldTests
        The incremental table (``Df``, ``Sum of Sq``, ``Wald statistic``, ``Pr(Chisq)``), or a list. Its ``.Wald`` has
        ``Df``, ``denDF`` (one decimal), ``F.inc`` (four significant digits), with conditional tests ``F.con`` and
        ``Margin``, and ``Pr``, computed from unrounded values; in conditional tables denDF and Pr belong to F.con.
        ``.stratumVariances`` is the table of `asv` at the same parameters, or None.

    Raises
    ------
    AsremlError
        For a value that is none of the choices (their beginnings are taken, as in R).
    FormulaError
        For an `Ftest` that names no fixed term of the model.

    Examples
    --------
    >>> import pyasreml as pa
    >>> from pyasreml.demo.oats import oats
    >>> fit = pa.asreml("yield ~ Variety*Nitrogen", random="~ Blocks/Wplots", data=oats(), trace=False)
    >>> print(pa.wald(fit, denDF="numeric").Wald)
                     Df denDF    F.inc           Pr
    (Intercept)       1     5 245.1000 1.931825e-05
    Variety           2    10   1.4850 2.723869e-01
    Nitrogen          3    45  37.6900 2.457710e-12
    Variety:Nitrogen  6    45   0.3028 9.321988e-01
    """
    require_fit(fit, "wald()")
    den_df = match_choice(denDF, DEN_DF, "denDF") != "none"
    conditional = match_choice(ssType, SS_TYPE, "ssType") == "conditional"
    adjust = cast(Adjustment, match_choice(kenadj, KENADJ, "kenadj"))
    asked = None if Ftest is None else requested_test(Ftest, fit.engine.bound.fixed)
    if not den_df and not conditional and adjust == "none" and asked is None:
        idle = sorted(name for name in options if name not in ("trace", "maxit"))
        if idle:
            warn(f"wald(): {', '.join(idle)} has no effect here: this table is made without a refit")
        return incremental_table(fit)
    refit = fit.update(**options)
    if den_df and refit.options.trace and not callable(refit.options.trace):
        sys.stdout.write("Calculating denominator DF\n")
    theta, codes = refit.estimates.theta, refit.estimates.codes
    tests = KenwardRoger(refit.engine, theta, codes, adjust)
    if tests.covariance is None and (den_df or adjust != "none"):
        warn("wald(): the information matrix of the variance parameters is not positive definite; denDF is missing")
    table = _table(refit, tests, den_df, conditional or asked is not None, asked)
    return WaldTests({"Wald": table, "stratumVariances": _strata(refit, theta)})


def match_choice(value: Any, choices: Sequence[str], name: str) -> str:
    """The choice that `value` is, or begins, as R's ``match.arg``.

    Examples
    --------
    >>> match_choice("num", ("none", "default", "numeric"), "denDF")
    'numeric'
    """
    text = str(value)
    if text in choices:
        return text
    begun = [c for c in choices if text and c.startswith(text)]
    if len(begun) != 1:
        shown = ", ".join(f"'{c}'" for c in choices)
        raise AsremlError(f"wald(): {name} should be one of {shown}, not {value!r}")
    return begun[0]


def _table(
    fit: Any, tests: KenwardRoger, den_df: bool, conditional: bool, asked: tuple[int, tuple[int, ...]] | None
) -> RTable:
    bound, design = fit.engine.bound, fit.engine.design
    count = len(bound.fixed)
    ranks = [t.rank for t in design.fixed_terms[:count]]
    columns = [np.arange(t.first, t.first + t.rank) for t in design.fixed_terms[:count]]

    def test(term: int, without: Sequence[int]) -> FTest:
        out = np.concatenate([columns[j] for j in without]) if without else np.zeros(0, np.int64)
        return tests.test(contrast(tests.phi, tests.tau, columns[term], out), den_df)

    incremental = [test(i, range(i + 1, count)) for i in range(count)]
    shown: dict[str, Any] = {"Df": np.array(ranks, float)}
    decisive = incremental
    if conditional:
        places = list(margins(bound.fixed, ranks, bound.frame.arrays, fit.engine.equations.observed))
        if asked is not None:
            places[asked[0]] = Margin("", asked[1])
        decisive = [
            first if places[i].above == tuple(range(i + 1, count)) else test(i, places[i].above)
            for i, first in enumerate(incremental)
        ]
    shown["denDF"] = round_r([t.den_df for t in decisive], 1)
    shown["F.inc"] = signif([t.F for t in incremental], 4)
    if conditional:
        shown["F.con"] = signif([t.F for t in decisive], 4)
        shown["Margin"] = [place.letter for place in places]
    shown["Pr"] = [_p_value(t) for t in decisive]
    return RTable(shown, index=pd.Index([t.label for t in bound.fixed]))


def _p_value(test: FTest) -> float:
    if np.isnan(test.den_df) or np.isnan(test.F):
        return np.nan
    p = chdtrc(test.df, test.df * test.F) if np.isinf(test.den_df) else fdtrc(test.df, test.den_df, test.F)
    return float(p) if p >= SMALLEST_P else 0.0


def _strata(fit: Any, theta: FloatArray) -> RTable | None:
    """Strata at the parameters tested; None for models that are not of free variance components."""
    if "C" in fit.estimates.codes:
        return None
    point = fit.engine.at(theta, derivatives=True).point
    live = np.array([i for i, c in enumerate(fit.estimates.codes) if c not in ("F", "B", "S") and point.ai[i, i] > 0])
    at = SimpleNamespace(
        loglik=point.loglik,
        gamma=fit.gamma,
        sigma2=point.sigma2,
        vparameters=fit.vparameters,
        vparameters_type=fit.vparameters_type,
        vparameters_con=fit.vparameters_con,
        ai=inverse(point.ai, live.astype(np.int64)),
        noeff=fit.noeff,
    )
    try:
        return cast(RTable, asv(at)) if live.size > 1 else None
    except (ModelError, np.linalg.LinAlgError):
        return None
