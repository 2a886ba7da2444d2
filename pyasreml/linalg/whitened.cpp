// S'MS by its entries, each a value times a sum of products that it shares with others: of complete data all genotypes
// have the same sums. Entries are told apart by hashes of the products they take (twice 64 bits).
#include "hashing.hpp"
#include "whitened.hpp"

#include <unordered_map>

namespace pyasreml {
namespace {

// Calls f(row, col, key, value) for every product of every entry, row >= col.
template <class F>
void each(const ByEffects& m, F f) {
    for (Pos e = 0; e < m.count; e++) {
        const Pos r = m.row[e], c = m.col[e];
        for (Pos p = m.start[r]; p < m.start[r + 1]; p++) {
            const Index a = m.unknown[p];
            const Pos first = (m.coef[e] * m.span + m.entry[p]) * m.span;
            for (Pos q = m.start[c]; q < m.start[c + 1]; q++) {
                const Index b = m.unknown[q];
                if (r == c && a < b) continue;  // of a diagonal entry's pairs one order is enough
                // two effects with one unknown meet on its diagonal twice
                const double x = r != c && a == b ? 2 * m.value[e] : m.value[e];
                f(a >= b ? a : b, a >= b ? b : a, first + m.entry[q], x);
            }
        }
    }
}

struct Place {
    Index row, col;
    double value;  // of the first product
    Hash one = 0, two = 0;
};

// Places by row and column: open addressing.
class Table {
  public:
    explicit Table(Pos expected) {
        std::size_t size = 1024;
        while (size < 2 * static_cast<std::size_t>(expected)) size *= 2;
        slots_.assign(size, -1);
    }
    Index find(Index row, Index col, double value) {
        std::size_t at = where(row, col);
        for (; slots_[at] >= 0; at = (at + 1) & (slots_.size() - 1)) {
            const Place& p = places[slots_[at]];
            if (p.row == row && p.col == col) return slots_[at];
        }
        slots_[at] = static_cast<Index>(places.size());
        places.push_back(Place{row, col, value != 0 ? value : 1});
        if (2 * places.size() > slots_.size()) grow();
        return static_cast<Index>(places.size() - 1);
    }
    std::vector<Place> places;

  private:
    std::vector<Index> slots_;
    std::size_t where(Index row, Index col) const {
        const Hash h = finish((static_cast<Hash>(static_cast<std::uint32_t>(row)) << 32) | static_cast<std::uint32_t>(col));
        return h & (slots_.size() - 1);
    }
    void grow() {
        std::vector<Index> wider(2 * slots_.size(), -1);
        slots_.swap(wider);
        for (std::size_t k = 0; k < places.size(); k++) {
            std::size_t at = where(places[k].row, places[k].col);
            while (slots_[at] >= 0) at = (at + 1) & (slots_.size() - 1);
            slots_[at] = static_cast<Index>(k);
        }
    }
};

struct Both {
    Hash one, two;
    bool operator==(const Both& o) const { return one == o.one && two == o.two; }
};
struct First {
    std::size_t operator()(const Both& b) const { return b.one; }
};

}  // namespace

void expand(const ByEffects& m, ByUnknowns& out) {
    Table table(2 * m.count);
    std::vector<Index> at_place;  // of every product
    at_place.reserve(2 * m.count);
    each(m, [&](Index r, Index c, Pos key, double x) {
        at_place.push_back(table.find(r, c, x));
        Place& p = table.places[at_place.back()];
        const Hash h = finish(static_cast<Hash>(key) * 0x9e3779b97f4a7c15u ^ bits(x / p.value));
        p.one += h;  // in any order
        p.two += finish(h + 0x632be59bd9b4e019u);
    });
    std::unordered_map<Both, Index, First> found;
    std::vector<unsigned char> stands;  // 1 where the place is the first with its sum
    for (const Place& p : table.places) {
        const auto at = found.emplace(Both{p.one, p.two}, out.sums);
        stands.push_back(at.second);
        out.sums += at.second;
        out.row.push_back(p.row);
        out.col.push_back(p.col);
        out.number.push_back(at.first->second);
        out.value.push_back(p.value);
    }
    const Index* next = at_place.data();
    each(m, [&](Index, Index, Pos key, double x) {
        const Index k = *next++;
        if (!stands[k]) return;
        out.sum.push_back(out.number[k]);
        out.key.push_back(key);
        out.factor.push_back(x / table.places[k].value);
    });
}

}  // namespace pyasreml
