// Correlation by one Fourier transform of a whole array, over any number of axes.
#pragma once

#include <vector>

#include "arrays/correlation/correlate.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// Elements along one axis: of the transform, of the extended array (what is behind it is zero), of
// the kernel, and of the results.
struct WholeAxis {
  long transform, extended, kernel, outputs;
};
inline constexpr long kLongestWhole = 1 << 28; // elements
// Whether a transform can have this length: of the first axis, real elements, else complex ones.
bool is_whole_length(long n, bool first);

// To c.source, c.rows and c.out all axes but the last are rows. A single axis is transformed as
// rows of `line` elements, half of which are the length of its transform; of more axes `line` is 0.
// Returns whether all results are finite, which none are if anything that was read is not.
template <class T>
bool correlate_whole(const Correlation& c, const T* kernel, const std::vector<WholeAxis>& axes,
                     long line, T fill, T offset);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
