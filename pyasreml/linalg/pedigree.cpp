// Inbreeding by tracing ancestors (Meuwissen & Luo 1992, Genet. Sel. Evol. 24:305), in the order of longest ancestral
// paths (Sargolzaei & Iwaisaki 2005, Jpn. J. Biom. 26:19) and only as far as both parents have ancestors left; the
// inverse by the rules of Henderson (1976, Biometrics 32:69) and Quaas (1976, Biometrics 32:949; with groups 1988, J.
// Dairy Sci. 71:1338).
#include "pedigree.hpp"

#include <algorithm>
#include <unordered_map>

namespace pyasreml {

using Index = std::int32_t;

namespace {

// Relationship of two animals: sum of L(x, j) L(y, j) d(j) over the ancestors j of both, L being the shares of j's own
// part in x and in y.
class Tracer {
  public:
    Tracer(Index n, const Index* first, const Index* second, const Inheritance& rules) : animals_(n) {
        for (Index i = 0; i < n; i++) {
            Animal& x = animals_[i];
            x.first = first[i];
            x.second = second[i];
            x.w1 = rules.w1[i];
            x.w2 = rules.w2[i];
        }
    }

    // Animals enter in order; `own` is the variance of an animal's own part.
    void enter(Index i, double own) {
        Animal& x = animals_[i];
        x.own = own;
        for (Index p : {x.first, x.second})
            if (p >= 0) x.level = std::max(x.level, animals_[p].level + 1);
        if (x.level >= Index(waiting_.size())) waiting_.resize(x.level + 1);
    }

    double relationship(Index x, Index y) {
        add(x, 1, 1.0);
        add(y, 2, 1.0);
        double sum = 0;
        Index at = std::max(animals_[x].level, animals_[y].level);
        // count_[s] animals wait that belong to side s; what is of one side alone cannot meet once the other is done
        for (; at >= 0 && (count_[3] || (count_[1] && count_[2])); at--) {
            auto& list = waiting_[at];
            while (!list.empty()) {
                Animal& j = animals_[list.back()];
                list.pop_back();
                const double sx = j.x, sy = j.y;
                const int side = leave(j);
                sum += sx * sy * j.own;
                inherit(j.first, side, j.w1 * sx, j.w1 * sy);
                inherit(j.second, side, j.w2 * sx, j.w2 * sy);
            }
        }
        for (; at >= 0; at--) {
            for (Index j : waiting_[at]) leave(animals_[j]);
            waiting_[at].clear();
        }
        return sum;
    }

  private:
    // One cache line each: tracing jumps about.
    struct alignas(64) Animal {
        Index first, second, level = 0, side = 0;
        double w1, w2, own = 0, x = 0, y = 0;  // x, y: shares of its own part in the two animals
    };

    int leave(Animal& j) {
        const int side = j.side;
        count_[side]--;
        j.side = 0;
        j.x = j.y = 0;
        return side;
    }

    Animal& wait(Index i, int side) {
        Animal& j = animals_[i];
        if (!j.side) {
            waiting_[j.level].push_back(i);
        } else {
            count_[j.side]--;
        }
        j.side |= side;
        count_[j.side]++;
        return j;
    }

    void add(Index i, int side, double share) {
        Animal& j = wait(i, side);
        (side == 1 ? j.x : j.y) += share;
    }

    void inherit(Index p, int side, double x, double y) {
        if (p < 0) return;
        Animal& j = wait(p, side);
        j.x += x;
        j.y += y;
    }

    std::vector<Animal> animals_;
    std::vector<std::vector<Index>> waiting_;
    Index count_[4] = {0, 0, 0, 0};
};

}  // namespace

bool pedigree_order(Index n, const Index* first, const Index* second, Index* order, std::vector<Index>& loop) {
    std::vector<unsigned char> state(n, 0);  // 0 not met, 1 its ancestors are being placed, 2 placed
    std::vector<Index> path;
    Index placed = 0;
    for (Index i = 0; i < n; i++) {
        if (state[i]) continue;
        path.push_back(i);
        state[i] = 1;
        while (!path.empty()) {
            const Index j = path.back();
            Index next = -1;
            for (Index p : {first[j], second[j]}) {
                if (p < 0 || state[p] == 2) continue;
                if (state[p] == 1) {
                    const auto from = std::find(path.begin(), path.end(), p);
                    loop.assign(from, path.end());
                    std::reverse(loop.begin(), loop.end());
                    return false;
                }
                next = p;
                break;
            }
            if (next >= 0) {
                state[next] = 1;
                path.push_back(next);
            } else {
                state[j] = 2;
                order[placed++] = j;
                path.pop_back();
            }
        }
    }
    return true;
}

Index pedigree_variances(Index n, const Index* first, const Index* second, const Inheritance& rules, double* a,
                         double* d) {
    constexpr double LEAST = 1e-10;
    Tracer tracer(n, first, second, rules);
    std::unordered_map<std::uint64_t, double> families;
    for (Index i = 0; i < n; i++) {
        const Index p = first[i], q = second[i];
        const double w1 = rules.w1[i], w2 = rules.w2[i];
        double inbreeding = 0, explained = 0;
        if (p >= 0 && q >= 0) {
            double pair;
            if (p == q) {
                pair = a[p];
            } else {
                const std::uint64_t low = std::min(p, q), high = std::max(p, q);
                const auto found = families.try_emplace(high << 32 | low, 0.0);
                if (found.second) found.first->second = tracer.relationship(p, q);
                pair = found.first->second;
            }
            inbreeding = rules.pair * pair;
            explained = w1 * w1 * a[p] + w2 * w2 * a[q] + 2 * w1 * w2 * pair;
        } else if (p >= 0 || q >= 0) {
            const double known = p >= 0 ? a[p] : a[q], w = p >= 0 ? w1 : w2;
            inbreeding = rules.selfing * known / 2;
            explained = w * w * known;
        }
        a[i] = rules.base[i] * (2 - (1 - inbreeding) * rules.outbred[i]);
        d[i] = a[i] - explained;
        if (!(d[i] > LEAST)) return i;
        tracer.enter(i, d[i]);
    }
    return -1;
}

void pedigree_inverse(Index n, const Index* first, const Index* second, const double* w1, const double* w2,
                      const double* d, std::vector<std::int64_t>& start, std::vector<Index>& col,
                      std::vector<double>& value) {
    std::vector<double> diagonal(n, 0.0);
    std::vector<std::int64_t> count(n + 1, 0);
    // every contribution off the diagonal: own first parent, own second parent, the two parents
    const auto each = [&](auto&& add) {
        for (Index i = 0; i < n; i++) {
            if (!(d[i] > 0)) continue;
            const double own = 1 / d[i];
            const Index p = first[i], q = second[i];
            if (p >= 0) add(i, p, -w1[i] * own);
            if (q >= 0) add(i, q, -w2[i] * own);
            if (p >= 0 && q >= 0 && p != q) add(std::max(p, q), std::min(p, q), w1[i] * w2[i] * own);
        }
    };
    each([&](Index row, Index, double) { count[row + 1]++; });
    for (Index i = 0; i < n; i++) count[i + 1] += count[i];
    std::vector<std::pair<Index, double>> entries(count[n]);
    std::vector<std::int64_t> at(count.begin(), count.end() - 1);
    each([&](Index row, Index column, double x) { entries[at[row]++] = {column, x}; });
    for (Index i = 0; i < n; i++) {
        if (!(d[i] > 0)) continue;
        const double own = 1 / d[i];
        const Index p = first[i], q = second[i];
        diagonal[i] += own;
        if (p >= 0 && p == q) {
            diagonal[p] += (w1[i] + w2[i]) * (w1[i] + w2[i]) * own;
        } else {
            if (p >= 0) diagonal[p] += w1[i] * w1[i] * own;
            if (q >= 0) diagonal[q] += w2[i] * w2[i] * own;
        }
    }
    start.assign(1, 0);
    start.reserve(n + 1);
    col.reserve(entries.size() + n);
    value.reserve(entries.size() + n);
    for (Index i = 0; i < n; i++) {
        const auto from = entries.begin() + count[i], to = entries.begin() + count[i + 1];
        std::sort(from, to, [](const auto& x, const auto& y) { return x.first < y.first; });
        for (auto e = from; e != to; ++e) {
            if (std::int64_t(col.size()) > start.back() && col.back() == e->first) {
                value.back() += e->second;
            } else {
                col.push_back(e->first);
                value.push_back(e->second);
            }
        }
        col.push_back(i);
        value.push_back(diagonal[i]);
        start.push_back(std::int64_t(col.size()));
    }
}

}  // namespace pyasreml
