r"""How the equations move with the variance parameters, and the products that the average information is made of.

The working variates :math:`q_i = \dot V_iPy` have :math:`q_i'Pq_j = x_{ij} - f_i'\tilde C^{-1}f_j` with one sparse
column f a parameter, half the derivative of the equations' residual, and x the same derivatives in the metric of G or
R (Gilmour, Thompson & Cullis 1995, Biometrics 51:1440, in the unknowns instead of the records):

* through a coefficient of :math:`G^{-1}`, :math:`f = (\partial_iG^{-1})u`; of :math:`R^{-1}`,
  :math:`f = -W'(\partial_iR^{-1})e`. A covariance between two traits moves the equations of these two only. A column
  stands for a coefficient and the parameters combine columns.
* through a factor T, :math:`\dot V = Z(\dot TT' + T\dot T')Z'`, :math:`f = S'W'R^{-1}W\dot Sv - \dot S'Z'R^{-1}e`.
* :math:`q = Zg` with :math:`g = \dot GZ'Py` and :math:`f = W'R^{-1}Zg`, a full column, where a term has few parameters.
  It keeps its digits where G vanishes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from pyasreml.linalg import Alike, Columns
from pyasreml.linalg.backends import Numeric, Ranges, Solver
from pyasreml.mme.alike import Lists, alike_leaves
from pyasreml.mme.equations import Equations, Structures
from pyasreml.mme.records import Misfit, Statistics
from pyasreml.mme.reduced import ReducedNumeric
from pyasreml.mme.rotation import RotatedNumeric, whitened_part
from pyasreml.mme.whitened import WhitenedNumeric
from pyasreml.variance.base import Coefficients
from pyasreml.variance.product import Product
from pyasreml.variance.squares import Squares
from pyasreml.variance.whitened import WhitenedTerm

__all__ = ["Sensitivity", "Solved", "sensitivity_of"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Rows = tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int32]]

FEW = 3
"""A random term with so many parameters has full columns."""


@dataclass(frozen=True)
class Solved:
    """The equations solved at one θ.

    Attributes
    ----------
    theta : float array (p,)
    at : Structures
    v : float array (unknowns,)
        Without what genetic groups add (`Equations.random_part`).
    misfit : Misfit
        y - Wb, and what is made of it.
    s : float array (coefficients,)
        v'B_m v and e'M_m e.
    """

    theta: FloatArray
    at: Structures
    v: FloatArray
    misfit: Misfit
    s: FloatArray


@dataclass(eq=False)
class _Group:
    """Parameters that act in one way.

    Attributes
    ----------
    owner : int
        Random term or section.
    product : Product
    rows : int array (k,)
        In the parameter table.
    local : int array (k,)
        Among the owner's parameters.
    squares : Squares or None
        Where columns stand for coefficients.
    columns, place : slice
        Its columns; its parameters among those of all groups.
    """

    owner: int
    product: Product
    rows: IntArray
    local: IntArray
    squares: Squares | None = None
    columns: slice = field(default_factory=lambda: slice(0))
    place: slice = field(default_factory=lambda: slice(0))

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.rows.size if self.squares is None else self.product.basis_count

    def point(self, points: Sequence[Coefficients]) -> Coefficients:
        """Coefficients and their derivatives by the group's parameters."""
        point = points[self.owner]
        return Coefficients(point.c, point.dc[self.local], point.logdet, point.dlogdet[self.local])


def _group(owner: int, product: Product, rows: IntArray, local: IntArray, few: int) -> _Group:
    """By coefficients, where there are no more of them than parameters and not only `few`."""
    squares = Squares(product)
    wide = product.basis_count > local.size or local.size <= few
    return _Group(owner, product, rows[local], local, None if wide or not squares.known else squares)


class Sensitivity:
    """Columns f of the parameters of some owners: places, ranges and what fills them.

    Parameters
    ----------
    equations : Equations
    wanted : bool array (p,)
        Owners without a wanted parameter are left out.
    numeric : Solver
        What will take the columns.

    Attributes
    ----------
    rows : int array (k,)
        Parameters covered, rows of the table.
    """

    def __init__(self, equations: Equations, wanted: npt.NDArray[np.bool_], numeric: Solver):
        self._eq = eq = equations
        self._factors: list[_Group] = []
        self._whole: list[_Group] = []  # q = Zg
        self._priors: list[_Group] = []
        self._sections: list[_Group] = []
        for t, (product, white) in enumerate(zip(eq.variance.random, eq.whitened, strict=True)):
            rows = eq.rows_of_term(t)
            if not wanted[rows].any():
                continue
            if white is None:
                group = _group(t, product, rows, np.arange(rows.size), FEW)
                (self._whole if group.squares is None else self._priors).append(group)
                continue
            own = np.arange(rows.size)[white.own]
            self._factors.append(_Group(t, product, rows[own], own))
            rest = np.delete(np.arange(rows.size), own)
            if rest.size:
                self._whole.append(_Group(t, white.prior, rows[rest], rest))
        for k, product in enumerate(eq.variance.sections):
            rows = eq.rows_of_section(k)
            if wanted[rows].any():
                self._sections.append(_group(k, product, rows, np.arange(rows.size), 0))
        groups = (*self._factors, *self._whole, *self._priors, *self._sections)
        self.rows = np.concatenate([np.zeros(0, np.int64), *(g.rows for g in groups)])
        self._columns = at = 0
        for g in groups:
            g.columns = slice(self._columns, self._columns + g.width)
            g.place = slice(at, at + g.rows.size)
            self._columns, at = g.columns.stop, g.place.stop
        by_coefficients = [g for g in (*self._priors, *self._sections) if g.squares is not None]
        # sections with one variance each may be many
        self._alone = [g for g in by_coefficients if g.width == g.rows.size == 1]
        self._several = [g for g in by_coefficients if g not in self._alone]
        self._alone_place = np.array([g.place.start for g in self._alone], np.int64)
        self._alone_column = np.array([g.columns.start for g in self._alone], np.int64)
        self._alone_coef = np.array([self._coefficient(g) for g in self._alone], np.int64)
        # the first parameters, of factors and full columns, have products x with all others
        self._paired = self._first_of((*self._priors, *self._sections), at)
        self._maps = () if eq.whitening is None else (eq.whitening.rows, self._moves())
        self._order = np.arange(self._columns, dtype=np.int32)
        # every parameter has its own column, in their order
        self._plain = not self._factors and all(g.squares is None for g in groups)
        self._numbers = self._section_numbers()
        self._lists = self._all_lists()
        self._alike: Alike | None = None
        if not self._plain:
            self._alike = alike_leaves(
                eq, numeric, self._lists, self._maps, self._numbers, self._dense_places(), self._whole_place()
            )
            if self._alike is not None:
                self._lists = self._lists.without(self._alike)
            # columns that meet the same unknowns stand together
            by = np.argsort(self._measure().earliest, kind="stable")
            self._order[by] = np.arange(self._columns)
            found = self._measure()
            first, end, self._effects = found.first, found.end, found.effects
        else:
            first, end = np.zeros(eq.unknowns, np.int32), np.full(eq.unknowns, self._columns, np.int32)
            self._effects = np.stack([np.zeros(eq.N, np.int32), np.full(eq.N, self._columns, np.int32)])
        self._ranges: Ranges = numeric.ranges(self._columns, first, end)

    @staticmethod
    def _first_of(groups: Sequence[_Group], none: int) -> int:
        return int(groups[0].place.start) if groups else none

    def _white(self, g: _Group) -> WhitenedTerm:
        term = self._eq.whitened[g.owner]
        assert term is not None
        return term

    def _moves(self) -> Rows:
        """Moves of all whitened terms by effect: sources (unknowns, then effects) and columns."""
        eq = self._eq
        none = np.zeros(0, np.int64)
        found = [(none, none, none)]
        for g in self._factors:
            term = self._white(g)
            effect, parameter, source = term.moves()
            first = eq.offsets[g.owner]
            place = np.where(
                source < term.unknowns,
                eq.unknown_offsets[g.owner] + source,
                eq.unknowns + first + source - term.unknowns,
            )
            found.append((effect + first, place, parameter + g.columns.start))
        effect, source, column = (np.concatenate(x) for x in zip(*found, strict=True))
        start = np.concatenate([[0], np.cumsum(np.bincount(effect, minlength=eq.N))]).astype(np.int64)
        return start, source.astype(np.int32), column.astype(np.int32)

    def _section_numbers(self) -> npt.NDArray[np.int32]:
        """Column of every coefficient of R⁻¹, -1 for none."""
        numbers = np.full(self._eq.residual.offsets[-1], -1, np.int32)
        for g in self._sections:
            if g.squares is not None:
                lo = self._eq.residual.offsets[g.owner]
                numbers[lo : lo + g.width] = np.arange(g.columns.start, g.columns.stop)
        return numbers

    def _all_lists(self) -> Lists:
        eq = self._eq
        none = np.zeros(0, np.int64)
        record, residual = (none, none, none, np.zeros(0)), None
        if self._factors:
            assert eq.record_entries is not None
            record = eq.record_entries
        if (self._numbers >= 0).any() and eq.rotation is None and not isinstance(eq.records, Statistics):
            r = eq.residual
            residual = (r.row, r.col, r.coef, r.value)
        priors = []
        for g in self._priors:
            entries = eq.sparse_prior(g.owner)
            if entries is not None:
                priors.append((entries, eq.unknown_offsets[g.owner], g.columns.start))
        return Lists(record, residual, tuple(priors))

    def _whole_place(self) -> tuple[int, int]:
        """First and number of the columns where q = Zg."""
        return (self._whole[0].columns.start if self._whole else 0), sum(g.width for g in self._whole)

    @property
    def _summed(self) -> bool:
        """True where the one column of R⁻¹ follows from sums over the records."""
        summed = self._eq.rotation is None and isinstance(self._eq.records, Statistics)
        return summed and bool((self._numbers >= 0).any())

    def _dense_places(self) -> list[tuple[int, int]]:
        """First and number of the columns of each block that is given whole."""
        out = [(g.columns.start, g.width) for g in self._sections if g.squares is None]
        out += [self._whole_place()] if self._whole else []
        return out + ([(int(self._numbers[0]), 1)] if self._summed else [])

    def _dense(self, solved: Solved, slopes: dict[int, FloatArray], whole: FloatArray) -> list[FloatArray]:
        """Those blocks by effects."""
        eq = self._eq
        out = [-self._gathered(slopes[g.owner]) for g in self._sections if g.squares is None]
        if self._whole:
            effects = whole if eq.rotation is None else eq.rotation.effects(eq.p, whole)
            moved = eq.records.weigh(solved.at.c, effects)
            out.append(moved if eq.rotation is None else eq.rotation.adjoint(eq.p, moved))
        if self._summed:
            out.append(-solved.misfit.gathered[:, None] / solved.at.c[0])
        return out

    def _new_columns(self) -> Columns:
        columns = Columns(self._eq.unknowns, self._order, self._eq.p, *self._maps)
        if self._alike is not None:
            columns.skip(self._alike.effects.view(np.uint8))
        return columns

    def _measure(self) -> Columns:
        """Ranges of columns of every unknown: the fill, without numbers."""
        eq = self._eq
        columns = self._new_columns()
        none = np.zeros(max(eq.N, eq.n, eq.unknowns, eq.coefficient_count))
        at = Structures(np.ones(eq.coefficient_count), (), ())
        solved = Solved(none, at, none[: eq.unknowns], eq.records.misfit(at.c, none[: eq.N]), none)
        entries = none if eq.whitening is None else np.zeros(eq.whitening.factor_offsets[-1])
        self._fill(columns, solved, entries, none[: eq.N], [np.zeros((eq.N, w)) for _, w in self._dense_places()])
        return columns

    def _fill(
        self, columns: Columns, solved: Solved, entries: FloatArray, h: FloatArray, dense: Sequence[FloatArray]
    ) -> None:
        """Fill in all columns, given the entries of T."""
        eq, lists = self._eq, self._lists
        if self._factors:
            columns.factor(*lists.record, solved.at.c)
            columns.scores(h)
        for (at, _), z in zip(self._dense_places(), dense, strict=True):
            columns.dense(at, z)
        for e, first, column in lists.priors:
            numbers = np.arange(column, self._columns, dtype=np.int32)
            columns.prior(e.row, e.col, e.basis, e.value, solved.v[first:], first, numbers)
        for g in self._priors:
            if eq.sparse_prior(g.owner) is None:
                first = eq.unknown_offsets[g.owner]
                numbers = np.arange(g.columns.start, g.columns.stop, dtype=np.int32)
                e, v = eq.prior_products(g.owner, solved.v[first : first + g.product.size])
                columns.prior(e.row, e.col, e.basis, e.value, v, first, numbers)
        if lists.residual is not None:
            columns.residual(*lists.residual, solved.misfit.e, eq.W._arrays, self._numbers)
        elif eq.rotation is not None and (self._numbers >= 0).any():
            # W'M e = W'M y - W'MW b, both turned once a model
            assert eq.record_entries is not None
            columns.records(*eq.record_entries, self._turned_effects(solved.v, entries), self._numbers)
            for m in np.flatnonzero(self._numbers >= 0).tolist():
                columns.dense(int(self._numbers[m]), -self._turned_response[:, m : m + 1])
        if self._alike is not None:
            self._alike.add(columns)

    def _section_slopes(self, solved: Solved) -> dict[int, FloatArray]:
        """(∂R⁻¹)e by parameter, float arrays (n, k), of the sections not taken by coefficients."""
        eq = self._eq
        out = {}
        for g in self._sections:
            if g.squares is None:
                lo = eq.residual.offsets[g.owner]
                out[g.owner] = np.empty((eq.n, g.width))
                c = np.zeros(eq.residual.offsets[-1])
                for i, slope in enumerate(g.point(solved.at.sections).dc):
                    c[lo : lo + slope.size] = slope
                    out[g.owner][:, i] = eq.operator(c).dot(solved.misfit.e)
        return out

    def _whole_moves(self, solved: Solved) -> FloatArray:
        """Moves g of the effects where q = Zg, float array (N, number of such columns)."""
        eq = self._eq
        out = np.zeros((eq.N, sum(g.width for g in self._whole)))
        first = self._whole[0].columns.start if self._whole else 0
        for g in self._whole:
            at = slice(eq.offsets[g.owner], eq.offsets[g.owner + 1])
            mine = slice(g.columns.start - first, g.columns.stop - first)
            term, theta, lo = eq.whitened[g.owner], solved.theta[g.rows], eq.unknown_offsets[g.owner]
            if term is None:
                out[at, mine] = g.product.working(theta, solved.v[lo : lo + g.product.size])
            else:
                values = term.factor_at(solved.theta[eq.rows_of_term(g.owner)]).values
                out[at, mine] = term.effects(values, g.product.working(theta, solved.v[lo : lo + term.unknowns]))
        return out

    def products(self, numeric: Numeric, solved: Solved) -> FloatArray:
        """q_i'Pq_j of the parameters in `rows`, without σ²; float array (k, k).

        Parameters
        ----------
        numeric : Numeric
            The factor of C.
        solved : Solved
        """
        eq = self._eq
        h, known = np.zeros(eq.N), np.zeros(eq.N)
        for g in self._factors:
            at = slice(eq.offsets[g.owner], eq.offsets[g.owner + 1])
            h[at] = eq.gathered(g.owner, solved.misfit.gathered)
            theta = solved.theta[eq.rows_of_term(g.owner)]
            known[at] = self._white(g).known_times(theta, h[at], turned=eq.rotation is not None)
        white, inner = whitened_part(numeric), _innermost(numeric)
        entries = np.ones(1) if white is None else white.entries
        whole, slopes = self._whole_moves(solved), self._section_slopes(solved)
        dense = self._dense(solved, slopes, whole)
        if self._alike is not None:
            parts = [solved.v, *((known, h) if self._maps else ())]
            parts += [solved.misfit.e] if self._lists.residual is not None else []
            sources = np.concatenate([*parts, *(z.ravel() for z in dense), whole.ravel()])
            self._alike.begin(sources, solved.at.c, entries)
        columns = self._new_columns()
        sources = np.concatenate([solved.v, known])
        first = self._whole_place()[0]
        columns.begin(self._ranges.origin, self._ranges.size, entries, sources, first, whole, self._effects)
        self._fill(columns, solved, entries, h, dense)
        columns.finish()
        if self._alike is not None:
            self._alike.pairs(columns)
        x = self._squares(solved, slopes)
        if self._plain:
            if self._paired:
                x[: self._paired] = columns.pairs[: self._paired]
                x[self._paired :, : self._paired] = x[: self._paired, self._paired :].T
            return np.asarray(x - inner.gram(self._ranges, columns.values))
        if self._paired:
            pairs = columns.pairs[: self._paired, self._order]
            x[: self._paired] = self._by_parameters(pairs.T, solved).T
            x[self._paired :, : self._paired] = x[: self._paired, self._paired :].T
        for g in self._factors:
            at = slice(eq.offsets[g.owner], eq.offsets[g.owner + 1])
            x[g.place, g.place] += self._white(g).cross_products(h[at], known[at])
        if self._alike is None:
            gram = inner.gram(self._ranges, columns.values)
        else:
            gram = cast(Any, inner).gram(self._ranges, columns.values, self._alike, self._order)
        gram = gram[self._order[:, None], self._order]
        return np.asarray(x - self._by_parameters(self._by_parameters(gram, solved).T, solved))

    def _gathered(self, x: FloatArray) -> FloatArray:
        """W'x by effects, as a rotation turns them."""
        found = self._eq.W.tdot(x)
        return found if self._eq.rotation is None else self._eq.rotation.adjoint(self._eq.p, found)

    def _turned_effects(self, v: FloatArray, entries: FloatArray) -> FloatArray:
        """Effects as a rotation turns them."""
        whitening = self._eq.whitening
        return v if whitening is None else whitening.scatter(entries, v)

    @cached_property
    def _turned_response(self) -> FloatArray:
        """W'M_m y by effects as a rotation turns them, float array (N, coefficients of R⁻¹)."""
        eq = self._eq
        parts = [eq.operator(row).dot(eq.records.y) for row in np.eye(eq.residual.offsets[-1])]
        return self._gathered(np.stack(parts, axis=1))

    def _coefficient(self, g: _Group) -> int:
        """The first of a group's coefficients."""
        eq = self._eq
        return int(eq.residual.offsets[g.owner] if g in self._sections else eq.random_offsets[g.owner])

    def _points(self, g: _Group, solved: Solved) -> Sequence[Coefficients]:
        return solved.at.sections if g in self._sections else solved.at.random

    def _by_parameters(self, x: FloatArray, solved: Solved) -> FloatArray:
        """Rows by parameters from rows by columns, x (columns, m)."""
        out = np.empty((self.rows.size, x.shape[1]))
        for g in (*self._factors, *self._whole, *self._sections):
            if g.squares is None:
                out[g.place] = x[g.columns]
        for g in self._several:
            out[g.place] = g.point(self._points(g, solved)).dc @ x[g.columns]
        if self._alone:
            out[self._alone_place] = self._slopes_alone(solved)[:, None] * x[self._alone_column]
        return out

    def _squares(self, solved: Solved, slopes: dict[int, FloatArray]) -> FloatArray:
        """The x of priors and sections among themselves, zero elsewhere; float array (k, k)."""
        x = np.zeros((self.rows.size, self.rows.size))
        for g in self._sections:
            if g.owner in slopes:
                q = self._eq.residual.working(g.owner, solved.theta[g.rows], solved.misfit.e, self._eq.weights)
                x[g.place, g.place] = -q.T @ slopes[g.owner]
        for g in self._several:
            assert g.squares is not None
            lo = self._coefficient(g)
            point = g.point(self._points(g, solved))
            x[g.place, g.place] = g.squares(solved.theta[g.rows], point, solved.s[lo : lo + g.width])
        if self._alone:
            at = self._alone_coef
            x[self._alone_place, self._alone_place] = self._slopes_alone(solved) ** 2 * (solved.s[at] / solved.at.c[at])
        return x

    def _slopes_alone(self, solved: Solved) -> FloatArray:
        return np.array([self._points(g, solved)[g.owner].dc[g.local[0], 0] for g in self._alone])


def _innermost(numeric: Numeric) -> Solver:
    """The solver itself, in its own unknowns."""
    inner = numeric.inner if isinstance(numeric, RotatedNumeric) else numeric
    return cast(Solver, inner.inner if isinstance(inner, WhitenedNumeric) else inner)


def sensitivity_of(equations: Equations, wanted: npt.NDArray[np.bool_], numeric: Numeric) -> Sensitivity:
    """The columns of the owners that have a wanted parameter; made once for the same owners and kind of solver."""
    eq, inner = equations, _innermost(numeric)
    solver = inner.inner if isinstance(inner, ReducedNumeric) else inner
    same = (type(solver).__name__, wanted.tobytes())
    if same not in eq.sensitivities:
        owners = [eq.rows_of_term(t) for t in range(len(eq.Z))]
        owners += [eq.rows_of_section(k) for k in range(len(eq.variance.sections))]
        key = (same[0], *(bool(wanted[rows].any()) for rows in owners))
        if key not in eq.sensitivities:
            eq.sensitivities[key] = Sensitivity(eq, wanted, inner)
        eq.sensitivities[same] = eq.sensitivities[key]
    found: Sensitivity = eq.sensitivities[same]
    return found
