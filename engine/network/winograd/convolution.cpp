// Definition: conv_layer.
// Test: tests/engine/network/winograd/test_convolution.py.
//
// Convolution layers with 3x3 kernels by Winograd's algorithm, where that is faster than by taps. A
// tile of outputs is a window of 2x2 max pooling, which is therefore done in registers.
#include "network/batch/fused.h"
#include "network/winograd/few_tiles.h"
#include "network/winograd/gradient.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

int parts(int n, int side) { return (n + side - 1) / side; }

// Tiles of Side outputs, forward and for the gradient of the input; of 4 for that of the kernels.
// Few: of few_tiles.h.
template <int Side, bool Few = false>
class WinogradConvolution final : public FusedConvolution {
 public:
  WinogradConvolution(const Step& step, const Fused& fused)
      : FusedConvolution(step, fused),
        rows_(fused.max_pool ? parts(2 * fused.pooled.height, Side) : parts(step.out.height, Side)),
        columns_(fused.max_pool ? parts(2 * fused.pooled.width, Side)
                                : parts(step.out.width, Side)),
        kernels_(s_.in.channels, s_.out.channels), forward_(tiles(false, rows_, columns_)),
        backward_(tiles(true, parts(step.in.height, Side), parts(step.in.width, Side))),
        gradient_(s_.in.channels, s_.out.channels, gradient_rows(), gradient_columns()) {
    if (fused_.max_pool)
      window_ =
          Layout({1, Side * backward_.most_height() + 4, Side * backward_.most_width() + 4}, {});
  }

  Halo input_halo() const override {
    const Halo p = s_.padding;
    Halo halo = reach<Side>(rows_, columns_, s_.in, p.top, p.left);
    halo.cover(reach<4>(gradient_rows(), gradient_columns(), s_.in, p.top, p.left));
    return halo;
  }
  Halo gradient_halo() const override { return fused_.max_pool ? Halo{} : delta_halo(); }
  long scratch() const override {
    if (out.gradient < 0) return forward_.scratch(); // it only predicts
    return std::max(
        {forward_.scratch(), backward_.scratch() + window_.size(), gradient_.scratch()});
  }

  long packed_bytes() const override {
    if constexpr (Few)
      return kernels_.packed_bytes();
    else
      return forward_.packed_bytes() + backward_.packed_bytes();
  }
  void pack(const float* parameters, const Share& share) override {
    if constexpr (Few)
      return kernels_.pack(parameters + s_.weight, share);
    else
      pack_both(parameters, share);
  }
  void pack_both(const float* parameters, const Share& share) {
    pack(parameters, false, share, forward_);
    if (in.gradient >= 0) pack(parameters, true, share, backward_);
  }

  void forward(Pass& pass) const override {
    const Layout& from = in.value_layout;
    const vec* values_in = pass.value(in);
    auto source = [&](int plane, const Band& band) {
      return values_in +
             from.at(plane, Side * band.y - s_.padding.top, Side * band.x - s_.padding.left);
    };
    const float* bias = this->bias(pass);
    auto start = [bias](int channel) { return bias ? broadcast(bias[channel]) : vec{}; };
    const Layout& to = out.value_layout;
    vec* values = pass.value(out);
    if (fused_.max_pool) {
      auto pool = [&](int channel, int y, int x, const vec(&tile)[Side][Side]) {
        const vec first = start(channel);
#pragma GCC unroll 2
        for (int j = 0; j < Side / 2; j++)
#pragma GCC unroll 2
          for (int i = 0; i < Side / 2; i++) {
            const int row = Side / 2 * y + j, column = Side / 2 * x + i;
            if (Side > 2 && (row >= fused_.pooled.height || column >= fused_.pooled.width))
              continue;
            ArgMax window(tile[2 * j][2 * i]);
            window.update(tile[2 * j][2 * i + 1], 1);
            window.update(tile[2 * j + 1][2 * i], 2);
            window.update(tile[2 * j + 1][2 * i + 1], 3);
            window.max += first;
            values[to.at(channel, row, column)] = fused_.relu ? relu(window.max) : window.max;
            argmax_row(pass, channel, row)[column] = __builtin_convertvector(window.index, vec16);
          }
      };
      return forward_.run(source, from.row, pass.share, pass.scratch, pool);
    }
    auto add = [&](int channel, int y, int x, vec(&tile)[Side][Side]) {
      const vec first = start(channel);
      for (auto& row : tile)
        for (vec& v : row) v = fused_.relu ? relu(v + first) : v + first;
      write(values, to, channel, y, x, tile);
    };
    forward_.run(source, from.row, pass.share, pass.scratch, add);
  }

  void prepare_backward(Pass& pass) const override {
    if (fused_.relu) mask(pass);
    bias_gradient(pass);
  }
  void backward(Pass& pass) const override {
    weight_gradient(pass);
    if (in.gradient >= 0) data_gradient(pass);
  }

 private:
  using Tiles = std::conditional_t<Few, FewTilesConvolution, TileConvolution<Side>>;
  const int rows_, columns_; // of tiles
  LaneKernels kernels_;      // of few tiles
  Tiles forward_, backward_;
  std::conditional_t<Few, FewTilesGradient, KernelGradient> gradient_;
  Layout window_; // of the unpooled gradient: what a band of the data gradient reads

  Tiles tiles(bool turned, int rows, int columns) const {
    if constexpr (Few)
      return {kernels_, turned, rows, columns};
    else if (turned)
      return {s_.out.channels, s_.in.channels, rows, columns};
    else
      return {s_.in.channels, s_.out.channels, rows, columns};
  }

  // The kernels from inputs to outputs; or, turned, from these' gradients to those'.
  void pack(const float* parameters, bool turned, const Share& share, Tiles& to) const {
    const int channels = turned ? s_.in.channels : s_.out.channels;
    const int planes = turned ? s_.out.channels : s_.in.channels;
    const int blocks = parts(channels, kLanes);
    const long step = turned ? weight(0, 1) - weight(0, 0) : weight(1, 0) - weight(0, 0);
    for (int b = share.begin(blocks); b < share.end(blocks); b++) {
      const int first = b * kLanes, n = std::min(kLanes, channels - first);
      for (int p = 0; p < planes; p++) {
        vec u[kFrequenciesOf<Side>];
        const long at = turned ? weight(p, first) : weight(first, p);
        transform_kernels<Side>(parameters + at, step, n, u);
        if (turned) turn_kernels<Side>(u);
        to.set_kernels(first, n, p, u);
      }
    }
  }
  long weight(int channel, int plane) const {
    return s_.weight + 9 * (static_cast<long>(channel) * s_.in.channels + plane);
  }

  // What pooling leaves out has no gradient.
  int gradient_rows() const {
    return parts(fused_.max_pool ? 2 * fused_.pooled.height : s_.out.height, 4);
  }
  int gradient_columns() const {
    return parts(fused_.max_pool ? 2 * fused_.pooled.width : s_.out.width, 4);
  }
  // What rows x columns tiles of N outputs read around a plane, the first from (-top, -left) on.
  template <int N>
  static Halo reach(int rows, int columns, Shape plane, int top, int left) {
    return {std::max(0, top), std::max(0, N * rows + 2 - top - plane.height), std::max(0, left),
            std::max(0, N * columns + 2 - left - plane.width)};
  }
  // Around the gradient before pooling: what the data gradient reads, and whole tiles.
  Halo delta_halo() const {
    Halo halo = reach<Side>(parts(s_.in.height, Side), parts(s_.in.width, Side), s_.out,
                            2 - s_.padding.top, 2 - s_.padding.left);
    halo.cover({0, 4 * gradient_rows() - s_.out.height, 0, 4 * gradient_columns() - s_.out.width});
    return halo;
  }

  // The part of a tile that lies inside the plane.
  static void write(vec* values, const Layout& to, int channel, int y, int x,
                    const vec (&tile)[Side][Side]) {
    vec* at = values + to.at(channel, Side * y, Side * x);
    const int height = to.shape.height - Side * y, width = to.shape.width - Side * x;
#pragma GCC unroll 4
    for (int j = 0; j < Side; j++)
#pragma GCC unroll 4
      for (int i = 0; i < Side; i++)
        if (j < height && i < width) at[j * to.row + i] = tile[j][i];
  }

  // The gradient before pooling of a window; outside the plane it is zero.
  void unpool_window(const Pass& pass, int channel, int y, int x, vec* to, long row) const {
    vec gradient{};
    ivec index{};
    if (y >= 0 && y < fused_.pooled.height && x >= 0 && x < fused_.pooled.width) {
      gradient = pass.gradient_of(out)[out.gradient_layout.at(channel, y, x)];
      index = __builtin_convertvector(argmax_row(pass, channel, y)[x], ivec);
    }
    to[0] = index == 0 ? gradient : vec{};
    to[1] = index == 1 ? gradient : vec{};
    to[row] = index == 2 ? gradient : vec{};
    to[row + 1] = index == 3 ? gradient : vec{};
  }

  // Of windows [y, y + height) x [x, x + width) of a channel.
  void unpool(const Pass& pass, int channel, int y, int x, int height, int width, vec* to) const {
    for (int j = y; j < y + height; j++, to += 2 * window_.row)
      for (int i = x; i < x + width; i++)
        unpool_window(pass, channel, j, i, to + 2 * (i - x), window_.row);
  }

  void data_gradient(Pass& pass) const {
    const int top = s_.padding.top - 2, left = s_.padding.left - 2; // where tile (0, 0) reads
    const Layout &from = out.gradient_layout, &to = in.gradient_layout;
    vec* values = pass.gradient_of(in);
    auto epilogue = [&](int channel, int y, int x, const vec(&tile)[Side][Side]) {
      write(values, to, channel, y, x, tile);
    };
    if (fused_.max_pool) {
      vec* window = pass.scratch + backward_.scratch();
      auto source = [&](int plane, const Band& band) {
        const int y = Side * band.y + top, x = Side * band.x + left;
        const int odd_y = y & 1, odd_x = x & 1;
        unpool(pass, plane, (y - odd_y) / 2, (x - odd_x) / 2, Side / 2 * band.height + 1 + odd_y,
               Side / 2 * band.width + 1 + odd_x, window);
        return window + odd_y * window_.row + odd_x;
      };
      return backward_.run(source, window_.row, pass.share, pass.scratch, epilogue);
    }
    const vec* deltas = pass.gradient_of(out);
    auto source = [&](int plane, const Band& band) {
      return deltas + from.at(plane, Side * band.y + top, Side * band.x + left);
    };
    backward_.run(source, from.row, pass.share, pass.scratch, epilogue);
  }

  void weight_gradient(Pass& pass) const {
    const Layout &from = in.value_layout, &layout = out.gradient_layout;
    const vec* source = pass.value(in) + from.at(0, -s_.padding.top, -s_.padding.left);
    const vec* deltas = pass.gradient_of(out);
    auto input = [&](int plane, int y, int x) {
      return source + plane * from.plane + 4 * (y * from.row + x);
    };
    float* gradient = pass.gradient + s_.weight;
    if (fused_.max_pool) {
      auto delta = [&](int channel, int y, int x, vec(&tile)[4][4]) {
        for (int j = 0; j < 2; j++)
          for (int i = 0; i < 2; i++)
            unpool_window(pass, channel, 2 * y + j, 2 * x + i, &tile[2 * j][2 * i], 4);
      };
      return gradient_.run(input, from.row, delta, pass.share, pass.scratch, gradient);
    }
    auto delta = [&](int channel, int y, int x, vec(&tile)[4][4]) {
      const vec* d = deltas + layout.at(channel, 4 * y, 4 * x);
#pragma GCC unroll 16
      for (int i = 0; i < 16; i++) tile[i / 4][i % 4] = d[i / 4 * layout.row + i % 4];
    };
    gradient_.run(input, from.row, delta, pass.share, pass.scratch, gradient);
  }
};

const char* declines(const Step& s, const Fused& fused) {
  if (s.kernel_h != 3 || s.kernel_w != 3) return "the kernel is not 3 x 3";
  if (s.stride_y * s.stride_x != 1 || s.dilation_y * s.dilation_x != 1)
    return "stride or dilation is not 1";
  if (s.groups > 1 || !s.connections.empty()) return "groups or a table of connections";
  if (s.in.channels < 16 || s.out.channels < 16) return "fewer than 16 channels";
  if (fused.max_pool && (fused.pool_h != 2 || fused.pool_w != 2)) return "pooling is not 2 x 2";
  return nullptr;
}

int tiles_of(const Shape& s, int side) { return parts(s.height, side) * parts(s.width, side); }
long products_of(const Shape& s, int side) {
  return static_cast<long>(tiles_of(s, side)) * (side + 2) * (side + 2);
}

// Measured, training and inference together, direct / Winograd: 16 -> 16 at 14x14 1.09, 64 -> 64
// at 8x8 1.28; but at 7x7 0.79 for 64 -> 64 and 0.96 for 32 -> 32, and at 4x4 0.9: on small maps
// transforming the kernels costs more than the multiplications saved.
constexpr int kLeastPixels = 64;

// Of tiles of 4. Measured within networks, training, batches of 64, two threads, the method without
// them / with them: at AVX2 16 channels at 28x28 1.17, at 14x14 1.05, at 7x7 1.28, 24 at
// 32x32 1.18; at AVX-512 1.03, 0.90, 0.85 and 0.97. (Of one layer alone both were up to 1.5.)
constexpr bool kWideFromFew = kLanes <= 8 && !kSmallCode;
constexpr int kWideChannels = kWideFromFew ? 16 : 32;
constexpr int kLeastWidePixels = kWideFromFew ? 49 : kLeastPixels;

// Whether tiles of 4 take fewer multiplications by a fifth, of channels that outweigh transforms.
bool wide_tiles_pay(const Step& s) {
  return s.in.channels >= kWideChannels && s.out.channels >= kWideChannels &&
         5 * products_of(s.out, 4) < 4 * products_of(s.out, 2);
}

} // namespace

template <int Side>
const char* declines_winograd(const Step& s, const Fused& fused) {
  if (const char* reason = declines(s, fused)) return reason;
  if (s.out.height * s.out.width < (Side == 4 ? kLeastWidePixels : kLeastPixels))
    return Side == 4 && kWideFromFew ? "fewer than 49 pixels" : "fewer than 64 pixels";
  if (Side == 4 && (kSmallCode || !wide_tiles_pay(s)))
    return kWideFromFew ? "few products saved" : "fewer than 32 channels, or few products saved";
  return nullptr;
}
template const char* declines_winograd<2>(const Step&, const Fused&);
template const char* declines_winograd<4>(const Step&, const Fused&);

// Measured with 2 threads, 64 images, direct / few tiles, forward and backward, AVX-512 and AVX2:
// 32 channels at 4x4 1.9 and 1.7, at 7x7 1.6 and 1.7; 512 2.0 and 1.9, 2.1 and 1.9; but 16 at 7x7
// 0.97, and 128 at 5x5, where a third of the products would be saved, 1.0.
const char* declines_few_tiles(const Step& s, const Fused& fused) {
  if (kSmallCode) return "it is left out of small builds";
  if (const char* reason = declines(s, fused)) return reason;
  if (std::max(tiles_of(s.in, 4), tiles_of(s.out, 4)) > kFewTiles) return "more than 4 tiles";
  if (s.in.channels < 32 || s.out.channels < 32) return "fewer than 32 channels";
  if (2 * products_of(s.out, 4) > 9L * s.out.height * s.out.width) return "few products saved";
  return nullptr;
}

int winograd_side(const Step& s, const Fused& fused) {
  if (!declines_winograd<4>(s, fused) || !declines_few_tiles(s, fused)) return 4;
  return declines_winograd<2>(s, fused) ? 0 : 2;
}

OpPointer make_few_tiles(const Step& step, const Fused& fused) {
  if constexpr (!kSmallCode) return std::make_unique<WinogradConvolution<4, true>>(step, fused);
  return nullptr;
}

OpPointer make_winograd_convolution(const Step& step, const Fused& fused) {
  if constexpr (!kSmallCode)
    if (!declines_winograd<4>(step, fused))
      return std::make_unique<WinogradConvolution<4>>(step, fused);
  return std::make_unique<WinogradConvolution<2>>(step, fused);
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
