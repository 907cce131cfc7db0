// Definition: convolve.
// Test: tests/engine/arrays/correlation/test_correlate.py.
//
// Convolution of two short signals, for calls where the cost of a call is all.
#pragma once

#include <algorithm>
#include <cstdint>
#include <stdexcept>

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

enum class Mode { full, same, valid };

// The part of the full convolution of n and m <= n elements that a mode returns.
struct Part {
  long first, size;
};
inline Part part_of(Mode mode, long n, long m) {
  switch (mode) {
  case Mode::full:
    return {0, n + m - 1};
  case Mode::same:
    return {(m - 1) / 2, n};
  case Mode::valid:
    return {m - 1, n - m + 1};
  }
  return {0, 0};
}

template <class T>
T multiply_add(T sum, T a, T b) {
  return sum + a * b;
}
template <>
inline int64_t multiply_add(int64_t sum, int64_t a, int64_t b) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product) || __builtin_add_overflow(sum, product, &sum))
    throw std::overflow_error("a result does not fit int64");
  return sum;
}

// out[y] = sum over x of f[x] * g[first + y - x], n >= m.
template <class T>
void convolve_short(const T* f, long n, const T* g, long m, Part part, T* out) {
  for (long y = part.first; y < part.first + part.size; y++) {
    T sum = 0;
    for (long x = std::max(0L, y - m + 1); x <= std::min(y, n - 1); x++)
      sum = multiply_add(sum, f[x], g[y - x]);
    *out++ = sum;
  }
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
