"""Coordinates in which the exact stepper moves: those of θ, but a covariance matrix by its Cholesky factor."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyasreml.mme.equations import Equations
from pyasreml.variance.base import Structure

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

NEARLY_SINGULAR = 1e-6
"""Part of a level's variance: with less left of it the information of a matrix's elements loses its digits."""


class Chart:
    """Free coordinates φ of the whole parameter table, as many as θ.

    A structure with a parameter that is held (a code in `fixed`) or constrained keeps its own parameters, since a fixed
    element of a matrix is no fixed coordinate of its factor.

    Attributes
    ----------
    roots : bool array (p,)
        Coordinates that are square roots of a variance.
    turned : bool array (p,)
        Coordinates that are not those of θ.
    whitened : bool array (p,)
        Roots of terms that need no inverse: they may come as near to zero as arithmetic allows.
    columns : dict of int to int array
        By such a root the other coordinates of its column of a Cholesky factor.
    """

    def __init__(self, equations: Equations, fixed: tuple[str, ...] = ("F",)):
        table = equations.variance.parameters
        codes = table.codes
        linked = table.constraint.linked if table.constraint is not None else np.zeros(len(codes), bool)
        self.roots = np.zeros(len(codes), bool)
        self.turned = np.zeros(len(codes), bool)
        self.whitened = np.zeros(len(codes), bool)
        self.columns: dict[int, IntArray] = {}
        self._pieces: list[tuple[IntArray, Structure]] = []
        owners = [(p, equations.rows_of_term(t)) for t, p in enumerate(equations.variance.random)]
        owners += [(p, equations.rows_of_section(k)) for k, p in enumerate(equations.variance.sections)]
        white = {t: w.structure for t, w in enumerate(equations.whitened) if w is not None}
        for owner, (product, rows) in enumerate(owners):
            at = int(product.scale)
            for factor in product.factors:
                mine = rows[at : at + len(factor.parameters)]
                at += len(factor.parameters)
                roots = factor.free_roots()
                held = any(codes[i] in fixed for i in mine) and not factor.free_separable
                if any(roots) and not held and not linked[mine].any():
                    self._pieces.append((mine, factor))
                    self.roots[mine] = roots
                    self.turned[mine] = True
                    if factor is white.get(owner):
                        self.whitened[mine] = roots
                        columns = zip(mine.tolist(), factor.free_columns(), strict=True)
                        self.columns.update({i: mine[c] for i, c in columns if c.size})

    def to_free(self, theta: FloatArray) -> FloatArray:
        """φ of θ."""
        out = theta.copy()
        for rows, factor in self._pieces:
            out[rows] = factor.to_free(theta[rows])
        return out

    def at_edge(self, free: FloatArray, near: FloatArray) -> bool:
        """True where a root that is not whitened lies below its `near`."""
        return bool((self.roots & ~self.whitened & (np.abs(free) <= near)).any())

    def nearly_singular(self, theta: FloatArray) -> npt.NDArray[np.bool_]:
        """Parameters of matrices of which some level keeps next to none of its variance, given those before it."""
        out = np.zeros(theta.size, bool)
        for rows, factor in self._pieces:
            roots = self.roots[rows]
            left = factor.to_free(theta[rows])[roots] ** 2
            out[rows] = (left < NEARLY_SINGULAR * np.abs(theta[rows][roots])).any()
        return out

    def canonical(self, free: FloatArray) -> FloatArray:
        """The same matrices with every root positive: a column of a Cholesky factor may change its sign."""
        flip = [i for i in self.columns if free[i] < 0]
        if not flip:
            return free
        out = free.copy()
        for i in flip:
            out[i] = -out[i]
            out[self.columns[i]] = -out[self.columns[i]]
        return out

    def turn(self, free: FloatArray, score: FloatArray) -> FloatArray:
        """The score at `free` itself from that at its canonical form."""
        out = score.copy()
        for i in self.columns:
            if free[i] < 0:
                out[i] = -out[i]
                out[self.columns[i]] = -out[self.columns[i]]
        return out

    def from_free(self, free: FloatArray) -> FloatArray:
        """θ of φ."""
        out = free.copy()
        for rows, factor in self._pieces:
            out[rows] = factor.from_free(free[rows])
        return out

    def pull(self, free: FloatArray, score: FloatArray, ai: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Score and information in φ: J'U and J'AJ with the curvature of the chart."""
        if not self._pieces:
            return score, ai
        jacobian, curvature = np.eye(free.size), np.zeros_like(ai)
        for rows, factor in self._pieces:
            jacobian[np.ix_(rows, rows)] = factor.free_jacobian(free[rows])
            curvature[np.ix_(rows, rows)] = factor.free_curvature(score[rows], free[rows])
        return jacobian.T @ score, jacobian.T @ ai @ jacobian + curvature
