// What convolutions share: ReLU and max pooling done on their output before it is stored, and both
// inverted in the backward pass.
#pragma once

#include "network/ops.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// The maximum of a pooling window and its index in the window, updated element by element.
struct ArgMax {
  static constexpr int kClosed = 0xffff; // the index where ReLU passes no gradient
  vec max;
  ivec index = {};

  explicit ArgMax(vec first) : max(first) {}
  void update(vec next, int element) {
    ivec wins = (next > max) | (next != next); // NaN wins, as in PyTorch
    max = wins ? next : max;
    index = wins ? broadcast(element) : index;
  }
  void apply_relu() {
    index = max > 0.0f ? index : broadcast(kClosed);
    max = relu(max);
  }
};

class FusedConvolution : public Op {
 public:
  bool shares() const override { return true; }
  // The argmax of max pooling; and the gradient before pooling if it is needed as a whole.
  long saved() const override { return fused_.max_pool ? argmax_size() : 0; }
  long brief() const override { return fused_.max_pool && out.gradient >= 0 ? delta_.size() : 0; }

 protected:
  FusedConvolution(const Step& step, const Fused& fused) : s_(step), fused_(fused) {}

  // The gradient of the convolution itself, behind which ReLU and max pooling are already passed.
  struct Delta {
    const Layout* layout;
    const vec* values;
  };
  Delta delta(const Pass&) const;
  void unpool(Pass&) const; // writes the whole of it from the pooled gradient, ReLU included
  void mask(Pass&) const;   // the gradient of ReLU, before or behind max pooling
  void bias_gradient(Pass&) const;

  const Layout& delta_layout() const { return fused_.max_pool ? delta_ : out.gradient_layout; }
  const float* bias(const Pass& pass) const {
    return s_.bias >= 0 ? pass.parameters + s_.bias : nullptr;
  }
  // Row y of a channel's argmax.
  vec16* argmax_row(const Pass& pass, int channel, int y) const {
    return reinterpret_cast<vec16*>(pass.memory + saved_at) +
           (static_cast<long>(channel) * fused_.pooled.height + y) * fused_.pooled.width;
  }

  const Step s_;
  const Fused fused_;
  Layout delta_; // with max pooling: set by the constructor of the derived class

 private:
  long argmax_size() const { return (fused_.pooled.size() + 1) / 2; }
};

OpPointer make_direct_convolution(const Step&, const Fused&); // convolution.cpp: by no other method

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
