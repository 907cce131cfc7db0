// Definition: conv_layer.
// Test: tests/engine/network/channels/test_predictor.py.
//
// Convolution by taps, output channels in the lanes, of any table of connections and any groups; a
// pixel of the input is broadcast to them.
#include "network/channels/ops.h"
#include "network/convolution.h"
#include "network/links.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {
namespace {

class Convolution final : public Op {
 public:
  Convolution(const Step& step, const Following& following)
      : s_(step), then_(following), folded_(step, following.scales) {
    s_.weight = 0; // the folded weights begin there
  }

  Halo input_halo() const override { return halo_of(s_); }
  bool reads_planar() const override { return true; }
  bool shares() const override { return !then_.activate; }
  long scratch() const override { return convolution_scratch(s_, then_); }

  long packed_bytes() const override { // before they are built, as if each channel read its group
    const long elements = static_cast<long>(s_.kernel_h) * s_.kernel_w;
    return taps_.packed_bytes_of(elements * s_.in.channels / s_.groups * stored(s_.out).channels *
                                 kLanes);
  }
  void prepare(const float* parameters, const float* state) override {
    if (taps_.tiles().empty()) build();
    folded_.update(parameters, state, [&](const float* weights, const double*) {
      taps_.pack(folded_.folded(weights).data());
    });
  }

  void forward(Pass& pass) const override {
    convolve(s_, then_, in, out, pass, taps_, pitch(in), folded_.bias(),
             [&](int block, int y, const vec* rows) {
               vec* best = pass.value(out) + out.value_layout.at(block, y, 0);
               pool_row(rows, then_, s_.out.width, best);
               if (then_.relu)
                 for (int x = 0; x < then_.pooled.width; x++) best[x] = relu(best[x]);
             });
    if (!then_.activate) return;
    for (int c = 0; c < out.shape.channels; c++)
      for (int y = 0; y < out.shape.height; y++)
        then_.finish(pass.value(out) + out.value_layout.at(c, y, 0), out.shape.width);
  }
  void backward(Pass&) const override {}

 private:
  Step s_;
  const Following then_;
  FoldedWeights folded_;
  TapConvolution<float, vec> taps_;

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
        for (const Link& link : links[o]) channels.push_back(link.channel);
      }
      std::sort(channels.begin(), channels.end());
      channels.erase(std::unique(channels.begin(), channels.end()), channels.end());
      if (units.empty() || channels != reads) {
        reads = channels;
        units.push_back({b, 0, channel_offsets(channels), {}});
      }
      Unit& unit = units.back();
      unit.channels++;
      const size_t at = unit.weights.size();
      unit.weights.resize(at + unit.channel_offsets.size() * kLanes, -1);
      for (int o = first; o < end; o++)
        for (const Link& link : links[o]) {
          const auto position = std::lower_bound(channels.begin(), channels.end(), link.channel);
          const long p = position - channels.begin();
          unit.weights[at + p * kLanes + (o - first)] = link.weights;
        }
    }
    std::vector<long> elements(element_count);
    for (long k = 0; k < element_count; k++) elements[k] = k;
    taps_ = TapConvolution<float, vec>(std::move(units), row_axis(s_), column_axis(s_), elements,
                                       in.value_layout.row, pitch(in));
  }

  std::vector<long> channel_offsets(const std::vector<int>& channels) const {
    std::vector<long> offsets;
    for (int c : channels)
      offsets.push_back(element_offset(in, c, 0, 0) - element_offset(in, 0, 0, 0));
    return offsets;
  }
};

} // namespace

OpPointer make_taps(const Step& step, const Following& following) {
  return std::make_unique<Convolution>(step, following);
}

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
