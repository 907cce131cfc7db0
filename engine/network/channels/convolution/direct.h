// Rows of direct sums with output channels in the lanes, for the convolutions that are made of
// them: dense.cpp, separable.cpp.
#pragma once

#include <vector>

#include "network/channels/folding.h"
#include "network/products.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {

struct Rows;
// `count` tiles of a row.
using TileFunction = void (*)(const Rows&, const float* in, vec* out, const vec* add, int count);

// What rows of pixels of some vecs of output channels have in common. What differs between rows is
// passed by itself: a copy of a struct whose members have just been written waits for all stores.
struct Rows {
  const Reads* reads;
  const vec *weights, *bias;
  long out_plane; // vecs from one block of channels to the next
  long add_plane; // the same of what is added
  const Following* then;
  int vecs;
  Cut cut;
  Floors floors{*then};
  // Of the columns of a planar input, the first being what the first pixel begins to read, those in
  // the image: for a tile at the edge of one that has no zeros around it.
  int first = 0, last = 0;
  // Of cut.pixels, and of what a row leaves.
  TileFunction tile = nullptr, last_tile = nullptr;

  // The tiles of rows of `width` pixels, at such an edge or not.
  void choose(int width, bool at_edge = false);
};

// `width` pixels, of which all of a row or whole tiles; `add` is laid out like `out`, or nullptr.
inline void sum_row(const Rows& rows, const float* in, vec* out, const vec* add, int width) {
  const int last = width % rows.cut.pixels, done = width - last;
  if (done) rows.tile(rows, in, out, add, done / rows.cut.pixels);
  if (last)
    rows.last_tile(rows, in + done * rows.reads->pixel, out + done, add ? add + done : nullptr, 1);
  for (int c = 0; c < rows.vecs; c++) rows.then->finish(out + c * rows.out_plane, width);
}

// A step's weights as sum_row reads them: [group][tile of cut.vecs][kernel row][column][input
// channel][vec of the tile].
void pack_direct(const Step&, const float* weights, const double* scales, const Cut& cut,
                 std::vector<vec>& to);

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
