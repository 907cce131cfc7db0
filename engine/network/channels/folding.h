// What a convolution takes along when it predicts: scales of its output channels (batch
// normalisation by running statistics, affine layers) go into its weights and biases, and what
// follows is done while its sums are in registers.
#pragma once

#include <cstring>
#include <limits>
#include <vector>

#include "network/ops.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {

// In this order: scales, ReLU, the sum with another value (Op::other), ReLU, maximum. Or scales and
// another activation, of rows that have just been written: it may be long, and the tiles that would
// hold it in registers are many.
struct Pointwise;
struct Following : Fused {
  std::vector<Step> scales; // batch_norm, affine
  bool add = false, relu_after_add = false;
  Activate activate = nullptr;
  Kind activation{};
  float slope = 0;
  int images = 1; // that go through side by side, at most
  std::vector<Pointwise>
      pointwise; // behind a depthwise convolution, at most one, in place of a sum

  void finish(vec* values, long n) const {
    if (activate) activate(values, n, slope);
  }
  // The same, of values that stay in registers where there is no activation.
  template <int N>
  void finish(vec (&values)[N]) const {
    if (!activate) return;
    vec copy[N];
#pragma GCC unroll 16
    for (int i = 0; i < N; i++) copy[i] = values[i];
    activate(copy, N, slope);
#pragma GCC unroll 16
    for (int i = 0; i < N; i++) values[i] = copy[i];
  }
};
// What follows a sum in its register, the same for all: no value is below `low`, which is 0 under a
// ReLU and has no effect otherwise. To ask for each sum whether there is one would take longer.
struct Floors {
  vec low, low_after_add;
  explicit Floors(const Following& then)
      : low(lowest(then.relu)), low_after_add(lowest(then.relu_after_add)) {}

  vec operator()(vec sum) const { return maximum(low, sum); } // NaN passes
  vec operator()(vec sum, vec add) const { return maximum(low_after_add, maximum(low, sum) + add); }

 private:
  static vec lowest(bool relu) {
    return relu ? vec{} : broadcast(-std::numeric_limits<float>::infinity());
  }
};
// A 1 x 1 convolution, and what it takes along.
struct Pointwise {
  Step step;
  Following then;
};

// The weights of a convolution with its scales in them.
class FoldedWeights {
 public:
  FoldedWeights() = default;
  FoldedWeights(const Step& step, std::vector<Step> scales);

  // Calls pack(weights, scales) if parameters or statistics are other than at the last call;
  // `weights` are the step's, and those of output channel c are to be scales[c] times as large. So
  // a caller need not say when it has written into them; where one can say that nobody has, this is
  // not called (Predictor::run).
  template <class Pack>
  void update(const float* parameters, const float* state, Pack pack) {
    if (!changed(parameters, state)) return;
    fold(parameters, state);
    pack(parameters + step_.weight, scales_of_channels_.data());
  }
  // A copy of the weights, with their scales.
  std::vector<float> folded(const float* weights) const;
  // One a channel of the output, rounded up to whole vecs.
  const vec* bias() const { return bias_.data(); }
  long count() const { return count_; } // of weights

 private:
  bool changed(const float* parameters, const float* state);
  void fold(const float* parameters, const float* state);

  Step step_;
  std::vector<Step> scales_;
  long count_ = 0;
  std::vector<long> begin_; // where each output channel's weights begin
  std::vector<vec> bias_;
  std::vector<double> scales_of_channels_;
  std::vector<uint32_t> fingerprint_;
};

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
