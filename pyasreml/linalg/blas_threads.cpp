// The BLAS library's own threads. A sparse factorization makes many small BLAS calls, which threads only slow down
// (by ten times and more on a busy machine), so they are held at one while the kernel works.
//
// The setting belongs to the library and so to the process: the first guard in keeps the value that the last one out
// puts back.
#include "blas_threads.hpp"

#include <mutex>

#if !defined(_WIN32)
#include <dlfcn.h>
#endif

namespace pyasreml {
namespace {

struct Library {
    int (*get)() = nullptr;
    void (*set)(int) = nullptr;
    int depth = 0, before = 0;
    std::mutex lock;
};

Library& library() {
    static Library the_one;
    return the_one;
}

}  // namespace

bool find_blas_threads(void* blas_function) {
#if !defined(_WIN32)
    Dl_info info;
    if (!dladdr(blas_function, &info) || !info.dli_fname) return false;
    void* handle = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);  // dlsym looks into its dependencies as well
    if (!handle) return false;
    const char* const names[][2] = {
        {"scipy_openblas_get_num_threads", "scipy_openblas_set_num_threads"},
        {"scipy_openblas_get_num_threads64_", "scipy_openblas_set_num_threads64_"},
        {"openblas_get_num_threads", "openblas_set_num_threads"},
        {"openblas_get_num_threads64_", "openblas_set_num_threads64_"},
        {"MKL_Get_Max_Threads", "MKL_Set_Num_Threads"},
    };
    for (const auto& name : names) {
        void *get = dlsym(handle, name[0]), *set = dlsym(handle, name[1]);
        if (!get || !set) continue;
        library().get = reinterpret_cast<int (*)()>(get);
        library().set = reinterpret_cast<void (*)(int)>(set);
        return true;
    }
#else
    (void)blas_function;
#endif
    return false;
}

SingleBlasThread::SingleBlasThread() {
    Library& l = library();
    if (!l.set) return;
    std::lock_guard<std::mutex> hold(l.lock);
    if (l.depth++ == 0) l.before = l.get();
    if (l.get() != 1) l.set(1);
}

SingleBlasThread::~SingleBlasThread() {
    Library& l = library();
    if (!l.set) return;
    std::lock_guard<std::mutex> hold(l.lock);
    if (--l.depth == 0 && l.get() != l.before) l.set(l.before);
}

}  // namespace pyasreml
