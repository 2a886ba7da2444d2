r"""A random term in unknowns of its own: :math:`u = (I \otimes T \otimes I)v`, one structure replaced by its factor."""

from __future__ import annotations

import numpy as np

from pyasreml.linalg import analyze, build_pattern
from pyasreml.linalg.backends import Numeric
from pyasreml.variance.base import Coefficients, FloatArray, IntArray, Structure
from pyasreml.variance.factored import Factored, FactorPoint
from pyasreml.variance.identity import Identity
from pyasreml.variance.known import RotatedKnown, dense_matrix
from pyasreml.variance.product import Product

__all__ = ["WhitenedTerm", "factored_place"]


def factored_place(product: Product) -> int | None:
    """Which factor of the product offers a factor T; None where none does."""
    if product.scale:
        return None
    return next((j for j, factor in enumerate(product.factors) if isinstance(factor, Factored)), None)


class WhitenedTerm:
    """A random term with var(u) = K₁ ⊗ Σ ⊗ K₂ and Σ = T T', written by v with var(v) = K₁ ⊗ I ⊗ K₂.

    Parameters
    ----------
    product : Product
        One of its factors offers T (see `factored_place`).

    Attributes
    ----------
    prior : Product
        var(v).
    size, unknowns : int
        Length of u and of v.
    place : int
        Which structure of the product is replaced.
    before, after : int
        Sizes of K₁ and K₂.
    entry_row, entry_col : int array (t,)
        Entries of T.
    """

    def __init__(self, product: Product):
        place = factored_place(product)
        assert place is not None
        structure = product.factors[place]
        assert isinstance(structure, Factored)
        self.product, self.structure, self.place = product, structure, place
        factors: list[Structure] = list(product.factors)
        factors[place] = Identity(structure.rank)
        self.prior = Product(factors, scale=False)
        self.size, self.unknowns = product.size, self.prior.size
        self.before = int(np.prod([f.size for f in product.factors[:place]], dtype=np.int64))
        self.after = self.size // (self.before * structure.size)
        self.entry_row, self.entry_col = structure.factor_entries()
        edges = np.concatenate([[0], np.cumsum([len(f.parameters) for f in product.factors])]).astype(int)
        self._slices = [slice(a, b) for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)]
        self._rest: IntArray = np.setdiff1d(np.arange(edges[-1]), np.arange(edges[place], edges[place + 1]))
        self._inverses: dict[int, Numeric] = {}
        self._last: tuple[bytes, FactorPoint] | None = None

    @property
    def own(self) -> slice:
        """Parameters of Σ among those of the term."""
        return self._slices[self.place]

    def factor_at(self, theta: FloatArray) -> FactorPoint:
        """T at the term's parameters; the last one is remembered."""
        own = theta[self.own]
        key = own.tobytes()
        if self._last is None or self._last[0] != key:
            self._last = key, self.structure.factor_at(own)
        return self._last[1]

    def coefficients(self, theta: FloatArray) -> Coefficients:
        """The prior's coefficients; derivatives in the rows of all the term's parameters."""
        point = self.prior.coefficients(theta[self._rest])
        dc, dlogdet = np.zeros((theta.size, point.c.size)), np.zeros(theta.size)
        dc[self._rest], dlogdet[self._rest] = point.dc, point.dlogdet
        return Coefficients(point.c, dc, point.logdet, dlogdet)

    def prior_logdet(self, theta: FloatArray) -> float:
        """log|var(v)|."""
        return self.prior.coefficients(theta[self._rest]).logdet

    def columns_of(self) -> tuple[IntArray, IntArray, IntArray]:
        """Entries of S in u = S v: effect, unknown and entry of T, by effects."""
        order = np.lexsort((self.entry_col, self.entry_row))
        row, col = self.entry_row[order], self.entry_col[order]
        k, r, after = self.structure.size, self.structure.rank, self.after
        outer = np.arange(self.before, dtype=np.int64)[:, None, None]
        inner = np.arange(after, dtype=np.int64)[None, None, :]
        effect = (outer * k + row[None, :, None]) * after + inner
        unknown = (outer * r + col[None, :, None]) * after + inner
        entry = np.broadcast_to(order[None, :, None], effect.shape)
        by = np.argsort(effect.ravel(), kind="stable")
        return effect.ravel()[by], unknown.ravel()[by], entry.ravel()[by].astype(np.int64)

    def unknown_pairs(self) -> tuple[IntArray, IntArray]:
        """Pairs of unknowns, row >= col, that one effect takes: those of columns of T with entries in one row."""
        size, rank = self.structure.size, self.structure.rank
        there = np.zeros((size, rank), bool)
        there[self.entry_row, self.entry_col] = True
        row, col = np.nonzero(np.tril(there.T.astype(np.int64) @ there))
        at = np.arange(self.before)[:, None, None] * rank * self.after + np.arange(self.after)[:, None]
        return tuple((at + x * self.after).ravel().astype(np.int64) for x in (row, col))  # type: ignore[return-value]

    def effects(self, values: FloatArray, v: FloatArray) -> FloatArray:
        """S v for v (unknowns,) or (unknowns, m), T given by its entries."""
        return self._apply(values, self.entry_row, self.entry_col, self.structure.size, self.structure.rank, v)

    def adjoint(self, values: FloatArray, x: FloatArray) -> FloatArray:
        """S'x for x (size,) or (size, m)."""
        return self._apply(values, self.entry_col, self.entry_row, self.structure.rank, self.structure.size, x)

    def _apply(
        self, values: FloatArray, to: IntArray, by: IntArray, height: int, width: int, x: FloatArray
    ) -> FloatArray:
        matrix = np.zeros((height, width))
        matrix[to, by] = values
        cube = x.reshape(self.before, width, -1)
        return np.matmul(matrix, cube).reshape(-1, *x.shape[1:])

    def pairings(self, h: FloatArray, v: FloatArray) -> FloatArray:
        """h'(I ⊗ E ⊗ I)v for the unit matrix E of each entry of T, float array (t,)."""
        both = self._by_level(h, self.structure.size) @ self._by_level(v, self.structure.rank).T
        return np.asarray(both[self.entry_row, self.entry_col])

    def _by_level(self, x: FloatArray, width: int) -> FloatArray:
        """The elements of each level of Σ, or column of T, in a row: x (before * width * after,) as a matrix."""
        return x.reshape(self.before, width, self.after).transpose(1, 0, 2).reshape(width, -1)

    def scores(self, theta: FloatArray, h: FloatArray) -> FloatArray:
        """Unknowns (K₁ ⊗ T' ⊗ K₂)h for h = Z'R⁻¹e, float array (unknowns,)."""
        return self.adjoint(self.factor_at(theta).values, self.known_times(theta, h))

    def known_diagonal(self, theta: FloatArray) -> FloatArray:
        """Diagonal of K₁ ⊗ K₂, float array (before * after,)."""
        out = np.ones(1)
        for j, (factor, at) in enumerate(zip(self.product.factors, self._slices, strict=True)):
            if isinstance(factor, Identity):
                diagonal = np.ones(factor.size)
            elif j == self.place:
                continue
            else:
                diagonal = self._diagonal(j, factor, theta[at])
            out = np.multiply.outer(out, diagonal).ravel()
        return out

    def working(self, theta: FloatArray, h: FloatArray) -> FloatArray:
        r"""(∂_i V)h for V = K₁ ⊗ Σ ⊗ K₂ and columns h = Z'R⁻¹e (size, m): float array (size, m, p)."""
        size, m = h.shape
        out = np.zeros((size, m, theta.size))
        known = self.known_times(theta, h)
        own, structure = theta[self.own], self.structure

        def turned(x: FloatArray, before: int, k: int) -> FloatArray:
            return np.ascontiguousarray(x.reshape(before, k, -1).transpose(1, 0, 2)).reshape(k, -1)

        def back(x: FloatArray, before: int, k: int) -> FloatArray:
            return x.reshape(k, before, -1).transpose(1, 0, 2).reshape(size, m)

        flat = turned(known, self.before, structure.size)
        for i, q in enumerate(structure.slopes_times(own, flat)):
            out[:, :, self.own.start + i] = back(q, self.before, structure.size)
        if self._rest.size:
            u = back(structure.matrix(own) @ flat, self.before, structure.size)
            before = 1
            for j, (factor, at) in enumerate(zip(self.product.factors, self._slices, strict=True)):
                if j != self.place and at.stop > at.start:
                    for i, q in enumerate(factor.working(theta[at], turned(u, before, factor.size))):
                        out[:, :, at.start + i] = back(q, before, factor.size)
                before *= factor.size
        return out

    def moves(self) -> tuple[IntArray, IntArray, IntArray]:
        """Moves of the structure (see `Factored.moves`) for every effect of the term.

        Returns
        -------
        effect, parameter, source : int arrays
            By effects; the source is an unknown of the term or, counted on from there, one of its effects.
        """
        level, parameter, source = self.structure.moves()
        known = source < self.structure.size
        # blocks of effects after those of unknowns
        block = np.where(known, source, source - self.structure.size)
        stride = np.where(known, self.structure.size, self.structure.rank)
        outer = np.arange(self.before, dtype=np.int64)[:, None, None]
        inner = np.arange(self.after, dtype=np.int64)[None, None, :]
        effect = (outer * self.structure.size + level[None, :, None]) * self.after + inner
        place = (outer * stride[None, :, None] + block[None, :, None]) * self.after + inner
        place = place + np.where(known, self.unknowns, 0)[None, :, None]
        by = np.argsort(effect.ravel(), kind="stable")
        every = np.broadcast_to(parameter[None, :, None], effect.shape)
        return effect.ravel()[by], every.ravel()[by], place.ravel()[by]

    def cross_products(self, h: FloatArray, known: FloatArray) -> FloatArray:
        r"""What both unknowns' moves give, :math:`(\dot T_i'h)'(K_1 \otimes I \otimes K_2)(\dot T_j'h)`, by parameters.

        Parameters
        ----------
        h, known : float array (size,)
            :math:`Z'R^{-1}e`, and that times the other structures.
        """
        level, parameter, source = self.structure.moves()
        mine = source >= self.structure.size
        level, parameter, source = level[mine], parameter[mine], source[mine]
        products = self._by_level(h, self.structure.size) @ self._by_level(known, self.structure.size).T
        out = np.zeros((len(self.structure.parameters),) * 2)
        out[parameter[:, None], parameter] = products[level[:, None], level] * (source[:, None] == source)
        return out

    def known_times(self, theta: FloatArray, h: FloatArray, turned: bool = False) -> FloatArray:
        """(K₁ ⊗ I ⊗ K₂)h, every K by a solve with its inverse; `turned`: h is in the unknowns of a `RotatedKnown`."""
        x, before = h, 1
        for j, (factor, at) in enumerate(zip(self.product.factors, self._slices, strict=True)):
            plain = isinstance(factor, Identity) or (turned and isinstance(factor, RotatedKnown))
            if j != self.place and not plain:
                cube = x.reshape(before, factor.size, -1).transpose(1, 0, 2)
                flat = np.ascontiguousarray(cube).reshape(factor.size, -1)
                dense = dense_matrix(factor)
                solved = self._inverse(j, factor, theta[at]).solve(flat) if dense is None else dense.relationship @ flat
                x = solved.reshape(factor.size, before, -1).transpose(1, 0, 2).reshape(h.shape)
            before *= factor.size
        return x

    def _diagonal(self, j: int, factor: Structure, theta: FloatArray) -> FloatArray:
        dense = dense_matrix(factor)
        if dense is not None:
            return np.diagonal(dense.relationship).copy()
        numeric = self._inverse(j, factor, theta)
        numeric.invert()
        return np.where(np.arange(factor.size) < factor.flat, 0.0, numeric.inverse_diagonal())

    def _inverse(self, j: int, factor: Structure, theta: FloatArray) -> Numeric:
        """The sparse inverse of one K, factored at θ, with ones for groups; kept as it is where K has no parameters."""
        if j in self._inverses and not factor.parameters:
            return self._inverses[j]
        if j not in self._inverses:
            entries = factor.entries()
            value = np.where(entries.col < factor.flat, (entries.row == entries.col) * 1.0, entries.value)
            pattern, where = build_pattern(factor.size, entries.row, entries.col)
            self._inverses[j] = analyze(pattern).numeric()
            self._inverses[j].set_entries(where, entries.basis.astype(np.int32), value)
        numeric = self._inverses[j]
        numeric.assemble(factor.coefficients(theta).c)
        numeric.factor()
        return numeric
