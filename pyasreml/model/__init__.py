"""From formula trees to `ModelSpec`: ordered terms, their variance models, the residual; no data."""

from pyasreml.model.components import Component
from pyasreml.model.registry import MODEL_FUNCTIONS, RELATED, ModelFunction
from pyasreml.model.residual import DirectSum, ResidualModel, ResidualSpec
from pyasreml.model.spec import TRAIT, ModelSpec, TermSpec, model_spec
from pyasreml.model.update import update_formula

__all__ = [
    "MODEL_FUNCTIONS",
    "RELATED",
    "TRAIT",
    "Component",
    "DirectSum",
    "ModelFunction",
    "ModelSpec",
    "ResidualModel",
    "ResidualSpec",
    "TermSpec",
    "model_spec",
    "update_formula",
]
