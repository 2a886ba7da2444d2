"""Bound terms as sparse blocks; the fixed columns kept after aliasing."""

from pyasreml.bind.blocks import side_by_side, term_block
from pyasreml.bind.coding import Coding
from pyasreml.design.blocks import effect_names, select_columns
from pyasreml.design.design import Design, FixedColumns, build
from pyasreml.design.flat import FlatEffects, flat_columns

__all__ = [
    "Coding",
    "Design",
    "FixedColumns",
    "FlatEffects",
    "build",
    "effect_names",
    "flat_columns",
    "select_columns",
    "side_by_side",
    "term_block",
]
