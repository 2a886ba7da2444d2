// Approximate minimum degree ordering on the quotient graph.
//
// Written from Amestoy, Davis & Duff (1996) SIAM J Matrix Anal Appl 17:886: element absorption (aggressive), mass
// elimination, supervariables by hashing, approximate external degrees. Dense rows are set aside and come last, then
// the equations that the caller forces to the end.
#include "kernel.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace pyasreml {
namespace {

constexpr Index ELEMENT = -1;  // value of elements_ once a variable has been eliminated or absorbed

class MinimumDegree {
  public:
    MinimumDegree(const Pattern& c, double dense, const Index* stage);
    void run();
    void write(const Index* stage, Index* perm);

  private:
    Index n_, alive_;
    std::vector<unsigned char> aside_;     // dense or forced to the end
    std::vector<Index> meets_;             // neighbours set aside
    std::vector<Index> last_nodes_;
    std::vector<Index> list_;              // adjacency of variables (elements first, then variables) and of elements
    std::vector<Pos> begin_;
    std::vector<Index> length_, elements_; // length of a list; how many of it are elements
    std::vector<Index> size_;              // columns a supervariable stands for; negative while in the current element
    std::vector<Index> degree_, head_, next_, previous_, bucket_, absorbed_by_;
    std::vector<Pos> mark_;                // 0: dead
    std::vector<Index> pivots_;
    Pos free_ = 0, stamp_ = 2;
    Index eliminated_ = 0, lowest_ = 0;
    Pos element_begin_ = 0, element_end_ = 0;  // variables of the current element in list_

    void insert(Index i, Index d) {
        const Index h = head_[d];
        next_[i] = h;
        previous_[i] = -1;
        if (h >= 0) previous_[h] = i;
        head_[d] = i;
    }
    void remove(Index i) {
        const Index p = previous_[i], x = next_[i];
        if (x >= 0) previous_[x] = p;
        if (p >= 0)
            next_[p] = x;
        else
            head_[degree_[i]] = x;
    }
    void absorb(Index e, Index into) {
        absorbed_by_[e] = into;
        mark_[e] = 0;
        length_[e] = 0;
    }
    void compress(Pos need, Index pivot);
    Index form_element(Index pivot);
    void mark_overlaps();
    void update_degrees(Index pivot, Index& weight);
    void merge_indistinguishable();
    void restore(Index pivot, Index weight);
};

MinimumDegree::MinimumDegree(const Pattern& c, double dense, const Index* stage)
    : n_(c.n), aside_(c.n, 0), meets_(c.n, 0), begin_(c.n, 0), length_(c.n, 0), elements_(c.n, 0), size_(c.n, 1), degree_(c.n, 0),
      head_(c.n, -1), next_(c.n, -1), previous_(c.n, -1), bucket_(c.n, -1), absorbed_by_(c.n, -1), mark_(c.n, 1) {
    auto each = [&](auto visit) {
        for (Index j = 0; j < n_; j++)
            for (Pos p = c.start[j]; p < c.start[j + 1]; p++)
                if (c.row[p] != j) visit(c.row[p], j);
    };
    each([&](Index i, Index j) {
        length_[i]++;
        length_[j]++;
    });
    const double limit = std::max(16.0, dense * std::sqrt(static_cast<double>(n_)));
    for (Index j = 0; j < n_; j++)
        if ((stage && stage[j]) || length_[j] > limit) {
            aside_[j] = 1;
            last_nodes_.push_back(j);
        }
    alive_ = n_ - static_cast<Index>(last_nodes_.size());
    std::fill(length_.begin(), length_.end(), 0);
    each([&](Index i, Index j) {
        meets_[i] += aside_[j];
        meets_[j] += aside_[i];
        if (aside_[i] || aside_[j]) return;
        length_[i]++;
        length_[j]++;
    });
    Pos total = 0;
    for (Index j = 0; j < n_; j++) {
        begin_[j] = total;
        total += length_[j];
    }
    list_.resize(static_cast<std::size_t>(total + total / 5 + n_ + 16));
    std::vector<Pos> fill(begin_);
    each([&](Index i, Index j) {
        if (aside_[i] || aside_[j]) return;
        list_[fill[j]++] = i;
        list_[fill[i]++] = j;
    });
    free_ = total;
    for (Index i = 0; i < n_; i++)
        if (!aside_[i]) {
            degree_[i] = length_[i];
            insert(i, degree_[i]);
        }
    pivots_.reserve(alive_);
}

// Moves the live lists together so that `need` more positions are free.
void MinimumDegree::compress(Pos need, Index pivot) {
    std::vector<std::pair<Pos, Index>> live;
    for (Index i = 0; i < n_; i++) {
        if (aside_[i] || length_[i] == 0) continue;
        if (elements_[i] == ELEMENT ? mark_[i] != 0 : size_[i] > 0 || i == pivot) live.push_back({begin_[i], i});
    }
    std::sort(live.begin(), live.end());
    free_ = 0;
    for (const auto& [from, i] : live) {
        begin_[i] = free_;
        for (Index k = 0; k < length_[i]; k++) list_[free_++] = list_[from + k];
    }
    if (free_ + need > static_cast<Pos>(list_.size()))
        list_.resize(static_cast<std::size_t>(free_ + need + static_cast<Pos>(list_.size()) / 4));
}

// The new element's variables: neighbours of the pivot and of its elements. Returns their weight in columns.
Index MinimumDegree::form_element(Index pivot) {
    const Index own_elements = elements_[pivot];
    Index weight = 0;
    auto take = [&](Pos from, Index length) {
        for (Pos p = from; p < from + length; p++) {
            const Index i = list_[p], s = size_[i];
            if (s <= 0) continue;
            weight += s;
            size_[i] = -s;
            list_[element_end_++] = i;
            remove(i);
        }
    };
    if (own_elements == 0) {  // in place
        element_begin_ = element_end_ = begin_[pivot];
        take(begin_[pivot], length_[pivot]);
    } else {
        Pos need = length_[pivot] - own_elements;
        for (Index k = 0; k < own_elements; k++) need += length_[list_[begin_[pivot] + k]];
        if (free_ + need > static_cast<Pos>(list_.size())) compress(need, pivot);
        element_begin_ = element_end_ = free_;
        const Pos from = begin_[pivot];
        for (Index k = 0; k < own_elements; k++) {
            const Index e = list_[from + k];
            take(begin_[e], length_[e]);
            absorb(e, pivot);
        }
        take(from + own_elements, length_[pivot] - own_elements);
        free_ = element_end_;
    }
    begin_[pivot] = element_begin_;
    length_[pivot] = static_cast<Index>(element_end_ - element_begin_);
    elements_[pivot] = ELEMENT;
    degree_[pivot] = weight;
    return weight;
}

// mark_[e] - stamp_ becomes the weight of element e outside the new element.
void MinimumDegree::mark_overlaps() {
    for (Pos p = element_begin_; p < element_end_; p++) {
        const Index i = list_[p], s = -size_[i];
        for (Pos q = begin_[i]; q < begin_[i] + elements_[i]; q++) {
            const Index e = list_[q];
            if (mark_[e] >= stamp_)
                mark_[e] -= s;
            else if (mark_[e] != 0)
                mark_[e] = degree_[e] + stamp_ - s;
        }
    }
}

// Shortens the lists of the element's variables, eliminates those that have no other neighbour, hashes the others.
void MinimumDegree::update_degrees(Index pivot, Index& weight) {
    for (Pos p = element_begin_; p < element_end_; p++) {
        const Index i = list_[p];
        const Pos from = begin_[i];
        Pos to = from;
        Index degree = 0;
        std::uint32_t hash = 0;
        for (Pos q = from; q < from + elements_[i]; q++) {
            const Index e = list_[q];
            if (mark_[e] == 0) continue;
            const Index outside = static_cast<Index>(mark_[e] - stamp_);
            if (outside > 0) {
                degree += outside;
                list_[to++] = e;
                hash += static_cast<std::uint32_t>(e);
            } else {
                absorb(e, pivot);
            }
        }
        const Pos variables = to;
        for (Pos q = from + elements_[i]; q < from + length_[i]; q++) {
            const Index j = list_[q], s = size_[j];
            if (s <= 0) continue;
            degree += s;
            list_[to++] = j;
            hash += static_cast<std::uint32_t>(j);
        }
        if (to == from) {  // nothing but the new element: eliminated together with the pivot
            const Index s = -size_[i];
            weight -= s;
            size_[pivot] -= s;  // negative while the pivot is current
            eliminated_ += s;
            absorbed_by_[i] = pivot;
            size_[i] = 0;
            length_[i] = 0;
            elements_[i] = ELEMENT;
            mark_[i] = 0;
            continue;
        }
        degree_[i] = std::min(degree_[i], degree);
        // the new element goes first; an absorbed element or the pivot itself has left a place free
        list_[to] = list_[variables];
        list_[variables] = list_[from];
        list_[from] = pivot;
        elements_[i] = static_cast<Index>(variables - from) + 1;
        length_[i] = static_cast<Index>(to - from) + 1;
        const Index b = static_cast<Index>((hash + static_cast<std::uint32_t>(pivot)) % static_cast<std::uint32_t>(n_));
        next_[i] = bucket_[b];
        bucket_[b] = i;
        previous_[i] = b;
    }
    degree_[pivot] = weight;
    stamp_ += n_ + 1;
}

// Variables of the element with equal lists become one supervariable.
void MinimumDegree::merge_indistinguishable() {
    for (Pos p = element_begin_; p < element_end_; p++) {
        const Index i = list_[p];
        if (size_[i] >= 0) continue;
        Index x = bucket_[previous_[i]];
        bucket_[previous_[i]] = -1;
        for (; x >= 0 && next_[x] >= 0; x = next_[x]) {
            const Index length = length_[x], own_elements = elements_[x];
            for (Pos q = begin_[x] + 1; q < begin_[x] + length; q++) mark_[list_[q]] = stamp_;
            Index before = x;
            for (Index j = next_[x]; j >= 0;) {
                bool same = length_[j] == length && elements_[j] == own_elements;
                for (Pos q = begin_[j] + 1; same && q < begin_[j] + length; q++) same = mark_[list_[q]] == stamp_;
                if (same) {
                    absorbed_by_[j] = x;
                    size_[x] += size_[j];
                    size_[j] = 0;
                    elements_[j] = ELEMENT;
                    length_[j] = 0;
                    mark_[j] = 0;
                    j = next_[before] = next_[j];
                } else {
                    before = j;
                    j = next_[j];
                }
            }
            stamp_++;
        }
    }
}

// Puts the remaining variables back into the degree lists and closes the element.
void MinimumDegree::restore(Index pivot, Index weight) {
    const Index left = alive_ - eliminated_;
    Pos to = element_begin_;
    for (Pos p = element_begin_; p < element_end_; p++) {
        const Index i = list_[p], s = -size_[i];
        if (s <= 0) continue;
        size_[i] = s;
        const Index degree = std::max(0, std::min(degree_[i] + weight - s, left - s));
        degree_[i] = degree;
        insert(i, degree);
        lowest_ = std::min(lowest_, degree);
        list_[to++] = i;
    }
    size_[pivot] = -size_[pivot];
    length_[pivot] = static_cast<Index>(to - element_begin_);
    mark_[pivot] = length_[pivot] == 0 ? 0 : 1;
    if (element_end_ == free_) free_ = to;
    pivots_.push_back(pivot);
}

void MinimumDegree::run() {
    while (eliminated_ < alive_) {
        while (head_[lowest_] < 0) lowest_++;
        const Index pivot = head_[lowest_];
        remove(pivot);
        eliminated_ += size_[pivot];
        size_[pivot] = -size_[pivot];
        Index weight = form_element(pivot);
        mark_overlaps();
        update_degrees(pivot, weight);
        merge_indistinguishable();
        restore(pivot, weight);
    }
}

// Pivots in sequence, each with the variables absorbed into it: alike among those that take part, they differ in what
// was set aside, and the fewer of it a variable meets the earlier it goes.
void MinimumDegree::write(const Index* stage, Index* perm) {
    std::vector<unsigned char> is_pivot(n_, 0);
    for (Index m : pivots_) is_pivot[m] = 1;
    std::vector<Index> head(n_, -1), next(n_, -1);
    for (Index i = n_ - 1; i >= 0; i--) {
        if (is_pivot[i] || aside_[i]) continue;
        Index root = i;
        while (!is_pivot[root]) root = absorbed_by_[root];
        for (Index x = i; !is_pivot[x];) {
            const Index up = absorbed_by_[x];
            absorbed_by_[x] = root;
            x = up;
        }
        next[i] = head[root];
        head[root] = i;
    }
    Index k = 0;
    for (Index m : pivots_) {
        Index* const group = perm + k;
        perm[k++] = m;
        for (Index i = head[m]; i >= 0; i = next[i]) perm[k++] = i;
        std::stable_sort(group, perm + k, [&](Index a, Index b) { return meets_[a] < meets_[b]; });
    }
    if (stage)
        std::stable_sort(last_nodes_.begin(), last_nodes_.end(), [&](Index a, Index b) { return stage[a] < stage[b]; });
    for (Index j : last_nodes_) perm[k++] = j;
}

}  // namespace

void min_degree(const Pattern& c, double dense, const Index* stage, Index* perm) {
    MinimumDegree order(c, dense, stage);
    order.run();
    order.write(stage, perm);
}

}  // namespace pyasreml
