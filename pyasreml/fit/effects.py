"""Effects by name, their variances, fitted values and residuals: the way back from the solved equations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix

from pyasreml.bind.basis import CompoundCoding
from pyasreml.design import effect_names, side_by_side, term_block
from pyasreml.fit.engine import Engine
from pyasreml.fit.factor_scores import logdet_with_scores, with_scores
from pyasreml.fit.fixed_tests import row_variances
from pyasreml.reml.iterate import Estimates

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Parts:
    """Effects, or their variances, of the fixed, random and sparse terms: frames with one column ``effect``."""

    fixed: pd.DataFrame
    random: pd.DataFrame | None
    sparse: pd.DataFrame | None

    def __getitem__(self, name: str) -> pd.DataFrame | None:
        if name not in ("fixed", "random", "sparse"):
            raise KeyError(name)
        found: pd.DataFrame | None = getattr(self, name)
        return found

    def keys(self) -> tuple[str, ...]:
        """Names of the parts."""
        return ("fixed", "random", "sparse")

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())


@dataclass(frozen=True)
class Effects:
    """What one evaluation gives by effect and by record; the tables are made at first use.

    Attributes
    ----------
    effects, uncertainty : dict of str to float array or None
        By part; the variances are divided by sigma2.
    names : dict of str to list of callables
        By part, what makes the names of each term's effects.
    linear, residual : float array (n,)
        NaN where y is missing.
    counts : list of (str, float)
        Estimable effects of fixed terms, all effects of the others.
    terms : dict
        Part to (term label, number of effects).
    """

    effects: dict[str, FloatArray | None]
    uncertainty: dict[str, FloatArray | None]
    names: dict[str, list[Callable[[], list[str]]]]
    linear: FloatArray
    residual: FloatArray
    counts: list[tuple[str, float]]
    terms: dict[str, list[tuple[str, int]]]

    @property
    def coefficients(self) -> Parts:
        """Effects."""
        return self._parts(self.effects)

    @property
    def variances(self) -> Parts:
        """Variances, divided by sigma2."""
        return self._parts(self.uncertainty)

    def _parts(self, values: dict[str, FloatArray | None]) -> Parts:
        frames = {part: None if x is None else self._frame(part, x) for part, x in values.items()}
        assert frames["fixed"] is not None
        return Parts(frames["fixed"], frames["random"], frames["sparse"])

    def _frame(self, part: str, values: FloatArray) -> pd.DataFrame:
        names = [name for make in self.names[part] for name in make()]
        return pd.DataFrame({"effect": values}, index=pd.Index(names))

    @property
    def fitted(self) -> pd.Series[float]:
        """Fitted values, a row of the model frame each."""
        return pd.Series(self.linear, index=pd.RangeIndex(1, self.linear.size + 1))

    @property
    def residuals(self) -> pd.Series[float]:
        """Residuals, a row of the model frame each."""
        return pd.Series(self.residual, index=pd.RangeIndex(1, self.residual.size + 1))

    @property
    def noeff(self) -> pd.Series[float]:
        """Numbers of effects by term."""
        return pd.Series([n for _, n in self.counts], index=pd.Index([label for label, _ in self.counts]))


def logdet_c(engine: Engine, estimates: Estimates) -> float:
    """log|C| with the equations of missing values, those that were dropped (diagonal R) included, and factor scores."""
    eq = engine.equations
    total = estimates.point.logdet_C + logdet_with_scores(engine, estimates.point)
    if eq.residual.diagonal and not eq.observed.all():
        total += float(np.log(_dropped_precision(engine, estimates.point.theta)).sum())
    return total


def _dropped_precision(engine: Engine, theta: FloatArray) -> FloatArray:
    """1/R_ii of the missing records that were dropped from sections with a diagonal R."""
    eq = engine.equations
    out = np.zeros(eq.n)
    structures = eq.structures(theta)
    for k, (rows, product) in enumerate(zip(eq.residual.grids, eq.variance.sections, strict=True)):
        if product.diagonal:
            entries = product.entries()
            precision = entries.value * structures.sections[k].c[entries.basis]
            values = np.bincount(entries.row, weights=precision, minlength=rows.size)
            out[rows] = values if eq.weights is None else values * eq.weights[rows]
    return out[~eq.residual.kept & ~eq.observed]


def collect(engine: Engine, estimates: Estimates) -> Effects:
    """Coefficients, their variances, fitted values, residuals, numbers of effects at the last evaluated point."""
    eq, bound, design = engine.equations, engine.bound, engine.design
    b = estimates.point.solution
    state = engine.at(estimates.point.theta, derivatives=True)
    v = state.numeric.inverse_diagonal()
    effects: dict[str, list[FloatArray]] = {"fixed": [], "sparse": [], "random": []}
    variances: dict[str, list[FloatArray]] = {"fixed": [], "sparse": [], "random": []}
    names: dict[str, list[Callable[[], list[str]]]] = {"fixed": [], "sparse": [], "random": []}
    terms: dict[str, list[tuple[str, int]]] = {"fixed": [], "sparse": [], "random": []}
    noeff: list[tuple[str, float]] = []
    column = 0
    for term, coded in zip((*bound.fixed, *bound.sparse), design.fixed_terms, strict=True):
        part = "fixed" if term.part == "fixed" else "sparse"
        kept = coded.kept
        full, var = np.zeros(kept.size), np.zeros(kept.size)
        full[kept], var[kept] = b[column : column + coded.rank], v[column : column + coded.rank]
        column += coded.rank
        effects[part].append(full)
        variances[part].append(var)
        names[part].append(partial(effect_names, term))
        terms[part].append((term.label, kept.size))
        noeff.append((term.label, coded.rank))
    for t, term in enumerate(bound.random):
        at = slice(eq.offsets[t], eq.offsets[t + 1])
        found = with_scores(engine, t, estimates.point, b[at], v[at])
        effects["random"].append(found.effects)
        variances["random"].append(found.variances)
        names["random"].append(found.names)
        terms["random"].append((term.label, found.effects.size))
        # asreml looks its count up by a label, and that of str() is none of a single term
        joint = isinstance(term.codings[0], CompoundCoding)
        noeff.append((term.label, np.nan if joint else found.effects.size))
    linear = eq.X.dot(b[: eq.p])
    for t, z in enumerate(eq.Z):
        linear += z.dot(b[eq.offsets[t] : eq.offsets[t + 1]])
    missing = np.flatnonzero(~eq.observed)
    if missing.size:
        value, var = _missing_effects(engine, estimates, linear, missing, v)
        effects["sparse"].append(value)
        variances["sparse"].append(var)
        names["sparse"].append(partial(_missing_names, missing.size))
        terms["sparse"].append(("mv", missing.size))
        noeff.append(("mv", missing.size))
    return Effects(
        effects={part: np.concatenate(x) if x else None for part, x in effects.items()},
        uncertainty={part: np.concatenate(x) if x else None for part, x in variances.items()},
        names=names,
        linear=np.where(eq.observed, linear, np.nan),
        residual=np.where(eq.observed, eq.y - linear, np.nan),
        counts=noeff,
        terms=terms,
    )


def _missing_names(count: int) -> list[str]:
    return [f"mv_{i + 1}" for i in range(count)]


def _missing_effects(
    engine: Engine, estimates: Estimates, linear: FloatArray, missing: npt.NDArray[np.int64], v: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Predicted missing responses and their variances (divided by sigma2), in data order."""
    eq = engine.equations
    value, var = np.zeros(eq.n), np.zeros(eq.n)
    inside = eq.residual.missing
    first = eq.offsets[-1]
    value[inside] = estimates.point.solution[first:]
    var[inside] = v[first:]
    dropped = np.setdiff1d(missing, inside)
    if dropped.size:
        value[dropped] = linear[dropped]
        var[dropped] = 1 / _dropped_precision(engine, estimates.point.theta)
        var[dropped] += row_variances(engine, dropped)
    return value[missing], var[missing]


def design_frame(engine: Engine) -> pd.DataFrame:
    """Columns of fixed and sparse terms (aliased ones too), then of random terms in the order of their parameters.

    Returns
    -------
    DataFrame (n, effects)
        Sparse columns named by effect.
    """
    bound = engine.bound
    columns, n = bound.frame.arrays, len(bound.frame)
    random = [bound.random[t] for t in engine.variance.order]
    terms = (*bound.fixed, *bound.sparse, *random)
    blocks = [term_block(term.codings, columns, n) for term in terms]
    names = [name for term in terms for name in effect_names(term)]
    whole = side_by_side(blocks, n)
    matrix = csr_matrix((whole.data, whole.indices, whole.indptr), shape=(n, whole.n_cols))
    sparse: Any = pd.DataFrame.sparse
    frame: pd.DataFrame = sparse.from_spmatrix(matrix, index=pd.RangeIndex(1, n + 1), columns=names)
    return frame
