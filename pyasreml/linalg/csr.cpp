// Products with a matrix by rows: with dense blocks, transposed, and the lower triangle of W' M W.
#include "kernel.hpp"

#include <algorithm>

namespace pyasreml {

namespace {

// a few columns: their number is known to the compiler
template <int M>
void dot_few(const CsrView& a, const double* b, double* out) {
    for (Index i = 0; i < a.rows; i++) {
        double sum[M] = {};
        for (Pos p = a.start[i]; p < a.start[i + 1]; p++) {
            const double x = a.value[p], *from = b + static_cast<std::size_t>(a.col[p]) * M;
            for (int q = 0; q < M; q++) sum[q] += x * from[q];
        }
        for (int q = 0; q < M; q++) out[static_cast<std::size_t>(i) * M + q] = sum[q];
    }
}

template <int M>
void tdot_few(const CsrView& a, const double* b, double* out) {
    for (Index i = 0; i < a.rows; i++) {
        double from[M];
        for (int q = 0; q < M; q++) from[q] = b[static_cast<std::size_t>(i) * M + q];
        for (Pos p = a.start[i]; p < a.start[i + 1]; p++) {
            const double x = a.value[p];
            double* to = out + static_cast<std::size_t>(a.col[p]) * M;
            for (int q = 0; q < M; q++) to[q] += x * from[q];
        }
    }
}

}  // namespace

void csr_dot(const CsrView& a, const double* b, int m, double* out) {
    if (m == 1) {
        for (Index i = 0; i < a.rows; i++) {
            double sum = 0;
            for (Pos p = a.start[i]; p < a.start[i + 1]; p++) sum += a.value[p] * b[a.col[p]];
            out[i] = sum;
        }
        return;
    }
    if (m == 2) return dot_few<2>(a, b, out);
    if (m == 3) return dot_few<3>(a, b, out);
    if (m == 4) return dot_few<4>(a, b, out);
    for (Index i = 0; i < a.rows; i++) {
        double* RESTRICT to = out + static_cast<std::size_t>(i) * m;
        std::fill(to, to + m, 0.0);
        for (Pos p = a.start[i]; p < a.start[i + 1]; p++) {
            const double x = a.value[p];
            const double* RESTRICT from = b + static_cast<std::size_t>(a.col[p]) * m;
            for (int q = 0; q < m; q++) to[q] += x * from[q];
        }
    }
}

void csr_tdot(const CsrView& a, const double* b, int m, double* out) {
    std::fill(out, out + static_cast<std::size_t>(a.cols) * m, 0.0);
    if (m == 1) return tdot_few<1>(a, b, out);
    if (m == 2) return tdot_few<2>(a, b, out);
    if (m == 3) return tdot_few<3>(a, b, out);
    if (m == 4) return tdot_few<4>(a, b, out);
    for (Index i = 0; i < a.rows; i++) {
        const double* RESTRICT from = b + static_cast<std::size_t>(i) * m;
        for (Pos p = a.start[i]; p < a.start[i + 1]; p++) {
            const double x = a.value[p];
            double* RESTRICT to = out + static_cast<std::size_t>(a.col[p]) * m;
            for (int q = 0; q < m; q++) to[q] += x * from[q];
        }
    }
}

void csr_symmetric(const CsrView& lower, const double* b, int m, double* out) {
    std::fill(out, out + static_cast<std::size_t>(lower.rows) * m, 0.0);
    for (Index i = 0; i < lower.rows; i++) {
        const double* RESTRICT own = b + static_cast<std::size_t>(i) * m;
        double* to_own = out + static_cast<std::size_t>(i) * m;
        if (m == 1) {
            double sum = 0;
            for (Pos p = lower.start[i]; p < lower.start[i + 1]; p++) {
                const Index j = lower.col[p];
                sum += lower.value[p] * b[j];
                if (j != i) out[j] += lower.value[p] * own[0];
            }
            to_own[0] += sum;
            continue;
        }
        for (Pos p = lower.start[i]; p < lower.start[i + 1]; p++) {
            const Index j = lower.col[p];
            const double x = lower.value[p];
            const double* from = b + static_cast<std::size_t>(j) * m;
            for (int q = 0; q < m; q++) to_own[q] += x * from[q];
            if (j == i) continue;
            double* to = out + static_cast<std::size_t>(j) * m;
            for (int q = 0; q < m; q++) to[q] += x * own[q];
        }
    }
}

void near_fit(const CsrView& x, const unsigned char* observed, int passes, double slope, double* left, double* b) {
    const Index n = x.rows, p = x.cols;
    std::vector<double> scale(p, 0.0), gradient(p, 0.0), move(p), moved(n);
    for (Index i = 0; i < n; i++) {
        if (!observed[i]) continue;
        for (Pos k = x.start[i]; k < x.start[i + 1]; k++) scale[x.col[k]] += x.value[k] * x.value[k];
    }
    for (double& s : scale) s = s > 0 ? 1 / s : 0;
    double total = 0, size = 0;
    for (Index i = 0; i < n; i++) total += left[i] * left[i];
    csr_tdot(x, left, 1, gradient.data());
    for (Index j = 0; j < p; j++) {
        b[j] = 0;
        move[j] = scale[j] * gradient[j];
        size += gradient[j] * move[j];
    }
    for (int pass = 0; pass < passes && size > 0; pass++) {
        csr_dot(x, move.data(), 1, moved.data());
        double curvature = 0;
        for (Index i = 0; i < n; i++) {
            if (!observed[i]) moved[i] = 0;
            curvature += moved[i] * moved[i];
        }
        const double step = size / curvature;
        for (Index j = 0; j < p; j++) b[j] += step * move[j];
        for (Index i = 0; i < n; i++) left[i] -= step * moved[i];
        total -= step * size;
        csr_tdot(x, left, 1, gradient.data());
        const double last = size;
        size = 0;
        for (Index j = 0; j < p; j++) size += gradient[j] * scale[j] * gradient[j];
        if (size < slope * total) return;
        for (Index j = 0; j < p; j++) move[j] = scale[j] * gradient[j] + size / last * move[j];
    }
}

void csr_transpose(const CsrView& a, Pos* start, Index* col, double* value) {
    std::fill(start, start + a.cols + 1, Pos{0});
    const Pos nnz = a.start[a.rows];
    for (Pos p = 0; p < nnz; p++) start[a.col[p] + 1]++;
    for (Index j = 0; j < a.cols; j++) start[j + 1] += start[j];
    std::vector<Pos> fill(start, start + a.cols);
    for (Index i = 0; i < a.rows; i++)
        for (Pos p = a.start[i]; p < a.start[i + 1]; p++) {
            const Pos q = fill[a.col[p]]++;
            col[q] = i;
            value[q] = a.value[p];
        }
}

// Row i of W' M W, row-wise (Gustavson 1978): first row i of W' M over records, then times W; columns up to i only.
void gram(const CsrView& w, const CsrView& transposed, const CsrView* m, const double* weights, Triplets& out) {
    std::vector<double> sum(w.cols, 0.0), record_sum(m ? w.rows : 0, 0.0);
    std::vector<Index> mark(w.cols, -1), record_mark(m ? w.rows : 0, -1), found, records;
    auto add_record = [&](Index i, Index r, double x) {
        for (Pos p = w.start[r]; p < w.start[r + 1]; p++) {
            const Index j = w.col[p];
            if (j > i) continue;
            if (mark[j] != i) {
                mark[j] = i;
                sum[j] = 0;
                found.push_back(j);
            }
            sum[j] += x * w.value[p];
        }
    };
    for (Index i = 0; i < w.cols; i++) {
        found.clear();
        if (!m) {
            for (Pos p = transposed.start[i]; p < transposed.start[i + 1]; p++) {
                const Index r = transposed.col[p];
                add_record(i, r, weights ? weights[r] * transposed.value[p] : transposed.value[p]);
            }
        } else {
            records.clear();
            for (Pos p = transposed.start[i]; p < transposed.start[i + 1]; p++) {
                const Index r = transposed.col[p];
                for (Pos q = m->start[r]; q < m->start[r + 1]; q++) {
                    const Index t = m->col[q];
                    if (record_mark[t] != i) {
                        record_mark[t] = i;
                        record_sum[t] = 0;
                        records.push_back(t);
                    }
                    record_sum[t] += transposed.value[p] * m->value[q];
                }
            }
            for (Index t : records) add_record(i, t, record_sum[t]);
        }
        std::sort(found.begin(), found.end());
        for (Index j : found) {
            out.rows.push_back(i);
            out.cols.push_back(j);
            out.values.push_back(sum[j]);
        }
    }
}

}  // namespace pyasreml
