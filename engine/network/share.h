// What one of several threads does of a piece of work: things [begin(n), end(n)) of n.
#pragma once

#include "simd.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

struct Share {
  int part = 0, parts = 1;
  int begin(int n) const { return static_cast<int>(static_cast<long>(n) * part / parts); }
  int end(int n) const { return static_cast<int>(static_cast<long>(n) * (part + 1) / parts); }
  // Whether n things are enough to share them about evenly.
  bool divides(int n) const { return n >= 2 * parts; }
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
