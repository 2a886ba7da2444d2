"""Evaluation of models of variance components."""


cdef class Components:
    """A model of variance components, R⁻¹ = c₀D and Gₜ⁻¹ = cₜBₜ, on a numeric object that holds its equations.

    Parameters
    ----------
    numeric : Numeric
        With entries whose coefficients are c₀, c₁, …
    first : (terms + 1,) int32 array
        First equation of each term.
    information : (columns, indptr, indices, data)
        Lower triangle of W'DW.
    wy : (n,) float64 array
        W'Dy.
    yy : float
        y'Dy.
    row, col, basis : (m,) int64 arrays
        Entries of the lower triangles of all Bₜ by equations, and their t = 1, 2, …
    value : (m,) float64 array
    own : bool
        The residual has a parameter.
    """

    cdef ComponentsView view
    cdef readonly Numeric numeric
    cdef int32_t columns
    cdef object kept

    def __init__(self, Numeric numeric not None, const int32_t[::1] first, information, const double[::1] wy,
                 double yy, const int64_t[::1] row, const int64_t[::1] col, const int64_t[::1] basis,
                 const double[::1] value, bint own):
        cdef int32_t n = numeric.n, terms = <int32_t>first.shape[0] - 1, m = terms + own
        self.numeric, self.columns = numeric, m
        self.view.terms, self.view.first = terms, &first[0]
        self.view.information = _csr(information[0], information[1], information[2], information[3])
        if self.view.information.rows != n or wy.shape[0] != n:
            raise ValueError(f"W'DW and W'Dy of {n} equations are needed")
        self.view.wy, self.view.yy = _doubles(wy), yy
        self.view.prior = _entries(row, col, basis, value)
        ranges = Ranges(numeric.analysis, m, np.zeros(n, np.int32), np.full(n, m, np.int32))
        self.view.columns = (<Ranges>ranges).ranges
        self.kept = (first, information, wy, row, col, basis, value, ranges)

    def solve(self, const double[::1] c, double tol):
        """Factor and solve at the coefficients c.

        Returns
        -------
        b, gathered : (n,) float64 arrays
            The solution, and W'R⁻¹(y - Wb).
        ypy, logdet : float
            y'Py and log|C|.

        Raises
        ------
        NotPositiveDefinite
        """
        cdef int64_t bad
        cdef Kernel* k = self.numeric.k
        cdef double ypy = 0
        self.numeric.need(READY)
        if c.shape[0] <= self.view.terms or self.view.terms + 1 < k.coefficients():
            raise ValueError(f"{k.coefficients()} coefficients are needed")
        b, gathered = np.empty(self.numeric.n), np.empty(self.numeric.n)
        cdef double[::1] b_ = b, g = gathered
        cdef double* to = &b_[0] if self.numeric.n else NULL
        cdef double* side = &g[0] if self.numeric.n else NULL
        with nogil:
            bad = self.view.solve(k[0], &c[0], tol, to, side, &ypy)
        if bad:
            self.numeric.state = READY
            raise NotPositiveDefinite(self.numeric.analysis.s.perm[bad - 1])
        self.numeric.state = FACTORED
        return b, gathered, ypy, k.logdet()

    def derive(self, const double[::1] c, const double[::1] moves, const double[::1] b, const double[::1] gathered,
               double own):
        """What score and average information are made of, after `solve`.

        Parameters
        ----------
        c, b, gathered
            As given and returned there.
        moves : (terms,) float64 array
            Working variate of each term, as a multiple of Zₜuₜ.
        own : float
            Derivative of c₀ by the residual's parameter.

        Returns
        -------
        adjoint, squares : (terms + 1,) float64 arrays
            Derivative of log|C| by c; e'De and uₜ'Bₜuₜ.
        products : (parameters, parameters) float64 array
            q'Pq of the working variates, the residual's the last.
        """
        cdef int count = self.view.terms + 1, m = self.columns
        self.numeric.need(FACTORED)
        if moves.shape[0] + 1 < count or b.shape[0] != self.numeric.n or gathered.shape[0] != self.numeric.n:
            raise ValueError("moves by terms, b and gathered by equations are needed")
        adjoint, squares = np.empty(count), np.empty(count)
        products = np.empty((m, m))
        cdef double[::1] a = adjoint, s = squares
        cdef double[:, ::1] p = products
        cdef const double* move = _doubles(moves)
        cdef double* product = &p[0, 0] if m else NULL
        if self.numeric.n:
            with nogil:
                self.view.derive(self.numeric.k[0], &c[0], move, &b[0], &gathered[0], own, &a[0], &s[0], product)
        self.numeric.state = INVERTED
        return adjoint, squares, products
