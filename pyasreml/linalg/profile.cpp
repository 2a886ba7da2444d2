// Many right-hand sides with many zeros: every row holds one range of columns. Forward solve and Gram matrix.
//
// What row i of L^-1 B can hold is the union of what rows below it in the elimination tree hold (Gilbert & Peierls
// 1988, SIAM J. Sci. Stat. Comput. 9:862); with ranges in place of sets a row is one contiguous vector.
#include "alike.hpp"
#include "blas_threads.hpp"
#include "dense.hpp"

#include <algorithm>
#include <cstring>

namespace pyasreml {
namespace {

constexpr int SHORT = 8;
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

// One panel column by column, its rows up to `until`; entries of L that merging stored as zeros may lead to rows without the columns.
SIMD_CLONES void eliminate_narrow(const Profile& b, const double* panel, Index own, int width, int height, int until,
                                  const Index* rows, double* v) {
    for (int j = 0; j < width; j++) {
        const Index pivot = own + j, first = b.first[pivot], end = b.end[pivot];
        const int size = end - first;
        if (size <= 0) continue;
        const double* c = panel + static_cast<std::size_t>(j) * height;
        double* RESTRICT x = v + b.start[pivot];
        const double r = 1.0 / c[j];
        for (int q = 0; q < size; q++) x[q] *= r;
        for (int i = j + 1; i < until; i++) {
            const double a = c[i];
            const Index row = i < width ? own + i : rows[i - width];
            if (a == 0.0 || b.first[row] > first || b.end[row] < end) continue;
            double* RESTRICT y = v + b.start[row] + (first - b.first[row]);
            for (int q = 0; q < size; q++) y[q] -= a * x[q];
        }
    }
}

// The same of one column with few right-hand sides, where the choice of an instruction set costs more than it gains.
void eliminate_short(const Profile& b, const double* c, Index pivot, int height, const Index* rows, double* v) {
    const Index first = b.first[pivot], end = b.end[pivot];
    const int size = end - first;
    double* RESTRICT x = v + b.start[pivot];
    const double r = 1.0 / c[0];
    for (int q = 0; q < size; q++) x[q] *= r;
    for (int i = 1; i < height; i++) {
        const double a = c[i];
        const Index row = rows[i - 1];
        if (a == 0.0 || b.first[row] > first || b.end[row] < end) continue;
        double* RESTRICT y = v + b.start[row] + (first - b.first[row]);
        for (int q = 0; q < size; q++) y[q] -= a * x[q];
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

namespace {

// Solved rows of the covering children of one parent, and their columns of L, until they are subtracted together.
struct Together {
    std::vector<double> rows, panel;  // columns x PACKED, and rows met x PACKED
    int count = 0;
    Index first = 0, end = 0;  // columns met
};

void subtract_together(const Symbolic& s, const Blas& blas, const Leaves& leaves, Index p, const Profile& b, Together& t,
                       std::vector<double>& work, double* v) {
    if (t.count && t.first < t.end) {
        const int width = s.width(p), high = leaves.high(p), size = t.end - t.first;
        work.resize(std::max(work.size(), static_cast<std::size_t>(high) * size));
        blas.gemm('N', 'T', size, high, t.count, 1.0, t.rows.data() + t.first, b.columns, t.panel.data(), high, 0.0,
                  work.data(), size);
        for (int i = 0; i < high; i++) {
            const Index at = leaves.rows_of(p)[i], row = at < width ? s.first[p] + at : s.below_of(p)[at - width];
            // what merging stored as zero may have led to rows without the columns
            const Index first = std::max(t.first, b.first[row]), end = std::min(t.end, b.end[row]);
            if (first < end)
                subtract(work.data() + static_cast<std::size_t>(i) * size + (first - t.first), end - first,
                         v + b.start[row] + (first - b.first[row]));
        }
    }
    t.count = 0;
}

void add_together(const Symbolic& s, const Leaves& leaves, const double* panel, Index k, const Profile& b, const double* v, Together& t) {
    const Index own = s.first[k];
    const int width = s.width(k), below = s.rows_below(k), high = leaves.high(s.parent[k]);
    if (t.rows.empty()) {
        t.rows.resize(static_cast<std::size_t>(b.columns) * PACKED);
        t.panel.resize(static_cast<std::size_t>(high) * PACKED);
    }
    if (t.count == 0) t.first = t.end = 0;
    place(panel + width, width + below, below, width, leaves.targets_of(k), high,
          t.panel.data() + static_cast<std::size_t>(t.count) * high);
    for (int j = 0; j < width; j++) {
        const Index first = b.first[own + j], end = b.end[own + j];
        double* row = t.rows.data() + static_cast<std::size_t>(t.count++) * b.columns;
        std::memset(row, 0, sizeof(double) * b.columns);
        if (first >= end) continue;
        std::memcpy(row + first, v + b.start[own + j], sizeof(double) * (end - first));
        t.first = t.first < t.end ? std::min(t.first, first) : first;
        t.end = std::max(t.end, end);
    }
}

}  // namespace

void forward(const Symbolic& s, const Blas& blas, const Leaves& leaves, const double* values, const Profile& b,
             double* v) {
    const SingleBlasThread single;
    std::vector<double> work;
    std::vector<Together> together;
    std::vector<Index> open(s.count, -1);  // which of them is a parent's
    for (Index k = 0; k < s.count; k++) {
        const int width = s.width(k), below = s.rows_below(k), height = width + below;
        const double* panel = values + s.panel[k];
        const Index* rows = s.below_of(k);
        const Index own = s.first[k];
        if (open[k] >= 0) {
            subtract_together(s, blas, leaves, k, b, together[open[k]], work, v);
            together[open[k]] = Together();
        }
        const bool covering = leaves.kind[k] == Leaves::COVERING;
        auto keep = [&] {
            const Index p = s.parent[k];
            if (open[p] < 0) {
                open[p] = static_cast<Index>(together.size());
                together.emplace_back();
            }
            Together& t = together[open[p]];
            if (t.count + width > PACKED) subtract_together(s, blas, leaves, p, b, t, work, v);
            add_together(s, leaves, panel, k, b, v, t);
        };
        if (width == 1 && !covering && b.end[own] - b.first[own] <= SHORT) {
            eliminate_short(b, panel, own, height, rows, v);
            continue;
        }
        if (width <= SMALL_WIDTH) {
            eliminate_narrow(b, panel, own, width, height, covering ? width : height, rows, v);
            if (covering) keep();
            continue;
        }
        const int size = b.end[own] - b.first[own];
        if (size <= 0) continue;
        double* x = v + b.start[own];  // size x width column-major
        blas.trsm_right('T', size, width, panel, height, x, size);
        if (covering) {
            keep();
            continue;
        }
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

void Numeric::gram(const Profile& b, double* v, double* g, const Alike* alike, const Index* order) const {
    pyasreml::forward(s_, blas_, leaves_, factor_.get(), b, v);
    if (alike) alike->clear(b, v);
    pyasreml::gram(blas_, b, v, g);
    if (alike) alike->gram(s_, blas_, factor_.get(), order, b.columns, g);
}

}  // namespace pyasreml
