"""An evaluator of R statements on the syntax tree, behind `run` and `Session`."""

from pyasreml.r.conditions import RError
from pyasreml.r.session import Session, run

__all__ = ["RError", "Session", "run"]
