"""Where an evaluation ends without a result."""

from __future__ import annotations

from pyasreml.errors import FitError
from pyasreml.linalg import NotPositiveDefinite
from pyasreml.variance.base import NotFeasible

NOTHING_LEFT = 1e-20
"""A residual sum of squares below this fraction of the total is rounding error."""
PIVOT = 1e-15
"""A pivot of C below this fraction of its diagonal is no pivot."""


def not_definite(error: NotPositiveDefinite) -> NotFeasible:
    """What to raise where C is not positive definite."""
    return NotFeasible(f"the mixed-model equations are not positive definite (equation {error.column + 1})")


def nothing_left() -> FitError:
    """What to raise where y'Py vanishes."""
    return FitError("nothing is left of the response for the variances: the fixed terms reproduce it exactly")
