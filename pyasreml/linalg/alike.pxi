"""Leaves of the elimination tree that are copies of each other."""


cdef class Alike:
    """Sums over leaves that are copies of each other, in place of their right-hand sides.

    Parameters
    ----------
    analysis : Analysis
    own : (unknowns,) int32 array
        Leaf of every unknown, or -1.
    shape : (effects, records)
    rows, moves
        As of `Columns`, or None.
    matrix, record : (row, col, basis, value)
        One triangle of C by unknowns, coefficients in place of bases; of W'R⁻¹W by effects, or None.
    residual : (row, col, basis, value, w, column) or None
        What `Columns.residual` takes, but for e.
    priors : list of (row, col, basis, value, at, first)
        Basis matrices for the unknowns from `at` on, in columns from `first` on.
    dense : list of (first, width)
        Whole columns.
    whole : (first, width)
        Columns that move all effects.

    Attributes
    ----------
    unknowns, effects, records : bool arrays
        What the sums stand for.
    """

    cdef AlikeSums* a
    cdef readonly object unknowns, effects, records
    cdef Analysis analysis

    def __cinit__(self, Analysis analysis not None, const int32_t[::1] own, shape, rows, moves, matrix, record,
                  residual, priors, dense, whole):
        cdef Origins o
        cdef Prior prior
        cdef DenseColumns columns
        cdef const int64_t[::1] start
        cdef const int32_t[::1] a, b
        self.analysis = analysis
        o.unknowns, o.effects, o.records = own.shape[0], shape[0], shape[1]
        if o.unknowns != analysis.s.n:
            raise ValueError(f"leaves of {analysis.s.n} equations are needed")
        o.own = _ints(own)
        o.leaves = <int32_t>(np.max(own, initial=-1) + 1)
        if rows is not None:
            start, a, b = rows
            o.start, o.unknown, o.entry = _longs(start), _ints(a), _ints(b)
            start, a, b = moves
            o.move_start, o.move_source, o.move_column = _longs(start), _ints(a), _ints(b)
        row, col, basis, value = matrix
        o.matrix = _entries(row, col, basis, value)
        row, col, basis, value = record
        o.record = _entries(row, col, basis, value)
        o.column = NULL
        if residual is not None:
            row, col, basis, value, w, column = residual
            o.residual = _entries(row, col, basis, value)
            o.w = _csr(w[0], w[1], w[2], w[3])
            a = column
            o.column = _ints(a)
        for row, col, basis, value, at, first in priors:
            prior.entries = _entries(row, col, basis, value)
            prior.at, prior.column = at, first
            o.priors.push_back(prior)
        for first, width in dense:
            columns.column, columns.width = first, width
            o.dense.push_back(columns)
        o.first_whole, o.width = whole
        self.a = new AlikeSums(analysis.s, o)
        self.unknowns, self.effects, self.records = (
            _flags(self.a.unknowns), _flags(self.a.effects), _flags(self.a.records)
        )

    def __dealloc__(self):
        del self.a

    def __bool__(self):
        return self.a.any()

    def begin(self, const double[::1] sources, const double[::1] c, const double[::1] factors):
        """Take the sources of one iteration: unknowns, what is known and scores by effects where there are moves,
        residuals by records, whole columns and what moves all effects; coefficients of the structures, entries of T.
        """
        with nogil:
            self.a.begin(BLAS, _doubles(sources), _doubles(c), _doubles(factors))

    def add(self, Columns columns not None):
        """Fill in their sums."""
        with nogil:
            self.a.add(columns.s)

    def pairs(self, Columns columns not None):
        """Add to the pairs of columns."""
        with nogil:
            self.a.pairs(columns.s)
