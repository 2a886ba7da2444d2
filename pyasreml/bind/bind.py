"""A model on its data: `bind`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pyasreml.bind.bound import BoundModel
from pyasreml.bind.sections import bind_sections
from pyasreml.bind.summaries import summarise
from pyasreml.bind.terms import TermBinder, intercept_term
from pyasreml.bind.variables import model_frame
from pyasreml.data import NaMethod
from pyasreml.data.covariates import covariate_frame
from pyasreml.model import ModelSpec

__all__ = ["bind"]


def bind(
    spec: ModelSpec,
    data: Any,
    *,
    subset: Any = None,
    na_action: NaMethod | None = None,
    weights: str | None = None,
    knot_points: Mapping[str, Sequence[float]] | None = None,
    equate_levels: Sequence[str] = (),
    group: Mapping[str, Sequence[str | int]] | None = None,
    pwr_points: Mapping[str, Sequence[float]] | None = None,
    known: Mapping[str, Any] | None = None,
    mbf: Mapping[str, Any] | None = None,
) -> BoundModel:
    """Find a model's variables in the data and settle its terms, sizes, names and order.

    Parameters
    ----------
    spec : ModelSpec
        From `pyasreml.model.model_spec`.
    data : frame or dict
        pandas, polars, arrow, or a dict of columns.
    subset : str, Node or logical array, optional
        R condition in the columns of the data, or one logical value a row of it.
    na_action : NaMethod, optional
        See `pyasreml.data.na_method`.
    weights : str, optional
        Column of weights.
    knot_points : mapping of str to sequence of float, optional
        Knots of ``spl(x)`` by the name of x.
    equate_levels : sequence of str, optional
        Factors that get the levels of all of them (for ``and()``).
    group : mapping of str to sequence of (str or int), optional
        Columns of ``grp(name)`` by name: column names, or positions from 1.
    pwr_points : mapping of str to sequence of float, optional
        Coordinates of the levels of a factor in ``exp()``, ``gau()`` and ``lvr()``, by its name.
    known : mapping of str to object, optional
        Objects that formulas mention by name: the functions of ``own()``.
    mbf : mapping of str to mapping, optional
        Covariates of ``mbf(name)``: see `pyasreml.data.covariates.covariate_frame`.

    Raises
    ------
    FormulaError, DataError, ModelError, UnsupportedError

    Examples
    --------
    >>> from pyasreml.model import model_spec
    >>> data = {"y": [3.0, 5.0, 4.0, 8.0], "a": ["u", "v", "u", "v"], "b": ["1", "1", "2", "2"]}
    >>> bound = bind(model_spec("y ~ a", random="~ b"), data)
    >>> [(term.label, term.size) for term in (*bound.fixed, *bound.random)]
    [('(Intercept)', 1), ('a', 2), ('b', 2)]
    """
    covariates = {name: covariate_frame(name, entry) for name, entry in (mbf or {}).items()}
    selected = model_frame(spec, data, subset=subset, na_action=na_action, weights=weights, group=group, mbf=covariates)
    if equate_levels:
        selected = replace(selected, frame=selected.frame.equate(equate_levels))
    binder = TermBinder(selected, dict(spec.texts), knot_points or {}, pwr_points or {}, known or {})
    fixed = [intercept_term()] if spec.intercept else []
    fixed += binder.terms(spec.fixed, "fixed")
    sparse = binder.terms(spec.sparse, "sparse")
    random = tuple(binder.terms(spec.random, "random"))
    sections, multi = bind_sections(spec.residual, binder)
    return BoundModel(
        frame=binder.frame,
        response=spec.response_text,
        y=selected.y,
        weights=selected.weights,
        fixed=tuple(fixed),
        sparse=tuple(sparse),
        random=random,
        sections=sections,
        multi_section=multi,
        summaries=summarise(binder.frame, selected.y, random, sections),
        formulae=spec.formulae,
    )
