"""Model functions of asreml-R: one row a function, saying what it stands for in a formula.

``available`` rows can be fitted. The others are known by name, but no public source says what they do in version 4: a
formula that uses them is answered with `pyasreml.errors.UnsupportedError` under the function's name, and what may stand
in its place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["MODEL_FUNCTIONS", "RELATED", "VERSION_3", "ModelFunction"]

Kind = Literal["structure", "condition", "sections", "coding", "overlay", "compound"]


@dataclass(frozen=True, slots=True)
class ModelFunction:
    """One model function.

    Attributes
    ----------
    name : str
    kind : {"structure", "condition", "sections", "coding", "overlay", "compound"}
        ``structure``: a variance model over a factor's levels (random and residual formulas). ``condition``: ``at()``.
        ``sections``: ``dsum()``. ``coding``: turns a variable into design columns.
        ``overlay``: ``and()``, added to the design of the term before it. ``compound``: ``str()``.
    variance : bool
        A structure that carries a variance; one factor of a term may, and a scale by ``idv()`` beside it.
    heterogeneous : bool
        A structure with one variance a level, which starts from variances of cell means.
    ordered : bool
        A structure in which the order of the levels matters, so data rows must follow it in a residual.
    parameters : tuple of str
        Arguments after the first, in order.
    coordinates : int
        Dimensions of a structure that works on distances: 1, levels as numbers; 2, the places of two variables.
    keeps_call : bool
        A structure that labels of terms and effects name by its call, as ``fa(county, 2)``.
    available : bool
    instead : str
        What an unavailable function may be replaced by.
    """

    name: str
    kind: Kind
    variance: bool = False
    heterogeneous: bool = False
    ordered: bool = False
    parameters: tuple[str, ...] = ("init",)
    coordinates: int = 0
    keeps_call: bool = False
    available: bool = True
    instead: str = ""


def _rows() -> list[ModelFunction]:
    rows = [
        ModelFunction("id", "structure"),
        ModelFunction("idv", "structure", variance=True),
        ModelFunction("idh", "structure", variance=True, heterogeneous=True),
        ModelFunction("diag", "structure", variance=True, heterogeneous=True),
        ModelFunction("us", "structure", variance=True, heterogeneous=True),
        ModelFunction("at", "condition", parameters=("levels",)),
        ModelFunction("dsum", "sections", parameters=("levels", "outer")),
    ]
    for name in ("ar1", "ar2", "ar3", "sar", "sar2", "ma1", "ma2", "arma", "cor", "corg"):
        rows += _correlations(name)
    rows += _correlations("corb", parameters=("b", "init"))
    for name in ("exp", "gau", "lvr"):
        rows += _correlations(name, coordinates=1)
    for name in ("iexp", "igau", "ieuc", "sph", "cir", "aexp", "agau"):
        rows += _correlations(name, parameters=("y", "init"), coordinates=2)
    rows += _correlations("mtrn", parameters=("y", "phi", "nu", "delta", "alpha", "lambda"), coordinates=2)
    rows += [
        replace(row, available=False, instead="sph(x, y) or cir(x, y)")
        for row in _correlations("ilv", parameters=("y", "init"), coordinates=2)
    ]
    for name in ("chol", "cholc", "ante", "fa", "facv", "rr"):
        rows.append(
            ModelFunction(
                name,
                "structure",
                variance=True,
                heterogeneous=True,
                ordered=name in ("chol", "cholc", "ante"),
                parameters=("k", "init"),
                keeps_call=name in ("fa", "rr"),
            )
        )
    rows.append(ModelFunction("own", "structure", ordered=True, parameters=("fun", "init", "type", "con")))
    grouped = "a column of the groups, which the data can hold"
    rows.append(ModelFunction("gpf", "structure", parameters=(), available=False, instead=grouped))
    rows += [
        ModelFunction("vm", "structure", parameters=("source", "singG"), keeps_call=True),
        ModelFunction("ide", "structure", parameters=(), keeps_call=True),
    ]
    rows += [
        ModelFunction("lin", "coding", parameters=()),
        ModelFunction("spl", "coding", parameters=("k", "points")),
        ModelFunction("dev", "coding", parameters=()),
        ModelFunction("pol", "coding", parameters=("t",)),
        ModelFunction("leg", "coding", parameters=("t",)),
        ModelFunction("pow", "coding", parameters=("p", "offset")),
        ModelFunction("sin", "coding", parameters=("r",)),
        ModelFunction("cos", "coding", parameters=("r",)),
        ModelFunction("con", "coding", parameters=()),
        ModelFunction("C", "coding", parameters=("contr",)),
        ModelFunction("grp", "coding", parameters=()),
        ModelFunction("mbf", "coding", parameters=()),
        ModelFunction("and", "overlay", parameters=("w",)),
        ModelFunction("str", "compound", parameters=("vmodel",)),
    ]
    columns = "columns of the data by grp()"
    rows += [
        ModelFunction(name, "coding", parameters=(), available=False, instead=instead)
        for name, instead in {
            "uni": "a column of the data with the levels that it stands for",
            "sbs": columns,
            "ma": columns,
            "offset": "the response less the offset",
        }.items()
    ]
    return rows


def _correlations(
    name: str, *, parameters: tuple[str, ...] = ("init",), coordinates: int = 0
) -> list[ModelFunction]:
    """A correlation model with its ``v`` (common variance) and ``h`` (one variance a level) forms."""
    plain = ModelFunction(name, "structure", ordered=True, parameters=parameters, coordinates=coordinates)
    return [
        plain,
        replace(plain, name=f"{name}v", variance=True),
        replace(plain, name=f"{name}h", variance=True, heterogeneous=True),
    ]


MODEL_FUNCTIONS: dict[str, ModelFunction] = {row.name: row for row in _rows()}

# Structures over the rows of a known matrix, which the labels of terms and effects name by their call.
RELATED = frozenset({"vm", "ide"})

# Names that are base R functions as well: with one argument, in fixed and sparse formulas, they are R's.
BASE_FUNCTIONS = frozenset({"exp", "sin", "cos", "C"})

# Version 3 forms that mean another model or none in version 4, and what to write instead.
VERSION_3: dict[str, str] = {
    "ped": "vm({0}, ainv) with ainv = ainverse(pedigree)",
    "giv": "vm({0}, source), the source being the inverse matrix",
    "link": "str(~ {0}, ~ us(2):id(n))",
}
