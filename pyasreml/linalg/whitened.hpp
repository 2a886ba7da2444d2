// Entries by effects as entries by whitened unknowns.
#pragma once
#include "kernel.hpp"

namespace pyasreml {

// M by entries of its lower triangle, value times a coefficient, and the rows of S.
struct ByEffects {
    Pos count;
    const Pos *row, *col, *coef;
    const double* value;
    const Pos* start;
    const Index *unknown, *entry;
    Pos span;  // numbers of entries of T are below this
};

// S'MS: an entry is value times a sum, and many entries share one sum. Sum `sum[k]` takes factor[k] times a product,
// key (coefficient * span + left entry of T) * span + right entry.
struct ByUnknowns {
    std::vector<Pos> row, col;
    std::vector<Index> number;  // of the entry's sum
    std::vector<double> value;
    Index sums = 0;
    std::vector<Index> sum;
    std::vector<Pos> key;
    std::vector<double> factor;
};
void expand(const ByEffects& m, ByUnknowns& out);

}  // namespace pyasreml
