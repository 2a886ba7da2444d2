"""The lines that a running fit prints, laid out as asreml 4.2 lays them out."""

from __future__ import annotations

import math
from datetime import datetime

from pyasreml.rprint.numbers import format_fixed

__all__ = ["seven_digits", "trace_header", "trace_line"]


def seven_digits(value: float) -> str:
    """Seven significant digits, trailing zeros kept, at most seven decimals: ``-364.8830``, ``0.0588101``.

    Numbers that seven digits cannot show (from 1e7, or below 1e-4) are in scientific notation.

    Examples
    --------
    >>> [seven_digits(v) for v in (-366.20387, 10548.0651, 74463.85, 0.05881012)]
    ['-366.2039', '10548.07', '74463.85', '0.0588101']
    """
    if not math.isfinite(value):
        return format_fixed(value, 0)
    if value == 0:
        return "0.000000"
    mantissa, exponent = f"{value:.6e}".split("e")
    power = int(exponent)
    if power >= 7 or power < -4:
        return f"{mantissa}e{exponent}"
    return format_fixed(value, min(7, 6 - power))


def trace_header(version: str, when: datetime | None = None) -> str:
    """The two lines above a trace: name, version, date and time; and the names of the columns.

    Examples
    --------
    >>> from datetime import datetime
    >>> print(trace_header("0.1.0", datetime(2026, 8, 28, 18, 33, 22)))
    pyasreml 0.1.0 28/08/2026 18:33:22
              LogLik        Sigma2     DF     wall
    """
    when = when or datetime.now()
    return f"pyasreml {version} {when:%d/%m/%Y %H:%M:%S}\n          LogLik        Sigma2     DF     wall"


def trace_line(
    iteration: int,
    loglik: float,
    sigma2: float | None,
    df: int,
    clock: datetime | str | None = None,
    restrained: int = 0,
) -> str:
    """One iteration.

    Parameters
    ----------
    iteration : int
        Counted from 1.
    loglik : float
        REML log-likelihood.
    sigma2 : float or None
        Residual variance; None in a fit with the sigma parameterisation, which prints ``1.0``.
    df : int
        Residual degrees of freedom.
    clock : datetime or str, optional
        Time of day, now by default.
    restrained : int
        Number of parameters whose step was restrained; none is not mentioned.

    Examples
    --------
    >>> print(trace_line(1, -855.07158, 74463.8512, 136, "18:33:22"))
     1     -855.0716      74463.85    136   18:33:22
    >>> print(trace_line(1, -3832.4131, None, 1146, "09:36:38", 2))
     1     -3832.413           1.0   1146   09:36:38  (  2 restrained)
    """
    time = clock if isinstance(clock, str) else f"{clock or datetime.now():%H:%M:%S}"
    scale = "1.0" if sigma2 is None else seven_digits(sigma2)
    line = f"{iteration:2d}{seven_digits(loglik):>14}{scale:>14}{df:7d}{time:>11}"
    return f"{line}  ({restrained:3d} restrained)" if restrained else line
