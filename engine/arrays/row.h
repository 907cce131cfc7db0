// Correlation along a single row.
#pragma once

#include <vector>

#include "arrays/tile.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// Columns and rows of a tile that a long kernel is folded into; from as many taps on it is.
template <class T>
inline constexpr long kFold = 3 * kWidth<T>;
template <class T>
inline constexpr long kFoldedTaps = kFold<T> * kMostTileRows;

// out[x] = start + sum over j of kernel[j] * in[x + j * step]. A long kernel is folded into a plane
// of rows; see row.cpp.
template <class T>
class RowTaps {
 public:
  // The kernel must outlive this.
  RowTaps(const T* kernel, long width, long step);
  // As sum_taps: a whole register may be read and written.
  void run(const T* in, T start, T* out, long elements) const;

 private:
  TapSums<T> taps(const T* const* rows, const T* weights, long width, T start) const;

  const T* kernel_;
  long width_, step_, rows_;
  std::vector<T> folded_;
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
