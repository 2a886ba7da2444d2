// Hand kernels for fronts too small for BLAS calls to pay, and recursive ones for the others.
#pragma once
#include "kernel.hpp"

namespace pyasreml {

constexpr int SMALL_WIDTH = 8;    // at most this wide and this high: hand kernels
constexpr int SMALL_HEIGHT = 48;
constexpr int INVERSE_WIDTH = 64;  // LAPACK's inverse of the own block pays above this

inline bool is_small(int width, int height) { return width <= SMALL_WIDTH && (height <= SMALL_HEIGHT || width <= 2); }

// Cholesky of the height x width lower panel in place; the first column with a pivot not above floor[k], or -1.
int small_factor(double* panel, int height, int width, const double* floor);
// lower triangle of u (below x below) -= l l', l: below x width with leading dimension ld
void small_syrk(const double* l, int ld, int below, int width, double* u);
// parent -= l l' at the relative positions
void direct_update(const double* l, int ld, int below, int width, const Index* relative, const Front& parent);
// lower triangle of u into the parent at the relative positions
void extend_add(const double* u, int below, const Index* relative, const Front& parent);
// lower triangle of the parent's front at the relative positions into u; the upper one as well if full
void gather_front(double* u, int below, const Index* relative, const Front& parent, bool full);
// z (ld) = -w y with w symmetric (lower stored) of order below, y: below x width
void small_symm(const double* w, int below, const double* y, int width, double* z, int ld);
// the same with w read in the parent's front
void direct_symm(int below, const Index* relative, const Front& parent, const double* y, int width, double* z, int ld);
// y = (rows below) (own block)^-1, y: below x width
void small_trsm(const double* panel, int height, int width, double* y);
// lower triangle of z (ldz) -= y' x, y: rows x width, x: the same with leading dimension ldx
void subtract_products(const double* y, const double* x, int rows, int ldx, int width, double* z, int ldz);
// lower triangle of z = inverse of l l', l: the panel's own block, width <= INVERSE_WIDTH; z has the panel's layout
void small_inverse(const double* panel, int height, int width, double* z);

// --- leaves.cpp
// columns (below x width, ld) of a covering leaf at their places among `high` rows, zeros elsewhere
void place(const double* columns, int ld, int below, int width, const Index* at, int high, double* pack);

// --- blocked.cpp
// b := b op(l)^-1 with l lower triangular of order n, b is m x n
void solve_right(const Blas& blas, char ta, int m, int n, const double* l, int ldl, double* b, int ldb);
// Cholesky of the height x width panel with the rows below its own; 0, or 1 + the column that fails
int dense_factor(const Blas& blas, int threads, double* panel, int ld, int height, int width);
// lower triangle of (l l')^-1 in place of the lower triangle l of order n
void dense_inverse(const Blas& blas, int threads, int n, double* l, int ld);

}  // namespace pyasreml
