"""The incremental Wald table, which needs stored sums of squares only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from pyasreml.fit.components import require_fit
from pyasreml.rprint import RTable

__all__ = ["incremental_table"]


def incremental_table(fit: Any) -> RTable:
    """Wald tests of the fixed terms, each adjusted for those above it.

    Returns
    -------
    RTable
        One row a fixed term: ``Df`` (estimable effects), ``Sum of Sq``, ``Wald statistic`` (sum of squares over the
        residual mean square), ``Pr(Chisq)``; a last row ``residual (MS)`` holds the residual variance, which is 1 in a
        fit on the sigma scale.
    """
    require_fit(fit, "wald()")
    labels = [label for label, _ in fit.term_of_effect("fixed")]
    df = np.array([_by_label(fit.noeff, label) for label in labels], dtype=float)
    squares = np.array([_by_label(fit.yssqu, label) for label in labels], dtype=float)
    statistic = squares / fit.sigma2
    p = np.where(df > 0, chdtrc(np.maximum(df, 1), np.maximum(statistic, 0.0)), np.nan)
    gap = [np.nan]
    return RTable(
        {
            "Df": np.append(df, gap),
            "Sum of Sq": np.append(squares, fit.sigma2),
            "Wald statistic": np.append(statistic, gap),
            "Pr(Chisq)": np.append(p, gap),
        },
        index=pd.Index([*labels, "residual (MS)"]),
        heading=[
            "Wald tests for fixed effects.",
            f"Response: {fit.response}",
            "Terms added sequentially; adjusted for those above.",
            "",
        ],
        style="anova",
    )


def _by_label(values: pd.Series, label: str) -> float:
    """Entry of the first row of that label: fixed terms stand before random terms of the same name."""
    return float(values.iloc[int(np.flatnonzero(values.index == label)[0])])
