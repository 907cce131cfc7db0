// Maximum, sum and mean of the windows of plain arrays. Padding is not read but cut off.
#pragma once

#include "arrays/extension.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

enum class PoolKind { max, sum, avg, avg_without_padding };

// Every window has at least one element of the source.
struct Pooling {
  long planes, height, width, out_height, out_width;
  long kernel_height, kernel_width, stride_y, stride_x;
  long top, left; // padding before
  PoolKind kind;
  int threads;
};

// The first of equal maxima wins, and NaN exceeds everything. indices may be null; they count
// elements of the source plane. Sums of int64 throw std::overflow_error where they do not fit.
template <class T>
void pool(const Pooling& p, const T* source, T* out, int64_t* indices);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
