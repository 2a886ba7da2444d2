"""Which variables a prediction classifies by, averages over and ignores, and which model terms take part in it.

The classify set is asked for. The averaging set is, unless the user says more, every other variable of the fixed and
sparse terms; a variable of random terms alone is ignored. A term takes part if all its variables are in the two sets
(Gilmour, Cullis, Welham, Gogel & Thompson 2004, Comput. Stat. Data Anal. 44:571; Welham, Cullis, Gogel, Gilmour &
Thompson 2004, Aust. N. Z. J. Stat. 46:325). ``units`` and the effects of missing responses never do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pyasreml.bind.basis import SplineCoding
from pyasreml.bind.bound import BoundModel
from pyasreml.bind.coding import Coding, CovariateCoding, ExpressionCoding
from pyasreml.bind.variables import factor_key
from pyasreml.errors import AsremlError
from pyasreml.fit.prediction_related import all_levels, in_codes, recode
from pyasreml.fit.prediction_splines import spline_points

FloatArray = npt.NDArray[np.float64]

INTERCEPT = ("(Intercept)", "Intercept")
"""What ``classify`` may be for the overall mean: the name of 4.1 and that of 4.2."""


@dataclass(frozen=True)
class PredictTerm:
    """A model term as predictions see it.

    Attributes
    ----------
    label : str
    random : bool
    index : int
        Its place among the fixed and sparse terms, or among the random terms.
    codings : tuple of Coding
        Those of the bound term; an expression such as ``I(x^2)`` is a covariate of that name.
    variables : tuple of str
    """

    label: str
    random: bool
    index: int
    codings: tuple[Coding, ...]
    variables: tuple[str, ...]

    @property
    def of_units(self) -> bool:
        """Whether the term has one effect a record."""
        return any(coding.kind == "units" for coding in self.codings)


@dataclass(frozen=True)
class Variable:
    """A variable of the model.

    Attributes
    ----------
    name : str
        Its name in the model frame, or the text of an expression.
    levels : tuple of str
        Of a factor.
    values : array (n,)
        Codes of a factor, numbers of a covariate, by the rows of the model frame.
    spline : str
        The label of a ``spl()`` of the covariate, or "".
    """

    name: str
    is_factor: bool
    levels: tuple[str, ...]
    values: npt.NDArray[Any]
    spline: str = ""

    @cached_property
    def mean(self) -> float:
        """The mean of a covariate over the model frame, missing values set aside."""
        known = self.values[~np.isnan(self.values)]
        return float(known.mean()) if known.size else 0.0

    @property
    def shown(self) -> str:
        """How the notes call a covariate: by its spline, where it has one."""
        return self.spline or self.name

    @cached_property
    def points(self) -> FloatArray:
        """Values at which a covariate is predicted: its mean; where it has a spline, the points of that."""
        return spline_points(self.values) if self.spline else np.array([self.mean])


@dataclass(frozen=True)
class Sets:
    """What a prediction is made of.

    Attributes
    ----------
    classify : tuple of str
        Variables; empty for the overall mean.
    columns : tuple of str
        Their names as the user wrote them.
    averaging, ignored : tuple of str
        Variables in the order of the model formula.
    terms : tuple of PredictTerm
        Terms that take part, fixed before random, in the order of the model.
    left_out : tuple of str
        Labels of terms that were taken out by rule (``units``) or by the user.
    listed : bool
        Whether the notes say of every term that it is included or ignored.
    """

    classify: tuple[str, ...]
    columns: tuple[str, ...]
    averaging: tuple[str, ...]
    ignored: tuple[str, ...]
    terms: tuple[PredictTerm, ...]
    left_out: tuple[str, ...]
    listed: bool


def model_terms(bound: BoundModel) -> tuple[PredictTerm, ...]:
    """All terms of a model: fixed, sparse, random."""
    found = []
    levels = all_levels(bound)
    for terms, random in (((*bound.fixed, *bound.sparse), False), (bound.random, True)):
        for index, term in enumerate(terms):
            codings = tuple(in_codes(_as_variable(coding), bound.frame, levels) for coding in term.codings)
            variables = tuple(dict.fromkeys(v for coding in codings for v in coding.variables))
            found.append(PredictTerm(term.label, random, index, codings, variables))
    return tuple(found)


def _as_variable(coding: Coding) -> Coding:
    return CovariateCoding.of(coding.label, coding.label) if isinstance(coding, ExpressionCoding) else coding


def model_variables(bound: BoundModel) -> dict[str, Variable]:
    """All variables of a model's terms but ``units``, fixed terms first."""
    frame = bound.frame
    found: dict[str, Variable] = {}
    related = all_levels(bound)
    codings = [coding for term in (*bound.fixed, *bound.sparse, *bound.random) for coding in term.codings]
    splines: dict[str, str] = {}
    for coding in codings:
        if isinstance(coding, SplineCoding):
            splines.setdefault(coding.variables[0], coding.label)
    for coding in codings:
        if isinstance(coding, ExpressionCoding):
            values = coding.values(frame.arrays, len(frame)).astype(np.float64)
            found.setdefault(coding.label, Variable(coding.label, False, (), values))
        elif coding.kind != "units":
            for name in coding.variables:
                column = frame[name]
                if name in related:
                    codes = recode(column.levels, related[name])[column.array]
                    found.setdefault(name, Variable(name, True, related[name], codes))
                spline = "" if column.is_factor else splines.get(name, "")
                found.setdefault(name, Variable(name, column.is_factor, column.levels, column.array, spline))
    return found


def name_list(value: Any) -> tuple[str, ...]:
    """One name or several, as a tuple; None is none."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Mapping):
        return tuple(str(v) for item in value.values() for v in name_list(item))
    return tuple(str(v) for v in value)


def split_product(text: str) -> tuple[str, ...]:
    """The factors of ``A:B``; a colon within brackets or quotes does not separate."""
    parts, depth, quote, start = [], 0, "", 0
    for i, c in enumerate(text):
        if quote:
            quote = "" if c == quote else quote
        elif c in "'\"`":
            quote = c
        elif c in "([":
            depth += 1
        elif c in ")]":
            depth -= 1
        elif c == ":" and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    parts.append(text[start:])
    return tuple(part.strip().strip("`") for part in parts)


def find_variable(name: str, variables: Mapping[str, Variable], what: str) -> str:
    """The model variable that `name` stands for; a number made into a factor answers to its own name.

    Raises
    ------
    AsremlError
        If the model has no such variable, with names that are near.
    """
    for key in (name, factor_key(name)):
        if key in variables:
            return key
    raise AsremlError(f"predict(): {what}: {name!r} is no variable of the model's terms{_near(name, variables)}")


def _near(name: str, known: Iterable[str]) -> str:
    names = list(known)
    close = difflib.get_close_matches(name, names, 3, 0.6)
    close += [other for other in names if other.lower() == name.lower() and other not in close]
    if close:
        return f"; did you mean {' or '.join(map(repr, close))}?"
    return f"; there are {', '.join(names)}" if names else ""


def find_terms(names: Sequence[str], terms: Sequence[PredictTerm], what: str) -> tuple[PredictTerm, ...]:
    """Terms by their labels; the variables of a product may come in any order, ``at(f):x`` means all its levels.

    Raises
    ------
    AsremlError
        For a name that is no term.
    """
    found: dict[str, PredictTerm] = {}
    for name in names:
        label = INTERCEPT[0] if name in INTERCEPT else name
        hits = [t for t in terms if t.label == label]
        hits = hits or [t for t in terms if set(split_product(t.label)) == set(split_product(label))]
        hits = hits or [t for t in terms if set(_at_label(t)) == set(split_product(label))]
        if not hits:
            if name == "mv":
                continue  # ignored in any case
            near = _near(name, [t.label for t in terms])
            raise AsremlError(f"predict(): {what}: {name!r} is no term of the model{near}")
        found.update((("r:" if t.random else "f:") + t.label, t) for t in hits)
    return tuple(found.values())


def _at_label(term: PredictTerm) -> tuple[str, ...]:
    """The parts of a term's label with ``at(f, 'level')`` as ``at(f)``."""
    return tuple(
        f"at({coding.variables[0]})" if coding.kind == "condition" else coding.label for coding in term.codings
    )


def classify_names(classify: Any) -> tuple[str, ...]:
    """The variables that ``classify`` names, as written; none for the intercept.

    Raises
    ------
    AsremlError
        If it is no text, or names a variable twice or none.
    """
    if not isinstance(classify, str) or not classify.strip():
        raise AsremlError('predict(): classify is needed: a factor, or several as in classify = "A:B"')
    if classify.strip() in INTERCEPT:
        return ()
    names = split_product(classify)
    if any(not name for name in names):
        raise AsremlError(f"predict(): classify = {classify!r}: a name is missing beside ':'")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise AsremlError(f"predict(): classify = {classify!r} names {twice[0]!r} twice")
    return names


def choose_sets(
    bound: BoundModel,
    variables: Mapping[str, Variable],
    classify: Any,
    forced: Sequence[str] = (),
    *,
    use: Sequence[str] = (),
    ignore: Sequence[str] = (),
    except_: Sequence[str] = (),
    only: Sequence[str] = (),
) -> Sets:
    """Classify, averaging and ignored sets and the terms of a prediction.

    Parameters
    ----------
    bound : BoundModel
    variables : mapping
        From `model_variables`.
    classify : str
    forced : sequence of str
        Variables that the user moved into the averaging set (by ``average``, ``present``, ``associate``).
    use, ignore, except_, only : sequence of str
        Term labels: terms to add; to leave out; all terms but these; these terms alone.

    Raises
    ------
    AsremlError
        For unknown names, contradicting requests, or when no term is left.
    """
    columns = classify_names(classify)
    chosen = tuple(find_variable(name, variables, "classify") for name in columns)
    terms = model_terms(bound)
    if only and (except_ or use):
        raise AsremlError("predict(): only goes without use and except")
    added, out = find_terms(use, terms, "use"), find_terms((*ignore, *except_), terms, "ignore, except")
    if only:
        base = find_terms(only, terms, "only")
    elif except_:
        base = terms
    else:
        base = tuple(t for t in terms if not t.random)
    asked = [t for t in (*base, *added) if not t.of_units and t not in out]
    wanted = dict.fromkeys(v for t in asked for v in t.variables if v not in chosen)
    if not only and not except_:
        # the averaging set is that of all fixed terms, those left out of this prediction too
        wanted.update(dict.fromkeys(v for t in base for v in t.variables if v not in chosen))
    wanted.update(dict.fromkeys(v for v in forced if v not in chosen))
    averaging = tuple(v for v in variables if v in wanted)
    inside = {*chosen, *averaging}
    used = asked if only else [t for t in terms if not t.of_units and t not in out and inside.issuperset(t.variables)]
    if not used:
        raise AsremlError("predict(): no term of the model takes part in this prediction")
    ignored = dict.fromkeys(
        v for t in terms if t.random for coding in t.codings for v in coding.variables if v not in inside
    )
    left_out = dict.fromkeys(t.label for t in (*out, *(t for t in terms if t.of_units)))
    return Sets(
        classify=chosen,
        columns=columns,
        averaging=averaging,
        ignored=tuple(ignored),
        terms=tuple(t for t in terms if t in used),
        left_out=tuple(left_out),
        listed=bool(left_out or use or only),
    )
