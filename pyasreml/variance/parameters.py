"""The table of variance parameters of one model: names, types, codes and starts, in asreml's order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pyasreml.errors import ModelError
from pyasreml.variance.constraints import Constraint

CODES = ("P", "U", "F", "B", "C", "S", "?")


@dataclass(frozen=True)
class Parameters:
    """All variance parameters.

    Attributes
    ----------
    names : tuple of str
        As ``varcomp`` names them.
    kinds : tuple of str
        V variance, C covariance, R correlation, L loading: what limits their steps.
    types : tuple of str
        The type that asreml stores: G for a variance ratio.
    codes : tuple of str
        Constraint codes P U F B.
    start : float array (p,)
    owner : int array (p,)
        Random term number, or number of random terms + section number.
    local : int array (p,)
        Position among the owner's parameters; -1 for a ``!R`` row that stands for sigma2 or a fixed 1.
    sigma2 : int or None
        Row that stands for sigma2 on the gamma scale.
    constraint : Constraint or None
        Parameters that follow from others (``vcc``, ``vcm``).
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    types: tuple[str, ...]
    codes: tuple[str, ...]
    start: npt.NDArray[np.float64]
    owner: npt.NDArray[np.int64]
    local: npt.NDArray[np.int64]
    sigma2: int | None
    constraint: Constraint | None = None

    def __len__(self) -> int:
        return len(self.names)

    def with_values(self, values: Mapping[str, float], codes: Mapping[str, str]) -> Parameters:
        """Other starts and codes, by name; names that the model does not have are left out.

        So is a ``!R`` row that stands for sigma2 or for a fixed 1.
        """
        start = self.start.copy()
        new = list(self.codes)
        for i, name in enumerate(self.names):
            if i == self.sigma2 or self.local[i] < 0:
                continue
            if name in values and np.isfinite(values[name]):
                start[i] = values[name]
            if name in codes:
                if codes[name] not in CODES:
                    raise ModelError(f"{name}: constraint code {codes[name]!r} is none of {' '.join(CODES)}")
                # C says that vcc or vcm constrained it in an earlier fit: whether they do is said by them alone
                new[i] = codes[name] if codes[name] != "C" else new[i]
        return replace(self, start=start, codes=tuple(new))
