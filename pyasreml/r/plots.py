"""Figures: of a fit, of numbers; kept in the session, written to files only where a folder is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pyasreml.errors import warn
from pyasreml.r.arithmetic import vector_of
from pyasreml.r.coercion import flag, floats, text, whole
from pyasreml.r.evaluator import Evaluator
from pyasreml.r.models import argument, public
from pyasreml.r.registry import builtin
from pyasreml.r.values import Arg, ListValue, Value, Vector, double

__all__: list[str] = []


def _axes(evaluator: Evaluator, title: str | None, x: str | None, y: str | None) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title or "")
    axes.set_xlabel(x or "")
    axes.set_ylabel(y or "")
    evaluator.figures.append(figure)
    return axes


def _style(function: str, dots: Sequence[Arg], axes: Any = None) -> dict[str, Any]:
    """Graphical parameters that have a like in matplotlib; the others are not used, which is said."""
    style: dict[str, Any] = {"color": "black"}
    for arg in dots:
        if arg.name == "col" and isinstance(arg.value, Vector) and arg.value.kind == "character":
            style["color"] = text(arg.value)
        elif arg.name in ("xlim", "ylim") and axes is not None:
            getattr(axes, f"set_{arg.name}")(*floats(arg.value, function))
        elif arg.name == "lwd":
            style["linewidth"] = float(floats(arg.value, function)[0])
        else:
            warn(f"{function}(): the graphical parameter '{arg.name or 'without a name'}' is not used")
    return style


def _label(value: Value) -> str | None:
    return None if value is None else text(value)


@builtin("plot", invisible=True)
def plot(
    evaluator: Evaluator,
    x: Value,
    y: Value = None,
    *dots: Arg,
    main: Value = None,
    xlab: Value = None,
    ylab: Value = None,
) -> Value:
    """Four panels of residuals of a fit; points for numbers."""
    if not isinstance(x, Vector):
        given = {str(arg.name).replace(".", "_"): argument(arg.value) for arg in dots if arg.name}
        evaluator.figures.append(public("plot", "plot")(x, **given))
        return None
    across = floats(x, "plot()")
    up = None if y is None else floats(y, "plot()")
    if up is None:
        across, up = np.arange(1, len(across) + 1), across
    axes = _axes(evaluator, _label(main), _label(xlab), _label(ylab))
    axes.plot(across, up, "o", fillstyle="none", **_style("plot", dots, axes))
    return None


@builtin("hist", invisible=True)
def hist(
    evaluator: Evaluator,
    x: Value,
    breaks: Value = None,
    *dots: Arg,
    plot: Value = True,
    main: Value = None,
    xlab: Value = None,
) -> Value:
    """A histogram; about as many classes on round limits as `breaks` or Sturges' rule says, or between given limits."""
    data = floats(x, "hist()")
    data = data[~np.isnan(data)]
    if breaks is not None and len(breaks) > 1:
        limits = floats(breaks, "hist()")
    else:
        count = int(np.ceil(np.log2(len(data)) + 1)) if breaks is None else whole(breaks)
        limits = pretty(float(data.min()), float(data.max()), count)
    reach = np.searchsorted(np.sort(data), limits, side="right")  # classes (a, b], the first with its lower limit
    counts = np.diff(reach) + np.where(np.arange(len(limits) - 1) == 0, (data == limits[0]).sum(), 0)
    if flag(plot):
        axes = _axes(evaluator, _label(main), _label(xlab), "Frequency")
        fill = _style("hist", dots, axes)["color"] if dots else "lightgray"
        axes.bar(limits[:-1], counts, np.diff(limits), align="edge", color=fill, edgecolor="black")
    return ListValue([double(limits), double(counts)], ["breaks", "counts"])


def pretty(low: float, high: float, n: int) -> np.ndarray[Any, Any]:
    """About `n` intervals with round limits that cover a range (R's ``pretty``)."""
    if high <= low:
        low, high = low - 0.5, high + 0.5
    cell = (high - low) / n
    base = 10.0 ** np.floor(np.log10(cell))
    unit = base
    for multiple, limit in ((2, 1.5), (5, 2.75), (10, 1.5)):
        if multiple * base - cell < limit * (cell - unit):
            unit = multiple * base
    first, last = np.floor(low / unit + 1e-7), np.ceil(high / unit - 1e-7)
    return np.arange(first, last + 1) * unit


def _normal(data: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Sorted data and the normal quantiles of R's ``ppoints``."""
    from scipy.special import ndtri

    ordered = np.sort(data[~np.isnan(data)])
    n = len(ordered)
    offset = 3 / 8 if n <= 10 else 0.5
    return ndtri((np.arange(1, n + 1) - offset) / (n + 1 - 2 * offset)), ordered


@builtin("qqnorm", invisible=True)
def qqnorm(evaluator: Evaluator, y: Value, *dots: Arg, main: Value = None) -> Value:
    """Normal quantile plot."""
    across, up = _normal(floats(y, "qqnorm()"))
    axes = _axes(evaluator, _label(main) or "Normal Q-Q Plot", "Theoretical Quantiles", "Sample Quantiles")
    axes.plot(across, up, "o", fillstyle="none", **_style("qqnorm", dots, axes))
    return ListValue([double(across), double(up)], ["x", "y"])


@builtin("qqline", invisible=True)
def qqline(evaluator: Evaluator, y: Value, *dots: Arg) -> Value:
    """The line through the quartiles, in the last figure."""
    from scipy.special import ndtri

    data = floats(y, "qqline()")
    low, high = np.quantile(data[~np.isnan(data)], [0.25, 0.75])
    slope = (high - low) / (ndtri(0.75) - ndtri(0.25))
    if evaluator.figures:
        axes = evaluator.figures[-1].axes[0]
        axes.axline((0, (low + high) / 2), slope=slope, **_style("qqline", dots))
    return None


@builtin("abline", invisible=True)
def abline(
    evaluator: Evaluator, a: Value = None, b: Value = None, h: Value = None, v: Value = None, *dots: Arg
) -> Value:
    """A line in the last figure: intercept and slope, or level."""
    if not evaluator.figures:
        return None
    axes = evaluator.figures[-1].axes[0]
    style = _style("abline", dots)
    if h is not None:
        for level in floats(h, "abline()"):
            axes.axhline(level, **style)
    if v is not None:
        for place in floats(v, "abline()"):
            axes.axvline(place, **style)
    if a is not None and b is not None:
        start = float(vector_of(a, "abline()").data[0])
        axes.axline((0, start), slope=float(vector_of(b, "abline()").data[0]), **style)
    return None
