"""Data frames as R prints them, and `RTable`, the frame that every printed table of a fit is."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable
from typing import Any, Literal

import pandas as pd
from tabulate import tabulate

from pyasreml.rprint.columns import column_cells
from pyasreml.rprint.grid import WIDTH, grid
from pyasreml.rprint.lucid import lucid_cells
from pyasreml.rprint.pvalues import LEGEND, anova_cells
from pyasreml.rprint.vectors import format_vector

__all__ = ["RTable", "Style", "format_frame", "row_labels"]

Style = Literal["data.frame", "matrix", "anova", "lucid"]

MAX_PRINT = 99999
"""R's ``options(max.print)``: so many cells of a table are shown."""


def row_labels(index: pd.Index) -> list[str]:
    """Row names; pandas' default index, which counts from 0, is counted from 1 as in R."""
    if isinstance(index, pd.RangeIndex) and index.start == 0:
        return [str(i + 1) for i in index]
    return [str(i) for i in index]


def _cells(frame: pd.DataFrame, style: Style, digits: int) -> tuple[list[str], list[list[str]], bool]:
    if style == "anova":
        return anova_cells(frame, digits)
    if style == "lucid":
        heads, columns = lucid_cells(frame)
        return heads, columns, False
    names = [str(c) for c in frame.columns]
    return names, [column_cells(frame.iloc[:, j], digits) for j in range(frame.shape[1])], False


def format_frame(frame: pd.DataFrame, style: Style = "data.frame", digits: int = 7, width: int = WIDTH) -> str:
    """The text that R prints for a data frame, a matrix with names, an ``anova`` table or ``lucid::vc``.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"component": [5.806474, 142.963533], "bound": ["P", "P"]}, index=["rep", "units!R"])
    >>> print(format_frame(table))
             component bound
    rep       5.806474     P
    units!R 142.963533     P
    """
    rows, columns = frame.shape
    if columns == 0:
        return f"data frame with 0 columns and {rows} row{'' if rows == 1 else 's'}"
    if rows == 0:
        line = format_vector([str(c) for c in frame.columns], quote=False, width=width)
        return f"{line}\n<0 rows> (or 0-length row.names)"
    shown = min(rows, MAX_PRINT // columns)
    head = frame.iloc[:shown]
    names, cells, starred = _cells(head, style, digits)
    labels = [""] * shown if style == "lucid" else row_labels(head.index)
    lines = grid(cells, names, labels, width=width)
    if shown < rows:
        reached = 'getOption("max.print")' if style == "matrix" else "'max' / getOption(\"max.print\")"
        lines.append(f" [ reached {reached} -- omitted {rows - shown} rows ]")
    if starred:
        lines += ["---", LEGEND]
    return "\n".join(lines)


class RTable(pd.DataFrame):
    """A pandas DataFrame that prints as the R table of the same name does.

    Index and columns keep asreml's names. All of pandas works on it; what pandas makes of it (rows, sorted or
    filtered copies) prints as R as well.

    Parameters
    ----------
    data, index, columns
        As for `pandas.DataFrame`.
    heading : sequence of str
        Lines printed above the table.
    digits : int
        Significant digits of a printed column.
    style : {"data.frame", "matrix", "anova", "lucid"}
        Which of R's printers is followed: ``anova`` has p values with stars, ``lucid`` is ``lucid::vc``. Kept as
        `r_style`, since ``style`` is pandas' own.

    Examples
    --------
    >>> columns = {"df": [1], "LR-statistic": [5.32651], "Pr(Chisq)": [0.010501]}
    >>> print(RTable(columns, index=["full/null"], style="anova"))  # doctest: +NORMALIZE_WHITESPACE
              df LR-statistic Pr(Chisq)
    full/null  1       5.3265    0.0105 *
    ---
    Signif. codes:  0 ‘***’ 0.001 ‘**’ 0.01 ‘*’ 0.05 ‘.’ 0.1 ‘ ’ 1
    """

    _metadata = ["heading", "digits", "r_style"]
    heading: list[str] = []
    digits: int = 7
    r_style: Style = "data.frame"

    def __init__(
        self,
        data: Any = None,
        index: Any = None,
        columns: Any = None,
        dtype: Any = None,
        copy: bool | None = None,
        *,
        heading: Iterable[str] = (),
        digits: int = 7,
        style: Style = "data.frame",
    ):
        super().__init__(data, index=index, columns=columns, dtype=dtype, copy=copy)  # type: ignore[call-arg]
        object.__setattr__(self, "heading", list(heading))
        object.__setattr__(self, "digits", digits)
        object.__setattr__(self, "r_style", style)

    @property
    def _constructor(self) -> Callable[..., RTable]:
        return RTable

    def format_r(self, width: int = WIDTH) -> str:
        """The printed text: heading, table and, where there are stars, their legend."""
        return "\n".join([*self.heading, format_frame(self, self.r_style, self.digits, width)])

    def __repr__(self) -> str:
        return self.format_r()

    __str__ = __repr__

    def _body(self) -> tuple[list[str], list[list[str]], bool]:
        """Head row and body rows of cells, row names first where the style shows them; whether stars are present."""
        names, columns, starred = _cells(self, self.r_style, self.digits)
        if self.r_style != "lucid":
            names, columns = ["", *names], [row_labels(self.index), *columns]
        return names, [list(row) for row in zip(*columns, strict=True)], starred

    def _repr_html_(self) -> str:
        names, body, starred = self._body()
        first = "td" if self.r_style == "lucid" else "th"
        head = "".join(f"<th style='text-align:right'>{html.escape(n)}</th>" for n in names)
        rows = "".join(
            f"<tr><{first} style='text-align:left'>{html.escape(row[0].strip())}</{first}>"
            + "".join(f"<td style='text-align:right'>{html.escape(cell.strip())}</td>" for cell in row[1:])
            + "</tr>"
            for row in body
        )
        lines = "<br>".join(html.escape(line) for line in self.heading if line)
        caption = f"<caption style='text-align:left'>{lines}</caption>" if lines else ""
        legend = f"<tfoot><tr><td colspan='{len(names)}'>{html.escape(LEGEND)}</td></tr></tfoot>" if starred else ""
        return f"<table class='asreml'>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>{legend}</table>"

    def _tabulated(self, form: str) -> str:
        names, body, _ = self._body()
        align = ["left", *["right"] * (len(names) - 1)]
        body = [[cell.strip() for cell in row] for row in body]
        return tabulate(body, headers=names, tablefmt=form, colalign=align, disable_numparse=True)

    def to_markdown(self, *args: Any, **kwargs: Any) -> Any:
        """The table in Markdown with the printed digits; with arguments, as pandas' method of that name."""
        return super().to_markdown(*args, **kwargs) if args or kwargs else self._tabulated("pipe")

    def to_latex(self, *args: Any, **kwargs: Any) -> Any:
        """The table in LaTeX (booktabs) with the printed digits; with arguments, as pandas' method of that name."""
        return super().to_latex(*args, **kwargs) if args or kwargs else self._tabulated("latex_booktabs")
