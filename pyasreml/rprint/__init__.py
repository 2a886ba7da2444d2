"""Numbers, vectors, tables and lists as R prints them."""

from pyasreml.rprint.attributes import NumberWithParameters
from pyasreml.rprint.lists import RList
from pyasreml.rprint.lucid import lucid
from pyasreml.rprint.numbers import format_fixed, format_numbers, round_r, signif, zapsmall
from pyasreml.rprint.pvalues import format_pval, stars
from pyasreml.rprint.tables import RTable, format_frame
from pyasreml.rprint.trace_lines import trace_header, trace_line
from pyasreml.rprint.values import format_list, format_value
from pyasreml.rprint.vectors import format_factor, format_matrix, format_vector

__all__ = [
    "NumberWithParameters",
    "RList",
    "RTable",
    "format_factor",
    "format_fixed",
    "format_frame",
    "format_list",
    "format_matrix",
    "format_numbers",
    "format_pval",
    "format_value",
    "format_vector",
    "lucid",
    "round_r",
    "signif",
    "stars",
    "trace_header",
    "trace_line",
    "zapsmall",
]
