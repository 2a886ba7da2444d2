// Rank decisions: an in-order Cholesky sweep that drops dependent columns, the same on the sparse factor in any
// order, and the echelon form that turns a null space into the set which an in-order sweep would have dropped. Pivots of
// a dense elimination that are raised on the way.
#include "blas_threads.hpp"
#include "dense.hpp"

#include <algorithm>
#include <cmath>

namespace pyasreml {

void sweep(const Blas& blas, int height, int width, double* panel, const double* floor, unsigned char* dropped) {
    const SingleBlasThread single;
    constexpr int BLOCK = 64;
    const std::size_t ld = height;
    for (int from = 0; from < width; from += BLOCK) {
        const int to = std::min(from + BLOCK, width);
        for (int k = from; k < to; k++) {
            double* RESTRICT c = panel + k * ld;
            dropped[k] = !(c[k] > floor[k]);
            if (dropped[k]) {
                std::fill(c + k + 1, c + height, 0.0);
                c[k] = 1.0;
                continue;
            }
            c[k] = std::sqrt(c[k]);
            const double r = 1.0 / c[k];
            for (int i = k + 1; i < height; i++) c[i] *= r;
            for (int j = k + 1; j < to; j++) {
                double* RESTRICT cj = panel + j * ld;
                const double a = c[j];
                if (a != 0)
                    for (int i = j; i < height; i++) cj[i] -= a * c[i];
            }
        }
        if (to == width) break;
        const double* l = panel + from * ld + to;
        double* rest = panel + to * ld + to;
        // dropped columns are unit with nothing below: they take no part in the update
        blas.syrk(width - to, to - from, -1.0, l, height, 1.0, rest, height);
        if (height > width)
            blas.gemm('N', 'T', height - width, width - to, to - from, -1.0, l + (width - to), height, l, height, 1.0,
                      rest + (width - to), height);
    }
}

void raise_pivots(Index n, Index least, double* a, const double* by, double* added) {
    for (Index j = n - 1; j >= least; j--) {
        const double* RESTRICT row = a + static_cast<std::size_t>(j) * n;
        added[j] = row[j] * by[j];
        const double r = 1.0 / (row[j] + added[j]);
        for (Index i = least; i < j; i++) {
            double* RESTRICT to = a + static_cast<std::size_t>(i) * n;
            const double m = row[i] * r;
            for (Index q = least; q <= i; q++) to[q] -= m * row[q];
        }
    }
}

void Numeric::factor_singular(double tol, unsigned char* dropped) {
    const SingleBlasThread single;
    set_floor(tol);
    Pool& pool = *pools_[0];
    for (Index k = 0; k < s_.count; k++) {
        const Front f = front(k, factor_.get());
        const int width = f.width, below = f.below, height = width + below;
        sweep(blas_, height, width, f.panel, floor_.data() + s_.first[k], dropped + s_.first[k]);
        if (below == 0) continue;
        const Index p = s_.parent[k];
        const std::size_t parent_below = s_.rows_below(p), size = static_cast<std::size_t>(below) * below;
        if (parent_below > 0 && !fronts_[p]) fronts_[p] = pool.zeros(parent_below * parent_below);
        const double beta = f.update ? 1.0 : 0.0;
        if (!f.update) fronts_[k] = pool.get(size);
        blas_.syrk(below, width, -1.0, f.panel + width, height, beta, fronts_[k], below);
        extend_add(fronts_[k], below, s_.relative_of(k), front(p, factor_.get()));
        pool.put(fronts_[k], size);
        fronts_[k] = nullptr;
    }
}

void echelon(Index p, Index r, double* null_space, double tol, unsigned char* aliased) {
    std::fill(aliased, aliased + p, 0);
    const std::size_t ld = r;
    std::vector<double> pivot_row(r);
    Index found = 0;
    for (Index i = p - 1; i >= 0 && found < r; i--) {
        double* row = null_space + i * ld;
        Index best = found;
        for (Index q = found; q < r; q++)
            if (std::fabs(row[q]) > std::fabs(row[best])) best = q;
        if (!(std::fabs(row[best]) > tol)) continue;
        aliased[i] = 1;
        // columns found+1.. lose row i; the pivot column is swapped to `found`; rows above only, the rest is done with
        const double inverse = 1.0 / row[best];
        for (Index q = 0; q < r; q++) pivot_row[q] = row[q] * inverse;
        pivot_row[best] = pivot_row[found];
        for (Index h = 0; h < i; h++) {
            double* RESTRICT other = null_space + h * ld;
            std::swap(other[found], other[best]);
            const double a = other[found];
            if (a != 0)
                for (Index q = found + 1; q < r; q++) other[q] -= a * pivot_row[q];
        }
        found++;
    }
}

}  // namespace pyasreml
