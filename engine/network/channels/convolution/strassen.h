// Products of a 1 x 1 convolution by one level of Strassen's algorithm: 7 products of half as many
// pixels, input channels and output channels in place of 8.
#pragma once

#include <vector>

#include "network/channels/convolution/depthwise.h"
#include "network/products.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {

class Strassen {
 public:
  // `strip`: pixels that lie side by side, an even number; `plane`: vecs from one block of channels
  // to the next.
  Strassen(const Step& step, int strip, long plane);

  static const char* declines(const Step&); // a 1 x 1 convolution
  // Whether pairs are of rows, 2 i and 2 i + 1, or of pixels within a row.
  bool pairs_rows() const { return pairs_rows_; }
  // Where the depthwise sums of a strip that lies at `values` are to go.
  DepthwiseRows::Place place_of(vec* values) const {
    using Order = DepthwiseRows::Order;
    return {values, pairs_rows_ ? s_.out.width : s_.out.width / 2,
            pairs_rows_ ? Order::rows : Order::columns, strip_ / 2};
  }
  int tiles() const { return tiles_; } // of output channels
  long scratch() const { return 2 * half_in_ * plane_; }
  long packed_bytes() const;
  void place(const Slot& out, const Slot* other); // before multiply; `other`: Rows::add's
  void pack(const float* weights, const double* scales);

  // Of `pairs` of pixels at `values`, of block b of the first half of the channels and of that of
  // the second: the differences and sums that are multiplied.
  void combine(const vec* values, int b, int pairs, vec* combined) const;
  // n rows of one tile of output channels, the first of them row y of the output.
  struct Rows {
    const vec *values, *combined, *bias;
    const Following* then;
    Slot out;
    vec* to;
    Slot other;
    const vec* add; // or nullptr
  };
  void multiply(const Rows& rows, int tile, int y, int n) const;

 private:
  const Step s_;
  const int half_in_, half_out_; // blocks
  const int vecs_, tiles_;       // of a tile of output channels; tiles
  const int strip_;              // pixels
  const bool pairs_rows_;
  const long plane_;                 // vecs from one block to the next
  std::vector<vec> packed_;          // [tile][product][input channel of a half][vec of the tile]
  std::vector<int> out_at_, add_at_; // vecs from the first pixel of a strip to each
};

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
