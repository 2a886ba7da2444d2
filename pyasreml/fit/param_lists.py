"""``G.param`` and ``R.param``: the start-value lists that asreml stores, by term, and reads back.

Each term holds ``variance`` (model ``idv``, or ``id`` without a scale of its own) and one entry a factor, with
``initial`` and ``con`` named by the variance parameters. A list, an edited ``vparameters.table`` or the name of a
CSV file of one can be handed back to `asreml`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pyasreml.bind.bound import StructureCall
from pyasreml.errors import AsremlError, warn
from pyasreml.variance.build import VarianceModel
from pyasreml.variance.product import Product

if TYPE_CHECKING:
    from pyasreml.bind.bound import BoundModel
    from pyasreml.fit.core import Asreml

Values = tuple[dict[str, float], dict[str, str]]
NOT_ESTIMABLE = "<NotEstimated>"


def g_param(fit: Asreml) -> dict[str, Any]:
    """The random terms' list at the final parameters."""
    return random_list(fit.engine.bound, fit.engine.variance, fit.estimates.theta, fit.estimates.codes)


def r_param(fit: Asreml) -> dict[str, Any]:
    """The residual sections' list at the final parameters."""
    return residual_list(fit.engine.bound, fit.engine.variance, fit.estimates.theta, fit.estimates.codes)


def random_list(bound: BoundModel, variance: VarianceModel, theta: Any, codes: tuple[str, ...]) -> dict[str, Any]:
    """``G.param`` at any parameters."""
    out = {}
    for t, (term, product) in enumerate(zip(bound.random, variance.random, strict=True)):
        rows = _owner_rows(variance, t)
        prefix = term.parameter_label or term.label
        size = term.size
        for call in term.structures:
            if call.name in ("fa", "rr"):
                size = size // call.size * (call.size + (call.order or 1))
        out[term.label] = _entry(prefix, size, term.structures, product, rows, variance, theta, codes)
    return out


def residual_list(bound: BoundModel, variance: VarianceModel, theta: Any, codes: tuple[str, ...]) -> dict[str, Any]:
    """``R.param`` at any parameters."""
    out = {}
    for k, (section, product) in enumerate(zip(bound.sections, variance.sections, strict=True)):
        rows = _owner_rows(variance, len(variance.random) + k)
        name = section.level if section.level is not None else section.label
        entry = _entry(section.label, section.rows.size, section.structures, product, rows, variance, theta, codes)
        if "units" in entry:  # independent records: no factor has named them
            codes_of_units = np.unique(bound.frame.unit_codes[section.rows])
            entry["units"]["levels"] = [str(code + 1) for code in codes_of_units.tolist()]
        for call in section.structures:
            column = bound.frame.columns.get(call.variable)
            if column is not None and not column.is_factor:  # id() of a number: asreml lists its name alone
                entry[call.variable]["levels"] = [call.variable]
        out[name] = entry
    return out


def _owner_rows(variance: VarianceModel, owner: int) -> list[int]:
    table = variance.parameters
    mine = np.flatnonzero(table.owner == owner)
    return [int(i) for i in mine]


def _entry(
    prefix: str,
    size: int,
    calls: Iterable[StructureCall],
    product: Product,
    rows: list[int],
    variance: VarianceModel,
    theta: Any,
    codes: tuple[str, ...],
) -> dict[str, Any]:
    table = variance.parameters

    def part(chosen: list[int]) -> dict[str, Any]:
        names = pd.Index([table.names[i] for i in chosen])
        return {
            "initial": pd.Series([float(theta[i]) for i in chosen], index=names, dtype=float),
            "con": pd.Series([codes[i] for i in chosen], index=names, dtype=object),
            "tgamma": pd.Series([table.types[i] for i in chosen], index=names, dtype=object),
        }

    scale = [i for i in rows if table.local[i] == -1 or (product.scale and table.local[i] == 0)]
    out: dict[str, Any] = {"variance": {"model": "idv" if scale else "id", "size": size, **part(scale)}}
    at = int(product.scale)
    for call, factor in zip(calls, product.factors, strict=True):
        mine = [i for i in rows if at <= table.local[i] < at + len(factor.parameters)]
        at += len(factor.parameters)
        name = "id" if call.name == "idv" else call.name
        levels = [*call.levels, *(f"Comp{j + 1}" for j in range(call.order or 1) if name in ("fa", "rr"))]
        listed = call.listed or call.variable
        if listed in out:  # two factors of one size in str()
            listed = call.variable
        out[listed] = {"facnam": listed, "model": name, "levels": levels, **part(mine)}
    return out


def table_of(variance: VarianceModel) -> pd.DataFrame:
    """``vparameters.table``: Component, Value, Constraint, with R's row numbers; random terms in formula order."""
    p = variance.parameters
    order = np.argsort(p.owner, kind="stable")
    frame = {
        "Component": [p.names[i] for i in order],
        "Value": p.start[order],
        "Constraint": [p.codes[i] for i in order],
    }
    return pd.DataFrame(frame, index=pd.RangeIndex(1, len(p) + 1))


def read_values(source: Any, what: str) -> Values:
    """Start values and codes by parameter name from a list, a table or a CSV file's name.

    Raises
    ------
    AsremlError
        If `source` is none of these.
    """
    if source is None:
        return {}, {}
    if isinstance(source, (str, Path)):
        try:
            source = pd.read_csv(source)
        except OSError as error:
            raise AsremlError(f"{what}: the file {source} cannot be read ({error.strerror})") from None
    if isinstance(source, pd.DataFrame):
        return _from_table(source, what)
    if isinstance(source, Mapping):
        values: dict[str, float] = {}
        codes: dict[str, str] = {}
        _from_list(source, values, codes)
        return values, codes
    needed = f"a list such as fit.{what}, an edited vparameters_table or the name of a CSV file"
    raise AsremlError(f"{what}: {needed} is needed")


def _from_table(table: pd.DataFrame, what: str) -> Values:
    if table.shape[1] < 3:
        raise AsremlError(f"{what}: the table needs the columns Component, Value and Constraint")
    wanted = [c if c in table.columns else table.columns[i] for i, c in enumerate(("Component", "Value", "Constraint"))]
    values: dict[str, float] = {}
    codes: dict[str, str] = {}
    for name, value, code in table[wanted].itertuples(index=False):
        if name == NOT_ESTIMABLE:
            continue
        if str(name) in values:
            raise AsremlError(f"{what}: the table has two rows for {name}")
        try:
            values[str(name)] = float(value)
        except (TypeError, ValueError):
            raise AsremlError(f"{what}: the Value {value!r} of {name} is not a number") from None
        if values[str(name)] != values[str(name)]:
            raise AsremlError(f"{what}: the Value of {name} is missing")
        if isinstance(code, str) and code.strip():
            codes[str(name)] = code.strip()
    return values, codes


def _from_list(node: Mapping[str, Any], values: dict[str, float], codes: dict[str, str]) -> None:
    if isinstance(node.get("initial"), pd.Series):
        initial: pd.Series[float] = node["initial"]
        values.update({str(k): float(v) for k, v in initial.items()})
        con = node.get("con")
        if isinstance(con, pd.Series):
            codes.update({str(k): str(v) for k, v in con.items() if str(v).strip()})
        elif isinstance(con, str) and con.strip():
            codes.update({str(k): con for k in initial.index})
    for child in node.values():
        if isinstance(child, Mapping):
            _from_list(child, values, codes)


def warn_unused(source_names: Iterable[str], variance: VarianceModel, what: str) -> None:
    """Warn of start values for parameters that the model does not have."""
    known = set(variance.parameters.names)
    unused = [n for n in source_names if n not in known]
    if unused:
        shown = ", ".join(unused[:5]) + (" …" if len(unused) > 5 else "")
        warn(f"{what}: the model has no variance parameter named {shown}")
