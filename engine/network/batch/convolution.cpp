// Definition: conv_layer.
// Test: tests/engine/network/test_forward.py.
//
// Convolution layers over lanes: the lists of taps for the forward pass, for the data gradient (one
// list for each phase of the stride) and for the weight gradient, with ReLU and max pooling done
// while the rows just made are still in the first-level cache.
#include "network/convolution.h"
#include "network/batch/fused.h"
#include "network/batch/methods.h"
#include "network/links.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

constexpr long kCacheBytes = 16 * 1024; // half of a first-level cache: what a sweep reuses

int floor_div(int a, int b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

class Convolution final : public FusedConvolution {
 public:
  Convolution(const Step& step, const Fused& fused)
      : FusedConvolution(step, fused), links_(links_of(step)) {
    if (fused_.max_pool) delta_ = Layout(s_.out, delta_halo());
  }

  Halo input_halo() const override { return halo_of(s_); }
  Halo gradient_halo() const override { return fused_.max_pool ? Halo{} : delta_halo(); }

  long scratch() const override { return convolution_scratch(s_, fused_); }

  long packed_bytes() const override { // for the input's gradient, too, each weight once
    long links = 0;
    for (const auto& channel : links_) links += static_cast<long>(channel.size());
    return Taps::packed_bytes_of(links * elements()) * (in.gradient >= 0 ? 2 : 1);
  }
  void pack(const float* parameters, const Share& share) override {
    if (!built_) build();
    forward_.pack(parameters, share);
    if (in.gradient >= 0)
      for (Phase& phase : phases_) phase.taps.pack(parameters, share);
  }

  void forward(Pass& pass) const override {
    convolve(s_, fused_, in, out, pass, forward_, 1, bias(pass),
             [&](int channel, int y, const vec* rows) {
               vec* best = pass.value(out) + out.value_layout.at(channel, y, 0);
               vec16* argmax = argmax_row(pass, channel, y);
               if (fused_.pool_h == 2 && fused_.pool_w == 2)
                 pool<2, 2>(rows, best, argmax, 2, 2);
               else
                 pool<0, 0>(rows, best, argmax, fused_.pool_h, fused_.pool_w);
             });
  }

  void prepare_backward(Pass& pass) const override {
    if (fused_.max_pool)
      unpool(pass);
    else if (fused_.relu)
      mask(pass);
    bias_gradient(pass);
  }
  void backward(Pass& pass) const override {
    const auto [layout, delta] = this->delta(pass);
    weight_gradient(pass, *layout, delta);
    if (in.gradient >= 0) data_gradient(pass, *layout, delta);
  }

 private:
  using Taps = TapConvolution<vec, float>;
  struct Phase { // input pixels (y0 + i*stride_y, x0 + j*stride_x) read the same taps
    int y0, x0;
    Taps taps;
  };
  // Output channels [first, first + channels) with the taps of their weight gradient.
  struct GradientUnit {
    int first, channels;
    long weights; // of the first channel
    std::vector<std::ptrdiff_t> offsets;
    Tiling tiling;
  };

  const std::vector<std::vector<Link>> links_; // of each output channel
  bool built_ = false;
  Taps forward_;
  std::vector<Phase> phases_;
  std::vector<GradientUnit> gradients_;

  long elements() const { return static_cast<long>(s_.kernel_h) * s_.kernel_w; }

  // Output channels that read the same inputs: [first, end) from `first`.
  int group_end(int first) const {
    if (!s_.connections.empty()) return first + 1;
    return first + s_.out.channels / s_.groups;
  }

  // How far the data gradient reads beyond the edges of the output's gradient.
  Halo delta_halo() const {
    auto axis = [](int in, int out, int before, int kernel, int stride, int dilation) {
      int low = 0, high = out - 1;
      for (int i : {0, in - 1})
        for (int near = i; near >= 0 && near < in && std::abs(near - i) < stride;
             near += i == 0 ? 1 : -1)
          for (int k = 0; k < kernel; k++) {
            int at = near + before - k * dilation;
            if (at % stride == 0) {
              low = std::min(low, at / stride);
              high = std::max(high, at / stride);
            }
          }
      return std::pair<int, int>{-low, high - (out - 1)};
    };
    auto [top, bottom] =
        axis(s_.in.height, s_.out.height, s_.padding.top, s_.kernel_h, s_.stride_y, s_.dilation_y);
    auto [left, right] =
        axis(s_.in.width, s_.out.width, s_.padding.left, s_.kernel_w, s_.stride_x, s_.dilation_x);
    return {top, bottom, left, right};
  }

  void build() {
    built_ = true;
    build_forward();
    if (in.gradient < 0) return;
    for (int y = 0; y < std::min(s_.stride_y, s_.in.height); y++)
      for (int x = 0; x < std::min(s_.stride_x, s_.in.width); x++) build_phase(y, x);
  }

  void build_forward() {
    const Layout& from = in.value_layout;
    Axis rows = row_axis(s_), columns = column_axis(s_);
    std::vector<Unit> units;
    for (int first = 0, end; first < s_.out.channels; first = end) {
      end = group_end(first);
      Unit unit{first, end - first, {}, {}};
      GradientUnit gradient{first, end - first, 0, {}, {}};
      for (const Link& link : links_[first]) {
        const long plane = link.channel * from.plane;
        unit.channel_offsets.push_back(plane);
        for (int y : rows.reads)
          for (int x : columns.reads)
            gradient.offsets.push_back((plane + y * from.row + x) *
                                       static_cast<std::ptrdiff_t>(sizeof(vec)));
      }
      for (int o = first; o < end; o++)
        for (const Link& link : links_[o]) unit.weights.push_back(link.weights);
      if (!links_[first].empty()) {
        gradient.weights = links_[first][0].weights;
        gradient.tiling = choose_tiling(end - first, static_cast<int>(gradient.offsets.size()));
        gradients_.push_back(std::move(gradient));
      }
      units.push_back(std::move(unit));
    }
    std::vector<long> element_weights(elements());
    for (long k = 0; k < elements(); k++) element_weights[k] = k;
    forward_ =
        Taps(std::move(units), std::move(rows), std::move(columns), element_weights, from.row);
  }

  // Kernel elements that reach the input pixels first, first + stride, ... from a whole output
  // pixel, and where they read the output's gradient, ascending.
  static void reaching(int first, int before, int kernel, int stride, int dilation,
                       std::vector<int>& elements, std::vector<int>& reads) {
    for (int k = kernel - 1; k >= 0; k--) {
      const int at = first + before - k * dilation;
      if (at % stride) continue;
      elements.push_back(k);
      reads.push_back(floor_div(at, stride));
    }
  }

  void build_phase(int y0, int x0) {
    const Layout& to = delta_layout();
    std::vector<int> ky, kx, rows, columns;
    reaching(y0, s_.padding.top, s_.kernel_h, s_.stride_y, s_.dilation_y, ky, rows);
    reaching(x0, s_.padding.left, s_.kernel_w, s_.stride_x, s_.dilation_x, kx, columns);
    std::vector<long> element_weights;
    for (int y : ky)
      for (int x : kx) element_weights.push_back(static_cast<long>(y) * s_.kernel_w + x);
    std::vector<std::vector<std::pair<int, long>>> readers(s_.in.channels);
    for (int o = 0; o < s_.out.channels; o++)
      for (const Link& link : links_[o]) readers[link.channel].push_back({o, link.weights});
    const int group_end = s_.connections.empty() ? s_.in.channels / s_.groups : 1;
    std::vector<Unit> units;
    for (int first = 0; first < s_.in.channels; first += group_end) {
      Unit unit{first, group_end, {}, {}};
      for (const auto& [o, weights] : readers[first]) unit.channel_offsets.push_back(o * to.plane);
      for (int i = first; i < first + group_end; i++)
        for (const auto& [o, weights] : readers[i]) unit.weights.push_back(weights);
      units.push_back(std::move(unit));
    }
    const int height = (s_.in.height - y0 + s_.stride_y - 1) / s_.stride_y;
    const int width = (s_.in.width - x0 + s_.stride_x - 1) / s_.stride_x;
    phases_.push_back({y0, x0,
                       Taps(std::move(units), Axis(rows, 1, height, s_.out.height),
                            Axis(columns, 1, width, s_.out.width), element_weights, to.row)});
  }

  // The maximum of each window and its index.
  template <int H, int W>
  void pool(const vec* rows, vec* best, vec16* argmax, int ph, int pw) const {
    if constexpr (H) ph = H, pw = W;
    for (int x = 0; x < fused_.pooled.width; x++, rows += pw) {
      ArgMax window(rows[0]);
      for (int j = 0; j < ph; j++)
        for (int i = 0; i < pw; i++)
          if (i || j) window.update(rows[static_cast<long>(j) * s_.out.width + i], j * pw + i);
      if (fused_.relu) window.apply_relu();
      best[x] = window.max;
      argmax[x] = __builtin_convertvector(window.index, vec16);
    }
  }

  void weight_gradient(Pass& pass, const Layout& layout, const vec* delta) const {
    const Layout& from = in.value_layout;
    WeightSweep sweep{};
    sweep.in_row = s_.stride_y * from.row;
    sweep.in_step = s_.stride_x;
    sweep.delta_plane = layout.plane;
    sweep.delta_row = layout.row;
    sweep.width = s_.out.width;
    int tiles = 0, tile = 0;
    for (const GradientUnit& unit : gradients_)
      tiles += unit.tiling.channels.whole + (unit.tiling.channels.remainder > 0);
    const int first = pass.share.begin(tiles), last = pass.share.end(tiles);
    for (const GradientUnit& unit : gradients_) {
      const int taps = static_cast<int>(unit.offsets.size());
      sweep.offsets = unit.offsets.data();
      sweep.gradient_stride = taps;
      const long row_bytes =
          unit.tiling.channels.size * layout.row * static_cast<long>(sizeof(vec));
      const int rows = static_cast<int>(std::max(1L, kCacheBytes / row_bytes));
      for (int c = 0; c < unit.channels; c += unit.tiling.channels.size, tile++) {
        if (tile < first || tile >= last) continue;
        const int size = std::min(unit.tiling.channels.size, unit.channels - c);
        sweep.gradient = pass.gradient + unit.weights + static_cast<long>(c) * taps;
        for (int y = 0; y < s_.out.height; y += rows) {
          sweep.height = std::min(rows, s_.out.height - y);
          sweep.in = pass.value(in) + from.origin + y * sweep.in_row;
          sweep.delta = delta + layout.at(unit.first + c, y, 0);
          sweep_weights(sweep, size, unit.tiling.pixels);
        }
      }
    }
  }

  void data_gradient(Pass& pass, const Layout& layout, const vec* delta) const {
    const Layout& to = in.gradient_layout;
    Sweep<vec, float> sweep{};
    sweep.in_row = layout.row;
    sweep.in_step = 1;
    sweep.out_plane = to.plane;
    sweep.out_row = s_.stride_y * to.row;
    sweep.out_step = s_.stride_x;
    sweep.in = delta + layout.origin;
    for (const Phase& phase : phases_) {
      sweep.out = pass.gradient_of(in) + to.at(0, phase.y0, phase.x0);
      phase.taps.run_bands(sweep, s_.out.channels, nullptr, pass.share);
    }
  }
};

} // namespace

OpPointer make_direct_convolution(const Step& step, const Fused& fused) {
  return std::make_unique<Convolution>(step, fused);
}

OpPointer make_convolution(const Step& step, const Fused& fused) {
  return choose_batch_method(step, fused, false).make(step, fused);
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
