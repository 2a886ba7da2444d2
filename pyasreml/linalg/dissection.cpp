// Nested dissection by coordinates (George 1973 SIAM J Numer Anal 10:345): equations with a place in the field are
// halved along the longer side; those of one half with a neighbour in the other form the separator and come last.
#include "kernel.hpp"

#include <algorithm>
#include <cmath>

namespace pyasreml {
namespace {

constexpr Index LEAF = 12;  // parts of this size are not divided further

class Dissection {
  public:
    Dissection(const Pattern& c, const double* coordinates, int dims, Index* perm)
        : x_(coordinates), dims_(dims), perm_(perm), part_(c.n, 0) {
        std::vector<Index> identity(c.n);
        for (Index i = 0; i < c.n; i++) identity[i] = i;
        adjacency(c, identity.data(), c.n, start_, neighbour_);
    }
    // orders nodes[from, to) into the same range
    void split(std::vector<Index>& nodes, Index from, Index to);

  private:
    const double* x_;
    int dims_;
    Index* perm_;
    Index labels_ = 0;
    std::vector<Index> part_;
    std::vector<Pos> start_;
    std::vector<Index> neighbour_;
    double at(Index i, int d) const { return x_[static_cast<std::size_t>(i) * dims_ + d]; }
};

void Dissection::split(std::vector<Index>& nodes, Index from, Index to) {
    auto keep = [&] { std::copy(nodes.begin() + from, nodes.begin() + to, perm_ + from); };
    if (to - from <= LEAF) return keep();
    int axis = 0;
    double widest = -1, low = 0;
    for (int d = 0; d < dims_; d++) {
        double lo = at(nodes[from], d), hi = lo;
        for (Index k = from; k < to; k++) {
            lo = std::min(lo, at(nodes[k], d));
            hi = std::max(hi, at(nodes[k], d));
        }
        if (hi - lo > widest) {
            widest = hi - lo;
            axis = d;
            low = lo;
        }
    }
    if (!(widest > 0)) return keep();
    const Index middle = from + (to - from) / 2;
    std::nth_element(nodes.begin() + from, nodes.begin() + middle, nodes.begin() + to,
                     [&](Index a, Index b) { return at(a, axis) < at(b, axis); });
    const double cut = at(nodes[middle], axis);
    // ties stay together: below the cut, or up to it where nothing lies below
    const bool upto = !(cut > low);
    auto below = [&](Index i) { return upto ? at(i, axis) <= cut : at(i, axis) < cut; };
    const Index left = ++labels_, right = ++labels_;
    Index count[2] = {0, 0};
    for (Index k = from; k < to; k++) part_[nodes[k]] = below(nodes[k]) ? left : right;
    auto border = [&](Index i, Index other) {
        for (Pos p = start_[i]; p < start_[i + 1]; p++)
            if (part_[neighbour_[p]] == other) return true;
        return false;
    };
    std::vector<unsigned char> cut_off(to - from, 0);
    for (Index k = from; k < to; k++) {
        const bool in_left = part_[nodes[k]] == left;
        if (border(nodes[k], in_left ? right : left)) {
            cut_off[k - from] = in_left ? 1 : 2;
            count[in_left ? 0 : 1]++;
        }
    }
    const unsigned char chosen = count[0] <= count[1] ? 1 : 2;  // the smaller border separates
    std::vector<Index> a, b, separator;
    for (Index k = from; k < to; k++) {
        const Index i = nodes[k];
        (cut_off[k - from] == chosen ? separator : part_[i] == left ? a : b).push_back(i);
    }
    if (static_cast<Index>(separator.size()) == to - from) return keep();
    for (Index i : separator) part_[i] = 0;
    auto out = nodes.begin() + from;
    out = std::copy(a.begin(), a.end(), out);
    out = std::copy(b.begin(), b.end(), out);
    std::copy(separator.begin(), separator.end(), out);
    const Index end_a = from + static_cast<Index>(a.size()), end_b = end_a + static_cast<Index>(b.size());
    if (end_a > from && end_b > end_a) {
        split(nodes, from, end_a);
        split(nodes, end_a, end_b);
        std::copy(separator.begin(), separator.end(), perm_ + end_b);
    } else {
        keep();
    }
}

}  // namespace

void dissect(const Pattern& c, const double* coordinates, int dims, Index* perm) {
    std::vector<Index> placed, rest;
    for (Index i = 0; i < c.n; i++) {
        bool finite = true;
        for (int d = 0; d < dims; d++)
            finite = finite && std::isfinite(coordinates[static_cast<std::size_t>(i) * dims + d]);
        (finite ? placed : rest).push_back(i);
    }
    const Index count = static_cast<Index>(placed.size());
    Dissection(c, coordinates, dims, perm).split(placed, 0, count);
    std::copy(rest.begin(), rest.end(), perm + count);
}

}  // namespace pyasreml
