"""Start values of ``fa(f, k + 1)`` from a fit of ``fa(f, k)``: its parameters, and small loadings on the new factor."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from pyasreml.bind.bound import BoundModel, BoundTerm, StructureCall
from pyasreml.variance.build import VarianceModel
from pyasreml.variance.factor import FactorAnalytic

SHARE = 0.2
"""Share of a level's specific variance that its loadings on new factors take over."""


def from_fewer_factors(bound: BoundModel, variance: VarianceModel, values: Mapping[str, float]) -> dict[str, float]:
    """Start values by the names of the model's parameters, for its terms that `values` has with fewer factors.

    Parameters
    ----------
    bound : BoundModel
    variance : VarianceModel
    values : mapping
        Parameters of the earlier fit by name.
    """
    out: dict[str, float] = {}
    for term, product in zip(bound.random, variance.random, strict=True):
        for call, structure in zip(term.structures, product.factors, strict=True):
            if call.name in ("fa", "rr") and isinstance(structure, FactorAnalytic):
                for fewer in range(structure.order - 1, 0, -1):
                    found = [old for old in _labels(term, call, fewer) if any(n.startswith(f"{old}!") for n in values)]
                    if found:
                        out.update(_raised(term, structure, found[0], fewer, values))
                        break
    return out


def _labels(term: BoundTerm, call: StructureCall, fewer: int) -> list[str]:
    """The parameters' prefix as it is with so many factors."""
    label, text = term.parameter_label or term.label, call.variable
    match = re.fullmatch(r"(\w+)\((.*?)(?:, (?:k = )?\d+)?\)", text)
    if match is None:
        return []
    head = f"{match[1]}({match[2]}"
    texts = [f"{head}, {fewer})", f"{head}, k = {fewer})"] + ([f"{head})"] if fewer == 1 else [])
    return [label.replace(text, t) for t in texts]


def _raised(
    term: BoundTerm, structure: FactorAnalytic, old: str, fewer: int, values: Mapping[str, float]
) -> dict[str, float]:
    """Values of one term's parameters."""
    label = term.parameter_label or term.label
    out = {}
    for name, value in values.items():
        if name.startswith(f"{old}!"):
            out[label + name[len(old) :]] = value
    suffixes = [p.suffix for p in structure.parameters]
    size = structure.size
    signs = structure.split(structure.starts(1.0, None))[0]
    if structure.singular:
        # no specific variance to take from: a part of what the loadings there are explain
        each = np.array([out.get(f"{label}{s}", 0.0) for s in suffixes[size : size * (1 + fewer)]])
        share = SHARE * np.square(each.reshape(fewer, size)).sum(axis=0)
    else:
        specific = np.array([out.get(f"{label}{s}", 0.0) for s in suffixes[:size]])
        share = SHARE * specific
        out.update({f"{label}{s}": float(v) for s, v in zip(suffixes[:size], specific - share, strict=True)})
    new = structure.order - fewer
    for j in range(fewer, structure.order):
        for i in range(j, size):
            value = np.sign(signs[i, j]) * np.sqrt(share[i] / new)
            out[f"{label}{suffixes[size * (1 + j) + i]}"] = float(value)
    return out
