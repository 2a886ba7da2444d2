// One evaluation of a model of variance components: G_t^-1 = c_t B_t, R^-1 = c_0 D with the sums over records known.
#include "kernel.hpp"

#include <algorithm>

namespace pyasreml {
namespace {

double dot(const double* RESTRICT a, const double* RESTRICT b, Index n) {
    double sum = 0;
    for (Index i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

}  // namespace

Pos Components::solve(Numeric& numeric, const double* c, double tol, double* b, double* gathered, double* ypy) {
    numeric.assemble(c);
    const Pos bad = numeric.factor(tol);
    if (bad) return bad;
    const Index n = information.rows;
    for (Index i = 0; i < n; i++) gathered[i] = c[0] * wy[i];
    work.resize(n);
    numeric.gather(gathered, 1, work.data());
    numeric.forward(work.data(), 1);
    numeric.backward(work.data(), 1);
    numeric.scatter(work.data(), 1, b);
    csr_symmetric(information, b, 1, gathered);
    for (Index i = 0; i < n; i++) gathered[i] = c[0] * (wy[i] - gathered[i]);
    *ypy = c[0] * (yy - dot(wy, b, n));
    return 0;
}

void Components::derive(Numeric& numeric, const double* c, const double* moves, const double* b,
                        const double* gathered, double own, double* adjoint, double* squares, double* products) {
    const Index n = information.rows, m = columns->columns;
    numeric.invert();
    std::fill(adjoint, adjoint + terms + 1, 0.0);
    numeric.adjoint(adjoint);
    std::fill(squares, squares + terms + 1, 0.0);
    for (Pos k = 0; k < prior.count; k++) {
        const double x = prior.value[k] * b[prior.row[k]] * b[prior.col[k]];
        squares[prior.basis[k]] += prior.row[k] == prior.col[k] ? x : 2 * x;
    }
    squares[0] = yy - dot(wy, b, n) - dot(gathered, b, n) / c[0];
    if (!m) return;

    // columns W'R^-1 Z g_t with the moves g_t; the residual's is -own W'De
    const std::size_t size = static_cast<std::size_t>(n) * m;
    whole.assign(size, 0.0);
    work.resize(size);
    sides.resize(size);
    for (Index t = 0; t < terms; t++)
        for (Index i = first[t]; i < first[t + 1]; i++) whole[static_cast<std::size_t>(i) * m + t] = moves[t] * b[i];
    csr_symmetric(information, whole.data(), m, sides.data());
    const double scale = -own / c[0];
    for (Index i = 0; i < n; i++) {
        double* side = sides.data() + static_cast<std::size_t>(i) * m;
        for (Index t = 0; t < terms; t++) side[t] *= c[0];
        if (m > terms) side[terms] = scale * gathered[i];
    }
    std::fill(products, products + static_cast<std::size_t>(m) * m, 0.0);
    for (Index t = 0; t < terms; t++)
        for (Index i = first[t]; i < first[t + 1]; i++) {
            const double g = moves[t] * b[i], *side = sides.data() + static_cast<std::size_t>(i) * m;
            for (Index q = 0; q < m; q++) products[static_cast<std::size_t>(t) * m + q] += g * side[q];
        }
    for (Index t = 0; t < m; t++)
        for (Index q = 0; q < t; q++) {
            double &a = products[static_cast<std::size_t>(t) * m + q], &b = products[static_cast<std::size_t>(q) * m + t];
            a = b = t < terms ? 0.5 * (a + b) : b;
        }
    if (m > terms) products[static_cast<std::size_t>(m) * m - 1] = own * own * squares[0] / c[0];
    gram.resize(static_cast<std::size_t>(m) * m);
    numeric.gather(sides.data(), m, work.data());
    numeric.gram(*columns, work.data(), gram.data());
    for (std::size_t k = 0; k < gram.size(); k++) products[k] -= gram[k];
}

}  // namespace pyasreml
