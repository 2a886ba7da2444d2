// Operations on one large front by several threads. The strips depend on the number of threads alone.
#include "tiles.hpp"

#include "dense.hpp"

#include <algorithm>
#include <cstring>

namespace pyasreml {

constexpr int PANEL = 256;  // columns eliminated at once
constexpr int STRIP = 128;  // columns of an update handed out at once

void tiled_update(const Blas& blas, int threads, int rows, int cols, int k, const double* a, int lda, double beta,
                  double* c, int ldc) {
    auto strip = [&](int from) {
        const int size = std::min(STRIP, cols - from), rest = rows - from - size;
        double* d = c + static_cast<std::size_t>(from) * (ldc + 1);
        blas.syrk(size, k, -1.0, a + from, lda, beta, d, ldc);
        if (rest > 0)
            blas.gemm('N', 'T', rest, size, k, -1.0, a + from + size, lda, a + from, lda, beta, d + size, ldc);
    };
    // dealt out in turn, since the strips become shorter
    split(threads, threads, [&](int from, int to) {
        for (int t = from; t < to; t++)
            for (int q = t * STRIP; q < cols; q += threads * STRIP) strip(q);
    });
}

int tiled_factor(const Blas& blas, int threads, double* panel, int height, int width) {
    for (int j = 0; j < width; j += PANEL) {
        const int size = std::min(PANEL, width - j), rows = height - j - size;
        double* d = panel + static_cast<std::size_t>(j) * (height + 1);
        const int bad = dense_factor(blas, d, height, size, size);
        if (bad > 0) return j + bad;
        split(threads, rows, [&](int from, int to) {
            solve_right(blas, 'T', to - from, size, d, height, d + size + from, height);
        });
        if (j + size < width)
            tiled_update(blas, threads, rows, width - j - size, size, d + size, height, 1.0,
                         d + static_cast<std::size_t>(size) * (height + 1), height);
    }
    return 0;
}

void tiled_inverse(const Blas& blas, int threads, const double* panel, int height, int width, double* z) {
    std::vector<double> y;
    for (int j = (width - 1) / PANEL * PANEL; j >= 0; j -= PANEL) {
        const int size = std::min(PANEL, width - j), rows = width - j - size;
        const std::size_t at = static_cast<std::size_t>(j) * (height + 1);
        const double* l = panel + at;
        double *own = z + at, *below = own + size;
        for (int q = 0; q < size; q++)
            std::memcpy(own + static_cast<std::size_t>(q) * height, l + static_cast<std::size_t>(q) * height,
                        sizeof(double) * size);
        dense_inverse(blas, size, own, height);
        if (rows == 0) continue;
        const double* rest = own + static_cast<std::size_t>(size) * (height + 1);
        y.resize(static_cast<std::size_t>(rows) * size);
        split(threads, rows, [&](int from, int to) {
            for (int q = 0; q < size; q++)
                std::memcpy(y.data() + static_cast<std::size_t>(q) * rows + from,
                            l + static_cast<std::size_t>(q) * height + size + from, sizeof(double) * (to - from));
            solve_right(blas, 'N', to - from, size, l, height, y.data() + from, rows);
        });
        split(threads, size, [&](int from, int to) {
            const std::size_t a = static_cast<std::size_t>(from) * rows, b = static_cast<std::size_t>(from) * height;
            blas.symm(rows, to - from, -1.0, rest, height, y.data() + a, rows, below + b, height);
            blas.gemm('T', 'N', size, to - from, rows, -1.0, y.data(), rows, below + b, height, 1.0, own + b, height);
        });
    }
}

}  // namespace pyasreml
