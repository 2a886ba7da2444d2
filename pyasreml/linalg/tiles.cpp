// Products of one large front in strips of rows or columns, each by single-threaded BLAS calls.
#include "tiles.hpp"

namespace pyasreml {

void update_trapezoid(const Blas& blas, int threads, int rows, int cols, int k, const double* a, int lda, double beta,
                      double* c, int ldc) {
    strips(threads, cols, [&](int from, int to) {
        const int size = to - from, rest = rows - to;
        double* d = c + static_cast<std::size_t>(from) * (ldc + 1);
        blas.syrk(size, k, -1.0, a + from, lda, beta, d, ldc);
        if (rest > 0) blas.gemm('N', 'T', rest, size, k, -1.0, a + to, lda, a + from, lda, beta, d + size, ldc);
    });
}

void add_gram(const Blas& blas, int threads, int n, int k, const double* a, int lda, double* c, int ldc) {
    strips(threads, n, [&](int from, int to) {
        const int size = to - from, rest = n - to;
        const double* own = a + static_cast<std::size_t>(from) * lda;
        double* d = c + static_cast<std::size_t>(from) * (ldc + 1);
        blas.syrk_transposed(size, k, own, lda, d, ldc);
        if (rest > 0)
            blas.gemm('T', 'N', rest, size, k, 1.0, a + static_cast<std::size_t>(to) * lda, lda, own, lda, 1.0, d + size,
                      ldc);
    });
}

void multiply_triangle(const Blas& blas, int threads, char side, char ta, int m, int n, double alpha, const double* a,
                       int lda, double* b, int ldb) {
    if (side == 'L')
        strips(threads, n, [&](int from, int to) {
            blas.trmm(side, ta, m, to - from, alpha, a, lda, b + static_cast<std::size_t>(from) * ldb, ldb);
        });
    else
        strips(threads, m,
               [&](int from, int to) { blas.trmm(side, ta, to - from, n, alpha, a, lda, b + from, ldb); });
}

}  // namespace pyasreml
