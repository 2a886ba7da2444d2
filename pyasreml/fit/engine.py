"""The numeric engine behind a fit: it evaluates the equations at any θ, for questions asked after the fit.

Constants are built at first need and can always be rebuilt from the bound model, so a pickled fit carries none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pyasreml.bind.bound import BoundModel
from pyasreml.design import Design
from pyasreml.errors import FitError, WorkspaceError
from pyasreml.linalg.backends import Numeric
from pyasreml.linalg.threads import threads_to_use
from pyasreml.mme.equations import Equations
from pyasreml.mme.forms import Whitened, choose_form, whitenable
from pyasreml.mme.needs import Needs
from pyasreml.mme.rotation import Rotation
from pyasreml.mme.single_relationship import find_rotation
from pyasreml.options import Options
from pyasreml.reml.evaluate import evaluate
from pyasreml.reml.point import Point
from pyasreml.variance.base import NotFeasible
from pyasreml.variance.build import VarianceModel

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class State:
    """The equations solved at one θ.

    Attributes
    ----------
    point : Point
        Solution, residual, σ², log-likelihood; derivatives where they were asked for.
    numeric : Numeric
        The factor of C at θ (ratio scale on the gamma scale): ``solve``, ``forward``. Valid until the next `Engine.at`.
    """

    point: Point
    numeric: Numeric


class Engine:
    """Evaluates one model.

    Parameters
    ----------
    bound : BoundModel
    design : Design
    variance : VarianceModel
    options : Options
    check : callable, optional
        Called with the `Needs` of equations before their factor is analysed in full; it may raise.

    Attributes
    ----------
    equations : Equations
        Built at first need.
    """

    def __init__(
        self,
        bound: BoundModel,
        design: Design,
        variance: VarianceModel,
        options: Options,
        check: Callable[[Needs], None] | None = None,
    ):
        self.bound = bound
        self.design = design
        self.variance = variance
        self.options = options
        self._check = check
        self._to_edge = False
        self._equations: Equations | None = None
        self._state: tuple[bytes, bool, State] | None = None

    @property
    def equations(self) -> Equations:
        """The mixed-model equations, built at first need."""
        if self._equations is None:
            variance, rotation = self._rotated

            def make(whitened: Whitened) -> Equations:
                return self._make(whitened, variance, rotation)

            self._equations = choose_form(variance, make, self._to_edge)
        return self._equations

    def equations_to_edge(self) -> Equations:
        """The equations in a form that holds where a Σ is singular.

        They take the place of those before, except where they need too much memory.
        """
        before = self.equations
        white = [w is not None for w in whitenable(self._rotated[0])]
        if white != [w is not None for w in before.whitened]:
            self._to_edge, self._equations, self._state = True, None, None
            before.forget()
            try:
                return self.equations
            except WorkspaceError:
                self._to_edge, self._equations = False, before
        return before

    @cached_property
    def _rotated(self) -> tuple[VarianceModel, Rotation | None]:
        """The variance model, in unknowns in which its known matrix is diagonal where there are such."""
        sections = [s.rows for s in self.bound.sections]
        fixed = self.design.X.n_cols
        found = find_rotation(self.bound.y, fixed, self.design.Z, self.variance, sections, self.bound.weights)
        return (self.variance, None) if found is None else found

    @property
    def bytes_before(self) -> float:
        """Memory that it takes to set up the equations: a decomposition of a dense known matrix, where one is made."""
        rotation = self._rotated[1]
        return 0.0 if rotation is None else float(rotation.bytes)

    def _make(
        self, whitened: Whitened, variance: VarianceModel | None = None, rotation: Rotation | None = None
    ) -> Equations:
        return Equations(
            self.bound.y,
            self.design.X,
            self.design.Z,
            self.variance if variance is None else variance,
            [s.rows for s in self.bound.sections],
            self.bound.weights,
            solver=self.options.solver,
            threads=threads_to_use(self.options.threads),
            whitened=whitened,
            rotation=rotation,
            check=self._check,
            flat=self.design.flat,
        )

    def at(self, theta: FloatArray, derivatives: bool = False) -> State:
        """The equations factored and solved at `theta` (rows of the parameter table).

        With `derivatives` the selected inverse, score and average information are there too.
        """
        key = theta.tobytes()
        if self._state is not None and self._state[0] == key and self._state[1] >= derivatives:
            return self._state[2]
        table = self.variance.parameters
        active = np.array([c != "F" for c in table.codes])
        try:
            point = evaluate(self.equations, theta, active, derivatives=derivatives)
        except NotFeasible as error:
            raise FitError(f"{error}: the model cannot be evaluated at its final variance parameters") from None
        state = State(point, self.equations.numeric_for(theta))
        self._state = (key, derivatives, state)
        return state

    def remember(self, point: Point) -> None:
        """Take over the evaluation that an iteration ended with (its selected inverse is in place)."""
        self._state = (point.theta.tobytes(), True, State(point, self.equations.numeric_for(point.theta)))

    def release(self) -> None:
        """Give the factor's memory back; it is built again when a question needs it."""
        self._state = None
        if self._equations is not None:
            self._equations.forget()

    def __getstate__(self) -> Mapping[str, Any]:
        kept = {name: value for name, value in self.__dict__.items() if name != "_rotated"}
        return {**kept, "_equations": None, "_state": None}
