r"""Models of variance components: every random term :math:`\gamma_tK_t` with a constant :math:`K_t^{-1}`, R = σ²D⁻¹.

Most models are of this kind, and small ones spend their time on the way between steps, not in them. All that depends
on θ are the coefficients :math:`c_t = \kappa_t/\gamma_t`; sums over the records are known, and compiled calls do
all that is done with the equations (`pyasreml.linalg.Components`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyasreml.linalg import Components
from pyasreml.linalg._linalg import Numeric as OwnNumeric
from pyasreml.mme.equations import Equations
from pyasreml.mme.records import Statistics
from pyasreml.variance.base import Coefficients
from pyasreml.variance.product import Product
from pyasreml.variance.scaled import CommonVariance

__all__ = ["ComponentModel", "component_model"]

FloatArray = npt.NDArray[np.float64]

class ComponentModel:
    """What stays constant of a model of variance components.

    Parameters
    ----------
    equations : Equations
    known : Statistics
        Its records.
    numeric : Numeric
        Its factor's storage.

    Attributes
    ----------
    rows : int array (terms,)
        Each term's parameter.
    own : int or None
        The residual's parameter; None where its variance is 1 or σ².
    parameters, order : int arrays
        All parameters, that of the residual last; and the coefficient that each moves.
    constants : float array (terms + 1,)
        Coefficients where each parameter is 1, that of R⁻¹ first.
    proper : float array (terms,)
        Rank of each term's inverse variance.
    count : int
        Records that take part.
    logdet : float
        log|R| + log|G| where each parameter is 1.
    compiled : Components
    """

    def __init__(self, equations: Equations, known: Statistics, numeric: OwnNumeric):
        eq, self.known = equations, known
        terms = range(len(eq.Z))
        self.rows = np.concatenate([np.zeros(0, np.int64), *(eq.rows_of_term(t) for t in terms)])
        own = eq.rows_of_section(0)
        self.own = int(own[0]) if own.size else None
        self.parameters = np.append(self.rows, own)
        self.order = np.append(np.arange(1, self.rows.size + 1), np.zeros(own.size, np.int64))
        points = [_at_one(p) for p in (*eq.variance.sections, *eq.variance.random)]
        self.constants = np.array([c for c, _ in points])
        self.proper = np.array([float(p.proper) for p in eq.variance.random])
        self.count = int(np.count_nonzero(eq.residual.kept))
        c = self.constants[:1]
        residual = eq.residual.logdet(0, Coefficients(c, np.zeros((0, 1)), points[0][1], np.zeros(0)))[0]
        self.logdet = residual + sum(logdet for _, logdet in points[1:])
        none = np.zeros(0, np.int64)
        parts = [(none, none, none, np.zeros(0))]
        for t in terms:
            entries, at = eq.prior_products(t, self.proper)[0], eq.offsets[t]
            parts.append((entries.row + at, entries.col + at, entries.basis + t + 1, entries.value))
        row, col, basis, value = (np.concatenate(x) for x in zip(*parts, strict=True))
        first = np.array(eq.offsets, np.int32)
        self.compiled = Components(
            numeric, first, known.lower._arrays, known.Wy, known.yy, row, col, basis, value, own.size > 0
        )


def component_model(equations: Equations) -> ComponentModel | None:
    """The model as one of variance components, made once; None where it is another."""
    eq = equations
    if not eq.components:
        eq.components.append(_component_model(eq))
    found: ComponentModel | None = eq.components[0]
    return found


def _component_model(eq: Equations) -> ComponentModel | None:
    if not eq.plain or not isinstance(eq.records, Statistics):
        return None
    section, numeric = eq.variance.sections[0], eq.numeric
    if not isinstance(numeric, OwnNumeric) or not all(_one_variance(p) for p in eq.variance.random):
        return None
    if section.parameter_count and not _one_variance(section):
        return None
    return ComponentModel(eq, eq.records, numeric)


def _at_one(product: Product) -> tuple[float, float]:
    """The coefficient and the log-determinant where the parameter, if there is one, is 1."""
    if product.parameter_count == product.scale:
        return product.unscaled
    point = product.coefficients(np.ones(1))
    return float(point.c[0]), point.logdet


def _one_variance(product: Product) -> bool:
    """True where the parameter is a variance before a constant matrix that has one coefficient."""
    if product.parameter_count != 1 or product.basis_count != 1 or product.negative:
        return False
    return product.scale or any(isinstance(f, CommonVariance) for f in product.factors)
