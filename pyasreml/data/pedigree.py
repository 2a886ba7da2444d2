"""Reading pedigrees: individuals and parents by number, parents first, impossible ones refused by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import narwhals.stable.v1 as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from pyasreml.data.column import number_text
from pyasreml.errors import DataError
from pyasreml.linalg.pedigree import parents_first

__all__ = ["Pedigree", "levels_of_selfing", "read_pedigree", "sexes"]

IntArray = npt.NDArray[np.int32]
ObjectArray = npt.NDArray[np.object_]
SHOWN = 5


@dataclass(frozen=True, eq=False)
class Pedigree:
    """Individuals, parents before progeny: genetic groups, parents without a row, the rows of the table.

    Attributes
    ----------
    names : object array (n,)
    first, second : int array (n,)
        Numbers of the parents, -1 where unknown.
    groups : int
        So many of the first individuals are genetic groups.
    row : int array (n,)
        Row of the table (from 0), -1 for parents without one.
    columns : mapping of str to Series
        Further columns by row of the table.
    """

    names: ObjectArray
    first: IntArray
    second: IntArray
    groups: int
    row: IntArray
    columns: Mapping[str, pd.Series[Any]] = field(default_factory=dict)


def read_pedigree(
    data: Any, missing: Sequence[str], groups: int = 0, sort: bool = False, further: Sequence[str] = ()
) -> Pedigree:
    """Check a table of individuals, male and female parents.

    Parameters
    ----------
    data : frame or dict of columns
    missing : sequence of str
        Names that stand for an unknown parent.
    groups : int
        Number of rows, the first ones, that are genetic groups.
    sort : bool
        Put parents first instead of refusing a table that does not have them so.
    further : sequence of str
        Other columns to keep.

    Raises
    ------
    DataError
        With the names of the individuals.
    """
    table = _frame(data)
    if table.shape[1] < 3:
        raise DataError("pedigree: three columns are needed, the individual, its male and its female parent")
    if not len(table):
        raise DataError("pedigree: there are no rows")
    for name in further:
        if name not in table.columns:
            raise DataError(f"pedigree: there is no column {name!r}; it has {', '.join(map(str, table.columns))}")
    n = len(table)
    texts = [_text(table.iloc[:, j]) for j in range(3)]
    codes, found = pd.factorize(np.concatenate(texts), use_na_sentinel=True)
    unknown = np.isin(np.asarray(found, dtype=object), np.array(missing, dtype=object))
    codes = np.where((codes >= 0) & ~np.append(unknown, True)[codes], codes, -1)
    own, male, female = codes[:n], codes[n : 2 * n], codes[2 * n :]
    if (own < 0).any():
        raise DataError(f"pedigree: row {int(np.flatnonzero(own < 0)[0]) + 1} has no individual")
    row_of = np.full(len(found), -1, dtype=np.int64)
    row_of[own[::-1]] = np.arange(n)[::-1]
    twice = np.flatnonzero(row_of[own] != np.arange(n))
    if twice.size:
        r = int(twice[0])
        raise DataError(
            f"pedigree: {found[own[r]]!r} is in rows {int(row_of[own[r]]) + 1} and {r + 1}"
            f"{_and_more(twice.size)}; every individual has one row: drop_duplicates(), or correct the ids"
        )
    itself = np.flatnonzero((own == male) | (own == female))
    if itself.size:
        raise DataError(
            f"pedigree: {_names(found, own[itself])} "
            f"{'is its own parent' if itself.size == 1 else 'are their own parents'} (row {int(itself[0]) + 1})"
        )
    _check_groups(groups, n, own, male, female, row_of, found)
    parents = np.stack([male, female], axis=1).ravel()
    implicit = pd.unique(parents[(parents >= 0) & (row_of[np.maximum(parents, 0)] < 0)])
    order = np.concatenate([own[:groups], implicit, own[groups:]])
    place = np.full(len(found) + 1, -1, dtype=np.int64)
    place[order] = np.arange(len(order))
    none = np.full(len(implicit), -1, dtype=np.int64)
    first = np.concatenate([male[:groups], none, male[groups:]])
    second = np.concatenate([female[:groups], none, female[groups:]])
    one, two = place[first].astype(np.int32), place[second].astype(np.int32)
    by_age, loop = parents_first(one, two)
    if loop:
        chain = " → ".join(repr(found[order[i]]) for i in [*loop[:SHOWN], *loop[:1]])
        raise DataError(f"pedigree: a loop, each a parent of the next: {chain}")
    names = np.asarray(found, dtype=object)[order]
    row = np.concatenate([np.arange(groups), none, np.arange(groups, n)])
    if (by_age != np.arange(len(order))).any():
        if not sort:
            late = np.flatnonzero((one > np.arange(len(order))) | (two > np.arange(len(order))))
            child = int(late[0])
            parent = int(one[child] if one[child] > child else two[child])
            raise DataError(
                f"pedigree: {names[parent]!r} is a parent of {names[child]!r} (row {int(row[child]) + 1}) and has its "
                f"own row after it (row {int(row[parent]) + 1}){_and_more(late.size)}; psort = TRUE puts parents first"
            )
        moved = np.empty(len(order) + 1, dtype=np.int32)
        moved[by_age], moved[-1] = np.arange(len(order)), -1
        names, row, one, two = names[by_age], row[by_age], moved[one[by_age]], moved[two[by_age]]
    kept = {name: table[name].reset_index(drop=True) for name in further}
    return Pedigree(names, one, two, groups, row.astype(np.int32), kept)


def levels_of_selfing(ped: Pedigree, column: str, implicit: float) -> npt.NDArray[np.float64]:
    """What is left of 1 - F after an individual's generations of selfing: (n,), from column ``fgen``."""
    values = pd.to_numeric(ped.columns[column], errors="coerce").to_numpy(dtype=np.float64)
    given = np.append(values, np.nan)[ped.row]
    there = ped.row >= 0
    level = np.where(np.isnan(given), 0.0, given)
    founder = (ped.first < ped.groups) & (ped.second < ped.groups)
    fraction = (level > 0) & (level < 1)
    wrong = there & ((level < 0) | (fraction & ~founder) | (~fraction & (level != np.rint(level))))
    if wrong.any():
        i = int(np.flatnonzero(wrong)[0])
        raise DataError(
            f"pedigree: {column} of {ped.names[i]!r} is {level[i]:g}; it is the number of generations of selfing, or, "
            "of an individual without parents, its inbreeding between 0 and 1"
        )
    left = np.where(fraction, 1 - level, 0.5**level)
    return np.where(there, left, 1 - implicit)


def sexes(ped: Pedigree, column: str) -> npt.NDArray[np.bool_]:
    """Which individuals are male: (n,). Parents without a row are of the sex in which they are a parent."""
    given = ped.columns[column]
    series = pd.Series(_text(given))
    if isinstance(given.dtype, pd.CategoricalDtype):
        levels = _text(given.cat.remove_unused_categories().cat.categories.to_series()).tolist()
    elif pd.api.types.is_numeric_dtype(given.dtype):
        levels = number_text(np.unique(given.dropna().to_numpy(dtype=np.float64)))
    else:
        levels = sorted(series.dropna().unique())
    if len(levels) != 2:
        raise DataError(
            f"pedigree: {column} has {len(levels)} levels ({', '.join(map(repr, levels[:SHOWN]))}); it needs two"
        )
    if series.isna().any():
        raise DataError(f"pedigree: {column} is missing in row {int(np.flatnonzero(series.isna())[0]) + 1}")
    male_row = np.append(series.to_numpy() == levels[0], False)
    male = male_row[ped.row]
    absent = ped.row < 0
    as_male, as_female = np.zeros(len(ped.names), dtype=bool), np.zeros(len(ped.names), dtype=bool)
    as_male[ped.first[ped.first >= 0]] = True
    as_female[ped.second[ped.second >= 0]] = True
    male = np.where(absent, as_male, male)
    wrong = np.flatnonzero((as_male & ~male) | (as_female & male))
    if wrong.size:
        i = int(wrong[0])
        what = (
            "a male and a female parent"
            if as_male[i] and as_female[i]
            else (f"a {'male' if as_male[i] else 'female'} parent, but its {column} says otherwise")
        )
        raise DataError(f"pedigree: {ped.names[i]!r} is {what}{_and_more(wrong.size)}")
    return male


def _check_groups(
    groups: int,
    n: int,
    own: npt.NDArray[Any],
    male: npt.NDArray[Any],
    female: npt.NDArray[Any],
    row_of: npt.NDArray[np.int64],
    found: Any,
) -> None:
    if groups < 0 or groups >= max(n, 1):
        raise DataError(f"pedigree: groups = {groups}, but it has {n} rows")
    if groups == 0:
        return
    with_parents = np.flatnonzero((male[:groups] >= 0) | (female[:groups] >= 0))
    if with_parents.size:
        r = int(with_parents[0])
        raise DataError(
            f"pedigree: {found[own[r]]!r} is a genetic group (row {r + 1} of {groups}) and cannot have parents"
        )
    rest = np.arange(groups, n)
    lacking = rest[(male[groups:] < 0) | (female[groups:] < 0)]
    if lacking.size:
        r = int(lacking[0])
        raise DataError(
            f"pedigree: {found[own[r]]!r} (row {r + 1}) has an unknown parent{_and_more(lacking.size)}; with groups "
            "every unknown parent is a genetic group"
        )
    parents = np.concatenate([male[groups:], female[groups:]])
    rowless = parents[row_of[parents] < 0]
    if rowless.size:
        raise DataError(f"pedigree: the parent {found[rowless[0]]!r} has no row of its own, which groups need")


def _frame(data: Any) -> pd.DataFrame:
    if isinstance(data, pd.DataFrame):
        return data
    if isinstance(data, Mapping):
        return pd.DataFrame(dict(data))
    try:
        return nw.from_native(data, eager_only=True).to_pandas()
    except TypeError:
        raise DataError(f"pedigree: a data frame is needed, not {type(data).__name__!r}") from None


def _text(column: pd.Series[Any]) -> ObjectArray:
    """Names as text, None where missing; whole numbers without a point."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    there = column.notna().to_numpy()
    out = np.full(len(column), None, dtype=object)
    if pd.api.types.is_integer_dtype(column.dtype):
        out[there] = column[there].astype(str).to_numpy(dtype=object)
    elif pd.api.types.is_float_dtype(column.dtype):
        out[there] = np.array(number_text(column[there].to_numpy(dtype=np.float64)), dtype=object)
    else:
        values = column.to_numpy(dtype=object)
        out[there] = [
            v if isinstance(v, str) else number_text([v])[0] if isinstance(v, (int, float)) else str(v)
            for v in values[there]
        ]
    return out


def _names(found: Any, codes: npt.NDArray[Any]) -> str:
    shown = ", ".join(repr(found[c]) for c in codes[:SHOWN].tolist())
    return shown + (" …" if len(codes) > SHOWN else "")


def _and_more(count: int) -> str:
    return "" if count == 1 else f" (and {count - 1} more)"
