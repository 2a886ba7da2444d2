// Types shared by the compiled part: indices, BLAS pointers, the symbolic analysis and the numeric object.
//
// A symmetric positive definite C of order n is P C P' = L L'. Columns of L with (nearly) equal structure form a
// supernode: a panel of `height` rows (its own columns first, then the rows below) by `width` columns, column-major.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>
#include <vector>

// Small dense kernels are compiled for several instruction sets where the loader can choose between them.
// (Sanitizers do not work with such functions.)
#if defined(__x86_64__) && defined(__GLIBC__) && \
    !(defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(PYASREML_NO_CLONES)) && \
    ((defined(__GNUC__) && !defined(__clang__)) || (defined(__clang__) && __clang_major__ >= 14))
#define SIMD_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define SIMD_CLONES
#endif
#if defined(_MSC_VER)
#define RESTRICT __restrict
#else
#define RESTRICT __restrict__
#endif

namespace pyasreml {

using Index = std::int32_t;  // equations, supernodes, local positions
using Pos = std::int64_t;    // non-zeros and positions in values

// Fortran entry points, taken from scipy.linalg.cython_blas and cython_lapack.
struct Blas {
    using Gemm = void (*)(char*, char*, int*, int*, int*, double*, double*, int*, double*, int*, double*, double*,
            int*);
    using Syrk = void (*)(char*, char*, int*, int*, double*, double*, int*, double*, double*, int*);
    using Trsm = void (*)(char*, char*, char*, char*, int*, int*, double*, double*, int*, double*, int*);
    using Symm = void (*)(char*, char*, int*, int*, double*, double*, int*, double*, int*, double*, double*, int*);
    using Potr = void (*)(char*, int*, double*, int*, int*);
    using Trtri = void (*)(char*, char*, int*, double*, int*, int*);
    Gemm gemm_ = nullptr;
    Syrk syrk_ = nullptr;
    Trsm trsm_ = nullptr, trmm_ = nullptr;
    Symm symm_ = nullptr;
    Potr potrf_ = nullptr, lauum_ = nullptr;
    Trtri trtri_ = nullptr;

    void set(void* gemm, void* syrk, void* trsm, void* trmm, void* symm, void* potrf, void* lauum, void* trtri) {
        gemm_ = reinterpret_cast<Gemm>(gemm);
        syrk_ = reinterpret_cast<Syrk>(syrk);
        trsm_ = reinterpret_cast<Trsm>(trsm);
        trmm_ = reinterpret_cast<Trsm>(trmm);
        symm_ = reinterpret_cast<Symm>(symm);
        potrf_ = reinterpret_cast<Potr>(potrf);
        lauum_ = reinterpret_cast<Potr>(lauum);
        trtri_ = reinterpret_cast<Trtri>(trtri);
    }
    void gemm(char ta, char tb, int m, int n, int k, double alpha, const double* a, int lda, const double* b, int ldb,
              double beta, double* c, int ldc) const {
        gemm_(&ta, &tb, &m, &n, &k, &alpha, const_cast<double*>(a), &lda, const_cast<double*>(b), &ldb, &beta, c, &ldc);
    }
    // lower triangle of c := alpha a a' + beta c, a is n x k
    void syrk(int n, int k, double alpha, const double* a, int lda, double beta, double* c, int ldc) const {
        char lower = 'L', no = 'N';
        syrk_(&lower, &no, &n, &k, &alpha, const_cast<double*>(a), &lda, &beta, c, &ldc);
    }
    // b := b op(a)^-1 with a lower triangular of order n, b is m x n
    void trsm_right(char ta, int m, int n, const double* a, int lda, double* b, int ldb) const {
        char right = 'R', lower = 'L', no = 'N';
        double one = 1.0;
        trsm_(&right, &lower, &ta, &no, &m, &n, &one, const_cast<double*>(a), &lda, b, &ldb);
    }
    // the same of a' a, a is k x n, added to c
    void syrk_transposed(int n, int k, const double* a, int lda, double* c, int ldc) const {
        char lower = 'L', yes = 'T';
        double one = 1.0;
        syrk_(&lower, &yes, &n, &k, &one, const_cast<double*>(a), &lda, &one, c, &ldc);
    }
    // b := alpha b op(a) (side R) or alpha op(a) b (side L) with a lower triangular, b is m x n
    void trmm(char side, char ta, int m, int n, double alpha, const double* a, int lda, double* b, int ldb) const {
        char lower = 'L', no = 'N';
        trmm_(&side, &lower, &ta, &no, &m, &n, &alpha, const_cast<double*>(a), &lda, b, &ldb);
    }
    // c := alpha a b with a symmetric (lower stored) of order m, b is m x n
    void symm(int m, int n, double alpha, const double* a, int lda, const double* b, int ldb, double* c,
            int ldc) const {
        char left = 'L', lower = 'L';
        double zero = 0.0;
        symm_(&left, &lower, &m, &n, &alpha, const_cast<double*>(a), &lda, const_cast<double*>(b), &ldb, &zero, c,
                &ldc);
    }
    int potrf(int n, double* a, int lda) const {
        char lower = 'L';
        int info = 0;
        potrf_(&lower, &n, a, &lda, &info);
        return info;
    }
    // lower triangle of l' l in place of l
    void lauum(int n, double* l, int ld) const {
        char lower = 'L';
        int info = 0;
        lauum_(&lower, &n, l, &ld, &info);
    }
    // inverse of a lower triangle in its place
    void trtri(int n, double* l, int ld) const {
        char lower = 'L', no = 'N';
        int info = 0;
        trtri_(&lower, &no, &n, l, &ld, &info);
    }
};

// Lower triangle by columns, rows of a column ascending, diagonal always present (and so first).
struct Pattern {
    Index n;
    const Pos* start;   // n + 1
    const Index* row;   // start[n]
};

// Non-zeros and multiply-adds of L under an order, before amalgamation.
struct Counts {
    double nnz = 0, flops = 0;
};

struct Symbolic {
    Index n = 0;                  // equations
    Index count = 0;              // supernodes
    Counts exact;                 // of L without amalgamation
    std::vector<Index> perm;      // perm[k]: equation that is pivot k
    std::vector<Index> inverse;   // inverse[i]: pivot of equation i
    std::vector<Index> first;     // count + 1: first pivot of each supernode
    std::vector<Index> owner;     // n: supernode of a pivot
    std::vector<Index> tree;      // n: parent of a pivot in the elimination tree or -1
    std::vector<Index> parent;    // count: parent supernode or -1
    std::vector<Index> children;  // count: number of children
    std::vector<Pos> below_start; // count + 1: pointers into below and relative
    std::vector<Index> below;     // pivots of the rows below a supernode's own, ascending
    std::vector<Index> relative;  // position of those rows in the parent's front
    std::vector<Pos> panel;       // count + 1: pointers into the values of L and of the inverse
    std::vector<Pos> entry;       // position in the values of every entry of the pattern
    std::vector<Pos> diagonal;    // n: position in the values of pivot k's diagonal
    Index max_below = 0;
    Pos size = 0;                 // values of L, and of the inverse: known once the sizes are planned
    Pos indices = 0;              // rows below of all supernodes, likewise
    Pos direct = 0;               // most positions that direct leaves can need
    Pos peak_fronts = 0;          // most front elements alive at once, in factor or inverse

    int width(Index s) const { return first[s + 1] - first[s]; }
    int rows_below(Index s) const { return static_cast<int>(below_start[s + 1] - below_start[s]); }
    const Index* below_of(Index s) const { return below.data() + below_start[s]; }
    const Index* relative_of(Index s) const { return relative.data() + below_start[s]; }
    Pos values() const { return size; }
    // bytes of the numeric object: values, fronts, diagonals; and of the lists here
    Pos numeric_bytes() const { return 8 * (2 * size + peak_fronts + 2 * static_cast<Pos>(n)) + 4 * direct; }
    Pos list_bytes(Pos entries) const { return 8 * (indices + entries + 4 * static_cast<Pos>(n) + 4 * count); }
    // position of (pivot a, pivot b) in the values, or -1 outside the pattern of L
    Pos locate(Index a, Index b) const;
};

// --- ordering.cpp, dissection.cpp: perm[k] is the equation taken as pivot k
// stage: null, or per equation 0 (free) or its place >= 1 among the equations forced to the end
void min_degree(const Pattern& c, double dense, const Index* stage, Index* perm);
// coordinates: n x dims row-major, NaN for equations without a place (they go last)
void dissect(const Pattern& c, const double* coordinates, int dims, Index* perm);

// --- etree.cpp
struct Permuted {  // lower and upper triangle without diagonal, by columns, in pivot order
    std::vector<Pos> lower_start, upper_start;
    std::vector<Index> lower, upper;
};
// last: the trailing `last` pivots are joined into one dense block
Permuted permute(const Pattern& c, const Index* inverse, Index last);
void elimination_tree(Index n, const Permuted& a, std::vector<Index>& parent);
void postorder(const std::vector<Index>& parent, std::vector<Index>& post);
void column_counts(Index n, const Permuted& a, const std::vector<Index>& parent, const std::vector<Index>& post,
                   std::vector<Index>& counts);
Counts count(const Pattern& c, const Index* perm, Index last);

// --- amalgamate.cpp
struct SupernodeTree {
    std::vector<Index> width, height, parent;  // of the final supernodes in postorder
    std::vector<Index> of_column;              // column -> supernode (postorder number)
};
// overhead: nanoseconds a supernode costs besides its arithmetic
SupernodeTree amalgamate(const std::vector<Index>& parent, const std::vector<Index>& post,
                         const std::vector<Index>& counts, Index last, double overhead);

// --- symbolic.cpp: first the sizes, which take little memory, then the lists
struct Plan {
    Permuted pattern;
    std::vector<Index> parent, post;  // of the elimination tree
    SupernodeTree tree;
};
void plan(Symbolic& s, Plan& p, const Pattern& c, const Index* perm, Index last);
void analyze(Symbolic& s, const Plan& p, const Pattern& c, const Index* perm);

// --- pattern.cpp
// returns the number of distinct entries; -1 - e where entry e lies outside the lower triangle
Pos build_pattern(Index n, Pos entries, const Index* rows, const Index* cols, Pos* start, std::vector<Index>& row,
                  Pos* where);
// neighbours of the kept equations among themselves, numbered among the kept (number[i] < 0: left out)
void adjacency(const Pattern& c, const Index* number, Index kept, std::vector<Pos>& start,
        std::vector<Index>& neighbour);

// Blocks for update and inverse fronts, kept between calls: small ones by size class out of arenas, large ones each
// by itself. (The general allocator spends most of the time of a tree-like inversion in its own lists.)
class Pool {
  public:
    Pool() = default;
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;
    ~Pool();
    double* get(std::size_t size);
    double* zeros(std::size_t size);
    bool put(double* block, std::size_t size);  // false: a large block of another pool

  private:
    struct Block {
        double* data;
        std::size_t size;
    };
    std::vector<std::vector<double*>> small_;
    std::vector<double*> arenas_;
    std::size_t arena_left_ = 0;
    std::vector<Block> free_, used_;  // large
    double* get_large(std::size_t size);
};

struct Free {
    void operator()(double* p) const { std::free(p); }
};
using Values = std::unique_ptr<double[], Free>;
Values allocate(Pos size);

// A front of the elimination: the panel's own columns and, where there is one, the square block of the rows below.
struct Front {
    double* panel;
    int width, below;
    double* update;
    // the diagonal element of front column c; element (r, c), r >= c, is diagonal(c)[r - c]
    double* diagonal(int c) const {
        return c < width ? panel + static_cast<std::size_t>(c) * (width + below + 1)
                         : update + static_cast<std::size_t>(c - width) * (below + 1);
    }
};

// --- subtrees.cpp: disjoint subtrees that threads may take, and the rest of the tree
// Number of the leaf of every equation: largest subtrees of at most `limit` equations; -1 for those above. Returns how many.
Index small_subtrees(const Symbolic& s, Index limit, Index* own);
struct Subtrees {
    std::vector<std::pair<Index, Index>> work;  // first and last supernode of each subtree, the heaviest first
    std::vector<Index> top;                     // supernodes of the rest, ascending
    std::vector<unsigned char> root;            // count: 1 for the last supernode of a subtree
};
double work(const Symbolic& s, Index k);  // multiply-adds and memory traffic of a supernode, about nanoseconds
Subtrees divide(const Symbolic& s);       // nothing in it where threads would not pay

// --- leaves.cpp
constexpr int DIRECT_WIDTH = 4, DIRECT_BELOW = 8;  // largest leaf that writes to its ancestors' panels itself
constexpr int PACKED = 64;                           // columns of covering children that go through their parent at once
bool may_be_direct(Index width, Index below);
struct Leaves {
    enum Kind : unsigned char { FRONT, DIRECT, COVERING };
    std::vector<Kind> kind;
    std::vector<Pos> start;       // count + 1: pointers into target
    std::vector<Index> target;    // of a direct leaf: positions in the values of its pairs of rows below; of a covering
                                  // one: places of its rows below among those its parent's children meet
    std::vector<Pos> rows_start;  // count + 1: pointers into rows
    std::vector<Index> rows;      // positions in a parent's front that its covering children meet, ascending
    std::vector<Index> beside;    // count + 1: pointers into children
    std::vector<Index> children;  // covering ones of every supernode
    std::vector<Index> open;      // count: children that need a front
    Leaves(const Symbolic& s, const Subtrees& subtrees);
    const Index* targets_of(Index k) const { return target.data() + start[k]; }
    const Index* rows_of(Index p) const { return rows.data() + rows_start[p]; }
    int high(Index p) const { return static_cast<int>(rows_start[p + 1] - rows_start[p]); }

  private:
    void gather(const Symbolic& s, Index p, Index list, const std::vector<Index>& next);
};

// A constant symmetric matrix K of some order, at blocks (row, col) of consecutive pivots of that order from `first` on.
struct DenseBlock {
    struct Place {
        Index row, col;
        Pos entry;  // first of its entries
    };
    struct Entry {
        Index coef;
        double value;
    };
    const double* k;
    Index order, first;
    std::vector<Place> places;
    std::vector<Entry> entries;
};

class Alike;

// --- profile.cpp: right-hand sides of which every row holds one range of columns, rows in pivot order
struct Profile {
    Index columns;
    std::vector<Index> first, end;  // per pivot: its columns after the forward solve
    std::vector<Pos> start;         // n + 1: place of a row
    // from, to: the columns of each equation's row before it
    Profile(const Symbolic& s, Index columns, const Index* from, const Index* to);
};

// Values of C, L and the selected inverse for one analysis.
class Numeric {
  public:
    Numeric(const Symbolic& symbolic, const Blas& blas, int threads);
    Numeric(const Numeric&) = delete;
    Numeric& operator=(const Numeric&) = delete;

    void set_entries(Pos count, const Pos* where, const Index* coef, const double* value);
    bool add_block(const double* k, Index q, Index first, Pos count, const Index* row, const Index* col,
                   const Index* coef, const double* value);
    void assemble(const double* c);
    // 0, or 1 + the pivot that is not above tol times its diagonal in C
    Pos factor(double tol);
    // drops such pivots instead (unit diagonal, nothing below): dropped[k] = 1
    void factor_singular(double tol, unsigned char* dropped);
    double logdet() const;
    void forward(double* v, int m) const;   // v: n x m row-major in pivot order
    void backward(double* v, int m) const;
    // g: columns x columns, b'C^-1 b; v is overwritten. With leaves that are alike, columns having the places `order`.
    void gram(const Profile& b, double* v, double* g, const Alike* alike = nullptr, const Index* order = nullptr) const;
    void gather(const double* b, int m, double* v) const;   // rows of b into pivot order
    void scatter(const double* v, int m, double* b) const;  // and back
    void invert();
    void adjoint(double* t) const;
    void inverse_diagonal(double* d) const;
    // index of the first pair outside the pattern, or -1
    Pos inverse_at(Pos count, const Index* rows, const Index* cols, double* out) const;
    Index coefficients() const { return coefficients_; }

  private:
    const Symbolic& s_;
    Blas blas_;
    int threads_;
    Values factor_, inverse_;
    std::vector<double> floor_;  // per pivot: the value it must exceed
    std::vector<std::unique_ptr<Pool>> pools_;  // one a thread
    Subtrees subtrees_;
    Leaves leaves_;
    std::vector<double*> fronts_;
    struct Pack {
        double* data = nullptr;
        int columns = 0;
    };
    std::vector<Pack> packs_;  // of supernodes with covering children
    Index coefficients_ = 0;
    std::vector<Pos> position_;
    std::vector<Index> coef_;
    std::vector<double> value_;
    std::vector<unsigned char> off_;  // 1 for an entry off the diagonal
    std::vector<DenseBlock> blocks_;

    Front front(Index s, double* values) const;
    template <class Begin, class Column>
    void each_block(double* values, Begin begin, Column column) const;
    void assemble_blocks(const double* c);
    void adjoint_blocks(double* t) const;
    Pos factor_front(Index s, Pool& pool, bool keep, int threads);
    void invert_own(Index s, Pool& pool, std::vector<Index>& left, std::vector<double>& work, bool keep, int threads);
    void invert_front(Index s, Pool& pool, std::vector<Index>& left, std::vector<double>& work, bool keep, int threads);
    int factor_direct(Index s);
    void invert_direct(Index s);
    void pack_child(Index s, Pool& pool);
    void empty_pack(Index s, Pool& pool);
    void close_pack(Index s, Pool& pool);
    void invert_children(Index s, Pool& pool);
    void set_floor(double tol);
    void give_back(Index k);
    void release();
    int sharing(Index k) const;  // threads for a front of the top, or WHOLE
    template <class Job>
    void run(const Job& job);
    void hand_over(Index k);
    Pos factor_alone();
    Pos factor_subtrees();
    void invert_alone();
    void invert_subtrees();
};

// --- rank.cpp
// In-order sweep of the height x width lower panel: a pivot not above floor[k] is dropped (unit diagonal, zeros).
void sweep(const Blas& blas, int height, int width, double* panel, const double* floor, unsigned char* dropped);
// Elimination of a (n x n, row-major, symmetric, overwritten) from the last row up to `least`, each pivot raised by its
// part by[j]: what that adds to the diagonal.
void raise_pivots(Index n, Index least, double* a, const double* by, double* added);
// Bottom-up echelon form of the null space (p x r, row-major): pivot rows get aliased[row] = 1.
void echelon(Index p, Index r, double* null_space, double tol, unsigned char* aliased);

// --- csr.cpp
struct CsrView {
    Index rows, cols;
    const Pos* start;
    const Index* col;
    const double* value;
};
void csr_dot(const CsrView& a, const double* b, int m, double* out);
void csr_tdot(const CsrView& a, const double* b, int m, double* out);
// a given by its lower triangle
void csr_symmetric(const CsrView& lower, const double* b, int m, double* out);
// b near the least-squares fit of x to left (zero where not observed), by conjugate gradients scaled by the diagonal of
// x'x: `passes` at most, until the scaled gradient's square is below `slope` times what is left. left is overwritten.
void near_fit(const CsrView& x, const unsigned char* observed, int passes, double slope, double* left, double* b);
void csr_transpose(const CsrView& a, Pos* start, Index* col, double* value);
struct Triplets {
    std::vector<Index> rows, cols;
    std::vector<double> values;
};
// lower triangle of w' diag(weights) m w; transposed is w'; weights or m may be null
void gram(const CsrView& w, const CsrView& transposed, const CsrView* m, const double* weights, Triplets& out);

// --- parts.cpp
// the same for M_k, k < parts, given by entries of their lower triangles; ends[k]: triplets up to and with those of k
void gram_parts(const CsrView& w, Pos entries, const Index* row, const Index* col, const Index* part,
                const double* value, Index parts, Triplets& out, std::vector<Pos>& ends);

// --- columns.cpp: derivatives of the equations by the variance parameters, as right-hand sides
struct EntryView {  // of basis matrices: value at (row, col) of the matrix of number basis, one triangle
    Pos count;
    const Pos *row, *col, *basis;
    const double* value;
};

// Where to add what: u = S v turns unknowns into effects; without `start` S is the identity. A parameter of a whitened
// term moves effects by (dS) v + S d: its "moves" say which effect takes which source, an unknown or an element of
// (K x I) h. While `values` is null only the range of columns
// of every unknown is found, and the first unknown that every column meets.
struct Columns {
    Index columns = 0;
    const Pos* start = nullptr;      // rows of S: unknowns and entries of T, entry 0 the constant 1
    const Index *unknown = nullptr, *entry = nullptr;
    const Pos* move_start = nullptr; // by effect; read where `start` is there
    const Index *move_source = nullptr, *move_column = nullptr;
    const Index* order = nullptr;    // place of every column
    Index fixed = 0;                 // unknowns before this one are met by all columns
    Index *first = nullptr, *end = nullptr, *earliest = nullptr;
    const Pos* origin = nullptr;     // column c of unknown u stands at origin[u] + order[c]
    double* values = nullptr;
    const double *factors = nullptr, *sources = nullptr;
    Index from = 0, width = 0;       // columns that move all effects, by the rows of whole (effects x width)
    const double* whole = nullptr;
    const unsigned char* skip = nullptr;  // 1 for effects that scores and whole columns leave out
    double* pairs = nullptr;         // columns x columns: moves times the effects' side of every column's place
    // where `start` is there: the effects' side, column c of effect i at effect_origin[i] + order[c], or its ranges
    Index *effect_first = nullptr, *effect_end = nullptr;
    const Pos* effect_origin = nullptr;
    double* effect_values = nullptr;

    void residual(const EntryView& m, const double* e, const CsrView& w, const Index* column) const;  // -W'M e
    void prior(const EntryView& m, const double* v, Index at, const Index* column) const;             // B v
    void factor(const EntryView& m, const double* c) const;                      // W'R^-1 W times the moves
    void records(const EntryView& m, const double* b, const Index* column) const;    // W'M W b
    void scores(Index effects, Index unknowns, const double* h) const;           // -(dS)'h
    void dense(Index effects, Index at, Index count, const double* z) const;     // any
    void finish(Index effects) const;  // from the effects' side to the unknowns' and the pairs
    void add_unknown(Index u, Index c, double x) const;
    void add_effect(Index i, Index c, double x) const;

  private:
    void at_unknown(Index u, Index c, double x) const;
    void at_effect(Index i, Index c, double x) const;
};

// --- components.cpp: a model of variance components, R^-1 = c_0 D and G_t^-1 = c_t B_t for the terms t = 1, 2, ...
struct Components {
    Index terms = 0;
    const Index* first = nullptr;   // terms + 1: first equation of each term
    CsrView information{};          // W'DW, lower triangle
    const double* wy = nullptr;     // W'Dy
    double yy = 0;                  // y'Dy
    EntryView prior{};              // all B_t, by equations; basis t
    const Profile* columns = nullptr;  // full ones of the terms, and of R where it has a parameter
    std::vector<double> work, whole, sides, gram;

    // Solution b, W'R^-1(y - Wb) and y'Py; 0, or 1 + the pivot that failed.
    Pos solve(Numeric& numeric, const double* c, double tol, double* b, double* gathered, double* ypy);
    // After that, for working variates Z_t u_t moves[t] and that of R, whose parameter moves c_0 by `own`: derivative of
    // log|C| by c, e'De and u_t'B_t u_t, and the products q'Pq of the working variates, R's (where it has one) the last.
    void derive(Numeric& numeric, const double* c, const double* moves, const double* b, const double* gathered,
                double own, double* adjoint, double* squares, double* products);
};

// --- takahashi.cpp: selected inverse on the pattern of a simplicial L (columns sorted, diagonal first)
void takahashi(Index n, const Pos* start, const Index* row, const double* l, double* z);
// position of each (row, col), row >= col, in a lower pattern by columns, or -1
void locate(Pos count, const Index* rows, const Index* cols, const Pos* start, const Index* row, Pos* where);

}  // namespace pyasreml
