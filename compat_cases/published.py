"""Small data sets typed from the publications named beside them."""

from __future__ import annotations

import pandas as pd

from pyasreml.demo.oats import oats

__all__ = ["dyestuff", "ergostool", "npk", "oats", "rail"]


def _factors(frame: pd.DataFrame, *names: str) -> pd.DataFrame:
    for name in names:
        frame[name] = frame[name].astype(str).astype("category")
    return frame


def dyestuff() -> pd.DataFrame:
    """Yield (g of standard colour) of dyestuff, five preparations from each of six batches of an intermediate.

    Davies, O. L., Goldsmith, P. L. (1972). Statistical Methods in Research and Production, 4th ed., section 6.4.
    """
    table = {
        "A": (1545, 1440, 1440, 1520, 1580),
        "B": (1540, 1555, 1490, 1560, 1495),
        "C": (1595, 1550, 1605, 1510, 1560),
        "D": (1445, 1440, 1595, 1465, 1545),
        "E": (1595, 1630, 1515, 1635, 1625),
        "F": (1520, 1455, 1450, 1480, 1445),
    }
    rows = [(batch, y) for batch, yields in table.items() for y in yields]
    return _factors(pd.DataFrame(rows, columns=["Batch", "Yield"]), "Batch")


def rail() -> pd.DataFrame:
    """Travel time (ns) of an ultrasonic wave in six rails, three measurements each.

    Devore, J. L. (2000). Probability and Statistics for Engineering and the Sciences, 5th ed., example 10.10.
    """
    table = {1: (55, 53, 54), 2: (26, 37, 32), 3: (78, 91, 85), 4: (92, 100, 96), 5: (49, 51, 50), 6: (80, 85, 83)}
    rows = [(rail, y) for rail, times in table.items() for y in times]
    return _factors(pd.DataFrame(rows, columns=["Rail", "travel"]), "Rail")


def ergostool() -> pd.DataFrame:
    """Effort (Borg scale) of nine subjects to arise from stools of four types.

    Wretenberg, P., Arborelius, U. P., Lindberg, F. (1993). Ergonomics 36; table in Pinheiro, J. C., Bates, D. M.
    (2000). Mixed-Effects Models in S and S-PLUS, section 1.2.
    """
    table = (
        (12, 15, 12, 10), (10, 14, 13, 12), (7, 14, 13, 9), (7, 11, 10, 9), (8, 11, 8, 7),
        (9, 11, 11, 10), (8, 12, 12, 11), (7, 11, 8, 7), (9, 13, 10, 8),
    )  # fmt: skip
    rows = [(s, f"T{t}", y) for s, efforts in enumerate(table, 1) for t, y in enumerate(efforts, 1)]
    return _factors(pd.DataFrame(rows, columns=["Subject", "Type", "effort"]), "Subject", "Type")


def npk() -> pd.DataFrame:
    """Yield of peas (lb a plot) in a 2 x 2 x 2 factorial of N, P and K in six blocks of four, N:P:K confounded.

    Imperial College experiment in Venables, W. N., Ripley, B. D. (2002). Modern Applied Statistics with S, section 6.7.
    """
    table = """
    1 011 49.5 110 62.8 000 46.8 101 57.0
    2 100 59.8 111 58.5 001 55.5 010 56.0
    3 010 62.8 111 55.8 100 69.5 001 55.0
    4 100 62.0 111 48.8 001 45.5 010 44.2
    5 110 52.0 000 51.5 101 49.8 011 48.8
    6 101 57.2 110 59.0 011 53.2 000 56.0
    """
    rows = []
    for line in table.strip().splitlines():
        block, *plots = line.split()
        rows += [(block, *treatment, float(y)) for treatment, y in zip(plots[::2], plots[1::2], strict=True)]
    return _factors(pd.DataFrame(rows, columns=["block", "N", "P", "K", "yield"]), "block", "N", "P", "K")
