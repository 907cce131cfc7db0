// Rows of direct sums with output channels in the lanes, for the convolutions that are made of
// them: dense.cpp, separable.cpp.
#pragma once

#include <vector>

#include "network/channels/folding.h"
#include "network/products.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {

// A row of pixels of some vecs of output channels.
struct Row {
  const Reads* reads;
  const float* in;
  const vec *weights, *bias;
  vec* out;
  long out_plane; // vecs from one block of channels to the next
  const vec* add; // laid out like `out`, but for add_plane; or nullptr
  long add_plane;
  int count; // of tiles
  const Following* then;
};

// `width` pixels of `vecs` vecs, in tiles of cut.pixels.
void sum_row(Row row, int vecs, int width, const Cut& cut);

// A step's weights as sum_row reads them: [group][tile of cut.vecs][kernel row][column][input
// channel][vec of the tile].
void pack_direct(const Step&, const float* weights, const double* scales, const Cut& cut,
                 std::vector<vec>& to);

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
