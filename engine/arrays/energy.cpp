// Sums of squares; see energy.h.
//
// Squares are added up down the rows of a block, whole registers at a time, then along the row, in
// stretches that stay in the cache.
#include "arrays/energy.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

// Elements that are worth a thread, and those of a row that are taken at a time.
constexpr long kThreadElements = 1 << 16, kStretch = 2048;

template <class T>
void add_squares(const T* row, long n, T* sums, T* largest) {
#pragma GCC ivdep
  for (long i = 0; i < n; i++) {
    const T square = row[i] * row[i];
    sums[i] += square;
    largest[i] = square > largest[i] ? square : largest[i];
  }
}

// Halves are added up apart: a sum one by one would wait for each addition.
template <class T>
T sum_of(const T* values, long n, long step) {
  if (n == 1) return *values;
  if (n == 2) return values[0] + values[step];
  if (n == 4) return (values[0] + values[step]) + (values[2 * step] + values[3 * step]);
  const long half = n / 2;
  return sum_of(values, half, step) + sum_of(values + half * step, n - half, step);
}

} // namespace

template <class T>
double block_energies(const SourceArray& source, BlockSize size, double* out, int threads) {
  const long down = (source.height + size.height - 1) / size.height, channels = source.channels;
  const long across = (source.width + size.width - 1) / size.width;
  const long blocks = std::max(1L, kStretch / (size.width * channels)); // of a stretch
  const long stretches = (across + blocks - 1) / blocks, units = source.planes * down * stretches;
  const int parts = static_cast<int>(std::clamp(
      source.planes * source.height * source.row_elements() / kThreadElements, 1L, long{threads}));
  std::vector<double> largest_of(parts, 0.0);
  run_threads(parts, [&](int t) {
    const long room = blocks * size.width * channels;
    Buffer<T> sums(room), largest(room);
    std::fill_n(largest.get(), room, T(0));
    for (long unit = units * t / parts; unit < units * (t + 1) / parts; unit++) {
      const long plane = unit / stretches / down, block = unit / stretches % down;
      const long left = unit % stretches * blocks, right = std::min(left + blocks, across);
      const long first = left * size.width,
                 columns = std::min(right * size.width, source.width) - first;
      std::fill_n(sums.get(), columns * channels, T(0));
      const long top = block * size.height, bottom = std::min(top + size.height, source.height);
      for (long y = top; y < bottom; y++)
        add_squares(static_cast<const T*>(source.row(plane, y)) + first * channels,
                    columns * channels, sums.get(), largest.get());
      double* to = out + ((plane * down + block) * across + left) * channels;
      for (long x = 0; x < columns; x += size.width)
        for (long c = 0; c < channels; c++)
          *to++ = static_cast<double>(
              sum_of(sums.get() + x * channels + c, std::min(size.width, columns - x), channels));
    }
    largest_of[t] = static_cast<double>(*std::max_element(largest.get(), largest.get() + room));
  });
  return std::sqrt(*std::max_element(largest_of.begin(), largest_of.end()));
}

template double block_energies<float>(const SourceArray&, BlockSize, double*, int);
template double block_energies<double>(const SourceArray&, BlockSize, double*, int);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
