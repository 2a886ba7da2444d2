"""The REML optimum: Newton steps on the average information with a line search and active bounds.

Unlike asreml's own iteration (`pyasreml.reml.likeness`) no step is accepted that lowers the log-likelihood, and
the end is a point where the gradient of every free parameter vanishes and that of every parameter at its bound
points outwards.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pyasreml.errors import FitError
from pyasreml.mme.equations import Equations
from pyasreml.reml.chart import Chart
from pyasreml.reml.evaluate import evaluate
from pyasreml.reml.information import direction, inverse, singular_rows, singularities
from pyasreml.reml.iterate import Estimates, Iterate, Watcher, percent_change
from pyasreml.reml.point import Point
from pyasreml.reml.rescale import Rescaling
from pyasreml.reml.scan import better, scanned, tries_values
from pyasreml.variance.base import NotFeasible

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

MAXIT = 200
"""Iterations allowed unless the user sets ``maxit``."""
GAIN = 1e-14
"""U'd, twice the predicted gain, below this (times 1 + |logL|/1000) counts as arrived."""
ROUNDING = 1e-12
"""Twice a predicted gain below this (times 1 + |logL|) cannot be seen in the log-likelihood, a sum of that many digits:
the last step is then taken unless the log-likelihood falls by more."""
BOUND = 1e-8
"""A variance at its bound: this times the scale (1 for ratios, the variance of y otherwise)."""
ROOT_BOUND = 1e-5
"""The same for the squared diagonal of a covariance matrix's Cholesky factor: the inverse of a matrix nearer to
singular loses the digits that its score needs."""
WHITE_BOUND = 1e-12
"""The same for a term that is whitened, whose score keeps its digits."""
EDGE = 10.0
"""Below this multiple of a root's bound a matrix is at the edge of its cone: the information may lose its digits."""
CROSSING = 1e-4
"""A root of a Cholesky factor passes zero while its column holds more than this, times the root of the scale."""
CORRELATION_BOUND = 1 - 1e-7
DAMPING = (0.0, 0.1, 1.0, 10.0, 1e2, 1e4, 1e6)
NEAR = 0.01
"""Where U'd is below this the average information is corrected by the changes of the score seen …"""
PATIENCE = 5
"""… and elsewhere after so many iterations …"""
PAIRS = 6
"""… in so many steps, …"""
SLOW = 0.01
"""… if U'd is more than this part of the last one, …"""
BETTER = 0.5
"""… and so corrected it came nearer to the last change: its square distance is less than this part of the other's."""
SLOPE_LEFT = 0.5
"""A full step that leaves more than this part of the slope is lengthened to where the slope would vanish …"""
LONGEST = 20.0
"""… but to no more than this multiple."""
ENOUGH_GAIN = 0.25
"""A rescaled step is kept where the log-likelihood gains this multiple of U'd, half of what a Newton step promises."""
RELEASE = 1e-7
"""A score that points back inside by more than this frees a parameter at its bound."""


@dataclass(frozen=True)
class _Local:
    """A point in the free coordinates."""

    point: Point
    free: FloatArray
    score: FloatArray
    ai: FloatArray


class _Move(NamedTuple):
    """A Newton move, the parameters whose move is imposed, and without these U'd, twice the gain predicted, and d."""

    move: FloatArray
    hit: set[int]
    gain: float
    direction: FloatArray


def _with_secants(ai: FloatArray, pairs: Iterable[tuple[FloatArray, FloatArray]]) -> FloatArray:
    """The information, corrected so that it explains the change y of the score over each step s.

    Broyden, Fletcher, Goldfarb and Shanno's update (Nocedal & Wright 2006, Numerical Optimization, eq. 6.19), steps
    without positive curvature left out.
    """
    for s, y in pairs:
        a = ai @ s
        size, curvature = float(s @ a), float(s @ y)
        if size > 0 and curvature > 1e-3 * size:
            ai = ai - np.outer(a, a) / size + np.outer(y, y) / curvature
    return ai


def _foretells_better(corrected: FloatArray, plain: FloatArray, step: FloatArray, fall: FloatArray) -> bool:
    """True where the information as it was corrected told better by how much the score would fall over a step."""
    scale = np.maximum(np.abs(np.diagonal(plain)), np.finfo(float).tiny)
    missed, left = (float((np.square(fall - ai @ step) / scale).sum()) for ai in (plain, corrected))
    return left < BETTER * missed


class AtEdge(Exception):
    """An iteration came near to a singular covariance matrix in equations that need its inverse.

    Attributes
    ----------
    theta : float array (p,)
    iterates : tuple of Iterate
        The lines before.
    """

    def __init__(self, theta: FloatArray, iterates: Sequence[Iterate]):
        self.theta, self.iterates = theta, tuple(iterates)


class Exact:
    """Stepper to the REML optimum.

    Parameters
    ----------
    equations : Equations
    maxit : int
    ai_sing : bool
        Leave parameters with singular information where they are instead of raising.
    gain : float
        U'd that counts as arrived (see `GAIN`).
    start : float array (p,), optional
        Other start values than the table's.
    release : bool
        Let parameters with code B leave their boundary, as a refit does; else they are held where they start.
    watch : callable, optional
    done : int
        Iterations made before, elsewhere.
    stop_at_edge : bool
        Raise `AtEdge` near a singular matrix whose inverse the equations hold.
    """

    def __init__(
        self,
        equations: Equations,
        *,
        maxit: int = MAXIT,
        ai_sing: bool = False,
        gain: float = GAIN,
        start: FloatArray | None = None,
        release: bool = False,
        watch: Watcher | None = None,
        done: int = 0,
        stop_at_edge: bool = False,
    ):
        self.equations = equations
        self.done = done
        self.stop_at_edge = stop_at_edge
        self.table = equations.variance.parameters
        self.maxit = maxit
        self.ai_sing = ai_sing
        self.gain = gain
        self.watch = watch
        fixed = ("F",) if release else ("F", "B")
        self.chart = Chart(equations, fixed)
        self._sigma2 = self.table.sigma2
        kinds, codes = np.array(self.table.kinds), np.array(self.table.codes)
        self._held = {i for i, c in enumerate(codes) if c in fixed} - {self._sigma2}
        y = equations.y[equations.observed]
        scale = 1.0 if equations.variance.gamma else float(np.var(y)) or 1.0
        # lower bounds of the free coordinates; -inf where there is none
        self._lower = np.full(kinds.size, -np.inf)
        plain = (kinds == "V") & (codes != "U") & ~self.chart.roots
        plain &= ~self._in_charts(kinds)
        self._lower[plain] = BOUND * scale
        self._lower[self.chart.roots] = np.sqrt(ROOT_BOUND * scale)
        self._lower[self.chart.whitened] = np.sqrt(WHITE_BOUND * scale)
        self._lower[sorted(self._held)] = -np.inf
        self._rescaling = Rescaling(equations, self.chart, plain)
        self._crossing = CROSSING * np.sqrt(scale)
        self._correlation: BoolArray = (kinds == "R") & ~self.chart.turned
        self._lower[self._correlation & (codes == "P")] = BOUND
        self._active = np.array([i not in self._held for i in range(len(self.table))])
        self._constraint = self.table.constraint
        self._latest: Point | None = None
        self._free = self._active.copy()
        if self._constraint is not None:
            self._free &= ~self._constraint.follows
            self._lower[self._constraint.follows] = -np.inf
        self._every: IntArray = np.flatnonzero(self._free)
        self.start = scanned(equations, self.table.start, self._active) if start is None else start

    def _in_charts(self, kinds: npt.NDArray[np.str_]) -> BoolArray:
        """Parameters whose free coordinate is not the parameter itself."""
        probe = np.where(kinds == "V", 2.0, 0.1)
        return self.chart.roots | (self.chart.from_free(probe) != probe)

    def run(self) -> Estimates:
        """Iterate from the table's starts; raises `FitError` where the start values cannot be evaluated.

        Where a parameter's likelihood may have several maxima, from the best of its values at the end again.
        """
        found = self._run(self.done)
        if not tries_values(self.equations):
            return found
        while found.converged and self.done + len(found.iterates) < self.maxit:
            point = found.point
            start = better(self.equations, point.theta, self._active, point.loglik)
            if start is None:
                break
            self.start = start
            try:
                again = self._run(self.done + len(found.iterates))
            except AtEdge as edge:
                raise AtEdge(edge.theta, (*found.iterates, *edge.iterates)) from None
            if not again.converged or again.point.loglik <= point.loglik:
                break
            found = replace(again, iterates=(*found.iterates, *again.iterates))
        # the factor must belong to the point that is reported
        evaluate(self.equations, found.point.theta, self._active)
        return found

    def _run(self, done: int) -> Estimates:
        self._stop(self.chart.to_free(self.start), self.start, ())
        here = self._first()
        bound: set[int] = set()
        singular: set[int] = set()
        iterates: list[Iterate] = []
        previous, converged, message = here.point.theta, False, ""
        pairs: deque[tuple[FloatArray, FloatArray]] = deque(maxlen=PAIRS)
        slow, before = False, np.inf
        for number in range(done + 1, self.maxit + 1):
            self._stop(here.free, here.point.theta, iterates)
            plain = here.ai
            corrected = _with_secants(plain, pairs) if pairs else plain
            if slow and pairs:
                here = replace(here, ai=corrected)
            singular.clear()  # near the edge of its cone a matrix may be so for a while
            # one that was released may have stayed where it was
            resting = {i for i in self._live(singular).tolist() if i != self._sigma2 and self._at_bound(here.free, i)}
            bound = {i for i in bound | resting if not self._wants_in(here, i)}
            live = self._check_singular(here, bound, singular)
            newton = self._move(here, live, 0.0)
            gain, hit = newton.gain, newton.hit
            if gain < self.gain * (1 + 1e-3 * abs(here.point.loglik)) and not hit:
                iterates.append(self._record(number, here.point, 1.0, len(bound)))
                converged = True
                break
            rounding = ROUNDING * (1 + abs(here.point.loglik))
            if gain < rounding and not hit:
                iterates.append(self._record(number, here.point, 1.0, len(bound)))
                last = self._last_step(here, newton.move, rounding)
                if last is not here:
                    previous, here = here.point.theta, last
                    iterates.append(self._record(number + 1, here.point, 1.0, len(bound)))
                converged = True
                break
            nearer, alpha, hit = self._search(here, live, newton)
            iterates.append(self._record(number, here.point, alpha, len(bound) + len(hit)))
            if nearer is None:
                # no step along the direction gains: at the limit of arithmetic, or stuck
                converged = gain < 1e-6
                message = "" if converged else "no step along the Newton direction raises the log-likelihood"
                break
            step, fall = nearer.free - here.free, here.score - nearer.score
            slow = gain > SLOW * before
            slow = slow and (not pairs or _foretells_better(corrected, plain, step, fall))
            before = gain
            if gain < NEAR or number - done >= PATIENCE:
                pairs.append((step, fall))
            previous, here = here.point.theta, nearer
            bound |= {i for i in hit if self._at_bound(here.free, i)}
        return self._finish(here, previous, bound, singular, tuple(iterates), converged, message)

    def _stop(self, free: FloatArray, theta: FloatArray, iterates: Sequence[Iterate]) -> None:
        if not self.stop_at_edge:
            return
        inverted = self.chart.roots & ~self.chart.whitened
        near = self.chart.nearly_singular(theta)[inverted].any()
        if near or self.chart.at_edge(free, EDGE * self._lower):
            raise AtEdge(theta, iterates)

    def _finish(
        self,
        here: _Local,
        previous: FloatArray,
        bound: set[int],
        singular: set[int],
        iterates: tuple[Iterate, ...],
        converged: bool,
        message: str,
    ) -> Estimates:
        theta = here.point.theta
        # the factor must belong to the point that is reported
        point = here.point if here.point is self._latest else self._evaluate(theta)
        raw = point
        if self._constraint is not None:
            score, ai = self._constraint.pull(point.score, point.ai)
            point = replace(point, score=score, ai=ai)
        # standard errors belong to θ: a matrix at the edge of its cone has its own elements, none of them held
        own = {i for i in singular if not self.chart.turned[i]}
        rows = self._live({i for i in bound if not self.chart.roots[i]} | own)
        bad = set(singular_rows(point.ai, rows))
        rows = np.array([i for i in rows if i not in bad], np.int64)
        ai_inverse = inverse(point.ai, rows)
        codes = ["P" if c == "B" and i not in self._held else c for i, c in enumerate(self.table.codes)]
        for i in bound:
            codes[i] = "B"
        for i in own:
            codes[i] = "S"
        final = tuple(codes)
        change = percent_change(previous, theta, final)
        if self._constraint is not None:
            final, ai_inverse = self._constraint.final_codes(final), self._constraint.push(ai_inverse)
        return Estimates(iterates, theta, final, change, ai_inverse, raw, converged, message)

    def _evaluate(self, theta: FloatArray, least: float = -np.inf) -> Point:
        """The point at θ; derivatives are left out where the log-likelihood is below `least`."""
        self._latest = None
        point = evaluate(self.equations, theta, self._active, least=least)
        if point.loglik >= least:
            self._latest = point
        return point

    def _last_step(self, here: _Local, move: FloatArray, rounding: float) -> _Local:
        """The full Newton step where its gain is lost in rounding; `here` where it cannot be made."""
        try:
            free = self._expand(here.free + move)
            trial = self._evaluate(self.chart.from_free(free), here.point.loglik - rounding)
        except NotFeasible:
            return here
        return self._local(trial, free) if trial is self._latest else here

    def _record(self, number: int, point: Point, alpha: float, restrained: int) -> Iterate:
        iterate = Iterate(number, point.loglik, point.sigma2, point.theta, alpha, restrained)
        if self.watch is not None:
            self.watch(iterate)
        return iterate

    def _live(self, left_out: set[int]) -> IntArray:
        if not left_out:
            return self._every
        return np.array([i for i in self._every.tolist() if i not in left_out], np.int64)

    def _check_singular(self, here: _Local, bound: set[int], singular: set[int]) -> IntArray:
        """Free rows, those of a singular information taken out or refused."""
        live = self._live(bound | singular)
        bad = [i for i in singular_rows(here.ai, live) if i != self._sigma2]
        if bad and not self.ai_sing and not self.chart.at_edge(here.free, EDGE * self._lower):
            raise FitError(singularities([self.table.names[i] for i in bad]))
        if not bad:
            return live
        singular |= set(bad)
        return self._live(bound | singular)

    def _local(self, point: Point, free: FloatArray) -> _Local:
        score, ai = point.score, point.ai
        if self._constraint is not None:
            score, ai = self._constraint.pull(score, ai)
        free = self.chart.canonical(free)
        return _Local(point, free, *self.chart.pull(free, score, ai))

    def _expand(self, free: FloatArray) -> FloatArray:
        """Free coordinates with those that follow from others computed anew."""
        if self._constraint is None:
            return free
        free = self._constraint.expand(free)
        if not self._constraint.feasible(free):
            raise NotFeasible("a variance that follows from others by vcc or vcm is not positive")
        return free

    def _first(self) -> _Local:
        try:
            free = self.chart.to_free(self.start)
            # a parameter that is held may stand below the bound of a free one
            free = self._expand(np.where(self._active, np.maximum(free, self._lower), free))
            return self._local(self._evaluate(self.chart.from_free(free)), free)
        except (NotFeasible, np.linalg.LinAlgError) as error:
            raise FitError(f"{error} at the start values; give others by init=, G.param or R.param") from None

    def _wants_in(self, here: _Local, i: int) -> bool:
        """True where the score of a parameter at its bound points back inside."""
        if self._correlation[i] and here.free[i] > self._lower[i] * (1 + 1e-9):
            return bool(-np.sign(here.free[i]) * here.score[i] > RELEASE)
        if self.chart.roots[i]:  # the score of a root vanishes with it
            return bool(here.score[i] / (2 * here.free[i]) > RELEASE)
        return bool(here.score[i] > RELEASE)

    def _may_cross(self, free: FloatArray, i: int) -> bool:
        """True for a root whose column of the Cholesky factor does not vanish with it: beyond zero the column turns."""
        column = self.chart.columns.get(i)
        return column is not None and bool(np.abs(free[column]).max() > self._crossing)

    def _at_bound(self, free: FloatArray, i: int) -> bool:
        if self._correlation[i] and abs(free[i]) >= CORRELATION_BOUND:
            return True
        return bool(free[i] <= self._lower[i] * (1 + 1e-9))

    def _move(self, here: _Local, live: IntArray, damping: float) -> _Move:
        """Newton move with the bounds imposed, the other parameters solved again given the imposed moves.

        `damping` is added to the information as a multiple of its diagonal (Marquardt 1963): the larger, the nearer the
        move to a projected gradient step, which always ascends.
        """
        free = here.free
        ai = here.ai if not damping else here.ai + damping * np.diag(np.diagonal(here.ai))
        imposed: dict[int, float] = {}
        d = direction(ai, here.score, live, imposed)
        gain, free_direction = abs(float(here.score @ d)), d
        bounded = [i for i in live.tolist() if i != self._sigma2 and (self._correlation[i] or self._lower[i] > -np.inf)]
        while True:
            new: dict[int, float] = {}
            for i in bounded:
                if i in imposed:
                    continue
                if free[i] + d[i] < self._lower[i] and not self._may_cross(free, i):
                    new[i] = self._lower[i] - free[i]
                elif self._correlation[i] and abs(free[i] + d[i]) >= 1:
                    # half way to the limit, or on it once there is nothing between
                    limit = np.sign(free[i] + d[i]) * CORRELATION_BOUND
                    new[i] = 0.5 * (limit - free[i]) if abs(limit - free[i]) > 1e-6 else limit - free[i]
            if not new:
                break
            imposed.update(new)
            d = direction(ai, here.score, live, imposed)
        if self._sigma2 is not None:
            d[self._sigma2] = 0.0
        return _Move(d, {i for i, x in imposed.items() if x != 0}, gain, free_direction)

    def _search(self, here: _Local, live: IntArray, newton: _Move) -> tuple[_Local | None, float, set[int]]:
        """A point with a higher log-likelihood: full and halved Newton steps, then more and more damped ones."""
        rescaled = self._rescaled(here, newton, live)
        if rescaled is not None:
            return rescaled, 1.0, set()
        for damping in DAMPING:
            found = self._move(here, live, damping) if damping else newton
            move, hit = found.move, found.hit
            for alpha in (1.0, 0.5, 0.25):
                try:
                    free = self._expand(here.free + alpha * move)
                    trial = self._evaluate(self.chart.from_free(free), here.point.loglik)
                except NotFeasible:
                    continue
                if trial.loglik > here.point.loglik:
                    local = self._local(trial, free)
                    if alpha == 1.0 and not damping and not hit:
                        return (*self._lengthened(here, move, local), hit)
                    return local, alpha, hit
        return None, 0.0, set()

    def _rescaled(self, here: _Local, newton: _Move, live: IntArray) -> _Local | None:
        """The Newton step rescaled; None where it gains too little, or passes a bound."""
        free = self._rescaling.step(here.point, here.free, newton.direction, newton.gain, live)
        if free is None or (free < self._lower).any() or (np.abs(free[self._correlation]) >= CORRELATION_BOUND).any():
            return None
        try:
            free = self._expand(free)
            trial = self._evaluate(self.chart.from_free(free), here.point.loglik + ENOUGH_GAIN * newton.gain)
        except NotFeasible:
            return None
        return self._local(trial, free) if trial is self._latest else None

    def _lengthened(self, here: _Local, move: FloatArray, found: _Local) -> tuple[_Local, float]:
        """A longer step where the slope along the move has hardly fallen: the average information was too large."""
        slope = float(here.score @ move)
        left = float(self.chart.turn(here.free + move, found.score) @ move) / slope if slope > 0 else 0.0
        if left < SLOPE_LEFT:
            return found, 1.0
        alpha = min(1 / max(1 - left, 1e-9), LONGEST)
        free = here.free + alpha * move
        if (free < self._lower).any() or (np.abs(free[self._correlation]) >= CORRELATION_BOUND).any():
            return found, 1.0
        try:
            free = self._expand(free)
            trial = self._evaluate(self.chart.from_free(free), found.point.loglik)
        except NotFeasible:
            return found, 1.0
        return (self._local(trial, free), alpha) if trial.loglik > found.point.loglik else (found, 1.0)
