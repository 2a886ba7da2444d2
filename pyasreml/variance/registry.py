"""Names of variance structures: one row a structure."""

from __future__ import annotations

from collections.abc import Callable

from pyasreml.bind.bound import StructureCall
from pyasreml.variance.autoregressive import AR1
from pyasreml.variance.base import Structure
from pyasreml.variance.diagonal import Diagonal
from pyasreml.variance.identity import Identity
from pyasreml.variance.scaled import CommonVariance, Heterogeneous
from pyasreml.variance.unstructured import Unstructured

STRUCTURES: dict[str, Callable[[StructureCall], Structure]] = {
    "id": lambda call: Identity(call.size),
    "idv": lambda call: Identity(call.size),
    "idh": lambda call: Diagonal(call.levels),
    "diag": lambda call: Diagonal(call.levels),
    "us": lambda call: Unstructured(call.levels),
    "ar1": lambda call: AR1(call.size),
    "ar1v": lambda call: CommonVariance(AR1(call.size)),
    "ar1h": lambda call: Heterogeneous(AR1(call.size), call.levels),
}


def make_structure(call: StructureCall) -> Structure:
    """The structure that a call in a formula stands for."""
    return STRUCTURES[call.name](call)
