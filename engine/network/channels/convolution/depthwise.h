// Rows of depthwise sums, for the convolutions that are made of them: depthwise.cpp, separable.cpp.
#pragma once

#include "network/channels/ops.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {

class DepthwiseRows {
 public:
  explicit DepthwiseRows(const Step& step, const Following& following)
      : s_(step), then_(following), folded_(step, following.scales) {}

  void prepare(const float* parameters, const float* state);
  long packed_bytes() const {
    return static_cast<long>(sizeof(vec)) * s_.kernel_h * s_.kernel_w * stored(s_.out).channels;
  }

  // Where sums go: side by side; or even rows, or columns, side by side, and odd ones likewise, the
  // first of them `odd` vecs behind the first even one.
  enum class Order { plain, rows, columns };
  struct Place {
    vec* out;
    long row; // vecs from one row to the next, of every other row if rows are apart
    Order order = Order::plain;
    long odd = 0;
  };
  // Rows y to y + height of block b of channels, with the values at `add`, if there are any,
  // add_row vecs from one row to the next.
  void run(const Pass& pass, const Slot& in, int b, int y, int height, const Place& to,
           const vec* add = nullptr, long add_row = 0) const;

 private:
  const Step s_;
  const Following then_;
  FoldedWeights folded_;
  std::vector<vec> packed_; // [block][kernel row][column]
};

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
