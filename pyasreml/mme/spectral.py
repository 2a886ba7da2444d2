r"""Models with one random term whose known matrix can be diagonalised together with what the records say of it.

A term with var(u) = G ⊗ K and :math:`Z'M_mZ = A_m \otimes N`, the same N for every basis matrix of :math:`R^{-1}`: all
traits recorded on every unit, or one trait with any numbers of records. With :math:`PP' = K` and :math:`P'NP = D`
diagonal, the unknowns w in :math:`u = (I \otimes P)w` have var(w) = G ⊗ I, and C falls apart into a small block for
every column of P, bordered by the fixed effects: an exact change of unknowns, made once a model (Thompson 1973,
Biometrics 29:527, for canonical traits; Kang et al. 2008, Genetics 178:1709, for one trait).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike
from scipy.linalg import eigh, lapack
from scipy.sparse import csr_matrix

from pyasreml.linalg import Csr, gram
from pyasreml.linalg.backends import Numeric
from pyasreml.mme.residual import Residual
from pyasreml.mme.whitened import WhitenedNumeric
from pyasreml.variance.base import Structure
from pyasreml.variance.build import VarianceModel
from pyasreml.variance.factor import FactorAnalytic
from pyasreml.variance.known import DenseKnown, RotatedKnown, dense_matrix
from pyasreml.variance.product import Product

__all__ = ["RotatedNumeric", "Rotation", "find_rotation", "whitened_part"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Lists = tuple[IntArray, IntArray, IntArray, FloatArray]

SAME = 1e-12
"""Entries of proportional blocks agree to this part of the largest."""
DIVIDE = 12000
"""Order up to which eigenvectors are found by divide and conquer, the fastest method, whose work space is 2 n²."""
BLOCK = 1 << 22
"""Numbers held at once while entries of the inverse are summed up."""


class Rotation:
    """The change of unknowns of the model's one random term.

    Parameters
    ----------
    known : DenseKnown
    positions : int array (blocks, q)
        Effects of the term by block and row of K.
    incidence : csr matrix (q, q)
        N.
    shares : float array (coefficients, blocks, blocks)
        A by coefficient of R⁻¹.

    Attributes
    ----------
    vectors : float array (q, q)
        P.
    values : float array (q,)
        D.
    """

    def __init__(self, known: DenseKnown, positions: IntArray, incidence: csr_matrix, shares: FloatArray):
        self.known, self.positions, self.shares = known, positions, shares
        self.vectors, self.values = _decomposed(known, incidence)

    def turned(self, x: FloatArray, back: bool) -> FloatArray:
        """(I ⊗ P)x, or with `back` (I ⊗ P')x, for the term's x (size,) or (size, m)."""
        blocks, q = self.positions.shape
        cube = x.reshape(x.shape[0], -1)[self.positions]
        flat = cube.transpose(1, 0, 2).reshape(q, -1)
        new = (self.vectors.T if back else self.vectors) @ flat
        out = np.empty((x.shape[0], cube.shape[2]))
        out[self.positions] = new.reshape(q, blocks, -1).transpose(1, 0, 2)
        return out.reshape(x.shape)

    def effects(self, first: int, x: FloatArray) -> FloatArray:
        """All unknowns turned into effects: those of the term, from `first` on."""
        return np.concatenate([x[:first], self.turned(x[first:], False)])

    def adjoint(self, first: int, x: FloatArray) -> FloatArray:
        """The transposed operation."""
        return np.concatenate([x[:first], self.turned(x[first:], True)])

    def entries(self, lists: Lists, first: int) -> Lists:
        """Entries of W'R⁻¹W by unknowns from those by effects.

        Parameters
        ----------
        lists : row, column, coefficient, value
            Of the lower triangle.
        first : int
            First effect of the term; all before are fixed.
        """
        row, col, coef, value = lists
        blocks, q = self.positions.shape
        fixed, border = row < first, (row >= first) & (col < first)
        parts = [(row[fixed], col[fixed], coef[fixed], value[fixed])]
        place = np.empty(self.positions.size, np.int64)
        place[self.positions.ravel()] = np.arange(self.positions.size)
        at = place[row[border] - first]
        key = (coef[border] * blocks + at // q) * max(first, 1) + col[border]
        groups, number = np.unique(key, return_inverse=True)
        columns = csr_matrix((value[border], (at % q, number)), shape=(q, groups.size))
        new = np.asarray(columns.T @ self.vectors).ravel()  # by group, then column of P
        at_column, rest = groups % max(first, 1), groups // max(first, 1)
        parts.append(
            (
                (self.positions[rest % blocks] + first).ravel(),
                np.repeat(at_column, q),
                np.repeat(rest // blocks, q),
                new,
            )
        )
        i, j = np.tril_indices(blocks)
        for m in range(self.shares.shape[0]):
            # pairs without a share are structural zeros: the inverse is wanted there
            used = np.arange(i.size) if m == 0 else np.flatnonzero(self.shares[m, i, j] != 0)
            a, b = self.positions[i[used]] + first, self.positions[j[used]] + first
            block = (self.shares[m, i[used], j[used]][:, None] * self.values).ravel()
            lower = np.maximum(a, b).ravel(), np.minimum(a, b).ravel()
            parts.append((*lower, np.full(block.size, m, np.int64), block))
        return tuple(np.concatenate(x) for x in zip(*parts, strict=True))  # type: ignore[return-value]


def _decomposed(known: DenseKnown, incidence: csr_matrix) -> tuple[FloatArray, FloatArray]:
    """P and D; the last ones of a matrix are kept with it, so that an update has them."""
    counts = incidence.diagonal()
    diagonal = incidence.nnz == np.count_nonzero(counts)
    key = (incidence.indptr.tobytes(), incidence.indices.tobytes(), incidence.data.tobytes())
    if key not in known.decompositions:
        if diagonal and (counts > 0).all():
            root = np.sqrt(counts)
            values, vectors = _eigen(root[:, None] * known.relationship * root)
            vectors *= np.sqrt(np.maximum(values, 0.0))
            vectors /= root[:, None]
        else:
            factor = lapack.dpotrf(known.relationship.T, lower=0, clean=1)[0].T
            values, vectors = _eigen(factor.T @ np.asarray(incidence @ factor))
            vectors = factor @ vectors
        known.decompositions.clear()
        known.decompositions[key] = vectors, np.maximum(values, 0.0)
    return known.decompositions[key]


def _eigen(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    driver: Literal["evd", "evr"] = "evd" if matrix.shape[0] <= DIVIDE else "evr"
    return eigh(matrix.T, lower=False, overwrite_a=True, check_finite=False, driver=driver)


def find_rotation(
    y: FloatArray,
    random: Sequence[Csr],
    variance: VarianceModel,
    rows: Sequence[IntArray],
    weights: FloatArray | None,
) -> tuple[VarianceModel, Rotation] | None:
    """The model in the new unknowns; None where it is none of this kind.

    Parameters
    ----------
    y : float array (n,)
        NaN where missing.
    random : sequence of Csr
        Z of each random term.
    variance : VarianceModel
    rows : sequence of int arrays
        Rows of each residual section.
    weights : float array (n,) or None
    """
    if len(variance.random) != 1:
        return None
    product = variance.random[0]
    dense = [j for j, f in enumerate(product.factors) if dense_matrix(f) is not None]
    if len(dense) != 1 or product.negative or any(isinstance(f, FactorAnalytic) for f in product.factors):
        return None
    residual = Residual(rows, variance.sections, ~np.isnan(y), weights)
    if residual.missing.size:
        return None
    place = dense[0]
    known = dense_matrix(product.factors[place])
    assert known is not None
    before = int(np.prod([f.size for f in product.factors[:place]], dtype=np.int64))
    at = np.arange(product.size, dtype=np.int64).reshape(before, len(known), -1)
    positions = at.transpose(0, 2, 1).reshape(-1, len(known))
    found = _common(random[0], residual, positions)
    if found is None:
        return None
    factors: list[Structure] = list(product.factors)
    factors[place] = RotatedKnown(known)
    turned = replace(variance, random=(Product(factors, product.scale),))
    return turned, Rotation(known, positions, *found)


@dataclass(frozen=True)
class _Lists:
    key: IntArray
    row: IntArray
    col: IntArray
    value: FloatArray


def _common(z: Csr, residual: Residual, positions: IntArray) -> tuple[csr_matrix, FloatArray] | None:
    """N and the shares A_m in Z'M_mZ = A_m ⊗ N; None where the blocks are not proportional."""
    blocks, q = positions.shape
    place = np.empty(positions.size, np.int64)
    place[positions.ravel()] = np.arange(positions.size)
    count = residual.offsets[-1]
    parts = []
    for m in range(count):
        mine = residual.coef == m
        unit = np.zeros(count)
        unit[m] = 1.0
        operator = residual.operator(unit)
        if operator.values is not None:
            r, c, v = gram(z, weights=operator.values)
        elif mine.any():
            assert operator.matrix is not None
            r, c, v = gram(z, operator.matrix)
        keep = v != 0
        a, b, v = place[r[keep]], place[c[keep]], v[keep]
        off = a != b
        a, b, v = np.concatenate([a, b[off]]), np.concatenate([b, a[off]]), np.concatenate([v, v[off]])
        lower = a // q >= b // q
        a, b, v = a[lower], b[lower], v[lower]
        parts.append(_Lists((m * blocks + a // q) * blocks + b // q, a % q, b % q, v))
    key = np.concatenate([p.key for p in parts])
    row, col = np.concatenate([p.row for p in parts]), np.concatenate([p.col for p in parts])
    value = np.concatenate([p.value for p in parts])
    order = np.lexsort((col, row, key))
    key, row, col, value = key[order], row[order], col[order], value[order]
    groups, counts = np.unique(key, return_counts=True)
    if not groups.size or (counts != counts[0]).any():
        return None
    row, col, value = (x.reshape(groups.size, -1) for x in (row, col, value))
    if (row != row[0]).any() or (col != col[0]).any():
        return None
    model = value[0]
    shares = value @ model / (model @ model)
    if (np.abs(value - shares[:, None] * model).max(axis=1) > SAME * np.abs(value).max(axis=1)).any():
        return None
    if shares[0] * float(model.max()) <= 0 or (model[row[0] == col[0]] < 0).any():
        return None
    out = np.zeros((count, blocks, blocks))
    out[groups // blocks**2, groups // blocks % blocks, groups % blocks] = shares
    out = np.maximum(out, 0) + np.minimum(out, 0)
    return csr_matrix((model, (row[0], col[0])), shape=(q, q)), out


class RotatedNumeric:
    """A solver's numbers in terms of the effects; members as those of `linalg.backends.Numeric`.

    Parameters
    ----------
    inner : Numeric or WhitenedNumeric
        In terms of the unknowns w.
    rotation : Rotation
    first : int
        First effect of the term.
    copies : float
        Copies of K in the variance of the unknowns: their log-determinant is that of the prior.
    """

    def __init__(self, inner: Numeric, rotation: Rotation, first: int, copies: float):
        self.inner, self.rotation, self.first, self.copies = inner, rotation, first, copies
        self._parts: tuple[FloatArray, FloatArray, FloatArray] | None = None

    def set_entries(self, where: ArrayLike, coef: ArrayLike, val: ArrayLike) -> None:
        """State C of the unknowns."""
        self.inner.set_entries(where, coef, val)

    def assemble(self, c: ArrayLike) -> None:
        """Fill it from the coefficients c."""
        self.inner.assemble(c)

    def factor(self, tol: float = 1e-14) -> None:
        """Factor it."""
        self.inner.factor(tol)

    def logdet(self) -> float:
        """log|C| of the effects."""
        return self.inner.logdet() - self.copies * self.rotation.known.logdet

    def unknowns(self, b: FloatArray) -> FloatArray:
        """The unknowns of the solver for a right-hand side by effects."""
        turned = self.rotation.adjoint(self.first, b)
        return self.inner.unknowns(turned) if isinstance(self.inner, WhitenedNumeric) else self.inner.solve(turned)

    def effects(self, v: FloatArray) -> FloatArray:
        """Effects of these unknowns."""
        w = self.inner.effects(v) if isinstance(self.inner, WhitenedNumeric) else v
        return self.rotation.effects(self.first, w)

    def solve(self, b: ArrayLike) -> FloatArray:
        """C⁻¹b."""
        return self.effects(self.unknowns(np.asarray(b, np.float64)))

    def forward(self, b: ArrayLike) -> FloatArray:
        """F with F'F = b'C⁻¹b."""
        return self.inner.forward(self.rotation.adjoint(self.first, np.asarray(b, np.float64)))

    def invert(self) -> None:
        """Selected inverse in terms of the unknowns."""
        self.inner.invert()
        self._parts = None

    def adjoint(self, ncoef: int) -> FloatArray:
        """Derivative of log|C| by the structures' coefficients."""
        return self.inner.adjoint(ncoef)

    def _inverse_parts(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        r"""C⁻¹ of the fixed effects, its rows of the effects, and the inverse blocks of the unknowns.

        :math:`C^{-1} = \mathrm{diag}(0, B^{-1}) + H\,(C^{XX})^{-1}H'` with H the first columns of it: what is left of
        the inverse's blocks without the second part is :math:`B^{-1}`, block diagonal by column of P.
        """
        if self._parts is None:
            p, (blocks, q) = self.first, self.rotation.positions.shape
            unit = np.zeros((p + blocks * q, p))
            unit[np.arange(p), np.arange(p)] = 1.0
            h = self.inner.solve(unit)
            fixed = 0.5 * (h[:p] + h[:p].T)
            border = h[p:]
            scaled = np.linalg.solve(fixed, border.T).T if p else border
            own = np.empty((blocks, blocks, q))
            for i in range(blocks):
                for j in range(i + 1):
                    a, b = self.rotation.positions[i], self.rotation.positions[j]
                    found = self.inner.inverse_at(a + p, b + p)
                    own[i, j] = own[j, i] = found - np.einsum("kx,kx->k", border[a], scaled[b])
            self._parts = fixed, self.rotation.turned(border, False), own
        return self._parts

    def inverse_diagonal(self) -> FloatArray:
        """Diagonal of C⁻¹."""
        fixed, border, own = self._inverse_parts()
        positions, vectors = self.rotation.positions, self.rotation.vectors
        blocks, q = positions.shape
        out = np.empty(self.first + positions.size)
        out[: self.first] = np.diagonal(fixed)
        scaled = np.linalg.solve(fixed, border.T).T if self.first else border
        variance = np.einsum("kx,kx->k", border, scaled)
        inner = np.ascontiguousarray(own[np.arange(blocks), np.arange(blocks)].T)
        for lo in range(0, q, max(1, BLOCK // q)):
            some = slice(lo, lo + max(1, BLOCK // q))
            variance[positions[:, some]] += (np.square(vectors[some]) @ inner).T
        out[self.first :] = variance
        return out

    def inverse_at(self, rows: ArrayLike, cols: ArrayLike) -> FloatArray:
        """Entries of C⁻¹, any of them."""
        i, j = np.asarray(rows, np.int64), np.asarray(cols, np.int64)
        fixed, border, own = self._inverse_parts()
        p, (blocks, q) = self.first, self.rotation.positions.shape
        whole = np.concatenate([fixed, border]) if p else border
        scaled = np.linalg.solve(fixed, whole.T).T if p else whole
        place = np.empty(blocks * q, np.int64)
        place[self.rotation.positions.ravel()] = np.arange(blocks * q)
        out = np.empty(i.size)
        for lo in range(0, i.size, max(1, BLOCK // q)):
            some = slice(lo, lo + max(1, BLOCK // q))
            a, b = i[some], j[some]
            found = np.einsum("kx,kx->k", whole[a], scaled[b])
            both = np.flatnonzero((a >= p) & (b >= p))
            x, y = place[a[both] - p], place[b[both] - p]
            for pair in np.unique(x // q * blocks + y // q).tolist():
                mine = x // q * blocks + y // q == pair
                left, right = self.rotation.vectors[x[mine] % q], self.rotation.vectors[y[mine] % q]
                found[both[mine]] += (left * right) @ own[pair // blocks, pair % blocks]
            out[some] = found
        return out


def whitened_part(numeric: Numeric) -> WhitenedNumeric | None:
    """What holds the factors T of whitened terms, within a rotation or not."""
    inner = numeric.inner if isinstance(numeric, RotatedNumeric) else numeric
    return inner if isinstance(inner, WhitenedNumeric) else None
