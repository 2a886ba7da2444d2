r"""``mtrn``: the Matérn family with geometric anisotropy.

Haskard, K. A., Cullis, B. R., Verbyla, A. P. (2007), J. Agric. Biol. Environ. Stat. 12:147:

.. math::

    C = \frac{2^{1-\nu}}{\Gamma(\nu)}\Big(\frac h\phi\Big)^{\nu} K_\nu\Big(\frac h\phi\Big),\quad
    h = \big(|\sqrt\delta\,u|^\lambda + |v/\sqrt\delta|^\lambda\big)^{1/\lambda},\quad
    u = d_x\cos\alpha + d_y\sin\alpha,\ v = -d_x\sin\alpha + d_y\cos\alpha
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import gamma, kv

from pyasreml.bind.bound import StructureCall
from pyasreml.errors import ModelError
from pyasreml.variance.base import FloatArray, NotFeasible, ParameterInfo, Structure
from pyasreml.variance.dense import Dense
from pyasreml.variance.distances import plane

NAMES = ("phi", "nu", "delta", "alpha")
DEFAULTS = {"phi": 1.0, "nu": 0.5, "delta": 1.0, "alpha": 0.0}
LARGEST_SHAPE = 30.0


class Matern(Dense):
    """Parameters ``!phi``, then those of ``!nu !delta !alpha`` that the call names; the others stay at 0.5, 1 and 0.

    A parameter given as a number starts there with code P (``alpha``: U), one given as ``"1.5 F"`` has the code
    in the text. φ starts at 1.

    Parameters
    ----------
    at : float array (k, 2)
    given : mapping of str to (float, str or None)
        Start and code of parameters named in the call.
    power : {1, 2}
        λ: city-block or Euclidean distance.
    """

    def __init__(self, at: FloatArray, given: Mapping[str, tuple[float, str | None]], power: float = 2.0):
        self._names = tuple(name for name in NAMES if name == "phi" or name in given)
        self._starts = np.array([given[n][0] if n in given else DEFAULTS[n] for n in self._names])
        codes = [(given[n][1] if n in given else None) or ("U" if n == "alpha" else "P") for n in self._names]
        super().__init__(
            at.shape[0],
            tuple(
                # an angle may have any value; the others step as variances do
                ParameterInfo(f"!{n}", "R" if n == "alpha" else "P", code, kind="C" if n == "alpha" else "V")
                for n, code in zip(self._names, codes, strict=True)
            ),
        )
        self._dx, self._dy = (at[:, None, j] - at[None, :, j] for j in range(2))
        self._power = float(power)
        self._chosen = "phi" in given

    def _values(self, theta: FloatArray) -> dict[str, float]:
        return {**DEFAULTS, **dict(zip(self._names, map(float, theta), strict=True))}

    def check(self, theta: FloatArray) -> None:
        values = self._values(theta)
        for name in ("phi", "nu", "delta"):
            if not values[name] > 0:
                raise NotFeasible(f"{name} of mtrn is not positive")
        if values["nu"] > LARGEST_SHAPE:
            raise NotFeasible(f"nu of mtrn is above {LARGEST_SHAPE:g}, where the correlations are those of igau")

    def _distance(self, values: dict[str, float]) -> tuple[FloatArray, dict[str, FloatArray]]:
        """The distance h (k, k) and its derivatives by δ and α."""
        cos, sin = np.cos(values["alpha"]), np.sin(values["alpha"])
        u, v = self._dx * cos + self._dy * sin, -self._dx * sin + self._dy * cos
        power, root = self._power, np.sqrt(values["delta"])
        a, b = np.abs(root * u) ** power, np.abs(v / root) ** power
        h = (a + b) ** (1 / power)
        outer = np.where(h > 0, h, 1.0) ** (1 - power)
        du = root**power * np.abs(u) ** (power - 1) * np.sign(u)
        dv = root**-power * np.abs(v) ** (power - 1) * np.sign(v)
        return h, {"delta": outer * (a - b) / (2 * values["delta"]), "alpha": outer * (du * v - dv * u)}

    def matrix(self, theta: FloatArray) -> FloatArray:
        values = self._values(theta)
        return _bessel(self._distance(values)[0] / values["phi"], values["nu"])

    def derivatives(self, theta: FloatArray) -> FloatArray:
        values = self._values(theta)
        nu, phi = values["nu"], values["phi"]
        h, inner = self._distance(values)
        t = h / phi
        slope = _bessel_slope(t, nu)
        out = {"phi": -slope * t / phi, "delta": slope * inner["delta"] / phi, "alpha": slope * inner["alpha"] / phi}
        if "nu" in self._names:
            # K has no closed derivative by its order: central differences of fourth order, some twelve digits
            e = 1e-3 * min(nu, 1.0)
            out["nu"] = (
                8 * (_bessel(t, nu + e) - _bessel(t, nu - e)) - _bessel(t, nu + 2 * e) + _bessel(t, nu - 2 * e)
            ) / (12 * e)
        return np.stack([out[name] for name in self._names])

    def scan(self) -> Mapping[int, FloatArray]:
        if self._chosen:
            return {}
        distance = np.hypot(self._dx, self._dy)
        least, most = np.min(distance[distance > 0], initial=np.inf), float(distance.max())
        return {0: np.geomspace(0.2 * float(least), 2 * most, 9)} if most > 0 else {}

    def starts(self, scale: float, cell_means: FloatArray | None) -> FloatArray:
        return self._starts.copy()


def _bessel(t: FloatArray, nu: float) -> FloatArray:
    """2^(1-ν)/Γ(ν) t^ν K_ν(t), 1 at 0."""
    with np.errstate(all="ignore"):
        value = 2 ** (1 - nu) / gamma(nu) * t**nu * kv(nu, t)
    return np.where((t > 0) & np.isfinite(value), value, 1.0)


def _bessel_slope(t: FloatArray, nu: float) -> FloatArray:
    """Its derivative by t: -2^(1-ν)/Γ(ν) t^ν K_(ν-1)(t)."""
    with np.errstate(all="ignore"):
        value = -(2 ** (1 - nu)) / gamma(nu) * t**nu * kv(nu - 1, t)
    return np.where((t > 0) & np.isfinite(value), value, 0.0)


def matern(call: StructureCall) -> Structure:
    """``mtrn(x, y, phi, nu, delta, alpha, lambda = 2)``; options by name, parameters as (value, code)."""
    options = dict(call.options)
    power = options.pop("lambda", 2.0)
    if power not in (1, 2):
        raise ModelError(f"{call.text}: lambda is 1 (city-block distance) or 2 (Euclidean), not {power:g}")
    found = Matern(plane(call), {n: v for n, v in options.items() if n in NAMES}, power)
    try:
        found.coefficients(found.starts(1.0, None))
    except NotFeasible as error:
        raise ModelError(f"{call.text}: the start values cannot be used: {error}") from None
    return found
