"""A model on its data: final terms, sizes, names, order, residual sections."""

from pyasreml.bind.bind import bind
from pyasreml.bind.bound import BoundModel, BoundSection, BoundTerm, StructureCall, Summaries

__all__ = ["BoundModel", "BoundSection", "BoundTerm", "StructureCall", "Summaries", "bind"]
