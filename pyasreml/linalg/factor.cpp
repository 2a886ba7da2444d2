// Multifrontal Cholesky with L in place: a child's update goes straight into its parent's panel and, for the rows
// below the parent's own, into one square front that lives until the parent is eliminated.
//
// Duff & Reid (1983) ACM TOMS 9:302; Liu (1992) SIAM Review 34:82.
#include "blas_threads.hpp"
#include "dense.hpp"
#include "tiles.hpp"

#include <cmath>

namespace pyasreml {

// A pivot is accepted above tol times the diagonal of C (above zero where that diagonal is not positive).
void Numeric::set_floor(double tol) {
    for (Index k = 0; k < s_.n; k++) {
        const double d = factor_[s_.diagonal[k]];
        floor_[k] = d > 0 ? tol * d : 0.0;
    }
}

// Eliminates one supernode. keep: leave its update in fronts_[k] instead of adding it to the parent. threads: for its
// strips, or WHOLE.
Pos Numeric::factor_front(Index k, Pool& pool, bool keep, int threads) {
    if (leaves_.kind[k] == Leaves::DIRECT) {
        const int bad = factor_direct(k);
        return bad < 0 ? 0 : s_.first[k] + bad + 1;
    }
    close_pack(k, pool);
    const Front f = front(k, factor_.get());
    const int width = f.width, below = f.below, height = width + below;
    const double* floor = floor_.data() + s_.first[k];
    const bool small = is_small(width, height);
    if (small) {
        const int bad = small_factor(f.panel, height, width, floor);
        if (bad >= 0) return s_.first[k] + bad + 1;
    } else {
        const int bad = dense_factor(blas_, threads, f.panel, height, height, width), done = bad > 0 ? bad - 1 : width;
        for (int j = 0; j < done; j++) {
            const double d = f.panel[static_cast<std::size_t>(j) * (height + 1)];
            if (!(d * d > floor[j])) return s_.first[k] + j + 1;
        }
        if (bad > 0) return s_.first[k] + bad;
    }
    if (below == 0) return 0;
    if (leaves_.kind[k] == Leaves::COVERING) {
        pack_child(k, pool);
        return 0;
    }
    const Index p = s_.parent[k];
    const std::size_t parent_below = s_.rows_below(p);
    if (!keep && parent_below > 0 && !fronts_[p]) fronts_[p] = pool.zeros(parent_below * parent_below);
    if (!keep && !f.update && width <= 4) {
        direct_update(f.panel + width, height, below, width, s_.relative_of(k), front(p, factor_.get()));
        return 0;
    }
    const std::size_t size = static_cast<std::size_t>(below) * below;
    if (small && f.update) {
        small_syrk(f.panel + width, height, below, width, f.update);
    } else {
        const double beta = f.update ? 1.0 : 0.0;
        if (!f.update) fronts_[k] = pool.get(size);
        update_trapezoid(blas_, threads, below, below, width, f.panel + width, height, beta, fronts_[k], below);
    }
    if (keep) return 0;
    extend_add(fronts_[k], below, s_.relative_of(k), front(p, factor_.get()));
    pool.put(fronts_[k], size);
    fronts_[k] = nullptr;
    return 0;
}

Pos Numeric::factor(double tol) {
    const SingleBlasThread single;
    set_floor(tol);
    Pos bad = 0;
    try {
        bad = threads_ > 1 ? factor_subtrees() : factor_alone();
    } catch (...) {
        release();
        throw;
    }
    if (bad) release();
    return bad;
}

double Numeric::logdet() const {
    constexpr double LARGE = 1e100, SMALL = 1e-100;
    double sum = 0, product = 1;  // one logarithm for many pivots
    for (Index k = 0; k < s_.n; k++) {
        const double d = factor_[s_.diagonal[k]];
        if (d > LARGE || d < SMALL)
            sum += std::log(d);
        else
            product *= d;
        if (product > LARGE || product < SMALL) {
            sum += std::log(product);
            product = 1;
        }
    }
    return 2 * (sum + std::log(product));
}

}  // namespace pyasreml
