# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Orthogonal reduction of a dense symmetric matrix to a band, by blocks of Householder reflections.

The first stage of two-stage tridiagonal reductions (Bischof, Lang & Sun 2000, ACM TOMS 26:581): nearly all of its
arithmetic is in products with blocks, where the one-stage reduction is bound by memory.
"""

import numpy as np

from scipy.linalg.cython_blas cimport dgemm, dsymm, dsyr2k, dtrmm
from scipy.linalg.cython_lapack cimport dgeqrf, dlarfb, dlarft


def reduce_to_band(double[::1, :] a, int width):
    """A = Q B Q' in place, B of bandwidth `width`.

    Parameters
    ----------
    a : (n, n) float64 array, column-major
        Lower triangle of A; on return the lower band of B, and below the band the reflections.
    width : int

    Returns
    -------
    t : (width, n) float64 array, column-major
        The triangular factors of the blocks of reflections, side by side.
    """
    cdef int n = a.shape[0], k = 0, m, r, i, j, info = 0, lwork = 64 * width
    out = np.zeros((width, max(n, 1)), order="F")
    cdef double[::1, :] t = out
    cdef double[::1, :] v = np.zeros((max(n, 1), width), order="F")
    cdef double[::1, :] w = np.zeros((max(n, 1), width), order="F")
    cdef double[::1, :] s = np.zeros((width, width), order="F")
    cdef double[::1] tau = np.zeros(width), work = np.zeros(lwork)
    cdef double one = 1.0, zero = 0.0, minus = -1.0, half = -0.5
    if a.shape[1] != n or width < 1:
        raise ValueError("a square matrix and a positive width are needed")
    with nogil:
        while n - k - width > 1:
            m = n - k - width
            r = min(m, width)
            dgeqrf(&m, &width, &a[k + width, k], &n, &tau[0], &work[0], &lwork, &info)
            dlarft("F", "C", &m, &r, &a[k + width, k], &n, &tau[0], &t[0, k], &width)
            for j in range(r):
                for i in range(j):
                    v[i, j] = 0.0
                v[j, j] = 1.0
                for i in range(j + 1, m):
                    v[i, j] = a[k + width + i, k + j]
            # W = A V T, X = W - V (T' V' W) / 2, A := A - X V' - V X'
            dsymm("L", "L", &m, &r, &one, &a[k + width, k + width], &n, &v[0, 0], &n, &zero, &w[0, 0], &n)
            dtrmm("R", "U", "N", "N", &m, &r, &one, &t[0, k], &width, &w[0, 0], &n)
            dgemm("T", "N", &r, &r, &m, &one, &v[0, 0], &n, &w[0, 0], &n, &zero, &s[0, 0], &width)
            dtrmm("L", "U", "T", "N", &r, &r, &one, &t[0, k], &width, &s[0, 0], &width)
            dgemm("N", "N", &m, &r, &r, &half, &v[0, 0], &n, &s[0, 0], &width, &one, &w[0, 0], &n)
            dsyr2k("L", "N", &m, &r, &minus, &v[0, 0], &n, &w[0, 0], &n, &one, &a[k + width, k + width], &n)
            k += width
    return out


def rotate(double[::1, :] a, double[::1, :] t, double[::1, :] x, bint transposed):
    """Q x, or Q'x, in place, from what `reduce_to_band` left.

    Parameters
    ----------
    a : (n, n) float64 array, column-major
    t : (width, n) float64 array, column-major
    x : (n, c) float64 array, column-major
    transposed : bool
    """
    cdef int n = a.shape[0], width = t.shape[0], c = x.shape[1], k, m, r, blocks, q
    cdef char* trans = "T" if transposed else "N"
    if x.shape[0] != n or t.shape[1] < n:
        raise ValueError(f"x must have {n} rows")
    if c == 0 or n - width <= 1:
        return
    cdef double[::1] work = np.empty(c * width)
    blocks = (n - width - 2) // width + 1
    with nogil:
        for q in range(blocks):
            k = (q if transposed else blocks - 1 - q) * width
            m = n - k - width
            r = min(m, width)
            dlarfb("L", trans, "F", "C", &m, &c, &r, &a[k + width, k], &n, &t[0, k], &width, &x[k + width, 0], &n,
                   &work[0], &c)
