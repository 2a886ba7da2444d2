"""Averaging: over the levels of a factor, over the cells that the data have, over factors nested in each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pyasreml.errors import AsremlError, warn
from pyasreml.fit.prediction_cells import Cells
from pyasreml.fit.prediction_sets import Sets, Variable, find_variable, name_list, split_product
from pyasreml.syntax import deparse
from pyasreml.syntax.nodes import Node

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Averaging:
    """Factors averaged over together. Which cells a prediction takes depends on its group.

    Attributes
    ----------
    kind : {"simple", "present", "associate"}
    factors : tuple of str
        All factors of the request, classifying ones among them.
    variables : tuple of str
        Those that are averaged over.
    group : int array (predictions,)
        -1 for a prediction without cells.
    start : int array (groups + 1,)
        Where each group's cells begin.
    codes : mapping of str to int array (cells,)
        By averaged variable.
    weight : float array (cells,)
    """

    kind: str
    factors: tuple[str, ...]
    variables: tuple[str, ...]
    group: IntArray
    start: IntArray
    codes: Mapping[str, IntArray]
    weight: FloatArray

    def totals(self) -> FloatArray:
        """Sum of the weights of each prediction, 0 without cells."""
        cumulated = np.concatenate([[0.0], np.cumsum(self.weight)])
        by_group = cumulated[self.start[1:]] - cumulated[self.start[:-1]]
        return np.where(self.group < 0, 0.0, np.append(by_group, 0.0)[self.group])


@dataclass(frozen=True)
class Requests:
    """What the user says about averaging.

    Attributes
    ----------
    average : mapping of str to float array, or None
        Weights by factor; None for equal ones.
    present : tuple of tuple of str
        Sets of factors of which only the combinations in the data count.
    prwts : float array or None
        Weights of the first set's table, its last factor fastest.
    associate : tuple of tuple of str
        Chains of nested factors.
    """

    average: Mapping[str, FloatArray | None]
    present: tuple[tuple[str, ...], ...]
    prwts: FloatArray | None
    associate: tuple[tuple[str, ...], ...]

    @property
    def forced(self) -> tuple[str, ...]:
        """All variables that are mentioned."""
        groups = (tuple(self.average), *self.present, *self.associate)
        return tuple(dict.fromkeys(name for names in groups for name in names))


def read_requests(variables: Mapping[str, Variable], average: Any, present: Any, associate: Any) -> Requests:
    """Arguments ``average``, ``present`` and ``associate`` in any of their forms.

    Raises
    ------
    AsremlError
        For unknown names, overlapping sets, weights that do not fit.
    """
    sets, prwts = _present_sets(present)
    found = tuple(tuple(find_variable(n, variables, "present") for n in names) for names in sets)
    chains = tuple(tuple(find_variable(n, variables, "associate") for n in names) for names in _chains(associate))
    for what, groups in (("present", found), ("associate", chains)):
        flat = [name for names in groups for name in names]
        if len(set(flat)) < len(flat):
            raise AsremlError(f"predict(): {what}: a factor may be in one set only")
        for name in flat:
            if not variables[name].is_factor:
                raise AsremlError(f"predict(): {what}: {name!r} is a covariate; factors are needed")
    if prwts is not None and len(found) != 1:
        raise AsremlError("predict(): present: prwts goes with one set of factors")
    return Requests(_average(average, variables), found, prwts, chains)


def _average(average: Any, variables: Mapping[str, Variable]) -> dict[str, FloatArray | None]:
    if average is None:
        return {}
    if not isinstance(average, Mapping):
        return {find_variable(name, variables, "average"): None for name in name_list(average)}
    found: dict[str, FloatArray | None] = {}
    for name, weights in average.items():
        key = find_variable(str(name), variables, "average")
        variable = variables[key]
        if not variable.is_factor:
            raise AsremlError(f"predict(): average: {name!r} is a covariate; hold it at a value by levels")
        found[key] = None if weights is None or np.size(weights) == 0 else _weights(weights, variable)
    return found


def _weights(weights: Any, variable: Variable) -> FloatArray:
    """Weights by level; given by name they may leave out levels, which then count nothing."""
    if hasattr(weights, "items"):
        by_name = {str(level): float(w) for level, w in weights.items()}
        unknown = [level for level in by_name if level not in variable.levels]
        if unknown:
            raise AsremlError(f"predict(): average: {variable.name!r} has no level {unknown[0]!r}")
        return np.array([by_name.get(level, 0.0) for level in variable.levels])
    values = np.asarray(weights, dtype=float).ravel()
    if not np.isfinite(values).all():
        raise AsremlError(f"predict(): average: a weight of {variable.name!r} is missing or infinite")
    return values


def _present_sets(present: Any) -> tuple[list[tuple[str, ...]], FloatArray | None]:
    if present is None:
        return [], None
    if isinstance(present, str):
        return [(present,)], None
    items: list[tuple[str, Any]]
    items = [(str(k), v) for k, v in present.items()] if isinstance(present, Mapping) else [("", v) for v in present]
    prwts = next((np.asarray(v, dtype=float).ravel() for k, v in items if k == "prwts"), None)
    rest = [v for k, v in items if k != "prwts"]
    if not rest:
        return [], None
    if all(isinstance(v, str) for v in rest):
        return [tuple(rest)], prwts
    sets = [name_list(v) for v in rest]
    if len(sets) > 2:
        raise AsremlError("predict(): present: at most two sets of factors")
    return sets, prwts


def _chains(associate: Any) -> list[tuple[str, ...]]:
    """``~ a:b + c:d`` as chains of names; a list of name vectors is taken too."""
    if associate is None:
        return []
    if isinstance(associate, Node) or not isinstance(associate, str | Sequence):
        associate = deparse(associate) if isinstance(associate, Node) else str(associate)
    if not isinstance(associate, str):
        items = list(associate)
        chains = [tuple(items)] if items and all(isinstance(v, str) for v in items) else [name_list(v) for v in items]
    else:
        text = associate.strip().removeprefix("~").strip()
        chains = [] if text in ("", "NULL") else [split_product(part) for part in text.split("+")]
    for chain in chains:
        if len(chain) < 2 or any(not name for name in chain):
            raise AsremlError("predict(): associate: two or more nested factors are needed, as in ~ region:location")
    if len(chains) > 2:
        raise AsremlError("predict(): associate: at most two sets of nested factors")
    return chains


def make_averagings(
    sets: Sets, cells: Cells, variables: Mapping[str, Variable], requests: Requests
) -> tuple[Averaging, ...]:
    """One `Averaging` for each set of factors averaged together; each other factor of the averaging set alone."""
    done: set[str] = set()
    found: list[Averaging] = []
    for chain in requests.associate:
        _check_nesting(chain, variables)
        found.append(_observed(chain, sets, cells, variables, "associate", None))
        done.update(chain)
    for names in requests.present:
        mine = tuple(n for n in names if n not in done)
        if mine:
            for name in mine:
                if requests.average.get(name) is not None:
                    raise AsremlError(f"predict(): {name!r} is in present and has weights in average; take one of them")
            found.append(_observed(mine, sets, cells, variables, "present", requests.prwts))
            done.update(mine)
    for name in sets.averaging:
        if name not in done and variables[name].is_factor:
            found.append(_simple(name, cells, variables[name], requests.average.get(name)))
    return tuple(found)


def _simple(name: str, cells: Cells, variable: Variable, weights: FloatArray | None) -> Averaging:
    codes = cells.averaged_levels.get(name, np.arange(len(variable.levels)))
    if weights is None:
        weight = np.full(codes.size, 1.0 / codes.size)
    elif weights.size == codes.size:
        weight = weights
    elif weights.size == len(variable.levels):
        weight = weights[codes]
    else:
        raise AsremlError(f"predict(): average: {weights.size} weights for the {codes.size} levels of {name!r}")
    if abs(weight.sum() - 1) > 1e-4:
        warn(f"predict(): the weights of {name} sum to {weight.sum():g}; they are used as given", stacklevel=6)
    return Averaging(
        "simple",
        (name,),
        (name,),
        np.zeros(cells.size, dtype=np.int64),
        np.array([0, codes.size]),
        {name: codes.astype(np.int64)},
        weight,
    )


def _observed(
    names: tuple[str, ...],
    sets: Sets,
    cells: Cells,
    variables: Mapping[str, Variable],
    kind: str,
    prwts: FloatArray | None,
) -> Averaging:
    """Equal weights for the combinations of `names` in the data that a prediction's own levels leave."""
    shape = [len(variables[n].levels) for n in names]
    table = np.stack([variables[n].values.astype(np.int64) for n in names], axis=1)
    table = np.unique(table[(table >= 0).all(axis=1)], axis=0)
    for k, name in enumerate(names):
        if name in cells.averaged_levels:
            table = table[np.isin(table[:, k], cells.averaged_levels[name])]
    fixed = [k for k, n in enumerate(names) if n in sets.classify]
    free = [k for k, n in enumerate(names) if n not in sets.classify]
    key = _key(table[:, fixed], [shape[k] for k in fixed])
    order = np.argsort(key, kind="stable")
    table, key = table[order], key[order]
    groups, start, count = np.unique(key, return_index=True, return_counts=True)
    weight = np.repeat(1.0 / count, count)
    if prwts is not None:
        if prwts.size != int(np.prod(shape)):
            raise AsremlError(f"predict(): present: {prwts.size} prwts for a table of {int(np.prod(shape))} cells")
        weight = prwts[_key(table, shape)]
    asked = [cells.values[names[k]] for k in fixed]
    mine = _key(np.stack(asked, axis=1), [shape[k] for k in fixed]) if asked else np.zeros(cells.size, np.int64)
    place = np.searchsorted(groups, mine)
    there = (place < groups.size) & (groups[np.minimum(place, groups.size - 1)] == mine) if groups.size else mine < 0
    return Averaging(
        kind,
        names,
        tuple(names[k] for k in free),
        np.where(there, place, -1),
        np.append(start, table.shape[0]),
        {names[k]: table[:, k] for k in free},
        weight,
    )


def _key(codes: IntArray, shape: Sequence[int]) -> IntArray:
    """One number a row of codes, the last column fastest."""
    key = np.zeros(codes.shape[0], dtype=np.int64)
    for k, size in enumerate(shape):
        key = key * size + codes[:, k]
    return key


def _check_nesting(chain: Sequence[str], variables: Mapping[str, Variable]) -> None:
    """Each level of a factor belongs to one level of the factor before it in the chain."""
    for outer, inner in zip(chain[:-1], chain[1:], strict=True):
        pairs = np.stack([variables[inner].values, variables[outer].values], axis=1)
        pairs = np.unique(pairs[(pairs >= 0).all(axis=1)], axis=0)
        level, count = np.unique(pairs[:, 0], return_counts=True)
        if (count > 1).any():
            name = variables[inner].levels[int(level[np.argmax(count > 1)])]
            raise AsremlError(
                f"predict(): associate: level {name!r} of {inner!r} is in several levels of {outer!r}; the factors of "
                "an association are nested, the outer one first"
            )
