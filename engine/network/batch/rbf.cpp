// Definition: rbf.
// Test: tests/engine/network/test_forward.py.
//
// Euclidean radial basis functions, the output layer of LeNet-5 as published: y_j is minus the
// squared distance of the input from centre j, scaled, so that the nearest centre scores highest
// (LeCun et al., 1998, section II.B; the sign turns their penalty into a score).
#include "network/ops.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

class Rbf final : public Op {
 public:
  explicit Rbf(const Step& step) : centres_(step.centres), scale_(step.scale) {}

  void forward(Pass& pass) const override {
    const vec scale = broadcast(scale_);
    const vec* x = pass.value(in);
    vec* y = pass.value(out);
    for (int j = 0; j < out.shape.channels; j++) y[out.value_layout.at(j, 0, 0)] = vec{};
    // Outputs inside: their sums need not wait for one another.
    each_input([&](long i, int c, int row, int column) {
      const vec input = x[in.value_layout.at(c, row, column)];
      const float* centre = pass.state + centres_ + i;
      for (int j = 0; j < out.shape.channels; j++, centre += in.shape.size()) {
        vec d = input - broadcast(*centre);
        y[out.value_layout.at(j, 0, 0)] -= scale * d * d;
      }
    });
  }

  void backward(Pass& pass) const override {
    if (in.gradient < 0) return;
    const vec* x = pass.value(in);
    const vec* g = pass.gradient_of(out);
    vec* result = pass.gradient_of(in);
    each_input([&](long i, int c, int row, int column) {
      const vec input = x[in.value_layout.at(c, row, column)];
      const float* centre = pass.state + centres_ + i;
      vec total{};
      for (int j = 0; j < out.shape.channels; j++, centre += in.shape.size())
        total += g[out.gradient_layout.at(j, 0, 0)] * (broadcast(*centre) - input);
      result[in.gradient_layout.at(c, row, column)] = broadcast(2 * scale_) * total;
    });
  }

 private:
  // Calls f(i, c, y, x) for the input elements in the order of the centres' coordinates.
  template <class F>
  void each_input(F f) const {
    long i = 0;
    for (int c = 0; c < in.shape.channels; c++)
      for (int y = 0; y < in.shape.height; y++)
        for (int x = 0; x < in.shape.width; x++) f(i++, c, y, x);
  }

  long centres_;
  float scale_; // 1 / (2 variance)
};

} // namespace

OpPointer make_rbf(const Step& step) { return std::make_unique<Rbf>(step); }

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
