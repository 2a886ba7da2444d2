"""``predict``: tables of predictions from a fit, with standard errors, at the final variance parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pyasreml.design import flat_columns
from pyasreml.errors import FitError, UnsupportedError
from pyasreml.fit.core import check_fit
from pyasreml.fit.engine import Engine, State
from pyasreml.fit.memory import ALWAYS_ALLOWED, available_bytes, size_text
from pyasreml.fit.prediction_cells import classify_columns, make_cells
from pyasreml.fit.prediction_estimable import estimable_rows
from pyasreml.fit.prediction_notes import notes
from pyasreml.fit.prediction_rows import join_columns, term_rows
from pyasreml.fit.prediction_sets import choose_sets, model_variables, name_list
from pyasreml.fit.prediction_variances import (
    BLOCK,
    SymmetricMatrix,
    difference_errors,
    spread_out,
    variance_matrix,
    variances,
)
from pyasreml.fit.prediction_weights import make_averagings, read_requests
from pyasreml.linalg import Csr
from pyasreml.mme.equations import take_rows
from pyasreml.options import current_options, workspace_bytes
from pyasreml.rprint import RList, RTable

__all__ = ["predict"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

STATUS = ("Aliased", "Estimable")


def predict(
    fit: Any,
    classify: str | None = None,
    levels: Mapping[str, Any] | None = None,
    present: Any = None,
    ignore: Any = (),
    use: Any = (),
    except_: Any = (),
    only: Any = (),
    associate: Any = None,
    average: Any = None,
    vcov: bool = False,
    sed: bool = False,
    parallel: Any = False,
    aliased: bool = False,
    design_points: Mapping[str, Any] | None = None,
    **options: Any,
) -> RList:
    """Predict the cells of a table, averaging over the other variables of the model.

    Parameters
    ----------
    fit : Asreml
    classify : str
        Factors and covariates of the table, ``"Nitrogen"``, ``"Variety:Nitrogen"``; ``"(Intercept)"`` or
        ``"Intercept"`` for the overall mean.
    levels : mapping, optional
        By variable: names or positions (from 1) of levels, values of covariates. Of a factor that is averaged over:
        the levels to average. Covariates without values are held at their mean.
    present : names, list of two sets of names, or mapping, optional
        Average over those combinations of these factors only that are in the data. A mapping may hold weights of
        the table of the first set under ``prwts``.
    use, ignore, except_, only : str or sequence of str
        Terms to add; terms to leave out; all terms but these; these terms alone.
    associate : str, optional
        Nested factors, the outer one first: ``"~ region:location"``. A level is predicted together with the levels
        that it lies in, and averages give equal weights to the innermost levels.
    average : names or mapping, optional
        Factors to move from the ignored into the averaging set; by name their weights, which are used as given.
    vcov, sed : bool
        Add the variance matrix of the predictions; the standard errors of all differences.
    parallel : bool or names
        The classifying variables run through their `levels` together instead of being crossed.
    aliased : bool
        Give values for predictions that are not estimable too.
    design_points : mapping, optional
        Values of covariates, as `levels`.
    **options
        Arguments of the refit: ``trace=False``, ``maxit``, ``data``, and ``pworkspace``, the memory that the
        predictions may take.

    Returns
    -------
    RList
        ``pvals``: an `RTable` of the classifying columns, ``predicted.value``, ``std.error`` and ``status`` with notes
        in its ``heading``, the first classifying variable varying slowest. ``avsed``: a Series, ``overall`` being the
        root of the mean variance of a difference; with `sed` the ``min``, ``mean`` and ``max`` standard error of a
        difference. ``sed`` (its diagonal NaN) and ``vcov``: arrays in the order of `pvals`, None where not asked for
        or where no prediction is estimable.

    Raises
    ------
    AsremlError
        For names, levels and weights that do not fit the model, with near names.
    FitError
        If more memory is needed than there is.

    Notes
    -----
    The model is refitted from its estimates, as asreml does, and prints a short trace where tracing is on. Predictions
    belong to the parameters after the refit's last update, where σ² is profiled once more. See Gilmour et al. (2004,
    Comput. Stat. Data Anal. 44:571) and Welham et al. (2004, Aust. N. Z. J. Stat. 46:325).

    Examples
    --------
    >>> import pyasreml as pa
    >>> data = {"y": [3.1, 5.2, 4.0, 8.4, 6.1, 9.0], "a": ["u", "v"] * 3, "b": ["1", "1", "2", "2", "3", "3"]}
    >>> fit = pa.asreml("y ~ a", random="~ b", data=data, trace=False)
    >>> pa.predict(fit, classify="a", trace=False).pvals["predicted.value"].round(4).tolist()
    [4.4, 7.5333]
    """
    check_fit(fit, "predict()")
    refit = fit.update(**_refit_options(options))
    bound, engine = refit.engine.bound, refit.engine
    variables = model_variables(bound)
    requests = read_requests(variables, average, present, associate)
    sets = choose_sets(
        bound,
        variables,
        classify,
        requests.forced,
        use=name_list(use),
        ignore=name_list(ignore),
        except_=name_list(except_),
        only=name_list(only),
    )
    cells = make_cells(sets, variables, levels, design_points, parallel)
    averagings = make_averagings(sets, cells, variables, requests)
    there = np.ones(cells.size, dtype=bool)
    for averaging in averagings:
        there &= averaging.group >= 0
    parts = [(term, term_rows(term, cells, averagings, variables)) for term in sets.terms]
    fixed, groups = _fixed_effects(engine, parts, cells.size), _groups(engine, parts, cells.size)
    estimable = there & estimable_rows(bound, engine.design, fixed, groups)
    rows = _equations(engine, parts, cells.size)
    shown = there if aliased else estimable
    _check_memory(refit, int(shown.sum()), sed or vcov)
    state = engine.at(refit.estimates.theta)
    items = _results(state, rows, shown, sed, vcov)
    table = RTable(
        {
            **classify_columns(sets, cells, variables),
            "predicted.value": items.pop("value"),
            "std.error": items.pop("error"),
            "status": pd.Categorical(np.where(estimable, *reversed(STATUS)), categories=pd.Index(STATUS)),
        },
        index=pd.RangeIndex(1, cells.size + 1),
        heading=notes(sets, cells, averagings, variables, int((~estimable).sum()), aliased),
    )
    return RList({"pvals": table, **items}, absent=("sed", "vcov"))


def _results(state: State, rows: Csr, shown: BoolArray, sed: bool, vcov: bool) -> dict[str, Any]:
    """Values, standard errors and what belongs to differences, NaN for predictions that are not shown."""
    value, error = np.full(shown.size, np.nan), np.full(shown.size, np.nan)
    mine = take_rows(rows, np.flatnonzero(shown))
    sigma2 = state.point.sigma2
    items: dict[str, Any] = {"value": value, "error": error}
    if not shown.any():
        return {**items, "avsed": pd.Series({"overall": math.nan})}
    value[shown] = mine.dot(state.point.solution)
    spread, mean = variances(state.numeric, mine, sigma2)
    error[shown] = np.sqrt(spread)
    items["avsed"] = pd.Series({"overall": math.sqrt(mean)})
    if not (sed or vcov):
        return items
    matrix = variance_matrix(state.numeric, mine, sigma2)
    if sed:
        errors = difference_errors(matrix)
        pairs = errors[np.triu_indices(len(errors), 1)]
        if pairs.size:
            items["avsed"] = pd.Series({"min": pairs.min(), "mean": pairs.mean(), "max": pairs.max()})
        items["sed"] = SymmetricMatrix(spread_out(errors, shown))
    if vcov:
        items["vcov"] = SymmetricMatrix(spread_out(matrix, shown))
    return items


def _fixed_effects(engine: Engine, parts: list[tuple[Any, Csr]], size: int) -> Csr:
    """Prediction rows over all fixed and sparse effects, aliased ones included."""
    widths = [term.width for term in engine.design.fixed_terms]
    first = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
    mine = [(block, first[t.index] + np.arange(widths[t.index])) for t, block in parts if not t.random]
    return join_columns(mine, size, int(first[-1]))


def _groups(engine: Engine, parts: list[tuple[Any, Csr]], size: int) -> Csr:
    """Prediction rows over the fixed effects inside random terms, genetic groups, aliased ones included."""
    flat = engine.design.flat
    first = np.concatenate([[0], np.cumsum([0 if f is None else f.kept.size for f in flat])]).astype(np.int64)
    mine = []
    for term, block in parts:
        found = flat[term.index] if term.random else None
        if found is not None:
            mine.append((flat_columns(block, found.space), first[term.index] + np.arange(found.kept.size)))
    return join_columns(mine, size, int(first[-1]))


def _equations(engine: Engine, parts: list[tuple[Any, Csr]], size: int) -> Csr:
    """Prediction rows over the equations: kept fixed and sparse effects, then random ones."""
    eq = engine.equations
    placed = []
    for term, block in parts:
        if term.random:
            where = eq.offsets[term.index] + np.arange(block.n_cols)
        else:
            columns = engine.design.fixed_terms[term.index]
            where = np.where(columns.kept, columns.first + np.cumsum(columns.kept) - 1, -1)
        placed.append((block, where))
    return join_columns(placed, size, eq.N)


def _refit_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of the refit; those that steer asreml's own predict and that this version does not have are refused."""
    options = {}
    for name, value in given.items():
        key = name.replace(".", "_")
        if key not in NOT_HERE:
            options[key] = value
        elif value is not None and value != NOT_HERE[key] and np.size(value):
            raise UnsupportedError(f"predict({key.replace('_', '.')})")
    return options


NOT_HERE: dict[str, Any] = {
    "margin": False,
    "as_average": None,
    "inrandom": True,
    "exrandom": False,
    "estimable": False,
    "evaluate": True,
}
"""Arguments that version 3 had or that steer how asreml calls itself, with the value at which they say nothing."""


def _check_memory(fit: Any, count: int, matrix: bool) -> None:
    """Refuse before allocating what the machine, or the user's ``pworkspace``, does not have."""
    needed = 8.0 * (3 * fit.engine.equations.N * min(count, BLOCK) + (4 * count * count if matrix else 0))
    allowed = fit.options.pworkspace
    by_user = "pworkspace" in current_options()[1] | {name.replace(".", "_") for name in fit.recipe.options}
    if by_user and needed > workspace_bytes(allowed):
        raise FitError(
            f"predict() needs {size_text(needed)}, pworkspace = {allowed!r} allows "
            f"{size_text(workspace_bytes(allowed))}: write pworkspace = '{int(needed / 1024**2) + 1}mb'"
        )
    if needed > ALWAYS_ALLOWED and needed > available_bytes():
        raise FitError(
            f"predict() needs {size_text(needed)}, the machine has {size_text(available_bytes())} free: "
            "predict fewer levels at a time"
        )
