"""The notes above a table of predictions, in asreml's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyasreml.fit.prediction_cells import Cells
from pyasreml.fit.prediction_sets import Sets, Variable
from pyasreml.fit.prediction_weights import Averaging
from pyasreml.rprint import format_fixed

HYPERTABLE = (
    "- The predictions are obtained by averaging across the hypertable",
    "  calculated from model terms constructed solely from factors in",
    "  the averaging and classify sets.",
    "- Use 'average' to move ignored factors into the averaging set.",
)


def notes(
    sets: Sets,
    cells: Cells,
    averagings: Sequence[Averaging],
    variables: Mapping[str, Variable],
    aliased: int,
    average_of_all: bool,
) -> list[str]:
    """Lines of the heading.

    Parameters
    ----------
    sets, cells, averagings, variables
        The prediction.
    aliased : int
        Number of predictions that are not estimable.
    average_of_all : bool
        Whether these count in the average standard error of a difference.
    """
    lines = ["", "Notes:", *HYPERTABLE]
    for values, where in ((cells.at_mean, "evaluated at average value of"), (cells.held, "evaluated at")):
        lines += [f"- {variables[name].shown} {where} {format_fixed(value, 6)}" for name, value in values.items()]
    for kind in ("simple", "present", "associate"):
        sources = [a.variables if kind == "simple" else a.factors for a in averagings if a.kind == kind]
        names = [name for factors in sources for name in factors]
        if names:
            lines.append(f"- The {KINDS[kind]} averaging set: {','.join(names)}")
    if sets.ignored:
        lines.append(f"- The ignored set: {','.join(sets.ignored)}")
    if sets.listed:
        # the fixed terms in the order of asreml's equations, the intercept last
        fixed = [t.label for t in reversed(sets.terms) if not t.random]
        lines += [f"- {label} is included in this prediction" for label in fixed]
        lines += [f"- {t.label} is included in this prediction" for t in sets.terms if t.random]
        lines += [f"- {label} is ignored in this prediction" for label in sets.left_out]
    if aliased:
        lines.append(f"- Aliased cells: {aliased}")
        if average_of_all:
            lines.append("- The average SED includes non-estimable predictions")
    return [*lines, ""]


KINDS = {"simple": "simple", "present": "present", "associate": "associated"}
