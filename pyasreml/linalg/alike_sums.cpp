// Sums over leaves that are copies of each other: right-hand sides, and their part of the average information.
#include "alike.hpp"
#include "blas_threads.hpp"

#include <algorithm>

namespace pyasreml {

void Alike::Rights::evaluate(const double* c, const double* factors) {
    std::fill(value.begin(), value.end(), 0.0);
    for (const Term& t : terms)
        value[t.to] += t.value * (t.coef < 0 ? 1.0 : c[t.coef]) * (t.entry < 0 ? 1.0 : factors[t.entry]);
}

void Alike::begin(const Blas& blas, const double* sources, const double* c, const double* factors) {
    const SingleBlasThread single;
    std::vector<double> w;
    for (Class& k : classes_) {
        const int many = static_cast<int>(k.count.size());
        w.resize(static_cast<std::size_t>(many) * k.members);
        k.sum.assign(many, 0.0);
        k.squares.resize(static_cast<std::size_t>(many) * many);
        const Pos* index = k.index.data();
        double* to = w.data();
        for (Index g = 0; g < k.members; g++)
            for (int p = 0; p < many; p++) {
                double x = 0.0;
                for (Index q = 0; q < k.count[p]; q++) x += sources[*index++];
                *to++ = x;
                k.sum[p] += x;
            }
        blas.syrk(many, k.members, 1.0, w.data(), many, 0.0, k.squares.data(), many);
        for (int p = 0; p < many; p++)
            for (int q = p + 1; q < many; q++)
                k.squares[static_cast<std::size_t>(q) * many + p] = k.squares[static_cast<std::size_t>(p) * many + q];
        for (Rights* r : {&k.inner, &k.outer, &k.others, &k.effects}) r->evaluate(c, factors);
    }
}

void Alike::add(const Columns& columns) const {
    for (const Class& k : classes_) {
        auto each = [&](const Rights& r, auto put) {
            for (std::size_t a = 0; a < r.place.size(); a++) {
                const Right& x = r.place[a];
                put(x.at, x.column, columns.values ? r.value[a] * k.sum[x.source] : 0.0);
            }
        };
        each(k.inner, [&](Index row, Index c, double x) { columns.add_unknown(k.unknowns[row], c, x); });
        each(k.outer, [&](Index u, Index c, double x) { columns.add_unknown(u, c, x); });
        each(k.others, [&](Index i, Index c, double x) { columns.add_effect(i, c, x); });
    }
}

void Alike::pairs(const Columns& columns) const {
    for (const Class& k : classes_)
        for (const Pair& p : k.pairs) {
            const Right& r = k.effects.place[p.right];
            columns.pairs[static_cast<std::size_t>(p.column) * columns.columns + columns.order[r.column]] +=
                k.squares[static_cast<std::size_t>(p.source) * k.count.size() + r.source] * k.effects.value[p.right];
        }
}

void Alike::clear(const Profile& b, double* v) const {
    for (const Class& k : classes_)
        for (Index j : k.pivots) std::fill(v + b.start[j], v + b.start[j + 1], 0.0);
}

void Alike::gram(const Symbolic& s, const Blas& blas, const double* values, const Index* order, int columns,
                 double* g) const {
    const SingleBlasThread single;
    std::vector<double> l, y, q;
    for (const Class& k : classes_) {
        const int size = static_cast<int>(k.pivots.size()), many = static_cast<int>(k.distinct.size());
        const std::size_t ld = many, sources = k.count.size();
        l.assign(static_cast<std::size_t>(size) * size, 0.0);
        for (int j = 0; j < size; j++)
            for (int i = j; i < size; i++) {
                const Pos at = s.locate(k.pivots[i], k.pivots[j]);
                if (at >= 0) l[static_cast<std::size_t>(j) * size + i] = values[at];
            }
        y.assign(ld * size, 0.0);
        for (std::size_t a = 0; a < k.inner.place.size(); a++) y[k.inner.place[a].at * ld + k.number[a]] += k.inner.value[a];
        blas.trsm_right('T', many, size, l.data(), size, y.data(), many);
        q.resize(ld * many);
        blas.syrk(many, size, 1.0, y.data(), many, 0.0, q.data(), many);
        for (int b = 0; b < many; b++) {
            const double* m = k.squares.data() + k.distinct[b].source * sources;
            const std::size_t cb = order[k.distinct[b].column];
            for (int a = b; a < many; a++) {
                const double x = q[b * ld + a] * m[k.distinct[a].source];
                const std::size_t ca = order[k.distinct[a].column];
                g[ca * columns + cb] += x;
                if (a != b) g[cb * columns + ca] += x;
            }
        }
    }
}

}  // namespace pyasreml
