// Products of a 1 x 1 convolution by one level of Strassen's algorithm: 7 products of half as many
// pixels, input channels and output channels in place of 8.
#pragma once

#include <vector>

#include "network/channels/folding.h"
#include "network/products.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {

class Strassen {
 public:
  // `strip`: rows of the input that lie side by side, an even number; `plane`: vecs from one block
  // of channels to the next.
  Strassen(const Step& step, int strip, long plane);

  static const char* declines(const Step&); // a 1 x 1 convolution
  int tiles() const { return tiles_; }      // of output channels
  long scratch() const { return 2 * half_in_ * plane_; }
  long packed_bytes() const;
  void pack(const float* weights, const double* scales);

  // Of n rows at `values`, pair by pair, of block b of the first half of the channels and of that
  // of the second: the differences and sums that are multiplied.
  void combine(const vec* values, int b, int n, vec* combined) const;
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
  const Cut cut_;
  const int tiles_, strip_;
  const long plane_;        // vecs from one block to the next
  std::vector<vec> packed_; // [tile][product][input channel of a half][vec of the tile]
};

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
