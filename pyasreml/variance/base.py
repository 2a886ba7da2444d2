r"""What every variance structure supplies.

A structure is one factor :math:`\Sigma(\theta)`, k × k, of a direct product. The kernel wants its inverse in
*coefficient form*, :math:`\Sigma^{-1} = \sum_j c_j(\theta) B_j` with constant sparse symmetric :math:`B_j`: the few
numbers c and their derivatives are all that changes from one iteration to the next, and a product's
coefficients are products of its factors' coefficients.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class NotFeasible(Exception):
    """The parameters give no positive definite matrix."""


@dataclass(frozen=True)
class Entries:
    """Lower triangles of the basis matrices :math:`B_j`, as one list of entries.

    Attributes
    ----------
    row, col : int array (m,)
        ``row >= col``.
    basis : int array (m,)
        Which j the entry belongs to.
    value : float array (m,)
    """

    row: IntArray
    col: IntArray
    basis: IntArray
    value: FloatArray

    def full(self) -> Entries:
        """Both triangles."""
        off = self.row != self.col
        return Entries(
            np.concatenate([self.row, self.col[off]]),
            np.concatenate([self.col, self.row[off]]),
            np.concatenate([self.basis, self.basis[off]]),
            np.concatenate([self.value, self.value[off]]),
        )


@dataclass(frozen=True)
class Coefficients:
    """Value and derivatives at one θ.

    Attributes
    ----------
    c : float array (b,)
    dc : float array (p, b)
        Row i is the derivative for parameter i.
    logdet : float
        log-determinant of Σ.
    dlogdet : float array (p,)
    """

    c: FloatArray
    dc: FloatArray
    logdet: float
    dlogdet: FloatArray


@dataclass(frozen=True)
class ParameterInfo:
    """One parameter of a structure: the end of its name, type and default constraint code.

    `type` is V (variance), C (covariance), R (correlation), P (positive without a scale: a range) or L
    (loading); asreml's G for a variance ratio is given later, when the scale is known. The name is the term's, ``!``,
    the variable and the suffix; without the variable where `bare`. `kind` is what limits its steps, where that is
    another type's rule: C, none at all, for parameters of type R that may pass 1 and for ranges.
    """

    suffix: str
    type: str
    code: str
    bare: bool = False
    kind: str | None = None


class Structure(ABC):
    """One factor of a direct product. Immutable; all methods take θ, float array (p,)."""

    size: int
    parameters: tuple[ParameterInfo, ...] = ()
    has_variance: bool = False
    """True where Σ carries its own variances (so that the term needs no scale)."""
    diagonal: bool = False
    """True where Σ is diagonal."""
    negative: int = 0
    """Negative eigenvalues of Σ; only a known matrix may have some."""
    flat: int = 0
    """Dimension in which Σ⁻¹ is zero, effects there being fixed; only a known matrix with genetic groups has some."""

    @abstractmethod
    def entries(self) -> Entries:
        """The basis of Σ⁻¹."""

    @abstractmethod
    def coefficients(self, theta: FloatArray) -> Coefficients:
        """c, ∂c, log|Σ| and its derivatives; raises `NotFeasible`."""

    @abstractmethod
    def working(self, theta: FloatArray, x: FloatArray) -> list[FloatArray]:
        r"""For each parameter :math:`(\partial_i\Sigma)\,\Sigma^{-1} x`, for x (k, m)."""

    def feasible(self, theta: FloatArray) -> bool:
        """True where the structure is defined: positive definite, unless its factor serves for it."""
        try:
            self.coefficients(theta)
        except NotFeasible:
            return False
        return True

    @abstractmethod
    def matrix(self, theta: FloatArray) -> FloatArray:
        """Σ, dense (k, k): for tests, reports and the dense reference."""

    @abstractmethod
    def starts(self, scale: float, cell_means: FloatArray | None) -> FloatArray:
        """Default start values.

        Parameters
        ----------
        scale : float
            Start of a plain variance in the same fit: 0.1 on the gamma scale, var(y)/20 on the sigma scale.
        cell_means : float array (k,) or (k, k), or None
            Variances (covariances) of the cell means of y by level, where the design gives them.
        """

    def em_step(self, theta: FloatArray, score: FloatArray, copies: float) -> FloatArray | None:
        """θ after one EM step, for structures that are kept positive definite by it; None for others.

        Parameters
        ----------
        theta : float array (p,)
        score : float array (p,)
            Derivatives of the log-likelihood.
        copies : float
            Size of the product over that of this factor: vectors whose covariance matrix Σ is.
        """
        return None

    def to_free(self, theta: FloatArray) -> FloatArray:
        """θ in coordinates in which every point is feasible but for simple bounds, as many as θ; θ itself by default.

        The exact stepper moves in these: a covariance matrix by its Cholesky factor, so that it may come
        to rest where it is singular.
        """
        return theta

    def from_free(self, free: FloatArray) -> FloatArray:
        """θ from its free coordinates."""
        return free

    def free_jacobian(self, free: FloatArray) -> FloatArray:
        """∂θ/∂free, float array (p, p)."""
        return np.eye(free.size)

    def free_roots(self) -> tuple[bool, ...]:
        """Which free coordinates are square roots of a variance, bounded below by 0."""
        return (False,) * len(self.parameters)

    def free_curvature(self, score: FloatArray, free: FloatArray) -> FloatArray:
        r"""What the curvature of θ adds to the information of the free coordinates, float array (p, p).

        The information of φ is :math:`J'AJ - \sum_m s_m\,\partial^2\theta_m/\partial\phi\partial\phi'`; J vanishes
        where a matrix becomes singular, so that there the second part leads. It is wanted without
        negative roots; `score` is that of θ, at the coordinates `free`.
        """
        return np.zeros((score.size, score.size))

    free_separable: bool = False
    """True where each free coordinate is a function of one parameter, so that others may be held."""

    def free_columns(self) -> tuple[IntArray, ...]:
        """For each free coordinate that is a root, coordinates with it in a column whose sign is of no account."""
        return (np.zeros(0, np.int64),) * len(self.parameters)

    def scan(self) -> Mapping[int, FloatArray]:
        """By parameter, values of which the exact stepper tries each in place of a default start.

        For parameters by which the likelihood is flat in one part of their range and may have several maxima in
        another.
        """
        return {}

    @property
    def init_count(self) -> int:
        """Number of values that ``init=`` takes."""
        return len(self.parameters)

    @property
    def init_places(self) -> IntArray:
        """Which value of ``init=`` names the constraint of each parameter."""
        return np.arange(len(self.parameters))

    def from_init(self, values: FloatArray) -> FloatArray:
        """Parameters from the values of ``init=``: the same, unless they are given as a matrix."""
        return values

    @property
    def proper(self) -> int:
        """Rank of Σ⁻¹: the effects that a log-determinant and a variance count."""
        return self.size - self.flat

    @property
    def basis_count(self) -> int:
        """Number of basis matrices."""
        found = self.entries().basis
        return int(found.max()) + 1 if found.size else 0
