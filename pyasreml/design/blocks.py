"""Effect names of a term, and columns picked from a block."""

from __future__ import annotations

import itertools

import numpy as np

from pyasreml.bind.bound import BoundTerm
from pyasreml.linalg import Csr

__all__ = ["effect_names", "select_columns"]


def effect_names(term: BoundTerm) -> list[str]:
    """Names of a term's effects in order, the last factor fastest: ``A_a:B_b``."""
    if len(term.codings) == 1:
        return list(term.codings[0].names)
    return [":".join(parts) for parts in itertools.product(*(coding.names for coding in term.codings))]


def select_columns(block: Csr, kept: np.ndarray) -> Csr:
    """The columns marked in `kept`, a logical array (n_cols,)."""
    if kept.all():
        return block
    number = np.cumsum(kept, dtype=np.int32) - 1
    stay = kept[block.indices]
    below = np.zeros(len(stay) + 1, dtype=np.int64)
    np.cumsum(stay, out=below[1:])
    return Csr.unchecked(
        block.n_rows, int(np.count_nonzero(kept)), below[block.indptr], number[block.indices[stay]], block.data[stay]
    )
