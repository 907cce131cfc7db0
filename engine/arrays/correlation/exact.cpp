// Correlation of 64-bit integers: in doubles if no sum can exceed 53 bits, where they are exact,
// and otherwise in 128 bits, checked.
#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "arrays/correlation/correlate.h"
#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

double largest(const int64_t* values, long n) {
  int64_t low = 0, high = 0;
  for (long i = 0; i < n; i++) {
    low = std::min(low, values[i]);
    high = std::max(high, values[i]);
  }
  return std::max(-static_cast<double>(low), static_cast<double>(high));
}

// A product takes 127 bits at most, so a few of the largest could exceed even 128.
int64_t sum_at(const Correlation& c, const Terms<int64_t>& terms, int64_t fill, long plane, long y,
               long x, long channel) {
  __int128 sum = 0;
  const int64_t* weight = terms.kernels;
  for (long t = 0; t < terms.count; t++) {
    const long from = terms.planes[plane * terms.count + t];
    for (long i = 0; i < terms.height; i++) {
      const long row = c.rows.at[y + i];
      const int64_t* cells =
          from < 0 || row < 0 ? nullptr : static_cast<const int64_t*>(c.source.row(from, row));
      for (long j = 0; j < terms.width; j++, weight++) {
        const long column = c.columns.at[x + j];
        const int64_t cell =
            cells && column >= 0 ? cells[column * c.source.channels + channel] : fill;
        if (__builtin_add_overflow(sum, static_cast<__int128>(*weight) * cell, &sum))
          throw std::overflow_error("a sum does not fit 128 bits");
      }
    }
  }
  if (sum > std::numeric_limits<int64_t>::max() || sum < std::numeric_limits<int64_t>::min())
    throw std::overflow_error("a result does not fit int64");
  return static_cast<int64_t>(sum);
}

} // namespace

void correlate_exact(const Correlation& c, const Terms<int64_t>& terms, int64_t fill) {
  const SourceArray& s = c.source;
  const long taps = terms.count * terms.height * terms.width;
  double weight = 0;
  for (long i = 0; i < taps; i++) weight += std::abs(static_cast<double>(terms.kernels[i]));
  const double cell =
      std::max(largest(static_cast<const int64_t*>(s.data), s.planes * s.height * s.row_cells()),
               largest(&fill, 1));
  constexpr double kExact = 1L << 53;
  if (std::max({weight, cell, weight * cell}) < kExact) {
    const std::vector<double> kernels(terms.kernels, terms.kernels + taps);
    return correlate<double>(c,
                             {kernels.data(), terms.count, terms.height, terms.width, terms.planes},
                             static_cast<double>(fill), 0.0);
  }
  for (long p = 0; p < c.out.planes; p++)
    for (long y = 0; y < c.out.height; y++) {
      int64_t* to = static_cast<int64_t*>(c.out.row(p, y));
      for (long x = 0; x < c.out.width; x++)
        for (long channel = 0; channel < s.channels; channel++)
          *to++ = sum_at(c, terms, fill, p, y, x, channel);
    }
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
