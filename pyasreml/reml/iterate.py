"""The record of an iteration, and what a fit's iterations come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyasreml.reml.point import Point

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Iterate:
    """One printed line.

    Attributes
    ----------
    number : int
    loglik, sigma2 : float
    theta : float array (p,)
        Parameters at which the line was evaluated.
    step : float
        The multiplier that the trace shows: nominal for the next update.
    restrained : int
        Parameters whose update was restricted.
    """

    number: int
    loglik: float
    sigma2: float
    theta: FloatArray
    step: float
    restrained: int


@dataclass(frozen=True)
class Estimates:
    """What an iteration leaves.

    Attributes
    ----------
    iterates : tuple of Iterate
    theta : float array (p,)
        Parameters after the last update.
    codes : tuple of str
        Constraint codes at the end: B where a variance came to rest at its boundary, S where the information
        is singular.
    change : float array (p,)
        100 |new - old| / |new| of the last update; NaN for B and S.
    ai_inverse : float array (p, p)
        Inverse average information at the last evaluated θ; zero rows for parameters that were held.
    point : Point
        The last evaluation.
    converged : bool
    message : str
        Why the iteration ended early, or "".
    """

    iterates: tuple[Iterate, ...]
    theta: FloatArray
    codes: tuple[str, ...]
    change: FloatArray
    ai_inverse: FloatArray
    point: Point
    converged: bool
    message: str


Watcher = Callable[[Iterate], None]


def percent_change(old: FloatArray, new: FloatArray, codes: tuple[str, ...]) -> FloatArray:
    """100 |new - old| / |new|, one decimal; NaN for B and S rows and for a value that is 0 and stays so."""
    with np.errstate(divide="ignore", invalid="ignore"):
        change = 100 * np.abs(new - old) / np.abs(new)
    change = np.asarray(np.round(change, 1), np.float64)
    change[[c in ("B", "S") for c in codes]] = np.nan
    return change
