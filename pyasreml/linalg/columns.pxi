"""Right-hand sides with a range of columns a row, and what fills them."""

# ---------------------------------------------------------------- places and products
cdef class Ranges:
    """Where rows of right-hand sides stand in pivot order, given the columns of each equation's row.

    Attributes
    ----------
    columns, size : int
        Columns; numbers stored.
    origin : (n,) int64 array
        Column c of equation i stands at ``origin[i] + c``.
    """

    cdef CRanges* ranges
    cdef readonly int columns
    cdef readonly int64_t size
    cdef readonly object origin

    def __cinit__(self, Analysis analysis not None, int columns, const int32_t[::1] first, const int32_t[::1] end):
        cdef int64_t k, n = analysis.s.n
        if first.shape[0] != n or end.shape[0] != n:
            raise ValueError(f"ranges of {n} equations are needed")
        for k in range(n):
            if first[k] < 0 or end[k] > columns:
                raise ValueError(f"the columns of equation {k} lie outside [0, {columns})")
        self.ranges = new CRanges(analysis.s, columns, _ints(first), _ints(end))
        self.columns = columns
        self.size = self.ranges.start[n]
        self.origin = np.empty(n, dtype=np.int64)
        cdef int64_t[::1] o = self.origin
        for k in range(n):
            o[analysis.s.perm[k]] = self.ranges.start[k] - self.ranges.first[k]

    def __dealloc__(self):
        del self.ranges


cdef EntryView _entries(const int64_t[::1] row, const int64_t[::1] col, const int64_t[::1] basis,
                        const double[::1] value):
    cdef EntryView m
    m.count = row.shape[0]
    m.row, m.col, m.basis, m.value = _longs(row), _longs(col), _longs(basis), _doubles(value)
    return m


cdef class Columns:
    """Fills right-hand sides; before `begin` it finds the range of columns of every unknown instead.

    Parameters
    ----------
    unknowns : int
    order : (columns,) int32 array
        Place of every column within a row.
    fixed : int
        Unknowns that all columns meet, the first ones.
    rows : (start, unknown, entry) or None
        Rows of S in u = S v: unknowns and entries of T (see `pyasreml.mme.whitened`); None where S is the identity.
    moves : (start, source, column) or None
        By effect: a column's move takes that source, an unknown or, counted on from there, an effect.

    Attributes
    ----------
    first, end : (unknowns,) int32 arrays
        Range of places found.
    earliest : (columns,) int32 array
        The first unknown found in each column, those that all columns meet left out.
    values : (size,) float array
        What was filled in, after `begin`.
    pairs : (columns, columns) float array
        After `finish`: moves of the row's column times the effects' side of the one at the column's place.
    effects : (2, effects) int32 array
        Ranges of places found by effects, first and end, where there are moves.
    """

    cdef Sides s
    cdef readonly object first, end, earliest, values, pairs, effects
    cdef object kept
    cdef int32_t unknowns, number

    def __init__(self, int32_t unknowns, const int32_t[::1] order, int32_t fixed=0, rows=None, moves=None):
        cdef const int64_t[::1] start
        cdef const int32_t[::1] a, b
        cdef int32_t[::1] f, e, q
        self.first, self.end = np.zeros(unknowns, np.int32), np.zeros(unknowns, np.int32)
        f, e = self.first, self.end
        self.unknowns = unknowns
        self.effects = np.zeros((2, 0), np.int32)
        self.earliest = np.full(order.shape[0], unknowns, np.int32)
        q = self.earliest
        self.s.columns, self.s.fixed, self.s.order = <int32_t>order.shape[0], fixed, _ints(order)
        self.s.earliest = &q[0] if q.shape[0] else NULL
        if unknowns:
            self.s.first, self.s.end = &f[0], &e[0]
        if rows is not None:
            start, a, b = rows
            self.s.start, self.s.unknown, self.s.entry = &start[0], _ints(a), _ints(b)
            start, a, b = moves
            self.s.move_start, self.s.move_source, self.s.move_column = &start[0], _ints(a), _ints(b)
            self.effects = np.zeros((2, start.shape[0] - 1), np.int32)
            self._set_effects(self.effects)
        self.kept = [order, rows, moves]

    def skip(self, const unsigned char[::1] effects):
        """Effects, marked by 1, that `scores` and `dense` leave out."""
        self.s.skip = &effects[0] if effects.shape[0] else NULL
        self.kept.append(effects)

    cdef _set_effects(self, ranges):
        cdef int32_t[:, ::1] r = ranges
        if r.shape[1]:
            self.s.effect_first, self.s.effect_end = &r[0, 0], &r[1, 0]

    def begin(self, origin, int64_t size, factors, sources, int32_t first, whole, effects):
        """Fill from here on.

        Parameters
        ----------
        origin, size
            Places of the numbers.
        factors : float array
            Entries of T.
        sources : float array (unknowns + effects,)
            Of the moves.
        first : int
        whole : float array (effects, m)
            Moves of all effects by the m columns from `first` on.
        effects : (2, effects) int32 array
            The attribute of an object that has found ranges; read where there are moves.
        """
        cdef const int64_t[::1] o = origin
        cdef const double[::1] f = factors, m = sources
        cdef const double[:, ::1] w = whole
        cdef int n = self.s.columns if self.s.start or w.shape[1] else 0
        self.values, self.pairs = np.zeros(max(size, 1)), np.zeros((n, n))
        self.kept += [origin, factors, sources, whole]
        cdef double[::1] v = self.values
        cdef double[:, ::1] p = self.pairs
        self.s.origin, self.s.values = _longs(o), &v[0]
        self.s.factors, self.s.sources = _doubles(f), _doubles(m)
        self.s.first_whole, self.s.width = first, <int32_t>w.shape[1]
        self.s.whole = &w[0, 0] if w.shape[0] and w.shape[1] else NULL
        self.s.pairs = &p[0, 0] if n else NULL
        if self.s.start == NULL:
            return
        self._set_effects(effects)
        wide = np.maximum(effects[1] - effects[0], 0)
        places = np.cumsum(wide, dtype=np.int64) - wide - effects[0]
        across = np.zeros(max(int(wide.sum()), 1))
        self.kept += [effects, places, across]
        self.number = <int32_t>wide.shape[0]
        cdef double[::1] a = across
        o = places
        self.s.effect_origin, self.s.effect_values = _longs(o), &a[0]

    def finish(self):
        """To be called when all is filled in."""
        if self.s.start:
            with nogil:
                self.s.finish(self.number)

    def residual(self, row, col, basis, value, const double[::1] e, w, const int32_t[::1] column):
        """-W'M_m e in column ``column[m]``, M_m one triangle of basis matrices, w as (columns, indptr, indices, data)."""
        cdef EntryView m = _entries(row, col, basis, value)
        cdef CsrView a = _csr(w[0], w[1], w[2], w[3])
        with nogil:
            self.s.residual(m, _doubles(e), a, _ints(column))

    def prior(self, row, col, basis, value, const double[::1] v, int32_t at, const int32_t[::1] column):
        """B_m v for the unknowns from `at` on."""
        cdef EntryView m = _entries(row, col, basis, value)
        with nogil:
            self.s.prior(m, _doubles(v), at, _ints(column))

    def factor(self, row, col, basis, value, const double[::1] c):
        """W'R⁻¹W times the moves, W'R⁻¹W as entries times coefficients c."""
        cdef EntryView m = _entries(row, col, basis, value)
        with nogil:
            self.s.factor(m, _doubles(c))

    def records(self, row, col, basis, value, const double[::1] b, const int32_t[::1] column):
        """W'M_mW b in column ``column[m]``, one triangle of W'M_mW."""
        cdef EntryView m = _entries(row, col, basis, value)
        with nogil:
            self.s.records(m, _doubles(b), _ints(column))

    def scores(self, const double[::1] h):
        """-(∂S)'h, h by effects, of the moves whose sources are unknowns."""
        with nogil:
            self.s.scores(<int32_t>h.shape[0], self.unknowns, _doubles(h))

    def dense(self, int32_t first, const double[:, ::1] z):
        """Whole columns from `first` on, z (effects, m)."""
        if z.shape[0] and z.shape[1]:
            with nogil:
                self.s.dense(<int32_t>z.shape[0], first, <int32_t>z.shape[1], &z[0, 0])
