// Selected inverse on the pattern of a simplicial Cholesky factor, column by column from the last.
//
// Takahashi, Fagan & Chen (1973). The pattern must be that of a factor: closed under elimination.
#include "kernel.hpp"

namespace pyasreml {

void takahashi(Index n, const Pos* start, const Index* row, const double* l, double* z) {
    std::vector<double> y(n, 0.0), sum(n, 0.0);
    for (Index j = n - 1; j >= 0; j--) {
        const Pos from = start[j], end = start[j + 1];
        const double r = 1.0 / l[from];
        for (Pos p = from + 1; p < end; p++) y[row[p]] = l[p] * r;
        for (Pos p = from + 1; p < end; p++) {  // -(Z y) from the lower triangle of Z
            const Index k = row[p];
            const double yk = y[k];
            double own = z[start[k]] * yk;
            for (Pos q = start[k] + 1; q < start[k + 1]; q++) {
                const Index i = row[q];
                sum[i] -= z[q] * yk;
                own += z[q] * y[i];
            }
            sum[k] -= own;
        }
        double diagonal = r * r;
        for (Pos p = from + 1; p < end; p++) {
            z[p] = sum[row[p]];
            diagonal -= z[p] * y[row[p]];
        }
        z[from] = diagonal;
        for (Pos p = from + 1; p < end; p++) {  // rows outside the column were touched as well
            const Index k = row[p];
            y[k] = sum[k] = 0;
            for (Pos q = start[k] + 1; q < start[k + 1]; q++) sum[row[q]] = 0;
        }
    }
}

}  // namespace pyasreml
