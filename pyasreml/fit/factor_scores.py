r"""Effects of factor analytic terms as asreml lists them: the levels, then the factor scores ``Comp1``, ``Comp2`` ….

Scores are :math:`f = (K_1 \otimes \Lambda' \otimes K_2)Z'Py`: the last unknowns of a whitened term, otherwise
:math:`(I \otimes \Lambda'\Sigma^{-1} \otimes I)u`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from pyasreml.bind.bound import BoundTerm
from pyasreml.design import effect_names
from pyasreml.fit.engine import Engine
from pyasreml.mme.spectral import SpectralNumeric
from pyasreml.mme.whitened import WhitenedNumeric
from pyasreml.reml.point import Point
from pyasreml.variance.factor import FactorAnalytic, ReducedRank
from pyasreml.variance.known import RotatedKnown
from pyasreml.variance.whitened import WhitenedTerm, factored_place

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TermEffects:
    """Effects of a random term as they are reported.

    Attributes
    ----------
    names : callable
        Makes their names, a list of str.
    effects, variances : float array
        Variances are divided by sigma2 on the gamma scale.
    """

    names: Callable[[], list[str]]
    effects: FloatArray
    variances: FloatArray


def with_scores(
    engine: Engine, t: int, point: Point, u: FloatArray, variances: FloatArray
) -> TermEffects:
    """Effects of random term `t`: u itself, with the factor scores of ``fa``, or those of ``rr`` instead.

    Parameters
    ----------
    engine : Engine
        At `point`, its selected inverse in place.
    t : int
    point : Point
    u, variances : float array (size,)
        The term's effects and their prediction error variances.
    """
    term, product = engine.bound.random[t], engine.variance.random[t]
    place = next((j for j, c in enumerate(term.structures) if c.name in ("fa", "rr")), None)
    if place is None:
        return TermEffects(partial(effect_names, term), u, variances)
    structure = product.factors[place]
    assert isinstance(structure, FactorAnalytic)
    whitened = engine.equations.whitened[t]
    term_view = WhitenedTerm(product) if whitened is None else whitened
    scores, errors = (_of_effects if whitened is None else _of_unknowns)(engine, t, term_view, point, u)
    before, k, order, after = term_view.before, structure.size, structure.order, term_view.after
    parts = [x.reshape(before, order, after) for x in (scores, errors)]
    if not isinstance(structure, ReducedRank):
        both = ((u, parts[0]), (variances, parts[1]))
        parts = [np.concatenate([x.reshape(before, k, after), s], axis=1) for x, s in both]
    names = partial(_names, term, place, order, levels=not isinstance(structure, ReducedRank))
    return TermEffects(names, parts[0].ravel(), parts[1].ravel())


def _names(term: BoundTerm, place: int, order: int, levels: bool) -> list[str]:
    codings = [c for c in term.codings if c.kind != "condition"]
    own = codings[place]
    head = own.names[0][: len(own.names[0]) - len(term.structures[place].levels[0])]
    components = [f"{head}Comp{j + 1}" for j in range(order)]
    parts = [
        [*(coding.names if levels else ()), *components] if coding is own else list(coding.names)
        for coding in term.codings
    ]
    return [":".join(p) for p in itertools.product(*parts)]


def _of_unknowns(
    engine: Engine, t: int, term: WhitenedTerm, point: Point, u: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Scores and their variances of a whitened term: the unknowns themselves."""
    eq = engine.equations
    theta = point.theta[eq.rows_of_term(t)]
    numeric = engine.at(point.theta, derivatives=True).numeric
    first, last = eq.unknown_offsets[t], eq.unknown_offsets[t + 1]
    at = np.arange(first, last).reshape(term.before, term.structure.rank, term.after)
    chosen = at[:, -term.structure.factors :].ravel()
    v = term.scores(theta, point.gathered[eq.offsets[t] : eq.offsets[t + 1]])[chosen - first]
    if isinstance(numeric, WhitenedNumeric):
        return v, numeric.inner.inverse_at(chosen, chosen)
    assert isinstance(numeric, SpectralNumeric)
    sizes = [f.size for f in term.prior.factors]
    known = next(j for j, f in enumerate(term.prior.factors) if isinstance(f, RotatedKnown))
    lines = np.moveaxis(np.arange(first, last).reshape(sizes), known, -1).reshape(-1, sizes[known])
    lines = lines[np.isin(lines[:, 0], chosen)]
    variances = np.empty(last - first)
    variances[lines - first] = numeric.unknown_variances(lines)
    return v, variances[chosen - first]


def _of_effects(
    engine: Engine, t: int, term: WhitenedTerm, point: Point, u: FloatArray
) -> tuple[FloatArray, FloatArray]:
    r"""Scores from the effects: var(f - f̂) = (I - B Λ) ⊗ K + (B ⊗ I) var(u - û)(B' ⊗ I) for B = Λ'Σ⁻¹."""
    eq = engine.equations
    theta = point.theta[eq.rows_of_term(t)]
    own, structure = theta[term.own], term.structure
    loadings = structure.factor_matrix(own)[:, -structure.factors :]
    weights = np.asarray(np.linalg.solve(structure.matrix(own), loadings)).T
    cube = u.reshape(term.before, structure.size, term.after)
    scores = np.einsum("fk,bka->bfa", weights, cube)
    at = eq.offsets[t] + np.arange(u.size).reshape(cube.shape)
    errors = np.zeros(scores.shape)
    numeric = engine.at(point.theta, derivatives=True).numeric
    for i in range(structure.size):
        for j in range(i + 1):
            found = numeric.inverse_at(at[:, i].ravel(), at[:, j].ravel()).reshape(term.before, 1, term.after)
            twice = 1.0 if i == j else 2.0
            errors += twice * (weights[:, i] * weights[:, j])[None, :, None] * found
    left = 1 - np.einsum("fk,kf->f", weights, loadings)
    errors += left[None, :, None] * term.known_diagonal(theta).reshape(term.before, 1, term.after)
    return scores.ravel(), errors.ravel()


def logdet_with_scores(engine: Engine, point: Point) -> float:
    r"""What to add to log|C| for that of the equations in which ``fa`` has effects and scores and others effects.

    The joint inverse variance of u and f has the block :math:`(I + \Lambda'\Psi^{-1}\Lambda) \otimes K^{-1}` of f,
    which carries no data. ``rr`` stays as it is: it has scores alone.
    """
    eq, total = engine.equations, 0.0
    for t, product in enumerate(engine.variance.random):
        if factored_place(product) is None:
            continue
        whitened = eq.whitened[t]
        term = WhitenedTerm(product) if whitened is None else whitened
        theta = point.theta[eq.rows_of_term(t)]
        structure, many = term.structure, term.before * term.after
        if isinstance(structure, ReducedRank):
            continue
        factor = structure.factor_matrix(theta[term.own])
        if not isinstance(structure, FactorAnalytic):  # log|C| = log|C~| - log|G| where T is square
            total -= 0.0 if whitened is None else 2 * many * float(np.log(np.diagonal(factor)).sum())
            continue
        joint = engine.bound.random[t].structures[term.place].name == "fa"
        specific = np.square(np.diagonal(factor))
        loadings = factor[:, structure.size :]
        scores = many * np.linalg.slogdet(np.eye(structure.order) + loadings.T @ (loadings / specific[:, None]))[1]
        scores -= structure.order / structure.rank * term.prior_logdet(theta)
        total += float(scores) if joint else 0.0
        if whitened is not None:
            total -= many * float(np.log(specific).sum()) + float(scores)
    return total
