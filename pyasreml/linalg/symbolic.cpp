// Symbolic analysis: from a pattern and an order to supernodes and the memory that they will need; then, once that is
// agreed to, their row structure, relative indices and the place of every entry of C in the values of L.
#include "kernel.hpp"

#include <algorithm>

namespace pyasreml {
namespace {

// Rows below each supernode: those of its own columns in C and those of its children.
void row_structure(Symbolic& s, const Permuted& a, const std::vector<Index>& place) {
    const Index n = s.n, count = s.count;
    std::vector<Pos> start(n + 1, 0);  // lower pattern in the final order
    std::vector<Index> row(a.lower.size()), mark(n, -1), head(count, -1), next(count, -1);
    for (int pass = 0; pass < 2; pass++) {
        std::vector<Pos> fill(start.begin(), start.end() - 1);
        for (Index j = 0; j < n; j++)
            for (Pos p = a.lower_start[j]; p < a.lower_start[j + 1]; p++) {
                const Index x = place[j], y = place[a.lower[p]];
                if (pass == 0)
                    start[std::min(x, y) + 1]++;
                else
                    row[fill[std::min(x, y)]++] = std::max(x, y);
            }
        if (pass == 0)
            for (Index j = 0; j < n; j++) start[j + 1] += start[j];
    }
    s.below.clear();
    s.below.reserve(static_cast<std::size_t>(s.indices));
    s.below_start.assign(count + 1, 0);
    s.panel.assign(count + 1, 0);
    s.parent.assign(count, -1);
    s.children.assign(count, 0);
    s.max_below = 0;
    for (Index k = 0; k < count; k++) {
        const Index end = s.first[k + 1];
        const std::size_t from = s.below.size();
        auto take = [&](Index i) {
            if (i >= end && mark[i] != k) {
                mark[i] = k;
                s.below.push_back(i);
            }
        };
        for (Index j = s.first[k]; j < end; j++)
            for (Pos p = start[j]; p < start[j + 1]; p++) take(row[p]);
        for (Index c = head[k]; c >= 0; c = next[c])
            for (Pos p = s.below_start[c]; p < s.below_start[c + 1]; p++) take(s.below[p]);
        std::sort(s.below.begin() + from, s.below.end());
        s.below_start[k + 1] = static_cast<Pos>(s.below.size());
        const Index below = s.rows_below(k), width = s.width(k);
        s.panel[k + 1] = s.panel[k] + static_cast<Pos>(width + below) * width;
        s.max_below = std::max(s.max_below, below);
        if (below == 0) continue;
        const Index p = s.owner[s.below[from]];
        s.parent[k] = p;
        s.children[p]++;
        next[k] = head[p];
        head[p] = k;
    }
}

// Calls visit(k, map) for every supernode k with map[pivot] = position in k's front.
template <class Visit>
void with_front_map(const Symbolic& s, Visit visit) {
    std::vector<Index> map(s.n, -1);
    for (Index k = 0; k < s.count; k++) {
        const Index width = s.width(k), below = s.rows_below(k);
        for (Index j = 0; j < width; j++) map[s.first[k] + j] = j;
        const Index* rows = s.below_of(k);
        for (Index j = 0; j < below; j++) map[rows[j]] = width + j;
        visit(k, map);
    }
}

void positions(Symbolic& s, const Pattern& c) {
    const Index n = s.n;
    const Pos nnz = c.start[n];
    std::vector<Index> head(s.count, -1), next(s.count, -1);
    for (Index k = 0; k < s.count; k++)
        if (s.parent[k] >= 0) {
            next[k] = head[s.parent[k]];
            head[s.parent[k]] = k;
        }
    std::vector<Pos> start(n + 1, 0), entry(nnz);  // entries of C by their final column
    std::vector<Index> row(nnz);
    for (int pass = 0; pass < 2; pass++) {
        std::vector<Pos> fill(start.begin(), start.end() - 1);
        for (Index j = 0; j < n; j++)
            for (Pos p = c.start[j]; p < c.start[j + 1]; p++) {
                const Index x = s.inverse[j], y = s.inverse[c.row[p]];
                if (pass == 0) {
                    start[std::min(x, y) + 1]++;
                } else {
                    const Pos q = fill[std::min(x, y)]++;
                    entry[q] = p;
                    row[q] = std::max(x, y);
                }
            }
        if (pass == 0)
            for (Index j = 0; j < n; j++) start[j + 1] += start[j];
    }
    s.relative.resize(s.below.size());
    s.entry.resize(nnz);
    s.diagonal.resize(n);
    with_front_map(s, [&](Index k, const std::vector<Index>& map) {
        for (Index child = head[k]; child >= 0; child = next[child])
            for (Pos p = s.below_start[child]; p < s.below_start[child + 1]; p++) s.relative[p] = map[s.below[p]];
        const Pos height = s.width(k) + s.rows_below(k);
        for (Index j = s.first[k]; j < s.first[k + 1]; j++) {
            const Pos column = s.panel[k] + (j - s.first[k]) * height;
            s.diagonal[j] = column + (j - s.first[k]);
            for (Pos q = start[j]; q < start[j + 1]; q++) s.entry[entry[q]] = column + map[row[q]];
        }
    });
}

// Front elements alive at once: in the factorization (children first) and in the inversion (parents first).
Pos peak(const SupernodeTree& tree) {
    const Index count = static_cast<Index>(tree.width.size());
    std::vector<unsigned char> alive(count, 0);
    std::vector<Index> children(count, 0);
    for (Index k = 0; k < count; k++)
        if (tree.parent[k] >= 0) children[tree.parent[k]]++;
    std::vector<Index> left(children);
    auto size = [&](Index k) {
        const Pos below = tree.height[k] - tree.width[k];
        return below * below;
    };
    Pos now = 0, most = 0;
    for (Index k = 0; k < count; k++) {
        const Index p = tree.parent[k];
        if (p < 0) continue;
        const Pos own = tree.width[k] > 4 && !alive[k] ? size(k) : 0;
        if (!alive[p]) now += size(p);
        alive[p] = 1;
        most = std::max(most, now + own);
        if (alive[k]) now -= size(k);
    }
    now = 0;
    for (Index k = count - 1; k >= 0; k--) {
        const Index p = tree.parent[k];
        if (p < 0) continue;
        now += size(k);
        most = std::max(most, now);
        if (children[k] == 0) now -= size(k);
        if (--left[p] == 0 && tree.parent[p] >= 0) now -= size(p);
    }
    return most;
}

}  // namespace

void plan(Symbolic& s, Plan& p, const Pattern& c, const Index* perm, Index last) {
    const Index n = s.n = c.n;
    std::vector<Index> inverse(n), counts;
    for (Index k = 0; k < n; k++) inverse[perm[k]] = k;
    p.pattern = permute(c, inverse.data(), last);
    elimination_tree(n, p.pattern, p.parent);
    postorder(p.parent, p.post);
    column_counts(n, p.pattern, p.parent, p.post, counts);
    s.exact = Counts();
    for (Index k : counts) {
        s.exact.nnz += k;
        s.exact.flops += static_cast<double>(k) * k;
    }
    // in small systems the overhead of a supernode weighs more than its arithmetic
    p.tree = amalgamate(p.parent, p.post, counts, last, n <= 300 ? 3000.0 : 700.0);
    s.count = static_cast<Index>(p.tree.width.size());
    s.size = s.indices = s.direct = 0;
    for (Index k = 0; k < s.count; k++) {
        s.size += static_cast<Pos>(p.tree.height[k]) * p.tree.width[k];
        s.indices += p.tree.height[k] - p.tree.width[k];
    }
    s.peak_fronts = peak(p.tree);
    std::vector<unsigned char> leaf(s.count, 1);
    for (Index k = 0; k < s.count; k++) {
        const Pos below = p.tree.height[k] - p.tree.width[k];
        if (p.tree.parent[k] >= 0) leaf[p.tree.parent[k]] = 0;
        if (leaf[k] && may_be_direct(p.tree.width[k], static_cast<Index>(below))) s.direct += below * (below + 1) / 2;
    }
}

void analyze(Symbolic& s, const Plan& p, const Pattern& c, const Index* perm) {
    const Index n = s.n;
    s.first.assign(s.count + 1, 0);
    for (Index k = 0; k < s.count; k++) s.first[k + 1] = s.first[k] + p.tree.width[k];
    std::vector<Index> fill(s.first.begin(), s.first.end() - 1), place(n);
    for (Index j : p.post) place[j] = fill[p.tree.of_column[j]]++;  // within a supernode the tree's order stays
    s.perm.resize(n);
    s.inverse.resize(n);
    s.owner.resize(n);
    s.tree.resize(n);
    for (Index j = 0; j < n; j++) s.tree[place[j]] = p.parent[j] < 0 ? -1 : place[p.parent[j]];
    for (Index j = 0; j < n; j++) s.perm[place[j]] = perm[j];
    for (Index k = 0; k < n; k++) s.inverse[s.perm[k]] = k;
    for (Index k = 0; k < s.count; k++) std::fill(s.owner.begin() + s.first[k], s.owner.begin() + s.first[k + 1], k);
    row_structure(s, p.pattern, place);
    positions(s, c);
}

Pos Symbolic::locate(Index a, Index b) const {
    const Index column = std::min(a, b), row = std::max(a, b), k = owner[column];
    const Pos base = panel[k] + static_cast<Pos>(column - first[k]) * (width(k) + rows_below(k));
    if (row < first[k + 1]) return base + (row - first[k]);
    const Index *from = below_of(k), *to = from + rows_below(k), *at = std::lower_bound(from, to, row);
    return at != to && *at == row ? base + width(k) + (at - from) : -1;
}

}  // namespace pyasreml
