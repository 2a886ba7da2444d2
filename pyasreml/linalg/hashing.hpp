// Hashes of numbers.
#pragma once
#include <cstdint>
#include <cstring>

namespace pyasreml {

using Hash = std::uint64_t;

// every bit of x in every bit of the result (the finalizer of SplitMix64)
inline Hash finish(Hash x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

inline Hash bits(double x) {
    Hash h;
    std::memcpy(&h, &x, sizeof h);
    return h;
}

}  // namespace pyasreml
