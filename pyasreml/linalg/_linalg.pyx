# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Thin wrapper of the compiled kernel: arrays in, arrays out, the GIL released while it works."""

import numpy as np

from libc.stdint cimport int32_t, int64_t
from libcpp.vector cimport vector
from scipy.linalg.cython_blas cimport dgemm, dsymm, dsyrk, dtrmm, dtrsm
from scipy.linalg.cython_lapack cimport dlauum, dpotrf, dtrtri

from pyasreml.linalg.kernel cimport (
    Blas, PatternView, Counts, Symbolic, Plan, Kernel, CsrView, Triplets, c_min_degree, c_dissect, c_count, c_plan,
    c_analyze, c_build, c_adjacency, c_locate, c_takahashi, c_sweep, c_echelon, c_raise_pivots, c_dot, c_tdot,
    c_symmetric, c_near_fit, c_transpose, c_gram, c_gram_parts, CRanges, EntryView, Sides, ComponentsView,
    AlikeSums, Origins, Prior, DenseColumns, c_small_subtrees,
    ByEffects, ByUnknowns, c_expand, find_blas_threads,
)

from pyasreml.errors import FitError


cdef Blas BLAS
BLAS.set(<void*>dgemm, <void*>dsyrk, <void*>dtrsm, <void*>dtrmm, <void*>dsymm, <void*>dpotrf, <void*>dlauum,
         <void*>dtrtri)
find_blas_threads(<void*>dgemm)


class NotPositiveDefinite(FitError):
    """A pivot of the factorization is not positive.

    Attributes
    ----------
    column : int
        The equation, in the caller's numbering, whose pivot failed.
    """

    def __init__(self, column):
        self.column = int(column)
        super().__init__(f"the coefficient matrix is not positive definite at equation {self.column}")


include "views.pxi"


# ---------------------------------------------------------------- the solver
cdef class Analysis:
    """Symbolic analysis of a pattern under an order: made once a model, shared by its numeric objects.

    Parameters
    ----------
    indptr, indices : arrays
        The pattern.
    perm : (n,) int32 array
    last : int
        Pivots at the end that are one dense block.
    order : str
    check : callable, optional
        Called with the analysis when its sizes are known, before lists of their length are made; it may raise.

    Attributes
    ----------
    n : int
        Equations.
    perm : (n,) int32 array
        ``perm[k]`` is the equation taken as pivot k.
    order : str
        The order chosen: ``natural``, ``amd``, ``metis``, ``geometric`` or ``given``.
    nnz, flops : float
        Non-zeros of L and multiply-adds of its factorization, before supernodes are merged.
    bytes : int
        Memory that a numeric object takes for factor, inverse and fronts, besides its entry list.
    list_bytes : int
        Memory of the analysis itself.
    supernodes : int
        Number of supernodes.
    """

    cdef Symbolic s
    cdef object __weakref__
    cdef int64_t entries
    cdef readonly str order
    cdef readonly object perm

    def __init__(self, const int64_t[::1] indptr, const int32_t[::1] indices, const int32_t[::1] perm,
                 int32_t last=0, str order="given", check=None):
        cdef PatternView c = _pattern(indptr, indices)
        cdef const int32_t* perm_ = _ints(perm)
        cdef Plan plan
        self.order = order
        self.entries = indices.shape[0]
        with nogil:
            c_plan(self.s, plan, c, perm_, last)
        if check is not None:
            check(self)
        with nogil:
            c_analyze(self.s, plan, c, perm_)
        self.perm = _int32(self.s.perm)
        self.perm.flags.writeable = False

    @property
    def n(self):
        return self.s.n

    @property
    def nnz(self):
        return self.s.exact.nnz

    @property
    def flops(self):
        return self.s.exact.flops

    @property
    def bytes(self):
        return int(self.s.numeric_bytes())

    @property
    def list_bytes(self):
        return int(self.s.list_bytes(self.entries))

    @property
    def supernodes(self):
        return self.s.count

    def fronts(self):
        """Own columns and rows below of every supernode, two int32 arrays of shape (supernodes,)."""
        cdef int32_t k, count = self.s.count
        own, below = np.empty(count, dtype=np.int32), np.empty(count, dtype=np.int32)
        cdef int32_t[::1] own_ = own, below_ = below
        for k in range(count):
            own_[k] = self.s.width(k)
            below_[k] = self.s.rows_below(k)
        return own, below

    def small_subtrees(self, int32_t limit):
        """The largest subtrees of at most `limit` equations: the number of every equation's, -1 for those above."""
        out = np.empty(self.s.n, dtype=np.int32)
        cdef int32_t[::1] o = out
        if self.s.n:
            c_small_subtrees(self.s, limit, &o[0])
        return out

    def numeric(self, int threads=1):
        """A numeric object: values of C, of L and of the selected inverse."""
        return Numeric(self, threads)


cdef enum State:
    EMPTY, READY, ASSEMBLED, FACTORED, INVERTED


STEPS = ("set_entries()", "assemble()", "factor()", "invert()")


cdef class Numeric:
    """Values of C, its Cholesky factor and its selected inverse on one :class:`Analysis`.

    C = sum over entries e of ``val[e] * c[coef[e]]`` at the pattern's entry ``where[e]``.

    Parameters
    ----------
    analysis : Analysis
        The symbolic analysis.
    threads : int, optional
        Threads for disjoint subtrees and for large fronts; small systems use one whatever is asked. Any number gives
        the same bits.
    """

    cdef readonly Analysis analysis
    cdef Kernel* k
    cdef State state
    cdef int32_t n
    cdef int64_t pattern_size
    cdef list blocks

    def __cinit__(self, Analysis analysis not None, int threads=1):
        self.analysis = analysis
        self.n = analysis.s.n
        self.state = EMPTY
        self.blocks = []
        self.k = new Kernel(analysis.s, BLAS, threads)

    def __dealloc__(self):
        del self.k

    cdef int need(self, State state) except -1:
        if self.state < state:
            raise RuntimeError(f"call {STEPS[self.state]} first")
        return 0

    def set_entries(self, where, coef, val):
        """Entries of C, each ``val * c[coef]`` at a pattern entry.

        Parameters
        ----------
        where : (m,) int64 array
            Entries of the pattern, as `build_pattern` returned them.
        coef : (m,) int32 array
            Index into the coefficient vector.
        val : (m,) float64 array
            Constant factor.
        """
        cdef const int64_t[::1] w = np.ascontiguousarray(where, dtype=np.int64)
        cdef const int32_t[::1] q = np.ascontiguousarray(coef, dtype=np.int32)
        cdef const double[::1] v = np.ascontiguousarray(val, dtype=np.float64)
        cdef int64_t m = w.shape[0], e, size = <int64_t>self.analysis.s.entry.size()
        if q.shape[0] != m or v.shape[0] != m:
            raise ValueError("where, coef and val must have the same length")
        for e in range(m):
            if w[e] < 0 or w[e] >= size or q[e] < 0:
                raise ValueError(f"entry {e} lies outside the pattern or has a negative coefficient index")
        cdef const int64_t* w_ = _longs(w)
        cdef const int32_t* q_ = _ints(q)
        cdef const double* v_ = _doubles(v)
        with nogil:
            self.k.set_entries(m, w_, q_, v_)
        self.blocks.clear()
        self.state = READY

    def add_block(self, matrix, int32_t first, row, col, coef, val):
        """Constant dense matrices in the block of the last equations, besides the entries (after `set_entries`).

        Parameters
        ----------
        matrix : (q, q) float64 array
            Symmetric K, kept without a copy.
        first : int
            The first of the last equations that the blocks lie in, as a pivot.
        row, col : (m,) int array
            Blocks, sorted, ``row >= col``: block (row, col) begins at pivots first + row q and first + col q.
        coef : (m,) int array
            Index into the coefficient vector.
        val : (m,) float array
            C's block has K times the sum of ``val * c[coef]``.
        """
        cdef const double[:, ::1] k = matrix
        cdef const int32_t[::1] i = np.ascontiguousarray(row, dtype=np.int32)
        cdef const int32_t[::1] j = np.ascontiguousarray(col, dtype=np.int32)
        cdef const int32_t[::1] q = np.ascontiguousarray(coef, dtype=np.int32)
        cdef const double[::1] v = np.ascontiguousarray(val, dtype=np.float64)
        self.need(READY)
        if k.shape[0] != k.shape[1] or not i.shape[0] == j.shape[0] == q.shape[0] == v.shape[0]:
            raise ValueError("matrix must be square; row, col, coef and val must have the same length")
        self.blocks.append(matrix)
        if i.shape[0] and not self.k.add_block(&k[0, 0], <int32_t>k.shape[0], first, i.shape[0], &i[0], &j[0], &q[0],
                                               &v[0]):
            raise ValueError("the block does not lie within the last equations of the order")

    def assemble(self, c):
        """Fill C from the coefficients c, a float64 vector."""
        self.need(READY)
        cdef const double[::1] v = c if type(c) is np.ndarray else np.asarray(c, dtype=np.float64)
        if v.shape[0] < self.k.coefficients():
            raise ValueError(f"{self.k.coefficients()} coefficients are needed, {v.shape[0]} were given")
        cdef const double* v_ = _doubles(v)
        with nogil:
            self.k.assemble(v_)
        self.state = ASSEMBLED

    def factor(self, double tol=1e-14):
        """Cholesky factor of the assembled C, in its place.

        Parameters
        ----------
        tol : float, optional
            A pivot must exceed this share of its diagonal in C.

        Raises
        ------
        NotPositiveDefinite
            With the equation whose pivot failed.
        """
        cdef int64_t bad
        if self.state != ASSEMBLED:
            self.need(ASSEMBLED)
            raise RuntimeError("call assemble() first: the factor stands in its place")
        with nogil:
            bad = self.k.factor(tol)
        if bad:
            self.state = READY
            raise NotPositiveDefinite(self.analysis.s.perm[bad - 1])
        self.state = FACTORED

    def factor_singular(self, double tol=1e-8):
        """Factor a semidefinite C, dropping dependent equations; a boolean array that marks them.

        The order of elimination decides which of several dependent equations is dropped.
        """
        cdef unsigned char[::1] d = np.zeros(self.n + 1, dtype=np.uint8)
        if self.state != ASSEMBLED:
            self.need(ASSEMBLED)
            raise RuntimeError("call assemble() first: the factor stands in its place")
        with nogil:
            self.k.factor_singular(tol, &d[0])
        self.state = FACTORED
        out = np.zeros(self.n, dtype=bool)
        out[self.analysis.perm] = np.asarray(d)[: self.n].view(bool)
        return out

    def logdet(self):
        """log|C|."""
        self.need(FACTORED)
        return self.k.logdet()

    cdef tuple right_side(self, b):
        a = np.ascontiguousarray(b, dtype=np.float64)
        if a.ndim not in (1, 2) or a.shape[0] != self.n:
            raise ValueError(f"right-hand sides of shape ({self.n},) or ({self.n}, m) are needed, not {a.shape}")
        return a, (1 if a.ndim == 1 else a.shape[1])

    def solve(self, b):
        """C^-1 b for b of shape (n,) or (n, m), in the equations' own order."""
        return self._solve(b, None)

    def solve_kept(self, b, dropped):
        """Solution after `factor_singular`: the dropped equations are left out and get 0."""
        return self._solve(b, np.ascontiguousarray(dropped[self.analysis.perm], dtype=np.uint8))

    cdef object _solve(self, b, dropped):
        self.need(FACTORED)
        a, width = self.right_side(b)
        out = np.empty_like(a)
        cdef int m = width
        cdef const double[::1] x = a.reshape(-1)
        cdef double[::1] y = out.reshape(-1)
        cdef double[::1] v = np.empty(max(x.shape[0], 1))
        cdef const unsigned char[::1] d
        cdef int64_t k, q
        if x.shape[0] == 0:
            return out
        with nogil:
            self.k.gather(&x[0], m, &v[0])
            self.k.forward(&v[0], m)
        if dropped is not None:
            d = dropped
            for k in range(self.n):
                if d[k]:
                    for q in range(m):
                        v[k * m + q] = 0
        with nogil:
            self.k.backward(&v[0], m)
            self.k.scatter(&v[0], m, &y[0])
        return out

    def forward(self, b):
        """L^-1 P b for b of shape (n,) or (n, m), in pivot order: its Gram matrix is b'C^-1 b."""
        self.need(FACTORED)
        a, width = self.right_side(b)
        out = np.empty_like(a)
        cdef int m = width
        cdef const double[::1] x = a.reshape(-1)
        cdef double[::1] v = out.reshape(-1)
        if x.shape[0]:
            with nogil:
                self.k.gather(&x[0], m, &v[0])
                self.k.forward(&v[0], m)
        return out

    def ranges(self, int columns, const int32_t[::1] first, const int32_t[::1] end):
        """Places of right-hand sides that have columns ``first[i]`` to ``end[i]`` in row i."""
        return Ranges(self.analysis, columns, first, end)

    def gram(self, Ranges ranges not None, double[::1] values, Alike alike=None, const int32_t[::1] order=None):
        """b'C^-1 b of right-hand sides b at the places `ranges`; `values` is overwritten.

        With leaves that are alike, whose sums `values` holds, their own products come instead; `order` is the place of
        every column.
        """
        self.need(FACTORED)
        if values.shape[0] < ranges.size:
            raise ValueError(f"{ranges.size} values are needed, {values.shape[0]} were given")
        out = np.empty((ranges.columns, ranges.columns))
        cdef double[:, ::1] g = out
        cdef const AlikeSums* a = NULL
        cdef const int32_t* places = NULL
        if alike is not None:
            if alike.analysis is not self.analysis:
                raise ValueError("these leaves are of another analysis")
            a, places = alike.a, _ints(order)
        if ranges.columns and values.shape[0]:
            with nogil:
                self.k.gram(ranges.ranges[0], &values[0], &g[0, 0], a, places)
        return out

    def invert(self):
        """Selected inverse: C^-1 on the pattern of the factor."""
        self.need(FACTORED)
        with nogil:
            self.k.invert()
        self.state = INVERTED

    def adjoint(self, int ncoef):
        """Derivative of log|C| by c, of shape (ncoef,)."""
        self.need(INVERTED)
        if ncoef < self.k.coefficients():
            raise ValueError(f"the entries use {self.k.coefficients()} coefficients, more than {ncoef}")
        out = np.zeros(ncoef)
        cdef double[::1] t = out
        if ncoef:
            with nogil:
                self.k.adjoint(&t[0])
        return out

    def inverse_diagonal(self):
        """Diagonal of C^-1, of shape (n,)."""
        self.need(INVERTED)
        out = np.empty(self.n)
        cdef double[::1] d = out
        if self.n:
            with nogil:
                self.k.inverse_diagonal(&d[0])
        return out

    def inverse_at(self, rows, cols):
        """Elements of C^-1 at pairs within the factor's pattern.

        Raises
        ------
        OutsidePattern
            For a pair outside it (solve for that column instead).
        """
        self.need(INVERTED)
        cdef const int32_t[::1] i = np.ascontiguousarray(rows, dtype=np.int32)
        cdef const int32_t[::1] j = np.ascontiguousarray(cols, dtype=np.int32)
        cdef int64_t m = i.shape[0], e, bad
        if j.shape[0] != m:
            raise ValueError("rows and cols must have the same length")
        for e in range(m):
            if i[e] < 0 or i[e] >= self.n or j[e] < 0 or j[e] >= self.n:
                raise ValueError(f"pair {e} ({i[e]}, {j[e]}) lies outside a matrix of order {self.n}")
        out = np.empty(m)
        cdef double[::1] z = out
        if m == 0:
            return out
        with nogil:
            bad = self.k.inverse_at(m, &i[0], &j[0], &z[0])
        if bad >= 0:
            raise OutsidePattern(i[bad], j[bad])
        return out


class OutsidePattern(ValueError):
    """An element of the inverse that the selected inverse does not hold.

    Attributes
    ----------
    row, column : int
        The pair asked for.
    """

    def __init__(self, row, column):
        self.row, self.column = int(row), int(column)
        super().__init__(
            f"({self.row}, {self.column}) is not in the pattern of the factor: solve for that column instead"
        )


include "arrays.pxi"
include "columns.pxi"
include "components.pxi"
include "alike.pxi"
include "whitened.pxi"
