# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Thin wrapper of the compiled part on pedigrees: arrays in, arrays out, the GIL released while it works."""

import numpy as np

from libc.stdint cimport int32_t, int64_t
from libcpp cimport bool as cbool
from libcpp.vector cimport vector


cdef extern from "pedigree.hpp" namespace "pyasreml" nogil:
    cdef cppclass Inheritance:
        const double* w1
        const double* w2
        const double* base
        const double* outbred
        double pair, selfing

    cbool pedigree_order(int32_t, const int32_t*, const int32_t*, int32_t*, vector[int32_t]&) except +
    int32_t pedigree_variances(int32_t, const int32_t*, const int32_t*, const Inheritance&, double*, double*) except +
    void pedigree_inverse(int32_t, const int32_t*, const int32_t*, const double*, const double*, const double*,
                          vector[int64_t]&, vector[int32_t]&, vector[double]&) except +


def order(const int32_t[::1] first, const int32_t[::1] second):
    """(order, loop): parents before progeny; `loop` is a list of animals, empty where there is none."""
    cdef int32_t n = <int32_t>first.shape[0]
    out = np.empty(n, dtype=np.int32)
    if n == 0:
        return out, []
    cdef int32_t[::1] o = out
    cdef vector[int32_t] loop
    with nogil:
        pedigree_order(n, &first[0], &second[0], &o[0], loop)
    return out, list(loop)


def variances(const int32_t[::1] first, const int32_t[::1] second, const double[::1] w1, const double[::1] w2,
              const double[::1] base, const double[::1] outbred, double pair, double selfing):
    """(a, d, bad): the diagonal of A, the variances of the animals' own parts, and the first animal without one or -1."""
    cdef int32_t n = <int32_t>first.shape[0], bad = -1
    a, d = np.zeros(n), np.zeros(n)
    if n == 0:
        return a, d, bad
    cdef double[::1] a_ = a, d_ = d
    cdef Inheritance rules
    rules.w1, rules.w2, rules.base, rules.outbred = &w1[0], &w2[0], &base[0], &outbred[0]
    rules.pair, rules.selfing = pair, selfing
    with nogil:
        bad = pedigree_variances(n, &first[0], &second[0], rules, &a_[0], &d_[0])
    return a, d, bad


def inverse(const int32_t[::1] first, const int32_t[::1] second, const double[::1] w1, const double[::1] w2,
            const double[::1] d):
    """(indptr, col, value) of the lower triangle of the inverse, by rows."""
    cdef int32_t n = <int32_t>first.shape[0]
    cdef vector[int64_t] start
    cdef vector[int32_t] col
    cdef vector[double] value
    if n:
        with nogil:
            pedigree_inverse(n, &first[0], &second[0], &w1[0], &w2[0], &d[0], start, col, value)
    else:
        start.push_back(0)
    cdef int64_t m = <int64_t>col.size()
    indptr = np.empty(n + 1, dtype=np.int64)
    cols = np.empty(m, dtype=np.int32)
    values = np.empty(m)
    if n:
        indptr[:] = <int64_t[:n + 1]>start.data()
        cols[:] = <int32_t[:m]>col.data()
        values[:] = <double[:m]>value.data()
    else:
        indptr[0] = 0
    return indptr, cols, values
