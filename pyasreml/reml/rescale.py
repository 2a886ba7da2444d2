r"""Newton steps on variances, rescaled to what they mean: from far starts they arrive in half as many.

In a balanced model with the q effects of one variance, of which an estimated one has the variance λ, and λ̂ at the
maximum, score and average information are :math:`s = q(\rho-1)/2\lambda` and :math:`A = q\rho/2\lambda^2` with
:math:`\rho = \hat\lambda/\lambda`. The Newton step :math:`d = \lambda(1 - 1/\rho)` only doubles a variance that is far
too small, and takes one that is too large below zero; ρd arrives at once. ρ follows from what is known at θ, as a root
of :math:`\rho - 2 + 1/\rho = 2sd/q`. For the covariance matrix of q vectors with the score G (:math:`d\ell =
\mathrm{tr}\,G\,d\Sigma`) and the step D, the same holds by directions: :math:`D\,\rho(2GD/q)` arrives.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyasreml.mme.equations import Equations
from pyasreml.reml.chart import Chart
from pyasreml.reml.information import direction
from pyasreml.reml.point import Point
from pyasreml.variance.unstructured import Unstructured

__all__ = ["Rescaling"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

TINY = 1e-100
LARGEST = 1e6
"""No variance grows by more than about this factor in one step."""
WORTHWHILE = 0.05
"""A step is rescaled where some ρ differs from 1 by more than this."""


class Rescaling:
    """Rescales the steps of one model.

    Parameters
    ----------
    equations : Equations
    chart : Chart
    plain : bool array (p,)
        Variances that are their own free coordinates.
    """

    def __init__(self, equations: Equations, chart: Chart, plain: BoolArray):
        self._chart = chart
        kinds = np.array(equations.variance.parameters.kinds)
        # effects, or records, that each variance governs; infinite for other parameters
        self._effects = np.full(kinds.size, np.inf)
        self._matrices: list[tuple[IntArray, Unstructured, float]] = []
        residual = equations.residual
        counts = [float(np.count_nonzero(residual.kept[rows])) for rows in residual.grids]
        owners = [(p, equations.rows_of_term(t), float(p.proper)) for t, p in enumerate(equations.variance.random)]
        owners += [(p, equations.rows_of_section(k), counts[k]) for k, p in enumerate(equations.variance.sections)]
        for product, rows, count in owners:
            variances = rows[kinds[rows] == "V"]
            # one in front of the product, or one a level
            self._effects[variances] = count / max(1, variances.size - product.scale)
            if product.scale:
                self._effects[rows[0]] = count
            for factor, at in product.shaped:
                if isinstance(factor, Unstructured) and chart.turned[rows[at]].all():
                    self._matrices.append((rows[at], factor, count / factor.size))
        self._effects[~plain] = np.inf
        self._constraint = equations.variance.parameters.constraint
        if self._constraint is not None:
            self._effects[self._constraint.linked] = np.inf

        # the U'd below which no ρ is so far from 1 that it is worth while
        x = WORTHWHILE**2 / (1 + WORTHWHILE)
        self._least = 0.5 * x * min([*self._effects.tolist(), *(copies for _, _, copies in self._matrices)])

    def step(
        self, point: Point, free: FloatArray, newton: FloatArray, gain: float, live: IntArray
    ) -> FloatArray | None:
        """Free coordinates after the rescaled step; None where it would hardly differ from the Newton step.

        Parameters
        ----------
        point : Point
        free : float array (p,)
            Its free coordinates.
        newton : float array (p,)
            The Newton step in these.
        gain : float
            Its U'd, which no parameter's own s²/A exceeds.
        live : int array
            Parameters that move.
        """
        if gain < self._least:
            return None
        score, ai = point.score, point.ai
        if self._constraint is not None:
            score, ai = self._constraint.pull(score, ai)
        x = 2 * score**2 / (np.maximum(np.diagonal(ai), TINY) * self._effects)
        largest, smallest = _roots(x)
        out = free + newton * np.where(newton > 0, largest, smallest)
        changed = float(largest.max(initial=1.0))
        moving = np.zeros(free.size, bool)
        moving[live] = True
        matrices = [m for m in self._matrices if moving[m[0]].all()]
        try:
            natural = direction(ai, score, live, {}) if matrices else newton
            for rows, structure, copies in matrices:
                own = direction(ai, score, rows, {})[rows]
                found = _moved(structure, point.theta[rows], score[rows], own, natural[rows], copies)
                if found is not None:
                    elements, ratio = found
                    out[rows] = structure.to_free(elements)
                    changed = max(changed, ratio)
        except np.linalg.LinAlgError:  # a singular information
            return None
        return out if changed > 1 + WORTHWHILE else None


def _roots(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Both ρ with ρ - 2 + 1/ρ = x, for x >= 0; the larger first."""
    half = 0.5 * np.clip(x, 0.0, LARGEST)
    largest = 1 + half + np.sqrt(half * (2 + half))
    return largest, 1 / largest


def _moved(
    structure: Unstructured, theta: FloatArray, score: FloatArray, own: FloatArray, step: FloatArray, copies: float
) -> tuple[FloatArray, float] | None:
    """Elements of a covariance matrix after its step, and the largest ρ or 1/ρ; None where that is no such matrix."""
    diagonal = np.array(structure.free_roots())
    G, D = structure.matrix(np.where(diagonal, score, 0.5 * score)), structure.matrix(step)
    roots, vectors = np.linalg.eig(2 / copies * G @ structure.matrix(own))
    largest, smallest = _roots(roots.real)
    up = np.einsum("ij,ik,kj->j", vectors.conj(), D, vectors).real > 0
    rho = np.where(up, largest, smallest)
    try:
        moved = (D @ (vectors * rho) @ np.linalg.inv(vectors)).real
        sigma = structure.matrix(theta) + 0.5 * (moved + moved.T)
        np.linalg.cholesky(sigma)
    except np.linalg.LinAlgError:
        return None
    row, col = np.tril_indices(structure.size)
    return sigma[row, col], float(largest.max(initial=1.0))
