// Definition: correlation_at.
// Test: tests/engine/arrays/correlation/test_correlate.py.
//
// Correlation of 64-bit integers in 128 bits, checked. Where no sum can exceed 53 bits Python takes
// doubles instead, which are exact there.
#include <limits>
#include <stdexcept>

#include "arrays/correlation/correlate.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

// A product takes 127 bits at most, so a few of the largest could exceed even 128.
int64_t sum_at(const Correlation& c, const Terms<int64_t>& terms, int64_t fill, long plane, long y,
               long x, long channel) {
  __int128 sum = 0;
  const int64_t* weight = terms.kernels;
  for (long t = 0; t < terms.count; t++) {
    const long from = terms.planes[plane * terms.count + t];
    for (long i = 0; i < terms.height; i++) {
      const long row = c.rows.at[y + i];
      const int64_t* elements =
          from < 0 || row < 0 ? nullptr : static_cast<const int64_t*>(c.source.row(from, row));
      for (long j = 0; j < terms.width; j++, weight++) {
        const long column = c.columns.at[x + j];
        const int64_t element =
            elements && column >= 0 ? elements[column * c.source.channels + channel] : fill;
        if (__builtin_add_overflow(sum, static_cast<__int128>(*weight) * element, &sum))
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
