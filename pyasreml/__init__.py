"""asreml-R models in Python, verbatim: the same formulas, arguments, fit object and printed tables.

>>> import pyasreml as pa
>>> data = {"y": [3.1, 5.2, 4.0, 8.4, 6.1, 9.0], "a": ["u", "v"] * 3, "b": ["1", "1", "2", "2", "3", "3"]}
>>> fit = pa.asreml("y ~ a", random="~ b", data=data, trace=False)
>>> list(pa.summary(fit).varcomp.index)
['b', 'units!R']

Names are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pyasreml.version import __version__

if TYPE_CHECKING:
    from pyasreml.api import asreml, update
    from pyasreml.data import na_method
    from pyasreml.data.genomic import blend, grm_vanraden, single_step
    from pyasreml.data.ginv import ainverse
    from pyasreml.errors import (
        AsremlError,
        AsremlWarning,
        DataError,
        FitError,
        FormulaError,
        ModelError,
        UnsupportedError,
    )
    from pyasreml.fit.core import Asreml
    from pyasreml.fit.family import asr_gaussian
    from pyasreml.options import asreml_options

_WHERE: dict[str, str] = {
    "aic": "fit.summary",
    "ainverse": "data.ginv",
    "asr_gaussian": "fit.family",
    "Asreml": "fit.core",
    "asreml": "api",
    "asreml_options": "options",
    "AsremlError": "errors",
    "AsremlWarning": "errors",
    "asv": "fit.strata",
    "augment": "fit.tidy",
    "bic": "fit.summary",
    "biplot": "fit.factor_plots",
    "blend": "data.genomic",
    "coef": "fit.coef",
    "correlations": "fit.matrices",
    "DataError": "errors",
    "factor_analysis": "fit.matrices",
    "FitError": "errors",
    "fitted": "fit.residuals",
    "FormulaError": "errors",
    "glance": "fit.tidy",
    "grm_vanraden": "data.genomic",
    "heatmap": "fit.factor_plots",
    "lrt": "fit.lrt",
    "ModelError": "errors",
    "na_method": "data",
    "plot": "fit.plots",
    "predict": "fit.predict",
    "resid": "fit.residuals",
    "residuals": "fit.residuals",
    "run": "r",
    "single_step": "data.genomic",
    "summary": "fit.summary",
    "tidy": "fit.tidy",
    "tr": "fit.tables",
    "UnsupportedError": "errors",
    "update": "api",
    "vc": "fit.tables",
    "vcm_lm": "fit.constraint_lists",
    "vpredict": "fit.vpredict",
    "wald": "fit.wald",
}
"""Public names and the modules that hold them."""

__all__ = [*sorted(_WHERE), "__version__"]


def __getattr__(name: str) -> Any:
    module = _WHERE.get(name)
    if module is None:
        raise AttributeError(f"module 'pyasreml' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"pyasreml.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE})
