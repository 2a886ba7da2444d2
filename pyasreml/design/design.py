"""The design of a bound model: its fixed columns after aliasing and one block a random term."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyasreml.bind.blocks import side_by_side, term_block
from pyasreml.bind.bound import BoundModel, BoundTerm
from pyasreml.design.blocks import select_columns
from pyasreml.design.flat import FlatEffects, flat_columns, flat_space
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
    flat : tuple of FlatEffects or None
        One a random term: its fixed effects, genetic groups, where it has some.
    """

    X: Csr
    Z: tuple[Csr, ...]
    fixed_terms: tuple[FixedColumns, ...]
    flat: tuple[FlatEffects | None, ...]

    @property
    def rank(self) -> int:
        """Rank of the fixed and sparse part."""
        return self.X.n_cols

    @property
    def aliased(self) -> int:
        """Number of fixed and sparse effects and genetic groups that are aliased (``nsing``)."""
        return sum(term.width - term.rank for term in self.fixed_terms) + sum(f.dropped.size for f in self.flat if f)


def build(bound: BoundModel) -> Design:
    """Make the design of a bound model.

    Aliasing follows asreml (spec/kernel.md 4.4): terms in order, levels within a term from the last to the first; a
    column that depends on those already taken, over records with an observed response, is dropped. Genetic groups in
    random terms come after all fixed terms.

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
    random = tuple(term_block(term.codings, columns, n) for term in bound.random)
    spaces = [flat_space(term) for term in bound.random]
    groups = [flat_columns(z, found[0]) for z, found in zip(random, spaces, strict=True) if found is not None]
    full = side_by_side([*blocks, *groups], n)
    observed = ~np.isnan(bound.y)
    ranges = _ranges([*blocks, *groups])
    order = np.concatenate([np.arange(stop - 1, start - 1, -1) for start, stop in ranges])
    kept = ~aliased(full if observed.all() else _observed_rows(full, observed), order)
    p = ranges[len(blocks) - 1][1]
    x = select_columns(full if not groups else side_by_side(blocks, n), kept[:p])
    left = int(np.count_nonzero(observed)) - int(np.count_nonzero(kept))
    if x.n_cols == 0:
        raise ModelError("no fixed effect can be estimated: every column of the fixed terms is zero")
    if left <= 0:
        taken = int(np.count_nonzero(kept))
        raise ModelError(
            f"the fixed terms{' and genetic groups' if groups else ''} take {taken} degrees of freedom of "
            f"{taken + left} observed records; none is left for the variances"
        )
    fixed_terms = []
    first = 0
    for term, (start, stop) in zip(terms, ranges[: len(blocks)], strict=True):
        mine = kept[start:stop]
        rank = int(np.count_nonzero(mine))
        fixed_terms.append(FixedColumns(term.label, term.part, stop - start, mine, first, rank))
        first += rank
    own = iter(ranges[len(blocks) :])
    flat = tuple(f if f is None else FlatEffects(*f, kept[slice(*next(own))]) for f in spaces)
    return Design(x, random, tuple(fixed_terms), flat)


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
