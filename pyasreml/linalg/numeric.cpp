// The numeric object: storage, buffer pool, entry lists, assembly of C(theta) and the adjoint.
#include "kernel.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

namespace pyasreml {

// ------------------------------------------------------------------ storage
Values allocate(Pos size) {
    void* p = std::malloc(sizeof(double) * static_cast<std::size_t>(std::max<Pos>(size, 1)));
    if (!p) throw std::bad_alloc();
    return Values(static_cast<double*>(p));
}

namespace {

constexpr std::size_t LARGE = 8192;      // blocks from this size on stand by themselves
constexpr std::size_t ARENA = 1 << 16;   // elements of an arena
constexpr std::size_t MOST_FREE = 64;    // large blocks that a pool holds back

// Two classes to every power of two: the smallest of 16, 24, 32, 48, 64 ... that holds size.
std::pair<std::size_t, std::size_t> size_class(std::size_t size) {
    std::size_t room = 16, number = 0;
    while (room < size) {
        if (room + room / 2 >= size) return {number + 1, room + room / 2};
        room *= 2;
        number += 2;
    }
    return {number, room};
}

}  // namespace

Pool::~Pool() {
    for (double* p : arenas_) std::free(p);
    for (const Block& b : free_) std::free(b.data);
    for (const Block& b : used_) std::free(b.data);
}

double* Pool::get(std::size_t size) {
    if (size >= LARGE) return get_large(size);
    const auto [number, room] = size_class(size);
    if (small_.size() <= number) small_.resize(number + 1);
    std::vector<double*>& stock = small_[number];
    if (!stock.empty()) {
        double* p = stock.back();
        stock.pop_back();
        return p;
    }
    if (arena_left_ < room) {
        arenas_.push_back(nullptr);
        arenas_.back() = allocate(ARENA).release();
        arena_left_ = ARENA;
    }
    double* p = arenas_.back() + (ARENA - arena_left_);
    arena_left_ -= room;
    return p;
}

double* Pool::get_large(std::size_t size) {
    const std::size_t none = free_.size();
    std::size_t best = none;
    for (std::size_t i = 0; i < free_.size(); i++)
        if (free_[i].size >= size && (best == none || free_[i].size < free_[best].size)) best = i;
    Block b;
    if (best != none && free_[best].size <= 4 * size) {
        b = free_[best];
        free_[best] = free_.back();
        free_.pop_back();
    } else {
        if (free_.size() > MOST_FREE) {
            std::free(free_.back().data);
            free_.pop_back();
        }
        b.size = size + size / 4;
        b.data = allocate(static_cast<Pos>(b.size)).release();
    }
    used_.push_back(b);
    return b.data;
}

double* Pool::zeros(std::size_t size) {
    double* p = get(size);
    std::memset(p, 0, sizeof(double) * size);
    return p;
}

bool Pool::put(double* block, std::size_t size) {
    if (size < LARGE) {
        const std::size_t number = size_class(size).first;
        if (small_.size() <= number) small_.resize(number + 1);
        small_[number].push_back(block);
        return true;
    }
    for (std::size_t i = used_.size(); i-- > 0;)
        if (used_[i].data == block) {
            free_.push_back(used_[i]);
            used_[i] = used_.back();
            used_.pop_back();
            return true;
        }
    return false;
}

Numeric::Numeric(const Symbolic& symbolic, const Blas& blas, int threads)
    : s_(symbolic), blas_(blas), threads_(std::max(threads, 1)), factor_(allocate(symbolic.values())),
      floor_(symbolic.n, 0.0), subtrees_(divide(symbolic)), leaves_(symbolic, subtrees_), fronts_(symbolic.count, nullptr),
      packs_(symbolic.count) {
    if (subtrees_.work.empty()) threads_ = 1;
    for (int t = 0; t < threads_; t++) pools_.push_back(std::make_unique<Pool>());
}

// Gives a front back to its pool.
void Numeric::give_back(Index k) {
    const std::size_t below = s_.rows_below(k);
    for (auto& pool : pools_)
        if (pool->put(fronts_[k], below * below)) break;
    fronts_[k] = nullptr;
}

// The same for all fronts that a sweep has left.
void Numeric::release() {
    for (Index k = 0; k < s_.count; k++) {
        if (fronts_[k]) give_back(k);
        if (!packs_[k].data) continue;
        for (auto& pool : pools_)
            if (pool->put(packs_[k].data, static_cast<std::size_t>(leaves_.high(k)) * PACKED)) break;
        packs_[k] = Pack();
    }
}

Front Numeric::front(Index k, double* values) const {
    return Front{values + s_.panel[k], s_.width(k), s_.rows_below(k), fronts_[k]};
}

// ------------------------------------------------------------------ C = sum_e value[e] c[coef[e]] at entry e
namespace {

// Stable ascending order of keys in [0, limit).
std::vector<Pos> ascending(const std::vector<Pos>& key, Pos limit) {
    const std::size_t count = key.size();
    std::vector<Pos> order(count);
    std::iota(order.begin(), order.end(), Pos{0});
    if (std::is_sorted(key.begin(), key.end())) return order;
    constexpr int BITS = 12;
    if (count < 4096) {
        std::stable_sort(order.begin(), order.end(), [&](Pos a, Pos b) { return key[a] < key[b]; });
        return order;
    }
    std::vector<Pos> other(count), start(std::size_t{1} << BITS);
    for (int shift = 0; (limit >> shift) > 0; shift += BITS) {  // radix sort, least digit first
        std::fill(start.begin(), start.end(), 0);
        auto digit = [&](Pos e) { return (key[e] >> shift) & ((Pos{1} << BITS) - 1); };
        for (Pos e : order) start[digit(e)]++;
        Pos total = 0;
        for (Pos& x : start) total += std::exchange(x, total);
        for (Pos e : order) other[start[digit(e)]++] = e;
        order.swap(other);
    }
    return order;
}

}  // namespace

void Numeric::set_entries(Pos count, const Pos* where, const Index* coef, const double* value) {
    std::vector<Pos> key(count);
    for (Pos e = 0; e < count; e++) key[e] = s_.entry[where[e]];
    std::vector<Pos> order = ascending(key, s_.values());
    coefficients_ = 0;
    for (Pos e = 0; e < count; e++) coefficients_ = std::max(coefficients_, static_cast<Index>(coef[e] + 1));
    // zeros only make the pattern
    order.erase(std::remove_if(order.begin(), order.end(), [&](Pos e) { return value[e] == 0; }), order.end());
    count = static_cast<Pos>(order.size());
    position_.resize(count);
    coef_.resize(count);
    value_.resize(count);
    off_.resize(count);
    blocks_.clear();
    for (Pos e = 0; e < count; e++) {
        const Pos k = order[e];
        position_[e] = key[k];
        coef_[e] = coef[k];
        value_[e] = value[k];
    }
    // diagonal positions are the only ones on a panel's diagonal: both lists ascend
    Pos e = 0;
    for (Index k = 0; k < s_.n; k++) {
        while (e < count && position_[e] < s_.diagonal[k]) off_[e++] = 1;
        while (e < count && position_[e] == s_.diagonal[k]) off_[e++] = 0;
    }
    while (e < count) off_[e++] = 1;
}

void Numeric::assemble(const double* c) {
    double* l = factor_.get();
    std::memset(l, 0, sizeof(double) * static_cast<std::size_t>(s_.values()));
    const Pos count = static_cast<Pos>(position_.size());
    for (Pos e = 0; e < count; e++) l[position_[e]] += value_[e] * c[coef_[e]];
    assemble_blocks(c);
}

// t[m] = d log|C| / d c[m] = sum of value * Z over the entries of m, those off the diagonal twice.
void Numeric::adjoint(double* t) const {
    const double* z = inverse_.get();
    std::fill(t, t + coefficients_, 0.0);
    const Pos count = static_cast<Pos>(position_.size());
    for (Pos e = 0; e < count; e++) {
        const double x = z[position_[e]] * value_[e];
        t[coef_[e]] += off_[e] ? x + x : x;
    }
    adjoint_blocks(t);
}

void Numeric::inverse_diagonal(double* d) const {
    for (Index k = 0; k < s_.n; k++) d[s_.perm[k]] = inverse_[s_.diagonal[k]];
}

Pos Numeric::inverse_at(Pos count, const Index* rows, const Index* cols, double* out) const {
    for (Pos e = 0; e < count; e++) {
        const Pos p = s_.locate(s_.inverse[rows[e]], s_.inverse[cols[e]]);
        if (p < 0) return e;
        out[e] = inverse_[p];
    }
    return -1;
}

}  // namespace pyasreml
