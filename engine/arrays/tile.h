// The inner loop of the planes: sums of taps for a few neighbouring output rows at once, lanes
// along a row.
#pragma once

#include <vector>

#include "arrays/convert.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

inline constexpr int kMostTileRows = 4;

// R output rows read terms x (kernel_height + R - 1) input rows:
//   out[r][x] = start + sum over t, i, j of kernel[t][i][j] * rows[t][i + r][x + j * step]
template <class T>
struct TapSums {
  const T* const* rows;
  const T* weights; // from pack_weights
  long terms, kernel_height, kernel_width;
  long step; // elements from one column to the next: the interleaved channels
  T start;
  bool add = false; // start from what out holds instead
};

// Rows of a tile for kernels of this height: no more, so that no tap of a tile is outside the
// kernel in all of its rows.
int tile_rows(long kernel_height, long output_rows);

// kernels (terms, height, width) as a tile of so many rows reads them: term, input row, kernel
// column, output row.
template <class T>
std::vector<T> pack_weights(const T* kernels, long terms, long height, long width, int tile_rows);

// `elements` elements of each of the output rows; bytes are rounded and saturated, and at least a
// register of them (AVX2 and above). Where there are fewer than a register holds, a
// whole register is read and written all the same.
template <class T, class Out>
void sum_taps(const TapSums<T>& sums, int tile_rows, Out* const* out, long elements);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
