// Definition: convolve.
// Test: tests/engine/arrays/correlation/test_signals.py.
//
// Results whose window lies within f are summed where it is, those at the ends over a copy with
// zeros around it; so is all of a short signal.
#include "arrays/correlation/signals.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include "arrays/row.h"
#include "memory.h"
#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

constexpr long kCopied = 4096;    // results of a signal that is copied
constexpr long kFewProducts = 64; // that take less time than to prepare anything
// Multiplications, and as many as an element's way to and from memory counts for, of a thread.
constexpr long kThreadWork = 1 << 18, kElementWork = 8;

template <class T>
T multiply_add(T sum, T a, T b) {
  return sum + a * b;
}
template <>
int64_t multiply_add(int64_t sum, int64_t a, int64_t b) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product) || __builtin_add_overflow(sum, product, &sum))
    throw std::overflow_error("a result does not fit int64");
  return sum;
}

template <class T>
void sum_one_by_one(const T* f, long n, const T* g, long m, Part part, T* out) {
  for (long y = part.first; y < part.first + part.size; y++) {
    T sum = 0;
    for (long x = std::max(0L, y - m + 1); x <= std::min(y, n - 1); x++)
      sum = multiply_add(sum, f[x], g[y - x]);
    *out++ = sum;
  }
}

} // namespace

// Integers whose sums cannot exceed 64 bits are added up tap by tap, in registers; others one by
// one, with an eye on each.
template <>
void convolve_signals(const int64_t* f, long n, const int64_t* g, long m, Part part, int64_t* out,
                      int) {
  auto largest = [](const int64_t* values, long count) {
    uint64_t bits = 0; // of all magnitudes, or one less
    for (long i = 0; i < count; i++)
      bits |= static_cast<uint64_t>(values[i] < 0 ? ~values[i] : values[i]);
    return static_cast<double>(bits) + 1;
  };
  if (part.size * m <= kFewProducts ||
      largest(f, n) * largest(g, m) * static_cast<double>(m) > 9e18)
    return sum_one_by_one(f, n, g, m, part, out);
  const long end = part.first + part.size;
  for (long from = part.first; from < end; from += kCopied) {
    const long to = std::min(from + kCopied, end);
    std::fill_n(out, to - from, int64_t{0});
    for (long j = 0; j < m; j++) {
      const long first = std::max(from, j), last = std::min(to, n + j);
      const int64_t weight = g[j], *source = f + first - j;
      int64_t* const sums = out + first - from;
      for (long i = 0; i < last - first; i++) sums[i] += weight * source[i];
    }
    out += to - from;
  }
}

template <class T>
void convolve_signals(const T* f, long n, const T* g, long m, Part part, T* out, int threads) {
  constexpr long W = kWidth<T>;
  if (part.size * m <= kFewProducts) return sum_one_by_one(f, n, g, m, part, out);
  Buffer<T> flipped(m);
  std::reverse_copy(g, g + m, flipped.get());
  const RowTaps<T> taps(flipped.get(), m, 1);
  const long end = part.first + part.size;
  auto copied = [&](long first, long last) {
    const long size = last - first, start = first - m + 1, window = size + m - 1;
    if (size <= 0) return;
    Buffer<T> extended(window + W), few(W);
    const long from = std::clamp(-start, 0L, window), to = std::clamp(n - start, from, window);
    std::fill_n(extended.get(), from, T(0));
    std::copy_n(f + start + from, to - from, extended.get() + from);
    std::fill_n(extended.get() + to, window + W - to, T(0));
    T* const results = out + first - part.first;
    taps.run(extended.get(), T(0), size < W ? few.get() : results, size);
    if (size < W) std::copy_n(few.get(), size, results);
  };
  const long first = std::max(part.first, m - 1), last = std::min(end, n), inside = last - first;
  if (part.size <= kCopied || inside < kCopied) return copied(part.first, end);
  copied(part.first, first);
  copied(last, end);
  const int parts =
      static_cast<int>(std::clamp(inside * (m + kElementWork) / kThreadWork, 1L, long{threads}));
  run_threads(parts, [&](int t) {
    const long from = first + inside * t / parts, to = first + inside * (t + 1) / parts;
    taps.run(f + from - m + 1, T(0), out + from - part.first, to - from);
  });
}

template void convolve_signals(const float*, long, const float*, long, Part, float*, int);
template void convolve_signals(const double*, long, const double*, long, Part, double*, int);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
