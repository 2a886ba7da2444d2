"""When asreml's own iteration is lost, and from where guarded steps go on: rules of ours, for unpublished paths.

Published logs have up to six EM steps in a row, after which the average information leads on. Near a singular matrix
EM steps come ever closer to it and never arrive.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pyasreml.reml.iterate import Iterate

LOST = 1.0
"""Without convergence, a path that fell this far below its best is lost: guarded steps go on from the best point."""
ENOUGH = 13
"""So has an iteration whose moves are still limited after so many iterations, or which leads down again."""
EM_STEPS = 7
"""So has one that takes so many EM steps in a row, or two and gains no more than what counts as converged."""
LEVEL = 0.002
"""A fall of the log-likelihood by less is none."""
GUARDED_GAIN = 1e-6
"""U'd at which the guarded rest counts as arrived."""


def lost_from(path: Sequence[Iterate], limited: bool) -> Iterate | None:
    """The point that guarded steps go on from where an iteration is lost; None where it only wants more lines.

    Parameters
    ----------
    path : sequence of Iterate
        All of them, not converged.
    limited : bool
        The last move was limited.
    """
    fell = before_fall(path)
    if fell is not None:
        return fell
    highest = max(path, key=lambda i: i.loglik)
    return highest if limited or highest.loglik - path[-1].loglik > LEVEL else None


def before_fall(path: Sequence[Iterate]) -> Iterate | None:
    """The best point before the path fell; None where it did not."""
    logliks = np.array([i.loglik for i in path])
    fell = np.flatnonzero(logliks < np.maximum.accumulate(logliks) - LOST) if logliks.size else logliks
    return max(path[: int(fell[0])], key=lambda i: i.loglik) if fell.size else None
