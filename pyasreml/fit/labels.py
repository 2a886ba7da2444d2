"""Names beside the points of a plot, set so that they do not lie over each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Label", "set_labels"]

FloatArray = npt.NDArray[np.float64]

DISTANCES = (4.0, 10.0, 17.0, 25.0, 34.0, 44.0, 56.0)
"""How far from its point a name may stand, in points; the nearest free place is taken."""
TURNS = np.radians([0, 30, -30, 60, -60, 95, -95, 130, -130, 180])
"""By how much the direction may turn away from the wanted one, the smallest turn first."""
LEADER = 12.0
"""A name farther than this is led to by a line."""
WIDTH, HEIGHT = 0.62, 1.2
"""Size of a letter by the size of the type."""


@dataclass(frozen=True)
class Label:
    """A name, where it belongs (in data coordinates), the direction it should stand in, and its type."""

    text: str
    at: tuple[float, float]
    towards: tuple[float, float]
    size: float
    colour: str


def set_labels(panel: Axes, labels: Sequence[Label], points: FloatArray) -> None:
    """Write `labels`, in order, each at the nearest place where neither a name before nor one of `points` lies.

    Parameters
    ----------
    panel : Axes
        With its final limits; the layout of its figure is settled here.
    labels : sequence of Label
    points : float array (n, 2)
        Marks that should stay visible, in data coordinates.
    """
    from matplotlib.patheffects import withStroke

    figure = panel.figure
    getattr(figure, "draw_without_rendering", lambda: None)()
    scale = 72 / figure.dpi
    taken = [_box(at, 2.5, 2.5) for at in panel.transData.transform(points) * scale]
    for label in labels:
        anchor = panel.transData.transform(label.at) * scale
        half = np.array([WIDTH * len(label.text), HEIGHT]) * label.size / 2
        place, distance = _free(anchor, np.arctan2(label.towards[1], label.towards[0]), half, np.array(taken))
        taken.append(_box(place, *half))
        line = {"arrowstyle": "-", "color": label.colour, "linewidth": 0.5, "alpha": 0.6, "shrinkA": 0, "shrinkB": 1}
        panel.annotate(
            label.text,
            label.at,
            xytext=(place - anchor).tolist(),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=label.size,
            color=label.colour,
            arrowprops=line if distance > LEADER else None,
            path_effects=[withStroke(linewidth=2, foreground="white")],
        )


def _box(centre: FloatArray, half_width: float, half_height: float) -> list[float]:
    return [centre[0] - half_width, centre[1] - half_height, centre[0] + half_width, centre[1] + half_height]


def _free(anchor: FloatArray, angle: float, half: FloatArray, taken: FloatArray) -> tuple[FloatArray, float]:
    """Centre of the first place without overlap, or of that with the least, and its distance."""
    best, least, far = anchor, np.inf, 0.0
    for distance in DISTANCES:
        for turn in TURNS:
            way = np.array([np.cos(angle + turn), np.sin(angle + turn)])
            centre = anchor + way * (distance + half)
            box = _box(centre, *half)
            wide = np.minimum(box[2], taken[:, 2]) - np.maximum(box[0], taken[:, 0])
            high = np.minimum(box[3], taken[:, 3]) - np.maximum(box[1], taken[:, 1])
            covered = float((np.maximum(wide, 0) * np.maximum(high, 0)).sum())
            if covered < least:
                best, least, far = centre, covered, distance
            if covered == 0:
                return centre, distance
    return best, far
