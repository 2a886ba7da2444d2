r"""Equations in which some random terms are written by whitened unknowns v, u = S v with S = I ⊗ T(θ) ⊗ I.

:math:`\tilde C = S'(W'R^{-1}W)S + \mathrm{blockdiag}(0, \tilde G^{-1}, 0)`: an entry of :math:`W'R^{-1}W`, value times
a coefficient of R⁻¹, becomes entries whose coefficients are multiplied by one or two entries of T. Pattern and
lists are made once. Outside this file everything is in terms of the effects:
:math:`C^{-1} = S\tilde C^{-1}S'`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

from pyasreml.linalg import Csr
from pyasreml.linalg._linalg import expand
from pyasreml.linalg.backends import Numeric
from pyasreml.variance.whitened import WhitenedTerm

__all__ = ["Products", "WhitenedNumeric", "Whitening"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Lists = tuple[IntArray, IntArray, IntArray, FloatArray]

BLOCK = 1 << 20
"""Products of entries expanded at once."""


class Whitening:
    """Which terms are whitened, and what that does to columns and coefficients. Constant while θ changes.

    Parameters
    ----------
    terms : sequence of WhitenedTerm or None
        One a random term, None where the effects themselves are the unknowns.
    offsets : sequence of int
        First effect of each term; the last is the first column after the random terms.
    columns : int
        All columns of W.

    Attributes
    ----------
    N : int
        Number of unknowns.
    offsets : tuple of int
        First unknown of each term; the last is the first one after the random terms.
    factor_offsets : tuple of int
        First entry of each term's T among all those of the model, counted from 1: entry 0 is the constant 1.
    rows : (start, unknown, entry) int arrays
        S by its rows: which unknowns an effect takes, times which entries of T.
    """

    def __init__(self, terms: Sequence[WhitenedTerm | None], offsets: Sequence[int], columns: int):
        self.terms = tuple(terms)
        self.effect_offsets = tuple(offsets)
        effects, unknowns, entries = [np.arange(offsets[0])], [np.arange(offsets[0])], [np.zeros(offsets[0], np.int64)]
        at, first = int(offsets[0]), 1
        starts, firsts = [], []
        for t, term in enumerate(self.terms):
            starts.append(at)
            firsts.append(first)
            size = offsets[t + 1] - offsets[t]
            if term is None:
                effect, unknown, entry = np.arange(size), np.arange(size), np.full(size, -first)
                count, width = 0, size
            else:
                effect, unknown, entry = term.columns_of()
                count, width = term.entry_row.size, term.unknowns
            effects.append(effect + offsets[t])
            unknowns.append(unknown + at)
            entries.append(entry + first)
            at += width
            first += count
        rest = columns - offsets[-1]
        starts.append(at)
        firsts.append(first)
        effects.append(np.arange(rest) + offsets[-1])
        unknowns.append(np.arange(rest) + at)
        entries.append(np.zeros(rest, np.int64))
        self.N = at + rest
        self.offsets, self.factor_offsets = tuple(starts), tuple(firsts)
        self._count = np.bincount(np.concatenate(effects), minlength=columns)
        self._start = np.concatenate([[0], np.cumsum(self._count)])
        self._unknown, self._entry = np.concatenate(unknowns), np.concatenate(entries)
        self.rows = self._start.astype(np.int64), self._unknown.astype(np.int32), self._entry.astype(np.int32)

    def pairs(self, row: IntArray, col: IntArray) -> tuple[IntArray, IntArray, IntArray]:
        """Every pair of entries of S in the rows `row` and `col`: which pair of rows, and both entries' places."""
        many = self._count[row] * self._count[col]
        which = np.repeat(np.arange(row.size), many)
        number = np.arange(which.size) - np.repeat(np.cumsum(many) - many, many)
        width = self._count[col][which]
        return which, self._start[row][which] + number // width, self._start[col][which] + number % width

    def expand(self, lists: Lists, prior: Lists) -> tuple[Lists, Products]:
        """Entries of C̃ from those of W'R⁻¹W by effects and of the priors by unknowns.

        Returns
        -------
        lists : row, column, number of the sum of products, value
        products : Products
        """
        span = self.factor_offsets[-1]
        row, col, number, value, sums, key, factor = expand(*lists, *self.rows, span)
        rows, cols, plain, values = (np.concatenate(x) for x in zip(prior, *self._needed(), strict=True))
        kinds, of_kind = _numbered(plain, span)
        found, place = _numbered(np.concatenate([key, kinds * span * span]), span)
        count = int(sums.max(initial=-1)) + 1
        # a sum of its own for every product that stands alone
        by = np.concatenate([sums, count + np.arange(kinds.size)])
        factors = np.concatenate([factor, np.ones(kinds.size)])
        order = np.argsort(by, kind="stable")
        start = np.concatenate([[0], np.cumsum(np.bincount(by, minlength=count + kinds.size))]).astype(np.int64)
        matrix = Csr.unchecked(
            count + kinds.size, found.size, start, np.ascontiguousarray(place[order], np.int32), factors[order]
        )
        products = Products(found // span**2, found // span % span, found % span, matrix, count)
        together = (
            np.concatenate([row, rows]),
            np.concatenate([col, cols]),
            np.concatenate([number.astype(np.int64), count + of_kind]),
            np.concatenate([value, values]),
        )
        return together, products

    def _needed(self) -> list[Lists]:
        """Structural zeros: pairs of unknowns of one effect, whose inverse gives the effect's variance."""
        out = []
        for t, term in enumerate(self.terms):
            if term is not None:
                row, col = term.unknown_pairs()
                zero = np.zeros(row.size)
                out.append((row + self.offsets[t], col + self.offsets[t], zero.astype(np.int64), zero))
        return out

    def factors(self, thetas: Sequence[FloatArray]) -> FloatArray:
        """Entries of all T after a leading 1, given each term's parameters; raises `NotFeasible`."""
        out = [np.ones(1)]
        out += [t.factor_at(x).values for t, x in zip(self.terms, thetas, strict=True) if t is not None]
        return np.concatenate(out)

    def scatter(self, entries: FloatArray, unknowns: FloatArray) -> FloatArray:
        """S v."""
        return self._by_terms(entries, unknowns, self.offsets, self.effect_offsets, WhitenedTerm.effects)

    def gather(self, entries: FloatArray, effects: FloatArray) -> FloatArray:
        """S'x."""
        return self._by_terms(entries, effects, self.effect_offsets, self.offsets, WhitenedTerm.adjoint)

    def _by_terms(
        self,
        entries: FloatArray,
        x: FloatArray,
        by: tuple[int, ...],
        to: tuple[int, ...],
        change: Callable[[WhitenedTerm, FloatArray, FloatArray], FloatArray],
    ) -> FloatArray:
        """Each whitened term's part of x changed; what comes before, between and after them as it is."""
        out = np.zeros((to[-1] + x.shape[0] - by[-1], *x.shape[1:]))
        out[: to[0]] = x[: by[0]]
        for t, term in enumerate(self.terms):
            part = x[by[t] : by[t + 1]]
            values = entries[self.factor_offsets[t] : self.factor_offsets[t + 1]]
            out[to[t] : to[t + 1]] = part if term is None else change(term, values, part)
        out[to[-1] :] = x[by[-1] :]
        return out

    def inverse_at(
        self, numeric: Numeric, entries: FloatArray, rows: IntArray, cols: IntArray
    ) -> FloatArray:
        """Entries of S C̃⁻¹ S'."""
        out = np.empty(rows.size)
        for lo in range(0, rows.size, BLOCK):
            piece = slice(lo, lo + BLOCK)
            which, left, right = self.pairs(rows[piece], cols[piece])
            weight = entries[self._entry[left]] * entries[self._entry[right]]
            found = numeric.inverse_at(self._unknown[left], self._unknown[right])
            out[piece] = np.bincount(which, weights=weight * found, minlength=rows[piece].size)
        return out


def _numbered(key: IntArray, span: int) -> tuple[IntArray, IntArray]:
    """Distinct keys in order and the number of each; keys are products of a coefficient and two of `span` entries."""
    top = int(key.max(initial=-1)) + 1
    if top > max(key.size, span):
        found, number = np.unique(key, return_inverse=True)
        return found, number.astype(np.int64)
    there = np.zeros(top, bool)
    there[key] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1)[key]


@dataclass(frozen=True)
class Products:
    """What the entries of C̃ are multiples of: sums of products of a coefficient and two entries of T.

    Attributes
    ----------
    coef, left, right : int arrays (products,)
        Coefficient of the structures, and the entries of T.
    sums : Csr (sums, products)
        Entries of complete data share few sums.
    alone : int
        The first sum that is a product of its own, of the priors.
    """

    coef: IntArray
    left: IntArray
    right: IntArray
    sums: Csr
    alone: int

    def constant(self, coefficients: int) -> IntArray:
        """The sum that is each of the structures' coefficients itself, -1 where there is none."""
        out = np.full(coefficients, -1, np.int64)
        product = self.sums.indices[self.sums.indptr[self.alone] :]
        plain = (self.left[product] == 0) & (self.right[product] == 0)
        out[self.coef[product[plain]]] = self.alone + np.flatnonzero(plain)
        return out


class WhitenedNumeric:
    """A solver's numbers in terms of the effects; members as those of `linalg.backends.Numeric`.

    Parameters
    ----------
    inner : Numeric
        Holds C̃.
    whitening : Whitening
    products : Products
        From `Whitening.expand`.

    Attributes
    ----------
    entries : float array
        All T at the current θ, after a leading 1 (`Whitening.factors`); set before `assemble`.
    factor_adjoint : float array
        After `adjoint`: derivative of log|C̃| by those entries.
    """

    def __init__(self, inner: Numeric, whitening: Whitening, products: Products):
        self.inner, self.whitening = inner, whitening
        self._coef, self._left, self._right, self._sums = products.coef, products.left, products.right, products.sums
        self.entries = np.ones(whitening.factor_offsets[-1])
        self.factor_adjoint: FloatArray = np.zeros_like(self.entries)

    def set_entries(self, where: ArrayLike, coef: ArrayLike, val: ArrayLike) -> None:
        """State C̃ as `Numeric.set_entries` does, by sums of products instead of coefficients."""
        self.inner.set_entries(where, coef, val)

    def assemble(self, c: ArrayLike) -> None:
        """Fill C̃ from the structures' coefficients and T."""
        self._c = np.asarray(c, np.float64)
        products = self._c[self._coef] * self.entries[self._left] * self.entries[self._right]
        self.inner.assemble(self._sums.dot(products))

    def factor(self, tol: float = 1e-14) -> None:
        """Factor C̃."""
        self.inner.factor(tol)

    def logdet(self) -> float:
        """log|C̃|."""
        return self.inner.logdet()

    def unknowns(self, b: FloatArray) -> FloatArray:
        """C̃⁻¹ S'b."""
        return self.inner.solve(self.whitening.gather(self.entries, b))

    def effects(self, v: FloatArray) -> FloatArray:
        """S v."""
        return self.whitening.scatter(self.entries, v)

    def solve(self, b: ArrayLike) -> FloatArray:
        """S C̃⁻¹ S'b."""
        return self.effects(self.unknowns(np.asarray(b, np.float64)))

    def forward(self, b: ArrayLike) -> npt.NDArray[Any]:
        """L⁻¹ P S'b."""
        return self.inner.forward(self.whitening.gather(self.entries, np.asarray(b, np.float64)))

    def invert(self) -> None:
        """Selected inverse of C̃."""
        self.inner.invert()

    def adjoint(self, ncoef: int) -> FloatArray:
        """Derivative of log|C̃| by the structures' coefficients; that by T is left in `factor_adjoint`."""
        t = self._sums.tdot(self.inner.adjoint(self._sums.n_rows))
        left, right = self.entries[self._left], self.entries[self._right]
        by_c, size = t * self._c[self._coef], self.entries.size
        by_left = np.bincount(self._left, weights=by_c * right, minlength=size)
        by_right = np.bincount(self._right, weights=by_c * left, minlength=size)
        self.factor_adjoint = np.asarray(by_left + by_right, np.float64)
        return np.bincount(self._coef, weights=t * left * right, minlength=ncoef).astype(np.float64, copy=False)

    def inverse_diagonal(self) -> FloatArray:
        """Diagonal of S C̃⁻¹ S'."""
        every = np.arange(self.whitening.effect_offsets[-1] + self.whitening.N - self.whitening.offsets[-1])
        return self.inverse_at(every, every)

    def inverse_at(self, rows: ArrayLike, cols: ArrayLike) -> FloatArray:
        """Entries of S C̃⁻¹ S' on the pattern of C."""
        at = np.asarray(rows, np.int64), np.asarray(cols, np.int64)
        return self.whitening.inverse_at(self.inner, self.entries, *at)
