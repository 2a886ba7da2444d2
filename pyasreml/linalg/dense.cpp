// Hand kernels for small fronts, and the moves between a front and its parent's.
#include "dense.hpp"

#include <algorithm>
#include <cmath>

namespace pyasreml {

SIMD_CLONES int small_factor(double* RESTRICT panel, int height, int width, const double* RESTRICT floor) {
    for (int k = 0; k < width; k++) {
        double* RESTRICT c = panel + static_cast<std::size_t>(k) * height;
        if (!(c[k] > floor[k])) return k;
        const double d = std::sqrt(c[k]), r = 1.0 / d;
        c[k] = d;
        for (int i = k + 1; i < height; i++) c[i] *= r;
        for (int j = k + 1; j < width; j++) {
            double* RESTRICT cj = panel + static_cast<std::size_t>(j) * height;
            const double a = c[j];
            if (a != 0)
                for (int i = j; i < height; i++) cj[i] -= a * c[i];
        }
    }
    return -1;
}

SIMD_CLONES void small_syrk(const double* RESTRICT l, int ld, int below, int width, double* RESTRICT u) {
    for (int k = 0; k < below; k++) {
        double* RESTRICT d = u + static_cast<std::size_t>(k) * below;
        for (int q = 0; q < width; q++) {
            const double* RESTRICT x = l + static_cast<std::size_t>(q) * ld;
            const double a = x[k];
            for (int i = k; i < below; i++) d[i] -= a * x[i];
        }
    }
}

SIMD_CLONES void direct_update(const double* RESTRICT l, int ld, int below, int width, const Index* RESTRICT relative,
                               const Front& parent) {
    const double *l1 = l + ld, *l2 = l + 2 * static_cast<std::size_t>(ld), *l3 = l + 3 * static_cast<std::size_t>(ld);
    for (int k = 0; k < below; k++) {
        const Index c = relative[k];
        double* d = parent.diagonal(c);
        if (width == 1) {
            const double a = l[k];
            if (a != 0)
                for (int i = k; i < below; i++) d[relative[i] - c] -= a * l[i];
        } else if (width == 2) {
            const double a = l[k], b = l1[k];
            for (int i = k; i < below; i++) d[relative[i] - c] -= a * l[i] + b * l1[i];
        } else if (width == 3) {
            const double a = l[k], b = l1[k], e = l2[k];
            for (int i = k; i < below; i++) d[relative[i] - c] -= a * l[i] + b * l1[i] + e * l2[i];
        } else {
            const double a = l[k], b = l1[k], e = l2[k], g = l3[k];
            for (int i = k; i < below; i++) d[relative[i] - c] -= a * l[i] + b * l1[i] + e * l2[i] + g * l3[i];
        }
    }
}

void extend_add(const double* RESTRICT u, int below, const Index* RESTRICT relative, const Front& parent) {
    for (int k = 0; k < below; k++) {
        const Index c = relative[k];
        double* d = parent.diagonal(c);
        const double* column = u + static_cast<std::size_t>(k) * below;
        for (int i = k; i < below;) {  // runs of consecutive positions
            int end = i + 1;
            while (end < below && relative[end] == relative[i] + (end - i)) end++;
            double* RESTRICT to = d + (relative[i] - c);
            const double* RESTRICT from = column + i;
            for (int t = 0; t < end - i; t++) to[t] += from[t];
            i = end;
        }
    }
}

void gather_front(double* RESTRICT u, int below, const Index* RESTRICT relative, const Front& parent, bool full) {
    for (int k = 0; k < below; k++) {
        const Index c = relative[k];
        const double* d = parent.diagonal(c);
        double* column = u + static_cast<std::size_t>(k) * below;
        for (int i = k; i < below;) {
            int end = i + 1;
            while (end < below && relative[end] == relative[i] + (end - i)) end++;
            double* RESTRICT to = column + i;
            const double* RESTRICT from = d + (relative[i] - c);
            for (int t = 0; t < end - i; t++) to[t] = from[t];
            i = end;
        }
    }
    if (!full) return;
    constexpr int TILE = 32;
    for (int kb = 0; kb < below; kb += TILE)
        for (int ib = kb; ib < below; ib += TILE)
            for (int k = kb; k < std::min(kb + TILE, below); k++)
                for (int i = std::max(ib, k + 1); i < std::min(ib + TILE, below); i++)
                    u[static_cast<std::size_t>(i) * below + k] = u[static_cast<std::size_t>(k) * below + i];
}

SIMD_CLONES void small_symm(const double* RESTRICT w, int below, const double* RESTRICT y, int width,
                            double* RESTRICT z, int ld) {
    for (int q = 0; q < width; q++) {
        const double* yq = y + static_cast<std::size_t>(q) * below;
        double* zq = z + static_cast<std::size_t>(q) * ld;
        for (int i = 0; i < below; i++) zq[i] = 0;
        for (int k = 0; k < below; k++) {
            const double* column = w + static_cast<std::size_t>(k) * below;
            const double yk = yq[k];
            double sum = column[k] * yk;
            for (int i = k + 1; i < below; i++) {
                zq[i] -= column[i] * yk;
                sum += column[i] * yq[i];
            }
            zq[k] -= sum;
        }
    }
}

SIMD_CLONES void direct_symm(int below, const Index* RESTRICT relative, const Front& parent, const double* RESTRICT y,
                             int width, double* RESTRICT z, int ld) {
    for (int q = 0; q < width; q++)
        for (int i = 0; i < below; i++) z[static_cast<std::size_t>(q) * ld + i] = 0;
    for (int k = 0; k < below; k++) {
        const Index c = relative[k];
        const double* d = parent.diagonal(c);
        for (int q = 0; q < width; q++) {
            const double* yq = y + static_cast<std::size_t>(q) * below;
            double* zq = z + static_cast<std::size_t>(q) * ld;
            const double yk = yq[k];
            double sum = d[0] * yk;
            for (int i = k + 1; i < below; i++) {
                const double x = d[relative[i] - c];
                zq[i] -= x * yk;
                sum += x * yq[i];
            }
            zq[k] -= sum;
        }
    }
}

SIMD_CLONES void small_trsm(const double* RESTRICT panel, int height, int width, double* RESTRICT y) {
    const int below = height - width;
    for (int q = width - 1; q >= 0; q--) {
        const double* column = panel + static_cast<std::size_t>(q) * height;
        const double r = 1.0 / column[q];
        double* yq = y + static_cast<std::size_t>(q) * below;
        for (int i = 0; i < below; i++) yq[i] = column[width + i];
        for (int p = q + 1; p < width; p++) {
            const double a = column[p];
            const double* yp = y + static_cast<std::size_t>(p) * below;
            for (int i = 0; i < below; i++) yq[i] -= a * yp[i];
        }
        for (int i = 0; i < below; i++) yq[i] *= r;
    }
}

SIMD_CLONES void subtract_products(const double* RESTRICT y, const double* RESTRICT x, int rows, int ldx,
                                   int width, double* RESTRICT z, int ldz) {
    for (int a = 0; a < width; a++)
        for (int b = a; b < width; b++) {
            const double* RESTRICT yb = y + static_cast<std::size_t>(b) * rows;
            const double* RESTRICT xa = x + static_cast<std::size_t>(a) * ldx;
            double sum = 0;
            for (int i = 0; i < rows; i++) sum += yb[i] * xa[i];
            z[static_cast<std::size_t>(a) * ldz + b] -= sum;
        }
}

SIMD_CLONES void small_inverse(const double* RESTRICT panel, int height, int width, double* RESTRICT z) {
    double rows[INVERSE_WIDTH * INVERSE_WIDTH];  // row k of the own block's inverse from rows + k * width
    double t[INVERSE_WIDTH];
    for (int j = 0; j < width; j++) {  // its column j by forward substitution
        for (int i = j; i < width; i++) t[i] = 0;
        t[j] = 1;
        for (int k = j; k < width; k++) {
            const double* RESTRICT l = panel + static_cast<std::size_t>(k) * height;
            const double x = t[k] /= l[k];
            for (int i = k + 1; i < width; i++) t[i] -= x * l[i];
            rows[k * width + j] = x;
        }
    }
    for (int j = 0; j < width; j++)  // the upper triangle too: fresh memory may hold numbers that slow arithmetic down
        for (int i = 0; i < width; i++) z[static_cast<std::size_t>(j) * height + i] = 0;
    for (int k = 0; k < width; k++) {
        const double* RESTRICT r = rows + k * width;
        for (int j = 0; j <= k; j++) {
            double* RESTRICT column = z + static_cast<std::size_t>(j) * height;
            const double x = r[j];
            for (int i = j; i <= k; i++) column[i] += x * r[i];
        }
    }
}

}  // namespace pyasreml
