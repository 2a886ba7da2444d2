"""Terms on their data: ``at()`` expanded, a coding a variable, a structure call a factor of the variance product."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pyasreml.bind.bases import basis_coding, covariate_columns, group_coding
from pyasreml.bind.basis import CompoundCoding
from pyasreml.bind.bound import BoundTerm, StructureCall
from pyasreml.bind.coding import (
    Coding,
    ConditionCoding,
    CovariateCoding,
    FactorCoding,
    InterceptCoding,
    OverlayCoding,
    UnitsCoding,
)
from pyasreml.bind.places import coordinates, line_points, places
from pyasreml.bind.related import RelatedCoding, earlier, find_source, related_coding
from pyasreml.bind.variables import FACTOR_CALLS, ModelFrame, factor_key
from pyasreml.data import UNITS, Column, Frame
from pyasreml.data.given import start_values
from pyasreml.data.known import Known
from pyasreml.errors import DataError, FormulaError, ModelError, quote, warn
from pyasreml.model import MODEL_FUNCTIONS, RELATED, Component, TermSpec
from pyasreml.syntax import deparse
from pyasreml.syntax.nodes import Call, Name, Number

__all__ = ["TermBinder", "intercept_term"]

FloatArray = npt.NDArray[np.float64]

LARGEST_TERM = 2**31 - 1


def intercept_term() -> BoundTerm:
    """The fixed term ``(Intercept)``."""
    return BoundTerm("(Intercept)", "fixed", (InterceptCoding(),), 1, (), sort_size=1, parameter_label="(Intercept)")


@dataclass
class TermBinder:
    """Binds the terms of one model; remembers factors it has made from numbers and columns it has warned about."""

    model: ModelFrame
    texts: dict[str, str]
    knot_points: Mapping[str, Sequence[float]] = field(default_factory=dict)
    pwr_points: Mapping[str, Sequence[float]] = field(default_factory=dict)
    known: Mapping[str, Any] = field(default_factory=dict)
    frame: Frame = field(init=False)
    _warned: set[str] = field(default_factory=set)
    _places: dict[str, FloatArray] = field(default_factory=dict)
    _relations: dict[str, Known] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.frame = self.model.frame

    def terms(self, specs: tuple[TermSpec, ...], part: str) -> list[BoundTerm]:
        """Bound terms in order; a term that comes again through ``at()`` is kept once."""
        found: dict[object, BoundTerm] = {}
        for spec in specs:
            if any(c.kind == "overlay" for c in spec.components):
                key, before = list(found.items())[-1] if found else (None, None)
                found[key] = self._overlay(spec, part, before)
                continue
            if any(c.kind == "compound" for c in spec.components):
                term = self._compound(spec, part)
                found.setdefault((term.label, *(call.text for call in term.structures)), term)
                continue
            for term in self._expand(spec, part):
                calls = [(call.name, call.text) for call in term.structures]
                key = (frozenset(c.label for c in term.codings), tuple(calls) if part == "random" else ())
                found.setdefault(key, term)
        return list(found.values())

    def _overlay(self, spec: TermSpec, part: str, before: BoundTerm | None) -> BoundTerm:
        """``and(f)``: the term before with the design of f added to its own."""
        component = spec.components[0]
        text = self.texts[part]
        if len(spec.components) > 1:
            raise FormulaError("and() stands alone, not in a product", text, spec.span)
        if before is None:
            raise FormulaError("and() adds to the design of the term before it, and there is none", text, spec.span)
        base = before.codings[0]
        plain = Component("variable", deparse(component.variable), component.variable, span=component.span)
        added = self.coding(component.inner or plain, part, True, spec)
        takes = isinstance(base, (FactorCoding, OverlayCoding, RelatedCoding))
        if len(before.codings) > 1 or not takes or added.kind != "factor":
            raise ModelError(f"{component.text} needs a factor, and a factor alone before it\n{quote(text, spec.span)}")
        known = [call.options.get("known") for call in before.structures]
        mine = self._relations[deparse(component.inner.variable)] if component.inner is not None else None
        if known[:1] != [mine] and (mine is not None or any(known)):
            raise ModelError(
                f"{component.text} adds to {before.label}: both must stand over one matrix, such as vm(sire, K) + "
                f"and(vm(dam, K))\n{quote(text, spec.span)}"
            )
        if added.levels != base.levels:
            odd = next(iter(sorted(set(added.levels) ^ set(base.levels))), added.levels[0])
            raise ModelError(
                f"{component.text}: {added.label} and {base.label} must have the same levels in the same order (not so "
                f"for {odd!r}); equate_levels = ({base.label!r}, {added.label!r}) gives them all levels of both"
                f"\n{quote(text, spec.span)}"
            )
        parts = base.parts if isinstance(base, OverlayCoding) else ((base, 1.0),)
        variables = tuple(dict.fromkeys((*base.variables, *added.variables)))
        coding = OverlayCoding(base.label, variables, base.levels, (*parts, (added, component.weight)))
        return replace(before, codings=(coding,), variables=variables)

    def _compound(self, spec: TermSpec, part: str) -> BoundTerm:
        """``str(~ terms, ~ model)``: one term whose blocks lie side by side, outer factor of the model by blocks."""
        component = spec.components[0]
        text = self.texts[part]
        if len(spec.components) > 1:
            raise FormulaError("str() stands alone, not in a product", text, spec.span)
        terms: list[BoundTerm] = []
        for inner in component.terms:
            if any(c.kind == "overlay" for c in inner):
                terms[-1:] = [self._overlay(TermSpec(inner, spec.span), part, terms[-1] if terms else None)]
            else:
                terms += self._expand(TermSpec(inner, spec.span), part)
        calls = [self._sized(factor, part) for factor in component.model]
        label = "+".join(term.label for term in terms)
        sizes = [call.size for call in calls]
        width = sum(term.size for term in terms)
        if math.prod(sizes) != width:
            raise ModelError(
                f"str(): the terms {label} have {' + '.join(str(term.size) for term in terms)} = {width} effects, the "
                f"model {' × '.join(map(str, sizes))} = {math.prod(sizes)}\n{quote(text, component.span)}"
            )
        variables = tuple(dict.fromkeys(name for term in terms for name in term.variables))
        coding = CompoundCoding(label, variables, (), tuple(term.codings for term in terms))
        structures = one_variance(calls, label, text, spec.span)
        return BoundTerm(label, part, (coding,), width, variables, structures, label, width, span=spec.span)

    def _sized(self, factor: Component, part: str) -> StructureCall:
        """A factor of ``str()``'s model, ``us(2)`` or ``id(Tree)``; parameter names quote it so."""
        options: dict[str, Any] = {}
        if factor.function in RELATED:
            options = {**dict(factor.options), "known": self._relation(factor, part)}
            levels = options["known"].names
        elif isinstance(factor.variable, Number):
            size = factor.variable.value
            if size != int(size) or size < 1:
                raise FormulaError(f"{factor.call}: the size must be a whole number", self.texts[part], factor.span)
            levels = tuple(map(str, range(1, int(size) + 1)))
        else:
            levels = self.factor(replace(factor, kind="variable"), part, "str()")[1].levels
        name = factor.function or "id"
        shown = factor.text if name in RELATED else f"{name}({deparse(factor.variable)})"
        return StructureCall(
            name,
            shown,
            len(levels),
            levels,
            factor.order,
            *self._starts(factor),
            options=options,
            text=factor.call,
            span=factor.span,
            listed=deparse(factor.variable),
        )

    def _expand(self, spec: TermSpec, part: str) -> list[BoundTerm]:
        components = spec.components
        if part == "random":
            components = tuple(sorted(components, key=lambda c: c.kind != "at"))
        choices = [self._conditions(c, part) if c.kind == "at" else [None] for c in components]
        rest = {i: self.coding(c, part, len(components) > 1, spec) for i, c in enumerate(components) if c.kind != "at"}
        terms = []
        for conditions in itertools.product(*choices):
            codings = tuple(condition or rest[i] for i, condition in enumerate(conditions))
            terms.append(self._term(spec, components, codings, part))
        return terms

    def _term(
        self, spec: TermSpec, components: tuple[Component, ...], codings: tuple[Coding, ...], part: str
    ) -> BoundTerm:
        label = ":".join(coding.label for coding in codings)
        if part == "random" and all(coding.kind == "condition" for coding in codings):
            raise FormulaError(
                f"{label} conditions another variable, which is missing: {label}:g, or the factor itself",
                self.texts[part],
                spec.span,
            )
        size = 1
        for coding in codings:
            if coding.width == 0:
                raise DataError(f"term {label}: {coding.label} is missing in every row")
            size *= coding.width
        if size > LARGEST_TERM:
            raise ModelError(f"term {label} has {size} effects; the largest possible number is {LARGEST_TERM}")
        variables = tuple(dict.fromkeys(name for coding in codings for name in coding.variables))
        structures: tuple[StructureCall, ...] = ()
        if part == "random":
            calls = [
                self.structure_call(c, coding) for c, coding in zip(components, codings, strict=True) if c.kind != "at"
            ]
            for call in calls:
                check_units(call, self.texts[part])
            structures = one_variance(calls, label, self.texts[part], spec.span)
        return BoundTerm(
            label=label,
            part=part,
            codings=codings,
            size=size,
            variables=variables,
            structures=structures,
            parameter_label=label,
            sort_size=sort_size(structures, size),
            conditioned=codings[0].kind == "condition",
            span=spec.span,
        )

    def _conditions(self, component: Component, part: str) -> list[ConditionCoding]:
        key, column = self.factor(component, part, "at()")
        text = self.texts[part]
        if component.levels is None:
            positions = list(range(len(column.levels)))
        else:
            positions = [level_position(level, column, component, text) for level in component.levels]
        variable = deparse(component.variable)
        return [
            ConditionCoding(f"at({variable}, {_quoted(column.levels[i])})", (key,), (column.levels[i],), i)
            for i in dict.fromkeys(positions)
        ]

    def coding(self, component: Component, part: str, in_product: bool, spec: TermSpec) -> Coding:
        """The coding of one component that is not ``at()``."""
        if component.kind == "coding" or component.inner is not None:
            return self._basis(component.inner or component, part)
        if component.function in RELATED:
            return self._related(component, part)
        node = component.variable
        if isinstance(node, Name) and node.name == UNITS:
            return UnitsCoding.of(self.frame.n_units)
        if component.other is not None:
            return self._place_coding(component)
        plain = component.kind != "structure" or component.function in ("id", "idv")
        if isinstance(node, Call) and isinstance(node.function, Name) and node.function.name in FACTOR_CALLS:
            argument = node.arguments[0].value
            assert isinstance(argument, Name)
            return FactorCoding(component.text, (key := factor_key(argument.name),), self.frame[key].levels)
        if not isinstance(node, Name):
            if not plain:
                raise FormulaError(
                    f"{component.function}() needs a factor; {component.text} is an expression",
                    self.texts[part],
                    component.span,
                )
            return self.model.expressions[component.text]
        column = self.frame[node.name]
        if column.is_factor:
            return FactorCoding(component.text, (node.name,), column.levels)
        if not plain:
            by_distance = MODEL_FUNCTIONS[str(component.function)].coordinates == 1
            key, made = self.factor(component, part, f"{component.function}()", quietly=by_distance)
            return FactorCoding(component.text, (key,), made.levels)
        if part == "random" or in_product:
            self._warn(column, f"a covariate in the {part} term {spec.label}")
        return CovariateCoding.of(component.text, node.name)

    def _related(self, component: Component, part: str) -> Coding:
        """``vm()`` and ``ide()``: a factor, or numbers that name rows, over the rows of a matrix."""
        key, column = self.factor(component, part, f"{component.function}()", quietly=True)
        return related_coding(component.text, key, column, self._relation(component, part), component, self.texts[part])

    def _relation(self, component: Component, part: str) -> Known:
        """The matrix of ``vm()``, or that of the ``vm()`` before an ``ide()``."""
        variable = deparse(component.variable)
        if component.function == "ide":
            return earlier(self._relations, variable, component, self.texts[part])
        self._relations[variable] = find_source(component, self.known, self.texts[part])
        return self._relations[variable]

    def _place_coding(self, component: Component) -> Coding:
        """The distinct places of two columns as one factor, kept in the frame under its label."""
        key = component.text
        if key not in self.frame:
            x, y = self.plane(component)
            code, self._places[key], labels = places(x, y)
            self.frame = self.frame.with_columns({key: Column(key, "factor", codes=code, levels=labels)})
        return FactorCoding(key, (key,), self.frame[key].levels)

    def plane(self, component: Component) -> tuple[FloatArray, FloatArray]:
        """Both coordinates of a structure in the plane, (n,) each."""
        assert isinstance(component.variable, Name) and isinstance(component.other, Name)
        what = f"{component.function}()"
        return (
            coordinates(self.frame[component.variable.name], what),
            coordinates(self.frame[component.other.name], what),
        )

    def structure_call(
        self, component: Component, coding: Coding, at: FloatArray | None = None, levels: Sequence[str] | None = None
    ) -> StructureCall:
        """The variance structure over one coding's columns; a plain variable is ``id``, ``units`` lists no levels.

        `at` are coordinates of the levels, where they are known already; `levels` all levels of the factor, where
        the coding has a part of them.
        """
        chosen = () if coding.kind == "units" else coding.levels
        name = component.function if component.kind == "structure" and component.function else "id"
        if at is None and coding.variables:
            at = self._places.get(coding.variables[0])
        if at is None and MODEL_FUNCTIONS[name].coordinates == 1:
            at = line_points(deparse(component.variable), levels or chosen, chosen, self.pwr_points)
        init, codes = self._starts(component)
        options = {key: value for key, value in component.options if key != "init"}
        if name == "own":
            if options["fun"] not in self.known:
                raise ModelError(
                    f"{component.call}: there is no function {options['fun']!r}; give it as "
                    f"known = {{{options['fun']!r}: function}}"
                )
            options["fun"] = self.known[options["fun"]]
        if name == "vm":
            options["known"] = self._relations[deparse(component.variable)]
        return StructureCall(
            name=name,
            variable=component.text,
            size=coding.width,
            levels=chosen,
            order=component.order,
            init=init,
            init_codes=codes,
            coordinates=at,
            options=options,
            text=component.call,
            span=component.span,
        )

    def _starts(self, component: Component) -> tuple[tuple[float, ...] | None, tuple[str | None, ...] | None]:
        """Start values and their codes: written in the formula, or in an object that ``init =`` names."""
        name = dict(component.options).get("init")
        if name is None:
            return component.init, component.init_codes
        if name not in self.known:
            raise ModelError(f"{component.call}: there are no start values {name!r}; give known = {{{name!r}: values}}")
        return start_values(getattr(self.known[name], "given", self.known[name]), component.call, name)

    def _basis(self, component: Component, part: str) -> Coding:
        """``spl()``, ``pol()``, ``con()`` …: functions of a column; ``grp()`` and ``mbf()``, of several."""
        assert isinstance(component.variable, Name)
        name = component.variable.name
        if component.function == "grp":
            return group_coding(component.text, name, self.model.groups[name], self.frame)
        if component.function == "mbf":
            columns, coding = covariate_columns(component.text, self.model.covariates[name], self.frame)
            self.frame = self.frame.with_columns(columns)
            return coding
        if component.function in ("con", "C"):
            key, column = self.factor(component, part, f"{component.function}()")
        else:
            key, column = name, (self.frame[name] if name != UNITS else Column(UNITS, "factor"))
        return basis_coding(component, key, column, self.texts[part], self.knot_points, self.known)

    def factor(self, component: Component, part: str, what: str, quietly: bool = False) -> tuple[str, Column]:
        """The factor that `what` needs and its name in the frame; few whole numbers become one, with a warning.

        `quietly` takes any numbers and does not warn: in a residual product a column can be nothing but a factor.
        """
        node = component.variable
        if isinstance(node, Call) and isinstance(node.function, Name) and node.function.name in FACTOR_CALLS:
            argument = node.arguments[0].value
            assert isinstance(argument, Name)
            return factor_key(argument.name), self.frame[factor_key(argument.name)]
        if not isinstance(node, Name):
            raise FormulaError(f"{what} needs a factor; {component.text} is an expression", self.texts[part], node.span)
        if node.name == UNITS:
            raise FormulaError(f"{what} cannot take units", self.texts[part], node.span)
        column = self.frame[node.name]
        if column.is_factor:
            return node.name, column
        key = factor_key(node.name)
        if key in self.frame:
            return key, self.frame[key]
        if not (column.looks_like_factor() or quietly):
            raise DataError(
                f"{what} needs a factor and column {node.name!r} holds numbers; make it one with "
                f'astype("category")\n{quote(self.texts[part], node.span)}'
            )
        made = column.as_factor()
        if not quietly:
            self._warn(column, f"the factor of its {len(made.levels)} values in {what}", sure=True)
        self.frame = self.frame.with_columns({key: made})
        return key, made

    def _warn(self, column: Column, use: str, sure: bool = False) -> None:
        if column.name in self._warned or not (sure or column.looks_like_factor()):
            return
        self._warned.add(column.name)
        warn(
            f"column {column.name!r} holds whole numbers and is taken as {use}; if it is a factor, "
            f'make it one: data[{column.name!r}] = data[{column.name!r}].astype("category")',
            stacklevel=6,
        )


def level_position(level: str | int, column: Column, component: Component, text: str) -> int:
    """Position (from 0) of a level given by name or by number (from 1)."""
    levels = column.levels
    if isinstance(level, str):
        if level in levels:
            return levels.index(level)
        shown = ", ".join(_quoted(name) for name in levels[:8]) + (" …" if len(levels) > 8 else "")
        raise FormulaError(f"{column.name!r} has no level {_quoted(level)}; it has {shown}", text, component.span)
    if level > len(levels):
        raise FormulaError(
            f"{column.name!r} has {len(levels)} levels, so there is no level number {level}; "
            "to name a level put it in quotes",
            text,
            component.span,
        )
    return level - 1


def _quoted(level: str) -> str:
    escaped = level.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def sort_size(structures: Sequence[StructureCall], size: int) -> int:
    """Number of effects by which random terms are sorted: ``fa()`` counts its scores as well, ``rr()`` them alone."""
    for call in structures:
        if call.name in ("fa", "rr"):
            size = size // call.size * ((call.size if call.name == "fa" else 0) + (call.order or 1))
    return size


def check_units(call: StructureCall, text: str) -> None:
    """Refuse structures with a parameter a level over ``units``, which has one level a record."""
    if call.variable == UNITS and MODEL_FUNCTIONS[call.name].heterogeneous:
        raise ModelError(
            f"{call.text}: {call.name}() has a variance for every level, and units one level a record; use idv(units)"
            f"\n{quote(text, call.span)}"
        )


def one_variance(
    calls: list[StructureCall], label: str, text: str, span: tuple[int, int], *, random: bool = True
) -> tuple[StructureCall, ...]:
    """A term's structures, checked for one variance at most; several plain ``idv`` are one scale, kept at the first.

    In a random term such a scale may stand beside another variance, as asreml takes it: both are parameters, of which
    the data determine the product alone.

    Raises
    ------
    ModelError
        If two factors of the product carry variances.

    Warns
    -----
    AsremlWarning
        For a scale beside a variance.
    """
    with_variance = [i for i, call in enumerate(calls) if MODEL_FUNCTIONS[call.name].variance]
    if len(with_variance) < 2:
        return tuple(calls)
    plain = [i for i in with_variance if calls[i].name == "idv"]
    others = len(with_variance) - len(plain)
    names = " and ".join(calls[i].text for i in with_variance)
    if others > 1 or (others and not random):
        raise ModelError(
            f"term {label}: {names} both carry variances, of which a term may have one; use id() or a correlation "
            f"model such as ar1() or cor() for all factors but one\n{quote(text, span)}"
        )
    if others:
        warn(
            f"term {label}: {names} both carry variances, and the data determine only their product: write id() for "
            "idv(), or fix its variance, idv(f, init = c(F = 1))",
            stacklevel=6,
        )
    started = [i for i in plain if calls[i].init is not None]
    scale = started[0] if started else plain[0]
    return tuple(
        replace(c, name="id", init=None, init_codes=None)
        if i in plain and i != scale
        else c
        for i, c in enumerate(calls)
    )
