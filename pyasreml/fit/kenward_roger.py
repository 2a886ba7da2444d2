r"""F tests of fixed effects with approximate denominator degrees of freedom (Kenward & Roger 1997, Biometrics 53:983).

For :math:`\ell` contrasts :math:`L\hat\tau` with :math:`\Phi = (X'V^{-1}X)^{-1}`, W the covariance matrix of the
variance parameters and :math:`a = V^{-1}X\Phi L'`, all that is needed are the small matrices

.. math::

    S_i = L\Phi X'V^{-1}\dot V_iV^{-1}X\Phi L' = a'\dot V_ia ,\qquad
    \Lambda = 2\sum_{ij} W_{ij}\,(\dot V_ia)'P(\dot V_ja)

the first for the degrees of freedom, the second to adjust the variance of the estimates. The column a of a fixed
effect is a residual, and :math:`\dot V_ia` a working variate, of the mixed-model equations with a unit right-hand side,
so that both come from sparse solves; neither V nor P is formed. S and Λ do not depend on how V is parametrised, since
second derivatives of V are left out (they vanish for variance components).

asreml takes W from the **average** information, multiplies the F of the unadjusted variance by Kenward & Roger's scale
(``kenadj = "none"``), and leaves out parameters that are fixed or at a boundary: this gives its printed degrees of
freedom, F and p values, also with autocorrelated residuals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from pyasreml.fit.engine import Engine
from pyasreml.fit.fixed_tests import fixed_inverse
from pyasreml.variance.identity import Identity
from pyasreml.variance.product import Product

__all__ = ["Contrast", "FTest", "KenwardRoger", "contrast", "degrees_of_freedom"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Adjustment = Literal["none", "expected", "observed"]

STEP = 1e-4
"""Relative step for the derivative of the score."""
WORKING_SET = 4_000_000
"""Numbers held at once in the working variates of a block of columns."""


@dataclass(frozen=True)
class Contrast:
    """Independent linear functions of the fixed effects.

    Attributes
    ----------
    L : float array (r, p)
    estimate : float array (r,)
        Lτ.
    variance : float array (r, r)
        L Φ L', on the scale of the data.
    """

    L: FloatArray
    estimate: FloatArray
    variance: FloatArray


@dataclass(frozen=True)
class FTest:
    """One test.

    Attributes
    ----------
    df : int
        Numerator degrees of freedom.
    F : float
        The statistic, scaled where `den_df` was asked for.
    den_df : float
        NaN where it was not asked for or cannot be computed.
    """

    df: int
    F: float
    den_df: float


def contrast(phi: FloatArray, tau: FloatArray, term: IntArray, without: IntArray) -> Contrast:
    r"""The effects of a term in the model without some others.

    :math:`\tau_t - \Phi_{te}\Phi_{ee}^{-1}\tau_e` is the estimate of τ_t where the effects e are left out.

    Parameters
    ----------
    phi : float array (p, p)
        Variance matrix of the fixed effects.
    tau : float array (p,)
    term, without : int array
        Columns of the term, and those of the effects left out.
    """
    L = np.zeros((term.size, tau.size))
    L[np.arange(term.size), term] = 1.0
    if without.size:
        L[:, without] = -np.linalg.solve(phi[np.ix_(without, without)], phi[np.ix_(without, term)]).T
    variance = phi[np.ix_(term, term)] + L[:, without] @ phi[np.ix_(without, term)]
    return Contrast(L, L @ tau, 0.5 * (variance + variance.T))


def degrees_of_freedom(spread: FloatArray, variance: FloatArray, covariance: FloatArray) -> tuple[float, float]:
    r"""Denominator degrees of freedom and scale of an F statistic.

    Parameters
    ----------
    spread : float array (k, r, r)
        The matrices S_i: derivatives of `variance` by the k variance parameters.
    variance : float array (r, r)
        L Φ L'.
    covariance : float array (k, k)
        W.

    Returns
    -------
    den_df, scale : float
        NaN where the moments that they are made from do not exist.

    Notes
    -----
    Kenward & Roger (1997), section 3, in the form without cancelling factors: for one contrast the degrees of freedom
    are Satterthwaite's :math:`2/A_2` and the scale is 1. With more, E* and V* of the paper are matched to those of
    F(ℓ, m)/λ.
    """
    r = variance.shape[0]
    m = np.linalg.solve(variance, spread)
    traces = np.einsum("ijj->i", m)
    a1 = float(traces @ covariance @ traces)
    a2 = float(np.einsum("ij,iab,jba->", covariance, m, m, optimize=True))
    if not a2 > 0:
        # without any uncertainty of the variances the statistic is chi-square over its degrees of freedom
        return (np.inf, 1.0) if a2 == 0 else (np.nan, np.nan)
    if r == 1:
        return 2 / a2, 1.0
    b = (a1 + 6 * a2) / (2 * r)
    g = ((r + 1) * a1 - (r + 4) * a2) / ((r + 2) * a2)
    den = 3 * r + 2 * (1 - g)
    c1, c2, c3 = g / den, (r - g) / den, (r + 2 - g) / den
    expected = 1 - a2 / r  # 1/E*
    half_variance = (1 + c1 * b) / ((1 - c2 * b) ** 2 * (1 - c3 * b))
    rho = half_variance * expected**2 / r
    if not np.isfinite(rho) or r * rho == 1:
        return np.nan, np.nan
    den_df = 4 + (r + 2) / (r * rho - 1)
    scale = den_df * expected / (den_df - 2)
    if not (den_df > 0 and np.isfinite(scale)):
        return np.nan, np.nan
    return float(den_df), float(scale)


class KenwardRoger:
    """Tests of the fixed effects of one model at one θ.

    Parameters
    ----------
    engine : Engine
    theta : float array (number of parameters,)
    codes : sequence of str
        Constraint codes; parameters with F, B or S take no part.
    adjust : {"none", "expected", "observed"}
        Whether the variance matrix of the estimates is adjusted, with W from the expected or from the observed
        information.

    Attributes
    ----------
    phi : float array (p, p)
        (X'V⁻¹X)⁻¹ on the scale of the data.
    tau : float array (p,)
    covariance : float array (k, k) or None
        W of the k free parameters; None where the information is not positive definite.
    """

    def __init__(self, engine: Engine, theta: FloatArray, codes: Sequence[str], adjust: Adjustment = "none"):
        self.engine = engine
        self.equations = eq = engine.equations
        self.theta = theta
        self.adjust = adjust
        self._sigma2_row = engine.variance.parameters.sigma2
        local = engine.variance.parameters.local
        self.rows = np.array(
            [i for i, c in enumerate(codes) if c not in ("F", "B", "S") and (local[i] >= 0 or i == self._sigma2_row)],
            np.int64,
        )
        self._block = max(1, min(256, WORKING_SET // (eq.n * max(1, self.rows.size))))
        # a derivative of the score evaluates elsewhere, so it comes first
        observed = self._observed_profile() if adjust == "observed" else None
        state = engine.at(theta, derivatives=True)
        self._state = state
        self._sigma2 = state.point.sigma2
        self._operator = eq.operator(eq.structures(theta).c)
        self.phi = fixed_inverse(engine, theta) * self._sigma2
        self.tau = state.point.solution[: eq.p]
        ai = state.point.ai[np.ix_(self.rows, self.rows)]
        if adjust == "expected":
            self.covariance = self._covariance(self._expected_information())
        elif observed is not None:
            self.covariance = self._covariance(self._with_sigma2(observed, ai))
        else:
            self.covariance = self._covariance(ai)

    def _covariance(self, information: FloatArray) -> FloatArray | None:
        """The inverse information of the free parameters; that of the base ones, spread, where others follow."""
        constraint = self.engine.variance.parameters.constraint
        if constraint is None:
            return _inverse(information)
        base = self.rows[~constraint.follows[self.rows]]
        spread = constraint.matrix[np.ix_(self.rows, base)]
        covariance = _inverse(spread.T @ information @ spread)
        return None if covariance is None else spread @ covariance @ spread.T

    def test(self, c: Contrast, den_df: bool = True) -> FTest:
        """F of the hypothesis that a contrast is zero.

        Parameters
        ----------
        c : Contrast
        den_df : bool
            Compute the denominator degrees of freedom and scale F; False gives Wald/df.
        """
        r = c.estimate.size
        if r == 0:
            return FTest(0, np.nan, np.nan)
        variance = c.variance
        if self.adjust != "none" and self.covariance is not None:
            variance = variance + self._adjustment(c.L)
        F = float(c.estimate @ np.linalg.solve(variance, c.estimate)) / r
        if not den_df:
            return FTest(r, F, np.nan)
        if self.covariance is None:
            return FTest(r, F, np.nan)
        m, scale = degrees_of_freedom(self.spread(c.L), c.variance, self.covariance)
        return FTest(r, F if np.isnan(scale) else F * scale, m)

    def spread(self, L: FloatArray) -> FloatArray:
        """S_i = a'V̇_i a of the free parameters, float array (k, r, r)."""
        r = L.shape[0]
        out = np.empty((self.rows.size, r, r))
        for at in range(0, r, self._block):
            block = slice(at, min(at + self._block, r))
            q = self._of_effects(L[block])
            out[:, :, block] = np.moveaxis(self._project(L, q), 1, 0)
        return 0.5 * (out + out.transpose(0, 2, 1))

    def _adjustment(self, L: FloatArray) -> FloatArray:
        """L Λ L', what the uncertainty of the variances adds to the variance of the estimates, float array (r, r)."""
        assert self.covariance is not None
        r = L.shape[0]
        out = np.empty((r, r))
        for at in range(0, r, self._block):
            block = slice(at, min(at + self._block, r))
            q = self._of_effects(L[block])
            mixed = np.einsum("ij,njb->nib", self.covariance, q)
            total = np.zeros((self.equations.n, q.shape[2]))
            for i in range(self.rows.size):
                total += self._of_data(mixed[:, i])[:, i]
            out[:, block] = 2 * self._project(L, total[:, None, :])[:, 0]
        return 0.5 * (out + out.T)

    # ---- columns: V̇_i times a residual

    def _solve_data(self, y: FloatArray) -> FloatArray:
        """Solutions of the equations for data in the columns of y, float array (N, m)."""
        return self._state.numeric.solve(self.equations.W.tdot(self._operator.dot(np.ascontiguousarray(y))))

    def _project(self, L: FloatArray, q: FloatArray) -> FloatArray:
        """L(X'V⁻¹X)⁻¹X'V⁻¹ times columns q (n, k, b): generalised least-squares estimates, float array (r, k, b)."""
        n, k, b = q.shape
        out = np.empty((L.shape[0], k, b))
        for i in range(k):
            out[:, i] = L @ self._solve_data(q[:, i])[: self.equations.p]
        return out

    def _of_effects(self, L: FloatArray) -> FloatArray:
        """V̇_i a of the free parameters for a = V⁻¹XΦL', float array (n, k, b)."""
        eq = self.equations
        rhs = np.zeros((eq.N, L.shape[0]))
        rhs[: eq.p] = L.T
        b = self._state.numeric.solve(rhs)
        q = self._directions(-b, eq.W.dot(b))
        if self._sigma2_row is not None:
            q *= self._sigma2
            where = np.flatnonzero(self.rows == self._sigma2_row)
            q[:, where] = eq.fixed_values(b)[:, None, :]
        return q

    def _of_data(self, y: FloatArray) -> FloatArray:
        """V̇_i P y of the free parameters, for data in the columns of y (n, b), float array (n, k, b)."""
        eq = self.equations
        b = self._solve_data(y)
        q = self._directions(b, y - eq.W.dot(b))
        if self._sigma2_row is not None:
            where = np.flatnonzero(self.rows == self._sigma2_row)
            q[:, where] = ((y - eq.fixed_values(b)) / self._sigma2)[:, None, :]
        return q

    def _directions(self, b: FloatArray, e: FloatArray) -> FloatArray:
        """Z Ġ_i G⁻¹ u and Ṙ_i R⁻¹ e on the scale of the equations, for columns of b (N, m) and e (n, m)."""
        eq = self.equations
        m = e.shape[1]
        out = np.zeros((eq.n, self.rows.size, m))
        place = {int(row): j for j, row in enumerate(self.rows)}
        weighted = self._operator.dot(np.ascontiguousarray(e)) if eq.whitening is not None else e
        for t in range(len(eq.Z)):
            mine = eq.rows_of_term(t)
            wanted = [(i, place[int(row)]) for i, row in enumerate(mine) if int(row) in place]
            if wanted:
                q = eq.working(t, self.theta[mine], b[eq.offsets[t] : eq.offsets[t + 1]], weighted)
                for i, j in wanted:
                    out[:, j] = eq.Z[t].dot(np.ascontiguousarray(q[:, :, i]))
        for k, product in enumerate(eq.variance.sections):
            mine = eq.rows_of_section(k)
            wanted = [(i, place[int(row)]) for i, row in enumerate(mine) if int(row) in place]
            if wanted:
                rows = eq.residual.grids[k]
                root = np.ones((rows.size, 1)) if eq.weights is None else np.sqrt(eq.weights[rows])[:, None]
                q = _working(product, self.theta[mine], e[rows] * root)
                for i, j in wanted:
                    out[rows, j] = q[:, :, i] / root
        return out

    # ---- information other than average

    def _expected_information(self) -> FloatArray:
        r"""½ tr(P V̇_i P V̇_j), float array (k, k): the diagonal of V̇_i P V̇_j P record by record, in blocks."""
        eq, k = self.equations, self.rows.size
        out = np.zeros((k, k))
        records = np.flatnonzero(eq.observed)
        for at in range(0, records.size, self._block):
            block = records[at : at + self._block]
            unit = np.zeros((eq.n, block.size))
            unit[block, np.arange(block.size)] = 1.0
            first = self._of_data(unit)
            for j in range(k):
                second = self._of_data(first[:, j])
                out[:, j] += np.einsum("bkb->k", second[block])
        return 0.25 * (out + out.T)

    def _observed_profile(self) -> FloatArray:
        """Minus the derivative of the score (sigma2 profiled out on the gamma scale), float array (k, k)."""
        k = self.rows.size
        out = np.zeros((k, k))
        for j, row in enumerate(self.rows.tolist()):
            if row == self._sigma2_row:
                continue
            step = STEP * max(abs(float(self.theta[row])), STEP)
            scores = []
            for sign in (1.0, -1.0):
                moved = self.theta.copy()
                moved[row] += sign * step
                scores.append(self.engine.at(moved, derivatives=True).point.score[self.rows])
            out[:, j] = (scores[1] - scores[0]) / (2 * step)
        return 0.5 * (out + out.T)

    def _with_sigma2(self, profile: FloatArray, ai: FloatArray) -> FloatArray:
        """The observed information with sigma2 in it: its row is that of the average information."""
        where = np.flatnonzero(self.rows == self._sigma2_row)
        if where.size == 0:
            return profile
        s = int(where[0])
        out = profile + np.outer(ai[:, s], ai[s]) / ai[s, s]
        out[s], out[:, s] = ai[s], ai[:, s]
        return out


def _working(product: Product, theta: FloatArray, x: FloatArray) -> FloatArray:
    """(∂_iΣ)Σ⁻¹ x for columns x (size, m), float array (size, m, p): the product with one more factor, the columns'."""
    size, m = x.shape
    wide = Product((*product.factors, Identity(m)), product.scale)
    return wide.working(theta, np.ascontiguousarray(x).ravel()).reshape(size, m, wide.parameter_count)


def _inverse(information: FloatArray) -> FloatArray | None:
    """The inverse of a positive definite matrix, else None."""
    if information.size == 0:
        return np.zeros((0, 0))
    try:
        np.linalg.cholesky(information)
    except np.linalg.LinAlgError:
        return None
    return np.asarray(np.linalg.inv(information), np.float64)
