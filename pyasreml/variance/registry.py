"""Names of variance structures: one row a structure.

A correlation structure comes under its name and, generically, with ``v`` (one variance) and ``h`` (a variance a level).
"""

from __future__ import annotations

from collections.abc import Callable

from pyasreml.bind.bound import StructureCall
from pyasreml.errors import ModelError
from pyasreml.variance.ante import Ante
from pyasreml.variance.autoregressive import AR1
from pyasreml.variance.band import Banded, GeneralCorrelation
from pyasreml.variance.base import Structure
from pyasreml.variance.cholesky import Cholesky
from pyasreml.variance.diagonal import Diagonal
from pyasreml.variance.factor import FactorAnalytic, ReducedRank
from pyasreml.variance.general import GeneralHeterogeneous
from pyasreml.variance.identity import Identity
from pyasreml.variance.known import KnownMatrix
from pyasreml.variance.matern import matern
from pyasreml.variance.moving import Arma, MovingAverage1, MovingAverage2
from pyasreml.variance.own import own
from pyasreml.variance.power import power_line, power_plane
from pyasreml.variance.ranges import range_line, range_plane
from pyasreml.variance.scaled import CommonVariance, Heterogeneous
from pyasreml.variance.uniform import Uniform
from pyasreml.variance.unstructured import Unstructured
from pyasreml.variance.yulewalker import ar2, ar3, sar, sar2

Maker = Callable[[StructureCall], Structure]


def _levels(call: StructureCall) -> tuple[str, ...]:
    """Level labels, by which parameters are named; ``units`` has none."""
    if len(call.levels) != call.size:
        raise ModelError(f"{call.text}: {call.name}() has a parameter a level and needs a factor, not {call.variable}")
    return tuple(call.levels)


CORRELATIONS: dict[str, Maker] = {
    "ar1": lambda call: AR1(call.size),
    "ar2": lambda call: ar2(call.size),
    "ar3": lambda call: ar3(call.size),
    "sar": lambda call: sar(call.size),
    "sar2": lambda call: sar2(call.size),
    "ma1": lambda call: MovingAverage1(call.size),
    "ma2": lambda call: MovingAverage2(call.size),
    "arma": lambda call: Arma(call.size),
    "cor": lambda call: Uniform(call.size),
    "corb": lambda call: Banded(call.size, call.order or 1, call.text),
    "corg": lambda call: GeneralCorrelation(_levels(call), call.variable),
    "exp": power_line,
    "gau": power_line,
    "lvr": range_line,
    "iexp": power_plane,
    "igau": power_plane,
    "ieuc": power_plane,
    "aexp": power_plane,
    "agau": power_plane,
    "sph": range_plane,
    "cir": range_plane,
    "mtrn": matern,
}


STRUCTURES: dict[str, Maker] = {
    "id": lambda call: Identity(call.size),
    "idv": lambda call: Identity(call.size),
    "idh": lambda call: Diagonal(_levels(call)),
    "diag": lambda call: Diagonal(_levels(call)),
    "us": lambda call: Unstructured(_levels(call)),
    "chol": lambda call: Cholesky(_levels(call), call.order or 1, text=call.text),
    "cholc": lambda call: Cholesky(_levels(call), call.order or 1, columns=True, text=call.text),
    "ante": lambda call: Ante(_levels(call), call.order or 1, call.text),
    "fa": lambda call: FactorAnalytic(_levels(call), call.order or 1, text=call.text),
    "facv": lambda call: FactorAnalytic(_levels(call), call.order or 1, loadings_first=True, text=call.text),
    "rr": lambda call: ReducedRank(_levels(call), call.order or 1, call.text),
    "own": own,
    "vm": lambda call: KnownMatrix(call.options["known"]),
    "ide": lambda call: Identity(call.size),
    **CORRELATIONS,
    **{f"{name}v": lambda call, make=make: CommonVariance(make(call)) for name, make in CORRELATIONS.items()},  # type: ignore[misc]
    **{
        f"{name}h": lambda call, make=make: Heterogeneous(make(call), _levels(call))  # type: ignore[misc]
        for name, make in CORRELATIONS.items()
    },
    "corgh": lambda call: GeneralHeterogeneous(GeneralCorrelation(_levels(call), call.variable), _levels(call)),
}


def make_structure(call: StructureCall) -> Structure:
    """The structure that a call in a formula stands for."""
    return STRUCTURES[call.name](call)
