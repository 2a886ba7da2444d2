"""The REML optimum: Newton steps on the average information with a line search and active bounds.

Unlike asreml's own iteration (`pyasreml.reml.likeness`) no step is accepted that lowers the log-likelihood, and
the end is a point where the gradient of every free parameter vanishes and that of every parameter at its bound
points outwards.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyasreml.errors import FitError
from pyasreml.mme.equations import Equations
from pyasreml.reml.information import direction, inverse, singular_rows
from pyasreml.reml.iterate import Estimates, Iterate, Watcher, percent_change
from pyasreml.reml.point import Point, evaluate
from pyasreml.variance.base import NotFeasible

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

MAXIT = 200
"""Iterations allowed unless the user sets ``maxit``."""
GAIN = 1e-11
"""U'd, twice the predicted gain, below this (relative to 1 + |logL|·1e-3) counts as arrived."""
BOUND = 1e-8
"""A variance at its bound, as a fraction of the scale (1 for ratios, the start of a plain variance times 20 otherwise)."""
CORRELATION_BOUND = 1 - 1e-7


class Exact:
    """Stepper to the REML optimum; arguments as `Likeness` (``step`` and ``extra`` have no use here)."""

    def __init__(self, equations: Equations, *, maxit: int = MAXIT, ai_sing: bool = False, watch: Watcher | None = None):
        self.equations = equations
        self.table = equations.variance.parameters
        self.maxit = maxit
        self.ai_sing = ai_sing
        self.watch = watch
        self._sigma2 = self.table.sigma2
        kinds, codes = np.array(self.table.kinds), np.array(self.table.codes)
        self._variance: BoolArray = (kinds == "V") & (codes != "U")
        self._correlation: BoolArray = kinds == "R"
        self._held = {i for i, c in enumerate(codes) if c == "F"} - {self._sigma2}
        if self.equations.variance.gamma:
            scale = 1.0
        else:
            y = equations.y[equations.observed]
            scale = float(np.var(y)) or 1.0
        self._floor = BOUND * scale

    def run(self) -> Estimates:
        """Iterate from the table's starts; raises `FitError` where the start values cannot be evaluated."""
        theta = self.table.start.copy()
        lifted = self._variance & (theta < self._floor)
        theta[lifted] = self._floor
        bound: set[int] = set()
        iterates: list[Iterate] = []
        point = self._first(theta)
        previous, converged, message, singular = theta, False, "", set[int]()
        for number in range(1, self.maxit + 1):
            bound = {i for i in bound if not self._wants_in(point, i)}
            live = self._live(bound, singular)
            bad = [i for i in singular_rows(point.ai, live) if i != self._sigma2]
            if bad:
                if not self.ai_sing:
                    names = ", ".join(self.table.names[i] for i in bad)
                    raise FitError(
                        f"{len(bad)} singularities in the Average Information matrix ({names}).\n"
                        "To continue the analysis anyway, try running it again with the optional argument ai.sing = TRUE"
                    )
                singular |= set(bad)
                live = self._live(bound, singular)
            move, hit = self._move(point, live)
            gain = float(point.score[live] @ direction(point.ai, point.score, live, {})[live]) if live.size else 0.0
            arrived = abs(gain) < GAIN * (1 + 1e-3 * abs(point.loglik)) and not hit
            if arrived:
                iterates.append(self._record(number, point, 1.0, len(bound)))
                converged = True
                break
            nearer, alpha = self._search(point, move)
            iterates.append(self._record(number, point, alpha, len(bound) + len(hit)))
            if nearer is None:
                # no step along the direction gains: at the limit of arithmetic, or stuck
                converged = abs(gain) < 1e-6
                message = "" if converged else "no step along the Newton direction raises the log-likelihood"
                break
            previous, point = point.theta, nearer
            bound |= {i for i in hit if self._at_bound(point.theta, i)}
        codes = list(self.table.codes)
        for i in bound:
            codes[i] = "B"
        for i in singular:
            codes[i] = "S"
        final = tuple(codes)
        change = percent_change(previous, point.theta, final)
        # the factor must belong to the point that is reported
        active = self._active(bound | singular)
        point = evaluate(self.equations, point.theta, active)
        return Estimates(
            tuple(iterates), point.theta, final, change, inverse(point.ai, self._live(bound, singular)), point, converged, message
        )

    def _record(self, number: int, point: Point, alpha: float, restrained: int) -> Iterate:
        iterate = Iterate(number, point.loglik, point.sigma2, point.theta, alpha, restrained)
        if self.watch is not None:
            self.watch(iterate)
        return iterate

    def _active(self, left_out: set[int]) -> BoolArray:
        return np.array([i not in self._held and i not in left_out for i in range(len(self.table))])

    def _live(self, bound: set[int], singular: set[int]) -> IntArray:
        return np.flatnonzero(self._active(bound | singular)).astype(np.int64)

    def _first(self, theta: FloatArray) -> Point:
        try:
            return evaluate(self.equations, theta, self._active(set()))
        except NotFeasible as error:
            raise FitError(f"{error} at the start values; give others by init=, G.param or R.param") from None

    def _wants_in(self, point: Point, i: int) -> bool:
        """True where the score of a parameter at its bound points back inside."""
        inside = 1.0 if self._variance[i] else -np.sign(point.theta[i])
        return bool(point.score[i] * inside > 1e-7)

    def _at_bound(self, theta: FloatArray, i: int) -> bool:
        if self._variance[i]:
            return bool(theta[i] <= self._floor * (1 + 1e-9))
        return bool(abs(theta[i]) >= CORRELATION_BOUND)

    def _move(self, point: Point, live: IntArray) -> tuple[FloatArray, set[int]]:
        """Newton move with the bounds imposed, the other parameters solved again given the imposed moves."""
        theta = point.theta
        imposed: dict[int, float] = {}
        while True:
            d = direction(point.ai, point.score, live, imposed)
            new: dict[int, float] = {}
            for i in live.tolist():
                if i in imposed or i == self._sigma2:
                    continue
                if self._variance[i] and theta[i] + d[i] < self._floor:
                    new[i] = self._floor - theta[i]
                elif self._correlation[i] and abs(theta[i] + d[i]) >= 1:
                    # half way to the limit, or on it once there is nothing between
                    limit = np.sign(theta[i] + d[i]) * CORRELATION_BOUND
                    new[i] = 0.5 * (limit - theta[i]) if abs(limit - theta[i]) > 1e-6 else limit - theta[i]
            if not new:
                break
            imposed.update(new)
        if self._sigma2 is not None:
            d[self._sigma2] = 0.0
        moved = {i for i, x in imposed.items() if x != 0}
        return d, moved

    def _search(self, point: Point, move: FloatArray) -> tuple[Point | None, float]:
        """The first of the steps 1, 1/2, 1/4 … that raises the log-likelihood."""
        alpha = 1.0
        active = self._active(set())
        while alpha > 1e-10:
            theta = point.theta + alpha * move
            try:
                trial = evaluate(self.equations, theta, active, least=point.loglik)
                if trial.loglik > point.loglik:
                    return trial, alpha
            except NotFeasible:
                pass
            alpha *= 0.5
        return None, alpha
