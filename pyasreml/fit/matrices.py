"""Fitted variance matrices by term, and what follows from those of factor analytic terms."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pyasreml.bind.bound import StructureCall
from pyasreml.errors import ModelError
from pyasreml.fit.components import require_fit
from pyasreml.rprint import RList, RTable
from pyasreml.variance.base import Structure
from pyasreml.variance.factor import FactorAnalytic
from pyasreml.variance.product import Product

__all__ = ["StructuredTerm", "correlations", "factor_analysis", "structured_terms"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class StructuredTerm:
    """A term with one structure that has variances and covariances by level.

    Attributes
    ----------
    label : str
        As parameters and ``summary`` name the term.
    call : StructureCall
    structure : Structure
    theta : float array
        The structure's parameters.
    scale : float
        What its matrix is multiplied by on the scale of the data: sigma2 on the gamma scale.
    number : int or None
        Of the random term; None in the residual.
    """

    label: str
    call: StructureCall
    structure: Structure
    theta: FloatArray
    scale: float
    number: int | None

    @property
    def levels(self) -> list[str]:
        """Names of rows and columns."""
        return list(self.call.levels)

    @property
    def matrix(self) -> FloatArray:
        """Σ on the scale of the data, float array (k, k)."""
        return self.scale * self.structure.matrix(self.theta)


def structured_terms(fit: Any) -> list[StructuredTerm]:
    """Random terms in the order of their parameters, then residual sections, that have a variance matrix by level."""
    engine = getattr(fit, "engine", None)
    if engine is None:
        return []
    bound, variance, theta = engine.bound, engine.variance, fit.estimates.theta
    scale = fit.sigma2 if fit.gamma else 1.0
    owners: list[tuple[str, tuple[StructureCall, ...], Product, int, int | None]] = [
        (bound.random[t].parameter_label or bound.random[t].label, bound.random[t].structures, variance.random[t], t, t)
        for t in variance.order
    ]
    first = len(variance.random)
    owners += [
        (section.label, section.structures, variance.sections[k], first + k, None)
        for k, section in enumerate(bound.sections)
    ]
    out = []
    table = variance.parameters
    for label, calls, product, owner, number in owners:
        rows = np.flatnonzero((table.owner == owner) & (table.local >= 0))
        rows = rows[np.argsort(table.local[rows], kind="stable")]
        at = int(product.scale)
        own = scale * float(theta[rows[0]]) if product.scale else scale
        for call, structure in zip(calls, product.factors, strict=True):
            mine = rows[at : at + len(structure.parameters)]
            at += mine.size
            if structure.has_variance and not structure.diagonal and len(call.levels) == structure.size > 1:
                out.append(StructuredTerm(label, call, structure, theta[mine], own, number))
    return out


def matrix_table(values: FloatArray, levels: list[str]) -> RTable:
    """A symmetric matrix that prints as R's."""
    return RTable(values, index=levels, columns=levels, style="matrix")


def correlation_of(sigma: FloatArray) -> FloatArray:
    """Correlations of a covariance matrix; NaN beside a level without variance."""
    root = np.sqrt(np.diagonal(sigma))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(sigma / root[:, None] / root)


def the_term(fit: Any, term: str | None, question: str, *, factors: bool = False) -> StructuredTerm:
    """The structured term by its label, or the only one there is."""
    require_fit(fit, question)
    found = [t for t in structured_terms(fit) if not factors or isinstance(t.structure, FactorAnalytic)]
    what = "factor analytic term" if factors else "term with a variance matrix"
    if term is not None:
        found_here = [t for t in found if str(term).replace(" ", "") == t.label.replace(" ", "")]
        if not found_here:
            there = ", ".join(f"'{t.label}'" for t in found) or "none"
            raise ModelError(f"{question}: no {what} is named '{term}'; the fit has {there}")
        return found_here[0]
    if len(found) != 1:
        there = ", ".join(f"'{t.label}'" for t in found) or "none"
        raise ModelError(f"{question}: name one {what} by term=; the fit has {there}")
    return found[0]


def correlations(fit: Any, term: str | None = None) -> RTable:
    """Correlations between the levels of a structured term, such as genetic correlations between sites.

    Parameters
    ----------
    fit : Asreml
    term : str, optional
        As ``summary(fit).varcomp`` names it, before the ``!``; needed where the fit has several.

    Returns
    -------
    RTable (k, k)

    Raises
    ------
    ModelError
        If there is no such term.

    Examples
    --------
    >>> import numpy as np, pyasreml as pa
    >>> rng = np.random.default_rng(1)
    >>> g, s = np.repeat(np.arange(40), 4), np.tile([0, 0, 1, 1], 40)
    >>> u = rng.normal(size=(40, 1)) + 0.5 * rng.normal(size=(40, 2))
    >>> data = {"y": u[g, s] + rng.normal(0, 0.5, 160), "g": g.astype(str), "s": np.array(["a", "b"])[s]}
    >>> fit = pa.asreml("y ~ s", random="~ us(s):g", data=data, trace=False)
    >>> pa.correlations(fit).shape
    (2, 2)
    """
    found = the_term(fit, term, "correlations()")
    return matrix_table(correlation_of(found.matrix), found.levels)


def factor_analysis(fit: Any, term: str | None = None) -> RList:
    r"""Loadings of ``fa``, ``facv`` or ``rr`` rotated to principal components, and what the factors explain.

    The rotation is that of the singular value decomposition :math:`\Lambda = U D V'`: rotated loadings
    :math:`\Lambda V = U D` are orthogonal, the first factor explains most (Smith, Cullis & Thompson 2001, Biometrics
    57:1138); each factor's sign makes the sum of its loadings positive.

    Parameters
    ----------
    fit : Asreml
    term : str, optional
        As ``summary(fit).varcomp`` names it, before the ``!``; needed where the fit has several.

    Returns
    -------
    RList
        ``loadings`` (k, order), rotated, on the scale of the data; ``rotation`` (order, order); ``specific``
        variances; ``matrix`` :math:`\Lambda\Lambda' + \Psi`; ``correlation``; ``explained``: percentages of each
        level's variance by factor and in all (column ``all``), last row ``overall``; ``scores``: rotated factor
        scores, by the other variables' levels.

    Raises
    ------
    ModelError
        If there is no such term.
    """
    found = the_term(fit, term, "factor_analysis()", factors=True)
    structure = found.structure
    assert isinstance(structure, FactorAnalytic)
    loadings, specific = structure.split(found.theta)
    _, _, vt = np.linalg.svd(loadings, full_matrices=False)
    rotation = vt.T
    rotation = rotation * np.where((loadings @ rotation).sum(axis=0) < 0, -1.0, 1.0)
    rotated = np.sqrt(found.scale) * loadings @ rotation
    sigma = found.matrix
    names = [f"fa{j + 1}" for j in range(structure.order)]
    items: dict[str, Any] = {
        "loadings": RTable(rotated, index=found.levels, columns=names, style="matrix"),
        "rotation": RTable(rotation, index=names, columns=names, style="matrix"),
        "specific": pd.Series(found.scale * specific, index=pd.Index(found.levels)),
        "matrix": matrix_table(sigma, found.levels),
        "correlation": matrix_table(correlation_of(sigma), found.levels),
        "explained": _explained(rotated, sigma, found.levels, names),
    }
    scores = _scores(fit, found, rotation, names)
    if scores is not None:
        items["scores"] = scores
    return RList(items, [] if scores is not None else ["scores"])


def _explained(rotated: FloatArray, sigma: FloatArray, levels: list[str], names: list[str]) -> RTable:
    by_factor = np.square(rotated)
    total = np.diagonal(sigma)
    with np.errstate(divide="ignore", invalid="ignore"):
        rows = np.vstack([by_factor / total[:, None], by_factor.sum(axis=0) / total.sum()]) * 100
    values = np.column_stack([rows, rows.sum(axis=1)])
    return RTable(values, index=[*levels, "overall"], columns=[*names, "all"], style="matrix")


def _scores(fit: Any, found: StructuredTerm, rotation: FloatArray, names: list[str]) -> RTable | None:
    """Rotated scores from the effects ``…_Comp1:…``; None for ``facv``, which has none."""
    if found.number is None or found.call.name not in ("fa", "rr"):
        return None
    term = fit.engine.bound.random[found.number]
    at = 0
    for label, count in fit.term_of_effect("random"):
        if label == term.label:
            break
        at += count
    part = fit.coefficients.random["effect"].iloc[at : at + count]
    kept = [coding for coding in term.codings if coding.kind != "condition"]
    place = next(i for i, call in enumerate(term.structures) if call is found.call)
    order, levels = rotation.shape[0], found.structure.size if found.call.name == "fa" else 0
    before = int(np.prod([c.width for c in kept[:place]], dtype=np.int64))
    cube = part.to_numpy().reshape(before, levels + order, -1)[:, levels:]
    values = cube.transpose(0, 2, 1).reshape(-1, order) @ rotation
    own = [c.names for i, c in enumerate(kept) if i != place]
    index = [":".join(x) for x in itertools.product(*own)]
    return RTable(values / np.sqrt(found.scale), index=index, columns=names, style="matrix")

