// Triangular solves with many right-hand sides, kept row-major (n x m) so that a supernode's rows are contiguous.
#include "blas_threads.hpp"
#include "dense.hpp"

#include <algorithm>
#include <cstring>

namespace pyasreml {
namespace {

constexpr int BLOCK = 64;  // right-hand sides worked on at once

void forward_one(const Symbolic& s, const double* values, double* v) {
    for (Index k = 0; k < s.count; k++) {
        const int width = s.width(k), below = s.rows_below(k), height = width + below;
        const double* panel = values + s.panel[k];
        const Index* rows = s.below_of(k);
        double* own = v + s.first[k];
        for (int j = 0; j < width; j++) {
            const double* c = panel + static_cast<std::size_t>(j) * height;
            const double x = own[j] /= c[j];
            for (int i = j + 1; i < width; i++) own[i] -= c[i] * x;
            for (int i = 0; i < below; i++) v[rows[i]] -= c[width + i] * x;
        }
    }
}

void backward_one(const Symbolic& s, const double* values, double* v) {
    for (Index k = s.count - 1; k >= 0; k--) {
        const int width = s.width(k), below = s.rows_below(k), height = width + below;
        const double* panel = values + s.panel[k];
        const Index* rows = s.below_of(k);
        double* own = v + s.first[k];
        for (int j = width - 1; j >= 0; j--) {
            const double* c = panel + static_cast<std::size_t>(j) * height;
            double x = own[j];
            for (int i = j + 1; i < width; i++) x -= c[i] * own[i];
            for (int i = 0; i < below; i++) x -= c[width + i] * v[rows[i]];
            own[j] = x / c[j];
        }
    }
}

// m columns of v, which has ld in all
void forward_block(const Symbolic& s, const Blas& blas, const double* values, double* v, int m, int ld, double* work) {
    for (Index k = 0; k < s.count; k++) {
        const int width = s.width(k), below = s.rows_below(k), height = width + below;
        const double* panel = values + s.panel[k];
        const Index* rows = s.below_of(k);
        double* own = v + static_cast<std::size_t>(s.first[k]) * ld;
        if (width <= SMALL_WIDTH) {
            for (int j = 0; j < width; j++) {
                const double* c = panel + static_cast<std::size_t>(j) * height;
                double* RESTRICT x = own + static_cast<std::size_t>(j) * ld;
                const double r = 1.0 / c[j];
                for (int q = 0; q < m; q++) x[q] *= r;
                for (int i = j + 1; i < height; i++) {
                    const double a = c[i];
                    double* RESTRICT y = i < width ? own + static_cast<std::size_t>(i) * ld
                                                   : v + static_cast<std::size_t>(rows[i - width]) * ld;
                    for (int q = 0; q < m; q++) y[q] -= a * x[q];
                }
            }
            continue;
        }
        blas.trsm_right('T', m, width, panel, height, own, ld);  // own is m x width column-major
        if (below == 0) continue;
        blas.gemm('N', 'T', m, below, width, 1.0, own, ld, panel + width, height, 0.0, work, m);
        for (int i = 0; i < below; i++) {
            double* RESTRICT y = v + static_cast<std::size_t>(rows[i]) * ld;
            const double* RESTRICT t = work + static_cast<std::size_t>(i) * m;
            for (int q = 0; q < m; q++) y[q] -= t[q];
        }
    }
}

void backward_block(const Symbolic& s, const Blas& blas, const double* values, double* v, int m, int ld, double* work) {
    for (Index k = s.count - 1; k >= 0; k--) {
        const int width = s.width(k), below = s.rows_below(k), height = width + below;
        const double* panel = values + s.panel[k];
        const Index* rows = s.below_of(k);
        double* own = v + static_cast<std::size_t>(s.first[k]) * ld;
        if (width <= SMALL_WIDTH) {
            for (int j = width - 1; j >= 0; j--) {
                const double* c = panel + static_cast<std::size_t>(j) * height;
                double* RESTRICT x = own + static_cast<std::size_t>(j) * ld;
                for (int i = j + 1; i < height; i++) {
                    const double a = c[i];
                    const double* RESTRICT y = i < width ? own + static_cast<std::size_t>(i) * ld
                                                         : v + static_cast<std::size_t>(rows[i - width]) * ld;
                    for (int q = 0; q < m; q++) x[q] -= a * y[q];
                }
                const double r = 1.0 / c[j];
                for (int q = 0; q < m; q++) x[q] *= r;
            }
            continue;
        }
        if (below > 0) {
            for (int i = 0; i < below; i++)
                std::memcpy(work + static_cast<std::size_t>(i) * m, v + static_cast<std::size_t>(rows[i]) * ld,
                            sizeof(double) * m);
            blas.gemm('N', 'N', m, width, below, -1.0, work, m, panel + width, height, 1.0, own, ld);
        }
        blas.trsm_right('N', m, width, panel, height, own, ld);
    }
}

template <class Block>
void in_blocks(int m, Index max_below, Block block) {
    const SingleBlasThread single;
    std::vector<double> work(static_cast<std::size_t>(max_below) * std::min(m, BLOCK));
    for (int q = 0; q < m; q += BLOCK) block(q, std::min(BLOCK, m - q), work.data());
}

}  // namespace

void Numeric::forward(double* v, int m) const {
    if (m == 1) return forward_one(s_, factor_.get(), v);
    in_blocks(m, s_.max_below,
              [&](int q, int size, double* work) { forward_block(s_, blas_, factor_.get(), v + q, size, m, work); });
}

void Numeric::backward(double* v, int m) const {
    if (m == 1) return backward_one(s_, factor_.get(), v);
    in_blocks(m, s_.max_below,
              [&](int q, int size, double* work) { backward_block(s_, blas_, factor_.get(), v + q, size, m, work); });
}

void Numeric::gather(const double* b, int m, double* v) const {
    for (Index k = 0; k < s_.n; k++)
        std::copy_n(b + static_cast<std::size_t>(s_.perm[k]) * m, m, v + static_cast<std::size_t>(k) * m);
}

void Numeric::scatter(const double* v, int m, double* b) const {
    for (Index k = 0; k < s_.n; k++)
        std::copy_n(v + static_cast<std::size_t>(k) * m, m, b + static_cast<std::size_t>(s_.perm[k]) * m);
}

}  // namespace pyasreml
