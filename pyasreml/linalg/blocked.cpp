// Dense factor, inverse and triangular solves of one front, recursive so that nearly all of it is done by products of
// matrices: BLAS libraries solve with a triangle at a third of the speed at which they multiply, so triangles of LEAF
// columns are inverted and multiplied with.
//
// Gustavson (1997) IBM J Res Dev 41:737 for the recursion; Higham (2002) Accuracy and Stability, section 14.2, for
// inverted diagonal blocks: the residual grows with the condition of one block, not of the whole.
#include "dense.hpp"
#include "tiles.hpp"

#include <algorithm>
#include <cstring>

namespace pyasreml {
namespace {

constexpr int LEAF = 64;        // columns of a triangle that is inverted, factored or multiplied in one call
constexpr int WORTH_ROWS = 96;  // right-hand sides that pay for the inverse of a triangle

int half(int n) { return std::max(LEAF, n / 2 / LEAF * LEAF); }

}  // namespace

void solve_right(const Blas& blas, char ta, int m, int n, const double* l, int ldl, double* b, int ldb) {
    if (m == 0 || n == 0) return;
    if (n <= LEAF) {
        if (m < WORTH_ROWS || n < 8) return blas.trsm_right(ta, m, n, l, ldl, b, ldb);
        double inverse[LEAF * LEAF];
        for (int j = 0; j < n; j++)
            std::memcpy(inverse + static_cast<std::size_t>(j) * n + j, l + static_cast<std::size_t>(j) * (ldl + 1),
                        sizeof(double) * (n - j));
        blas.trtri(n, inverse, n);
        return blas.trmm('R', ta, m, n, 1.0, inverse, n, b, ldb);
    }
    const int n1 = half(n), n2 = n - n1;
    const double *l21 = l + n1, *l22 = l + static_cast<std::size_t>(n1) * (ldl + 1);
    double* b2 = b + static_cast<std::size_t>(n1) * ldb;
    if (ta == 'T') {
        solve_right(blas, ta, m, n1, l, ldl, b, ldb);
        blas.gemm('N', 'T', m, n2, n1, -1.0, b, ldb, l21, ldl, 1.0, b2, ldb);
        solve_right(blas, ta, m, n2, l22, ldl, b2, ldb);
    } else {
        solve_right(blas, ta, m, n2, l22, ldl, b2, ldb);
        blas.gemm('N', 'N', m, n1, n2, -1.0, b2, ldb, l21, ldl, 1.0, b, ldb);
        solve_right(blas, ta, m, n1, l, ldl, b, ldb);
    }
}

int dense_factor(const Blas& blas, int threads, double* panel, int ld, int height, int width) {
    const int below = height - width;
    if (width <= LEAF) {
        const int bad = blas.potrf(width, panel, ld);
        if (bad == 0)
            strips(threads, below, [&](int from, int to) {
                solve_right(blas, 'T', to - from, width, panel, ld, panel + width + from, ld);
            });
        return bad;
    }
    const int w1 = half(width), w2 = width - w1;
    int bad = dense_factor(blas, threads, panel, ld, height, w1);
    if (bad > 0) return bad;
    double* rest = panel + static_cast<std::size_t>(w1) * (ld + 1);
    update_trapezoid(blas, threads, height - w1, w2, w1, panel + w1, ld, 1.0, rest, ld);
    bad = dense_factor(blas, threads, rest, ld, height - w1, w2);
    return bad > 0 ? w1 + bad : 0;
}

namespace {

// inverse of a lower triangle in its place
void invert_triangle(const Blas& blas, int threads, int n, double* l, int ld) {
    if (n <= LEAF) return blas.trtri(n, l, ld);
    const int n1 = half(n), n2 = n - n1;
    double *l21 = l + n1, *l22 = l + static_cast<std::size_t>(n1) * (ld + 1);
    invert_triangle(blas, threads, n1, l, ld);
    invert_triangle(blas, threads, n2, l22, ld);
    multiply_triangle(blas, threads, 'L', 'N', n2, n1, -1.0, l22, ld, l21, ld);
    multiply_triangle(blas, threads, 'R', 'N', n2, n1, 1.0, l, ld, l21, ld);
}

// lower triangle of l' l in place of l
void gram_triangle(const Blas& blas, int threads, int n, double* l, int ld) {
    if (n <= LEAF) return blas.lauum(n, l, ld);
    const int n1 = half(n), n2 = n - n1;
    double *l21 = l + n1, *l22 = l + static_cast<std::size_t>(n1) * (ld + 1);
    gram_triangle(blas, threads, n1, l, ld);
    add_gram(blas, threads, n1, n2, l21, ld, l, ld);
    multiply_triangle(blas, threads, 'L', 'T', n2, n1, 1.0, l22, ld, l21, ld);
    gram_triangle(blas, threads, n2, l22, ld);
}

}  // namespace

void dense_inverse(const Blas& blas, int threads, int n, double* l, int ld) {
    invert_triangle(blas, threads, n, l, ld);
    gram_triangle(blas, threads, n, l, ld);
}

}  // namespace pyasreml
