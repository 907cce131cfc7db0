// Sums of squares; see energy.h.
//
// Squares are added up down the rows of a block, whole registers at a time, then along the row.
#include "arrays/energy.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

// Elements that are worth a thread.
constexpr long kThreadElements = 1 << 16;

template <class T>
void add_squares(const T* row, long n, T* sums, T* largest) {
#pragma GCC ivdep
  for (long i = 0; i < n; i++) {
    const T square = row[i] * row[i];
    sums[i] += square;
    largest[i] = square > largest[i] ? square : largest[i];
  }
}

} // namespace

template <class T>
double block_energies(const SourceArray& source, BlockSize size, double* out, int threads) {
  const long down = (source.height + size.height - 1) / size.height, channels = source.channels;
  const long across = (source.width + size.width - 1) / size.width, n = source.row_elements();
  const long units = source.planes * down;
  const int parts = static_cast<int>(
      std::clamp(source.planes * source.height * n / kThreadElements, 1L, long{threads}));
  std::vector<double> largest_of(parts, 0.0);
  run_threads(parts, [&](int t) {
    Buffer<T> sums(n), largest(n);
    std::fill_n(largest.get(), n, T(0));
    for (long unit = units * t / parts; unit < units * (t + 1) / parts; unit++) {
      const long plane = unit / down, first = unit % down * size.height;
      std::fill_n(sums.get(), n, T(0));
      for (long y = first; y < std::min(first + size.height, source.height); y++)
        add_squares(static_cast<const T*>(source.row(plane, y)), n, sums.get(), largest.get());
      double* to = out + unit * across * channels;
      for (long x = 0; x < source.width; x += size.width, to += channels)
        for (long c = 0; c < channels; c++) {
          const long columns = std::min(size.width, source.width - x);
          const T* from = sums.get() + x * channels + c;
          T sum = 0;
          for (long i = 0; i < columns; i++) sum += from[i * channels];
          to[c] = static_cast<double>(sum);
        }
    }
    largest_of[t] = static_cast<double>(*std::max_element(largest.get(), largest.get() + n));
  });
  return std::sqrt(*std::max_element(largest_of.begin(), largest_of.end()));
}

template double block_energies<float>(const SourceArray&, BlockSize, double*, int);
template double block_energies<double>(const SourceArray&, BlockSize, double*, int);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
