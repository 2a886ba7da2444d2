// A guard that holds the BLAS library at one thread while it lives.
#pragma once

namespace pyasreml {

// Looks for the setting in the library behind blas_function; false where there is none.
bool find_blas_threads(void* blas_function);

class SingleBlasThread {
  public:
    SingleBlasThread();
    SingleBlasThread(const SingleBlasThread&) = delete;
    SingleBlasThread& operator=(const SingleBlasThread&) = delete;
    ~SingleBlasThread();
};

}  // namespace pyasreml
