"""Plots of structured terms: correlations as a heat map, and the biplot of two factors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from pyasreml.errors import AsremlError, ModelError
from pyasreml.fit.labels import Label, set_labels
from pyasreml.fit.matrices import correlations, factor_analysis
from pyasreml.fit.plots import figure_class

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["biplot", "heatmap"]

_POINT = "#2b6ca3"
_ARROW = "#b4462f"
ANNOTATED = 16
"""Levels up to which the correlations are written into the cells."""
NAMED = 40
"""Scores up to which every point has its name."""


def _empty(question: str, width: float, height: float) -> Figure:
    try:
        return figure_class()(figsize=(width, height), layout="constrained")
    except ImportError as problem:
        raise AsremlError(f"{question} needs matplotlib: pip install 'pyasreml[plots]'") from problem


def heatmap(fit: Any, term: str | None = None, cluster: bool = True) -> Figure:
    """Correlations between the levels of a structured term (genetic correlations between sites) as a heat map.

    Parameters
    ----------
    fit : Asreml
    term : str, optional
        As in `pyasreml.correlations`.
    cluster : bool
        Put levels that are alike beside each other (average linkage on 1 - r).

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ModelError
        If there is no such term.
    AsremlError
        If matplotlib is not installed.
    """
    table = correlations(fit, term)
    r, levels = table.to_numpy(dtype=float), [str(x) for x in table.index]
    k = len(levels)
    if cluster and k > 2 and np.isfinite(r).all():
        order = leaves_list(linkage(squareform(np.maximum(1 - r, 0.0), checks=False), "average"))
        r, levels = r[np.ix_(order, order)], [levels[i] for i in order]
    side = min(12.0, 3.0 + 0.35 * k)
    figure = _empty("heatmap()", side + 1.0, side)
    panel = figure.subplots()
    image = panel.imshow(r, cmap="RdBu", vmin=-1, vmax=1)
    panel.set_xticks(range(k), levels, rotation=90)
    panel.set_yticks(range(k), levels)
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    if k <= ANNOTATED:
        for i in range(k):
            for j in range(k):
                if np.isfinite(r[i, j]):
                    colour = "white" if abs(r[i, j]) > 0.5 else "black"
                    panel.text(j, i, f"{r[i, j]:.2f}", ha="center", va="center", color=colour, fontsize=8)
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.set(w_pad=0.12, h_pad=0.12)  # type: ignore[call-arg]
    figure.colorbar(image, ax=panel, shrink=0.8, label="Correlation")
    return figure


def biplot(fit: Any, term: str | None = None, factors: tuple[int, int] = (1, 2)) -> Figure:
    """Rotated loadings (arrows) and scores (points) of two factors of an ``fa`` or ``rr`` term.

    Parameters
    ----------
    fit : Asreml
    term : str, optional
        As in `pyasreml.factor_analysis`.
    factors : pair of int
        Which factors, from 1; axes say what percentage of the variance each explains.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ModelError
        If there is no such term, it has too few factors, or its scores are not there (``facv``).
    AsremlError
        If matplotlib is not installed.
    """
    found = factor_analysis(fit, term)
    loadings, order = found.loadings.to_numpy(dtype=float), found.loadings.shape[1]
    pair = factors if isinstance(factors, (tuple, list)) and all(isinstance(f, int) for f in factors) else ()
    if len(pair) != 2 or len(set(pair)) != 2 or not all(1 <= f <= order for f in pair):
        raise ModelError(f"biplot(): two different factors between 1 and {order} are needed, not {factors!r}")
    if found.scores is None:
        raise ModelError("biplot(): facv() has no factor scores; use fa()")
    figure = _empty("biplot()", 7.5, 7.0)
    panel = figure.subplots()
    at = [f - 1 for f in factors]
    points, arrows = found.scores.to_numpy(dtype=float)[:, at], loadings[:, at]
    # arrows drawn as long as the points are wide; both keep their own proportions
    longest = np.abs(arrows).max()
    stretch = float(np.abs(points).max() / longest) if longest > 0 else 1.0
    panel.axhline(0.0, color="0.85", linewidth=1, zorder=0)
    panel.axvline(0.0, color="0.85", linewidth=1, zorder=0)
    panel.plot(points[:, 0], points[:, 1], "o", color=_POINT, markersize=4, alpha=0.7)
    tips = arrows * stretch
    for x, y in tips:
        panel.annotate("", (x, y), xytext=(0.0, 0.0), arrowprops={"arrowstyle": "->", "color": _ARROW, "shrinkB": 0})
    panel.update_datalim(tips)
    overall = found.explained.loc["overall"].to_numpy(dtype=float)
    panel.set(
        xlabel=f"Factor {factors[0]} ({overall[at[0]]:.1f} % of the variance)",
        ylabel=f"Factor {factors[1]} ({overall[at[1]]:.1f} %)",
    )
    panel.margins(0.12)
    panel.autoscale_view()
    panel.spines[["top", "right"]].set_visible(False)
    labels = [
        Label(str(name), (x, y), (x, y), 9.0, _ARROW) for name, (x, y) in zip(found.loadings.index, tips, strict=True)
    ]
    if len(points) <= NAMED:
        names = _without_prefix([str(name) for name in found.scores.index])
        labels += [Label(name, (x, y), (1.0, 1.0), 7.0, _POINT) for name, (x, y) in zip(names, points, strict=True)]
    set_labels(panel, labels, np.vstack([points, tips]))
    return figure


def _without_prefix(names: list[str]) -> list[str]:
    """Levels without the name of the one factor that all of them are of: ``G1`` for ``gen_G1``."""
    first = {name.split("_", 1)[0] for name in names}
    if len(first) > 1 or any("_" not in name or ":" in name for name in names):
        return names
    return [name.split("_", 1)[1] for name in names]
