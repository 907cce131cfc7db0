// Definition: conv_layer.
// Test: tests/engine/network/channels/convolution/test_winograd.py.
//
// 3 x 3 convolutions of stride 1 by Winograd's F(4 x 4, 3 x 3), output channels in the lanes: a
// quarter of the multiplications, over the points of winograd/points.h.
//
// Strips of tiles, of several images where one has few, are transformed, multiplied at each of 36
// frequencies by a matrix of channels, and transformed back, one tile of output channels after the
// other. Budget: a strip's transformed input stays in the second-level cache (kStripBytes); the
// transformed kernels, four times the weights, stream past once for each strip, so a strip of 24
// tiles multiplies each of their vecs 24 times.
#include "network/channels/ops.h"
#include "network/links.h"
#include "network/products.h"
#include "network/winograd/points.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {
namespace {

using points::transform_input;
using points::transform_output;

constexpr int kSide = 4, kReads = 6, kFrequencies = kReads * kReads;
constexpr long kStripBytes = 640 * 1024;
constexpr int kLeastStrip = 24; // tiles: then a vec of weights is used often enough

// A kernel under G, on both sides: in double, so that its rounding counts once.
void transform_kernel(const float* k, float* u) {
  const double r = 1.4142135623730951;
  const double g[kReads][3] = {{1, 0, 0},
                               {-2.0 / 3, -r / 3, -1.0 / 3},
                               {-2.0 / 3, r / 3, -1.0 / 3},
                               {1.0 / 6, r / 6, 1.0 / 3},
                               {1.0 / 6, -r / 6, 1.0 / 3},
                               {0, 0, 1}};
  double half[kReads][3];
  for (int i = 0; i < kReads; i++)
    for (int x = 0; x < 3; x++)
      half[i][x] = g[i][0] * k[x] + g[i][1] * k[3 + x] + g[i][2] * k[6 + x];
  for (int i = 0; i < kReads; i++)
    for (int j = 0; j < kReads; j++)
      u[i * kReads + j] =
          static_cast<float>(half[i][0] * g[j][0] + half[i][1] * g[j][1] + half[i][2] * g[j][2]);
}

class Winograd final : public Op {
 public:
  Winograd(const Step& step, const Following& following)
      : s_(step), then_(following), folded_(step, following.scales),
        rows_((step.out.height + kSide - 1) / kSide),
        columns_((step.out.width + kSide - 1) / kSide), in_blocks_(stored(step.in).channels),
        blocks_(stored(step.out).channels), vecs_(std::min(2, blocks_)),
        pixels_(std::min(kMostValues, kAccumulators / vecs_)) {
    const long tile_bytes = static_cast<long>(kFrequencies) * in_blocks_ * sizeof(vec);
    strip_ = static_cast<int>(std::clamp<long>(kStripBytes / tile_bytes, kLeastStrip, 96));
    strip_ = std::min(strip_, then_.images * rows_ * columns_);
    strip_ = (strip_ + pixels_ - 1) / pixels_ * pixels_;
    // Odd numbers of cache lines apart, the frequencies' values do not share sets of the cache.
    plane_ = strip_;
    values_ = odd_lines(static_cast<long>(in_blocks_) * plane_);
    products_ = odd_lines(static_cast<long>(strip_) * vecs_);
  }

  Halo input_halo() const override {
    const Halo p = s_.padding;
    return {p.top, std::max(0, kSide * rows_ + 2 - p.top - s_.in.height), p.left,
            std::max(0, kSide * columns_ + 2 - p.left - s_.in.width)};
  }
  bool shares() const override { return true; }
  long scratch() const override { return kFrequencies * (values_ + products_); }

  long packed_bytes() const override {
    return static_cast<long>(sizeof(vec)) * kFrequencies * s_.in.channels * blocks_;
  }
  void prepare(const float* parameters, const float* state) override {
    folded_.update(parameters, state,
                   [&](const float* weights, const double* scales) { pack(weights, scales); });
  }
  void forward(Pass& pass) const override { forward_images(pass, 1); }
  void backward(Pass&) const override {}

  void forward_images(Pass& pass, int count) const override {
    const int tiles = count * rows_ * columns_, vec_tiles = (blocks_ + vecs_ - 1) / vecs_;
    // Threads share the tiles; where these are few, the channels, and each transforms the input.
    const bool by_tiles = pass.share.parts == 1 || tiles >= pass.share.parts * pixels_;
    const Share share = by_tiles ? pass.share : Share{}, others = by_tiles ? Share{} : pass.share;
    const int first_channel = others.begin(vec_tiles), last_channel = others.end(vec_tiles);
    vec* values = pass.scratch;
    vec* products = pass.scratch + kFrequencies * values_;
    for (int t = share.begin(tiles), end = share.end(tiles); t < end; t += strip_) {
      const int n = std::min(strip_, end - t);
      for (int b = 0; b < in_blocks_; b++)
        for (int i = 0; i < n; i++)
          read(pass, t + i, b, values + static_cast<long>(b) * plane_ + i);
      for (int c = first_channel; c < last_channel; c++) {
        const int vecs = std::min(vecs_, blocks_ - c * vecs_);
        multiply(c, vecs, n, values, products);
        for (int v = 0; v < vecs; v++)
          for (int i = 0; i < n; i++)
            write(pass, t + i, c * vecs_ + v, products + static_cast<long>(i) * vecs + v);
      }
    }
  }

 private:
  const Step s_;
  const Following then_;
  FoldedWeights folded_;
  const int rows_, columns_; // of tiles
  const int in_blocks_, blocks_;
  const int vecs_, pixels_;
  int strip_;
  long plane_, values_, products_; // vecs from one block, frequency to the next
  std::vector<vec> packed_;        // [tile of channels][frequency][input channel][vec]

  static long odd_lines(long vecs) {
    constexpr long line = std::max<long>(1, 64 / sizeof(vec));
    return (((vecs + line - 1) / line) | 1) * line;
  }

  void pack(const float* weights, const double* scales) {
    const int channels = s_.in.channels;
    packed_.resize(static_cast<size_t>(kFrequencies) * channels * blocks_);
    float u[kFrequencies];
    for (int o = 0; o < blocks_ * kLanes; o++) {
      const int block = o / kLanes, tile = block / vecs_;
      const int vecs = std::min(vecs_, blocks_ - tile * vecs_), v = block - tile * vecs_;
      vec* to = packed_.data() + static_cast<long>(tile) * vecs_ * kFrequencies * channels;
      const double scale = o < s_.out.channels ? scales[o] : 0;
      for (int i = 0; i < channels; i++) {
        std::fill(u, u + kFrequencies, 0.0f);
        if (o < s_.out.channels)
          transform_kernel(weights + (static_cast<long>(o) * channels + i) * 9, u);
        for (int f = 0; f < kFrequencies; f++)
          to[(static_cast<long>(f) * channels + i) * vecs + v][o % kLanes] =
              static_cast<float>(u[f] * scale);
      }
    }
  }

  void multiply(int tile, int vecs, int n, const vec* values, vec* products) const {
    Reads r;
    r.block = plane_ * kLanes;
    r.blocks = in_blocks_;
    r.last_lanes = s_.in.channels - (in_blocks_ - 1) * kLanes;
    // The next frequency's kernels come from the third level while this one's are in use.
    r.ahead = static_cast<long>(s_.in.channels) * vecs;
    const vec* weights =
        packed_.data() + static_cast<long>(tile) * vecs_ * kFrequencies * s_.in.channels;
    for (int f = 0; f < kFrequencies; f++) {
      Products p{&r,          reinterpret_cast<const float*>(values + f * values_),
                 weights,     products + f * products_,
                 n / pixels_, false};
      weights += static_cast<long>(s_.in.channels) * vecs;
      if (p.count) ProductsOf<kLanes>::at(vecs, pixels_)(p);
      if (const int last = n % pixels_) {
        p.in += static_cast<long>(n - last) * kLanes;
        p.out += static_cast<long>(n - last) * vecs;
        p.count = 1;
        ProductsOf<kLanes>::at(vecs, last)(p);
      }
    }
  }

  struct Place {
    int image, y, x;
  };
  Place place(int tile) const {
    const int of_image = tile % (rows_ * columns_);
    return {tile / (rows_ * columns_), of_image / columns_, of_image % columns_};
  }

  // The transformed input of a tile and a block of channels, frequencies values_ apart.
  void read(Pass& pass, int tile, int block, vec* to) const {
    const Place at = place(tile);
    const Layout& layout = in.value_layout;
    const vec* from = pass.value(in, at.image) + layout.at(block, kSide * at.y - s_.padding.top,
                                                           kSide * at.x - s_.padding.left);
    vec half[kReads][kReads]; // [column][row transformed]
#pragma GCC unroll 6
    for (int x = 0; x < kReads; x++) {
      vec d[kReads];
#pragma GCC unroll 6
      for (int y = 0; y < kReads; y++) d[y] = from[y * layout.row + x];
      transform_input(d, half[x]);
    }
#pragma GCC unroll 6
    for (int i = 0; i < kReads; i++) {
      vec d[kReads], t[kReads];
#pragma GCC unroll 6
      for (int x = 0; x < kReads; x++) d[x] = half[x][i];
      transform_input(d, t);
#pragma GCC unroll 6
      for (int j = 0; j < kReads; j++) to[(i * kReads + j) * values_] = t[j];
    }
  }

  // From the products of a tile and a block of channels to the output, with what follows.
  void write(Pass& pass, int tile, int block, const vec* from) const {
    vec half[kReads][kSide]; // [column of frequencies][row]
#pragma GCC unroll 6
    for (int j = 0; j < kReads; j++) {
      vec m[kReads];
#pragma GCC unroll 6
      for (int i = 0; i < kReads; i++) m[i] = from[(i * kReads + j) * products_];
      transform_output(m, half[j]);
    }
    const Place at = place(tile);
    const vec bias = folded_.bias()[block];
    vec y[kSide][kSide];
#pragma GCC unroll 4
    for (int r = 0; r < kSide; r++) {
      vec m[kReads];
#pragma GCC unroll 6
      for (int j = 0; j < kReads; j++) m[j] = half[j][r];
      transform_output(m, y[r]);
#pragma GCC unroll 4
      for (vec& v : y[r]) v = then_.relu ? relu(v + bias) : v + bias;
      then_.finish(y[r]);
    }
    if (then_.max_pool) return pool(pass, at, block, y);
    const int height = std::min(kSide, s_.out.height - kSide * at.y);
    const int width = std::min(kSide, s_.out.width - kSide * at.x);
    const Layout& layout = out.value_layout;
    vec* to = pass.value(out, at.image) + layout.at(block, kSide * at.y, kSide * at.x);
    const vec* add = nullptr;
    if (then_.add)
      add = pass.value(other, at.image) + other.value_layout.at(block, kSide * at.y, kSide * at.x);
#pragma GCC unroll 4
    for (int r = 0; r < kSide; r++)
#pragma GCC unroll 4
      for (int c = 0; c < kSide; c++) {
        if (r >= height || c >= width) continue;
        vec v = y[r][c];
        if (add) {
          v += add[r * other.value_layout.row + c];
          if (then_.relu_after_add) v = relu(v);
        }
        to[r * layout.row + c] = v;
      }
  }

  void pool(Pass& pass, const Place& at, int block, const vec (&y)[kSide][kSide]) const {
    const Layout& layout = out.value_layout;
    vec* to = pass.value(out, at.image) + layout.at(block, 2 * at.y, 2 * at.x);
#pragma GCC unroll 2
    for (int r = 0; r < 2; r++)
#pragma GCC unroll 2
      for (int c = 0; c < 2; c++) {
        if (2 * at.y + r >= layout.shape.height || 2 * at.x + c >= layout.shape.width) continue;
        to[r * layout.row + c] =
            maximum_or_nan(maximum_or_nan(y[2 * r][2 * c], y[2 * r][2 * c + 1]),
                           maximum_or_nan(y[2 * r + 1][2 * c], y[2 * r + 1][2 * c + 1]));
      }
  }
};

} // namespace

const char* declines_winograd(const Step& s, const Following& then) {
  if (s.kernel_h != 3 || s.kernel_w != 3) return "the kernel is not 3 x 3";
  if (s.stride_y * s.stride_x != 1 || s.dilation_y * s.dilation_x != 1)
    return "stride or dilation is not 1";
  if (s.groups > 1 || !s.connections.empty()) return "groups or a table of connections";
  if (s.in.channels < kLanes || s.out.channels < kLanes) return "channels would leave lanes empty";
  if (s.out.height < 3 || s.out.width < 3) return "the map is smaller than a tile";
  if (then.max_pool && (then.pool_h != 2 || then.pool_w != 2)) return "pooling is not 2 x 2";
  return nullptr;
}

OpPointer make_winograd(const Step& step, const Following& following) {
  return std::make_unique<Winograd>(step, following);
}

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
