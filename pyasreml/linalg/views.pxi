"""Arrays of NumPy from vectors, and what the kernel reads from arrays."""


cdef object _int32(const vector[int32_t]& v):
    cdef int64_t i, n = v.size()
    out = np.empty(n, dtype=np.int32)
    cdef int32_t[::1] o = out
    for i in range(n):
        o[i] = v[i]
    return out


cdef object _int64(const vector[int64_t]& v):
    cdef int64_t i, n = v.size()
    out = np.empty(n, dtype=np.int64)
    cdef int64_t[::1] o = out
    for i in range(n):
        o[i] = v[i]
    return out


cdef object _float64(const vector[double]& v):
    cdef int64_t i, n = v.size()
    out = np.empty(n)
    cdef double[::1] o = out
    for i in range(n):
        o[i] = v[i]
    return out


cdef object _flags(const vector[unsigned char]& v):
    cdef int64_t i, n = v.size()
    out = np.empty(n, dtype=np.uint8)
    cdef unsigned char[::1] o = out
    for i in range(n):
        o[i] = v[i]
    return out.view(bool)


cdef inline const int32_t* _ints(const int32_t[::1] v) noexcept nogil:
    return &v[0] if v.shape[0] else NULL


cdef inline const int64_t* _longs(const int64_t[::1] v) noexcept nogil:
    return &v[0] if v.shape[0] else NULL


cdef inline const double* _doubles(const double[::1] v) noexcept nogil:
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
