"""Right-hand sides stored in full, for solvers that take no ranges of columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FullRanges"]


@dataclass(frozen=True)
class FullRanges:
    """Places of all columns in every row; the members are those of `backends.Ranges`.

    Attributes
    ----------
    n, columns : int
    """

    n: int
    columns: int

    @property
    def size(self) -> int:
        """Numbers stored."""
        return self.n * self.columns

    @property
    def origin(self) -> NDArray[np.int64]:
        """First place of each row, of shape (n,)."""
        return np.arange(self.n, dtype=np.int64) * self.columns

    def matrix(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The right-hand sides, of shape (n, columns)."""
        return values[: self.size].reshape(self.n, self.columns)
