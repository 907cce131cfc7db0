// Convolution of two plain signals, for calls whose cost is more than that of the sums.
#pragma once

#include "simd.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// Results [first, first + size) of the full convolution.
struct Part {
  long first, size;
};

// out[y - first] = sum over x of f[x] * g[y - x], with n >= m elements; zeros are beyond. T is
// float, double, or int64_t: then throws std::overflow_error where a sum does not fit.
template <class T>
void convolve_signals(const T* f, long n, const T* g, long m, Part part, T* out, int threads);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
