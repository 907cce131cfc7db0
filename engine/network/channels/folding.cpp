// See folding.h.
#include "network/channels/folding.h"

#include <cmath>

#include "network/channels/layout.h"
#include "network/links.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {
namespace {

// A number for each of some lanes that follows from all elements in it: one element that changes
// always changes it, and others do but for one chance in 2^32 for each lane that they are in.
// Turned by some bits before each product, which would carry changes of high bits nowhere: signs
// that change in pairs would cancel. It reads at the speed of the cache, twice as fast as a
// comparison with a copy would, and the copy need not be kept.
class Fingerprint {
 public:
  void add(const float* values, long count) {
    long i = 0;
    for (; i + kStreams * kLanes <= count; i += kStreams * kLanes)
      for (int s = 0; s < kStreams; s++) mix(sums_[s], load(values + i + s * kLanes));
    for (; i < count; i += kLanes)
      mix(sums_[0], load_some(values + i, static_cast<int>(std::min<long>(kLanes, count - i))));
  }
  // Whether it is another than `last`, which becomes this one.
  bool differs(std::vector<uint32_t>& last) const {
    if (last.size() == kStreams * kLanes && !std::memcmp(last.data(), sums_, sizeof sums_))
      return false;
    last.resize(kStreams * kLanes);
    std::memcpy(last.data(), sums_, sizeof sums_);
    return true;
  }

 private:
  static constexpr int kStreams = kSmallCode ? 2 : 8; // hides the latency of a multiplication
  static constexpr int kTurn = 15;
  static constexpr uint32_t kOdd = 0x9e3779b1u;
  static void mix(uvec& sum, vec values) {
    sum = ((sum << kTurn | sum >> (32 - kTurn)) ^ (uvec)values) * kOdd;
  }
  uvec sums_[kStreams] = {};
};

} // namespace

FoldedWeights::FoldedWeights(const Step& step, std::vector<Step> scales)
    : step_(step), scales_(std::move(scales)), bias_(stored(step.out).channels) {
  const long elements = static_cast<long>(step.kernel_h) * step.kernel_w;
  for (const auto& links : links_of(step)) {
    begin_.push_back(count_);
    count_ += static_cast<long>(links.size()) * elements;
  }
  begin_.push_back(count_);
}

bool FoldedWeights::changed(const float* parameters, const float* state) {
  Fingerprint now;
  const long channels = step_.out.channels;
  now.add(parameters + step_.weight, count_);
  if (step_.bias >= 0) now.add(parameters + step_.bias, channels);
  for (const Step& s : scales_) {
    for (long at : {s.weight, s.bias})
      if (at >= 0) now.add(parameters + at, channels);
    if (s.kind != Kind::batch_norm) continue;
    now.add(state + s.mean, channels);
    now.add(state + s.variance, channels);
  }
  return now.differs(fingerprint_);
}

void FoldedWeights::fold(const float* parameters, const float* state) {
  scales_of_channels_.assign(step_.out.channels, 1);
  for (int c = 0; c < step_.out.channels; c++) {
    double bias = step_.bias >= 0 ? parameters[step_.bias + c] : 0;
    for (const Step& s : scales_) {
      double factor = s.weight >= 0 ? parameters[s.weight + c] : 1, mean = 0;
      if (s.kind == Kind::batch_norm) {
        mean = state[s.mean + c];
        factor /= std::sqrt(static_cast<double>(state[s.variance + c]) + s.eps);
      }
      scales_of_channels_[c] *= factor;
      bias = (bias - mean) * factor + (s.bias >= 0 ? parameters[s.bias + c] : 0);
    }
    bias_[c / kLanes][c % kLanes] = static_cast<float>(bias);
  }
}

std::vector<float> FoldedWeights::folded(const float* weights) const {
  std::vector<float> all(weights, weights + count_);
  for (int c = 0; c < step_.out.channels; c++)
    for (long i = begin_[c]; i < begin_[c + 1]; i++)
      all[i] = static_cast<float>(all[i] * scales_of_channels_[c]);
  return all;
}

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
