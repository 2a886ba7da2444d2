// Operations on one large front by several threads: strips of rows or columns, each by single-threaded BLAS calls.
#pragma once
#include "kernel.hpp"

#include <system_error>
#include <thread>

namespace pyasreml {

// job(from, to) on `threads` strips of [0, count); a strip whose thread cannot be had is done by the caller
template <class Job>
void split(int threads, int count, const Job& job) {
    const int strips = threads < count ? threads : count;
    if (strips <= 1) {
        if (count > 0) job(0, count);
        return;
    }
    auto strip = [&](int t) {
        const Pos size = count;
        job(static_cast<int>(size * t / strips), static_cast<int>(size * (t + 1) / strips));
    };
    std::vector<std::thread> others;
    others.reserve(strips);
    for (int t = 1; t < strips; t++) {
        try {
            others.emplace_back(strip, t);
        } catch (const std::system_error&) {
            strip(t);
        }
    }
    strip(0);
    for (std::thread& t : others) t.join();
}

// Cholesky of the panel with the rows below; 0, or 1 + the column that fails (columns before it are done)
int tiled_factor(const Blas& blas, int threads, double* panel, int height, int width);
// lower trapezoid (rows x cols, rows >= cols) of c := beta c - a a', a: rows x k
void tiled_update(const Blas& blas, int threads, int rows, int cols, int k, const double* a, int lda, double beta,
                  double* c, int ldc);
// lower triangle of z (the panel's layout) = inverse of l l', l: the panel's own block; its upper triangle is scratch
void tiled_inverse(const Blas& blas, int threads, const double* panel, int height, int width, double* z);

}  // namespace pyasreml
