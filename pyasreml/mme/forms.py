"""Which random terms are whitened: where Σ has no inverse, where the digits need it, or where it costs less."""

from __future__ import annotations

from collections.abc import Callable

from pyasreml.errors import WorkspaceError
from pyasreml.mme.equations import Equations
from pyasreml.variance.base import NotFeasible
from pyasreml.variance.build import VarianceModel
from pyasreml.variance.factor import FactorAnalytic
from pyasreml.variance.whitened import WhitenedTerm, factored_place

Whitened = tuple[WhitenedTerm | None, ...]


def choose_form(variance: VarianceModel, make: Callable[[Whitened], Equations], to_edge: bool) -> Equations:
    """The equations of a model in their best form.

    A term is whitened where its Σ is singular or nearly so at the start values, and wherever it can be for an
    iteration that comes near to a singular Σ. Factor analytic terms otherwise take the form of fewer operations.
    Terms with genetic groups are never whitened: fixed effects are none of independent unknowns.

    Parameters
    ----------
    variance : VarianceModel
    make : callable
        Makes the equations with the given terms whitened.
    to_edge : bool
        The iteration may come to rest where a Σ is singular.

    Raises
    ------
    WorkspaceError
        `make` raised it for every form.
    """
    must: list[WhitenedTerm | None] = []
    may: list[WhitenedTerm | None] = []
    table = variance.parameters
    for t, term in enumerate(whitenable(variance)):
        start = table.start[table.owner == t]
        needed = term is not None and (
            to_edge or term.structure.edge(start[term.own]) or not _invertible(term, start)
        )
        must.append(term if needed else None)
        may.append(term if needed or (term is not None and isinstance(term.structure, FactorAnalytic)) else None)
    try:
        plain = make(tuple(must))
    except WorkspaceError:
        if must == may:
            raise
        return make(tuple(may))
    if must == may:
        return plain
    try:
        white = make(tuple(may))
    except WorkspaceError:
        return plain
    return white if white.analysis.flops < plain.analysis.flops else plain


def whitenable(variance: VarianceModel) -> Whitened:
    """The whitened form of every random term that has one."""
    return tuple(
        WhitenedTerm(product) if factored_place(product) is not None and product.proper == product.size else None
        for product in variance.random
    )


def _invertible(term: WhitenedTerm, start: object) -> bool:
    try:
        term.product.coefficients(start)  # type: ignore[arg-type]
    except NotFeasible:
        return False
    return True
