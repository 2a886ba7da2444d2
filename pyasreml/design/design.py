"""The design of a bound model: its fixed columns after aliasing and one block a random term."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyasreml.bind.blocks import side_by_side, term_block
from pyasreml.bind.bound import BoundModel, BoundTerm
from pyasreml.design.blocks import select_columns
from pyasreml.errors import ModelError
from pyasreml.linalg import Csr, aliased

__all__ = ["Design", "FixedColumns", "build"]


@dataclass(frozen=True)
class FixedColumns:
    """Which columns of a fixed or sparse term are kept.

    Attributes
    ----------
    label : str
    part : {"fixed", "sparse"}
    width : int
        Number of effects.
    kept : bool array (width,)
        False: aliased with earlier columns, its effect is 0.
    first : int
        Column of the design's X at which the term's kept columns start.
    rank : int
        Number of kept columns: the term's degrees of freedom.
    """

    label: str
    part: str
    width: int
    kept: npt.NDArray[np.bool_]
    first: int
    rank: int


@dataclass(frozen=True)
class Design:
    """Sparse blocks of a model over the rows of its frame (records with a missing response included).

    Attributes
    ----------
    X : Csr (n, p)
        Kept columns: fixed terms in order, then sparse ones.
    Z : tuple of Csr (n, q)
        One a random term.
    fixed_terms : tuple of FixedColumns
        One a fixed or sparse term, in the order of X.
    """

    X: Csr
    Z: tuple[Csr, ...]
    fixed_terms: tuple[FixedColumns, ...]

    @property
    def rank(self) -> int:
        """Rank of the fixed and sparse part."""
        return self.X.n_cols

    @property
    def aliased(self) -> int:
        """Number of fixed and sparse effects that are aliased (``nsing``)."""
        return sum(term.width - term.rank for term in self.fixed_terms)


def build(bound: BoundModel) -> Design:
    """Make the design of a bound model.

    Aliasing follows asreml (spec/kernel.md 4.4): terms in order, levels within a term from the last to the first; a
    column that depends on those already taken, over records with an observed response, is dropped.

    Raises
    ------
    ModelError
        If no fixed effect can be estimated or no degree of freedom is left.

    Examples
    --------
    >>> from pyasreml.bind import bind
    >>> from pyasreml.model import model_spec
    >>> data = {"y": [3.0, 5.0, 4.0, 8.0], "a": ["u", "v", "u", "v"]}
    >>> design = build(bind(model_spec("y ~ a"), data))
    >>> [(term.label, term.kept.tolist()) for term in design.fixed_terms]
    [('(Intercept)', [True]), ('a', [False, True])]
    """
    n = len(bound.frame)
    columns = bound.frame.arrays
    terms: tuple[BoundTerm, ...] = (*bound.fixed, *bound.sparse)
    blocks = [term_block(term.codings, columns, n) for term in terms]
    full = side_by_side(blocks, n)
    observed = ~np.isnan(bound.y)
    order = np.concatenate([np.arange(stop - 1, start - 1, -1) for start, stop in _ranges(blocks)])
    kept = ~aliased(full if observed.all() else _observed_rows(full, observed), order)
    x = select_columns(full, kept)
    left = int(np.count_nonzero(observed)) - x.n_cols
    if x.n_cols == 0:
        raise ModelError("no fixed effect can be estimated: every column of the fixed terms is zero")
    if left <= 0:
        raise ModelError(
            f"the fixed terms take {x.n_cols} degrees of freedom of {x.n_cols + left} observed records; none is left "
            "for the variances"
        )
    fixed_terms = []
    first = 0
    for term, (start, stop) in zip(terms, _ranges(blocks), strict=True):
        mine = kept[start:stop]
        rank = int(np.count_nonzero(mine))
        fixed_terms.append(FixedColumns(term.label, term.part, stop - start, mine, first, rank))
        first += rank
    random = tuple(term_block(term.codings, columns, n) for term in bound.random)
    return Design(x, random, tuple(fixed_terms))


def _ranges(blocks: list[Csr]) -> list[tuple[int, int]]:
    ends = np.cumsum([0, *(block.n_cols for block in blocks)]).tolist()
    return list(zip(ends[:-1], ends[1:], strict=True))


def _observed_rows(block: Csr, observed: npt.NDArray[np.bool_]) -> Csr:
    """The block at the rows marked."""
    counts = np.diff(block.indptr)
    stay = np.repeat(observed, counts)
    indptr = np.zeros(int(np.count_nonzero(observed)) + 1, dtype=np.int64)
    np.cumsum(counts[observed], out=indptr[1:])
    return Csr(len(indptr) - 1, block.n_cols, indptr, block.indices[stay], block.data[stay])
