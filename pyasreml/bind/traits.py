"""Several responses: which columns, how their records are stacked, and which units stay when responses are missing.

A model of k traits on n units has n·k records, traits within units; the factor ``trait`` tells the traits apart and
``units`` the units. The data may hold the traits beside each other, ``cbind(y1, y2)``, or below each other, when
``asmv`` names their factor.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyasreml.bind.coding import Coding
from pyasreml.bind.uses import Use, near
from pyasreml.data import Frame, NaMethod, Table
from pyasreml.errors import DataError
from pyasreml.model import TRAIT, ModelSpec

__all__ = ["is_trait", "omit_missing", "stack", "trait_column", "unit_marks"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


def trait_column(spec: ModelSpec, use: Use, name: str, table: Table) -> str | None:
    """The column that `name` stands for: itself, the column of ``asmv`` for ``trait``, None for one that is made.

    Examples
    --------
    >>> from pyasreml.model import model_spec
    >>> from pyasreml.syntax.nodes import Name
    >>> table = Table.from_any({"y": [1.0, 2.0], "Measure": ["a", "b"]})
    >>> trait_column(model_spec("y ~ trait", asmv="Measure"), Use(Name("trait"), "fixed", ""), "trait", table)
    'Measure'
    """
    if name != TRAIT:
        return name
    if spec.traits:
        return None
    if spec.asmv is not None and TRAIT not in table:
        return spec.asmv
    return name


def check_asmv(spec: ModelSpec, table: Table) -> None:
    """Raise `DataError` if ``asmv`` names no column."""
    if spec.asmv is not None and spec.asmv not in table:
        raise DataError(f"asmv: there is no column {spec.asmv!r} in the data{near(spec.asmv, table)}")


def unit_marks(marked: BoolArray, frame: Frame, every: bool = False) -> BoolArray:
    """Rows whose unit has a marked row, or with `every` nothing but marked rows."""
    if frame.units is None:
        return marked
    count = np.bincount(frame.units, weights=marked, minlength=frame.n_units)
    whole = count == np.bincount(frame.units, minlength=frame.n_units) if every else count > 0
    return np.asarray(whole[frame.units], dtype=bool)


def omit_missing(frame: Frame, y: FloatArray, na: NaMethod, spec: ModelSpec) -> tuple[Frame, FloatArray]:
    """Rows that stay when responses are missing: with several traits a unit goes if all its responses are missing.

    Parameters
    ----------
    y : float array (n,) or (n, traits)

    Raises
    ------
    DataError
        Under ``y="fail"``.
    """
    missing = np.isnan(y)
    if na.y == "include" or not missing.any():
        return frame, y
    if na.y == "fail":
        at = np.argwhere(missing)[0]
        what = spec.traits[at[1]][0] if y.ndim == 2 else spec.response_text
        raise DataError(
            f"missing values in {what}: row {int(frame.rows[at[0]]) + 1} and {int(missing.sum()) - 1} more; "
            'na_action = na_method(y="include") keeps such records, y="omit" drops them'
        )
    gone = np.logical_and.reduce(missing, axis=1) if y.ndim == 2 else unit_marks(missing, frame, every=True)
    return frame.keep(~gone), y[~gone]


def stack(frame: Frame, y: FloatArray, spec: ModelSpec) -> tuple[Frame, FloatArray]:
    """The records of all traits, traits within units; the frame as it is where it holds one record a row already.

    Raises
    ------
    DataError
        If a trait is missing in every unit.
    """
    if not spec.traits:
        if spec.asmv is not None and TRAIT not in frame:
            frame = frame.with_columns({TRAIT: frame[spec.asmv]})
        return frame, y
    empty = np.flatnonzero(np.isnan(y).all(axis=0))
    if len(empty):
        raise DataError(f"the response {spec.traits[empty[0]][0]} is missing in every row")
    return frame.stack(TRAIT, [name for name, _ in spec.traits]), y.ravel()


def is_trait(coding: Coding, frame: Frame) -> bool:
    """Whether a coding is the factor of the traits."""
    if frame.trait is None or coding.kind != "factor" or len(coding.variables) != 1:
        return False
    name = coding.variables[0]
    return name == frame.trait or (name == TRAIT and np.array_equal(frame[name].array, frame[frame.trait].array))
