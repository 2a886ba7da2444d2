r"""Genetic groups inside a pedigree's inverse: how much of every individual comes from which group.

With groups in place of unknown parents an individual's effect is :math:`u^* = Qg + u`, :math:`u \sim N(0, A\sigma^2)`,
g fixed. The inverse in terms of g and u* (Westell, Quaas and Van Vleck 1988, J. Dairy Sci. 71:1310; Quaas 1988, J.
Dairy Sci. 71:1338),

.. math::

    A^{*-1} = \begin{pmatrix} Q'A^{-1}Q & -Q'A^{-1} \\ -A^{-1}Q & A^{-1} \end{pmatrix}

has the null space :math:`(I\ Q')'`: it says nothing of the groups.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from pyasreml.linalg import analyze, build_pattern

__all__ = ["group_space"]

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

BLOCK = 16
"""Groups whose shares are solved for at once."""
NOISE = 1e-12
"""Shares below this are rounding error: a share is a sum of powers of one half."""


def group_space(n: int, groups: int, row: IntArray, col: IntArray, value: FloatArray) -> sp.csc_array:
    """The null space of A*⁻¹, sparse (n, groups): the identity above Q = -(A⁻¹)⁻¹(-A⁻¹Q).

    Parameters
    ----------
    n : int
        Groups and individuals.
    groups : int
        So many come first.
    row, col, value : array (m,)
        Lower triangle of A*⁻¹.
    """
    inside, border = col >= groups, (col < groups) & (row >= groups)
    pattern, where = build_pattern(n - groups, row[inside] - groups, col[inside] - groups)
    numeric = analyze(pattern).numeric()
    numeric.set_entries(where, np.zeros(where.size, dtype=np.int32), value[inside])
    numeric.assemble(np.ones(1))
    numeric.factor()
    right = sp.csc_array((-value[border], (row[border] - groups, col[border])), shape=(n - groups, groups))
    parts = []
    for at in range(0, groups, BLOCK):
        shares = numeric.solve(right[:, at : at + BLOCK].toarray())
        shares[np.abs(shares) < NOISE] = 0.0
        parts.append(sp.csc_array(shares))
    return sp.csc_array(sp.vstack([sp.eye_array(groups), sp.hstack(parts)]))
