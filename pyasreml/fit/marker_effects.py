r"""Marker effects behind the effects of ``vm(id, K)``, where K was made of markers: ``mef``.

With :math:`u = Ma`, :math:`a \sim N(0, \gamma\Sigma\otimes I/s)` and :math:`K = MM'/s` the two models are one, and

.. math::

    \hat a = \operatorname{cov}(a, u)\operatorname{var}(u)^{-1}\hat u = \tfrac1s M'K^{-1}\hat u

for every level of the term's other factors (Strandén & Garrick 2009, J. Dairy Sci. 92:2971).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from pyasreml.bind.basis import CompoundCoding
from pyasreml.bind.bound import BoundModel, BoundTerm
from pyasreml.data.relationship import DenseKnown, Known
from pyasreml.errors import ModelError, warn

__all__ = ["MarkerTable", "check_markers", "marker_effects"]

FloatArray = npt.NDArray[np.float64]

PROBES = 4
EXACT = 1e-6
"""Relative difference between MM'/s and K, as random vectors show it, below which K is of the markers alone."""
BLENDED = 0.5
"""Above this K is not of these markers at all."""
SHOWN = 5


@dataclass(frozen=True, eq=False)
class MarkerTable:
    """Markers of the rows of a known matrix.

    Attributes
    ----------
    markers : tuple of str (m,)
    coded : float array (n, m)
        M with :math:`MM'/s` nearest to K: the counts, centred, or centred and scaled.
    per_count : float array (m,)
        By what effects of `coded` are multiplied to be those of a count.
    scale : float
        s.
    known : Known
    """

    markers: tuple[str, ...]
    coded: FloatArray
    per_count: FloatArray
    scale: float
    known: Known


def check_markers(mef: Mapping[str, Any], bound: BoundModel) -> dict[str, MarkerTable]:
    """Read ``mef = {"K": markers}``: for sources of ``vm()`` in the model the markers of which they were made.

    Parameters
    ----------
    mef : mapping
        By the name of the source a data frame, individuals in rows with the names of the source's rows as index.
    bound : BoundModel

    Raises
    ------
    ModelError
        A source that no ``vm()`` has, individuals without markers, a matrix that is not of these markers.

    Warns
    -----
    AsremlWarning
        Where the matrix is blended with another: effects are then those of the markers' share.
    """
    sources = {name: known for _, _, name, known in _terms(bound)}
    out = {}
    for name, given in mef.items():
        if name not in sources:
            there = ", ".join(sources) or "none"
            raise ModelError(f"mef: no term vm(…, {name}) is in the model; sources in it: {there}")
        out[name] = given if isinstance(given, MarkerTable) else _table(name, given, sources[name])
    return out


def _terms(bound: BoundModel) -> Iterator[tuple[int, int, str, Known]]:
    """Random terms with a ``vm()``: number, place of its factor, name of the source, the matrix."""
    for t, term in enumerate(bound.random):
        for j, call in enumerate(term.structures):
            if call.name == "vm":
                yield t, j, str(call.options["source"]), call.options["known"]


def _table(name: str, given: Any, known: Known) -> MarkerTable:
    if known.groups:
        raise ModelError(f"mef: {name} has genetic groups, so it is a pedigree's and not made of markers")
    if not isinstance(given, pd.DataFrame) or isinstance(given.index, pd.RangeIndex):
        raise ModelError(f"mef: the markers of {name} are a data frame with the individuals' names as index")
    try:
        counts = given.to_numpy(dtype=np.float64)
    except (TypeError, ValueError):
        raise ModelError(f"mef: the markers of {name} hold something that is no number") from None
    rows = {str(row): i for i, row in enumerate(given.index)}
    if len(rows) < len(given.index):
        twice = given.index[given.index.duplicated()][0]
        raise ModelError(f"mef: the markers of {name} have two rows for {twice!r}")
    absent = [row for row in known.names if row not in rows]
    if absent:
        shown = ", ".join(map(repr, absent[:SHOWN])) + (" …" if len(absent) > SHOWN else "")
        raise ModelError(f"mef: {len(absent)} of the {len(known)} rows of {name} have no markers: {shown}")
    if not np.isfinite(counts).any(axis=0).all():
        raise ModelError(f"mef: the marker {given.columns[~np.isfinite(counts).any(axis=0)][0]!r} is never seen")
    mean = np.nanmean(np.where(np.isfinite(counts), counts, np.nan), axis=0)
    whole = np.where(np.isfinite(counts), counts, mean)[[rows[row] for row in known.names]]
    best: MarkerTable | None = None
    far = np.inf
    for coded, per_count in _codings(whole, mean):
        scale, difference = _proportion(coded, known)
        if difference < far:
            far = difference
            best = MarkerTable(tuple(map(str, given.columns)), coded, per_count, scale, known)
    if best is None or far > BLENDED:
        raise ModelError(
            f"mef: {name} is not made of these markers: as they are, centred, or centred and scaled, their products "
            f"differ from it by {100 * min(far, 9.99):.0f} %"
        )
    if far > EXACT:
        warn(
            f"mef: {name} differs by {100 * far:.2g} % from what the markers give; effects are those of the markers' "
            "share of it",
            stacklevel=5,
        )
    return best


def _codings(counts: FloatArray, mean: FloatArray) -> Iterator[tuple[FloatArray, FloatArray]]:
    """M of the ways in which relationship matrices are made, each with what makes its effects those of a count."""
    one = np.ones(mean.size)
    yield counts, one
    yield counts - mean, one
    variance = mean * (1 - mean / 2)
    if (variance >= 0).all() and (variance > 0).any():
        root = np.where(variance > 0, 1 / np.sqrt(np.where(variance > 0, variance, 1.0)), 0.0)
        yield (counts - mean) * root, root


def _proportion(coded: FloatArray, known: Known) -> tuple[float, float]:
    """The s of MM' = sK by least squares over random vectors z, and how far MM'z is from sKz."""
    rng = np.random.default_rng(1)
    z = rng.normal(size=(len(known), PROBES))
    product = coded @ (coded.T @ z)
    image = known.relationship @ z if isinstance(known, DenseKnown) else splu(_inverse(known).tocsc()).solve(z)
    scale = float((product * image).sum() / (image**2).sum())
    size = float(np.sqrt((product**2).sum()))
    return scale, float(np.sqrt(((product - scale * image) ** 2).sum())) / size if size and scale > 0 else np.inf


def _inverse(known: Known) -> Any:
    """K⁻¹, (n, n), sparse or dense as it is."""
    if isinstance(known, DenseKnown):
        return known.inverse
    n, off = len(known), known.row != known.col
    row, col = np.concatenate([known.row, known.col[off]]), np.concatenate([known.col, known.row[off]])
    return sp.csr_array((np.concatenate([known.value, known.value[off]]), (row, col)), shape=(n, n))


def marker_effects(fit: Any, tables: Mapping[str, MarkerTable]) -> dict[str, pd.DataFrame]:
    """Effects of the markers by term, each a frame with one column ``effect``.

    Rows are named by markers; in a product by the levels of its other factors too, ``site_A:m1``.
    """
    bound: BoundModel = fit.engine.bound
    effects = fit.coefficients.random["effect"]
    starts = np.concatenate([[0], np.cumsum([n for _, n in fit.term_of_effect("random")])])
    out = {}
    for t, place, name, known in _terms(bound):
        if name not in tables:
            continue
        mine = effects.iloc[starts[t] : starts[t + 1]]
        out[bound.random[t].label] = _of_term(bound.random[t], place, mine, tables[name], known)
    return out


def _of_term(
    term: BoundTerm, place: int, effects: pd.Series[float], table: MarkerTable, known: Known
) -> pd.DataFrame:
    after = int(np.prod([call.size for call in term.structures[place + 1 :]], dtype=np.int64))
    if any(call.name in ("fa", "rr") for call in term.structures[place + 1 :]):
        raise ModelError(f"mef: in {term.label} the known matrix must stand after the factor analytic one")
    cube = effects.to_numpy().reshape(-1, len(known), after)
    before = cube.shape[0]
    flat = np.moveaxis(cube, 1, 0).reshape(len(known), -1)
    solved = table.coded.T @ (_inverse(known) @ flat) * (table.per_count / table.scale)[:, None]
    values = np.moveaxis(solved.reshape(-1, before, after), 0, 1).ravel()
    # the name of an effect with that of the marker in place of the individual's
    codings = [coding for coding in term.codings if coding.kind != "condition"]
    own = None if isinstance(codings[0], CompoundCoding) else codings[place].names[0]
    labels = effects.index.to_numpy().reshape(before, len(known), after)[:, 0, :]
    names = [
        _named(str(labels[i, j]), own, known.names[0], marker)
        for i in range(before)
        for marker in table.markers
        for j in range(after)
    ]
    return pd.DataFrame({"effect": values}, index=pd.Index(names))


def _named(label: str, own: str | None, first: str, marker: str) -> str:
    """The `label` of the first individual's effect with `marker` for its part `own`; in ``str()`` after the block."""
    if own is None:
        return f"{label.replace('_' + first, '', 1)}:{marker}"
    at = label.index(own)
    parts = (label[:at].rstrip(":"), marker, label[at + len(own) :].lstrip(":"))
    return ":".join(part for part in parts if part)
