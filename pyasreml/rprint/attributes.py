"""A number that carries the R attribute ``parameters``, as ``summary(fit)$aic`` does."""

from __future__ import annotations

from typing import Any

from pyasreml.rprint.vectors import format_vector

__all__ = ["NumberWithParameters"]


class NumberWithParameters(float):
    """A float with the count of variance parameters behind it.

    Arithmetic keeps the attribute as R does: of two such numbers the first one's.

    Examples
    --------
    >>> NumberWithParameters(734.4394, 5) - NumberWithParameters(732.6962, 4)
    [1] 1.7432
    attr(,"parameters")
    [1] 5
    """

    parameters: int

    def __new__(cls, value: float, parameters: int) -> NumberWithParameters:  # noqa: D102
        self = super().__new__(cls, value)
        self.parameters = parameters
        return self

    def __getnewargs__(self) -> tuple[float, int]:  # type: ignore[override]
        return float(self), self.parameters

    def format_r(self) -> str:
        """The number and its attribute in R's lines."""
        return f'{format_vector([float(self)])}\nattr(,"parameters")\n{format_vector([self.parameters])}'

    def __repr__(self) -> str:
        return self.format_r()

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(float(self), spec) if spec else str(self)

    def _keep(self, value: Any) -> Any:
        return value if value is NotImplemented else NumberWithParameters(value, self.parameters)

    def __add__(self, other: Any) -> Any:
        return self._keep(super().__add__(other))

    def __radd__(self, other: Any) -> Any:
        return self._keep(super().__radd__(other))

    def __sub__(self, other: Any) -> Any:
        return self._keep(super().__sub__(other))

    def __rsub__(self, other: Any) -> Any:
        return self._keep(super().__rsub__(other))

    def __mul__(self, other: Any) -> Any:
        return self._keep(super().__mul__(other))

    def __rmul__(self, other: Any) -> Any:
        return self._keep(super().__rmul__(other))

    def __truediv__(self, other: Any) -> Any:
        return self._keep(super().__truediv__(other))

    def __rtruediv__(self, other: Any) -> Any:
        return self._keep(super().__rtruediv__(other))

    def __neg__(self) -> Any:
        return self._keep(super().__neg__())

    def __abs__(self) -> Any:
        return self._keep(super().__abs__())
