// Sums of squares of blocks of an array, by which it is known where transforms are exact enough.
#pragma once

#include "arrays/extension.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// A block is `height` rows by `width` columns of one channel; those at the ends may be smaller.
struct BlockSize {
  long height, width;
};

// out (planes, blocks down, blocks across, channels) = the sum of squares of each block of a source
// of T, float or double; sums are taken in T. Returns the largest magnitude, unless an element is
// NaN: that is in the sum of its block.
template <class T>
double block_energies(const SourceArray& source, BlockSize size, double* out, int threads);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
