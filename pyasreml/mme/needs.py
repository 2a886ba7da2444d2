"""What a fit takes in memory and arithmetic, known before anything numeric is allocated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyasreml.linalg.backends import Analysis


@dataclass(frozen=True)
class Needs:
    """What a fit takes.

    Attributes
    ----------
    equations : int
    lists : int
        Bytes of the equations' constants and of their symbolic analysis.
    copies : int
        Bytes of the numeric object's own entries.
    factor : int
        Bytes of the factor, its selected inverse and the fronts, and of dense known matrices.
    working : int
        Bytes of the right-hand sides of an iteration.
    nonzeros, flops : float
        Of L and of one factorization, before supernodes are merged.
    """

    equations: int
    lists: int
    copies: int
    factor: int
    working: int
    nonzeros: float
    flops: float

    @property
    def bytes(self) -> int:
        """All of it."""
        return self.lists + self.to_come

    @property
    def workspace(self) -> int:
        """Equations and factor: what asreml's ``workspace`` holds."""
        return self.lists + self.copies + self.factor

    @property
    def to_come(self) -> int:
        """What iterations take beside the constants, which are there."""
        return self.copies + self.factor + self.working


def needs_of(analysis: Analysis, constants: int, entries: int, dense: Sequence[int], sides: int) -> Needs:
    """The needs of equations.

    Parameters
    ----------
    analysis : Analysis
        Its sizes are there, its lists need not be.
    constants : int
        Bytes of the equations' arrays.
    entries : int
        Contributions to C, of which the numeric object keeps position, coefficient, value and whether off the diagonal.
    dense : sequence of int
        Orders of dense known matrices that are kept, or of their roots.
    sides : int
        Bytes of an iteration's right-hand sides.
    """
    return Needs(
        equations=analysis.n,
        lists=constants + analysis.list_bytes,
        copies=21 * entries,
        factor=analysis.bytes + 8 * sum(q * q for q in dense),
        working=sides,
        nonzeros=analysis.nnz,
        flops=analysis.flops,
    )
