r"""The mixed-model equations of one model: everything that stays constant while θ changes.

:math:`C = W'R^{-1}W + \mathrm{blockdiag}(0, G^{-1}, 0)` with :math:`W = [X\ Z\ M]`; M holds a column with -1 for every
missing response that stays in a correlated residual section, so that its effect is the predicted response. Every
entry of C is a sum of values times coefficients c(θ): pattern, ordering and scatter lists are made here, once. Terms
may be written by whitened unknowns instead of their effects (`pyasreml.mme.whitened`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from pyasreml.design import FlatEffects, side_by_side
from pyasreml.linalg import Csr, analyze, build_pattern, gram_parts, quadratic_forms
from pyasreml.linalg.backends import Analysis, BlockNumeric, Numeric, Solver
from pyasreml.linalg.indefinite import LARGEST, IndefiniteNumeric
from pyasreml.mme.dense_block import blocks_of, dense_last, dense_prior
from pyasreml.mme.needs import Needs, needs_of
from pyasreml.mme.places import Places
from pyasreml.mme.records import records_of
from pyasreml.mme.reduced import ReducedNumeric, Reduction
from pyasreml.mme.residual import Residual, ResidualOperator
from pyasreml.mme.rotation import Rotation, whitened_part
from pyasreml.mme.whitened import WhitenedNumeric, Whitening
from pyasreml.variance.base import Coefficients, Entries, NotFeasible
from pyasreml.variance.build import VarianceModel
from pyasreml.variance.identity import Identity
from pyasreml.variance.product import Product
from pyasreml.variance.whitened import WhitenedTerm

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Structures:
    """All structures at one θ.

    Attributes
    ----------
    c : float array (number of coefficients,)
    random, sections : tuple of Coefficients
    """

    c: FloatArray
    random: tuple[Coefficients, ...]
    sections: tuple[Coefficients, ...]


class Equations:
    """Constants of the mixed-model equations.

    Parameters
    ----------
    y : float array (n,)
        NaN where missing.
    X : Csr (n, p)
        Columns kept after aliasing.
    Z : sequence of Csr (n, q_t)
        Random terms in formula order.
    variance : VarianceModel
    rows : sequence of int arrays
        Rows of each residual section.
    weights : float array (n,) or None
    solver : {"own", "cholmod"}
    threads : int
    whitened : sequence of WhitenedTerm or None
        One a random term, None where its effects are the unknowns; empty for none at all.
    rotation : Rotation or None
        The change of unknowns that belongs to `variance`.
    check : callable, optional
        Called with the `Needs` before anything of the size of the factor is made; it may raise.
    flat : sequence of FlatEffects or None
        One a random term: its effects without a prior. Empty for none at all.

    Attributes
    ----------
    N : int
        Number of effects, missing values included: the equations where no term is whitened.
    whitening : Whitening or None
    records : Records
        The response beside W: what an iteration needs of them.
    record_entries : row, column, coefficient and value arrays, or None
        W'R⁻¹W by effects (as a rotation turns them), where there is a whitening or a rotation.
    plain : bool
        True where the unknowns are the effects of sparse terms, and none of them is left out.
    sensitivities : dict
        What `pyasreml.mme.sensitivity` has made for these equations.
    components : list
        Empty until `pyasreml.mme.components` has looked; then a model of variance components, or None.
    offsets : tuple of int
        First equation of each random term; the last is the first of the missing-value effects.
    df : int
        Observed records less p, less the effects of random terms that are fixed (genetic groups) and not dropped.
    """

    def __init__(
        self,
        y: FloatArray,
        X: Csr,
        Z: Sequence[Csr],
        variance: VarianceModel,
        rows: Sequence[IntArray],
        weights: FloatArray | None = None,
        *,
        solver: str = "own",
        threads: int = 1,
        whitened: Sequence[WhitenedTerm | None] = (),
        rotation: Rotation | None = None,
        check: Callable[[Needs], None] | None = None,
        flat: Sequence[FlatEffects | None] = (),
    ):
        self.observed: BoolArray = ~np.isnan(y)
        self.y = np.where(self.observed, y, 0.0)
        self.n, self.p = y.size, X.n_cols
        self.X, self.Z = X, tuple(Z)
        self.variance = variance
        self.weights = weights
        self.flat = tuple(flat) or (None,) * len(self.Z)
        self.df = int(self.observed.sum()) - self.p - sum(int(f.kept.sum()) for f in self.flat if f)
        self.residual = Residual(rows, variance.sections, self.observed, weights)
        missing = self.residual.missing
        self.offsets = tuple((self.p + np.concatenate([[0], np.cumsum([z.n_cols for z in Z])])).astype(int).tolist())
        self.W = side_by_side([X, *Z, *([_missing_columns(self.n, missing)] if missing.size else [])], self.n)
        self.N = self.W.n_cols
        self.whitened = tuple(whitened) or (None,) * len(self.Z)
        self.whitening = Whitening(self.whitened, self.offsets, self.N) if any(self.whitened) else None
        priors = [p if w is None else w.prior for p, w in zip(variance.random, self.whitened, strict=True)]
        self._dense = [dense_prior(p) if solver == "own" else None for p in priors]
        self._bases = [
            p.entries() if d is None else d.placeholders() for p, d in zip(priors, self._dense, strict=True)
        ]
        counts = [p.basis_count for p in priors]
        starts = self.residual.offsets[-1] + np.concatenate([[0], np.cumsum(counts)])
        self.random_offsets = tuple(starts.astype(int).tolist())
        self.coefficient_count = self.random_offsets[-1]
        self._owner_rows = self._rows_by_owner()
        self.rotation = rotation
        of_records, of_priors = self._record_entries(), self._prior_entries()
        self.records = records_of(self.y, self.X, self.W, self.residual, self.observed, of_records)
        if rotation is not None:
            of_records = rotation.entries(of_records, self.p)
        self.record_entries = of_records if self.whitening is not None or rotation is not None else None
        if self.whitening is None:
            lists = tuple(np.concatenate(x) for x in zip(of_records, of_priors, strict=True))
            unknowns = self.N
            number: IntArray | None = None
        else:
            lists, self._products = self.whitening.expand(of_records, of_priors)
            unknowns = self.whitening.N
            number = self._products.constant(self.coefficient_count)
        self._last = dense_last(self._dense, self.unknown_offsets)
        gone = [self.unknown_offsets[t] + f.dropped for t, f in enumerate(self.flat) if f and f.dropped.size]
        self._reduction = Reduction(unknowns, np.concatenate(gone)) if gone else None
        self.plain = self.whitening is None and rotation is None and not any(self.flat) and not any(self._dense)
        if self._reduction is not None:
            lists, self._last = self._reduction.entries(*lists), self._reduction.number[self._last]
            unknowns = self._reduction.kept.size
        row, col, coef, value = lists
        pattern, where = build_pattern(unknowns, row, col)
        del row, col, lists, of_records, of_priors
        self._pattern = pattern
        self._blocks = blocks_of(self._dense, unknowns - self._last.size, self.random_offsets, number)
        self._entry = (where, coef.astype(np.int32), value)
        self._taken: Needs | None = None
        asked = None if check is None else partial(self._ask, check)
        self.analysis = analyze(pattern, solver, coordinates=self._coordinates, last=self._last, check=asked)
        self._threads = threads
        self._numeric: Numeric | None = None
        self._indefinite: Numeric | None = None
        self.sensitivities: dict[tuple[Any, ...], Any] = {}
        self.components: list[Any] = []

    def _coordinates(self) -> FloatArray | None:
        """Places of the unknowns in a field, float array (unknowns, axes), NaN where they have none."""
        places = Places(self.W)
        for rows, product in zip(self.residual.grids, self.residual.products, strict=True):
            places.add_section(rows, product)
        for t, product in enumerate(self.variance.random):
            if self._dense[t] is None:
                places.add_term(self.offsets[t], product)
        by_effects = places.coordinates()
        if by_effects is None:
            return None
        by_unknowns = by_effects if self.whitening is None else self._by_unknowns(by_effects)
        return by_unknowns if self._reduction is None else by_unknowns[self._reduction.kept]

    def _by_unknowns(self, by_effects: FloatArray) -> FloatArray:
        assert self.whitening is not None
        out = np.full((self.whitening.N, by_effects.shape[1]), np.nan)
        for t, white in enumerate(self.whitened):
            if white is None:
                out[self.unknown_offsets[t] : self.unknown_offsets[t + 1]] = by_effects[
                    self.offsets[t] : self.offsets[t + 1]
                ]
        out[self.unknown_offsets[-1] :] = by_effects[self.offsets[-1] :]
        return out

    @property
    def needs(self) -> Needs:
        """What the fit takes."""
        if self._taken is None:
            self._taken = self._needs(self.analysis)
        return self._taken

    def _ask(self, check: Callable[[Needs], None], analysis: Analysis) -> None:
        self._taken = self._needs(analysis)
        check(self._taken)

    def _needs(self, analysis: Analysis) -> Needs:
        constants: list[Any] = [*self._entry, self._pattern.indptr, self._pattern.indices, self.y, self.residual.value]
        constants += [a for m in (self.X, self.W, *self.Z) for a in (m.indptr, m.indices, m.data)]
        constants += [a for e in self._bases for a in (e.row, e.col, e.basis, e.value)]
        dense = [d.order for d in self._dense if d is not None]
        if self.rotation is not None:
            dense.append(len(self.rotation.known))
        # a column of a parameter is full at most; e, R⁻¹e and the like by records
        sides = 8 * (len(self.variance.parameters) * analysis.n + 8 * self.n)
        transposed = 12 * self.W.nnz + 8 * self.N
        return needs_of(analysis, sum(a.nbytes for a in constants) + transposed, self._entry[0].size, dense, sides)

    @property
    def numeric(self) -> Numeric:
        """The factor's storage, allocated at first use."""
        if self._numeric is None:
            self._numeric = self._by_effects(self.analysis.numeric(threads=self._threads))
        return self._numeric

    def _by_effects(self, numeric: Numeric) -> Numeric:
        numeric.set_entries(*self._entry)
        for block in self._blocks:
            cast(BlockNumeric, numeric).add_block(*block())
        if self._reduction is not None:
            numeric = ReducedNumeric(cast(Solver, numeric), self._reduction)
        if self.whitening is not None:
            numeric = WhitenedNumeric(numeric, self.whitening, self._products)
        if self.rotation is not None:
            copies = (self.unknown_offsets[1] - self.unknown_offsets[0]) / len(self.rotation.known)
            numeric = self.rotation.numeric(numeric, self.p, copies, self.random_offsets[0])
        return numeric

    def numeric_for(self, theta: FloatArray) -> Numeric:
        """What factors C at `theta`: the sparse solver, or with a negative component a dense one.

        Raises
        ------
        NotFeasible
            A component is negative and there are too many equations for a dense decomposition.
        """
        negative = self._negative_effects(theta)
        numeric = self._indefinite_for(negative) if negative else self.numeric
        white = whitened_part(numeric)
        if white is not None:
            assert self.whitening is not None
            thetas = [theta[self.rows_of_term(t)] for t in range(len(self.Z))]
            white.entries = self.whitening.factors(thetas)
        return numeric

    def _indefinite_for(self, negative: int) -> Numeric:
        if self.N > LARGEST:
            raise NotFeasible(f"a negative variance component is possible up to {LARGEST} equations, here are {self.N}")
        if self._indefinite is None:
            self._signs = IndefiniteNumeric(self._pattern, negative, self._last)
            self._indefinite = self._by_effects(self._signs)
        self._signs.negative = negative
        return self._indefinite

    def _negative_effects(self, theta: FloatArray) -> int:
        """Negative eigenvalues of the random terms' variance matrices: components below zero, indefinite sources."""
        table = self.variance.parameters
        count = 0
        for t, product in enumerate(self.variance.random):
            if product.scale and theta[self.rows_of_term(t)[0]] < 0:
                count += product.proper - product.negative
            elif product.negative:
                count += product.negative
            elif product.diagonal and not product.scale:
                rows = self.rows_of_term(t)
                below = sum(table.kinds[i] == "V" and theta[i] < 0 for i in rows)
                count += below * product.proper // max(1, rows.size)
        return count

    def forget(self) -> None:
        """Free the factor's storage; it is allocated again at the next use."""
        self._numeric = self._indefinite = None
        self.sensitivities.clear()
        self.components.clear()
        if self.rotation is not None:
            self.rotation.forget()

    def _rows_by_owner(self) -> tuple[IntArray, ...]:
        """Rows of the parameter table of each owner (random terms, then sections), in local order."""
        table = self.variance.parameters
        out = []
        for owner in range(len(self.variance.random) + len(self.variance.sections)):
            mine = np.flatnonzero((table.owner == owner) & (table.local >= 0))
            out.append(mine[np.argsort(table.local[mine], kind="stable")])
        return tuple(out)

    def rows_of_term(self, term: int) -> IntArray:
        """Parameter rows of a random term."""
        return self._owner_rows[term]

    def rows_of_section(self, section: int) -> IntArray:
        """Parameter rows of a residual section, the ``!R`` rows that stand for sigma2 or 1 left out."""
        return self._owner_rows[len(self.variance.random) + section]

    def _record_entries(self) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
        """Row, column, coefficient and value of every contribution to the lower triangle of W'R⁻¹W, by effects."""
        residual = self.residual
        row, col, coef, value = gram_parts(
            self.W, residual.row, residual.col, residual.coef, residual.value, residual.offsets[-1]
        )
        return row.astype(np.int64), col.astype(np.int64), coef.astype(np.int64), value

    @property
    def last_unknowns(self) -> IntArray:
        """Unknowns of terms with a dense inverse, the last pivots."""
        return self._last

    def matrix_entries(self) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
        """Row, column, coefficient (product, where terms are whitened) and value of everything that adds to C."""
        where, coef, value = self._entry
        row, col = self._pattern.indices[where], self._pattern.columns[where]
        return row.astype(np.int64), col.astype(np.int64), coef.astype(np.int64), value

    @property
    def unknowns(self) -> int:
        """Number of unknowns: effects, or what stands for them in whitened terms."""
        return self.N if self.whitening is None else self.whitening.N

    def sparse_prior(self, term: int) -> Entries | None:
        """Basis matrices of a random term's unknowns; None where its inverse is dense."""
        return self._bases[term] if self._dense[term] is None else None

    def prior_products(self, term: int, v: FloatArray) -> tuple[Entries, FloatArray]:
        """Basis matrices and a vector of a random term's unknowns whose products are those of the prior with v."""
        dense = self._dense[term]
        return (self._bases[term], v) if dense is None else (dense.expanded, dense.inverse_times(v))

    @property
    def unknown_offsets(self) -> tuple[int, ...]:
        """First unknown of each random term; the last is the first of the missing-value effects."""
        return self.offsets if self.whitening is None else self.whitening.offsets

    def _prior_entries(self) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
        """The same of the inverse variances of the random terms, by unknowns."""
        none = np.zeros(0, np.int64)
        parts: list[tuple[IntArray, IntArray, IntArray, FloatArray]] = [(none, none, none, np.zeros(0))]
        for t, entries in enumerate(self._bases):
            at = self.unknown_offsets[t]
            parts.append((entries.row + at, entries.col + at, entries.basis + self.random_offsets[t], entries.value))
        return tuple(np.concatenate(x) for x in zip(*parts, strict=True))  # type: ignore[return-value]

    def structures(self, theta: FloatArray) -> Structures:
        """Coefficients of all structures; raises `NotFeasible`."""
        sections = tuple(p.coefficients(theta[self.rows_of_section(s)]) for s, p in enumerate(self.variance.sections))
        random = tuple(
            (p if w is None else w).coefficients(theta[self.rows_of_term(t)])
            for t, (p, w) in enumerate(zip(self.variance.random, self.whitened, strict=True))
        )
        return Structures(np.concatenate([p.c for p in (*sections, *random)]), random, sections)

    def operator(self, c: FloatArray) -> ResidualOperator:
        """R⁻¹ at the coefficients c."""
        return self.residual.operator(c)

    def working(self, term: int, theta: FloatArray, effects: FloatArray, weighted: FloatArray) -> FloatArray:
        r"""Columns :math:`(\partial_i G)\,Z'R^{-1}e` of a random term, float array (size, m, p).

        Parameters
        ----------
        term : int
        theta : float array (p,)
            The term's parameters.
        effects : float array (size, m)
            :math:`u = G Z'R^{-1}e`, with what genetic groups add to it.
        weighted : float array (n, m)
            :math:`R^{-1}e`, used where the term is whitened.
        """
        whitened = self.whitened[term]
        if whitened is not None:
            return whitened.working(theta, self.Z[term].tdot(np.ascontiguousarray(weighted)))
        flat = self.flat[term]
        effects = effects if flat is None else flat.without(effects)
        product, (size, m) = self.variance.random[term], effects.shape
        wide = product if m == 1 else Product((*product.factors, Identity(m)), product.scale)
        return wide.working(theta, np.ascontiguousarray(effects).ravel()).reshape(size, m, -1)

    def gathered(self, term: int, by_effects: FloatArray) -> FloatArray:
        """A random term's part of W'R⁻¹e, in the unknowns that its factor T works on."""
        found = by_effects[self.offsets[term] : self.offsets[term + 1]]
        return found if self.rotation is None else self.rotation.turned(found, True)

    def random_part(self, v: FloatArray) -> FloatArray:
        """Unknowns without what genetic groups add to the effects of their individuals."""
        out = v
        for t, flat in enumerate(self.flat):
            if flat is not None:
                at = slice(self.unknown_offsets[t], self.unknown_offsets[t + 1])
                out = out.copy() if out is v else out
                out[at] = flat.without(v[at])
        return out

    def fixed_values(self, b: FloatArray) -> FloatArray:
        """Records' values of the fixed effects, genetic groups among them, for effects b (N, m): float array (n, m)."""
        out = self.X.dot(np.ascontiguousarray(b[: self.p]))
        for t, flat in enumerate(self.flat):
            if flat is not None:
                effects = b[self.offsets[t] : self.offsets[t + 1]]
                out += self.Z[t].dot(np.ascontiguousarray(effects - flat.without(effects)))
        return out

    def random_products(self, b: FloatArray) -> FloatArray:
        """s_m = u'B_m u for every coefficient, by unknowns (zeros for those of the residual), float array (count,)."""
        out = np.zeros(self.coefficient_count)
        for t, entries in enumerate(self._bases):
            u = b[self.unknown_offsets[t] : self.unknown_offsets[t + 1]]
            dense = self._dense[t]
            if dense is not None:
                out[self.random_offsets[t] : self.random_offsets[t + 1]] = dense.products(u)
                continue
            lo, hi = self.random_offsets[t], self.random_offsets[t + 1]
            out[lo:hi] = quadratic_forms(entries.row, entries.col, entries.basis, entries.value, u, hi - lo)
        return out


def _missing_columns(n: int, missing: IntArray) -> Csr:
    counts = np.zeros(n, np.int64)
    counts[missing] = 1
    indptr = np.concatenate([[0], np.cumsum(counts)])
    return Csr(n, missing.size, indptr, np.arange(missing.size, dtype=np.int32), np.full(missing.size, -1.0))


def take_rows(matrix: Csr, rows: IntArray) -> Csr:
    """The given rows of a sparse matrix, in that order."""
    starts = matrix.indptr[rows]
    counts = matrix.indptr[rows + 1] - starts
    indptr = np.concatenate([[0], np.cumsum(counts)])
    place = np.repeat(starts - indptr[:-1], counts) + np.arange(indptr[-1])
    return Csr(rows.size, matrix.n_cols, indptr, matrix.indices[place], matrix.data[place])
