// Definition: group_norm, layer_norm.
// Test: tests/engine/network/test_forward.py.
//
// Each image by itself brought to mean 0 and variance 1 over groups of channels (Y. Wu, K. He,
// Group normalization, 2018), or over all its values, or over the channels of each pixel (J. Ba et
// al., Layer normalization, 2016). Elements that are normalised together are a set; weight and bias
// belong to a channel or to a value.
#include <cmath>

#include "network/ops.h"
#include "network/sums.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

class GroupNorm final : public Op {
 public:
  explicit GroupNorm(const Step& step) : s_(step) {}

  void forward(Pass& pass) const override {
    each_set([&](const Box& set) {
      const Statistics stats = statistics(pass, set);
      each(set, [&](int c, int y, int x) {
        const vec value = (element(pass, c, y, x) - stats.mean) * stats.inverse;
        pass.value(out)[out.value_layout.at(c, y, x)] =
            value * parameter(pass, s_.weight, c, y, x, 1) + parameter(pass, s_.bias, c, y, x, 0);
      });
    });
  }

  // As of batch normalisation: with h the normalised input and k the gradient times the weight,
  //   dL/dx = (k - mean(k) - h mean(k h)) / deviation.
  void backward(Pass& pass) const override {
    each_set([&](const Box& set) {
      const Statistics stats = statistics(pass, set);
      const vec count = broadcast(static_cast<float>(set.size()));
      vec sum_k{}, sum_kh{};
      each(set, [&](int c, int y, int x) {
        const vec h = (element(pass, c, y, x) - stats.mean) * stats.inverse;
        const vec g = pass.gradient_of(out)[out.gradient_layout.at(c, y, x)];
        const vec k = g * parameter(pass, s_.weight, c, y, x, 1);
        sum_k += k;
        sum_kh += k * h;
        // The gradient of a lane without an image is zero.
        if (s_.weight >= 0) pass.gradient[s_.weight + index(c, y, x)] += sum(g * h);
        if (s_.bias >= 0) pass.gradient[s_.bias + index(c, y, x)] += sum(g);
      });
      if (in.gradient < 0) return;
      sum_k /= count;
      sum_kh /= count;
      each(set, [&](int c, int y, int x) {
        const vec h = (element(pass, c, y, x) - stats.mean) * stats.inverse;
        const vec k = pass.gradient_of(out)[out.gradient_layout.at(c, y, x)] *
                      parameter(pass, s_.weight, c, y, x, 1);
        pass.gradient_of(in)[in.gradient_layout.at(c, y, x)] =
            (k - sum_k - h * sum_kh) * stats.inverse;
      });
    });
  }

 private:
  struct Statistics {
    vec mean, inverse;
  };
  struct Box { // channels, rows and columns [first, end)
    int c, c_end, y, y_end, x, x_end;
    int size() const { return (c_end - c) * (y_end - y) * (x_end - x); }
  };

  template <class F>
  void each_set(F f) const {
    const Shape shape = s_.in;
    if (s_.groups > 0) {
      const int channels = shape.channels / s_.groups;
      for (int g = 0; g < s_.groups; g++)
        f(Box{g * channels, (g + 1) * channels, 0, shape.height, 0, shape.width});
      return;
    }
    for (int y = 0; y < shape.height; y++)
      for (int x = 0; x < shape.width; x++) f(Box{0, shape.channels, y, y + 1, x, x + 1});
  }
  template <class F>
  static void each(const Box& set, F f) {
    for (int c = set.c; c < set.c_end; c++)
      for (int y = set.y; y < set.y_end; y++)
        for (int x = set.x; x < set.x_end; x++) f(c, y, x);
  }

  vec element(const Pass& pass, int c, int y, int x) const {
    return pass.value(in)[in.value_layout.at(c, y, x)];
  }
  long index(int c, int y, int x) const {
    return s_.each_value ? (static_cast<long>(c) * s_.in.height + y) * s_.in.width + x : c;
  }
  vec parameter(const Pass& pass, long offset, int c, int y, int x, float absent) const {
    return broadcast(offset < 0 ? absent : pass.parameters[offset + index(c, y, x)]);
  }

  // Of a set: deviations are taken from the mean, so nothing cancels.
  Statistics statistics(const Pass& pass, const Box& set) const {
    const vec count = broadcast(static_cast<float>(set.size()));
    BlockedSum total, squares;
    each(set, [&](int c, int y, int x) { total.add(element(pass, c, y, x)); });
    const vec mean = total.total() / count;
    each(set, [&](int c, int y, int x) {
      const vec d = element(pass, c, y, x) - mean;
      squares.add(d * d);
    });
    vec inverse = squares.total() / count;
    for (int l = 0; l < kLanes; l++) inverse[l] = 1 / std::sqrt(inverse[l] + s_.eps);
    return {mean, inverse};
  }

  const Step s_;
};

} // namespace

OpPointer make_group_norm(const Step& step) { return std::make_unique<GroupNorm>(step); }

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
