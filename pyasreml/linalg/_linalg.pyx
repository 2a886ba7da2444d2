# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Thin wrapper of the compiled kernel: arrays in, arrays out, the GIL released while it works."""

import numpy as np

from libc.stdint cimport int32_t, int64_t
from libcpp.vector cimport vector
from scipy.linalg.cython_blas cimport dgemm, dsymm, dsyrk, dtrsm
from scipy.linalg.cython_lapack cimport dpotrf, dpotri

from pyasreml.errors import FitError


cdef extern from "kernel.hpp" namespace "pyasreml" nogil:
    cdef cppclass Blas:
        void set(void*, void*, void*, void*, void*, void*)

    cdef cppclass PatternView "pyasreml::Pattern":
        int32_t n
        const int64_t* start
        const int32_t* row

    cdef cppclass Counts:
        double nnz, flops

    cdef cppclass Symbolic:
        int32_t n, count
        Counts exact
        vector[int32_t] perm, inverse, first, parent
        vector[int64_t] entry
        int64_t peak_fronts
        int64_t values()

    cdef cppclass Kernel "pyasreml::Numeric":
        Kernel(const Symbolic&, const Blas&, int) except +
        void set_entries(int64_t, const int64_t*, const int32_t*, const double*) except +
        void assemble(const double*)
        int64_t factor(double) except +
        void factor_singular(double, unsigned char*) except +
        double logdet()
        void forward(double*, int) except +
        void backward(double*, int) except +
        void gather(const double*, int, double*)
        void scatter(const double*, int, double*)
        void invert() except +
        void adjoint(double*)
        void inverse_diagonal(double*)
        int64_t inverse_at(int64_t, const int32_t*, const int32_t*, double*)
        int32_t coefficients()

    cdef cppclass CsrView:
        int32_t rows, cols
        const int64_t* start
        const int32_t* col
        const double* value

    cdef cppclass Triplets:
        vector[int32_t] rows, cols
        vector[double] values

    void c_min_degree "pyasreml::min_degree"(const PatternView&, double, const int32_t*, int32_t*) except +
    void c_dissect "pyasreml::dissect"(const PatternView&, const double*, int, int32_t*) except +
    Counts c_count "pyasreml::count"(const PatternView&, const int32_t*, int32_t) except +
    void c_analyze "pyasreml::analyze"(Symbolic&, const PatternView&, const int32_t*, int32_t) except +
    int64_t c_build "pyasreml::build_pattern"(int32_t, int64_t, const int32_t*, const int32_t*, int64_t*,
                                              vector[int32_t]&, int64_t*) except +
    void c_adjacency "pyasreml::adjacency"(const PatternView&, const int32_t*, int32_t, vector[int64_t]&,
                                           vector[int32_t]&) except +
    void c_locate "pyasreml::locate"(int64_t, const int32_t*, const int32_t*, const int64_t*, const int32_t*, int64_t*)
    void c_takahashi "pyasreml::takahashi"(int32_t, const int64_t*, const int32_t*, const double*, double*) except +
    void c_sweep "pyasreml::sweep"(const Blas&, int, int, double*, const double*, unsigned char*) except +
    void c_echelon "pyasreml::echelon"(int32_t, int32_t, double*, double, unsigned char*) except +
    void c_dot "pyasreml::csr_dot"(const CsrView&, const double*, int, double*)
    void c_tdot "pyasreml::csr_tdot"(const CsrView&, const double*, int, double*)
    void c_transpose "pyasreml::csr_transpose"(const CsrView&, int64_t*, int32_t*, double*) except +
    void c_gram "pyasreml::gram"(const CsrView&, const CsrView&, const CsrView*, const double*, Triplets&) except +


cdef extern from "blas_threads.hpp" namespace "pyasreml":
    bint find_blas_threads(void*)


cdef Blas BLAS
BLAS.set(<void*>dgemm, <void*>dsyrk, <void*>dtrsm, <void*>dsymm, <void*>dpotrf, <void*>dpotri)
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


cdef object _int32(const vector[int32_t]& v):
    cdef int64_t i, n = v.size()
    out = np.empty(n, dtype=np.int32)
    cdef int32_t[::1] o = out
    for i in range(n):
        o[i] = v[i]
    return out


cdef inline const int32_t* _ints(const int32_t[::1] v) noexcept:
    return &v[0] if v.shape[0] else NULL


cdef inline const int64_t* _longs(const int64_t[::1] v) noexcept:
    return &v[0] if v.shape[0] else NULL


cdef inline const double* _doubles(const double[::1] v) noexcept:
    return &v[0] if v.shape[0] else NULL


cdef PatternView _pattern(const int64_t[::1] indptr, const int32_t[::1] indices) noexcept:
    cdef PatternView c
    c.n = <int32_t>(indptr.shape[0] - 1)
    c.start = &indptr[0]
    c.row = _ints(indices)
    return c


cdef CsrView _csr(int32_t cols, const int64_t[::1] indptr, const int32_t[::1] indices, const double[::1] data) noexcept:
    cdef CsrView a
    a.rows = <int32_t>(indptr.shape[0] - 1)
    a.cols = cols
    a.start = &indptr[0]
    a.col = _ints(indices)
    a.value = _doubles(data)
    return a


# ---------------------------------------------------------------- patterns and orders
def build_pattern(int32_t n, const int32_t[::1] rows, const int32_t[::1] cols):
    """indptr, indices, where; or the first entry outside the lower triangle as an int."""
    cdef int64_t entries = rows.shape[0], got
    cdef vector[int32_t] row
    indptr = np.empty(n + 1, dtype=np.int64)
    where = np.empty(entries, dtype=np.int64)
    cdef int64_t[::1] start = indptr
    cdef int64_t[::1] place = where
    cdef int64_t* place_ = &place[0] if entries else NULL
    cdef const int32_t* rows_ = _ints(rows)
    cdef const int32_t* cols_ = _ints(cols)
    with nogil:
        got = c_build(n, entries, rows_, cols_, &start[0], row, place_)
    if got < 0:
        return int(-1 - got)
    return indptr, _int32(row), where


def adjacency(const int64_t[::1] indptr, const int32_t[::1] indices, const int32_t[::1] number, int32_t kept):
    """Adjacency list (indptr, neighbours) of the equations with number >= 0."""
    cdef PatternView c = _pattern(indptr, indices)
    cdef vector[int64_t] start
    cdef vector[int32_t] neighbour
    cdef int64_t i
    cdef const int32_t* number_ = _ints(number)
    with nogil:
        c_adjacency(c, number_, kept, start, neighbour)
    out = np.empty(kept + 1, dtype=np.int64)
    cdef int64_t[::1] o = out
    for i in range(kept + 1):
        o[i] = start[i]
    return out, _int32(neighbour)


def min_degree(const int64_t[::1] indptr, const int32_t[::1] indices, double dense=10.0, stage=None):
    """Approximate minimum degree order; stage > 0 forces equations to the end."""
    cdef PatternView c = _pattern(indptr, indices)
    perm = np.empty(c.n, dtype=np.int32)
    cdef int32_t[::1] p = perm
    cdef const int32_t[::1] s
    cdef const int32_t* stage_ = NULL
    if c.n == 0:
        return perm
    if stage is not None:
        s = stage
        stage_ = &s[0]
    with nogil:
        c_min_degree(c, dense, stage_, &p[0])
    return perm


def dissect(const int64_t[::1] indptr, const int32_t[::1] indices, const double[:, ::1] coordinates):
    """Nested dissection by coordinates (n, dims); rows with NaN go last."""
    cdef PatternView c = _pattern(indptr, indices)
    perm = np.empty(c.n, dtype=np.int32)
    cdef int32_t[::1] p = perm
    if c.n == 0:
        return perm
    with nogil:
        c_dissect(c, &coordinates[0, 0], <int>coordinates.shape[1], &p[0])
    return perm


def count(const int64_t[::1] indptr, const int32_t[::1] indices, const int32_t[::1] perm, int32_t last=0):
    """Non-zeros of L and the multiply-adds that make it, before amalgamation."""
    cdef PatternView c = _pattern(indptr, indices)
    cdef Counts k
    cdef const int32_t* perm_ = _ints(perm)
    with nogil:
        k = c_count(c, perm_, last)
    return k.nnz, k.flops


# ---------------------------------------------------------------- the solver
cdef class Analysis:
    """Symbolic analysis of a pattern under an order: made once a model, shared by its numeric objects.

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
    supernodes : int
        Number of supernodes.
    """

    cdef Symbolic s
    cdef readonly str order
    cdef readonly object perm

    def __init__(self, const int64_t[::1] indptr, const int32_t[::1] indices, const int32_t[::1] perm,
                 int32_t last=0, str order="given"):
        cdef PatternView c = _pattern(indptr, indices)
        cdef const int32_t* perm_ = _ints(perm)
        with nogil:
            c_analyze(self.s, c, perm_, last)
        self.order = order
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
        return 8 * (2 * int(self.s.values()) + int(self.s.peak_fronts) + 2 * int(self.s.n))

    @property
    def supernodes(self):
        return self.s.count

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
        Threads that work on disjoint subtrees.
    """

    cdef readonly Analysis analysis
    cdef Kernel* k
    cdef State state
    cdef int32_t n
    cdef int64_t pattern_size

    def __cinit__(self, Analysis analysis not None, int threads=1):
        self.analysis = analysis
        self.n = analysis.s.n
        self.state = EMPTY
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
        self.state = READY

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
        super().__init__(f"({self.row}, {self.column}) is not in the pattern of the factor: solve for that column instead")


# ---------------------------------------------------------------- simplicial tools
def takahashi(const int64_t[::1] indptr, const int32_t[::1] indices, const double[::1] data):
    """Selected inverse on the pattern of a lower CSC factor with sorted columns."""
    cdef int32_t n = <int32_t>(indptr.shape[0] - 1)
    out = np.empty(data.shape[0])
    cdef double[::1] z = out
    if n == 0:
        return out
    with nogil:
        c_takahashi(n, &indptr[0], &indices[0], &data[0], &z[0])
    return out


def locate(const int32_t[::1] rows, const int32_t[::1] cols, const int64_t[::1] indptr, const int32_t[::1] indices):
    """Position of each (row, col), row >= col, in a lower pattern by columns; -1 outside."""
    cdef int64_t m = rows.shape[0]
    out = np.empty(m, dtype=np.int64)
    cdef int64_t[::1] w = out
    if m:
        with nogil:
            c_locate(m, &rows[0], &cols[0], &indptr[0], &indices[0], &w[0])
    return out


def scatter(const int64_t[::1] position, const int32_t[::1] coef, const double[::1] val, const double[::1] c,
            double[::1] out):
    """out[position[e]] += val[e] * c[coef[e]] after setting out to zero."""
    cdef int64_t e, m = position.shape[0]
    out[:] = 0
    with nogil:
        for e in range(m):
            out[position[e]] += val[e] * c[coef[e]]


# ---------------------------------------------------------------- rank
def sweep(double[::1, :] panel, const double[::1] floor):
    """In-order Cholesky sweep of a symmetric matrix (lower, overwritten): True where a pivot is not above floor."""
    cdef int p = <int>panel.shape[0]
    out = np.zeros(p, dtype=np.uint8)
    cdef unsigned char[::1] d = out
    if p:
        with nogil:
            c_sweep(BLAS, p, p, &panel[0, 0], &floor[0], &d[0])
    return out.view(bool)


def echelon(double[:, ::1] null_space, double tol):
    """Rows that are pivots of the null space (p, r; overwritten) taken from the last row upwards."""
    cdef int32_t p = <int32_t>null_space.shape[0], r = <int32_t>null_space.shape[1]
    out = np.zeros(p, dtype=np.uint8)
    cdef unsigned char[::1] a = out
    if p and r:
        with nogil:
            c_echelon(p, r, &null_space[0, 0], tol, &a[0])
    return out.view(bool)


# ---------------------------------------------------------------- matrices by rows
def csr_dot(int32_t cols, const int64_t[::1] indptr, const int32_t[::1] indices, const double[::1] data,
            const double[::1] b, int m, double[::1] out):
    """out = A b, b (cols, m) and out (rows, m) flattened row-major."""
    cdef CsrView a = _csr(cols, indptr, indices, data)
    if out.shape[0]:
        with nogil:
            c_dot(a, &b[0] if b.shape[0] else NULL, m, &out[0])


def csr_tdot(int32_t cols, const int64_t[::1] indptr, const int32_t[::1] indices, const double[::1] data,
             const double[::1] b, int m, double[::1] out):
    """out = A' b, b (rows, m) and out (cols, m) flattened row-major."""
    cdef CsrView a = _csr(cols, indptr, indices, data)
    if out.shape[0]:
        with nogil:
            c_tdot(a, &b[0] if b.shape[0] else NULL, m, &out[0])


def csr_transpose(int32_t cols, const int64_t[::1] indptr, const int32_t[::1] indices, const double[::1] data):
    """indptr, indices, data of the transpose, its rows sorted."""
    cdef CsrView a = _csr(cols, indptr, indices, data)
    start, col, value = np.zeros(cols + 1, dtype=np.int64), np.empty(len(indices), np.int32), np.empty(len(data))
    cdef int64_t[::1] s = start
    cdef int32_t[::1] c = col
    cdef double[::1] v = value
    if data.shape[0]:
        with nogil:
            c_transpose(a, &s[0], &c[0], &v[0])
    return start, col, value


def gram(w, wt, m, weights):
    """Lower triangle of W' M W as rows, cols, values; w, wt, m are (cols, indptr, indices, data)."""
    cdef CsrView a = _csr(w[0], w[1], w[2], w[3]), t = _csr(wt[0], wt[1], wt[2], wt[3]), middle
    cdef const CsrView* m_ = NULL
    cdef const double[::1] d
    cdef const double* d_ = NULL
    cdef Triplets out
    cdef int64_t i, count
    if m is not None:
        middle = _csr(m[0], m[1], m[2], m[3])
        m_ = &middle
    if weights is not None:
        d = weights
        d_ = _doubles(d)
    with nogil:
        c_gram(a, t, m_, d_, out)
    count = out.values.size()
    values = np.empty(count)
    cdef double[::1] v = values
    for i in range(count):
        v[i] = out.values[i]
    return _int32(out.rows), _int32(out.cols), values
