// Pedigrees: order, inbreeding and the inverse relationship matrix. Parents are numbers of animals, -1 where unknown.
#pragma once

#include <cstdint>
#include <vector>

namespace pyasreml {

// Order with parents before progeny that keeps the given order where it can. Returns true when there is one; otherwise
// `loop` holds animals each of which is a parent of the next, the last one of the first.
bool pedigree_order(std::int32_t n, const std::int32_t* first, const std::int32_t* second, std::int32_t* order,
                    std::vector<std::int32_t>& loop);

// Rules by which an animal inherits: u = w1 u(first) + w2 u(second) + its own part.
struct Inheritance {
    const double* w1;
    const double* w2;
    const double* base;     // variance of an animal that is not inbred
    const double* outbred;  // factor of 1 - F that selfing after the cross leaves
    double pair;            // F of a cross over the relationship of its parents
    double selfing;         // probability that an animal with one known parent comes of selfing
};

// Variances a (the diagonal of A) and d (of the animals' own parts). Returns -1, or the first animal whose d is not
// positive. Parents come before progeny.
std::int32_t pedigree_variances(std::int32_t n, const std::int32_t* first, const std::int32_t* second,
                                const Inheritance& rules, double* a, double* d);

// Lower triangle of the inverse, by rows, columns ascending. Animals with d = 0 (genetic groups) have no own part.
void pedigree_inverse(std::int32_t n, const std::int32_t* first, const std::int32_t* second, const double* w1,
                      const double* w2, const double* d, std::vector<std::int64_t>& start,
                      std::vector<std::int32_t>& col, std::vector<double>& value);

}  // namespace pyasreml
