// Definition: correlation_at.
// Test: tests/engine/arrays/correlation/test_single.py.
//
// A few results here and there, each as it is defined: those that a transform has not computed as
// exactly as the sum would be, and that are too few and too far apart for tiles of registers.
#include <algorithm>
#include <atomic>

#include "arrays/correlation/correlate.h"
#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

constexpr long kThreadWeights = 1 << 15; // multiplications that are worth a thread

// The window's columns that are not fill, and whether they are neighbours in the source.
struct Present {
  long first, last;
  bool is_run = true;

  Present(const int32_t* columns, long width) : first(0), last(width) {
    while (first < last && columns[first] < 0) first++;
    while (first < last && columns[last - 1] < 0) last--;
    for (long j = first; j < last; j++) is_run &= columns[j] == columns[first] + (j - first);
  }
};

// A sum in the lanes of two registers and beside them.
template <class T>
struct Sum {
  Vec<T> even{}, odd{};
  T rest = 0;

  void add_products(const T* a, const T* b, long n) {
    long i = 0;
    for (; i + 2 * kWidth<T> <= n; i += 2 * kWidth<T>) {
      even += load(a + i) * load(b + i);
      odd += load(a + i + kWidth<T>) * load(b + i + kWidth<T>);
    }
    for (; i + kWidth<T> <= n; i += kWidth<T>) even += load(a + i) * load(b + i);
    for (; i < n; i++) rest += a[i] * b[i];
  }
  T value() const {
    const Vec<T> both = even + odd;
    T sum = rest;
    for (int i = 0; i < kWidth<T>; i++) sum += both[i];
    return sum;
  }
};

template <class T>
T sum_at(const Correlation& c, const Terms<T>& terms, T fill, long plane, long y, long x,
         long channel) {
  const int32_t* const columns = c.columns.at + x;
  const long channels = c.source.channels;
  const Present present(columns, terms.width);
  const bool is_run = present.is_run && channels == 1 && fill == 0;
  Sum<T> sum;
  const T* weights = terms.kernels;
  for (long t = 0; t < terms.count; t++) {
    const long from = terms.planes[plane * terms.count + t];
    for (long i = 0; i < terms.height; i++, weights += terms.width) {
      const long row = c.rows.at[y + i];
      const T* const elements =
          from < 0 || row < 0 ? nullptr : static_cast<const T*>(c.source.row(from, row));
      if (is_run) {
        if (elements && present.first < present.last)
          sum.add_products(weights + present.first, elements + columns[present.first],
                           present.last - present.first);
        continue;
      }
      for (long j = 0; j < terms.width; j++) {
        const bool is_fill = !elements || columns[j] < 0;
        sum.rest += weights[j] * (is_fill ? fill : elements[columns[j] * channels + channel]);
      }
    }
  }
  return sum.value();
}

} // namespace

template <class T>
void correlate_at(const Correlation& c, const Terms<T>& terms, T fill, T offset,
                  const int64_t* positions, long count) {
  const long weights = terms.count * terms.height * terms.width;
  const int threads =
      static_cast<int>(std::clamp(count * weights / kThreadWeights, 1L, long{c.threads}));
  const long channels = c.out.channels;
  std::atomic<long> next{0};
  run_threads(threads, [&](int) {
    for (long i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) {
      const long column = positions[i] / channels, row = column / c.out.width;
      static_cast<T*>(c.out.data)[positions[i]] =
          offset + sum_at(c, terms, fill, row / c.out.height, row % c.out.height,
                          column % c.out.width, positions[i] % channels);
    }
  });
}

template void correlate_at(const Correlation&, const Terms<float>&, float, float, const int64_t*,
                           long);
template void correlate_at(const Correlation&, const Terms<double>&, double, double, const int64_t*,
                           long);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
