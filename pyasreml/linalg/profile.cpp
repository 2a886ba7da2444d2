// Many right-hand sides with many zeros: every row holds one range of columns. Forward solve and Gram matrix.
//
// What row i of L^-1 B can hold is the union of what rows below it in the elimination tree hold (Gilbert & Peierls
// 1988, SIAM J. Sci. Stat. Comput. 9:862); with ranges in place of sets a row is one contiguous vector.
#include "blas_threads.hpp"
#include "dense.hpp"

#include <algorithm>
#include <cstring>

namespace pyasreml {
namespace {

constexpr int NARROW = 16;  // rows up to here, and below half the columns, add to the Gram matrix one by one
constexpr int PACK = 128;   // wider rows are gathered by so many for BLAS

void join(std::vector<Index>& first, std::vector<Index>& end, Index from, Index to) {
    if (first[from] >= end[from]) return;
    if (first[to] >= end[to]) {
        first[to] = first[from];
        end[to] = end[from];
    } else {
        first[to] = std::min(first[to], first[from]);
        end[to] = std::max(end[to], end[from]);
    }
}

// One panel column by column; entries of L that merging stored as zeros may lead to rows without the columns.
SIMD_CLONES void eliminate_narrow(const Profile& b, const double* panel, Index own, int width, int height,
                                  const Index* rows, double* v) {
    for (int j = 0; j < width; j++) {
        const Index pivot = own + j, first = b.first[pivot], end = b.end[pivot];
        const int size = end - first;
        if (size <= 0) continue;
        const double* c = panel + static_cast<std::size_t>(j) * height;
        double* RESTRICT x = v + b.start[pivot];
        const double r = 1.0 / c[j];
        for (int q = 0; q < size; q++) x[q] *= r;
        for (int i = j + 1; i < height; i++) {
            const double a = c[i];
            const Index row = i < width ? own + i : rows[i - width];
            if (a == 0.0 || b.first[row] > first || b.end[row] < end) continue;
            double* RESTRICT y = v + b.start[row] + (first - b.first[row]);
            for (int q = 0; q < size; q++) y[q] -= a * x[q];
        }
    }
}

SIMD_CLONES void subtract(const double* RESTRICT t, int size, double* RESTRICT y) {
    for (int q = 0; q < size; q++) y[q] -= t[q];
}

// lower triangle, by columns, of g += x x'
SIMD_CLONES void add_outer(const double* RESTRICT x, int size, double* RESTRICT g, int ld) {
    for (int c = 0; c < size; c++) {
        double* RESTRICT to = g + static_cast<std::size_t>(c) * ld;
        const double a = x[c];
        for (int q = c; q < size; q++) to[q] += a * x[q];
    }
}

}  // namespace

Profile::Profile(const Symbolic& s, Index columns_, const Index* from, const Index* to)
    : columns(columns_), first(s.n), end(s.n), start(s.n + 1, 0) {
    for (Index k = 0; k < s.n; k++) {
        first[k] = from[s.perm[k]];
        end[k] = to[s.perm[k]];
    }
    for (Index k = 0; k < s.count; k++) {
        const Index own = s.first[k], next = s.first[k + 1];
        if (next - own <= SMALL_WIDTH) {
            for (Index j = own; j < next; j++)
                if (s.tree[j] >= 0) join(first, end, j, s.tree[j]);
            continue;
        }
        // BLAS wants the rows of a wide supernode alike
        for (Index j = own + 1; j < next; j++) join(first, end, j, own);
        for (Index j = own; j < next; j++) {
            first[j] = first[own];
            end[j] = end[own];
        }
        for (Index j = own; j < next; j++)
            if (s.tree[j] >= next) join(first, end, j, s.tree[j]);
    }
    for (Index k = 0; k < s.n; k++) start[k + 1] = start[k] + std::max<Index>(end[k] - first[k], 0);
}

void forward(const Symbolic& s, const Blas& blas, const double* values, const Profile& b, double* v) {
    const SingleBlasThread single;
    std::vector<double> work;
    for (Index k = 0; k < s.count; k++) {
        const int width = s.width(k), below = s.rows_below(k), height = width + below;
        const double* panel = values + s.panel[k];
        const Index* rows = s.below_of(k);
        const Index own = s.first[k];
        if (width <= SMALL_WIDTH) {
            eliminate_narrow(b, panel, own, width, height, rows, v);
            continue;
        }
        const int size = b.end[own] - b.first[own];
        if (size <= 0) continue;
        double* x = v + b.start[own];  // size x width column-major
        blas.trsm_right('T', size, width, panel, height, x, size);
        if (below == 0) continue;
        work.resize(std::max(work.size(), static_cast<std::size_t>(below) * size));
        blas.gemm('N', 'T', size, below, width, 1.0, x, size, panel + width, height, 0.0, work.data(), size);
        for (int i = 0; i < below; i++)
            subtract(work.data() + static_cast<std::size_t>(i) * size, size,
                     v + b.start[rows[i]] + (b.first[own] - b.first[rows[i]]));
    }
}

void gram(const Blas& blas, const Profile& b, const double* v, double* g) {
    const SingleBlasThread single;
    const int m = b.columns;
    const Index n = static_cast<Index>(b.first.size());
    std::vector<double> pack(static_cast<std::size_t>(m) * PACK, 0.0);
    int packed = 0;
    auto flush = [&] {
        if (packed) blas.syrk(m, packed, 1.0, pack.data(), m, 1.0, g, m);
        std::memset(pack.data(), 0, sizeof(double) * m * packed);
        packed = 0;
    };
    std::fill(g, g + static_cast<std::size_t>(m) * m, 0.0);
    for (Index k = 0; k < n;) {
        const Index first = b.first[k], end = b.end[k];
        const int size = end - first;
        if (size <= 0) {
            k++;
            continue;
        }
        Index next = k + 1;
        while (next < n && b.first[next] == first && b.end[next] == end) next++;
        double* block = g + static_cast<std::size_t>(first) * m + first;
        if (size > 4 && next - k >= PACK / 2) {
            blas.syrk(size, next - k, 1.0, v + b.start[k], size, 1.0, block, m);
        } else if (size <= NARROW && 2 * size < m) {
            for (Index j = k; j < next; j++) add_outer(v + b.start[j], size, block, m);
        } else {
            for (Index j = k; j < next; j++) {
                std::memcpy(pack.data() + static_cast<std::size_t>(packed) * m + first, v + b.start[j],
                            sizeof(double) * size);
                if (++packed == PACK) flush();
            }
        }
        k = next;
    }
    flush();
    for (int c = 0; c < m; c++)
        for (int q = c + 1; q < m; q++) g[static_cast<std::size_t>(q) * m + c] = g[static_cast<std::size_t>(c) * m + q];
}

void Numeric::gram(const Profile& b, double* v, double* g) const {
    pyasreml::forward(s_, blas_, factor_.get(), b, v);
    pyasreml::gram(blas_, b, v, g);
}

}  // namespace pyasreml
