// Factor and selected inverse by threads over disjoint subtrees. How the tree is cut and the order of every addition
// are fixed by the analysis alone: any number of threads gives the same bits.
#include "dense.hpp"
#include "tiles.hpp"

#include <algorithm>
#include <exception>
#include <numeric>

namespace pyasreml {

double work(const Symbolic& s, Index k) {
    const double width = s.width(k), below = s.rows_below(k);
    const double multiply_adds = width * below * below + width * width * below + width * width * width / 3;
    if (s.children[k] == 0 && may_be_direct(s.width(k), s.rows_below(k))) return 40 + 2 * multiply_adds;
    return 700 + 0.05 * multiply_adds + 0.8 * below * below;
}

Index small_subtrees(const Symbolic& s, Index limit, Index* own) {
    std::vector<Index> size(s.n, 1), leaf(s.n, -1);
    for (Index j = 0; j < s.n; j++)
        if (s.tree[j] >= 0) size[s.tree[j]] += size[j];
    Index count = 0;
    for (Index j = s.n - 1; j >= 0; j--) {
        const Index p = s.tree[j];
        leaf[j] = size[j] > limit ? -1 : p >= 0 && leaf[p] >= 0 ? leaf[p] : count++;
        own[s.perm[j]] = leaf[j];
    }
    return count;
}

Subtrees divide(const Symbolic& s) {
    const Index count = s.count;
    std::vector<double> load(count, 0.0);  // of the whole subtree
    std::vector<Index> first(count), head(count, -1), next(count, -1), candidates;
    std::iota(first.begin(), first.end(), 0);
    double total = 0;
    for (Index k = 0; k < count; k++) {
        load[k] += work(s, k);
        const Index p = s.parent[k];
        if (p < 0) {
            total += load[k];
            candidates.push_back(k);
        } else {
            load[p] += load[k];
            first[p] = std::min(first[p], first[k]);
        }
    }
    for (Index k = count - 1; k >= 0; k--)
        if (s.parent[k] >= 0) {
            next[k] = head[s.parent[k]];
            head[s.parent[k]] = k;
        }
    constexpr double WORTH = 2e6;  // work that pays for starting threads
    Subtrees out;
    out.root.assign(count, 0);
    if (total < WORTH) return out;
    // the heaviest subtrees are opened until none holds more than a share of the work
    constexpr double PARTS = 24, SMALLEST = 100, WORTH_A_FRONT = 5e4;
    constexpr int MOST_OPENED = 4000;
    const double limit = total / PARTS, least = std::max(limit / SMALLEST, WORTH_A_FRONT);
    auto lighter = [&](Index a, Index b) { return load[a] != load[b] ? load[a] < load[b] : a < b; };
    std::make_heap(candidates.begin(), candidates.end(), lighter);
    for (int opened = 0; !candidates.empty() && opened < MOST_OPENED; opened++) {
        const Index k = candidates.front();
        if (load[k] <= limit) break;
        std::pop_heap(candidates.begin(), candidates.end(), lighter);
        candidates.pop_back();
        out.top.push_back(k);
        for (Index c = head[k]; c >= 0; c = next[c]) {
            if (load[c] > least) {
                candidates.push_back(c);
                std::push_heap(candidates.begin(), candidates.end(), lighter);
            } else {
                for (Index q = first[c]; q <= c; q++) out.top.push_back(q);
            }
        }
    }
    std::sort(out.top.begin(), out.top.end());
    std::sort(candidates.begin(), candidates.end(), [&](Index a, Index b) { return lighter(b, a); });
    for (Index k : candidates) {
        out.work.push_back({first[k], k});
        out.root[k] = 1;
    }
    return out;
}

int Numeric::sharing(Index k) const {
    constexpr double LARGE_FRONT = 4e6;  // work from which a front is divided among the threads
    const double width = s_.width(k), height = width + s_.rows_below(k);
    if (width * height * height < LARGE_FRONT) return WHOLE;  // cannot be: saves most of the sum
    return work(s_, k) > LARGE_FRONT ? threads_ : WHOLE;
}

// job(worker, first, last) for every subtree, the heaviest first; the first exception is thrown again when all ended
template <class Job>
void Numeric::run(const Job& job) {
    const int tasks = static_cast<int>(subtrees_.work.size());
    std::vector<std::exception_ptr> failed(tasks);
    deal(threads_, tasks, [&](int worker, int t) {
        try {
            job(worker, subtrees_.work[t].first, subtrees_.work[t].second);
        } catch (...) {
            failed[t] = std::current_exception();
        }
    });
    for (const std::exception_ptr& e : failed)
        if (e) std::rethrow_exception(e);
}

// Adds the update that a subtree's root has kept to its parent.
void Numeric::hand_over(Index k) {
    const Index p = s_.parent[k];
    if (p < 0 || !fronts_[k]) return;
    const std::size_t below = s_.rows_below(k), parent_below = s_.rows_below(p);
    if (parent_below > 0 && !fronts_[p]) fronts_[p] = pools_[0]->zeros(parent_below * parent_below);
    extend_add(fronts_[k], static_cast<int>(below), s_.relative_of(k), front(p, factor_.get()));
    give_back(k);
}

Pos Numeric::factor_alone() {
    std::size_t top = 0;
    for (Index k = 0; k < s_.count; k++) {
        const bool of_top = top < subtrees_.top.size() && subtrees_.top[top] == k;
        top += of_top;
        const Pos bad = factor_front(k, *pools_[0], subtrees_.root[k], of_top ? sharing(k) : WHOLE);
        if (bad) return bad;
        if (subtrees_.root[k]) hand_over(k);
    }
    return 0;
}

Pos Numeric::factor_subtrees() {
    std::vector<Pos> failed(threads_, 0);
    run([&](int worker, Index first, Index last) {
        Pos bad = 0;
        for (Index k = first; k <= last && !bad; k++) bad = factor_front(k, *pools_[worker], k == last, WHOLE);
        if (bad && (!failed[worker] || bad < failed[worker])) failed[worker] = bad;
    });
    Pos bad = 0;
    for (Pos b : failed)
        if (b && (!bad || b < bad)) bad = b;
    if (bad) return bad;
    // what is left in the order of one thread, subtrees in their places
    std::size_t top = 0;
    for (Index k = 0; k < s_.count; k++) {
        if (top < subtrees_.top.size() && subtrees_.top[top] == k) {
            top++;
            bad = factor_front(k, *pools_[0], false, sharing(k));
            if (bad) return bad;
        } else if (subtrees_.root[k]) {
            hand_over(k);
        }
    }
    return 0;
}

void Numeric::invert_alone() {
    std::vector<Index> left(leaves_.open);
    std::vector<double> own;
    std::size_t top = subtrees_.top.size();
    for (Index k = s_.count - 1; k >= 0; k--) {
        const bool of_top = top > 0 && subtrees_.top[top - 1] == k;
        top -= of_top;
        invert_front(k, *pools_[0], left, own, false, of_top ? sharing(k) : WHOLE);
    }
}

void Numeric::invert_subtrees() {
    std::vector<Index> left(leaves_.open);
    std::vector<double> own;
    const std::vector<Index>& top = subtrees_.top;
    // children of the top that belong to a subtree keep its fronts: they count as never done, release() ends it
    for (std::size_t i = top.size(); i-- > 0;) invert_front(top[i], *pools_[0], left, own, false, sharing(top[i]));
    std::vector<std::vector<double>> mine(threads_);
    run([&](int worker, Index first, Index last) {
        for (Index k = last; k >= first; k--) invert_front(k, *pools_[worker], left, mine[worker], k == last, WHOLE);
    });
    release();
}

}  // namespace pyasreml
