r"""What the equations need of the records: :math:`W'R^{-1}y`, :math:`W'R^{-1}e` and quadratic forms of e.

Where R is diagonal with one coefficient c, :math:`R^{-1} = cD`, they follow from :math:`W'DW`, :math:`W'Dy` and
:math:`y'Dy`, made once a model: an iteration does not touch the records. The response is replaced by
:math:`y_0 = y - Xb_0` beforehand, which changes nothing but the fixed effects, by b₀: sums of squares of a response
far from zero would lose the digits of its deviations.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from pyasreml.linalg import Csr
from pyasreml.linalg._linalg import near_fit
from pyasreml.mme.residual import Residual, ResidualOperator

__all__ = ["Misfit", "Records", "Side", "Statistics", "records_of"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Lists = tuple[IntArray, IntArray, IntArray, FloatArray]

PASSES = 10
"""Steps at most towards the least-squares fit of X …"""
SLOPE = 1e-4
"""… until the scaled gradient's square is below this part of what is left."""
DIGITS = 1e-4
"""A sum of squares below this part of that of y₀ is summed over the records, not taken as a difference."""


class Misfit:
    """y - Wb at one θ; what takes time is made at first use.

    Attributes
    ----------
    ypy : float
        :math:`y_0'R^{-1}e`: with the solution, y'Py on the ratio scale.
    """

    ypy: float

    def __init__(self, records: Records, operator: ResidualOperator, b: FloatArray):
        self._records, self._operator, self._b = records, operator, b
        self.ypy = float(records.y @ self.weighted)

    @cached_property
    def e(self) -> FloatArray:
        """What is left, y₀ - Wb: float array (n,); at a missing record without its own column of W."""
        return self._records.y - self._records.W.dot(self._b)

    @cached_property
    def weighted(self) -> FloatArray:
        """R⁻¹e, float array (n,)."""
        return self._operator.dot(self.e)

    @cached_property
    def gathered(self) -> FloatArray:
        """W'R⁻¹e by effects, float array (N,)."""
        return self._records.W.tdot(self.weighted)

    @cached_property
    def squares(self) -> FloatArray:
        """e'M_m e by coefficient of R⁻¹, float array (coefficients,)."""
        return self._summed_squares()

    def _summed_squares(self) -> FloatArray:
        residual = self._records.residual
        return residual.products_of(self.e, residual.offsets[-1])


class _MisfitOfStatistics(Misfit):
    """The same from sums over the records."""

    def __init__(self, records: Statistics, c: float, b: FloatArray):
        self._records, self._b, self._c = records, b, c
        self._sums = records
        self.gathered = c * (records.Wy - records.information(b))
        self.ypy = c * (records.yy - float(records.Wy @ b))

    @cached_property
    def weighted(self) -> FloatArray:
        """R⁻¹e, float array (n,)."""
        return self._records.operator(np.array([self._c])).dot(self.e)

    @cached_property
    def squares(self) -> FloatArray:
        """e'De, float array (1,)."""
        known, b = self._sums, self._b
        found = known.yy - float(b @ known.Wy) - float(b @ self.gathered) / self._c
        return self._summed_squares() if found < DIGITS * known.yy else np.array([found])


class Side:
    """The response's side of the equations at one θ: W'R⁻¹y₀ (N,) and y₀'R⁻¹y₀."""

    def __init__(self, rhs: FloatArray, total: float):
        self.rhs, self.total = rhs, total


class Records:
    """Records of a model.

    Parameters
    ----------
    y : float array (n,)
        Zero where missing.
    X : Csr (n, p)
    W : Csr (n, N)
        All columns, those of X first.
    residual : Residual
    observed : bool array (n,)

    Attributes
    ----------
    y : float array (n,)
        y₀, shifted where y is missing as well.
    shift : float array (p,)
        b₀.
    lost : float
        Sum of squares of y divided by that of y₀, over observed records.
    """

    def __init__(self, y: FloatArray, X: Csr, W: Csr, residual: Residual, observed: BoolArray):
        self.W, self.residual = W, residual
        self.shift = _shift(y, X, observed)
        self.y = y - X.dot(self.shift) if self.shift.any() else y
        kept = self.y[observed]
        left = float(kept @ kept)
        self.lost = float(y @ y) / left if left else np.inf
        self._last: tuple[FloatArray, ResidualOperator] | None = None

    def operator(self, c: FloatArray) -> ResidualOperator:
        """R⁻¹ at the coefficients c, that of the last ones remembered."""
        if self._last is None or self._last[0] is not c:
            self._last = c, self.residual.operator(c)
        return self._last[1]

    def side(self, c: FloatArray) -> Side:
        """The response's side at the coefficients c."""
        weighted = self.operator(c).dot(self.y)
        return Side(self.W.tdot(weighted), float(self.y @ weighted))

    def misfit(self, c: FloatArray, b: FloatArray) -> Misfit:
        """y₀ - Wb at the coefficients c."""
        return Misfit(self, self.operator(c), b)

    def weigh(self, c: FloatArray, x: FloatArray) -> FloatArray:
        """W'R⁻¹W x at the coefficients c, for x (N,) or (N, m)."""
        return self.W.tdot(self.operator(c).dot(self.W.dot(x)))


class Statistics(Records):
    """Records with R⁻¹ = cD, by their sums.

    Attributes
    ----------
    lower : Csr (N, N)
        Lower triangle of W'DW.
    Wy : float array (N,)
        W'Dy₀.
    yy : float
        y₀'Dy₀.
    """

    def __init__(self, records: Records, lists: Lists):
        self.__dict__.update(records.__dict__)
        row, col, _, value = lists
        size = self.W.n_cols
        start = np.zeros(size + 1, np.int64)
        np.cumsum(np.bincount(row, minlength=size), out=start[1:])
        self.lower = Csr.unchecked(size, size, start, col.astype(np.int32), value)
        weighted = self.operator(np.ones(1)).dot(self.y)
        self.Wy: FloatArray = self.W.tdot(weighted)
        self.yy = float(self.y @ weighted)

    def side(self, c: FloatArray) -> Side:
        """The response's side at the coefficients c."""
        return Side(c[0] * self.Wy, float(c[0]) * self.yy)

    def misfit(self, c: FloatArray, b: FloatArray) -> Misfit:
        """y₀ - Wb at the coefficients c."""
        found = _MisfitOfStatistics(self, float(c[0]), b)
        return super().misfit(c, b) if found.ypy < DIGITS * c[0] * self.yy else found

    def weigh(self, c: FloatArray, x: FloatArray) -> FloatArray:
        """W'R⁻¹W x at the coefficients c, for x (N,) or (N, m)."""
        return c[0] * self.information(x)

    def information(self, x: FloatArray) -> FloatArray:
        """W'DW x, for x (N,) or (N, m)."""
        return self.lower.symmetric_dot(x)


def records_of(
    y: FloatArray, X: Csr, W: Csr, residual: Residual, observed: BoolArray, lists: Lists
) -> Records:
    """Records by their sums, where there is one coefficient and the sums are fewer than the records' own entries.

    Parameters
    ----------
    y, X, W, residual, observed
        As of `Records`.
    lists : row, column, coefficient, value
        Lower triangle of W'R⁻¹W by effects, sorted by rows.
    """
    records = Records(y, X, W, residual, observed)
    one = residual.diagonal and residual.offsets[-1] == 1
    return Statistics(records, lists) if one and lists[0].size <= W.nnz + y.size else records


def _shift(y: FloatArray, X: Csr, observed: BoolArray) -> FloatArray:
    """b₀ near the least-squares fit of X to the observed y: conjugate gradients, scaled by the diagonal of X'X.

    Of single precision: products with whole numbers are exact then, and what is left of y loses nothing.
    """
    left = y.copy()  # zero where missing
    b = near_fit(*X._arrays, left, observed.view(np.uint8), PASSES, SLOPE)
    return b.astype(np.float32).astype(np.float64)
