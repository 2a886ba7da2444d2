"""asreml's own iteration: start, steps, limits, boundary and stopping that give its log line by line.

The constants were read off iteration logs: the published traces that these rules reproduce digit for digit are among
the comparison cases. Some are known as brackets only (OSCILLATION, LARGE_MOVE, SWINGS, STOP_STEP,
NEGLIGIBLE, BOUNDARY). Where they lead nowhere, `pyasreml.reml.lost` goes on. The default stepper;
`pyasreml.reml.exact` iterates to the optimum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pyasreml.errors import FitError, warn
from pyasreml.mme.equations import Equations
from pyasreml.reml.chart import Chart
from pyasreml.reml.damping import damp, penalise
from pyasreml.reml.edge import exact_estimates
from pyasreml.reml.evaluate import evaluate
from pyasreml.reml.exact import AtEdge
from pyasreml.reml.information import direction, inverse, singular_rows, singularities, standard_errors
from pyasreml.reml.iterate import Estimates, Iterate, Watcher, percent_change
from pyasreml.reml.limits import Limits
from pyasreml.reml.lost import EM_STEPS, ENOUGH, GUARDED_GAIN, before_fall, lost_from
from pyasreml.reml.point import Point
from pyasreml.variance.base import NotFeasible
from pyasreml.variance.product import Product

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FULL_STEP_GAIN = 0.142
"""From iteration 2 on: the squared multiplier times U'd per row of the information below this makes the step full."""
FULL_STEP_NEXT = 1.0
"""Multiplier times the largest |d|/se below this makes the next step full."""
NEARLY_FULL = 0.8
STOP_STEP = 0.01
"""Root mean square of d/se that counts as converged."""
NEGLIGIBLE = 0.05
"""A variance with θ sqrt(AI) below this is not waited for."""
STOP_LOGLIK = 0.002
"""Change of the log-likelihood, times the iteration number, that counts as converged."""
DAMPED_STEP = 0.6
"""Factor of the multiplier in a damped iteration; the next step is full."""
OSCILLATION = 0.05
"""A move that takes the last one back to within this fraction is halved: the parameter is set to its average …"""
LARGE_MOVE = 0.5
"""… if it is larger than this many standard errors, or if it is …"""
SWINGS = 3
"""… so many times in a row. Leading back further each time is swinging as well."""
BOUNDARY = 1e-4
"""A floored variance with θ sqrt(AI) below this takes its last step and stays (code B)."""


@dataclass
class _State:
    """What changes from one iteration to the next."""

    theta: FloatArray
    nominal: float
    held: set[int]
    boundary: set[int] = field(default_factory=set)
    singular: set[int] = field(default_factory=set)
    iterates: list[Iterate] = field(default_factory=list)
    step: FloatArray | None = None
    swings: IntArray | None = None
    outside: int = 0
    limited: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class _Update:
    """One update: the new parameters and what the rules need to know of it."""

    theta: FloatArray
    nominal: float
    waited: float
    moved: int
    late: int
    final: frozenset[int]
    rows: IntArray


class Likeness:
    """asreml's stepper.

    Parameters
    ----------
    equations : Equations
    step : float
        First multiplier (``step.size``, or ``update.step.size`` in a refit).
    maxit, extra : int
    ai_sing : bool
        Go on when the information is singular.
    soft : bool
        On failure return the last evaluation, not converged, instead of raising (``fail = "soft"``).
    release : bool
        A refit: the code B in an unstructured matrix is that of a root of its Cholesky factor, its elements may move.
    watch : callable, optional
        Called with each `Iterate` as it is made.
    to_edge : callable, optional
        Gives equations that hold where a Σ is singular, for an iteration that is lost.
    """

    def __init__(
        self,
        equations: Equations,
        *,
        step: float = 0.316,
        maxit: int = 13,
        extra: int = 0,
        ai_sing: bool = False,
        soft: bool = False,
        release: bool = False,
        watch: Watcher | None = None,
        to_edge: Callable[[], Equations] | None = None,
    ):
        self.equations = equations
        self.soft = soft
        self.table = equations.variance.parameters
        self.step = step
        self.maxit = maxit
        self.extra = extra
        self.ai_sing = ai_sing
        self.watch = watch
        self._to_edge = to_edge
        self._sigma2 = self.table.sigma2
        self._constraint = self.table.constraint
        follows = np.flatnonzero(self._constraint.follows) if self._constraint is not None else ()
        self._follows = {int(i) for i in follows}
        self._whole: Point | None = None
        self._limits = Limits(self.table)
        kinds = np.array(self.table.kinds)
        self._loading = kinds == "L"
        owners = self.table.owner[np.isin(kinds, ("C", "L"))]
        self._release = release
        self._chart = Chart(equations, ("F",) if release else ("F", "B"))
        owner = self.table.owner
        self._released = release & self._chart.turned & np.isin(owner, owner[kinds == "C"])
        self._may_go_on = maxit >= ENOUGH and not self._limits.unbounded.any()
        self._matrix = np.isin(self.table.owner, owners)
        if self._sigma2 is not None:
            self._matrix[self._sigma2] = True

    def run(self) -> Estimates:
        """Iterate from the table's starts; raises `FitError` where nothing can be returned."""
        table = self.table
        held = {i for i, c in enumerate(table.codes) if c == "F" or (c == "B" and not self._released[i])}
        held -= {self._sigma2}
        state = _State(table.start.copy(), self.step, {int(i) for i in held})
        extra_left, converged = self.extra, False
        point: Point | None = None
        for number in range(1, self.maxit + 1):
            try:
                latest = self._evaluate(state, number)
                update = self._update(state, latest, number)
            except AtEdge as edge:
                return self._guarded(state, max([*state.iterates, *edge.iterates], key=lambda i: i.loglik))
            except FitError as error:
                if not self._limits.unbounded.any() and before_fall(state.iterates) is not None:
                    break
                if not self.soft or (point is None and number > 1):
                    error.iterates = tuple(state.iterates)
                    raise
                return self._failed(state, point, str(error))
            point = latest
            restrained = update.moved + len(update.final)
            iterate = Iterate(number, point.loglik, point.sigma2, point.theta, update.nominal, restrained)
            change = abs(point.loglik - state.iterates[-1].loglik) if state.iterates else np.inf
            state.iterates.append(iterate)
            if self.watch is not None:
                self.watch(iterate)
            still = number > 1 and update.waited < STOP_STEP and change < STOP_LOGLIK * number
            stop = still and not update.moved and not update.late
            state.theta, state.nominal = update.theta, update.nominal
            state.boundary |= update.final
            state.held |= update.final
            crawling = state.outside > 1 and change < STOP_LOGLIK * number
            if (crawling or state.outside >= EM_STEPS) and self._may_go_on:
                break
            if stop or converged:
                converged = True
                if extra_left == 0:
                    break
                extra_left -= 1
        assert point is not None
        best = None
        if not converged and not self._limits.unbounded.any():
            best = lost_from(state.iterates, update.moved > 0) if self._may_go_on else before_fall(state.iterates)
        if best is not None:
            return self._guarded(state, best)
        return self._finish(state, point, update.rows, converged, "")

    def _guarded(self, state: _State, best: Iterate) -> Estimates:
        """Go on from the best point, up to twice as many iterations again, by steps that raise the log-likelihood."""
        done = len(state.iterates)

        def record(iterate: Iterate) -> None:
            state.iterates.append(replace(iterate, number=done + iterate.number))
            if self.watch is not None:
                self.watch(state.iterates[-1])

        found = exact_estimates(
            self.equations,
            self._to_edge,
            maxit=2 * self.maxit,
            ai_sing=True,
            gain=GUARDED_GAIN,
            start=best.theta,
            release=self._release,
            watch=record,
        )
        return replace(found, iterates=tuple(state.iterates))

    def _failed(self, state: _State, point: Point | None, message: str) -> Estimates:
        """What there is after a failure: the last point that could be evaluated, nothing updated."""
        theta = state.theta if point is None else point.theta
        active = np.array([i not in state.held for i in range(len(self.table))])
        try:
            last = self._based(evaluate(self.equations, theta, active))
        except NotFeasible:
            raise FitError(message) from None
        if not state.iterates:
            state.iterates.append(Iterate(1, last.loglik, last.sigma2, last.theta, state.nominal, 0))
        live = np.array([i for i in np.flatnonzero(active).tolist() if i not in self._follows], np.int64)
        bad = {i for i in singular_rows(last.ai, live) if i != self._sigma2}
        state.singular |= bad
        state.theta = theta
        return self._finish(state, last, np.array([i for i in live if i not in bad], np.int64), False, message)

    def _evaluate(self, state: _State, number: int) -> Point:
        active = np.array([i not in state.held for i in range(len(self.table))])
        try:
            return self._based(evaluate(self.equations, state.theta, active))
        except NotFeasible as error:
            where = "at the start values" if number == 1 else f"at iteration {number}"
            values = ", ".join(f"{n} = {v:.4g}" for n, v in zip(self.table.names, state.theta, strict=True))
            advice = "give other start values by init=, G.param or R.param"
            raise FitError(f"{error} {where} ({values}); {advice}") from None

    def _based(self, point: Point) -> Point:
        """The point with score and information of the base parameters, where others follow from them."""
        if self._constraint is None:
            return point
        self._whole = point
        score, ai = self._constraint.pull(point.score, point.ai)
        return replace(point, score=score, ai=ai)

    def _live(self, state: _State, point: Point, number: int) -> IntArray:
        ai = point.ai
        left_out = state.held | state.singular | self._follows
        live = np.array([i for i in range(len(self.table)) if i not in left_out], np.int64)
        bad = [i for i in singular_rows(ai, live) if i != self._sigma2]
        if bad:
            if self._chart.nearly_singular(point.theta)[bad].all():
                here = Iterate(number, point.loglik, point.sigma2, point.theta, state.nominal, 0)
                raise AtEdge(point.theta, (here,))
            if not self.ai_sing:
                raise FitError(singularities([self.table.names[i] for i in bad]))
            state.singular |= set(bad)
            live = np.array([i for i in live if i not in state.singular], np.int64)
        return live

    def _definite(
        self, point: Point, d: FloatArray, s: float, live: IntArray, moved: dict[int, float], number: int
    ) -> dict[int, float]:
        """EM steps of the ``us`` matrices that would not stay positive definite (``uspd``, ``pxem = 1``)."""
        theta = point.theta
        new = theta.copy()
        for i in live.tolist():
            if i != self._sigma2:
                new[i] += moved[i] if i in moved else s * d[i]
        steps: dict[int, float] = {}
        matrices = 0
        for product, rows in self._shaped:
            linked = self._constraint is not None and self._constraint.linked[rows].any()
            if linked or product.feasible(new[rows]):
                continue
            stepped = product.em_step(theta[rows], point.score[rows])
            if stepped is None or not product.feasible(np.where(np.isnan(stepped), theta[rows], stepped)):
                continue
            matrices += 1
            for i, value in zip(rows.tolist(), stepped.tolist(), strict=True):
                if value == value and i in live:
                    steps[i] = value - float(theta[i])
        if matrices:
            warn(f"US updates modified {matrices} times in iteration {number} to remain positive definite.")
        return steps

    @cached_property
    def _shaped(self) -> list[tuple[Product, IntArray]]:
        """Products with more than a scale, and the rows of their parameters."""
        eq = self.equations
        owners = [(p, eq.rows_of_term(t)) for t, p in enumerate(eq.variance.random)]
        owners += [(p, eq.rows_of_section(k)) for k, p in enumerate(eq.variance.sections)]
        return [(p, rows) for p, rows in owners if p.shaped]

    def _update(self, state: _State, point: Point, number: int) -> _Update:
        theta, score = state.theta, point.score
        rows = live = self._live(state, point, number)
        penalised = penalise(point.ai, live, self._loading, number)
        ai, damped, variances = damp(penalised, live, self._matrix)
        d = direction(ai, score, live, {})
        s = state.nominal * (DAMPED_STEP if damped else 1.0)
        if number > 1 and live.size and state.nominal**2 * (score[live] @ d[live]) / live.size < FULL_STEP_GAIN:
            s = 1.0
        moved = self._limits.imposed(theta, d, s, live, state.limited, {})
        sign = self._limits.sign_changes(theta, moved)
        if sign and s > self.step:
            s = self.step
        final = {
            i
            for i, move in moved.items()
            if self._limits.floored[i] and move < 0 and theta[i] * np.sqrt(point.ai[i, i]) < BOUNDARY
        }
        last_moves = {i: moved.pop(i) for i in final}
        live = np.array([i for i in live if i not in final], np.int64)
        em = self._definite(point, d, s, live, moved, number)
        state.outside = state.outside + 1 if em else 0
        moved |= em
        if moved or final:
            d = direction(ai, score, live, moved)
        late = self._limits.imposed(theta, d, s, live, state.limited, moved)
        free = np.array([i for i in live if i not in moved], np.int64)
        information = np.sqrt(np.maximum(np.diagonal(point.ai), 0.0))
        negligible = self._limits.floored & (theta * information < NEGLIGIBLE)
        if variances is not None and free.size == rows.size:
            errors = np.sqrt(variances)
        else:
            errors = standard_errors(ai, free) if free.size else np.zeros(0)
        largest, waiting = self._sizes(d, free, errors, negligible)
        new = theta.copy()
        for i in live.tolist():
            if i != self._sigma2:
                new[i] += moved[i] if i in moved else late[i] if i in late else s * d[i]
        for i, move in last_moves.items():
            new[i] += move
        state.limited = {*moved, *late, *final}
        self._average_oscillating(state, new, state.limited, live, point.ai)
        if self._constraint is not None:
            new = self._constraint.expand(new)
        shortened = (self._keep_feasible if self._constraint is None else self._keep_constrained)(theta, new)
        if damped:
            nominal = 1.0
        elif sign:
            nominal = float(np.sqrt(self.step))
        elif s >= 1:
            nominal = 1.0
        else:
            nominal = float(np.sqrt(s))
            proper_free = any(i != self._sigma2 for i in free.tolist())
            if nominal > NEARLY_FULL or (number > 1 and s * largest < FULL_STEP_NEXT and proper_free):
                nominal = 1.0
        return _Update(new, nominal, waiting, len(moved) + shortened, len(late), frozenset(final), rows)

    def _average_oscillating(
        self, state: _State, new: FloatArray, limited: set[int], live: IntArray, ai: FloatArray
    ) -> None:
        """Halve a move that leads back to where the parameter was two iterations ago, if it is large or swings on."""
        step = new - state.theta
        if state.step is not None:
            size, last = np.abs(step), np.abs(state.step)
            further = (step * state.step < 0) & (size > last)
            returned = np.abs(step + state.step) < OSCILLATION * last
            swings = np.zeros(step.size, np.int64) if state.swings is None else state.swings
            state.swings = np.where(returned | further, swings + 1, 0)
            errors = standard_errors(ai, live) if returned.any() else np.zeros(live.size)
            for i, error in zip(live.tolist(), errors.tolist(), strict=True):
                large = returned[i] and size[i] > LARGE_MOVE * error
                if (large or state.swings[i] >= SWINGS) and i not in limited:
                    new[i] = state.theta[i] + 0.5 * step[i]
        state.step = new - state.theta

    def _sizes(
        self, d: FloatArray, rows: IntArray, errors: FloatArray, negligible: npt.NDArray[np.bool_]
    ) -> tuple[float, float]:
        """Largest |d|/se of the free rows, and the root mean square of those not negligible; sigma2 left out."""
        proper = rows != self._sigma2 if self._sigma2 is not None else np.ones(rows.size, bool)
        if not proper.any():
            return 0.0, 0.0
        z = np.abs(d[rows]) / errors
        waited = z[proper & ~negligible[rows]]
        return float(z[proper].max()), float(np.sqrt(np.square(waited).mean())) if waited.size else 0.0

    def _keep_feasible(self, theta: FloatArray, new: FloatArray) -> int:
        """Halve the move of a structure that is not positive definite until it is; returns parameters shortened.

        Of a correlation structure the correlations only: what its variance does has another cause.
        """
        count = 0
        for product, rows in self._shaped:
            if product.feasible(new[rows]):
                continue
            some = rows[self._limits.correlation[rows]]
            halved = some if some.size and not self._matrix[rows].any() else rows
            count += halved.size
            for _ in range(60):
                new[halved] = 0.5 * (theta[halved] + new[halved])
                if product.feasible(new[rows]):
                    break
            else:
                new[rows] = theta[rows]
        return count

    def _keep_constrained(self, theta: FloatArray, new: FloatArray) -> int:
        """The same where parameters of one structure follow from those of another: the whole move is halved."""
        assert self._constraint is not None
        for halvings in range(60):
            if self._constraint.feasible(new) and all(p.feasible(new[rows]) for p, rows in self._shaped):
                return len(self.table) if halvings else 0
            new[:] = 0.5 * (theta + new)
        new[:] = theta
        return len(self.table)

    def _finish(self, state: _State, point: Point, rows: IntArray, converged: bool, message: str) -> Estimates:
        codes = ["P" if c == "B" and i not in state.held else c for i, c in enumerate(self.table.codes)]
        for i in state.boundary:
            codes[i] = "B"
        for i in state.singular:
            codes[i] = "S"
        final_codes = tuple(codes)
        # what the last step was solved with: asreml stores its inverse, penalised pivots of loadings included
        ai_inverse = inverse(penalise(point.ai, rows, self._loading, len(state.iterates)), rows)
        if self._constraint is not None:
            final_codes = self._constraint.final_codes(final_codes)
            ai_inverse = self._constraint.push(ai_inverse)
            assert self._whole is not None
            point = self._whole
        return Estimates(
            tuple(state.iterates),
            state.theta,
            final_codes,
            percent_change(point.theta, state.theta, final_codes),
            ai_inverse,
            point,
            converged,
            message,
        )
