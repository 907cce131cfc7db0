// Sums over windows of equal weights, at a cost that hardly depends on the window's size.
#pragma once

#include "arrays/extension.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

struct Box {
  SourceArray source;
  OutArray out; // of the source's planes and channels
  IndexList rows, columns;
  ColumnMap map; // of columns
  KeptChannel kept{};
  long height, width; // of the window
  double fill, divisor, offset;
  int threads;
};

// out = sum of the window / divisor + offset, rounded half to even and saturated if out is uint8 or
// uint16. Sums of uint8 and uint16 are exact, and so is the rounding of their mean. A sum of floats
// is off by min(height, 32 + height / 32) + 2 log2(width) + 4 roundings of the sum of magnitudes at
// most, and what is not finite stays within its windows. Sums of int64 must not exceed 2^53.
void sum_boxes(const Box& box);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
