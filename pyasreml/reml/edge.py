"""An exact iteration that changes its equations where a covariance matrix comes near to singular.

Equations with Σ⁻¹ have fewer entries than those in whitened unknowns, which hold where Σ is singular: the iteration
begins in the first and goes on in the others from where it gets near the edge of a cone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pyasreml.mme.equations import Equations
from pyasreml.reml.exact import GAIN, AtEdge, Exact
from pyasreml.reml.iterate import Estimates, Watcher

FloatArray = npt.NDArray[np.float64]

__all__ = ["exact_estimates"]


def exact_estimates(
    equations: Equations,
    to_edge: Callable[[], Equations] | None,
    *,
    maxit: int,
    ai_sing: bool = False,
    gain: float = GAIN,
    start: FloatArray | None = None,
    release: bool = False,
    watch: Watcher | None = None,
) -> Estimates:
    """Iterate to the REML optimum.

    Parameters
    ----------
    equations : Equations
    to_edge : callable or None
        Gives equations that hold where a Σ is singular.
    maxit, ai_sing, gain, start, release, watch
        As of `Exact`.

    Raises
    ------
    FitError
    """

    def stepper(equations: Equations, start: FloatArray | None, done: int, stop: bool) -> Exact:
        return Exact(
            equations, maxit=maxit, ai_sing=ai_sing, gain=gain, start=start, release=release, watch=watch, done=done,
            stop_at_edge=stop,
        )

    try:
        return stepper(equations, start, 0, to_edge is not None).run()
    except AtEdge as edge:
        assert to_edge is not None
        found = stepper(to_edge(), edge.theta, len(edge.iterates), False).run()
        return replace(found, iterates=(*edge.iterates, *found.iterates))
