// Constant dense matrices inside the block of the last pivots: C += sum of value * c[coef] * (E_rc (x) K).
//
// Neither the pattern nor the entry list knows of them: K's values stay where they are, and one pass over each
// block writes it or gathers its part of the adjoint.
#include "kernel.hpp"

#include <algorithm>

namespace pyasreml {
namespace {

SIMD_CLONES void add_scaled(double* RESTRICT to, const double* RESTRICT from, double scale, Pos count) {
    for (Pos i = 0; i < count; i++) to[i] += scale * from[i];
}

SIMD_CLONES double inner(const double* RESTRICT x, const double* RESTRICT y, Pos count) {
    double sum = 0;
    for (Pos i = 0; i < count; i++) sum += x[i] * y[i];
    return sum;
}

}  // namespace

// Blocks of order q from pivot `first` on; entries sorted by (row, col), row >= col. False: not one front.
bool Numeric::add_block(const double* k, Index q, Index first, Pos count, const Index* row, const Index* col,
                        const Index* coef, const double* value) {
    DenseBlock block{k, q, first, {}, {}};
    for (Pos e = 0; e < count; e++) {
        const Index last = first + (row[e] + 1) * q - 1;
        if (last >= s_.n || s_.owner[first] != s_.owner[last]) return false;
        if (block.places.empty() || block.places.back().row != row[e] || block.places.back().col != col[e])
            block.places.push_back({row[e], col[e], e});
        block.entries.push_back({coef[e], value[e]});
        coefficients_ = std::max(coefficients_, static_cast<Index>(coef[e] + 1));
    }
    blocks_.push_back(std::move(block));
    return true;
}

// visit(entries from, entries to, column of K, rows, column of the panel) for every column of every block
template <class Begin, class Column>
void Numeric::each_block(double* values, Begin begin, Column column) const {
    for (const DenseBlock& b : blocks_)
        for (std::size_t p = 0; p < b.places.size(); p++) {
            const DenseBlock::Place& at = b.places[p];
            const Pos end = p + 1 < b.places.size() ? b.places[p + 1].entry : static_cast<Pos>(b.entries.size());
            const bool diagonal = at.row == at.col;
            begin(b, at.entry, end, diagonal);
            for (Index j = 0; j < b.order; j++) {
                const Index from = diagonal ? j : 0;
                const Pos place = s_.locate(b.first + at.row * b.order + from, b.first + at.col * b.order + j);
                column(values + place, b.k + static_cast<std::size_t>(j) * b.order + from, b.order - from);
            }
        }
}

void Numeric::assemble_blocks(const double* c) {
    double scale = 0;
    each_block(
        factor_.get(),
        [&](const DenseBlock& b, Pos from, Pos to, bool) {
            scale = 0;
            for (Pos e = from; e < to; e++) scale += b.entries[e].value * c[b.entries[e].coef];
        },
        [&](double* panel, const double* k, Pos count) { add_scaled(panel, k, scale, count); });
}

void Numeric::adjoint_blocks(double* t) const {
    double sum = 0;
    const DenseBlock* block = nullptr;
    Pos first = 0, last = 0;
    bool diagonal = false;
    const auto finish = [&] {
        if (!block) return;
        for (Pos e = first; e < last; e++)
            t[block->entries[e].coef] += block->entries[e].value * (diagonal ? sum : 2 * sum);
        sum = 0;
    };
    each_block(
        inverse_.get(),
        [&](const DenseBlock& b, Pos from, Pos to, bool on) {
            finish();
            block = &b, first = from, last = to, diagonal = on;
        },
        [&](double* panel, const double* k, Pos count) {
            // the lower triangle of a diagonal block stands for both
            sum += diagonal ? panel[0] * k[0] + 2 * inner(panel + 1, k + 1, count - 1) : inner(panel, k, count);
        });
    finish();
}

}  // namespace pyasreml
