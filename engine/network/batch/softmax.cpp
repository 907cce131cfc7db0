// Definition: softmax.
// Test: tests/engine/network/test_forward.py.
//
// Softmax over the channels, at each pixel by itself: exp(x - max) / sum of the same.
#include <cmath>

#include "network/ops.h"
#include "vector_math.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

class Softmax final : public Op {
 public:
  void forward(Pass& pass) const override {
    const Layout &from = in.value_layout, &to = out.value_layout;
    each_pixel([&](int y, int x) {
      const vec* input = pass.value(in) + from.at(0, y, x);
      vec* output = pass.value(out) + to.at(0, y, x);
      vec largest = broadcast(-INFINITY), total{};
      for (int c = 0; c < out.shape.channels; c++)
        largest = maximum_or_nan(largest, input[c * from.plane]);
      for (int c = 0; c < out.shape.channels; c++) {
        const vec power = exp(input[c * from.plane] - largest);
        output[c * to.plane] = power;
        total += power;
      }
      for (int c = 0; c < out.shape.channels; c++) output[c * to.plane] /= total;
    });
  }

  // dL/dx = y (g - sum of g y).
  void backward(Pass& pass) const override {
    if (in.gradient < 0) return;
    const Layout &ys = out.value_layout, &gs = out.gradient_layout, &to = in.gradient_layout;
    each_pixel([&](int y, int x) {
      const vec* value = pass.value(out) + ys.at(0, y, x);
      const vec* g = pass.gradient_of(out) + gs.at(0, y, x);
      vec* result = pass.gradient_of(in) + to.at(0, y, x);
      vec total{};
      for (int c = 0; c < out.shape.channels; c++) total += g[c * gs.plane] * value[c * ys.plane];
      for (int c = 0; c < out.shape.channels; c++)
        result[c * to.plane] = value[c * ys.plane] * (g[c * gs.plane] - total);
    });
  }

 private:
  template <class F>
  void each_pixel(F f) const {
    for (int y = 0; y < out.shape.height; y++)
      for (int x = 0; x < out.shape.width; x++) f(y, x);
  }
};

} // namespace

OpPointer make_softmax(const Step&) { return std::make_unique<Softmax>(); }

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
