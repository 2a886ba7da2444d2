"""Cells laid out as R's matrix printer does: row labels to the left, blocks of columns within the line width."""

from __future__ import annotations

from collections.abc import Sequence

from pyasreml.rprint.numbers import display_width, pad

__all__ = ["WIDTH", "grid"]

WIDTH = 80
"""R's ``options(width = 80)``."""


def grid(
    columns: Sequence[Sequence[str]],
    names: Sequence[str] | None,
    labels: Sequence[str] | None,
    *,
    left: bool = False,
    width: int = WIDTH,
) -> list[str]:
    """Lines of a table.

    Parameters
    ----------
    columns : sequence of columns of cells
    names : column names, or None for ``[,1] [,2] …``
    labels : row names, or None for ``[1,] [2,] …``; always left aligned
    left : bool
        Columns and their names left aligned (a quoted character matrix) instead of right aligned.
    width : int
        Line width; columns that do not fit go to a further block under it.
    """
    rows = len(columns[0]) if columns else len(labels or ())
    heads = [f"[,{j + 1}]" for j in range(len(columns))] if names is None else list(names)
    if labels is None:
        numbers = pad([f"[{i + 1},]" for i in range(rows)])
        stub = pad(["", *numbers], left=True)
    else:
        stub = pad(["", *labels], left=True)
    blocks = [pad([head, *cells], left=left) for head, cells in zip(heads, columns, strict=True)]
    if not blocks:
        return stub
    lines: list[str] = []
    start = 0
    while start < len(blocks):
        used = display_width(stub[0])
        end = start
        while end == start or (end < len(blocks) and used + display_width(blocks[end][0]) + 1 < width):
            used += display_width(blocks[end][0]) + 1
            end += 1
        lines += [" ".join(parts) for parts in zip(stub, *blocks[start:end], strict=True)]
        start = end
    return lines
