"""Data frames of any make as checked columns: factors with levels, covariates with numbers."""

from pyasreml.data.column import Column
from pyasreml.data.frame import UNITS, Frame
from pyasreml.data.missing import NaMethod, na_method
from pyasreml.data.table import Table

__all__ = ["UNITS", "Column", "Frame", "NaMethod", "Table", "na_method"]
