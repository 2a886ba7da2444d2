"""Coordinates in which the exact stepper moves: those of θ, but a covariance matrix by its Cholesky factor."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyasreml.mme.equations import Equations
from pyasreml.variance.base import Structure

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Chart:
    """Free coordinates φ of the whole parameter table, as many as θ.

    A structure with a parameter that is held (code F) or constrained keeps its own parameters, since a fixed element
    of a matrix is no fixed coordinate of its factor.

    Attributes
    ----------
    roots : bool array (p,)
        Coordinates that are square roots of a variance.
    """

    def __init__(self, equations: Equations):
        table = equations.variance.parameters
        codes = table.codes
        linked = table.constraint.linked if table.constraint is not None else np.zeros(len(codes), bool)
        self.roots = np.zeros(len(codes), bool)
        self._pieces: list[tuple[IntArray, Structure]] = []
        owners = [(p, equations.rows_of_term(t)) for t, p in enumerate(equations.variance.random)]
        owners += [(p, equations.rows_of_section(k)) for k, p in enumerate(equations.variance.sections)]
        for product, rows in owners:
            at = int(product.scale)
            for factor in product.factors:
                mine = rows[at : at + len(factor.parameters)]
                at += len(factor.parameters)
                roots = factor.free_roots()
                if any(roots) and not any(codes[i] == "F" or linked[i] for i in mine):
                    self._pieces.append((mine, factor))
                    self.roots[mine] = roots

    def to_free(self, theta: FloatArray) -> FloatArray:
        """φ of θ."""
        out = theta.copy()
        for rows, factor in self._pieces:
            out[rows] = factor.to_free(theta[rows])
        return out

    def from_free(self, free: FloatArray) -> FloatArray:
        """θ of φ."""
        out = free.copy()
        for rows, factor in self._pieces:
            out[rows] = factor.from_free(free[rows])
        return out

    def pull(self, free: FloatArray, score: FloatArray, ai: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Score and information in φ: J'U and J'AJ."""
        if not self._pieces:
            return score, ai
        jacobian = np.eye(free.size)
        for rows, factor in self._pieces:
            jacobian[np.ix_(rows, rows)] = factor.free_jacobian(free[rows])
        return jacobian.T @ score, jacobian.T @ ai @ jacobian
