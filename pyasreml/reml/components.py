"""One evaluation of a model of variance components: the equations of `pyasreml.reml.evaluate` with one coefficient
a parameter.
"""

from __future__ import annotations

from math import log

import numpy as np
import numpy.typing as npt

from pyasreml.linalg import NotPositiveDefinite
from pyasreml.mme.components import ComponentModel
from pyasreml.mme.equations import Equations
from pyasreml.mme.records import DIGITS
from pyasreml.reml.failures import NOTHING_LEFT, PIVOT, not_definite, nothing_left
from pyasreml.reml.point import Point

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


def evaluate_components(
    eq: Equations, model: ComponentModel, theta: FloatArray, active: BoolArray, derivatives: bool, least: float
) -> Point | None:
    """The point at θ; None where it takes another way: a component that is not positive, a nearly perfect fit.

    Parameters
    ----------
    eq, theta, active, derivatives, least
        As of `pyasreml.reml.evaluate.evaluate`.
    model : ComponentModel

    Raises
    ------
    NotFeasible, FitError
    """
    known, gamma = model.known, eq.variance.gamma
    variances = theta[model.rows]
    own = 1.0 if model.own is None else float(theta[model.own])
    if not (own > 0 and variances.min(initial=1.0) > 0):
        return None
    c = model.constants.copy()
    c[0] /= own
    c[1:] /= variances
    try:
        b, gathered, ypy, logdet_C = model.compiled.solve(c, PIVOT)
    except NotPositiveDefinite as error:
        raise not_definite(error) from None
    c0 = float(c[0])
    if ypy < DIGITS * c0 * known.yy:
        return None
    if not ypy > NOTHING_LEFT * c0 * known.yy * known.lost:
        raise nothing_left()
    sigma2 = ypy / eq.df if gamma else 1.0
    logdet = logdet_C + model.logdet + model.count * log(own) + float(model.proper @ np.log(variances))
    loglik = -0.5 * (logdet + ypy / sigma2 + (eq.df * log(sigma2) if gamma else 0.0))
    size = theta.size
    score, ai = np.zeros(size), np.zeros((size, size))
    if derivatives and loglik >= least:
        own_slope = 0.0 if model.own is None else -c0 / own
        adjoint, squares, products = model.compiled.derive(c, 1 / variances, b, gathered, own_slope)
        if squares[0] < DIGITS * known.yy:
            return None
        # by parameter: the residual's comes last, where it has one
        at, slopes, order, counts = model.parameters, -c[1:] / variances, model.order, model.proper / variances
        if model.own is not None:
            slopes, counts = np.append(slopes, own_slope), np.append(counts, model.count / own)
        falling = squares[order] * slopes
        score[at] = -0.5 * (counts + adjoint[order] * slopes + falling / sigma2)
        ai[at[:, None], at] = 0.5 / sigma2 * products
        if not active.all():
            score[~active] = 0.0
            ai[~active] = 0.0
            ai[:, ~active] = 0.0
        sigma2_row = eq.variance.parameters.sigma2
        if gamma and sigma2_row is not None:
            cross = np.zeros(size)
            cross[at] = -0.5 * falling / sigma2**2
            cross[~active] = 0.0
            score[sigma2_row] = 0.0
            ai[sigma2_row] = ai[:, sigma2_row] = cross
            ai[sigma2_row, sigma2_row] = 0.5 * eq.df / sigma2**2
    solution = b
    if eq.p:
        solution = b.copy()
        solution[: eq.p] += known.shift
    return Point(theta.copy(), loglik, sigma2, score, ai, solution, gathered, logdet_C, ypy)

