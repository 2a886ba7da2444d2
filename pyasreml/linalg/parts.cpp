// W' M_k W for many sparse symmetric M_k at once: each over the records and columns that it touches and no others.
#include "kernel.hpp"

#include <algorithm>
#include <numeric>

namespace pyasreml {
namespace {

// A matrix by rows that owns its arrays.
struct Rows {
    std::vector<Pos> start;
    std::vector<Index> col;
    std::vector<double> value;
    CsrView view(Index cols) const {
        return CsrView{static_cast<Index>(start.size()) - 1, cols, start.data(), col.data(), value.data()};
    }
};

Rows transposed(const CsrView& a) {
    Rows t;
    t.start.resize(static_cast<std::size_t>(a.cols) + 1);
    t.col.resize(a.start[a.rows]);
    t.value.resize(a.start[a.rows]);
    csr_transpose(a, t.start.data(), t.col.data(), t.value.data());
    return t;
}

class Part {
  public:
    explicit Part(const CsrView& w) : w_(w), number_(w.cols, -1), place_(w.rows, -1) {}
    // entries e[0] .. e[count - 1] of the lower triangle of M
    void add(const Pos* e, Pos count, const Index* row, const Index* col, const double* value, Triplets& out);

  private:
    const CsrView& w_;
    std::vector<Index> number_, place_;  // of a column and of a record in the part; -1: not in it
    std::vector<Index> records_, columns_;
    Rows take();
    Rows middle(const Pos* e, Pos count, const Index* row, const Index* col, const double* value);
};

// The records' rows of W with the columns they touch numbered in ascending order.
Rows Part::take() {
    Rows part;
    part.start.push_back(0);
    columns_.clear();
    for (Index r : records_)
        for (Pos p = w_.start[r]; p < w_.start[r + 1]; p++)
            if (number_[w_.col[p]] < 0) {
                number_[w_.col[p]] = 0;
                columns_.push_back(w_.col[p]);
            }
    std::sort(columns_.begin(), columns_.end());
    for (std::size_t k = 0; k < columns_.size(); k++) number_[columns_[k]] = static_cast<Index>(k);
    for (Index r : records_) {
        for (Pos p = w_.start[r]; p < w_.start[r + 1]; p++) {
            part.col.push_back(number_[w_.col[p]]);
            part.value.push_back(w_.value[p]);
        }
        part.start.push_back(static_cast<Pos>(part.col.size()));
    }
    for (Index c : columns_) number_[c] = -1;
    return part;
}

// Both triangles of M over the part's records, columns of a row ascending.
Rows Part::middle(const Pos* e, Pos count, const Index* row, const Index* col, const double* value) {
    Rows m;
    m.start.assign(records_.size() + 1, 0);
    auto each = [&](auto visit) {
        for (Pos k = 0; k < count; k++) {
            const Index i = place_[row[e[k]]], j = place_[col[e[k]]];
            visit(i, j, value[e[k]]);
            if (i != j) visit(j, i, value[e[k]]);
        }
    };
    each([&](Index i, Index, double) { m.start[i + 1]++; });
    std::partial_sum(m.start.begin(), m.start.end(), m.start.begin());
    m.col.resize(m.start.back());
    m.value.resize(m.start.back());
    std::vector<Pos> fill(m.start.begin(), m.start.end() - 1);
    each([&](Index i, Index j, double x) {
        m.col[fill[i]] = j;
        m.value[fill[i]++] = x;
    });
    const Index size = static_cast<Index>(records_.size());
    return transposed(m.view(size));  // symmetric: the transpose is the same with its rows sorted
}

void Part::add(const Pos* e, Pos count, const Index* row, const Index* col, const double* value, Triplets& out) {
    records_.clear();
    bool diagonal = true;
    for (Pos k = 0; k < count; k++) diagonal = diagonal && row[e[k]] == col[e[k]];
    std::vector<double> weights;
    Rows m;
    bool whole = diagonal && count == w_.rows;
    if (diagonal) {  // in the order of the entries
        for (Pos k = 0; k < count; k++) {
            whole = whole && row[e[k]] == k;
            records_.push_back(row[e[k]]);
            weights.push_back(value[e[k]]);
        }
    } else {
        for (Pos k = 0; k < count; k++)
            for (Index r : {row[e[k]], col[e[k]]})
                if (place_[r] < 0) {
                    place_[r] = 0;
                    records_.push_back(r);
                }
        std::sort(records_.begin(), records_.end());
        for (std::size_t k = 0; k < records_.size(); k++) place_[records_[k]] = static_cast<Index>(k);
        m = middle(e, count, row, col, value);
        for (Index r : records_) place_[r] = -1;
    }
    const std::size_t before = out.values.size();
    if (whole) {
        gram(w_, transposed(w_).view(w_.rows), nullptr, weights.data(), out);
        return;
    }
    const Rows part = take();
    const CsrView w = part.view(static_cast<Index>(columns_.size()));
    const CsrView middle_view = m.view(w.rows);
    gram(w, transposed(w).view(w.rows), diagonal ? nullptr : &middle_view, diagonal ? weights.data() : nullptr, out);
    for (std::size_t k = before; k < out.values.size(); k++) {
        out.rows[k] = columns_[out.rows[k]];
        out.cols[k] = columns_[out.cols[k]];
    }
}

}  // namespace

void gram_parts(const CsrView& w, Pos entries, const Index* row, const Index* col, const Index* part,
                const double* value, Index parts, Triplets& out, std::vector<Pos>& ends) {
    std::vector<Pos> start(static_cast<std::size_t>(parts) + 1, 0), order(entries);
    for (Pos e = 0; e < entries; e++) start[part[e] + 1]++;
    std::partial_sum(start.begin(), start.end(), start.begin());
    std::vector<Pos> fill(start.begin(), start.end() - 1);
    for (Pos e = 0; e < entries; e++) order[fill[part[e]]++] = e;
    Part work(w);
    ends.clear();
    for (Index k = 0; k < parts; k++) {
        if (start[k + 1] > start[k]) work.add(order.data() + start[k], start[k + 1] - start[k], row, col, value, out);
        ends.push_back(static_cast<Pos>(out.values.size()));
    }
}

}  // namespace pyasreml
