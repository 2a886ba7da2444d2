// Fronts that need no front of their own: small leaves of the tree, which reach their ancestors' panels straight away,
// and leaves that meet the same rows of their parent's front, which go through it together.
//
// A mixed model is mostly such leaves: a genotype's or subject's own equations, thousands of them alike, each with a few
// rows below or with all fixed effects. One by one they cost more in moves than in arithmetic. What is summed in which
// order is fixed by the analysis alone.
#include "dense.hpp"
#include "tiles.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace pyasreml {
namespace {

constexpr int FEWEST = 4;             // covering children of one parent that pay for going together
constexpr int WIDEST = 16;            // columns of such a child
constexpr std::size_t HIGHEST = 256;  // rows of their parent's front that they meet

// l (below x W, ld) := l T with T the inverse of the own block's triangle, and own (W x W) := T' T
template <int W>
void small_parts(const double* panel, int height, double* own, double* y) {
    double t[W][W];  // t[i][j], i >= j
    for (int j = 0; j < W; j++)
        for (int i = j; i < W; i++) {
            double sum = i == j ? 1.0 : 0.0;
            for (int q = j; q < i; q++) sum -= panel[q * height + i] * t[q][j];
            t[i][j] = sum / panel[i * height + i];
        }
    for (int a = 0; a < W; a++)
        for (int b = a; b < W; b++) {
            double sum = 0;
            for (int q = b; q < W; q++) sum += t[q][a] * t[q][b];
            own[a * W + b] = sum;
        }
    const int below = height - W;
    for (int j = 0; j < W; j++)
        for (int i = 0; i < below; i++) {
            double sum = 0;
            for (int q = j; q < W; q++) sum += panel[q * height + W + i] * t[q][j];
            y[j * below + i] = sum;
        }
}

template <int W>
int eliminate_leaf(double* panel, int height, const double* floor, const Index* target, double* values) {
    for (int k = 0; k < W; k++) {
        double* c = panel + k * height;
        if (!(c[k] > floor[k])) return k;
        const double d = std::sqrt(c[k]), r = 1.0 / d;
        c[k] = d;
        for (int i = k + 1; i < height; i++) c[i] *= r;
        for (int j = k + 1; j < W; j++)
            for (int i = j; i < height; i++) panel[j * height + i] -= c[j] * c[i];
    }
    const int below = height - W;
    for (int k = 0; k < below; k++)
        for (int i = k; i < below; i++) {
            double sum = 0;
            for (int q = 0; q < W; q++) sum += panel[q * height + W + k] * panel[q * height + W + i];
            values[*target++] -= sum;
        }
    return -1;
}

template <int W>
void invert_leaf(const double* l, int height, const Index* target, const double* values, double* z) {
    const int below = height - W;
    double own[W * W], y[W * DIRECT_BELOW], zr[W * DIRECT_BELOW] = {};
    small_parts<W>(l, height, own, y);
    for (int k = 0; k < below; k++) {
        double w = values[*target++];
        for (int q = 0; q < W; q++) zr[q * below + k] -= w * y[q * below + k];
        for (int i = k + 1; i < below; i++) {
            w = values[*target++];
            for (int q = 0; q < W; q++) {
                zr[q * below + i] -= w * y[q * below + k];
                zr[q * below + k] -= w * y[q * below + i];
            }
        }
    }
    for (int a = 0; a < W; a++) {
        double* column = z + a * height;
        for (int b = 0; b < a; b++) column[b] = 0;
        for (int b = a; b < W; b++) {
            double sum = own[a * W + b];
            for (int i = 0; i < below; i++) sum -= y[b * below + i] * zr[a * below + i];
            column[b] = sum;
        }
        for (int i = 0; i < below; i++) column[W + i] = zr[a * below + i];
    }
}

}  // namespace

bool may_be_direct(Index width, Index below) { return width <= DIRECT_WIDTH && below > 0 && below <= DIRECT_BELOW; }

Leaves::Leaves(const Symbolic& s, const Subtrees& subtrees)
    : kind(s.count, FRONT), start(s.count + 1, 0), rows_start(s.count + 1, 0), beside(s.count + 1, 0),
      open(s.children) {
    std::vector<Index> part(s.count, -1);  // the subtree that a supernode belongs to
    for (std::size_t t = 0; t < subtrees.work.size(); t++)
        std::fill(part.begin() + subtrees.work[t].first, part.begin() + subtrees.work[t].second + 1,
                  static_cast<Index>(t));
    auto direct = [&](Index k) {
        if (s.parent[k] < 0 || s.children[k] > 0 || !may_be_direct(s.width(k), s.rows_below(k))) return false;
        for (int i = 0; i < s.rows_below(k); i++)
            if (part[s.owner[s.below_of(k)[i]]] != part[k]) return false;
        return s.values() <= std::numeric_limits<Index>::max();
    };
    for (Index k = 0; k < s.count; k++)
        if (direct(k)) {
            kind[k] = DIRECT;
            open[s.parent[k]]--;
        }
    std::vector<Index> head(s.count, -1), next(s.count, -1);
    for (Index k = s.count - 1; k >= 0; k--) {
        const Index p = s.parent[k];
        if (p < 0 || kind[k] != FRONT || open[k] > 0 || part[p] != part[k] || s.width(k) > WIDEST) continue;
        next[k] = head[p];
        head[p] = k;
    }
    for (Index p = 0; p < s.count; p++) {
        gather(s, p, head[p], next);
        rows_start[p + 1] = static_cast<Pos>(rows.size());
        beside[p + 1] = static_cast<Index>(children.size());
    }
    for (Index k = 0; k < s.count; k++) {
        const Index* below = s.below_of(k);
        const int count = s.rows_below(k);
        if (kind[k] == DIRECT)
            for (int j = 0; j < count; j++)
                for (int i = j; i < count; i++) target.push_back(static_cast<Index>(s.locate(below[i], below[j])));
        if (kind[k] == COVERING) {
            const Index *relative = s.relative_of(k), *from = rows_of(s.parent[k]), *end = from + high(s.parent[k]);
            for (int i = 0; i < count; i++)
                target.push_back(static_cast<Index>(std::lower_bound(from, end, relative[i]) - from));
        }
        start[k + 1] = static_cast<Pos>(target.size());
    }
}

// The leaves of a list that meet most of what all of them meet of p's front become covering.
void Leaves::gather(const Symbolic& s, Index p, Index list, const std::vector<Index>& next) {
    std::vector<Index> met;
    for (Index k = list; k >= 0; k = next[k]) {
        met.insert(met.end(), s.relative_of(k), s.relative_of(k) + s.rows_below(k));
        if (next[k] >= 0 && met.size() < 4096) continue;
        std::sort(met.begin(), met.end());
        met.erase(std::unique(met.begin(), met.end()), met.end());
        if (met.size() > HIGHEST) return;
    }
    auto covers = [&](Index k) { return 2 * static_cast<std::size_t>(s.rows_below(k)) >= met.size(); };
    int count = 0;
    for (Index k = list; k >= 0; k = next[k]) count += covers(k);
    if (count < FEWEST) return;
    for (Index k = list; k >= 0; k = next[k])
        if (covers(k)) {
            kind[k] = COVERING;
            children.push_back(k);
            open[p]--;
        }
    rows.insert(rows.end(), met.begin(), met.end());
}

int Numeric::factor_direct(Index k) {
    double* values = factor_.get();
    double* panel = values + s_.panel[k];
    const int width = s_.width(k), height = width + s_.rows_below(k);
    const double* floor = floor_.data() + s_.first[k];
    const Index* target = leaves_.targets_of(k);
    switch (width) {
        case 1: return eliminate_leaf<1>(panel, height, floor, target, values);
        case 2: return eliminate_leaf<2>(panel, height, floor, target, values);
        case 3: return eliminate_leaf<3>(panel, height, floor, target, values);
        default: return eliminate_leaf<4>(panel, height, floor, target, values);
    }
}

void Numeric::invert_direct(Index k) {
    const double *l = factor_.get() + s_.panel[k], *values = inverse_.get();
    double* z = inverse_.get() + s_.panel[k];
    const int width = s_.width(k), height = width + s_.rows_below(k);
    const Index* target = leaves_.targets_of(k);
    switch (width) {
        case 1: return invert_leaf<1>(l, height, target, values, z);
        case 2: return invert_leaf<2>(l, height, target, values, z);
        case 3: return invert_leaf<3>(l, height, target, values, z);
        default: return invert_leaf<4>(l, height, target, values, z);
    }
}

void place(const double* columns, int ld, int below, int width, const Index* at, int high, double* pack) {
    for (int j = 0; j < width; j++) {
        const double* from = columns + static_cast<std::size_t>(j) * ld;
        double* to = pack + static_cast<std::size_t>(j) * high;
        if (below == high) {
            std::memcpy(to, from, sizeof(double) * high);
            continue;
        }
        std::memset(to, 0, sizeof(double) * high);
        for (int i = 0; i < below; i++) to[at[i]] = from[i];
    }
}

// Keeps the rows below of a covering child for its parent, whose pack is emptied when full.
void Numeric::pack_child(Index k, Pool& pool) {
    const Index p = s_.parent[k];
    const int high = leaves_.high(p), width = s_.width(k), below = s_.rows_below(k);
    Pack& pack = packs_[p];
    if (!pack.data) pack.data = pool.get(static_cast<std::size_t>(high) * PACKED);
    if (pack.columns + width > PACKED) empty_pack(p, pool);
    place(factor_.get() + s_.panel[k] + width, width + below, below, width, leaves_.targets_of(k), high,
          pack.data + static_cast<std::size_t>(pack.columns) * high);
    pack.columns += width;
}

void Numeric::empty_pack(Index p, Pool& pool) {
    Pack& pack = packs_[p];
    if (!pack.columns) return;
    const int high = leaves_.high(p);
    const std::size_t below = s_.rows_below(p), square = static_cast<std::size_t>(high) * high;
    if (below > 0 && !fronts_[p]) fronts_[p] = pool.zeros(below * below);
    double* update = pool.get(square);
    update_trapezoid(blas_, WHOLE, high, high, pack.columns, pack.data, high, 0.0, update, high);
    extend_add(update, high, leaves_.rows_of(p), front(p, factor_.get()));
    pool.put(update, square);
    pack.columns = 0;
}

void Numeric::close_pack(Index p, Pool& pool) {
    if (!packs_[p].data) return;
    empty_pack(p, pool);
    pool.put(packs_[p].data, static_cast<std::size_t>(leaves_.high(p)) * PACKED);
    packs_[p].data = nullptr;
}

// The selected inverse of all covering children of p, whose own is done.
void Numeric::invert_children(Index p, Pool& pool) {
    const int high = leaves_.high(p);
    const std::size_t square = static_cast<std::size_t>(high) * high, side = static_cast<std::size_t>(high) * PACKED;
    double *w = pool.get(square), *y = pool.get(side), *z = pool.get(side);
    gather_front(w, high, leaves_.rows_of(p), front(p, inverse_.get()), true);
    const Index *from = leaves_.children.data() + leaves_.beside[p],
                *end = leaves_.children.data() + leaves_.beside[p + 1];
    while (from != end) {
        const Index* to = from;
        int columns = 0;
        for (; to != end && columns + s_.width(*to) <= PACKED; to++) {
            const Index k = *to;
            const int width = s_.width(k), below = s_.rows_below(k), height = width + below;
            const double* l = factor_.get() + s_.panel[k];
            double* own = y + static_cast<std::size_t>(columns) * high;
            place(l + width, height, below, width, leaves_.targets_of(k), high, own);
            blas_.trsm_right('N', high, width, l, height, own, high);
            columns += width;
        }
        blas_.gemm('N', 'N', high, columns, high, -1.0, w, high, y, high, 0.0, z, high);
        for (columns = 0; from != to; from++) {
            const Index k = *from;
            const int width = s_.width(k), below = s_.rows_below(k), height = width + below;
            const Index* at = leaves_.targets_of(k);
            double* panel = inverse_.get() + s_.panel[k];
            small_inverse(factor_.get() + s_.panel[k], height, width, panel);
            const std::size_t first = static_cast<std::size_t>(columns) * high;
            const double *yk = y + first, *zk = z + first;
            for (int a = 0; a < width; a++) {
                const double* za = zk + static_cast<std::size_t>(a) * high;
                double* to_column = panel + static_cast<std::size_t>(a) * height + width;
                if (below == high)
                    std::memcpy(to_column, za, sizeof(double) * high);
                else
                    for (int i = 0; i < below; i++) to_column[i] = za[at[i]];
            }
            subtract_products(yk, zk, high, high, width, panel, height);  // y is zero outside the child's rows
            columns += width;
        }
    }
    pool.put(w, square);
    pool.put(y, side);
    pool.put(z, side);
}

}  // namespace pyasreml
