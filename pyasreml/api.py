"""`asreml` and `update`: a call from its arguments to the fit object, stage by stage."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pyasreml import rprint
from pyasreml.bind import bind
from pyasreml.bind.bound import BoundModel
from pyasreml.call import (
    call_options,
    call_text,
    checked_lists,
    covariate_frames,
    formula_text,
    known_objects,
    marker_frames,
    match_arguments,
    refuse_missing_features,
)
from pyasreml.data import NaMethod
from pyasreml.design import build
from pyasreml.errors import AsremlError, FitError, warn
from pyasreml.fit.constraint_lists import constrained
from pyasreml.fit.core import Asreml, Recipe, check_fit
from pyasreml.fit.engine import Engine
from pyasreml.fit.factor_starts import from_fewer_factors
from pyasreml.fit.family import Family
from pyasreml.fit.marker_effects import check_markers
from pyasreml.fit.memory import Budget, Meter, memory_failed, predicted, report
from pyasreml.fit.param_lists import random_list, read_values, residual_list, table_of, warn_unused
from pyasreml.mme.equations import Equations
from pyasreml.model import model_spec, update_formula
from pyasreml.options import Options
from pyasreml.reml.edge import exact_estimates
from pyasreml.reml.exact import MAXIT
from pyasreml.reml.iterate import Estimates, Iterate
from pyasreml.reml.likeness import Likeness
from pyasreml.variance.build import VarianceModel, build_variance
from pyasreml.version import __version__

NOT_CONVERGED = "Log-likelihood not converged"
STILL_MOVING = "Some components changed by more than 1% on the last iteration"


@dataclass(frozen=True)
class StartValues:
    """What `asreml` returns with ``start_values=True``: lists and the table that can be edited and handed back."""

    G_param: dict[str, Any]
    R_param: dict[str, Any]
    vparameters_table: Any

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name.replace(".", "_"))


def asreml(fixed: Any = None, random: Any = None, sparse: Any = None, residual: Any = None, **arguments: Any) -> Any:
    """Fit a linear mixed model by residual maximum likelihood, as asreml-R does.

    Parameters
    ----------
    fixed : str or formula
        ``"yield ~ Variety * Nitrogen"``: response and fixed terms.
    random, sparse, residual : str or formula, optional
        One-sided formulas: ``"~ Blocks/Wplots"``, ``"~ ar1(Row):ar1(Column)"``, ``"~ dsum(~ units | Site)"``.
    **arguments
        asreml's other arguments, in Python or in R spelling (``na_action``, ``**{"na.action": …}``), by unique
        beginnings too: ``G_param``, ``R_param``, ``data``, ``na_action``, ``subset``, ``weights``, ``family``,
        ``start_values``, ``model_frame``, ``asmv``, ``group``, ``knot_points``, ``pwr_points``, ``equate_levels``,
        ``vcc``, ``vcm`` (see `vcm_lm`), ``mbf``, ``mef``, ``known``; and the options of `asreml_options` for this call:
        ``maxit``, ``trace``, ``workspace``, ``exact`` ….

    Returns
    -------
    Asreml
        The fit; with ``start_values=True`` a `StartValues` instead.

    Raises
    ------
    FormulaError, DataError, ModelError, FitError, UnsupportedError
        All are `AsremlError`.

    Warns
    -----
    AsremlWarning
        Not converged, components still moving, an argument that asreml does not have.

    Examples
    --------
    >>> import pyasreml as pa
    >>> data = {"y": [3.1, 5.2, 4.0, 8.4, 6.1, 9.0], "a": ["u", "v"] * 3, "b": ["1", "1", "2", "2", "3", "3"]}
    >>> fit = pa.asreml("y ~ a", random="~ b", data=data, trace=False)
    >>> fit.nedf
    4
    """
    given = {"fixed": fixed, "random": random, "sparse": sparse, "residual": residual}
    formals, options = match_arguments({**{k: v for k, v in given.items() if v is not None}, **arguments})
    return _fit(formals, options, restart=False)


def update(
    fit: Asreml, fixed: Any = None, random: Any = None, sparse: Any = None, residual: Any = None, **changes: Any
) -> Any:
    """Fit again, with changes, from where a fit ended.

    Parameters
    ----------
    fit : Asreml
    fixed, random, sparse, residual : str or formula, optional
        Changes by the rules of R's ``update.formula``: ``"~ . + x"``, ``"~ . - Rep"``. ``random_`` (R's ``random.``)
        is the same.
    **changes
        Other arguments and options, as in `asreml`.

    Returns
    -------
    Asreml
        A new fit. It starts from the variance parameters of `fit` (its boundary codes are kept), with the first step
        ``update_step_size``.

    Examples
    --------
    >>> import pyasreml as pa
    >>> data = {"y": [3.1, 5.2, 4.0, 8.4, 6.1, 9.0], "a": ["u", "v"] * 3, "b": ["1", "1", "2", "2", "3", "3"]}
    >>> fit = pa.asreml("y ~ a", random="~ b", data=data, trace=False)
    >>> pa.update(fit, fixed="~ . - a").formulae["fixed"]
    'y ~ 1'
    """
    check_fit(fit, "update()")
    formulas = {"fixed": fixed, "random": random, "sparse": sparse, "residual": residual}
    for name in formulas:
        for spelling in (f"{name}_", f"{name}."):
            if spelling in changes:
                formulas[name] = changes.pop(spelling)
    formals, options = match_arguments(changes)
    merged: dict[str, Any] = {**fit.recipe.arguments, **formals}
    merged["known"] = {**(fit.recipe.arguments.get("known") or {}), **(formals.get("known") or {})}
    for name, change in formulas.items():
        text = formula_text(change, name)
        if text is not None:
            old = formula_text(fit.recipe.arguments.get(name), name)
            merged[name] = update_formula(old, text)
    own: dict[str, Any] = {name: merged[name] for name in ("G_param", "R_param") if name in formals}
    merged.update(G_param=fit.G_param, R_param=fit.R_param)
    merged.update(own)
    return _fit(merged, {**fit.recipe.options, **options}, restart=True)


def _fit(formals: Mapping[str, Any], given_options: Mapping[str, Any], restart: bool) -> Any:
    """The stages of a call."""
    clock, meter = _Clock(), Meter()
    options, set_by_user = call_options(given_options)
    refuse_missing_features(formals)
    formals = checked_lists(formals)
    if formals.get("fixed") is None:
        raise AsremlError("asreml() needs fixed, a formula such as 'y ~ 1'")
    if formals.get("data") is None:
        raise AsremlError("asreml() needs data, a data frame or a dict of columns")
    texts = {part: formula_text(formals.get(part), part) for part in ("fixed", "random", "sparse", "residual")}
    assert texts["fixed"] is not None
    spec = model_spec(
        texts["fixed"],
        texts["random"],
        texts["sparse"],
        texts["residual"],
        keep_order=options.keep_order,
        asmv=_column_name(formals.get("asmv")),
    )
    known, data = known_objects(spec, formals)
    mbf = covariate_frames(formals.get("mbf"), formals.get("known") or {})
    mef = marker_frames(formals.get("mef"), formals.get("known") or {})
    formals = {**formals, "known": known or None, "data": data, "mbf": mbf}
    clock.lap("model")
    bound = bind(
        spec,
        data,
        subset=formals.get("subset"),
        na_action=_na_action(formals.get("na_action")),
        weights=_column_name(formals.get("weights")),
        knot_points=formals.get("knot_points"),
        pwr_points=formals.get("pwr_points"),
        equate_levels=formals.get("equate_levels") or (),
        group=formals.get("group"),
        known=known,
        mbf=mbf,
    )
    formals["mef"] = check_markers(mef, bound) or None
    clock.lap("data")
    variance = _variance(bound, formals, options)
    if formals.get("start_values"):
        return _start_values(bound, variance, formals["start_values"])
    budget = Budget(options, "workspace" in set_by_user)
    engine = Engine(bound, build(bound), variance, options, budget.check)
    clock.lap("design")
    budget.check_bytes(engine.bytes_before, "the decomposition of the known matrix")
    needs = engine.equations.needs
    memory = predicted(needs, meter)
    clock.lap("analysis")
    watch = _watcher(options.trace, engine)

    def to_edge() -> Equations:
        nonlocal memory
        equations = engine.equations_to_edge()
        memory = max(memory, predicted(equations.needs, meter))
        return equations

    try:
        estimates = _estimate(engine, options, set_by_user, restart, watch, to_edge)
    except MemoryError as error:
        raise memory_failed(error) from error
    clock.lap("iterations")
    needs = engine.equations.needs
    engine.remember(estimates.point)
    meter.look()
    recipe = Recipe({k: v for k, v in formals.items() if v is not None}, dict(given_options))
    fit = Asreml(engine, estimates, recipe, call_text(formals, given_options), options, clock.seconds, {})
    clock.lap("report")
    fit.memory.update(report(needs, memory, meter))
    if needs.factor > KEEP_FACTOR:
        engine.release()
    _warn(fit, estimates)
    return fit


KEEP_FACTOR = 64 * 1024**2
"""Factors larger than this many bytes are freed when the fit is made and built again when a question needs them."""


class _Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = now - self._last
        self._last = now


def _na_action(value: Any) -> NaMethod | None:
    if value is None or isinstance(value, NaMethod):
        return value
    raise AsremlError("na_action: na_method(y=…, x=…) is needed")


def _column_name(value: Any) -> str | None:
    """A bare name or text; R's ``weights = w``."""
    return None if value is None else str(getattr(value, "name", value))


def _variance(bound: BoundModel, formals: Mapping[str, Any], options: Options) -> VarianceModel:
    """Structures and the parameter table, start values and codes given by the user included."""
    family = formals.get("family")
    if callable(family):
        family = family()
    if family is not None and not isinstance(family, Family):
        raise AsremlError("family: asr_gaussian() is needed")
    dispersion = family.dispersion if family is not None else None
    variance = build_variance(
        bound, random_order=options.random_order, force_gamma=options.gammaPar, dispersion=dispersion
    )
    table = variance.parameters
    if table.sigma2 is not None:
        values, codes = read_values(formals.get("R_param"), "R.param")
        name = table.names[table.sigma2]
        if codes.get(name) == "F" and name in values:
            # a residual variance that the user holds: variances are themselves, not ratios to it
            variance = build_variance(bound, random_order=options.random_order, dispersion=values[name])
            table = variance.parameters
    for name, keep_codes in (("G_param", options.update_Gcon), ("R_param", options.update_Rcon)):
        values, codes = read_values(formals.get(name), name.replace("_", "."))
        if isinstance(formals.get(name), (str,)) or hasattr(formals.get(name), "columns"):
            warn_unused(values, variance, name.replace("_", "."))
        if name == "G_param":
            values = {**from_fewer_factors(bound, variance, values), **values}
        table = table.with_values(values, codes if keep_codes else {})
    if options.fixgammas:
        table = replace(table, codes=tuple("F" if i != table.sigma2 else c for i, c in enumerate(table.codes)))
    elif not formals.get("start_values"):
        table = constrained(table, formals.get("vcc"), formals.get("vcm"))
    return replace(variance, parameters=table)


def _start_values(bound: BoundModel, variance: VarianceModel, target: Any) -> StartValues:
    table = table_of(variance)
    if isinstance(target, str):
        table.to_csv(target, index=False)
    p = variance.parameters
    return StartValues(
        random_list(bound, variance, p.start, p.codes), residual_list(bound, variance, p.start, p.codes), table
    )


def _estimate(
    engine: Engine,
    options: Options,
    set_by_user: frozenset[str],
    restart: bool,
    watch: Any,
    to_edge: Callable[[], Equations],
) -> Estimates:
    if options.exact:
        maxit = options.maxit if "maxit" in set_by_user else MAXIT
        return exact_estimates(
            engine.equations,
            to_edge,
            maxit=maxit,
            ai_sing=options.ai_sing,
            release=restart,
            watch=watch,
        )
    return Likeness(
        engine.equations,
        step=options.update_step_size if restart else options.step_size,
        maxit=options.maxit,
        extra=options.extra,
        ai_sing=options.ai_sing,
        soft=options.fail == "soft",
        release=restart,
        watch=watch,
        to_edge=to_edge,
    ).run()


def _watcher(trace: Any, engine: Engine) -> Any:
    """What is called with each iterate: the user's callable, the printer of trace lines, or nothing."""
    if callable(trace):
        return trace
    if not trace:
        return None
    df, gamma = engine.equations.df, engine.variance.gamma
    sys.stdout.write(rprint.trace_header(__version__) + "\n")

    def line(iterate: Iterate) -> None:
        sigma2 = iterate.sigma2 if gamma else None
        sys.stdout.write(
            rprint.trace_line(iterate.number, iterate.loglik, sigma2, df, restrained=iterate.restrained) + "\n"
        )
        sys.stdout.flush()

    return line


def _warn(fit: Asreml, estimates: Estimates) -> None:
    if estimates.message:
        warn(estimates.message, stacklevel=4)
    if not estimates.converged:
        warn(NOT_CONVERGED, stacklevel=4)
    change = estimates.change
    if (change[change == change] > 1).any():
        warn(STILL_MOVING, stacklevel=4)
    if not estimates.converged:
        warn(
            "continue with update(fit), raise maxit, or give start values; "
            f"the largest change in the last iteration was in {_most_moved(fit)}",
            stacklevel=4,
        )


def _most_moved(fit: Asreml) -> str:
    change = fit.vparameters_pc.fillna(-1)
    return str(change.idxmax()) if len(change) else "nothing"


__all__ = ["AsremlError", "FitError", "StartValues", "asreml", "update"]
