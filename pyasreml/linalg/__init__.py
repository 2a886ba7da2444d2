"""The compiled leaf: sparse symmetric positive definite systems, products with designs, rank decisions.

A model makes one `Pattern` and one `Analysis`; every parameter value refreshes the numbers of one `Numeric`.
"""

from ._linalg import Alike, Columns, Components, NotPositiveDefinite, OutsidePattern
from .backends import SOLVERS, Analysis, Numeric, analyze
from .pattern import Pattern, build_pattern
from .rank import aliased
from .sparse import Csr, gram, gram_parts, quadratic_forms

__all__ = [
    "SOLVERS",
    "Alike",
    "Analysis",
    "Columns",
    "Components",
    "Csr",
    "NotPositiveDefinite",
    "Numeric",
    "OutsidePattern",
    "Pattern",
    "aliased",
    "analyze",
    "build_pattern",
    "gram",
    "gram_parts",
    "quadratic_forms",
]
