// Elimination tree, postorder and column counts of a permuted symmetric pattern.
//
// Liu (1990) SIAM J Matrix Anal Appl 11:134 for the tree; Gilbert, Ng & Peyton (1994) SIAM J Matrix Anal Appl
// 15:1075 for the counts in nearly linear time.
#include "kernel.hpp"

#include <algorithm>

namespace pyasreml {

Permuted permute(const Pattern& c, const Index* inverse, Index last) {
    const Index n = c.n;
    Permuted a;
    a.lower_start.assign(n + 1, 0);
    a.upper_start.assign(n + 1, 0);
    const Index head = n - last;  // first of the pivots that form a dense block at the end
    auto each = [&](auto visit) {
        for (Index j = 0; j < n; j++)
            for (Pos p = c.start[j]; p < c.start[j + 1]; p++)
                if (c.row[p] != j) {
                    const Index x = inverse[c.row[p]], y = inverse[j];
                    visit(std::min(x, y), std::max(x, y));
                }
        for (Index k = head + 1; k < n; k++) visit(head, k);
    };
    each([&](Index lo, Index hi) {
        a.lower_start[lo + 1]++;
        a.upper_start[hi + 1]++;
    });
    for (Index j = 0; j < n; j++) {
        a.lower_start[j + 1] += a.lower_start[j];
        a.upper_start[j + 1] += a.upper_start[j];
    }
    a.lower.resize(a.lower_start[n]);
    a.upper.resize(a.upper_start[n]);
    std::vector<Pos> down(a.lower_start.begin(), a.lower_start.end() - 1);
    std::vector<Pos> up(a.upper_start.begin(), a.upper_start.end() - 1);
    each([&](Index lo, Index hi) {
        a.lower[down[lo]++] = hi;
        a.upper[up[hi]++] = lo;
    });
    return a;
}

void elimination_tree(Index n, const Permuted& a, std::vector<Index>& parent) {
    std::vector<Index> ancestor(n, -1);
    parent.assign(n, -1);
    for (Index j = 0; j < n; j++)
        for (Pos p = a.upper_start[j]; p < a.upper_start[j + 1]; p++)
            for (Index i = a.upper[p]; i != -1 && i < j;) {
                const Index next = ancestor[i];
                ancestor[i] = j;
                if (next == -1) parent[i] = j;
                i = next;
            }
}

void postorder(const std::vector<Index>& parent, std::vector<Index>& post) {
    const Index n = static_cast<Index>(parent.size());
    std::vector<Index> head(n, -1), next(n, -1), stack;
    for (Index j = n - 1; j >= 0; j--)
        if (parent[j] >= 0) {
            next[j] = head[parent[j]];
            head[parent[j]] = j;
        }
    post.clear();
    post.reserve(n);
    for (Index root = 0; root < n; root++) {
        if (parent[root] >= 0) continue;
        stack.push_back(root);
        while (!stack.empty()) {
            const Index top = stack.back(), child = head[top];
            if (child < 0) {
                post.push_back(top);
                stack.pop_back();
            } else {
                head[top] = next[child];
                stack.push_back(child);
            }
        }
    }
}

void column_counts(Index n, const Permuted& a, const std::vector<Index>& parent, const std::vector<Index>& post,
                   std::vector<Index>& counts) {
    std::vector<Index> ancestor(n), max_first(n, -1), previous_leaf(n, -1), first(n, -1);
    counts.assign(n, 0);
    for (Index k = 0; k < n; k++) {
        Index j = post[k];
        counts[j] = first[j] == -1 ? 1 : 0;
        for (; j != -1 && first[j] == -1; j = parent[j]) first[j] = k;
    }
    for (Index i = 0; i < n; i++) ancestor[i] = i;
    for (Index k = 0; k < n; k++) {
        const Index j = post[k];
        if (parent[j] != -1) counts[parent[j]]--;
        for (Pos p = a.lower_start[j]; p < a.lower_start[j + 1]; p++) {
            const Index i = a.lower[p];
            if (first[j] <= max_first[i]) continue;  // j is no new leaf of row subtree i
            max_first[i] = first[j];
            const Index leaf = previous_leaf[i];
            previous_leaf[i] = j;
            counts[j]++;
            if (leaf == -1) continue;
            Index common = leaf;  // least common ancestor of both leaves, with path compression
            while (common != ancestor[common]) common = ancestor[common];
            for (Index x = leaf; x != common;) {
                const Index up = ancestor[x];
                ancestor[x] = common;
                x = up;
            }
            counts[common]--;
        }
        if (parent[j] != -1) ancestor[j] = parent[j];
    }
    for (Index k = 0; k < n; k++) {
        const Index j = post[k];
        if (parent[j] != -1) counts[parent[j]] += counts[j];
    }
}

Counts count(const Pattern& c, const Index* perm, Index last) {
    std::vector<Index> inverse(c.n), parent, post, counts;
    for (Index k = 0; k < c.n; k++) inverse[perm[k]] = k;
    const Permuted a = permute(c, inverse.data(), last);
    elimination_tree(c.n, a, parent);
    postorder(parent, post);
    column_counts(c.n, a, parent, post, counts);
    Counts total;
    for (Index k : counts) {
        total.nnz += k;
        total.flops += static_cast<double>(k) * k;
    }
    return total;
}

}  // namespace pyasreml
