// A guard that sets the number of threads of the BLAS library while it lives.
#pragma once

namespace pyasreml {

// Looks for the setting in the library behind blas_function; false where there is none.
bool find_blas_threads(void* blas_function);

class BlasThreads {
  public:
    explicit BlasThreads(int threads);
    BlasThreads(const BlasThreads&) = delete;
    BlasThreads& operator=(const BlasThreads&) = delete;
    void set(int threads);
    ~BlasThreads();
};

}  // namespace pyasreml
