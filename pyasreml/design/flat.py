"""Fixed effects inside random terms, the genetic groups of ``vm()``, and which of them depend on other fixed ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from pyasreml.bind.bound import BoundTerm
from pyasreml.linalg import Csr

__all__ = ["FlatEffects", "flat_columns", "flat_space"]

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FlatEffects:
    """The directions in which a random term has no prior.

    Attributes
    ----------
    space : sparse array (size, f)
        Effects of the term by fixed effect: of a group, 1 at the group itself and its share in every individual.
    effect : int array (f,)
        Which effect of the term each one is.
    kept : bool array (f,)
        False: it depends on those before it, and on the fixed terms, and is 0.
    """

    space: sp.csc_array
    effect: IntArray
    kept: BoolArray

    @property
    def dropped(self) -> IntArray:
        """Effects of the term that are 0, int array."""
        return self.effect[~self.kept]

    def without(self, effects: FloatArray) -> FloatArray:
        """The random part u of effects u* = Qg + u, (size,) or (size, m); 0 for the groups themselves."""
        return np.asarray(effects - self.space @ effects[self.effect])


def flat_space(term: BoundTerm) -> tuple[sp.csc_array, IntArray] | None:
    """Space and places (see `FlatEffects`) of a random term; None where all its effects have a prior."""
    groups = [j for j, call in enumerate(term.structures) if call.name == "vm" and call.options["known"].groups]
    if not groups:
        return None
    sizes = [call.size for call in term.structures]
    known = term.structures[groups[0]].options["known"]
    before = int(np.prod(sizes[: groups[0]], dtype=np.int64))
    after = int(np.prod(sizes[groups[0] + 1 :], dtype=np.int64))
    space = sp.kron(sp.kron(sp.eye_array(before), known.group_space), sp.eye_array(after), format="csc")
    at = np.arange(before * len(known) * after, dtype=np.int64).reshape(before, len(known), after)
    return space, at[:, : known.groups].ravel()


def flat_columns(z: Csr, space: sp.csc_array) -> Csr:
    """Columns Z times the space: the covariates of these fixed effects, (n, f)."""
    found = sp.csr_array(sp.csr_array((z.data, z.indices, z.indptr), shape=z.shape) @ space)
    return Csr(z.n_rows, space.shape[1], found.indptr, found.indices, found.data)
