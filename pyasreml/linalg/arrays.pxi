"""Patterns, orders, rank tools and products: arrays in, arrays out."""

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


def raise_pivots(double[:, ::1] a, const double[::1] by, int32_t least):
    """What is added to the diagonal of a (n, n; overwritten) where an elimination from the last row up to `least` raises
    each pivot by its part ``by[j]``.
    """
    cdef int32_t n = <int32_t>a.shape[0]
    out = np.zeros(n)
    cdef double[::1] d = out
    if n:
        with nogil:
            c_raise_pivots(n, least, &a[0, 0], &by[0], &d[0])
    return out


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


def csr_symmetric(int32_t cols, const int64_t[::1] indptr, const int32_t[::1] indices, const double[::1] data,
                  const double[::1] b, int m, double[::1] out):
    """out = A b for A given by its lower triangle, b and out (cols, m) flattened row-major."""
    cdef CsrView a = _csr(cols, indptr, indices, data)
    if out.shape[0]:
        with nogil:
            c_symmetric(a, &b[0], m, &out[0])


def near_fit(int32_t cols, const int64_t[::1] indptr, const int32_t[::1] indices, const double[::1] data,
             double[::1] left, const unsigned char[::1] observed, int passes, double slope):
    """b near the least-squares fit of X to `left`, zero where not observed, which is overwritten by what is left."""
    cdef CsrView x = _csr(cols, indptr, indices, data)
    out = np.zeros(cols)
    cdef double[::1] b = out
    if cols and left.shape[0]:
        with nogil:
            c_near_fit(x, &observed[0], passes, slope, &left[0], &b[0])
    return out


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
    if m is not None:
        middle = _csr(m[0], m[1], m[2], m[3])
        m_ = &middle
    if weights is not None:
        d = weights
        d_ = _doubles(d)
    with nogil:
        c_gram(a, t, m_, d_, out)
    return _int32(out.rows), _int32(out.cols), _float64(out.values)


def gram_parts(w, const int32_t[::1] row, const int32_t[::1] col, const int32_t[::1] part, const double[::1] value,
               int32_t parts):
    """Lower triangles of W' M_k W, k < parts, as rows, cols, part, values; M_k by entries of its lower triangle."""
    cdef CsrView a = _csr(w[0], w[1], w[2], w[3])
    cdef Triplets out
    cdef vector[int64_t] ends
    cdef int64_t entries = row.shape[0], i = 0
    cdef int32_t k
    cdef const int32_t* row_ = _ints(row)
    cdef const int32_t* col_ = _ints(col)
    cdef const int32_t* part_ = _ints(part)
    cdef const double* value_ = _doubles(value)
    with nogil:
        c_gram_parts(a, entries, row_, col_, part_, value_, parts, out, ends)
    of = np.empty(out.values.size(), dtype=np.int32)
    cdef int32_t[::1] o = of
    for k in range(parts):
        while i < ends[k]:
            o[i] = k
            i += 1
    return _int32(out.rows), _int32(out.cols), of, _float64(out.values)


def quadratic_forms(const int64_t[::1] row, const int64_t[::1] col, const int64_t[::1] part, const double[::1] value,
                    const double[::1] x, int32_t parts):
    """x' M_k x, k < parts; M_k by entries of its lower triangle."""
    cdef int64_t e, entries = row.shape[0]
    cdef double term
    out = np.zeros(parts)
    cdef double[::1] o = out
    with nogil:
        for e in range(entries):
            term = value[e] * x[row[e]] * x[col[e]]
            o[part[e]] += term if row[e] == col[e] else 2 * term
    return out
