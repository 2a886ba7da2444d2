// Supernodes: maximal chains of columns with nested structure, then relaxed merging of children into parents
// wherever a cost model (arithmetic, front traffic, overhead of a supernode) says that the merged one is cheaper.
//
// After Ashcraft & Grimes (1989) ACM TOMS 15:291, with measured costs in place of fixed thresholds.
#include "kernel.hpp"

#include <algorithm>
#include <numeric>

namespace pyasreml {
namespace {

// Nanoseconds of factor plus selected inverse of one supernode, up to a constant factor.
double cost(double width, double height, bool leaf, double overhead) {
    const double below = height - width;
    const double multiply_adds = width * below * below + width * width * below + width * width * width / 3;
    if (leaf && overhead < 1000 && may_be_direct(static_cast<Index>(width), static_cast<Index>(below)))
        return 60 + multiply_adds;
    const double rate = width <= 4 ? 0.20 : width <= 16 ? 0.10 : width <= 48 ? 0.06 : 0.045;
    const double traffic = leaf && width <= 4 ? 0.6 : below <= 256 ? 0.5 : below <= 800 ? 1.2 : 2.2;
    return overhead + rate * multiply_adds + traffic * below * below;
}

// Forest as child lists, numbered so that a parent comes before its children.
struct Forest {
    std::vector<Index> head, next;
    explicit Forest(std::size_t size) : head(size, -1), next(size, -1) {}
    void add(Index child, Index parent) {
        next[child] = head[parent];
        head[parent] = child;
    }
};

struct Draft {
    std::vector<Index> width, height, parent, of_column;
};

// Chains c -> parent(c) with count(c) = count(parent) + 1, numbered from the roots down.
Draft maximal(const std::vector<Index>& parent, const std::vector<Index>& post, const std::vector<Index>& counts,
              Index last) {
    const Index n = static_cast<Index>(parent.size());
    std::vector<Index> chosen(n, -1);  // the child that continues a column's chain downwards
    for (Index j : post) {
        const Index p = parent[j];
        if (p >= 0 && counts[j] == counts[p] + 1 && (chosen[p] < 0 || j >= n - last)) chosen[p] = j;
    }
    Draft d;
    d.of_column.assign(n, -1);
    for (Index k = n - 1; k >= 0; k--) {
        const Index j = post[k], p = parent[j];
        if (p >= 0 && chosen[p] == j) {
            const Index s = d.of_column[j] = d.of_column[p];
            d.width[s]++;
            d.height[s]++;
        } else {
            d.of_column[j] = static_cast<Index>(d.width.size());
            d.width.push_back(1);
            d.height.push_back(counts[j]);
            d.parent.push_back(p < 0 ? -1 : d.of_column[p]);
        }
    }
    return d;
}

// Merges into d; into[s] is s itself or the supernode that swallowed it.
std::vector<Index> relax(Draft& d, double overhead) {
    const Index m = static_cast<Index>(d.width.size());
    std::vector<Index> into(m), children, kept;
    std::iota(into.begin(), into.end(), 0);
    std::vector<double> zeros(m, 0.0);  // explicit zeros that merging stores
    Forest forest(m);
    for (Index s = 0; s < m; s++)
        if (d.parent[s] >= 0) forest.add(s, d.parent[s]);
    auto added = [&](Index c, Index p) {
        return static_cast<double>(d.width[c]) * (static_cast<double>(d.height[p]) + d.width[c] - d.height[c]);
    };
    for (Index p = m - 1; p >= 0; p--) {  // children have larger numbers: they are final here
        children.clear();
        kept.clear();
        for (Index c = forest.head[p]; c >= 0; c = forest.next[c]) children.push_back(c);
        if (children.empty()) continue;
        std::sort(children.begin(), children.end(), [&](Index a, Index b) {
            const double x = added(a, p), y = added(b, p);
            return x != y ? x < y : a < b;
        });
        bool merged = false;
        for (std::size_t q = 0; q < children.size(); q++) {  // grows: grandchildren follow a merged child
            const Index c = children[q], width = d.width[c] + d.width[p];
            const double more = added(c, p), height = static_cast<double>(d.height[p]) + d.width[c];
            const double total = 0.5 * width * (width + 1.0) + width * (height - width);
            const double share = (zeros[c] + zeros[p] + more) / total;
            const bool worth = more == 0 || (share <= (width <= 8 ? 0.6 : 0.35) &&
                                             cost(width, height, false, overhead) <
                                                 cost(d.width[c], d.height[c], forest.head[c] < 0, overhead) +
                                                     cost(d.width[p], d.height[p], false, overhead));
            if (!worth) {
                kept.push_back(c);
                continue;
            }
            zeros[p] += zeros[c] + more;
            d.width[p] = width;
            d.height[p] = static_cast<Index>(height);
            into[c] = p;
            merged = true;
            for (Index g = forest.head[c]; g >= 0; g = forest.next[g]) children.push_back(g);
        }
        if (!merged) continue;
        forest.head[p] = -1;
        for (Index c : kept) {
            forest.add(c, p);
            d.parent[c] = p;
        }
    }
    for (Index s = 0; s < m; s++)  // the swallowing supernode has the smaller number: already resolved
        if (into[s] != s) into[s] = into[into[s]];
    return into;
}

}  // namespace

SupernodeTree amalgamate(const std::vector<Index>& parent, const std::vector<Index>& post,
                         const std::vector<Index>& counts, Index last, double overhead) {
    Draft d = maximal(parent, post, counts, last);
    const std::vector<Index> into = relax(d, overhead);
    const Index m = static_cast<Index>(into.size());
    // children with the largest fronts first, so that few large fronts are alive at once
    std::vector<double> largest(m, 0);
    std::vector<Index> final_ones;
    for (Index s = m - 1; s >= 0; s--) {
        if (into[s] != s) continue;
        const double below = d.height[s] - d.width[s];
        largest[s] = std::max(largest[s], below * below);
        if (d.parent[s] >= 0) {
            d.parent[s] = into[d.parent[s]];
            largest[d.parent[s]] = std::max(largest[d.parent[s]], largest[s]);
        }
    }
    for (Index s = 0; s < m; s++)
        if (into[s] == s) final_ones.push_back(s);
    std::stable_sort(final_ones.begin(), final_ones.end(), [&](Index a, Index b) { return largest[a] < largest[b]; });
    Forest forest(m);
    for (Index s : final_ones)
        if (d.parent[s] >= 0) forest.add(s, d.parent[s]);
    SupernodeTree tree;
    std::vector<Index> number(m, -1), stack;
    for (Index root = m - 1; root >= 0; root--) {  // the tree of the last column comes last
        if (into[root] != root || d.parent[root] >= 0) continue;
        stack.push_back(root);
        while (!stack.empty()) {
            const Index top = stack.back(), child = forest.head[top];
            if (child >= 0) {
                forest.head[top] = forest.next[child];
                stack.push_back(child);
                continue;
            }
            stack.pop_back();
            number[top] = static_cast<Index>(tree.width.size());
            tree.width.push_back(d.width[top]);
            tree.height.push_back(d.height[top]);
            tree.parent.push_back(d.parent[top]);
        }
    }
    for (Index& p : tree.parent)
        if (p >= 0) p = number[p];
    tree.of_column.resize(d.of_column.size());
    for (std::size_t j = 0; j < d.of_column.size(); j++) tree.of_column[j] = number[into[d.of_column[j]]];
    return tree;
}

}  // namespace pyasreml
