r"""A change of the unknowns of a model's one random term, u = (I ⊗ P)w, that makes C sparse.

For var(u) = G ⊗ K and :math:`Z'M_mZ = A_m \otimes N`, the same N for every basis matrix of :math:`R^{-1}`, P with
:math:`PP' = K` turns the prior into G ⊗ I and what the records say into :math:`A_m \otimes P'NP`, a diagonal matrix
(`pyasreml.mme.spectral`) or a band (`pyasreml.mme.banded`): exact, and made once a model.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix

from pyasreml.linalg.backends import Numeric
from pyasreml.mme.whitened import WhitenedNumeric
from pyasreml.variance.known import DenseKnown

__all__ = ["RotatedNumeric", "Rotation", "solved", "whitened_part"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Lists = tuple[IntArray, IntArray, IntArray, FloatArray]


class Rotation(ABC):
    """The change of unknowns.

    Parameters
    ----------
    known : DenseKnown
    positions : int array (blocks, q)
        Effects of the term by block and row of K.
    incidence : csr matrix (q, q)
        N.
    shares : float array (coefficients, blocks, blocks)
        A by coefficient of R⁻¹.
    """

    def __init__(self, known: DenseKnown, positions: IntArray, incidence: csr_matrix, shares: FloatArray):
        self.known, self.positions, self.shares = known, positions, shares
        self.incidence = incidence

    @property
    @abstractmethod
    def bytes(self) -> int:
        """What finding P takes at most."""

    def forget(self) -> None:
        """Let go of P; it is found again at the next use, unless the matrix still has it."""
        self.__dict__.pop("_found", None)

    @abstractmethod
    def multiplied(self, x: FloatArray, back: bool) -> FloatArray:
        """P x, or with `back` P'x, for x (q, m)."""

    @abstractmethod
    def core(self) -> tuple[IntArray, IntArray, FloatArray]:
        """Rows, columns and values of the lower triangle of P'NP."""

    @abstractmethod
    def numeric(self, inner: Numeric, first: int, copies: float, prior: int) -> RotatedNumeric:
        """A solver's numbers in terms of the effects; `prior` is the first coefficient of the term."""

    def turned(self, x: FloatArray, back: bool) -> FloatArray:
        """(I ⊗ P)x, or with `back` (I ⊗ P')x, for the term's x (size,) or (size, m)."""
        blocks, q = self.positions.shape
        cube = x.reshape(x.shape[0], -1)[self.positions]
        flat = cube.transpose(1, 0, 2).reshape(q, -1)
        new = self.multiplied(flat, back)
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
        new = self.multiplied(columns.toarray(), True).T.ravel()  # by group, then column of P
        at_column, rest = groups % max(first, 1), groups // max(first, 1)
        parts.append(
            (
                (self.positions[rest % blocks] + first).ravel(),
                np.repeat(at_column, q),
                np.repeat(rest // blocks, q),
                new,
            )
        )
        row, col, value = self.core()
        i, j = np.tril_indices(blocks)
        for m in range(self.shares.shape[0]):
            # pairs without a share are structural zeros: the inverse is wanted there
            used = np.arange(i.size) if m == 0 else np.flatnonzero(self.shares[m, i, j] != 0)
            a, b = self.positions[i[used]][:, row] + first, self.positions[j[used]][:, col] + first
            block = (self.shares[m, i[used], j[used]][:, None] * value).ravel()
            lower = np.maximum(a, b).ravel(), np.minimum(a, b).ravel()
            parts.append((*lower, np.full(block.size, m, np.int64), block))
        return tuple(np.concatenate(x) for x in zip(*parts, strict=True))  # type: ignore[return-value]


class RotatedNumeric(ABC):
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
        self.refreshed()

    def adjoint(self, ncoef: int) -> FloatArray:
        """Derivative of log|C| by the structures' coefficients."""
        return self.inner.adjoint(ncoef)

    @abstractmethod
    def refreshed(self) -> None:
        """Forget what belongs to the inverse before."""

    def fixed_columns(self) -> tuple[FloatArray, FloatArray]:
        """C⁻¹ of the fixed effects (p, p), and its rows of the unknowns (size, p)."""
        p, size = self.first, self.rotation.positions.size
        unit = np.zeros((p + size, p))
        unit[np.arange(p), np.arange(p)] = 1.0
        h = self.inner.solve(unit)
        return 0.5 * (h[:p] + h[:p].T), h[p:]

    @abstractmethod
    def inverse_diagonal(self) -> FloatArray:
        """Diagonal of C⁻¹."""

    @abstractmethod
    def inverse_at(self, rows: ArrayLike, cols: ArrayLike) -> FloatArray:
        """Entries of C⁻¹, any of them."""


def solved(fixed: FloatArray, border: FloatArray) -> FloatArray:
    """The border times (C^XX)⁻¹, also without fixed effects."""
    return np.asarray(np.linalg.solve(fixed, border.T).T) if fixed.size else border


def whitened_part(numeric: Numeric) -> WhitenedNumeric | None:
    """What holds the factors T of whitened terms, within a rotation or not."""
    inner = numeric.inner if isinstance(numeric, RotatedNumeric) else numeric
    return inner if isinstance(inner, WhitenedNumeric) else None
