"""R text to a tree of immutable nodes with source spans, and what can be done with a tree alone."""

from pyasreml.syntax.deparse import deparse
from pyasreml.syntax.evaluate import evaluate
from pyasreml.syntax.literals import name_text, number_text, string_text
from pyasreml.syntax.names import free_names
from pyasreml.syntax.parser import parse_expression, parse_formula, parse_script

__all__ = [
    "deparse",
    "evaluate",
    "free_names",
    "name_text",
    "number_text",
    "parse_expression",
    "parse_formula",
    "parse_script",
    "string_text",
]
