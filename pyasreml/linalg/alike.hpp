// Leaves of the elimination tree that are copies of each other: their part of the average information as one product.
//
// The right-hand sides of a leaf are F w, with F the same for all copies and w the leaf's own effects and residuals. With
// equal rows of C, sum_g w'F'D^-1 F w takes the matrix of sums of squares and products of the w, and the equations that
// the leaves share take F times the sum of the w.
#pragma once
#include "hashing.hpp"
#include "kernel.hpp"

namespace pyasreml {

// What the right-hand sides are made of, as `Columns` fills them in. Numbers of sources: unknowns from 0 on, then those
// of every kind from its base on.
struct Origins {
    Index unknowns = 0, effects = 0, records = 0;
    const Index* own = nullptr;  // leaf of every unknown, or -1
    Index leaves = 0;
    // rows of S and the moves, as of `Columns`; null where S is the identity
    const Pos* start = nullptr;
    const Index *unknown = nullptr, *entry = nullptr;
    const Pos* move_start = nullptr;
    const Index *move_source = nullptr, *move_column = nullptr;
    EntryView matrix{};         // C by unknowns: row, column, coefficient, value
    EntryView record{};         // W'R^-1W by effects, where there are moves
    EntryView residual{};       // R^-1 by records
    CsrView w{};
    const Index* column = nullptr;  // by coefficient of R^-1, or -1; null where there are no such columns
    struct Prior {
        EntryView entries;
        Index at, column;
    };
    std::vector<Prior> priors;
    struct Dense {
        Index column, width;
    };
    std::vector<Dense> dense;   // whole columns
    Index from = 0, width = 0;  // columns that move all effects

    Pos known() const { return unknowns; }
    Pos scores() const { return unknowns + (start ? effects : 0); }
    Pos errors() const { return scores() + (start ? effects : 0); }
    Pos whole() const { return errors() + records; }  // of dense columns one after another, then of what moves all
};

// One number of the right-hand sides: value times a coefficient of the structures (-1: none) times a source, in the row of
// an effect or of an unknown.
struct Contribution {
    bool by_effect;
    Index at, column;
    Pos source;
    double value;
    Index coef;
};

class Alike {
  public:
    Alike(const Symbolic& s, const Origins& origins);
    bool any() const { return !classes_.empty(); }
    // 1 for what belongs to a leaf that is summed with others
    std::vector<unsigned char> unknowns, effects, records;

    // sums of one iteration: of sources, by coefficients of the structures and entries of T
    void begin(const Blas& blas, const double* sources, const double* c, const double* factors);
    // the sums of right-hand sides, in the rows of one leaf of each class; without numbers their ranges only
    void add(const Columns& columns) const;
    void pairs(const Columns& columns) const;
    void clear(const Profile& b, double* v) const;  // those rows of the leaves, once they are solved for
    void gram(const Symbolic& s, const Blas& blas, const double* values, const Index* order, int columns,
              double* g) const;

  private:
    struct Right {  // a number of F: its row (an unknown or effect), column and source
        Index at, column, source;
    };
    struct Term {  // what adds to one: value times a coefficient and an entry of T, where they are not -1
        Index to, coef, entry;
        double value;
    };
    struct Rights {
        std::vector<Right> place;
        std::vector<Term> terms;
        std::vector<double> value;
        void evaluate(const double* c, const double* factors);
    };
    struct Pair {  // a move of an effect by a column and source, times a number of F of that effect
        Index column, source, right;
    };
    struct Class {
        std::vector<Index> unknowns, pivots;   // of the leaf that stands for all, in pivot order
        Rights inner, outer, others, effects;  // in rows of the leaf, of other unknowns, of other effects, of its effects
        std::vector<Index> number;             // of every inner one: its column and source among the distinct ones …
        std::vector<Right> distinct;           // … which are these
        std::vector<Pair> pairs;
        std::vector<Index> count;              // numbers summed in each source
        std::vector<Pos> index;                // and which, member by member
        Index members = 0;
        std::vector<double> sum, squares;      // of the sources over the members
    };
    std::vector<Class> classes_;

    struct Found;
    static Class build(const Symbolic& s, const Origins& o, const Found& f, const std::vector<Index>& members,
                       const std::vector<Contribution>& of_first);
    static bool pays(const Class& k);
};

}  // namespace pyasreml
