// Factor and selected inverse by threads over disjoint subtrees. Who does what, and the order of every addition, is
// fixed by the analysis and the number of threads: the same number gives the same bits.
#include "dense.hpp"
#include "tiles.hpp"

#include <algorithm>
#include <exception>
#include <numeric>

namespace pyasreml {

double work(const Symbolic& s, Index k) {
    const double width = s.width(k), below = s.rows_below(k);
    const double multiply_adds = width * below * below + width * width * below + width * width * width / 3;
    return 700 + 0.05 * multiply_adds + 0.8 * below * below;
}

Subtrees divide(const Symbolic& s, int threads) {
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
    // the heaviest subtrees are opened until none holds more than a share of the work
    constexpr double PARTS = 6, SMALLEST = 200;
    constexpr int MOST_OPENED = 4000;
    const double limit = total / (threads * PARTS);
    auto lighter = [&](Index a, Index b) { return load[a] != load[b] ? load[a] < load[b] : a < b; };
    std::make_heap(candidates.begin(), candidates.end(), lighter);
    Subtrees out;
    for (int opened = 0; !candidates.empty() && opened < MOST_OPENED; opened++) {
        const Index k = candidates.front();
        if (load[k] <= limit) break;
        std::pop_heap(candidates.begin(), candidates.end(), lighter);
        candidates.pop_back();
        out.top.push_back(k);
        for (Index c = head[k]; c >= 0; c = next[c]) {
            if (load[c] > limit / SMALLEST) {
                candidates.push_back(c);
                std::push_heap(candidates.begin(), candidates.end(), lighter);
            } else {
                for (Index q = first[c]; q <= c; q++) out.top.push_back(q);
            }
        }
    }
    std::sort(out.top.begin(), out.top.end());
    std::sort(candidates.begin(), candidates.end(), [&](Index a, Index b) { return lighter(b, a); });
    out.work.resize(threads);
    std::vector<double> given(threads, 0.0);
    for (Index k : candidates) {
        const auto t = std::min_element(given.begin(), given.end()) - given.begin();
        given[t] += load[k];
        out.work[t].push_back({first[k], k});
    }
    for (auto& list : out.work) std::sort(list.begin(), list.end());
    return out;
}

void run(const Subtrees& subtrees, const std::function<void(int, Index, Index)>& job) {
    const int threads = static_cast<int>(subtrees.work.size());
    std::vector<std::exception_ptr> failed(threads);
    auto one = [&](int t) {
        try {
            for (const auto& [first, last] : subtrees.work[t]) job(t, first, last);
        } catch (...) {
            failed[t] = std::current_exception();
        }
    };
    split(threads, threads, [&](int from, int to) {
        for (int t = from; t < to; t++) one(t);
    });
    for (const std::exception_ptr& e : failed)
        if (e) std::rethrow_exception(e);
}

constexpr double LARGE_FRONT = 4e6;  // work from which a front is divided among the threads

Pos Numeric::factor_subtrees() {
    std::vector<Pos> failed(threads_, 0);
    run(*subtrees_, [&](int t, Index first, Index last) {
        for (Index k = first; k <= last && !failed[t]; k++) failed[t] = factor_front(k, *pools_[t], k == last, 1);
    });
    Pos bad = 0;
    for (Pos b : failed)
        if (b && (!bad || b < bad)) bad = b;
    for (int t = 0; t < threads_ && !bad; t++)
        for (const auto& [first, k] : subtrees_->work[t]) {
            const Index p = s_.parent[k];
            if (p < 0) continue;
            const std::size_t below = s_.rows_below(k), parent_below = s_.rows_below(p);
            if (parent_below > 0 && !fronts_[p]) fronts_[p] = pools_[0]->zeros(parent_below * parent_below);
            extend_add(fronts_[k], static_cast<int>(below), s_.relative_of(k), front(p, factor_.get()));
            pools_[t]->put(fronts_[k], below * below);
            fronts_[k] = nullptr;
        }
    for (std::size_t i = 0; i < subtrees_->top.size() && !bad; i++) {
        const Index k = subtrees_->top[i];
        bad = factor_front(k, *pools_[0], false, work(s_, k) > LARGE_FRONT ? threads_ : 1);
    }
    if (bad) release();
    return bad;
}

void Numeric::invert_subtrees() {
    std::vector<Index> left(s_.children);
    std::vector<double> own;
    const std::vector<Index>& top = subtrees_->top;
    // children of the top that belong to a subtree keep its fronts: they count as never done, release() ends it
    for (std::size_t i = top.size(); i-- > 0;) 
        invert_front(top[i], *pools_[0], left, own, false, work(s_, top[i]) > LARGE_FRONT ? threads_ : 1);
    run(*subtrees_, [&](int t, Index first, Index last) {
        std::vector<double> mine;
        for (Index k = last; k >= first; k--) invert_front(k, *pools_[t], left, mine, k == last, 1);
    });
    release();
}

}  // namespace pyasreml
