// What convolutions share: ReLU and max pooling done on their output before it is stored, and both
// undone on the way back.
#pragma once

#include "network/ops.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// The maximum of a pooling window, cell by cell, and its number in the window.
struct Winner {
  static constexpr int kDead = 0xffff; // the number where ReLU closes the window
  vec most;
  ivec number = {};

  explicit Winner(vec first) : most(first) {}
  void offer(vec next, int cell) {
    ivec wins = (next > most) | (next != next); // NaN wins, as in PyTorch
    most = wins ? next : most;
    number = wins ? broadcast_int(cell) : number;
  }
  void close() { // ReLU
    number = most > 0.0f ? number : broadcast_int(kDead);
    most = relu(most);
  }
};

class FusedConvolution : public Op {
 public:
  // The winners of max pooling, and the gradient before pooling if it is needed as a whole.
  long kept() const override { return fused_.max_pool ? winners_size() + delta_.size() : 0; }

 protected:
  FusedConvolution(const Step& step, const Fused& fused) : s_(step), fused_(fused) {}

  // The gradient of the convolution itself, once what is fused behind it is undone.
  struct Delta {
    const Layout* layout;
    const vec* values;
  };
  Delta undo_fused(Pass&) const;
  void mask(Pass&) const; // undoes ReLU, before or behind max pooling
  void bias_gradient(Pass&) const;

  const Layout& delta_layout() const { return fused_.max_pool ? delta_ : out.gradient_layout; }
  const float* bias(const Pass& pass) const {
    return s_.bias >= 0 ? pass.parameters + s_.bias : nullptr;
  }
  // Row y of a channel's winners.
  vec16* winners(const Pass& pass, int channel, int y) const {
    return reinterpret_cast<vec16*>(pass.memory + kept_at) +
           (static_cast<long>(channel) * fused_.pooled.height + y) * fused_.pooled.width;
  }

  const Step s_;
  const Fused fused_;
  Layout delta_; // with max pooling: set by the constructor of the derived class

 private:
  long winners_size() const { return (fused_.pooled.size() + 1) / 2; }
  void unpool(Pass&, vec* delta) const;
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
