"""`ainverse`: from a pedigree to the inverse of its relationship matrix in sparse form."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pyasreml.data.pedigree import Pedigree, levels_of_selfing, read_pedigree, sexes
from pyasreml.errors import AsremlError, DataError, UnsupportedError
from pyasreml.linalg.pedigree import relationship_inverse, relationship_variances
from pyasreml.rprint import RTable

__all__ = ["Ginv", "ainverse"]

FloatArray = npt.NDArray[np.float64]


class Ginv(RTable):
    """An inverse relationship matrix: lower triangle by rows in the columns Row, Column (from 1) and Ainverse.

    `attrs` hold what R keeps as attributes: ``rowNames``, ``inbreeding`` (a Series), ``logdet`` (of the inverse),
    ``geneticGroups`` (their number and the offset) and ``INVERSE``. Parts of it are plain tables.
    """


def ainverse(
    pedigree: Any,
    fgen: Any = ((), 0.01),
    gender: Any = (),
    groups: int = 0,
    groupOffset: float = 0.0,  # noqa: N803
    selfing: float | None = math.nan,
    inBreed: float | None = math.nan,  # noqa: N803
    mgs: bool = False,
    mv: str | Sequence[str] = ("NA", "0", "*"),
    psort: bool = False,
) -> Ginv:
    """The inverse of the additive relationship matrix of a pedigree.

    Parameters
    ----------
    pedigree : data frame
        Its first three columns are the individual, its male and its female parent. Parents that have no row of their
        own are founders and come first.
    fgen : (str, float)
        A column with the generations of selfing after the cross, 0 for none; of an individual without parents a
        value between 0 and 1 is its inbreeding. Second: the inbreeding of parents without a row.
    gender : str
        A column with the sex in two levels, the first of which is the male one: the matrix is that of the X chromosome
        (Fernando and Grossman 1990), a male having half the variance of a female.
    groups : int
        The first so many rows are genetic groups, which stand in for unknown parents (Quaas 1988).
    groupOffset : float
        Added to the diagonal of groups, whose effects are then random, with 1/groupOffset of the genetic variance.
        0: they are fixed effects inside ``vm()`` (see Notes); -1: the same, groups without members being allowed.
    selfing : float
        Probability that an individual with one known parent comes of its selfing (Dutkowski and Gilmour 2001).
    inBreed : float
        Inbreeding of founders; every cross is selfed until as much of its heterozygosity is gone.
    mgs : bool
        The third column is the sire of the female parent.
    mv : sequence of str
        What stands for an unknown parent, missing values besides.
    psort : bool
        Put parents before their progeny; otherwise rows must come so.

    Returns
    -------
    Ginv

    Raises
    ------
    DataError
        Duplicated individuals, individuals that are their own ancestors, rows out of order, a singular matrix: all with
        the names.
    AsremlError
        Arguments that exclude each other.

    Notes
    -----
    Inbreeding by Meuwissen and Luo (1992), the inverse by the rules of Henderson (1976) and Quaas (1976).

    With groups the effects of ``vm(id, ainv)`` are those of the groups, g, and :math:`u^* = Qg + u` of the
    individuals, Q being their shares in the groups (Westell, Quaas and Van Vleck 1988). Without an offset g is fixed:
    the fit is that of :math:`y = Xb + ZQg + Zu + e`, with its log-likelihood and degrees of freedom. A group that
    depends on fixed terms, or on groups after it, is 0 without standard error; with an intercept one always does.

    Examples
    --------
    >>> import pyasreml as pa
    >>> ped = {"id": ["a", "b", "c", "d"], "sire": ["0", "0", "a", "a"], "dam": ["0", "0", "b", "c"]}
    >>> ainv = pa.ainverse(ped)
    >>> ainv.attrs["inbreeding"].tolist()
    [0.0, 0.0, 0.0, 0.25]
    >>> ainv.tail(2)
      Row Column Ainverse
    7   4      3       -1
    8   4      4        2
    """
    for what, flag in (("mgs", mgs), ("psort", psort)):
        if flag not in (True, False):
            raise AsremlError(f"ainverse(): {what} is TRUE or FALSE, not {flag!r}")
    groups, groupOffset = int(_number(groups, "groups", whole=True)), _number(groupOffset, "groupOffset")
    column, implicit = _fgen(fgen)
    sex = _column_name(gender, "gender")
    chance, inbred = _probability(selfing, "selfing"), _probability(inBreed, "inBreed")
    _exclusive(
        {"selfing": chance is not None, "inBreed": inbred is not None, "mgs": bool(mgs), "gender": sex is not None},
        {"fgen": column is not None, "groups": groups > 0},
    )
    missing = (mv,) if isinstance(mv, str) else tuple(map(str, mv))
    ped = read_pedigree(pedigree, missing, int(groups), bool(psort), [c for c in (column, sex) if c is not None])
    n, g = len(ped.names), ped.groups
    outbred = np.ones(n)
    if column is not None:
        outbred = levels_of_selfing(ped, column, implicit)
    if inbred is not None:
        outbred[:] = 1 - inbred
    base, pair = np.ones(n), 0.5
    w1, w2 = np.full(n, 0.5), np.full(n, 0.5)
    if mgs:
        w2[:], pair = 0.25, 0.25
    if sex is not None:
        male = sexes(ped, sex)
        ped = replace(ped, first=np.where(male, -1, ped.first).astype(np.int32))
        base, pair = np.where(male, 0.5, 1.0), 1.0
        w1[:] = 1.0
    if chance is not None:
        single = (ped.first < 0) ^ (ped.second < 0)
        w1[single] = w2[single] = (1 + chance) / 2
    found = relationship_variances(
        _beyond(ped.first, g), _beyond(ped.second, g), (w1[g:], w2[g:]), base[g:], outbred[g:], pair, chance or 0.0
    )
    if found.bad >= 0:
        raise DataError(
            f"pedigree: {ped.names[g + found.bad]!r} has nothing of its own by these rules, which makes the "
            "relationship matrix singular: its parents are fully inbred and alike, or it is a copy of one; leave it out"
        )
    own = np.concatenate([np.zeros(g), found.own])
    inverse = relationship_inverse(ped.first, ped.second, (w1, w2), own)
    value = inverse.data
    if g:
        value = _with_offset(ped, inverse.indptr, value, float(groupOffset))
    inbreeding = np.concatenate([np.zeros(g), found.total / base[g:] - 1])
    row = np.repeat(np.arange(1, n + 1), np.diff(inverse.indptr))
    table = Ginv({"Row": row, "Column": inverse.indices.astype(np.int64) + 1, "Ainverse": value})
    table.index = pd.RangeIndex(1, len(table) + 1)
    logdet = -float(np.log(found.own).sum())
    if g and groupOffset > 0:
        # the Schur complement of the animals' A⁻¹ in the whole is offset times the identity
        logdet += g * math.log(groupOffset)
    names = np.array(ped.names, dtype=object)
    table.attrs = {
        "rowNames": names,
        "inbreeding": pd.Series(inbreeding, index=pd.Index(names)),
        "logdet": logdet,
        "geneticGroups": np.array([float(g), float(groupOffset) if g else 0.0]),
        "INVERSE": True,
    }
    return table


def _beyond(parents: npt.NDArray[np.int32], groups: int) -> npt.NDArray[np.int32]:
    """Parents of the animals numbered without the groups; a group is an unknown parent."""
    return np.maximum(parents[groups:] - groups, -1).astype(np.int32)


def _with_offset(ped: Pedigree, indptr: npt.NDArray[np.int64], value: FloatArray, offset: float) -> FloatArray:
    """Values with the offset on the diagonal of groups; groups without members need one."""
    diagonal = indptr[1 : ped.groups + 1] - 1
    empty = np.flatnonzero(value[diagonal] == 0)
    if empty.size and offset == 0:
        raise UnsupportedError(
            f"ainverse(): the genetic group {ped.names[int(empty[0])]!r} without members, which constrains the groups "
            "before it,",
            "leave it out, or give groupOffset",
        )
    if offset > 0:
        value = value.copy()
        value[diagonal] += offset
    return value


def _fgen(fgen: Any) -> tuple[str | None, float]:
    parts = [fgen] if isinstance(fgen, str) else list(fgen) if fgen is not None else []
    name = _column_name(parts[0], "fgen") if parts else None
    implicit = _number(parts[1], "fgen") if len(parts) > 1 and name is not None else 0.0
    if not 0 <= implicit < 1:
        raise AsremlError("ainverse(): fgen: the inbreeding of parents without a row must be from 0 to below 1")
    return name, implicit


def _column_name(value: Any, what: str) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    names = list(value)
    if len(names) > 1:
        raise AsremlError(f"ainverse(): {what} names one column")
    return str(names[0]) if names else None


def _number(value: Any, what: str, *, whole: bool = False) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or (whole and value != int(value)):
        raise AsremlError(f"ainverse(): {what} is a {'whole ' if whole else ''}number, not {value!r}")
    return float(value)


def _probability(value: Any, what: str) -> float | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if not 0 <= _number(value, what) <= 1:
        raise AsremlError(f"ainverse(): {what} must be from 0 to 1")
    return float(value)


def _exclusive(alone: dict[str, bool], with_others: dict[str, bool]) -> None:
    """Each of `alone` goes with none of the rest."""
    given = [name for name, is_given in {**alone, **with_others}.items() if is_given]
    if len(given) > 1 and any(alone.get(name) for name in given):
        raise AsremlError(f"ainverse(): {' and '.join(given)} do not go together")
