// Definition: concat.
// Test: tests/engine/network/channels/test_predictor.py.
//
// Two values side by side along the channels. Where those of the first fill their vecs, the vecs of
// the second come behind them; otherwise its channels go lane by lane.
#include "network/channels/ops.h"
#include "network/rows.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {
namespace {

class Concat final : public Op {
 public:
  explicit Concat(const Step& step)
      : first_(step.in.channels), second_(step.other_shape.channels) {}

  void forward(Pass& pass) const override {
    copy_vecs(pass, in, 0);
    if (first_ % kLanes == 0) return copy_vecs(pass, other, first_ / kLanes);
    for (int c = 0; c < second_; c++)
      for (int y = 0; y < out.shape.height; y++) {
        const float* x = floats(pass, other) + element_offset(other, c, y, 0);
        float* to = floats(pass, out) + element_offset(out, first_ + c, y, 0);
        for (int i = 0; i < out.shape.width; i++) to[i * kLanes] = x[i * kLanes];
      }
  }
  void backward(Pass&) const override {}

 private:
  void copy_vecs(const Pass& pass, const Slot& part, int first) const {
    const Layout &from = part.value_layout, &to = out.value_layout;
    const Shape runs = merged_rows(part.shape, {&from, &to});
    for (int b = 0; b < runs.channels; b++)
      for (int r = 0; r < runs.height; r++) {
        const vec* x = pass.value(part) + from.at(b, r, 0);
        std::copy(x, x + runs.width, pass.value(out) + to.at(first + b, r, 0));
      }
  }

  const int first_, second_;
};

} // namespace

OpPointer make_concat(const Step& step) { return std::make_unique<Concat>(step); }

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
