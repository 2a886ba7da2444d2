# cython: language_level=3
"""Declarations of the compiled kernel."""

from libc.stdint cimport int32_t, int64_t
from libcpp.vector cimport vector


cdef extern from "kernel.hpp" namespace "pyasreml" nogil:
    cdef cppclass AlikeSums "pyasreml::Alike"

    cdef cppclass Blas:
        void set(void*, void*, void*, void*, void*, void*, void*, void*)

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
        int32_t width(int32_t)
        int32_t rows_below(int32_t)
        int64_t values()
        int64_t numeric_bytes()
        int64_t list_bytes(int64_t)

    cdef cppclass Plan:
        pass

    cdef cppclass CsrView:
        int32_t rows, cols
        const int64_t* start
        const int32_t* col
        const double* value

    cdef cppclass CRanges "pyasreml::Profile":
        vector[int32_t] first
        vector[int64_t] start
        CRanges(const Symbolic&, int32_t, const int32_t*, const int32_t*) except +

    cdef cppclass EntryView:
        int64_t count
        const int64_t* row
        const int64_t* col
        const int64_t* basis
        const double* value

    cdef cppclass Sides "pyasreml::Columns":
        int32_t columns
        const int64_t* start
        const int32_t* unknown
        const int32_t* entry
        const int32_t* order
        int32_t fixed
        int32_t* first
        int32_t* end
        int32_t* earliest
        const int64_t* origin
        double* values
        const int64_t* move_start
        const int32_t* move_source
        const int32_t* move_column
        const double* factors
        const double* sources
        int32_t first_whole "from"
        int32_t width
        const double* whole
        const unsigned char* skip
        double* pairs
        int32_t* effect_first
        int32_t* effect_end
        const int64_t* effect_origin
        double* effect_values
        void finish(int32_t)
        void residual(const EntryView&, const double*, const CsrView&, const int32_t*)
        void prior(const EntryView&, const double*, int32_t, const int32_t*)
        void factor(const EntryView&, const double*)
        void records(const EntryView&, const double*, const int32_t*)
        void scores(int32_t, int32_t, const double*)
        void dense(int32_t, int32_t, int32_t, const double*)

    cdef cppclass Kernel "pyasreml::Numeric":
        Kernel(const Symbolic&, const Blas&, int) except +
        void set_entries(int64_t, const int64_t*, const int32_t*, const double*) except +
        bint add_block(const double*, int32_t, int32_t, int64_t, const int32_t*, const int32_t*, const int32_t*,
                       const double*) except +
        void assemble(const double*)
        int64_t factor(double) except +
        void factor_singular(double, unsigned char*) except +
        double logdet()
        void forward(double*, int) except +
        void backward(double*, int) except +
        void gram(const CRanges&, double*, double*, const AlikeSums*, const int32_t*) except +
        void gather(const double*, int, double*)
        void scatter(const double*, int, double*)
        void invert() except +
        void adjoint(double*)
        void inverse_diagonal(double*)
        int64_t inverse_at(int64_t, const int32_t*, const int32_t*, double*)
        int32_t coefficients()

    cdef cppclass ComponentsView "pyasreml::Components":
        int32_t terms
        const int32_t* first
        CsrView information
        const double* wy
        double yy
        EntryView prior
        const CRanges* columns
        int64_t solve(Kernel&, const double*, double, double*, double*, double*) except +
        void derive(Kernel&, const double*, const double*, const double*, const double*, double, double*, double*,
                    double*) except +

    cdef cppclass Triplets:
        vector[int32_t] rows, cols
        vector[double] values

    void c_min_degree "pyasreml::min_degree"(const PatternView&, double, const int32_t*, int32_t*) except +
    void c_dissect "pyasreml::dissect"(const PatternView&, const double*, int, int32_t*) except +
    Counts c_count "pyasreml::count"(const PatternView&, const int32_t*, int32_t) except +
    void c_plan "pyasreml::plan"(Symbolic&, Plan&, const PatternView&, const int32_t*, int32_t) except +
    void c_analyze "pyasreml::analyze"(Symbolic&, const Plan&, const PatternView&, const int32_t*) except +
    int64_t c_build "pyasreml::build_pattern"(int32_t, int64_t, const int32_t*, const int32_t*, int64_t*,
                                              vector[int32_t]&, int64_t*) except +
    void c_adjacency "pyasreml::adjacency"(const PatternView&, const int32_t*, int32_t, vector[int64_t]&,
                                           vector[int32_t]&) except +
    void c_locate "pyasreml::locate"(int64_t, const int32_t*, const int32_t*, const int64_t*, const int32_t*, int64_t*)
    void c_takahashi "pyasreml::takahashi"(int32_t, const int64_t*, const int32_t*, const double*, double*) except +
    void c_sweep "pyasreml::sweep"(const Blas&, int, int, double*, const double*, unsigned char*) except +
    void c_raise_pivots "pyasreml::raise_pivots"(int32_t, int32_t, double*, const double*, double*)
    void c_echelon "pyasreml::echelon"(int32_t, int32_t, double*, double, unsigned char*) except +
    void c_dot "pyasreml::csr_dot"(const CsrView&, const double*, int, double*)
    void c_tdot "pyasreml::csr_tdot"(const CsrView&, const double*, int, double*)
    void c_symmetric "pyasreml::csr_symmetric"(const CsrView&, const double*, int, double*)
    void c_near_fit "pyasreml::near_fit"(const CsrView&, const unsigned char*, int, double, double*, double*) except +
    void c_transpose "pyasreml::csr_transpose"(const CsrView&, int64_t*, int32_t*, double*) except +
    void c_gram "pyasreml::gram"(const CsrView&, const CsrView&, const CsrView*, const double*, Triplets&) except +

    void c_gram_parts "pyasreml::gram_parts"(const CsrView&, int64_t, const int32_t*, const int32_t*, const int32_t*,
                                             const double*, int32_t, Triplets&, vector[int64_t]&) except +

    int32_t c_small_subtrees "pyasreml::small_subtrees"(const Symbolic&, int32_t, int32_t*) except +


cdef extern from "alike.hpp" namespace "pyasreml" nogil:
    cdef cppclass Prior "pyasreml::Origins::Prior":
        EntryView entries
        int32_t at, column

    cdef cppclass DenseColumns "pyasreml::Origins::Dense":
        int32_t column, width

    cdef cppclass Origins:
        int32_t unknowns, effects, records
        const int32_t* own
        int32_t leaves
        const int64_t* start
        const int32_t* unknown
        const int32_t* entry
        const int64_t* move_start
        const int32_t* move_source
        const int32_t* move_column
        EntryView matrix, record, residual
        CsrView w
        const int32_t* column
        vector[Prior] priors
        vector[DenseColumns] dense
        int32_t first_whole "from"
        int32_t width

    cdef cppclass AlikeSums "pyasreml::Alike":
        AlikeSums(const Symbolic&, const Origins&) except +
        bint any()
        vector[unsigned char] unknowns, effects, records
        void begin(const Blas&, const double*, const double*, const double*) except +
        void add(const Sides&)
        void pairs(const Sides&)


cdef extern from "whitened.hpp" namespace "pyasreml" nogil:
    cdef cppclass ByEffects:
        int64_t count
        const int64_t* row
        const int64_t* col
        const int64_t* coef
        const double* value
        const int64_t* start
        const int32_t* unknown
        const int32_t* entry
        int64_t span

    cdef cppclass ByUnknowns:
        vector[int64_t] row, col, key
        vector[int32_t] number, sum
        vector[double] value, factor

    void c_expand "pyasreml::expand"(const ByEffects&, ByUnknowns&) except +


cdef extern from "blas_threads.hpp" namespace "pyasreml":
    bint find_blas_threads(void*)
