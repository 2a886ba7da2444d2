"""A simulated breeding trial of the kind that asreml-R lessons analyse: two site-years, entries partly in common."""

from __future__ import annotations

import numpy as np
import pandas as pd

SEED = 20240611
IN_BOTH, ONLY_FIRST, ONLY_SECOND = 23, 5, 7


def clover(seed: int = SEED) -> pd.DataFrame:
    """Biomass of 35 entries in site-years 24AL and 25AL, two complete replicates in each.

    Simulated: mean 50 and 39, variances of entry 25, rep 8, site-year by entry 55, plot 190 (24AL) and 80 (25AL).

    Parameters
    ----------
    seed : int
        Of the random generator (PCG64).

    Returns
    -------
    pandas.DataFrame
        116 rows in shuffled order: X (plot number), site.year, rep (nested: 24AL-1 … 25AL-2), entry, biomass.1.

    Examples
    --------
    >>> frame = clover()
    >>> frame.shape, frame["entry"].nunique(), frame["rep"].nunique()
    ((116, 5), 35, 4)
    """
    random = np.random.Generator(np.random.PCG64(seed))
    entries = [f"CC{i:02d}" for i in range(1, IN_BOTH + ONLY_FIRST + ONLY_SECOND + 1)]
    sown = {"24AL": entries[: IN_BOTH + ONLY_FIRST], "25AL": entries[:IN_BOTH] + entries[IN_BOTH + ONLY_FIRST :]}
    mean, spread = {"24AL": 50.0, "25AL": 39.0}, {"24AL": 190.0, "25AL": 80.0}
    breeding = dict(zip(entries, random.normal(0.0, 25.0**0.5, len(entries)), strict=True))
    rows: list[tuple[int, str, str, str, float]] = []
    for site_year, here in sown.items():
        specific = dict(zip(here, random.normal(0.0, 55.0**0.5, len(here)), strict=True))
        for rep in ("1", "2"):
            block = random.normal(0.0, 8.0**0.5)
            for entry in random.permutation(here):
                plot = random.normal(0.0, spread[site_year] ** 0.5)
                biomass = round(mean[site_year] + block + breeding[entry] + specific[entry] + plot, 4)
                rows.append((len(rows) + 1, site_year, f"{site_year}-{rep}", str(entry), biomass))
    frame = pd.DataFrame(rows, columns=["X", "site.year", "rep", "entry", "biomass.1"])
    for name in ("site.year", "rep", "entry"):
        frame[name] = frame[name].astype("category")
    return frame.iloc[random.permutation(len(frame))].reset_index(drop=True)
