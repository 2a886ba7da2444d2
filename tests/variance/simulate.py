"""Simulated data of the comparison with nlme: ``python simulate.py`` writes plants.csv and places.csv."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent


def plants(seed: int = 11) -> pd.DataFrame:
    """Five unevenly spaced heights of 24 plants in three treatments: an autoregression with growing variances."""
    rng = np.random.default_rng(seed)
    step = np.abs(np.subtract.outer(np.arange(5), np.arange(5)))
    root = np.linalg.cholesky(0.4**step) * np.sqrt([1.0, 1.2, 1.5, 1.7, 2.0])[:, None]
    noise = rng.normal(size=(24, 5)) @ root.T
    plant, time = np.meshgrid(np.arange(1, 25), [1, 2, 4, 5, 7], indexing="ij")
    trt = np.array(list("abc"))[plant % 3]
    height = 10 + 0.3 * time + 0.5 * (trt == "b") + noise
    return pd.DataFrame(
        {"plant": plant.ravel(), "time": time.ravel(), "trt": trt.ravel(), "y": height.ravel().round(3)}
    )


def places(seed: int = 12) -> pd.DataFrame:
    """One observation at each of 60 places of a field with exponential correlation of range 2."""
    rng = np.random.default_rng(seed)
    at = rng.uniform(0, 10, (60, 2)).round(2)
    distance = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1))
    z = 5 + np.linalg.cholesky(np.exp(-distance / 2)) @ rng.normal(size=60)
    trt = np.array(list("abc"))[rng.integers(0, 3, 60)]
    return pd.DataFrame({"x": at[:, 0], "y": at[:, 1], "trt": trt, "z": z.round(3)})


if __name__ == "__main__":
    plants().to_csv(HERE / "plants.csv", index=False)
    places().to_csv(HERE / "places.csv", index=False)
