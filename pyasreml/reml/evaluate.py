r"""One evaluation: log-likelihood, score and average information at one θ.

.. math::

    \ell = -\tfrac12\,[\,\nu\log\sigma^2 + \log|R| + \log|G| + \log|C| + y'Py\,],\qquad
    s_i = -\tfrac12\,[\,\mathrm{tr}(P\dot V_i) - y'P\dot V_iPy\,],\qquad
    A_{ij} = \tfrac12\, q_i'Pq_j,\ q_i = \dot V_i P y

(Gilmour, Thompson & Cullis 1995, Biometrics 51:1440; Johnson & Thompson 1995, J. Dairy Sci. 78:449). On the gamma
scale σ² = y'Py/ν is profiled, its score is 0 and its working variate is y/σ².
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyasreml.linalg import NotPositiveDefinite
from pyasreml.linalg.backends import Numeric
from pyasreml.mme.components import component_model
from pyasreml.mme.equations import Equations
from pyasreml.mme.rotation import RotatedNumeric, whitened_part
from pyasreml.mme.sensitivity import Solved, sensitivity_of
from pyasreml.mme.whitened import WhitenedNumeric
from pyasreml.reml.components import evaluate_components
from pyasreml.reml.failures import NOTHING_LEFT, PIVOT, not_definite, nothing_left
from pyasreml.reml.point import Point

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


def evaluate(
    equations: Equations, theta: FloatArray, active: BoolArray, *, derivatives: bool = True, least: float = -np.inf
) -> Point:
    """Evaluate at `theta`.

    Parameters
    ----------
    equations : Equations
    theta : float array (p,)
    active : bool array (p,)
        Parameters whose score and information are wanted.
    derivatives : bool
        False: log-likelihood and solution only.
    least : float
        Where the log-likelihood is below this, the derivatives are left out too.

    Raises
    ------
    NotFeasible
        A structure, or C, is not positive definite at θ.
    """
    eq, table = equations, equations.variance.parameters
    model = component_model(eq)
    if model is not None:
        found = evaluate_components(eq, model, theta, active, derivatives, least)
        if found is not None:
            return found
    at = eq.structures(theta)
    numeric = eq.numeric_for(theta)
    numeric.assemble(at.c)
    try:
        numeric.factor(PIVOT)
    except NotPositiveDefinite as error:
        raise not_definite(error) from None
    logdet_C = numeric.logdet()
    side = eq.records.side(at.c)
    rhs = side.rhs
    if isinstance(numeric, (WhitenedNumeric, RotatedNumeric)):
        v = numeric.unknowns(rhs)
        b = numeric.effects(v)
    else:
        b = v = numeric.solve(rhs)
    misfit = eq.records.misfit(at.c, b)
    ypy = misfit.ypy
    gamma = eq.variance.gamma
    if not ypy > NOTHING_LEFT * side.total * eq.records.lost:
        raise nothing_left()
    sigma2 = ypy / eq.df if gamma else 1.0
    logdet = logdet_C
    section_logdets = [eq.residual.logdet(s, point) for s, point in enumerate(at.sections)]
    logdet += sum(value for value, _ in section_logdets) + sum(point.logdet for point in at.random)
    loglik = -0.5 * (logdet + ypy / sigma2 + (eq.df * np.log(sigma2) if gamma else 0.0))
    size = len(table)
    score, ai = np.zeros(size), np.zeros((size, size))
    if derivatives and loglik >= least:
        numeric.invert()
        u = eq.random_part(v)
        s = eq.random_products(u)
        s[: eq.residual.offsets[-1]] = misfit.squares
        both = numeric.adjoint(eq.coefficient_count) + s / sigma2
        # by parameter: twice the falling part of the score, and -d(y'Py)
        slope, square = np.zeros(size), np.zeros(size)
        owners = [(eq.rows_of_term(k), point, point.dlogdet, eq.random_offsets[k]) for k, point in enumerate(at.random)]
        owners += [
            (eq.rows_of_section(k), point, section_logdets[k][1], eq.residual.offsets[k])
            for k, point in enumerate(at.sections)
        ]
        for rows, point, dlogdet, lo in owners:
            mine = slice(lo, lo + point.c.size)
            slope[rows] = dlogdet + point.dc @ both[mine]
            square[rows] = -(point.dc @ s[mine])
        white = whitened_part(numeric)
        if white is not None:
            _add_factor_scores(eq, white, theta, v, misfit.gathered, sigma2, slope, square)
        score = np.where(active, -0.5 * slope, 0.0)
        ai = _information(eq, numeric, Solved(theta, at, u, misfit, s), active, square, sigma2)
    solution = b.copy()
    solution[: eq.p] += eq.records.shift
    return Point(theta.copy(), float(loglik), float(sigma2), score, ai, solution, misfit.gathered, float(logdet_C), ypy)


def _add_factor_scores(
    eq: Equations,
    numeric: WhitenedNumeric,
    theta: FloatArray,
    v: FloatArray,
    gathered: FloatArray,
    sigma2: float,
    slope: FloatArray,
    square: FloatArray,
) -> None:
    r"""What the factors T of whitened terms add: :math:`\partial\log|C|` and that of y'Py/σ² to `slope`, -d(y'Py).

    y'Py is the least of :math:`(y-WSv)'R^{-1}(y-WSv) + v'G^{-1}v`, so its derivative is :math:`-2e'R^{-1}Z\dot Sv`.
    """
    assert eq.whitening is not None
    for t, term in enumerate(eq.whitened):
        if term is not None:
            rows = eq.rows_of_term(t)
            at = slice(eq.whitening.factor_offsets[t], eq.whitening.factor_offsets[t + 1])
            mine = v[eq.unknown_offsets[t] : eq.unknown_offsets[t + 1]]
            own, slopes = rows[term.own], term.factor_at(theta[rows]).slopes
            pairings = 2 * term.pairings(eq.gathered(t, gathered), mine)
            slope[own] += slopes @ (numeric.factor_adjoint[at] - pairings / sigma2)
            square[own] += slopes @ pairings


def _information(
    eq: Equations,
    numeric: Numeric,
    solved: Solved,
    active: BoolArray,
    square: FloatArray,
    sigma2: float,
) -> FloatArray:
    """Average information of the active parameters, and of σ² on the gamma scale; float array (p, p).

    The working variate of σ² is y/σ², so that its products with others are the derivatives of y'Py.
    """
    table = eq.variance.parameters
    out = np.zeros((active.size, active.size))
    wanted = active.copy()
    if table.sigma2 is not None:
        wanted[table.sigma2] = False
    if wanted.any():
        columns = sensitivity_of(eq, wanted, numeric)
        block = columns.products(numeric, solved)
        out[columns.rows[:, None], columns.rows] = 0.25 / sigma2 * (block + block.T)
        if not wanted.all():
            out[~wanted] = 0.0
            out[:, ~wanted] = 0.0
    if eq.variance.gamma and table.sigma2 is not None:
        cross = np.where(wanted, 0.5 * square / sigma2**2, 0.0)
        out[table.sigma2] = out[:, table.sigma2] = cross
        out[table.sigma2, table.sigma2] = 0.5 * eq.df / sigma2**2
    return out
