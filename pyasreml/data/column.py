"""One column of a data frame as a model sees it: a factor's codes or a covariate's numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Column", "number_text"]

# An integer-valued column with at most so many distinct values is suspected to be a factor read as numbers.
FEW_VALUES = 50


def number_text(values: npt.ArrayLike) -> list[str]:
    """Numbers as R's ``as.character`` writes them: up to 15 significant digits, whole numbers without a point."""
    return [f"{value:.15g}" for value in np.asarray(values, dtype=float).tolist()]


@dataclass(frozen=True)
class Column:
    """A checked column.

    Attributes
    ----------
    name : str
        Its name in the data, or the R text of an expression (``I(x^2)``).
    kind : {"factor", "covariate"}
    codes : int32 array (n,) or None
        Factors: position of the level, -1 where the value is missing.
    levels : tuple of str
        Factors: the level labels in order.
    values : float array (n,) or None
        Covariates: NaN where the value is missing.
    """

    name: str
    kind: Literal["factor", "covariate"]
    codes: npt.NDArray[np.int32] | None = None
    levels: tuple[str, ...] = ()
    values: npt.NDArray[np.float64] | None = None

    @property
    def is_factor(self) -> bool:
        """True for a factor."""
        return self.kind == "factor"

    @property
    def array(self) -> npt.NDArray[np.int32] | npt.NDArray[np.float64]:
        """Codes of a factor, values of a covariate."""
        array = self.codes if self.kind == "factor" else self.values
        assert array is not None
        return array

    def missing(self) -> npt.NDArray[np.bool_]:
        """Where the value is missing, as a logical array (n,)."""
        return self.array < 0 if self.kind == "factor" else np.isnan(self.array)

    def take(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Column:
        """The column at `rows`; levels are kept."""
        if self.kind == "factor":
            assert self.codes is not None
            return replace(self, codes=self.codes[rows])
        assert self.values is not None
        return replace(self, values=self.values[rows])

    def drop_unused(self) -> Column:
        """The column without levels that no row has."""
        if self.kind != "factor":
            return self
        assert self.codes is not None
        counts = np.bincount(self.codes + 1, minlength=len(self.levels) + 1)[1:]
        used = counts > 0
        if used.all():
            return self
        position = np.empty(len(self.levels) + 1, dtype=np.int32)
        position[1:] = np.cumsum(used) - 1
        position[0] = -1
        levels = tuple(level for level, there in zip(self.levels, used.tolist(), strict=True) if there)
        return replace(self, codes=position[self.codes + 1], levels=levels)

    def looks_like_factor(self) -> bool:
        """True for a covariate of few distinct whole numbers, each (on average) seen twice or more."""
        if self.kind == "factor":
            return False
        assert self.values is not None
        known = self.values[~np.isnan(self.values)]
        if not len(known) or not np.array_equal(known, np.rint(known)):
            return False
        distinct = len(np.unique(known))
        return distinct <= FEW_VALUES and 2 * distinct <= len(known)

    def as_factor(self) -> Column:
        """A covariate as the factor of its distinct values in increasing order; a factor as it is."""
        if self.kind == "factor":
            return self
        assert self.values is not None
        distinct, codes = np.unique(self.values, return_inverse=True)
        known = int(np.count_nonzero(~np.isnan(distinct)))
        code: npt.NDArray[np.int32] = np.where(codes < known, codes, -1).astype(np.int32)
        return Column(self.name, "factor", codes=code, levels=tuple(number_text(distinct[:known])))

    def labels(self) -> npt.NDArray[np.object_]:
        """A factor's values as text, object array (n,), None where missing."""
        assert self.codes is not None
        return np.array([*self.levels, None], dtype=object)[self.codes]
