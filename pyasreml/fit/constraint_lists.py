"""Constraints among variance parameters as users write them: ``vcc``, ``vcm`` and `vcm_lm`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pyasreml.errors import AsremlError, DataError, FormulaError, ModelError
from pyasreml.model.expand import expand
from pyasreml.rprint import RTable
from pyasreml.syntax import deparse, parse_formula
from pyasreml.syntax.nodes import Name, Unary
from pyasreml.variance.constraints import constrain, groups_matrix
from pyasreml.variance.parameters import Parameters

__all__ = ["constrained", "vcm_lm"]

FloatArray = npt.NDArray[np.float64]

NAME_COLUMNS = ("Component", "Vparameter")


def constrained(table: Parameters, vcc: Any, vcm: Any) -> Parameters:
    """The table of parameters under ``vcc`` or ``vcm``.

    Parameters
    ----------
    table : Parameters
    vcc : frame, array or mapping, optional
        Two columns: the number of a group, whose parameters are equal up to the second column, a scale. Rows are named
        by parameters; without names there is a row for every parameter of the model, in order. Group 0 or missing: not
        constrained.
    vcm : frame or array, optional
        M of θ = M κ, rows as in `vcc`.

    Raises
    ------
    ModelError
        Both given; wrong sizes; and see `pyasreml.variance.constraints.constrain`.
    """
    groups, matrix = _named(vcc, "vcc", table), _named(vcm, "vcm", table)
    if groups is not None and matrix is not None:
        raise ModelError("vcc and vcm are both given; write all constraints as one matrix, vcm")
    if groups is not None:
        return _equated(table, *groups)
    if matrix is not None:
        return constrain(table, matrix[0], matrix[1], "vcm")
    return table


def _equated(table: Parameters, names: list[str], values: FloatArray) -> Parameters:
    if values.shape[1] != 2:
        raise ModelError(
            f"vcc has {values.shape[1]} column{'s' * (values.shape[1] != 1)}; it needs two, the number of a group of "
            "parameters and their scale"
        )
    used = np.flatnonzero(~np.isnan(values[:, 0]) & (values[:, 0] != 0))
    scales = values[used, 1]
    if not np.all(scales != 0):
        raise ModelError(f"vcc: the scale of {names[used[int(np.flatnonzero(scales == 0)[0])]]} is 0")
    if used.size == 0:
        return table
    return constrain(table, [names[i] for i in used], groups_matrix(values[used, 0], scales), "vcc")


def _named(value: Any, what: str, table: Parameters) -> tuple[list[str], FloatArray] | None:
    """Names of the rows and the matrix; None where nothing is constrained (``matrix(NA)``, an empty list)."""
    if value is None or (hasattr(value, "__len__") and len(value) == 0):
        return None
    names: list[str] | None = None
    if isinstance(value, Mapping):
        names, value = [str(name) for name in value], list(value.values())
    elif isinstance(value, pd.DataFrame):
        if not (isinstance(value.index, pd.RangeIndex) or pd.api.types.is_integer_dtype(value.index.dtype)):
            names = [str(name) for name in value.index]
        value = value.to_numpy()
    try:
        matrix = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ModelError(f"{what}: a matrix of numbers is needed, its rows named by variance parameters") from None
    if matrix.ndim < 2 or matrix.size == 1:
        if matrix.size == 1 and np.isnan(matrix).all():
            return None
        if matrix.ndim != 2:
            raise ModelError(f"{what}: a matrix is needed, a row for each variance parameter")
    if names is None:
        if matrix.shape[0] != len(table):
            raise ModelError(
                f"{what} has {matrix.shape[0]} rows without names and the model {len(table)} variance parameters; name "
                f"the rows by parameters: {', '.join(table.names[:8])}{' …' if len(table) > 8 else ''}"
            )
        names = list(table.names)
    return names, matrix


def vcm_lm(formula: Any, data: Any, drop_unused_levels: bool = True) -> RTable:
    """The matrix M of ``vcm`` from a formula over a table of variance parameters.

    One column a cell of the formula's factors, as the design of a linear model without intercept: parameters of a cell
    are equal, ``~ 1`` makes all of them equal.

    Parameters
    ----------
    formula : str or formula
        One-sided, in columns of `data`: ``"~ Env"``, ``"~ Env:type"``, ``"~ a + b"``.
    data : frame or dict
        Rows of ``vparameters_table`` with further columns; the column ``Component`` (else ``Vparameter``, else the
        first) names the parameters.
    drop_unused_levels : bool
        Leave out levels of categoricals that do not occur.

    Returns
    -------
    RTable
        Rows named by parameters.

    Raises
    ------
    AsremlError
        Without data; FormulaError and DataError for unknown columns and missing values.

    Examples
    --------
    >>> table = {"Component": ["A!R", "B!R", "C!R"], "Value": [1.0, 1.0, 1.0], "soil": ["clay", "sand", "clay"]}
    >>> vcm_lm("~ soil", table)
        soilclay soilsand
    A!R        1        0
    B!R        0        1
    C!R        1        0
    """
    if data is None:
        raise AsremlError("vcm_lm() needs data, rows of vparameters_table with the columns of the formula")
    frame = data if isinstance(data, pd.DataFrame) else pd.DataFrame(data)
    text = str(formula)
    node = parse_formula(text)
    if not isinstance(node, Unary) or node.operator != "~":
        raise FormulaError("vcm_lm(): a one-sided formula is needed, ~ factor", text, (0, len(text)))
    key = next((c for c in NAME_COLUMNS if c in frame.columns), frame.columns[0])
    products = expand(node.operand, text).products
    blocks: list[FloatArray] = []
    heads: list[str] = []
    for product in products:
        block, names = np.ones((len(frame), 1)), [""]
        for variable in product:
            if not isinstance(variable.node, Name):
                raise FormulaError(f"vcm_lm(): {deparse(variable.node)} is no column", text, variable.node.span)
            columns, labels = _dummies(frame, variable.node.name, text, variable.node.span, drop_unused_levels)
            # as in R, the first factor varies fastest
            block = np.einsum("ni,nj->nji", block, columns).reshape(len(frame), -1)
            names = [f"{a}:{b}" if a else b for b in labels for a in names]
        blocks.append(block)
        heads += names
    if not products:
        blocks, heads = [np.ones((len(frame), 1))], ["(Intercept)"]
    matrix = np.hstack(blocks)
    rows = pd.Index([str(name) for name in frame[key]])
    return RTable(matrix, index=rows, columns=heads, style="matrix")


def _dummies(
    frame: pd.DataFrame, name: str, text: str, span: tuple[int, int], drop: bool
) -> tuple[FloatArray, list[str]]:
    """Indicators of a factor's levels, or the numbers of a covariate."""
    if name not in frame.columns:
        raise FormulaError(f"vcm_lm(): there is no column {name!r} in the data", text, span)
    column = frame[name]
    if column.isna().any():
        row = int(np.flatnonzero(column.isna().to_numpy())[0]) + 1
        raise DataError(f"vcm_lm(): column {name!r} has no value in row {row}")
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=np.float64)[:, None], [name]
    made = column if isinstance(column.dtype, pd.CategoricalDtype) else column.astype("category")
    if drop:
        made = made.cat.remove_unused_categories()
    levels = list(made.cat.categories)
    indicators = (made.cat.codes.to_numpy()[:, None] == np.arange(len(levels))).astype(np.float64)
    return indicators, [f"{name}{level}" for level in levels]
