"""What binding hands on: the final terms of a model on its data, with sizes, names and order settled.

Nothing here depends on a variance parameter's value. The design stage turns codings into sparse blocks,
the variance stage turns structure calls into structures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from pyasreml.bind.coding import Coding
    from pyasreml.data.frame import Frame

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class StructureCall:
    """One factor of a variance structure's direct product, as the formula asks for it.

    Attributes
    ----------
    name : str
        Registry name: ``id idv idh diag us ar1 ar1v ar1h`` …
    variable : str
        What names the factor in parameter names (``Row`` in ``Row:Column!Row!cor``).
    size : int
        Number of levels.
    levels : sequence of str
        Level labels, in order; empty for ``units``.
    order : int or None
        Second argument of structures that have an order (``corb``, ``fa``, ``ante`` …).
    init : tuple of float or None
        Start values given by ``init=``, in stored order.
    init_codes : tuple of (str or None), or None
        Constraint codes (``P U F B``) given as names of ``init``.
    text : str
        The call as R deparses it.
    span : tuple of int
        Where it stands in the formula's text.
    listed : str
        What names the factor in ``G.param`` and ``R.param`` where that is not `variable`: ``2`` of ``str()``'s
        ``us(2)``.
    """

    name: str
    variable: str
    size: int
    levels: Sequence[str]
    order: int | None = None
    init: tuple[float, ...] | None = None
    init_codes: tuple[str | None, ...] | None = None
    coordinates: FloatArray | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    span: tuple[int, int] = (0, 0)
    listed: str = ""


@dataclass(frozen=True)
class BoundTerm:
    """A fixed, sparse or random term with its codings, one a variable, the first varying slowest.

    Attributes
    ----------
    label : str
        The term as ``noeff``, ``wald`` and ``varcomp`` name it: ``Blocks:Wplots``, ``at(Site, 'PBU'):rep``.
    part : {"fixed", "sparse", "random"}
    codings : tuple of Coding
        Their row-wise direct product is the term's design block.
    structures : tuple of StructureCall
        Random terms only: one a coding whose width is a factor of the product (``at()`` conditions have
        none), for ``str()`` the factors of its model. The product of their sizes is `size`. Empty for fixed terms.
    parameter_label : str
        Prefix of the term's variance parameters.
    size : int
        Number of effects: product of the codings' widths (full level counts, present or not).
    sort_size : int
        The size by which ``random.order = "noeff"`` sorts.
    variables : tuple of str
        Data columns that the term depends on.
    conditioned : bool
        True where `label` begins with ``at()``.
    """

    label: str
    part: str
    codings: tuple[Coding, ...]
    size: int
    variables: tuple[str, ...]
    structures: tuple[StructureCall, ...] = ()
    parameter_label: str = ""
    sort_size: int = 0
    conditioned: bool = False
    span: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class BoundSection:
    """One residual section: rows of the frame in the order of the section's grid.

    Attributes
    ----------
    label : str
        Prefix of its parameters: ``units``, ``Row:Column``, ``Year_2020``.
    rows : int array (n_section,)
        Row numbers in the model frame, which run through the grid with the last factor fastest.
    structures : tuple of StructureCall
        Outer factor first; the product of sizes is ``n_section``. A plain ``units`` is one ``id``.
    by, level : str or None
        The conditioning factor of ``dsum`` and this section's level.
    """

    label: str
    rows: IntArray
    structures: tuple[StructureCall, ...]
    by: str | None = None
    level: str | None = None
    span: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Summaries:
    """Variances of the response from which start values are made (divisor n - 1, records with y only).

    Attributes
    ----------
    variance : float
        Over all records.
    sections : float array (number of residual sections,)
    cell_means : mapping
        ``(random term index, structure index) -> float array (size,)``: for level i of a heterogeneous
        structure, the variance, across the levels of the term's other factors, of the cell means of y. For a
        structure over the traits, the covariance matrix of the traits (size, size).
    traits : mapping of int to float
        With several traits, by random term that is conditioned on one of them: the variance of that trait.
    """

    variance: float
    sections: FloatArray
    cell_means: Mapping[tuple[int, int], FloatArray]
    traits: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class BoundModel:
    """A model on its data.

    Attributes
    ----------
    frame : Frame
        The model frame: rows kept after ``subset`` and ``na.action``, unused levels dropped.
    response : str
        Its text, ``log(y)``.
    y : float array (n,)
        NaN where missing.
    weights : float array (n,) or None
    fixed, sparse : tuple of BoundTerm
        In the order in which they are fitted; the intercept is the first fixed term, labelled
        ``(Intercept)``.
    random : tuple of BoundTerm
        In formula order, ``at()`` expanded to one term a level.
    sections : tuple of BoundSection
    multi_section : bool
        True for ``dsum``: the sigma parameterisation.
    summaries : Summaries
    formulae : mapping
        ``fixed random sparse residual`` to R text as asreml stores it.
    """

    frame: Frame
    response: str
    y: FloatArray
    weights: FloatArray | None
    fixed: tuple[BoundTerm, ...]
    sparse: tuple[BoundTerm, ...]
    random: tuple[BoundTerm, ...]
    sections: tuple[BoundSection, ...]
    multi_section: bool
    summaries: Summaries
    formulae: Mapping[str, str | None]
