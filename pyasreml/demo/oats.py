"""Yates's split-plot trial of oats.

Yates, F. (1935). Complex experiments. Supplement to the Journal of the Royal Statistical Society 2, 181-247.
Six blocks of three whole plots (varieties) of four sub-plots (manurial nitrogen, cwt an acre); yield in quarter
pounds a sub-plot.
"""

from __future__ import annotations

import pandas as pd

NITROGEN = ("0_cwt", "0.2_cwt", "0.4_cwt", "0.6_cwt")
VARIETIES = ("Golden_rain", "Marvellous", "Victory")

# Block, variety: yields at 0, 0.2, 0.4 and 0.6 cwt.
TABLE = """
1 Victory      111 130 157 174
1 Golden_rain  117 114 161 141
1 Marvellous   105 140 118 156
2 Victory       61  91  97 100
2 Golden_rain   70 108 126 149
2 Marvellous    96 124 121 144
3 Victory       68  64 112  86
3 Golden_rain   60 102  89  96
3 Marvellous    89 129 132 124
4 Victory       74  89  81 122
4 Golden_rain   64 103 132 133
4 Marvellous    70  89 104 117
5 Victory       62  90 100 116
5 Golden_rain   80  82  94 126
5 Marvellous    63  70 109  99
6 Victory       53  74 118 113
6 Golden_rain   89  82  86 104
6 Marvellous    97  99 119 121
"""


def oats() -> pd.DataFrame:
    """The trial as a data frame.

    Returns
    -------
    pandas.DataFrame
        72 rows; factors Blocks (6), Wplots (3 in a block), Variety (3), Nitrogen (4), and yield.

    Examples
    --------
    >>> oats().shape
    (72, 5)
    """
    rows = []
    for line, text in enumerate(TABLE.strip().splitlines()):
        block, variety, *yields = text.split()
        rows += [(block, str(line % 3 + 1), variety, n, int(y)) for n, y in zip(NITROGEN, yields, strict=True)]
    frame = pd.DataFrame(rows, columns=["Blocks", "Wplots", "Variety", "Nitrogen", "yield"])
    levels = {"Blocks": "123456", "Wplots": "123", "Variety": VARIETIES, "Nitrogen": NITROGEN}
    for name, names in levels.items():
        frame[name] = pd.Categorical(frame[name], categories=list(names))
    return frame
