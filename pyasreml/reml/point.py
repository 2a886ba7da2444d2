"""Results at one θ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """Results at one θ.

    Attributes
    ----------
    theta : float array (p,)
        Rows of the parameter table.
    loglik, sigma2 : float
    score : float array (p,)
        Zero for rows that were not asked for.
    ai : float array (p, p)
        Average information; zero rows likewise.
    solution : float array (N,)
        Effects in the equations' order.
    gathered : float array (N,)
        W'R⁻¹(y - Wb) (ratio scale on the gamma scale): σ² W'Py.
    logdet_C : float
    ypy : float
        y'P y on the ratio scale (sum of squares): σ² times ν on the gamma scale.
    """

    theta: FloatArray
    loglik: float
    sigma2: float
    score: FloatArray
    ai: FloatArray
    solution: FloatArray
    gathered: FloatArray
    logdet_C: float
    ypy: float
