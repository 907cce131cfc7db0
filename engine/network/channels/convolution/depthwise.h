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

  // Rows that are best summed at once.
  static constexpr int kTileRows = kAccumulators >= 24 ? 4 : 2;

  // Rows y to y + height of block b of channels: to `out`, out_row vecs from one to the next, with
  // the values at `add`, if there are any.
  void run(const Pass& pass, const Slot& in, int b, int y, int height, vec* out, long out_row,
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
