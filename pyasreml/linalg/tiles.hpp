// Operations on one large front in strips that several threads may take. The strips depend on the operation's size
// alone, never on the number of threads, so that any number gives the same bits.
#pragma once
#include "kernel.hpp"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>

namespace pyasreml {

// job(worker, task) for every task in [0, tasks), each by whichever worker is free; workers count from 0
template <class Job>
void deal(int threads, int tasks, const Job& job) {
    std::atomic<int> next{0};
    auto take = [&](int worker) {
        for (int t = next++; t < tasks; t = next++) job(worker, t);
    };
    std::vector<std::thread> others;
    for (int w = 1; w < std::min(threads, tasks); w++) {
        try {
            others.emplace_back(take, w);
        } catch (const std::system_error&) {
            break;  // no more threads to be had: those that run do the rest
        }
    }
    take(0);
    for (std::thread& t : others) t.join();
}

constexpr int WHOLE = 0;  // in place of a number of threads: a front too small to be divided

// job(from, to) on strips of [0, count), wide enough that a product loses little by being cut
template <class Job>
void strips(int threads, int count, const Job& job) {
    if (count <= 0) return;
    if (threads == WHOLE || count <= 640) return job(0, count);
    const int pieces = std::min(std::max(count / 448, 2), 16), size = ((count + pieces - 1) / pieces + 63) / 64 * 64;
    deal(threads, (count + size - 1) / size, [&](int, int t) { job(t * size, std::min((t + 1) * size, count)); });
}

// lower trapezoid (rows x cols, rows >= cols) of c := beta c - a a', a: rows x k
void update_trapezoid(const Blas& blas, int threads, int rows, int cols, int k, const double* a, int lda, double beta,
                      double* c, int ldc);
// lower triangle of c += a' a, a: k x n
void add_gram(const Blas& blas, int threads, int n, int k, const double* a, int lda, double* c, int ldc);
// b := alpha op(a) b or alpha b op(a), a lower triangular, b: m x n
void multiply_triangle(const Blas& blas, int threads, char side, char ta, int m, int n, double alpha, const double* a,
                       int lda, double* b, int ldb);

}  // namespace pyasreml
