"""Better starts for the exact stepper: ranges of spatial correlation tried one by one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from pyasreml.mme.equations import Equations
from pyasreml.reml.evaluate import evaluate
from pyasreml.variance.base import NotFeasible, Structure
from pyasreml.variance.product import Product

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


MULTIPLES = (1.0, 4.0, 16.0)
"""By these the variances of a random term are multiplied as well: the default start of a ratio is low."""


def scanned(equations: Equations, start: FloatArray, active: BoolArray) -> FloatArray:
    """`start` with the best of the values that structures want tried (`Structure.scan`), for default starts.

    Below the smallest distance the likelihood does not depend on a range at all, and above it it may have a maximum
    between any two distances, so that a step from a start far off, or beside a variance far too small, ends
    nowhere. Structures take their turn one after the other.
    """
    best, value = start, -np.inf
    for product, rows, random in _owners(equations):
        variances = rows[(np.array(equations.variance.parameters.kinds)[rows] == "V") & active[rows]]
        for factor, local, values, at in _scans(product):
            i, given = int(rows[at + local]), best
            if not active[i] or given[i] != factor.starts(1.0, None)[local]:
                continue
            for tried in (float(given[i]), *values.tolist()):
                for multiple in MULTIPLES if random else (1.0,):
                    theta = given.copy()
                    theta[variances] *= multiple
                    theta[i] = tried
                    found = _loglik(equations, theta, active)
                    if found > value:
                        best, value = theta, found
    return best


def better(equations: Equations, theta: FloatArray, active: BoolArray, loglik: float) -> FloatArray | None:
    """A point above the maximum `theta`, of log-likelihood `loglik`, that differs by one of the values tried."""
    best = None
    for product, rows, _ in _owners(equations):
        for _, local, values, at in _scans(product):
            i = int(rows[at + local])
            for tried in values.tolist() if active[i] else ():
                other = theta.copy()
                other[i] = tried
                found = _loglik(equations, other, active)
                if found > loglik + LEAST_GAIN:
                    best, loglik = other, found
    return best


def tries_values(equations: Equations) -> bool:
    """True where some structure has values to try."""
    return any(True for product, _, _ in _owners(equations) for _ in _scans(product))


LEAST_GAIN = 1e-4
"""By this a point must be above a maximum that was found to make another of it."""


def _owners(equations: Equations) -> Iterator[tuple[Product, IntArray, bool]]:
    """Products with the rows of their parameters, and whether they are random terms."""
    for t, product in enumerate(equations.variance.random):
        yield product, equations.rows_of_term(t), True
    for k, product in enumerate(equations.variance.sections):
        yield product, equations.rows_of_section(k), False


def _scans(product: Product) -> Iterator[tuple[Structure, int, FloatArray, int]]:
    """Structures with parameters of which values are tried: parameter, values, place of the structure's first."""
    at = int(product.scale)
    for factor in product.factors:
        for local, values in factor.scan().items():
            yield factor, local, values, at
        at += len(factor.parameters)


def _loglik(equations: Equations, theta: FloatArray, active: BoolArray) -> float:
    try:
        return evaluate(equations, theta, active, derivatives=False).loglik
    except (NotFeasible, np.linalg.LinAlgError):
        return -np.inf
