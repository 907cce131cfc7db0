// Definition: conv_layer.
// Test: tests/engine/network/channels/test_predictor.py.
//
// Convolution of one image: lanes are output channels, and a pixel of the input is broadcast to
// them. A depthwise convolution, where every channel reads itself, has its channels in lanes on
// both sides.
#include <type_traits>

#include "network/channels/ops.h"
#include "network/convolution.h"
#include "network/links.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {
namespace {

// Cell: float, or vec for a depthwise convolution.
template <class Element>
class Convolution final : public Op {
 public:
  Convolution(const Step& step, const Fused& fused) : s_(step), fused_(fused) {}

  Halo input_halo() const override { return halo_of(s_); }
  bool reads_planar() const override { return !kDepthwise; }
  long scratch() const override { return convolution_scratch(s_, fused_); }

  void pack(const float* parameters) override {
    if (bias_.empty()) build();
    if (s_.bias >= 0)
      for (int c = 0; c < s_.out.channels; c++)
        bias_[c / kLanes][c % kLanes] = parameters[s_.bias + c];
    if (weights_.changed(parameters + s_.weight, weight_count_)) taps_.pack(parameters);
  }

  void forward(Pass& pass) const override {
    convolve(s_, fused_, in, out, pass, taps_, kDepthwise ? 1 : pitch(in), bias_.data(),
             [&](int block, int y, const vec* rows) {
               vec* best = pass.value(out) + out.value_layout.at(block, y, 0);
               if (fused_.pool_h == 2 && fused_.pool_w == 2)
                 pool<2, 2>(rows, best, 2, 2);
               else
                 pool<0, 0>(rows, best, fused_.pool_h, fused_.pool_w);
             });
  }
  void backward(Pass&) const override {}

 private:
  static constexpr bool kDepthwise = std::is_same_v<Element, vec>;

  const Step s_;
  const Fused fused_;
  TapConvolution<Element, vec> taps_;
  size_t weight_count_ = 0;
  ChangeDetector weights_;
  std::vector<vec> bias_;

  void build() {
    const auto links = links_of(s_);
    const int blocks = stored(s_.out).channels;
    const long element_count = static_cast<long>(s_.kernel_h) * s_.kernel_w;
    std::vector<Unit> units;
    std::vector<int> reads; // of the unit at hand
    for (int b = 0; b < blocks; b++) {
      const int first = b * kLanes, end = std::min(first + kLanes, s_.out.channels);
      // Channels that any lane reads; where a lane does not read one, its weight is zero.
      std::vector<int> channels;
      for (int o = first; o < end; o++) {
        weight_count_ += links[o].size() * element_count;
        for (const Link& link : links[o]) channels.push_back(link.channel);
      }
      std::sort(channels.begin(), channels.end());
      channels.erase(std::unique(channels.begin(), channels.end()), channels.end());
      if (units.empty() || channels != reads || kDepthwise) {
        reads = channels;
        units.push_back({b, 0, channel_offsets(b, channels), {}});
      }
      Unit& unit = units.back();
      unit.channels++;
      const size_t at = unit.weights.size();
      unit.weights.resize(at + unit.channel_offsets.size() * kLanes, -1);
      for (int o = first; o < end; o++)
        for (const Link& link : links[o]) {
          const auto position = std::lower_bound(channels.begin(), channels.end(), link.channel);
          const long p = kDepthwise ? 0 : position - channels.begin();
          unit.weights[at + p * kLanes + (o - first)] = link.weights;
        }
    }
    std::vector<long> elements(element_count);
    for (long k = 0; k < element_count; k++) elements[k] = k;
    taps_ = TapConvolution<Element, vec>(std::move(units), row_axis(s_), column_axis(s_), elements,
                                         in.value_layout.row, kDepthwise ? 1 : pitch(in));
    bias_.resize(blocks);
  }

  std::vector<long> channel_offsets(int block, const std::vector<int>& channels) const {
    if (kDepthwise) return {block * in.value_layout.plane};
    std::vector<long> offsets;
    for (int c : channels)
      offsets.push_back(element_offset(in, c, 0, 0) - element_offset(in, 0, 0, 0));
    return offsets;
  }

  template <int H, int W>
  void pool(const vec* rows, vec* best, int ph, int pw) const {
    if constexpr (H > 0) ph = H, pw = W;
    for (int x = 0; x < fused_.pooled.width; x++, rows += pw) {
      vec most = rows[0];
      for (int j = 0; j < ph; j++)
        for (int i = 0; i < pw; i++) {
          vec next = rows[static_cast<long>(j) * s_.out.width + i];
          most = maximum_or_nan(most, next);
        }
      best[x] = fused_.relu ? relu(most) : most;
    }
  }
};

} // namespace

OpPointer make_convolution(const Step& step, const Fused& fused) {
  const bool covers_input = step.kernel_h == step.in.height && step.kernel_w == step.in.width &&
                            step.out.height * step.out.width == 1 && step.groups == 1 &&
                            step.connections.empty() && step.padding.top + step.padding.left == 0;
  if (covers_input && !fused.max_pool) return channels::make_linear(step, fused.relu);
  return suits_rows(step, fused) ? make_rows(step, fused) : make_channels(step, fused);
}

OpPointer make_channels(const Step& step, const Fused& fused) {
  const bool depthwise = step.connections.empty() && step.groups > 1 &&
                         step.groups == step.in.channels && step.groups == step.out.channels;
  if (depthwise) return std::make_unique<Convolution<vec>>(step, fused);
  return std::make_unique<Convolution<float>>(step, fused);
}

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
