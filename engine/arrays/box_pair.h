// What a box makes of what another box made of integers, with nothing in between but a few rows.
#pragma once

#include "arrays/extension.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

struct BoxPair {
  // A box, and the rows and columns of what it lies over, extended.
  struct Window {
    long height, width;
    IndexList rows, columns;
  };
  SourceArray source; // uint8 or uint16
  OutArray out;       // of the source's planes and channels
  Window first, second;
  double fill, divisor, offset; // fill: beyond the edges of both, as a mean
  int threads;
};

// out = sums over windows of sums over windows / divisor + offset, rounded half to even and
// saturated if out is uint8 or uint16: exactly, if `holds_sums`.
void sum_box_pair(const BoxPair& pair);

// Whether all sums are held: down one window in 32 bits, along whole rows in a double.
bool holds_sums(const BoxPair& pair);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
