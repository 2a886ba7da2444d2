"""Residual plots."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from pyasreml.errors import AsremlError
from pyasreml.fit.components import require_fit
from pyasreml.fit.residuals import fitted, residuals

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot"]

_POINT = "#2b6ca3"
_LINE = "#b4462f"


def plot(fit: Any, type: str = "default") -> Figure:
    """Four panels: histogram of the residuals, normal Q-Q, residual against fitted value, residual against unit number.

    Parameters
    ----------
    fit : Asreml
    type : str
        Type of residual, as in `pyasreml.residuals`.

    Returns
    -------
    matplotlib Figure
        Not opened in a window; ``figure.savefig("residuals.png")`` writes it, and a notebook shows it.

    Raises
    ------
    AsremlError
        If matplotlib is not installed.

    Examples
    --------
    >>> import pyasreml as pa
    >>> from pyasreml.demo.oats import oats
    >>> fit = pa.asreml("yield ~ Variety*Nitrogen", random="~ Blocks/Wplots", data=oats(), trace=False)
    >>> len(pa.plot(fit).axes)
    4
    """
    require_fit(fit, "plot()")
    try:
        figure = figure_class()(figsize=(9, 7.5), layout="constrained")
    except ImportError as problem:
        raise AsremlError("plot() needs matplotlib: pip install 'pyasreml[plots]'") from problem
    e = residuals(fit, type=type).to_numpy(dtype=float)
    x = fitted(fit).to_numpy(dtype=float)
    unit = np.arange(1, e.size + 1)
    seen = ~np.isnan(e)
    e, x, unit = e[seen], x[seen], unit[seen]
    panels = figure.subplots(2, 2)
    _histogram(panels[0, 0], e)
    _normal(panels[0, 1], e)
    _against(panels[1, 0], x, e, "Fitted")
    _against(panels[1, 1], unit, e, "Unit Number")
    for panel in panels.flat:
        panel.spines[["top", "right"]].set_visible(False)
    return figure


@cache
def figure_class() -> type[Figure]:
    """A matplotlib Figure that a notebook shows without pyplot."""
    from matplotlib.figure import Figure

    class ResidualFigure(Figure):
        def _repr_png_(self) -> bytes:
            buffer = BytesIO()
            self.savefig(buffer, format="png", dpi=80)
            return buffer.getvalue()

    return ResidualFigure


def _histogram(panel: Axes, e: np.ndarray) -> None:
    panel.hist(e, bins="sturges", color=_POINT, edgecolor="white")
    panel.set(xlabel="Residuals", ylabel="Frequency", title="Histogram of residuals")


def _normal(panel: Axes, e: np.ndarray) -> None:
    """Points at R's ``ppoints`` and the line through the quartiles, as ``qqnorm`` and ``qqline``."""
    n = e.size
    a = 3 / 8 if n <= 10 else 1 / 2
    q = ndtri((np.arange(1, n + 1) - a) / (n + 1 - 2 * a))
    panel.plot(q, np.sort(e), "o", color=_POINT, markersize=4)
    low, high = np.quantile(e, [0.25, 0.75])
    z = ndtri(0.75)
    slope = (high - low) / (2 * z)
    panel.axline((0.0, (low + high) / 2), slope=slope, color=_LINE, linewidth=1)
    panel.set(xlabel="Theoretical quantiles", ylabel="Residuals", title="Normal Q-Q")


def _against(panel: Axes, x: np.ndarray, e: np.ndarray, what: str) -> None:
    panel.axhline(0.0, color=_LINE, linewidth=1)
    panel.plot(x, e, "o", color=_POINT, markersize=4)
    panel.set(xlabel=what, ylabel="Residuals", title=f"Residuals v {what}")
