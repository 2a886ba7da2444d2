"""Entries by effects as entries by whitened unknowns."""


def expand(const int64_t[::1] row, const int64_t[::1] col, const int64_t[::1] coef, const double[::1] value,
           const int64_t[::1] start, const int32_t[::1] unknown, const int32_t[::1] entry, int64_t span):
    """S'MS for M by entries of its lower triangle, value times a coefficient.

    Parameters
    ----------
    row, col, coef, value : (m,) arrays
    start, unknown, entry : arrays
        Rows of S: unknowns and numbers of the entries of T.
    span : int
        Numbers of entries of T are below this.

    Returns
    -------
    rows, cols : (k,) int64 arrays
        Of the lower triangle.
    key : (k,) int64 array
        (coefficient * span + left entry of T) * span + right entry.
    value : (k,) float64 array
    """
    cdef int64_t e, p, q, k = 0, m = row.shape[0], size = 0, first
    cdef int32_t r, c
    cdef bint same
    cdef double x
    for e in range(m):
        p = start[row[e] + 1] - start[row[e]]
        size += p * (start[col[e] + 1] - start[col[e]])
    rows, cols, keys = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    values = np.empty(size)
    cdef int64_t[::1] i = rows, j = cols, key = keys
    cdef double[::1] v = values
    with nogil:
        for e in range(m):
            same = row[e] == col[e]
            for p in range(start[row[e]], start[row[e] + 1]):
                r, first = unknown[p], (coef[e] * span + entry[p]) * span
                for q in range(start[col[e]], start[col[e] + 1]):
                    c, x = unknown[q], value[e]
                    # of a diagonal entry's pairs one order is enough; two effects with one unknown meet on its
                    # diagonal twice
                    if same and r < c:
                        continue
                    if not same and r == c:
                        x = 2 * x
                    i[k], j[k] = (r, c) if r >= c else (c, r)
                    key[k], v[k] = first + entry[q], x
                    k += 1
    return rows[:k], cols[:k], keys[:k], values[:k]
