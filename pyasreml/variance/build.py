"""From bound terms to direct products and the table of parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pyasreml.bind.bound import BoundModel, BoundSection, BoundTerm, FloatArray, StructureCall
from pyasreml.errors import ModelError
from pyasreml.variance.base import NotFeasible, Structure
from pyasreml.variance.factor import FactorAnalytic
from pyasreml.variance.factored import Factored
from pyasreml.variance.own import Own
from pyasreml.variance.parameters import Parameters
from pyasreml.variance.product import Product
from pyasreml.variance.registry import make_structure
from pyasreml.variance.starts import level_covariance

CORRELATION_START = 0.1
RATIO_START = 0.1
SIGMA_START = 0.05
SECTION_START = 0.5


@dataclass(frozen=True)
class VarianceModel:
    """Variance structures of a whole model.

    Attributes
    ----------
    random : tuple of Product
        One a random term, in formula order.
    sections : tuple of Product
        One a residual section.
    parameters : Parameters
        In asreml's order: random terms as `order` sorts them, then residual sections.
    gamma : bool
        True where sigma2 is profiled and variances are ratios to it.
    order : tuple of int
        Random terms in the order of their parameters.
    """

    random: tuple[Product, ...]
    sections: tuple[Product, ...]
    parameters: Parameters
    gamma: bool
    order: tuple[int, ...]


class _Rows:
    """Collects rows of the table of parameters."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str, str, float, int, int]] = []

    def add(self, name: str, kind: str, kind_shown: str, code: str, start: float, owner: int, local: int) -> None:
        self.rows.append((name, kind, kind_shown, code, start, owner, local))

    def table(self, sigma2: str | None) -> Parameters:
        names, kinds, types, codes, start, owner, local = zip(*self.rows, strict=True) if self.rows else ((),) * 7
        return Parameters(
            tuple(names),
            tuple(kinds),
            tuple(types),
            tuple(codes),
            np.array(start, float),
            np.array(owner, np.int64),
            np.array(local, np.int64),
            names.index(sigma2) if sigma2 is not None else None,
        )


def build_variance(
    bound: BoundModel, *, random_order: str = "noeff", force_gamma: bool = False, dispersion: float | None = None
) -> VarianceModel:
    """Structures, scale and parameters of `bound`.

    Parameters
    ----------
    bound : BoundModel
    random_order : {"noeff", "user", "R"}
        Order of random terms among the parameters: by number of effects, as typed, or by degree.
    force_gamma : bool
        Gamma scale also where a single residual section carries its own variance (``gammaPar``).
    dispersion : float, optional
        Residual variance fixed by the family: the sigma scale.
    """
    random = tuple(_random_product(term) for term in bound.random)
    sections = tuple(_section_product(section, bound.multi_section, dispersion) for section in bound.sections)
    own_variance = any(f.has_variance for f in sections[0].factors) or sections[0].scale
    gamma = not bound.multi_section and not own_variance and dispersion is None
    if force_gamma and not bound.multi_section and dispersion is None and not gamma:
        return _gamma_forced(bound, random_order)
    scale = RATIO_START if gamma else SIGMA_START * bound.summaries.variance
    keys = {
        "noeff": [(t.sort_size, i) for i, t in enumerate(bound.random)],
        "user": [(0, i) for i in range(len(random))],
        "R": [(len(t.codings), i) for i, t in enumerate(bound.random)],
    }[random_order]
    order = tuple(i for _, i in sorted(keys))
    rows = _Rows()
    for i in order:
        own = scale if gamma or i not in bound.summaries.traits else SIGMA_START * bound.summaries.traits[i]
        _random_rows(rows, i, bound.random[i], random[i], own, gamma, bound)
    sigma2 = None
    for j, (section, product) in enumerate(zip(bound.sections, sections, strict=True)):
        sigma2 = _section_rows(rows, len(random) + j, j, section, product, gamma, bound, dispersion) or sigma2
    return VarianceModel(random, sections, rows.table(sigma2), gamma, order)


def _gamma_forced(bound: BoundModel, random_order: str) -> VarianceModel:
    plain = [c for c in bound.sections[0].structures if c.name == "idv"]
    if not plain or any(make_structure(c).has_variance for c in bound.sections[0].structures):
        raise ModelError(
            f"gammaPar = TRUE: the residual '{bound.sections[0].label}' has several variances, so there is no single "
            "sigma2 to take ratios to"
        )
    calls = tuple(_renamed(c) for c in bound.sections[0].structures)
    section = BoundSection(bound.sections[0].label, bound.sections[0].rows, calls)
    return build_variance(_replace_sections(bound, (section,)), random_order=random_order)


def _renamed(call: StructureCall) -> StructureCall:
    from dataclasses import replace

    return replace(call, name="id") if call.name == "idv" else call


def _replace_sections(bound: BoundModel, sections: tuple[BoundSection, ...]) -> BoundModel:
    from dataclasses import replace

    return replace(bound, sections=sections)


def _random_product(term: BoundTerm) -> Product:
    factors = [make_structure(call) for call in term.structures]
    carriers = [c.text or c.name for c, f in zip(term.structures, factors, strict=True) if f.has_variance]
    if len(carriers) > 1:
        raise ModelError(
            f"random term '{term.label}' has {len(carriers)} variances ({', '.join(carriers)}): a direct product takes "
            "one; write the others as correlation models (id, ar1, …)"
        )
    _check_groups(term, factors)
    return Product(factors, scale=not carriers or any(call.name == "idv" for call in term.structures))


def _check_groups(term: BoundTerm, factors: Sequence[Structure]) -> None:
    """Genetic groups are fixed effects of every level beside them, which a singular Σ does not have."""
    with_groups = [call.text for call, f in zip(term.structures, factors, strict=True) if f.flat]
    reduced = [c.text for c, f in zip(term.structures, factors, strict=True) if isinstance(f, Factored) and f.singular]
    if with_groups and (reduced or len(with_groups) > 1):
        raise ModelError(
            f"random term '{term.label}': {with_groups[0]} has genetic groups, fixed effects of every level, which "
            f"{reduced[0] if reduced else with_groups[1]} cannot stand beside; give ainverse() a groupOffset, which "
            "makes them random"
        )


def _section_product(section: BoundSection, multi: bool, dispersion: float | None) -> Product:
    factors = [make_structure(call) for call in section.structures]
    for call, factor in zip(section.structures, factors, strict=True):
        if isinstance(factor, FactorAnalytic) and factor.singular:
            raise ModelError(
                f"residual '{section.label}': {call.text} is singular, and the residual needs an inverse; use fa()"
            )
    carriers = [c.text or c.name for c, f in zip(section.structures, factors, strict=True) if f.has_variance]
    plain = any(c.name == "idv" for c in section.structures)
    if len(carriers) + plain > 1:
        raise ModelError(
            f"residual '{section.label}' has more than one variance ({', '.join(carriers)}): a direct product takes one"
        )
    return Product(factors, scale=not carriers and (multi or plain or dispersion is not None))


def _initial(call: StructureCall, structure: Structure, default: FloatArray) -> tuple[FloatArray, list[str]]:
    """Starts and codes of one structure: its defaults, or what ``init=`` says."""
    codes = [p.code for p in structure.parameters]
    start = np.asarray(default, float)
    if call.init is not None:
        values, given = _given(call, structure.init_count, [""] * structure.init_count)
        places = structure.init_places.tolist()
        if isinstance(structure, FactorAnalytic) and structure.singular:  # specific variances of rr() are none
            given = [code if p.type != "V" else "" for code, p in zip(given, structure.parameters, strict=True)]
        codes = [given[place] or code for place, code in zip(places, codes, strict=True)]
        _check_positive(call, values, codes, structure)
        try:
            start = structure.from_init(values)
            if isinstance(structure, FactorAnalytic):
                structure.factor_at(start)
            else:
                structure.coefficients(start)
        except (NotFeasible, np.linalg.LinAlgError) as error:
            raise ModelError(f"{call.text}: the start values in 'init' cannot be used: {error}") from None
    return start, codes


def _check_positive(call: StructureCall, values: FloatArray, codes: Sequence[str], structure: Structure) -> None:
    """Variances, and correlations that are to stay positive, must start so (code P)."""
    if structure.init_count != len(structure.parameters) or isinstance(structure, FactorAnalytic | Own):
        return
    for k, (value, p, code) in enumerate(zip(values.tolist(), structure.parameters, codes, strict=True)):
        if code == "P" and value <= 0 and (p.kind or p.type) in ("V", "R"):
            what = "a variance must be" if p.type == "V" else "with the code P it must be"
            raise ModelError(f"{call.text}: value {k + 1} of 'init' is {value:g}; {what} positive")


def _given(call: StructureCall, wanted: int, codes: Sequence[str]) -> tuple[FloatArray, list[str]]:
    assert call.init is not None
    if len(call.init) != wanted:
        raise ModelError(f"{call.text}: 'init' has {len(call.init)} values; it needs {wanted}")
    given = call.init_codes or (None,) * wanted
    return np.array(call.init, float), [g or c for g, c in zip(given, codes, strict=True)]


def _scale_given(calls: Sequence[StructureCall], start: float, code: str) -> tuple[float, str]:
    """The scale's start and code: from ``init=`` of an ``id``/``idv`` factor where one has it."""
    for call in calls:
        if call.name in ("id", "idv") and call.init is not None:
            values, codes = _given(call, 1, [code])
            if codes[0] == "P" and not values[0] > 0:
                raise ModelError(f"{call.text}: the start value {values[0]:g} of a variance must be positive")
            return float(values[0]), codes[0]
    return start, code


def _factor_rows(
    rows: _Rows,
    prefix: str,
    calls: Sequence[StructureCall],
    product: Product,
    owner: int,
    shown: str,
    scale: float,
    means: object,
) -> None:
    local = int(product.scale)
    for j, (call, factor) in enumerate(zip(calls, product.factors, strict=True)):
        if not factor.parameters:
            continue
        cell_means = means.get((owner, j)) if isinstance(means, dict) else None
        start, codes = _initial(call, factor, factor.starts(scale, cell_means))
        for k, p in enumerate(factor.parameters):
            name = f"{prefix}{p.suffix}" if p.bare else f"{prefix}!{call.variable}{p.suffix}"
            kind = p.kind or p.type
            rows.add(name, kind, shown if p.type == "V" else p.type, codes[k], float(start[k]), owner, local)
            local += 1


def _random_rows(
    rows: _Rows, i: int, term: BoundTerm, product: Product, scale: float, gamma: bool, bound: BoundModel
) -> None:
    prefix = term.parameter_label or term.label
    shown = "G" if gamma else "V"
    if product.scale:
        # beside another variance the scale starts neutral
        beside = any(factor.has_variance for factor in product.factors)
        start, code = _scale_given(term.structures, 1.0 if beside else scale, "P")
        rows.add(prefix, "V", shown, code, start, i, 0)
    # on the gamma scale variances by level start at the common ratio; on the sigma scale from the cell means
    means = _correlations(term, i, scale, bound) if gamma else dict(bound.summaries.cell_means)
    # a saved dsum() fit has variances of diag() of type G and specific variances of fa() of type V
    specific = any(isinstance(f, FactorAnalytic) for f in product.factors)
    _factor_rows(rows, prefix, term.structures, product, i, shown if specific else "G", scale, means)


def _correlations(term: BoundTerm, i: int, scale: float, bound: BoundModel) -> dict[tuple[int, int], FloatArray]:
    """On the gamma scale cell means say how factor analytic levels are correlated, not how variable they are."""
    out = {}
    for j, call in enumerate(term.structures):
        means = bound.summaries.cell_means.get((i, j))
        if call.name in ("fa", "facv", "rr") and means is not None and means.ndim == 2:
            root = np.sqrt(np.diagonal(means))
            if np.isfinite(means).all() and (root > 0).all():
                out[i, j] = means / np.outer(root, root) * (scale / RATIO_START)
    return out


def _section_rows(
    rows: _Rows,
    owner: int,
    j: int,
    section: BoundSection,
    product: Product,
    gamma: bool,
    bound: BoundModel,
    dispersion: float | None,
) -> str | None:
    residual = f"{section.label}!R"
    started = next((c for c in section.structures if c.name == "id" and c.init is not None), None)
    if started is not None:
        raise ModelError(f"residual '{section.label}': {started.text} has no parameter to start; write idv() for it")
    if gamma:
        rows.add(residual, "V", "V", "P", 1.0, owner, -1)
        _factor_rows(rows, section.label, section.structures, product, owner, "V", 1.0, None)
        return residual
    variance = float(bound.summaries.sections[j])
    seen = int(np.isfinite(bound.y[section.rows]).sum())
    if bound.multi_section and seen < 2 and dispersion is None:
        raise ModelError(
            f"residual section {section.label}: {seen or 'no'} record{'' if seen == 1 else 's'} with a response, so it "
            f"has no variance of its own; leave {section.by} {section.level} out of the data or join it to another"
        )
    plain = next((c for c in section.structures if c.name == "idv"), None)
    if dispersion is not None:
        rows.add(residual, "V", "V", "F", dispersion, owner, 0 if product.scale else -1)
        _factor_rows(rows, section.label, section.structures, product, owner, "V", 1.0, None)
    elif plain is not None:
        # one start for all variances of a single section; half the section's variance among several
        share = SECTION_START if bound.multi_section else SIGMA_START
        start, code = _scale_given(section.structures, share * variance, "P")
        name = f"{section.label}!{plain.variable}"
        if bound.multi_section:
            rows.add(residual, "V", "V", "F", 1.0, owner, -1)
            rows.add(name, "V", "V", code, start, owner, 0)
        else:
            rows.add(name, "V", "V", code, start, owner, 0)
            rows.add(residual, "V", "V", "F", 1.0, owner, -1)
        _factor_rows(rows, section.label, section.structures, product, owner, "V", variance, None)
    elif product.scale:
        rows.add(residual, "V", "V", "P", SECTION_START * variance, owner, 0)
        _factor_rows(rows, section.label, section.structures, product, owner, "V", variance, None)
    else:
        rows.add(residual, "V", "V", "F", 1.0, owner, -1)
        means = _section_means(bound.y[section.rows], section, owner)
        _factor_rows(rows, section.label, section.structures, product, owner, "V", SECTION_START * variance, means)
    return None


def _section_means(y: FloatArray, section: BoundSection, owner: int) -> dict[tuple[int, int], FloatArray]:
    """Covariances of y between the levels of each structure, scaled so that their tenth, a start, is half of them."""
    sizes = [call.size for call in section.structures]
    found = {}
    for j, call in enumerate(section.structures):
        if make_structure(call).has_variance and call.size > 1:
            covariance = level_covariance(y, sizes, j)
            if covariance is not None:
                found[owner, j] = covariance * (SECTION_START / RATIO_START)
    return found
