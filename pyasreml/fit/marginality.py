"""Which fixed terms are marginal to which: the maximal conditional model of every term, and its letter.

A term is never adjusted for a term that contains it, be that by name (``A`` in ``A:B``) or only in the data (regions
coded apart from the sites within them). The conditional test of a term drops it from the model of all terms that do not
contain it (ASReml User Guide, section on incremental and conditional Wald statistics; Nelder 1977, JRSS A 140:48).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyasreml.bind.bound import BoundTerm
from pyasreml.bind.coding import Columns
from pyasreml.design import term_block

__all__ = ["Margin", "margins"]

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Margin:
    """Place of one term in the marginality order.

    Attributes
    ----------
    letter : str
        Order of the term: ``A`` for a main effect, ``B`` for an interaction of two …; lower case where the term lies
        within another in the data only; "" for the term that stands for the mean.
    above : tuple of int
        Terms that contain it, by position: its test is not adjusted for them.
    """

    letter: str
    above: tuple[int, ...]


def margins(
    terms: Sequence[BoundTerm], ranks: Sequence[int], columns: Columns, observed: npt.NDArray[np.bool_]
) -> tuple[Margin, ...]:
    """Marginality of fixed terms.

    Parameters
    ----------
    terms : sequence of BoundTerm
        In the order of the model.
    ranks : sequence of int
        Estimable effects of each; a term without any is marginal to none and contains none.
    columns : mapping of str to array (n,)
        The frame's codes and values.
    observed : bool array (n,)
        Records with a response.
    """
    live = [i for i, rank in enumerate(ranks) if rank > 0]
    cells = {i: _cells(terms[i], columns, observed) for i in live}
    out = []
    for i, term in enumerate(terms):
        if i not in live:
            out.append(Margin(_letter(term, i), ()))
            continue
        if _is_mean(term):
            above = tuple(j for j in live if j != i and not _is_covariate(terms[j]))
            out.append(Margin("", above))
            continue
        others = [j for j in live if j != i and not _is_mean(terms[j])]
        named = {j for j in others if _contains(terms[j], term)}
        hidden = {j for j in others if j not in named and _nested(cells[i], cells[j])}
        letter = _letter(term, i)
        out.append(Margin(letter.lower() if hidden else letter, tuple(sorted(named | hidden))))
    return tuple(out)


def _is_mean(term: BoundTerm) -> bool:
    return all(c.kind == "intercept" for c in term.codings)


def _is_covariate(term: BoundTerm) -> bool:
    return all(c.kind in ("covariate", "basis") for c in term.codings)


def _letter(term: BoundTerm, position: int) -> str:
    """The term's order as a letter; the first term of a model stands for the mean and has none."""
    return "" if position == 0 else chr(ord("A") + min(len(term.codings), 26) - 1)


def _contains(outer: BoundTerm, inner: BoundTerm) -> bool:
    """True where the variables of `inner` are some of those of `outer`; ``at(f, level)`` holds ``f`` too."""
    mine = {c.label for c in inner.codings}
    its = {c.label for c in outer.codings}
    its |= {v for c in outer.codings if c.kind == "condition" for v in c.variables}
    return mine < its


@dataclass(frozen=True)
class _Cells:
    """A term's design as one entry a record: its column (-1 for none) and its value.

    `plain` is True where all values are 1.
    """

    column: IntArray
    value: FloatArray
    plain: bool


def _cells(term: BoundTerm, columns: Columns, observed: npt.NDArray[np.bool_]) -> _Cells | None:
    """The entries over the observed records; None where a record may have several."""
    n = observed.size
    if any(c.single(columns, n) is None for c in term.codings):
        return None
    block = term_block(term.codings, columns, n)
    counts = np.diff(block.indptr)
    column, value = np.full(n, -1, np.int64), np.zeros(n)
    column[counts > 0], value[counts > 0] = block.indices, block.data
    return _Cells(column[observed], value[observed], bool((value[column >= 0] == 1).all()))


def _nested(inner: _Cells | None, outer: _Cells | None) -> bool:
    """True where every cell of `outer` meets one row of `inner` only: the space of `inner` lies within `outer`."""
    if inner is None or outer is None or not outer.plain or (outer.column < 0).any():
        return False
    pairs = np.unique(np.stack([outer.column.astype(float), inner.column.astype(float), inner.value]), axis=1)
    return bool(pairs.shape[1] == np.unique(outer.column).size)
