// Definition: affine, batch_norm_inference.
// Test: tests/engine/network/channels/test_predictor.py.
//
// y = (x - mean) * scale + bias with parameters of each channel: a weight and bias, or batch
// normalisation by the running statistics.
#include <cmath>

#include "network/channels/ops.h"
#include "network/rows.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {
namespace {

class Scale final : public Op {
 public:
  explicit Scale(const Step& step) : s_(step) {}

  void forward(Pass& pass) const override {
    const Layout &from = in.value_layout, &to = out.value_layout;
    const Shape runs = merged_rows(out.shape, {&from, &to});
    for (int b = 0; b < runs.channels; b++) {
      const vec bias = channel_values(pass.parameters, s_.bias, b, 0);
      vec scale = channel_values(pass.parameters, s_.weight, b, 1), mean{};
      if (s_.kind == Kind::batch_norm) {
        mean = channel_values(pass.state, s_.mean, b, 0);
        scale *= inverse_deviation(channel_values(pass.state, s_.variance, b, 1));
      }
      for (int r = 0; r < runs.height; r++) {
        const vec* x = pass.value(in) + from.at(b, r, 0);
        vec* y = pass.value(out) + to.at(b, r, 0);
        for (int i = 0; i < runs.width; i++) y[i] = (x[i] - mean) * scale + bias;
      }
    }
  }
  void backward(Pass&) const override {}

 private:
  // Of the channels of block b; `absent` if the layer has none such.
  vec channel_values(const float* array, long offset, int b, float absent) const {
    if (offset < 0) return broadcast(absent);
    const int first = b * kLanes;
    return load_some(array + offset + first, std::min(kLanes, s_.in.channels - first));
  }
  vec inverse_deviation(vec variance) const {
    vec result;
    for (int l = 0; l < kLanes; l++)
      result[l] = static_cast<float>(
          1 / std::sqrt(static_cast<double>(variance[l]) + static_cast<double>(s_.eps)));
    return result;
  }

  const Step s_;
};

} // namespace

OpPointer make_scale(const Step& step) { return std::make_unique<Scale>(step); }

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
