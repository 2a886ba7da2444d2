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
        Of the lower triangle, each place once.
    number : (k,) int32 array
        Sum of products that the entry is a multiple of.
    value : (k,) float64 array
    sum, key, factor : (j,) arrays
        A sum takes the factor times the product with that key, (coefficient * span + left entry of T) * span + right
        entry.
    """
    cdef ByEffects m
    cdef ByUnknowns out
    m.count = row.shape[0]
    m.row, m.col, m.coef, m.value = _longs(row), _longs(col), _longs(coef), _doubles(value)
    m.start, m.unknown, m.entry, m.span = &start[0], _ints(unknown), _ints(entry), span
    with nogil:
        c_expand(m, out)
    return (
        _int64(out.row), _int64(out.col), _int32(out.number), _float64(out.value), _int32(out.sum), _int64(out.key),
        _float64(out.factor),
    )
