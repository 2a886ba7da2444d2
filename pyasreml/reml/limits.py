"""How far asreml lets a variance parameter move in one iteration.

The constants were read off iteration logs; OUTWARDS is known as a bracket only.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import numpy.typing as npt

from pyasreml.variance.parameters import Parameters

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FLOOR = 0.06324555434374689
"""A variance falls to this fraction of its value at most: sqrt(0.004), with the rounding error that its steps show."""
CEILING = 1 / FLOOR
"""A variance rises to this multiple of its value at most."""
GROWTH = 0.3
"""A correlation rises by at most this much in one iteration …"""
TO_ONE = 2 / 3
"""… and by at most this fraction of what separates it from 1."""
SIGN_FRACTION = 0.5
"""A correlation that changes sign and passes this fraction of its size goes to minus its value."""
COVARIANCE_SIGN = 0.3
"""A covariance that changes sign goes to minus this fraction of its value at most …"""
COVARIANCE_GROWTH = 100.0
"""… and moves by this multiple of its size at most."""
NO_SIZE = 1e-8
"""A covariance below this fraction of its move counts as zero, which has no sign and no size."""
OUTWARDS = 1.0
"""An unbounded component below zero that moves outwards by more than this multiple of its size makes half the step."""


class Limits:
    """The limits of a model's parameters.

    Parameters
    ----------
    table : Parameters

    Attributes
    ----------
    floored, unbounded : bool arrays (p,)
        Variances that stay positive, and those that may be negative (code U).
    correlation, covariance : bool arrays (p,)
        Correlations, and covariances that keep their sign.
    """

    def __init__(self, table: Parameters):
        kinds, codes = np.array(table.kinds), np.array(table.codes)
        proper = np.ones(len(table), bool)
        if table.sigma2 is not None:
            proper[table.sigma2] = False
        self.floored = proper & (kinds == "V") & (codes != "U")
        self.unbounded = proper & (kinds == "V") & (codes == "U")
        self.correlation = proper & (kinds == "R")
        self.floored |= self.correlation & (codes == "P")
        self.covariance = proper & (kinds == "C") & (np.array(table.types) == "C") & (codes == "P")
        self._any = self.floored | self.unbounded | self.correlation | self.covariance

    def imposed(
        self,
        theta: FloatArray,
        d: FloatArray,
        s: float,
        live: IntArray,
        limited: Collection[int],
        moved: Mapping[int, float],
    ) -> dict[int, float]:
        """Moves that the limits impose instead of s d.

        Parameters
        ----------
        theta, d : float arrays (p,)
        s : float
        live : int array
            Parameters that move.
        limited : collection of int
            Those whose last move was limited.
        moved : mapping
            Moves that are imposed already.
        """
        out: dict[int, float] = {}
        now, moves = theta.tolist(), (s * d).tolist()
        for i in live[self._any[live]].tolist():
            if i in moved:
                continue
            at, move = now[i], moves[i]
            new = at + move
            if self.floored[i] and new < FLOOR * at:
                out[i] = (FLOOR - 1) * at
            elif self.floored[i] and new > CEILING * at:
                out[i] = (CEILING - 1) * at
            elif self.unbounded[i] and at > 0 and new < FLOOR * at:
                # towards zero first, through it by a change of sign if it is still pulled
                out[i] = -2 * at if i in limited else (FLOOR - 1) * at
            elif self.unbounded[i] and at < 0 and at - new > OUTWARDS * abs(at):
                out[i] = 0.5 * move
            elif self.correlation[i] and new * at < 0 and abs(new) > SIGN_FRACTION * abs(at):
                out[i] = -2 * at
            elif self.correlation[i] and new - at > min(GROWTH, TO_ONE * (1 - at)):
                out[i] = min(GROWTH, TO_ONE * (1 - at))
            elif self.correlation[i] and at < 0 and at - new > min(GROWTH, TO_ONE * (1 + at)):
                out[i] = -min(GROWTH, TO_ONE * (1 + at))
            elif self.covariance[i] and abs(at) > NO_SIZE * abs(move):
                if new * at < 0 and abs(new) > COVARIANCE_SIGN * abs(at):
                    out[i] = -(1 + COVARIANCE_SIGN) * at
                elif abs(move) > COVARIANCE_GROWTH * abs(at):
                    out[i] = float(np.copysign(COVARIANCE_GROWTH * at, move))
        return out

    def sign_changes(self, theta: FloatArray, moved: Mapping[int, float]) -> bool:
        """True where a correlation is moved through zero."""
        return any(self.correlation[i] and move * theta[i] < 0 for i, move in moved.items())
