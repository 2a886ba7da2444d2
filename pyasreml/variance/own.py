"""``own``: a structure that the user writes, as a function of the parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pyasreml.bind.bound import StructureCall
from pyasreml.errors import ModelError
from pyasreml.variance.base import FloatArray, ParameterInfo
from pyasreml.variance.dense import Dense

Function = Callable[[int, FloatArray], Sequence[Any]]
TYPES = ("V", "G", "R", "C", "P", "L")


class Own(Dense):
    """Σ and its derivatives from a callable.

    Parameters
    ----------
    size : int
    function : callable
        ``function(size, theta)`` gives Σ (k, k), then ∂Σ for each parameter: 1 + p matrices.
    init : sequence of float
        Start values; as many as there are parameters.
    types : sequence of str
        V variance, C covariance, R correlation, P positive, L loading, one for all or one each. With a V the
        structure carries its own variance.
    codes : sequence of str, optional
        Constraint codes; by default those of the types.
    text : str
        The call, for messages.
    """

    def __init__(
        self,
        size: int,
        function: Function,
        init: Sequence[float],
        types: Sequence[str],
        codes: Sequence[str] | None = None,
        text: str = "own()",
    ):
        if not len(init):
            raise ModelError(f"{text}: own() needs start values, init = c(…), one a parameter")
        types = list(types) * (len(init) if len(types) == 1 else 1)
        wanted = list(codes) if codes else ["P" if t in ("V", "G", "P") else "U" for t in types]
        wanted *= len(init) if len(wanted) == 1 else 1
        if len(types) != len(init) or len(wanted) != len(init) or not set(types) <= set(TYPES):
            raise ModelError(f"{text}: {len(init)} start values need as many types (of {' '.join(TYPES)}) and codes")
        if not set(wanted) <= set("PUFB"):
            raise ModelError(f"{text}: con is a constraint code, one of P U F B, or one a parameter")
        kinds = ["V" if t == "G" else t for t in types]
        self._function = function
        self._init = np.asarray(init, float)
        self._text = text
        self.has_variance = "V" in kinds
        super().__init__(
            size,
            tuple(ParameterInfo(f"!own{i + 1}", t, c) for i, (t, c) in enumerate(zip(kinds, wanted, strict=True))),
        )

    def _call(self, theta: FloatArray) -> FloatArray:
        try:
            result = self._function(self.size, np.array(theta, float))
        except Exception as error:
            shown = f"{type(error).__name__}: {error}"
            raise ModelError(f"{self._text}: the function failed at {theta.tolist()} with {shown}") from error
        try:
            found = np.stack([np.asarray(m, float) for m in result])
        except (TypeError, ValueError):
            found = np.empty(0)
        shape = (1 + len(self.parameters), self.size, self.size)
        if found.shape != shape:
            raise ModelError(
                f"{self._text}: the function must give {shape[0]} matrices of {self.size} x {self.size}: the variance "
                f"matrix, then its derivative by each of {len(self.parameters)} parameters"
            )
        if not np.isfinite(found).all() or not np.allclose(found, found.transpose(0, 2, 1), rtol=1e-8, atol=1e-12):
            raise ModelError(f"{self._text}: the function gave a matrix that is not symmetric and finite at {theta}")
        return found

    def matrix(self, theta: FloatArray) -> FloatArray:
        return np.asarray(self._call(theta)[0])

    def derivatives(self, theta: FloatArray) -> FloatArray:
        return self._call(theta)[1:]

    def starts(self, scale: float, cell_means: FloatArray | None) -> FloatArray:
        return self._init.copy()


def own(call: StructureCall) -> Own:
    """``own(obj, fun, init, type, con)``: the callable under the option ``fun``, start values in `init`."""
    function = call.options.get("fun")
    if not callable(function):
        raise ModelError(f"{call.text}: fun must be a function of the number of levels and the parameters")
    types = call.options.get("type") or ("V",)
    return Own(call.size, function, call.init or (), tuple(types), call.options.get("con"), call.text)
