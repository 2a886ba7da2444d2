// Right-hand sides that the derivatives of the mixed-model equations by the variance parameters are made of.
#include "kernel.hpp"

#include <algorithm>

namespace pyasreml {
namespace {

inline void widen(Index& first, Index& end, Index place) {
    if (first >= end) {
        first = place;
        end = place + 1;
    } else {
        first = std::min(first, place);
        end = std::max(end, place + 1);
    }
}

inline void add_scaled(double a, const double* RESTRICT x, Index size, double* RESTRICT y) {
    for (Index q = 0; q < size; q++) y[q] += a * x[q];
}

}  // namespace

inline void Columns::at_unknown(Index u, Index c, double x) const {
    if (values) {
        values[origin[u] + order[c]] += x;
        return;
    }
    if (u >= fixed) earliest[c] = std::min(earliest[c], u);
    widen(first[u], end[u], order[c]);
}

inline void Columns::at_effect(Index i, Index c, double x) const {
    if (start && values) {
        effect_values[effect_origin[i] + order[c]] += x;
        return;
    }
    if (start) {
        widen(effect_first[i], effect_end[i], order[c]);
        for (Pos p = start[i]; p < start[i + 1]; p++) at_unknown(unknown[p], c, x);
        return;
    }
    at_unknown(i, c, x);
    if (!values) return;
    const double* g = whole + static_cast<std::size_t>(i) * width;
    for (Index q = 0; q < width; q++) pairs[static_cast<std::size_t>(from + q) * columns + order[c]] += g[q] * x;
}

void Columns::add_unknown(Index u, Index c, double x) const { at_unknown(u, c, x); }
void Columns::add_effect(Index i, Index c, double x) const { at_effect(i, c, x); }

void Columns::finish(Index effects) const {
    for (Index i = 0; i < effects; i++) {
        const Index at = effect_first[i], size = effect_end[i] - at;
        if (size <= 0) continue;
        const double* x = effect_values + effect_origin[i] + at;
        for (Pos p = start[i]; p < start[i + 1]; p++)
            add_scaled(factors[entry[p]], x, size, values + origin[unknown[p]] + at);
        for (Pos p = move_start[i]; p < move_start[i + 1]; p++)
            add_scaled(sources[move_source[p]], x, size, pairs + static_cast<std::size_t>(move_column[p]) * columns + at);
        const double* g = whole + static_cast<std::size_t>(i) * width;
        for (Index q = 0; q < width; q++)
            add_scaled(g[q], x, size, pairs + static_cast<std::size_t>(from + q) * columns + at);
    }
}

void Columns::residual(const EntryView& m, const double* e, const CsrView& w, const Index* column) const {
    auto add = [&](Index r, Index c, double x) {
        for (Pos p = w.start[r]; p < w.start[r + 1]; p++) at_effect(w.col[p], c, w.value[p] * x);
    };
    for (Pos k = 0; k < m.count; k++) {
        const Index r = static_cast<Index>(m.row[k]), q = static_cast<Index>(m.col[k]), c = column[m.basis[k]];
        if (c < 0) continue;
        add(r, c, -m.value[k] * e[q]);
        if (r != q) add(q, c, -m.value[k] * e[r]);
    }
}

void Columns::prior(const EntryView& m, const double* v, Index at, const Index* column) const {
    for (Pos k = 0; k < m.count; k++) {
        const Index r = static_cast<Index>(m.row[k]), q = static_cast<Index>(m.col[k]), c = column[m.basis[k]];
        at_unknown(at + r, c, m.value[k] * v[q]);
        if (r != q) at_unknown(at + q, c, m.value[k] * v[r]);
    }
}

void Columns::factor(const EntryView& m, const double* c) const {
    auto add = [&](Index i, Index j, double x) {
        if (!values) {
            for (Pos p = move_start[j]; p < move_start[j + 1]; p++) at_effect(i, move_column[p], 0.0);
            return;
        }
        double* to = effect_values + effect_origin[i];
        for (Pos p = move_start[j]; p < move_start[j + 1]; p++)
            to[order[move_column[p]]] += x * sources[move_source[p]];
    };
    for (Pos k = 0; k < m.count; k++) {
        const Index r = static_cast<Index>(m.row[k]), q = static_cast<Index>(m.col[k]);
        const double x = m.value[k] * c[m.basis[k]];
        add(r, q, x);
        if (r != q) add(q, r, x);
    }
}

void Columns::records(const EntryView& m, const double* b, const Index* column) const {
    for (Pos k = 0; k < m.count; k++) {
        const Index r = static_cast<Index>(m.row[k]), q = static_cast<Index>(m.col[k]), c = column[m.basis[k]];
        if (c < 0) continue;
        at_effect(r, c, m.value[k] * b[q]);
        if (r != q) at_effect(q, c, m.value[k] * b[r]);
    }
}

void Columns::scores(Index effects, Index unknowns, const double* h) const {
    for (Index i = 0; i < effects; i++)
        for (Pos p = move_start[i]; p < move_start[i + 1] && !(skip && skip[i]); p++)
            if (move_source[p] < unknowns) at_unknown(move_source[p], move_column[p], -h[i]);
}

void Columns::dense(Index effects, Index at, Index count, const double* z) const {
    for (Index i = 0; i < effects; i++)
        for (Index q = 0; q < count && !(skip && skip[i]); q++) at_effect(i, at + q, z[static_cast<std::size_t>(i) * count + q]);
}

}  // namespace pyasreml
