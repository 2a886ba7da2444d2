// Selected inversion on the pattern of L, supernode by supernode from the root.
//
// For a supernode with own columns J and rows below R:  Y = L_RJ L_JJ^-1,  Z_RJ = -Z_RR Y,
// Z_JJ = (L_JJ L_JJ')^-1 - Y' Z_RJ, with Z_RR gathered from the parent's front alone.
// Takahashi, Fagan & Chen (1973); Erisman & Tinney (1975) CACM 18:177; Lin et al. (2011) ACM TOMS 37:40 for fronts.
#include "blas_threads.hpp"
#include "dense.hpp"
#include "tiles.hpp"

#include <cstring>

namespace pyasreml {

// left[p]: children of p still to come; p's front goes back after the last one. keep: leave that to the caller.
// threads: for its strips, or WHOLE.
void Numeric::invert_front(Index k, Pool& pool, std::vector<Index>& left, std::vector<double>& work, bool keep,
                           int threads) {
    if (leaves_.kind[k] == Leaves::COVERING) return;  // done with its parent
    if (leaves_.kind[k] == Leaves::DIRECT) return invert_direct(k);
    invert_own(k, pool, left, work, keep, threads);
    if (leaves_.beside[k] == leaves_.beside[k + 1]) return;
    invert_children(k, pool);
    if (leaves_.open[k] == 0 && fronts_[k]) {
        pool.put(fronts_[k], static_cast<std::size_t>(s_.rows_below(k)) * s_.rows_below(k));
        fronts_[k] = nullptr;
    }
}

void Numeric::invert_own(Index k, Pool& pool, std::vector<Index>& left, std::vector<double>& work, bool keep,
                         int threads) {
    const Front z = front(k, inverse_.get());
    const double* l = factor_.get() + s_.panel[k];
    const int width = z.width, below = z.below, height = width + below;
    const bool small = is_small(width, height);
    if (width <= INVERSE_WIDTH) {
        small_inverse(l, height, width, z.panel);
    } else {
        for (int j = 0; j < width; j++)
            std::memcpy(z.panel + static_cast<std::size_t>(j) * height, l + static_cast<std::size_t>(j) * height,
                        sizeof(double) * width);
        dense_inverse(blas_, threads, width, z.panel, height);
    }
    if (below == 0) return;
    const Index p = s_.parent[k];
    const Front parent = front(p, inverse_.get());
    const Index* relative = s_.relative_of(k);
    if (work.size() < static_cast<std::size_t>(below) * width) work.resize(static_cast<std::size_t>(below) * width);
    double* y = work.data();
    if (small) {
        small_trsm(l, height, width, y);
    } else {
        for (int j = 0; j < width; j++)
            std::memcpy(y + static_cast<std::size_t>(j) * below, l + static_cast<std::size_t>(j) * height + width,
                        sizeof(double) * below);
        strips(threads, below, [&](int from, int to) {
            solve_right(blas_, 'N', to - from, width, l, height, y + from, below);
        });
    }
    const bool leaf = leaves_.open[k] == 0 && leaves_.beside[k] == leaves_.beside[k + 1];
    const std::size_t size = static_cast<std::size_t>(below) * below;
    double* zr = z.panel + width;
    if (leaf && width <= 4) {
        direct_symm(below, relative, parent, y, width, zr, height);
    } else {
        double* w = fronts_[k] = pool.get(size);
        const bool full = !small && width >= 24;  // dgemm on the full block beats dsymm from here on
        gather_front(w, below, relative, parent, full);
        if (small || width <= 2)
            small_symm(w, below, y, width, zr, height);
        else if (full)
            strips(threads, below, [&](int from, int to) {
                blas_.gemm('N', 'N', to - from, width, below, -1.0, w + from, below, y, below, 0.0, zr + from, height);
            });
        else
            blas_.symm(below, width, -1.0, w, below, y, below, zr, height);
        if (leaf) {
            pool.put(w, size);
            fronts_[k] = nullptr;
        }
    }
    if (small || width <= 4) {
        subtract_products(y, zr, below, height, width, z.panel, height);
    } else {  // the strict upper part of the own block is never read
        strips(threads, width, [&](int from, int to) {
            const std::size_t at = static_cast<std::size_t>(from) * height;
            blas_.gemm('T', 'N', width - from, to - from, below, -1.0, y + static_cast<std::size_t>(from) * below, below,
                       zr + at, height, 1.0, z.panel + at + from, height);
        });
    }
    if (!keep && --left[p] == 0 && fronts_[p]) {
        pool.put(fronts_[p], static_cast<std::size_t>(parent.below) * parent.below);
        fronts_[p] = nullptr;
    }
}

void Numeric::invert() {
    const SingleBlasThread single;
    if (!inverse_) inverse_ = allocate(s_.values());
    try {
        threads_ > 1 ? invert_subtrees() : invert_alone();
    } catch (...) {
        release();
        throw;
    }
}

}  // namespace pyasreml
