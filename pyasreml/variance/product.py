r"""Direct products of structures, with an optional scale: :math:`\gamma\,\Sigma_1 \otimes \Sigma_2 \otimes \dots`

The first factor varies slowest. The parameters are the scale (if there is one), then those of each factor in
turn. Coefficients of the product's inverse are the products of its factors' coefficients.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import prod

import numpy as np

from pyasreml.variance.base import Coefficients, Entries, FloatArray, IntArray, NotFeasible, Structure


class Product:
    """A direct product of structures.

    Parameters
    ----------
    factors : sequence of Structure
        Outer factor first.
    scale : bool
        True for a scale parameter in front.

    Attributes
    ----------
    size, proper : int
        Number of effects; of those, the rank of the inverse.
    shaped : list of (Structure, slice)
        Factors with parameters, and where these stand.
    """

    def __init__(self, factors: Sequence[Structure], scale: bool):
        self.factors = tuple(factors)
        self.scale = scale
        self.size = prod(f.size for f in self.factors)
        self.proper = prod(f.proper for f in self.factors)
        self.diagonal = all(f.diagonal for f in self.factors)
        self.negative = sum(f.negative * (self.proper // f.proper) for f in self.factors)
        self._counts = [f.basis_count for f in self.factors]
        self.basis_count = prod(self._counts)
        self._slices: list[slice] = []
        at = int(scale)
        for factor in self.factors:
            self._slices.append(slice(at, at + len(factor.parameters)))
            at += len(factor.parameters)
        self.parameter_count = at
        self.shaped = [(f, s) for f, s in zip(self.factors, self._slices, strict=True) if f.parameters]

    def entries(self) -> Entries:
        """Lower triangle of every basis matrix of the product's inverse."""
        first, *others = (f.entries() for f in self.factors)
        if not others:
            return first
        whole = first.full()
        for structure, count, entries in zip(self.factors[1:], self._counts[1:], others, strict=True):
            whole = _kronecker(whole, entries.full(), structure.size, count)
        lower = whole.row >= whole.col
        return Entries(whole.row[lower], whole.col[lower], whole.basis[lower], whole.value[lower])

    def coefficients(self, theta: FloatArray) -> Coefficients:
        """Values c (b,), ∂c (p, b), log-determinant and its derivatives of the whole product."""
        if self.parameter_count == 1 and self.scale and self.basis_count == 1:
            return self._scaled_constant(float(theta[0]))
        return self._constant if self.parameter_count == 0 else self._coefficients(theta)

    @cached_property
    def _constant(self) -> Coefficients:
        """What there is without parameters."""
        return self._coefficients(np.zeros(0))

    def _coefficients(self, theta: FloatArray) -> Coefficients:
        points = [f.coefficients(theta[at]) for f, at in zip(self.factors, self._slices, strict=True)]
        c = np.ones(1)
        for point in points:
            c = np.multiply.outer(c, point.c).ravel()
        logdet = 0.0
        dc = np.zeros((self.parameter_count, c.size))
        dlogdet = np.zeros(self.parameter_count)
        for j, (point, at) in enumerate(zip(points, self._slices, strict=True)):
            rest = self.proper / self.factors[j].proper
            logdet += rest * point.logdet
            dlogdet[at] = rest * point.dlogdet
            if point.dc.shape[0]:
                before = np.ones(1)
                for other in points[:j]:
                    before = np.multiply.outer(before, other.c).ravel()
                after = np.ones(1)
                for other in points[j + 1 :]:
                    after = np.multiply.outer(after, other.c).ravel()
                slope = before[None, :, None, None] * point.dc[:, None, :, None] * after
                dc[at] = slope.reshape(point.dc.shape[0], -1)
        if self.scale:
            gamma = float(theta[0])
            if gamma == 0:
                raise NotFeasible("a variance is zero")
            c = c / gamma
            dc /= gamma
            dc[0] = -c / gamma
            logdet += self.proper * np.log(abs(gamma))
            dlogdet[0] = self.proper / gamma
        return Coefficients(c, dc, logdet, dlogdet)

    def _scaled_constant(self, gamma: float) -> Coefficients:
        """γ times a constant matrix with one coefficient: the plain variance component."""
        if gamma == 0:
            raise NotFeasible("a variance is zero")
        constant, logdet = self.unscaled
        c = constant / gamma
        return Coefficients(
            np.array([c]),
            np.array([[-c / gamma]]),
            logdet + self.proper * float(np.log(abs(gamma))),
            np.array([self.proper / gamma]),
        )

    @cached_property
    def unscaled(self) -> tuple[float, float]:
        """The one coefficient, and the log-determinant, of a product without parameters but the scale, at scale 1."""
        constant = [f.coefficients(np.zeros(0)) for f in self.factors]
        c = prod(float(p.c[0]) for p in constant)
        return c, sum(self.proper / f.proper * p.logdet for f, p in zip(self.factors, constant, strict=True))

    def working(self, theta: FloatArray, x: FloatArray) -> FloatArray:
        r"""Columns :math:`(\partial_i V) V^{-1} x` for V the product, x (size,): float array (size, p)."""
        out = np.empty((self.size, self.parameter_count), order="F")
        if self.scale:
            out[:, 0] = x / theta[0]
        before = 1
        for factor, at in zip(self.factors, self._slices, strict=True):
            if at.stop > at.start:
                cube = x.reshape(before, factor.size, -1)
                flat = np.ascontiguousarray(cube.transpose(1, 0, 2)).reshape(factor.size, -1)
                for i, q in enumerate(factor.working(theta[at], flat)):
                    back = q.reshape(factor.size, before, cube.shape[2]).transpose(1, 0, 2)
                    out[:, at.start + i] = back.reshape(-1)
            before *= factor.size
        return out

    def matrix(self, theta: FloatArray) -> FloatArray:
        """The product, dense: for tests and reports."""
        out: FloatArray = np.ones((1, 1))
        for factor, at in zip(self.factors, self._slices, strict=True):
            out = np.asarray(np.kron(out, factor.matrix(theta[at])), dtype=np.float64)
        return out * (theta[0] if self.scale else 1.0)

    def em_step(self, theta: FloatArray, score: FloatArray) -> FloatArray | None:
        """Parameters after an EM step of the factor that is kept positive definite by it; None without such a factor.

        Parameters of other factors are NaN: they have no such step.
        """
        for factor, at in zip(self.factors, self._slices, strict=True):
            stepped = factor.em_step(theta[at], score[at], self.proper / factor.proper)
            if stepped is not None:
                out = np.full(theta.size, np.nan)
                out[at] = stepped
                return out
        return None

    def feasible(self, theta: FloatArray) -> bool:
        """True where every factor is defined (a negative scale is allowed here: code U)."""
        if self.scale and theta[0] == 0:
            return False
        return all(f.feasible(theta[at]) for f, at in self.shaped)


def _kronecker(a: Entries, b: Entries, size: int, count: int) -> Entries:
    row: IntArray = np.add.outer(a.row * size, b.row).ravel()
    col: IntArray = np.add.outer(a.col * size, b.col).ravel()
    basis: IntArray = np.add.outer(a.basis * count, b.basis).ravel()
    return Entries(row, col, basis, np.multiply.outer(a.value, b.value).ravel())
