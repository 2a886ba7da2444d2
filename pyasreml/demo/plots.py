"""Residual plots of the demonstration as PNG files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def write_plots(fits: dict[str, Any], folder: Path) -> list[Path]:
    """Draw asreml's four residual panels for each fit, and the lesson's single plots for the last one.

    Parameters
    ----------
    fits : dict
        Name of the file → fit.
    folder : Path
        Made where it does not exist.

    Returns
    -------
    list of Path
        The files written.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from scipy import stats

    import pyasreml as pa

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, fit in fits.items():
        figure = pa.plot(fit)
        written.append(folder / f"{name}.png")
        figure.savefig(written[-1], dpi=120)
        plt.close(figure)
    name, fit = list(fits.items())[-1]
    residuals = np.asarray(pa.residuals(fit), float).ravel()
    fitted = np.asarray(pa.fitted(fit), float).ravel()
    seen = np.isfinite(residuals)
    residuals, fitted = residuals[seen], fitted[seen]
    figure, axes = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
    axes[0].hist(residuals, bins="sturges", color="lightgrey", edgecolor="black")
    axes[0].set(title="hist(residuals(fit))", xlabel="residuals(fit)", ylabel="Frequency")
    scaled = (residuals - residuals.mean()) / residuals.std(ddof=1)
    axes[1].plot(fitted, scaled, "o", fillstyle="none", color="black")
    axes[1].set(title="scale(residuals(fit)) against fitted(fit)", xlabel="fitted(fit)", ylabel="scaled residual")
    quantiles, ordered = stats.probplot(residuals, fit=False)
    low, high = np.quantile(residuals, [0.25, 0.75])
    slope = (high - low) / (2 * stats.norm.ppf(0.75))
    axes[2].plot(quantiles, ordered, "o", fillstyle="none", color="black")
    axes[2].axline((0.0, (low + high) / 2), slope=slope, color="black", linewidth=1)
    axes[2].set(title="qqnorm, qqline", xlabel="Theoretical Quantiles", ylabel="Sample Quantiles")
    written.append(folder / f"{name}_single_plots.png")
    figure.savefig(written[-1], dpi=120)
    plt.close(figure)
    return written
