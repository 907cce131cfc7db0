// Definition: conv_layer.
// Test: tests/engine/network/channels/convolution/test_dense.py.
//
// Convolution by direct sums, output channels in the lanes: of any kernel, stride and dilation, and
// of groups that fill whole vecs. The input is vecs of channels, or planes where it is the
// network's. Bands of rows stay in the second-level cache while the tiles of channels pass over
// them; rows of a pooling window are pooled while they are in the first.
#include "network/channels/convolution/direct.h"
#include "network/channels/ops.h"
#include "network/links.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {
namespace {

constexpr long kBandBytes = 256 * 1024;
constexpr bool kBfloat16 = kLanes == 16;

// A float to the nearest number of bfloat16, even on a tie, in the upper half.
uint32_t upper_half(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  if (value != value) return bits | 0x400000u; // a NaN stays one
  return (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000u;
}

// `pixels` vecs of which `channels` lanes count, side by side in bfloat16.
void to_bfloat16([[maybe_unused]] const vec* from, [[maybe_unused]] int pixels,
                 [[maybe_unused]] int channels, [[maybe_unused]] float* to) {
#if defined(__AVX512F__)
  ivec lane;
  for (int l = 0; l < kLanes; l++) lane[l] = l;
  for (int x = 0; x < pixels; x++, to += kLanes / 2) {
    const vec value = lane < channels ? from[x] : vec{};
    __m256i half;
    asm("vcvtneps2bf16 %1, %0" : "=v"(half) : "v"(value));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), half);
  }
#endif
}

// pack_direct of pairs of input channels.
void pack_pairs(const Step& s, const float* weights, const double* scales, const Cut& cut,
                std::vector<vec>& packed) {
  const int blocks = stored(s.out).channels, channels = s.in.channels;
  const long elements = static_cast<long>(s.kernel_h) * s.kernel_w, each = elements * channels;
  packed.resize(static_cast<size_t>(blocks) * elements * ((channels + 1) / 2));
  vec* to = packed.data();
  auto weight = [&](int o, int i, long k) {
    if (o >= s.out.channels || i >= channels) return 0u;
    return upper_half(static_cast<float>(weights[o * each + i * elements + k] * scales[o]));
  };
  for (int b = 0; b < blocks; b += cut.vecs)
    for (long k = 0; k < elements; k++)
      for (int i = 0; i < channels; i += 2)
        for (int c = b; c < std::min(b + cut.vecs, blocks); c++, to++) {
          uvec pairs;
          for (int l = 0; l < kLanes; l++)
            pairs[l] = weight(c * kLanes + l, i, k) >> 16 | weight(c * kLanes + l, i + 1, k);
          *to = (vec)pairs;
        }
}

// How a tile's sums come about: products of pixels that lie as the table of tiles asks.
template <int Pixel, bool Pairs = false>
struct OfPixels {
  static long pixel(const Reads& r) { return Pixel ? Pixel : r.pixel; }
  template <int C, int X>
  [[gnu::always_inline]] static void add(const Rows& r, const float* in, vec (&sums)[C][X]) {
    add_products<C, X, Pixel, false, Pairs>(*r.reads, in, r.weights, sums);
  }
};
// Of one kernel element and whole blocks of channels: a 1 x 1 convolution.
struct OfPoints {
  static long pixel(const Reads&) { return kLanes; }
  template <int C, int X>
  [[gnu::always_inline]] static void add(const Rows& r, const float* in, vec (&sums)[C][X]) {
    const vec* weights = r.weights;
    const long block = r.reads->block;
    for (int b = r.reads->blocks; b > 0; b--, in += block)
#pragma GCC unroll 2
      for (int l = 0; l < kLanes; l++, weights += C)
        add_product<C, X>(in + l, kLanes, weights, sums);
  }
};
template <int Pixel>
struct OfPlanes {
  static long pixel(const Reads&) { return Pixel; }
  template <int C, int X>
  [[gnu::always_inline]] static void add(const Rows& r, const float* in, vec (&sums)[C][X]) {
    add_planar<C, X, Pixel>(*r.reads, in, r.weights, sums);
  }
};

// Column i of those that a tile reads, of `columns`, or a zero if it is not in the image.
constexpr float kZero = 0;
template <bool Edge, int K>
inline const float* column(const Rows& r, const float* at, int i, int columns) {
  const bool may_be_outside = Edge && (i < K - 1 || i > columns - K);
  return !may_be_outside || (i >= r.first && i < r.last) ? at + i : &kZero;
}

// One vec of output channels, by kernels of K columns. The pixels of a kernel row, Pitch floats
// apart, stay in registers while its columns pass over them: 5 columns on 10 pixels load 19 times
// for 50 fused multiply-adds, where one pixel for each would ask for 55, more than two a cycle.
template <int Pitch, int K, bool Edge = false>
struct OfWindows {
  static long pixel(const Reads&) { return Pitch; }
  template <int C, int X>
  [[gnu::always_inline]] static void add(const Rows& r, const float* in, vec (&sums)[C][X]) {
    static_assert(C == 1);
    const Reads& reads = *r.reads;
    const int channels = (reads.blocks - 1) * reads.lanes + reads.last_lanes;
    const vec* weights = r.weights;
    for (int row = 0; row < reads.rows; row++, in += reads.row, weights += (K - 1) * channels)
      for (int b = 0; b < reads.blocks; b++) {
        const float* at = in + b * reads.block;
        const int lanes = b + 1 < reads.blocks ? reads.lanes : reads.last_lanes;
        for (int l = 0; l < lanes; l++, at++, weights++) {
          constexpr int values = X + K - 1;
          vec value[values];
#pragma GCC unroll 32
          for (int i = 0; i < values; i++) {
            value[i] = broadcast(Edge ? *column<Edge, K>(r, at, i, values) : at[i * Pitch]);
            keep(value[i]);
          }
#pragma GCC unroll 16
          for (int k = 0; k < K; k++) {
            vec weight = weights[k * channels];
            keep(weight);
#pragma GCC unroll 16
            for (int x = 0; x < X; x++) sums[0][x] += weight * value[x + k];
          }
        }
      }
  }
};

// The same of planes and stride 2, where each pixel passes by for the one or two sums that read it:
// 12 outputs of 3 columns load 28 times for 36 fused multiply-adds, and 25 pixels need no
// registers.
template <int K, bool Edge>
struct OfStrides {
  static long pixel(const Reads&) { return 2; }
  template <int C, int X>
  [[gnu::always_inline]] static void add(const Rows& r, const float* in, vec (&sums)[C][X]) {
    static_assert(C == 1);
    const int planes = r.reads->blocks;
    const vec* weights = r.weights;
    for (int row = 0; row < r.reads->rows; row++, in += r.reads->row, weights += (K - 1) * planes) {
      const float* at = in;
      for (int b = 0; b < planes; b++, at += r.reads->block, weights++) {
        vec weight[K];
#pragma GCC unroll 16
        for (int k = 0; k < K; k++) {
          weight[k] = weights[k * planes];
          keep(weight[k]);
        }
#pragma GCC unroll 32
        for (int i = 0; i < 2 * (X - 1) + K; i++) {
          vec value = broadcast(*column<Edge, K>(r, at, i, 2 * (X - 1) + K));
          keep(value);
#pragma GCC unroll 16
          for (int k = i % 2; k < K; k += 2)
            if (const int x = (i - k) / 2; i >= k && x < X) sums[0][x] += weight[k] * value;
        }
      }
    }
  }
};

// A tile's sums, from zero; what follows them comes last. Biases to begin with would take a
// register for each sum before it is needed, and fewer multiply-adds were then under way; what only
// the end needs is read at the end, for the compiler to keep no register for it meanwhile.
template <class Products>
struct Direct {
  template <int C, int X>
  struct Tile {
    static void run(const Rows& r, const float* in, vec* out, const vec* add, int count) {
      const long pixel = Products::pixel(*r.reads);
      for (int i = 0; i < count; i++, in += X * pixel, out += X) {
        vec sums[C][X] = {};
        Products::template add<C, X>(r, in, sums);
        const Rows* end = &r;
        reread(end);
        if (!add) {
          put<false>(*end, out, nullptr, sums);
          continue;
        }
        put<true>(*end, out, add, sums);
        add += X;
      }
    }
    template <bool Add>
    [[gnu::always_inline]] static void put(const Rows& r, vec* out, const vec* add,
                                           const vec (&sums)[C][X]) {
      const Floors floors = r.floors;
#pragma GCC unroll 16
      for (int c = 0; c < C; c++, out += r.out_plane, add += Add ? r.add_plane : 0) {
        const vec bias = r.bias[c];
        reread(out);
#pragma GCC unroll 16
        for (int x = 0; x < X; x++) {
          const vec sum = sums[c][x] + bias;
          out[x] = Add ? floors(sum, add[x]) : floors(sum);
        }
      }
    }
  };
  static auto at(int vecs, int pixels) { return TileTable<Tile>::at(vecs, pixels); }
};

constexpr int kLeastWindows = 8; // sums that hide the latency
constexpr int kWindowTiles = std::max(1, kMostValues - kLeastWindows + 1);

template <class Windows, int... I>
TileFunction window_tile(int pixels, std::integer_sequence<int, I...>) {
  static constexpr TileFunction tiles[] = {
      &Direct<Windows>::template Tile<1, kLeastWindows + I>::run...};
  return pixels < kLeastWindows ? nullptr : tiles[pixels - kLeastWindows];
}

// The tile of one vec whose pixels stay in registers, or nullptr.
template <int Pitch, bool Edge>
TileFunction window_tile(int pixels, const Reads& r) {
  constexpr auto all = std::make_integer_sequence<int, kWindowTiles>{};
  if constexpr (Pitch == 1) // a network's first layer
    if (r.column == 1 && r.pixel == 2 && r.columns == 3)
      return window_tile<OfStrides<3, Edge>>(pixels, all);
  if (r.column != Pitch || r.pixel != Pitch || r.pairs) return nullptr;
  if (r.columns == 3) return window_tile<OfWindows<Pitch, 3, Edge>>(pixels, all);
  if (r.columns == 5) return window_tile<OfWindows<Pitch, 5, Edge>>(pixels, all);
  return nullptr;
}
// 32 registers, and channels that fill one vec are common.
constexpr bool kWindows = kLanes == 16;

TileFunction tile_function(int vecs, int pixels, const Reads& reads, bool at_edge) {
  if constexpr (kWindows)
    if (vecs == 1) {
      if (at_edge) return window_tile<1, true>(pixels, reads);
      const TileFunction windows = reads.offsets ? window_tile<1, false>(pixels, reads)
                                                 : window_tile<kLanes, false>(pixels, reads);
      if (windows) return windows;
    }
  if constexpr (kBfloat16)
    if (reads.pairs)
      return reads.pixel == kLanes / 2 ? Direct<OfPixels<kLanes / 2, true>>::at(vecs, pixels)
                                       : Direct<OfPixels<0, true>>::at(vecs, pixels);
  if constexpr (!kSmallCode) {
    // Constants, for X multiples of a variable would need registers of their own.
    const long pixel = reads.pixel;
    if (reads.offsets) {
      if (pixel == 1) return Direct<OfPlanes<1>>::at(vecs, pixels);
      if (pixel == 2) return Direct<OfPlanes<2>>::at(vecs, pixels);
      if (pixel == 4) return Direct<OfPlanes<4>>::at(vecs, pixels);
    } else {
      if (pixel == kLanes && reads.rows * reads.columns == 1 && reads.last_lanes == kLanes)
        return Direct<OfPoints>::at(vecs, pixels);
      if (pixel == kLanes) return Direct<OfPixels<kLanes>>::at(vecs, pixels);
      if (pixel == 2 * kLanes) return Direct<OfPixels<2 * kLanes>>::at(vecs, pixels);
    }
  }
  return Direct<OfPixels<0>>::at(vecs, pixels);
}

class DenseConvolution final : public Op {
 public:
  // `pairs`: of input channels, in bfloat16.
  DenseConvolution(const Step& step, const Following& following, bool pairs)
      : s_(step), then_(following), folded_(step, following.scales),
        blocks_(stored(step.out).channels / step.groups), cut_(choose_cut(blocks_, step.out.width)),
        pairs_(pairs) {}

  Halo input_halo() const override { return halo_of(s_); }
  bool reads_planar() const override { return !pairs_; }
  bool reads_images() const override {
    const auto reads_edges = [&](int pixels) { // where one vec is all
      return pixels == 0 || window_tile<1, true>(pixels, reads());
    };
    return kWindows && in.planar && !pairs_ && blocks_ == 1 && reads_edges(cut_.pixels) &&
           reads_edges(s_.out.width % cut_.pixels) &&
           std::max(s_.padding.left, s_.padding.right) < s_.kernel_w;
  }
  bool shares() const override { return true; }
  long scratch() const override {
    return rows_scratch() +
           (pairs_ ? in.shape.channels * copied_rows() * copied_row() / kLanes : 0);
  }

  long packed_bytes() const override {
    return static_cast<long>(sizeof(vec)) * blocks_ * s_.groups * tile_size();
  }
  void prepare(const float* parameters, const float* state) override {
    if (in.planar && offsets_.empty())
      for (int x = 0; x < s_.kernel_w; x++)
        for (int i = 0; i < group_channels(); i++)
          offsets_.push_back(x * s_.dilation_x + i * in.value_layout.plane);
    folded_.update(parameters, state, [&](const float* weights, const double* scales) {
      pairs_ ? pack_pairs(s_, weights, scales, cut_, packed_)
             : pack_direct(s_, weights, scales, cut_, packed_);
    });
  }

  void forward(Pass& pass) const override {
    const int rows = then_.max_pool ? then_.pooled.height : s_.out.height;
    const int vec_tiles = (blocks_ + cut_.vecs - 1) / cut_.vecs * s_.groups;
    const bool by_rows = pass.share.divides(rows);
    const Share row_share = by_rows ? pass.share : Share{};
    const Share tile_share = by_rows ? Share{} : pass.share;
    const int first = row_share.begin(rows), end = row_share.end(rows);
    const int band = band_rows();
    for (int y = first; y < end; y += band) {
      const int last = std::min(end, y + band);
      if (pairs_) copy_rows(pass, y, last);
      for (int t = tile_share.begin(vec_tiles); t < tile_share.end(vec_tiles); t++)
        run_tiles(pass, t, y, last, y);
    }
  }
  void backward(Pass&) const override {}

 private:
  const Step s_;
  const Following then_;
  FoldedWeights folded_;
  const int blocks_; // of output channels in a group
  const Cut cut_;
  const bool pairs_;
  std::vector<vec> packed_;   // pack_direct, pack_pairs
  std::vector<long> offsets_; // Reads::offsets

  int group_channels() const { return s_.in.channels / s_.groups; }
  long tile_size() const { // vecs of weights of one block of output channels
    return static_cast<long>(s_.kernel_h) * s_.kernel_w * products();
  }
  int products() const { // of a pixel: input channels, or pairs of them
    return pairs_ ? (group_channels() + 1) / 2 : group_channels();
  }

  int rows_each() const { return then_.max_pool ? then_.pool_h : 1; }
  int band_rows() const { // of the output, pooled
    const long bytes = static_cast<long>(in.value_layout.row) * s_.stride_y * rows_each() *
                       in.shape.channels * (in.planar ? sizeof(float) : sizeof(vec));
    return static_cast<int>(std::max(1L, kBandBytes / std::max(1L, bytes)));
  }
  long rows_scratch() const { // vecs, before they are pooled
    return then_.max_pool ? static_cast<long>(kMostVecs) * then_.pool_h * s_.out.width : 0;
  }

  // Pairs: input rows of a band are copied in bfloat16, without what lies beyond the windows. A row
  // of a block is copied_row() floats, of which each holds two channels.
  int top_of(int y) const { return std::max(0, y * rows_each() * s_.stride_y - s_.padding.top); }
  int copied_rows() const {
    const int rows = (then_.max_pool ? then_.pooled.height : s_.out.height);
    return (std::min(band_rows(), rows) * rows_each() - 1) * s_.stride_y +
           (s_.kernel_h - 1) * s_.dilation_y + 1;
  }
  long copied_width() const {
    return static_cast<long>(s_.out.width - 1) * s_.stride_x + (s_.kernel_w - 1) * s_.dilation_x +
           1;
  }
  long copied_row() const { return copied_width() * kLanes / 2; }
  void copy_rows(const Pass& pass, int first, int end) const {
    const int top = top_of(first), rows = std::min(copied_rows(), s_.in.height - top);
    const int last = end * rows_each() - 1;
    const int bottom = std::min(top + rows, last * s_.stride_y - s_.padding.top +
                                                (s_.kernel_h - 1) * s_.dilation_y + 1);
    float* to = reinterpret_cast<float*>(pass.scratch + rows_scratch());
    for (int b = 0; b < in.shape.channels; b++)
      for (int y = top; y < bottom; y++)
        to_bfloat16(pass.value(in) + in.value_layout.at(b, y, -s_.padding.left),
                    static_cast<int>(copied_width()), std::min(kLanes, s_.in.channels - b * kLanes),
                    to + (static_cast<long>(b) * copied_rows() + y - top) * copied_row());
  }

  Reads reads() const {
    Reads r;
    const long pitch = channels::pitch(in);
    r.pixel = s_.stride_x * pitch;
    r.row = s_.dilation_y * in.value_layout.row * pitch;
    r.column = s_.dilation_x * pitch;
    r.rows = s_.kernel_h;
    r.columns = s_.kernel_w;
    r.block = in.value_layout.plane * pitch;
    r.lanes = in.planar ? 1 : kLanes;
    r.blocks = (group_channels() + r.lanes - 1) / r.lanes;
    r.last_lanes = group_channels() - (r.blocks - 1) * r.lanes;
    if (in.planar) r.offsets = offsets_.data();
    if (pairs_) {
      r.pairs = true;
      r.pixel = s_.stride_x * kLanes / 2;
      r.row = s_.dilation_y * copied_row();
      r.column = s_.dilation_x * kLanes / 2;
      r.block = copied_rows() * copied_row();
      r.lanes = kLanes / 2;
      r.last_lanes = products() - (r.blocks - 1) * r.lanes;
    }
    return r;
  }

  // A row of outputs of the caller's image, which has no zeros around it: `edge` are the same rows,
  // for tiles that reach beyond it.
  void sum_image_row(const Rows& rows, Rows& edge, const float* line, vec* to,
                     const vec* add) const {
    const int span = (s_.kernel_w - 1) * s_.dilation_x + 1, all = s_.out.width;
    for (int x = 0, n; x < all; x += n) {
      const int left = x * s_.stride_x - s_.padding.left, right = s_.in.width - left - span;
      const int inside = left < 0 || right < 0 ? 0 : right / s_.stride_x + 1; // windows
      n = std::min(all - x, cut_.pixels);
      const bool whole = inside >= n;
      if (whole) {
        n = inside >= all - x ? all - x : inside / cut_.pixels * cut_.pixels;
      } else {
        edge.first = std::max(0, -left);
        edge.last = s_.in.width - left;
      }
      sum_row(whole ? rows : edge, line + left, to + x, add ? add + x : nullptr, n);
    }
  }

  // Rows [first, end), pooled if there is pooling, of one tile of channels.
  void run_tiles(const Pass& pass, int tile, int first, int end, int band) const {
    const int tiles = (blocks_ + cut_.vecs - 1) / cut_.vecs, group = tile / tiles;
    const int from = tile % tiles * cut_.vecs, vecs = std::min(cut_.vecs, blocks_ - from);
    const int block = group * blocks_ + from;
    const int rows_each = this->rows_each();
    Reads r = reads();
    Rows common{&r,
                nullptr,
                folded_.bias() + block,
                then_.max_pool ? static_cast<long>(rows_each) * s_.out.width
                               : out.value_layout.plane,
                then_.add ? other.value_layout.plane : 0,
                &then_,
                vecs,
                cut_};
    const vec* weights = packed_.data() + (static_cast<long>(group) * blocks_ + from) * tile_size();
    long in_row = pairs_ ? copied_row() : in.value_layout.row * pitch(in);
    const float* source =
        pairs_
            ? reinterpret_cast<const float*>(pass.scratch + rows_scratch()) - top_of(band) * in_row
            : floats(pass, in) + element_offset(in, group * group_channels(), 0, 0) -
                  s_.padding.left * pitch(in);
    const bool in_place = in.planar && pass.pixels; // only the input is planar
    if (in_place) {
      in_row = s_.in.width;
      r.block = s_.in.height * in_row;
      r.row = s_.dilation_y * in_row;
      source = pass.pixels + pass.image * s_.in.size();
    }
    Rows edge = common;
    common.choose(s_.out.width);
    if (in_place) edge.choose(s_.out.width, true);
    for (int y = first; y < end; y++) {
      for (int i = 0; i < rows_each; i++) {
        const int line = y * rows_each + i, top = line * s_.stride_y - s_.padding.top;
        int begin = 0, rows = s_.kernel_h; // kernel rows inside the input
        while (begin < rows && top + begin * s_.dilation_y < 0) begin++;
        while (rows > begin && top + (rows - 1) * s_.dilation_y >= s_.in.height) rows--;
        r.rows = rows - begin;
        common.weights = weights + static_cast<long>(begin) * s_.kernel_w * products() * vecs;
        vec* to = then_.max_pool ? pass.scratch + static_cast<long>(i) * s_.out.width
                                 : pass.value(out) + out.value_layout.at(block, line, 0);
        const vec* add =
            then_.add ? pass.value(other) + other.value_layout.at(block, line, 0) : nullptr;
        const float* read = source + (top + static_cast<long>(begin) * s_.dilation_y) * in_row;
        edge.weights = common.weights;
        in_place ? sum_image_row(common, edge, read, to, add)
                 : sum_row(common, read, to, add, s_.out.width);
      }
      if (then_.max_pool)
        for (int c = 0; c < vecs; c++)
          pool_row(pass.scratch + c * common.out_plane, then_, s_.out.width,
                   pass.value(out) + out.value_layout.at(block + c, y, 0));
    }
  }
};

} // namespace

void Rows::choose(int width, bool at_edge) {
  tile = tile_function(vecs, cut.pixels, *reads, at_edge);
  if (const int left = width % cut.pixels) last_tile = tile_function(vecs, left, *reads, at_edge);
}

void pack_direct(const Step& s, const float* weights, const double* scales, const Cut& cut,
                 std::vector<vec>& packed) {
  const int blocks = stored(s.out).channels / s.groups, channels = s.in.channels / s.groups;
  const long elements = static_cast<long>(s.kernel_h) * s.kernel_w, each = elements * channels;
  packed.resize(static_cast<size_t>(blocks) * s.groups * each);
  vec* to = packed.data();
  for (int g = 0; g < s.groups; g++)
    for (int b = 0; b < blocks; b += cut.vecs)
      for (long k = 0; k < elements; k++)
        for (int i = 0; i < channels; i++)
          for (int c = b; c < std::min(b + cut.vecs, blocks); c++, to++) {
            const int first = (g * blocks + c) * kLanes;
            vec v{};
            for (int l = 0; l < std::min(kLanes, s.out.channels - first); l++)
              v[l] = static_cast<float>(weights[(first + l) * each + i * elements + k] *
                                        scales[first + l]);
            *to = v;
          }
}

const char* declines_dense(const Step& s) {
  if (!s.connections.empty()) return "a table of connections";
  if (s.groups > 1 && (s.in.channels / s.groups % kLanes || s.out.channels / s.groups % kLanes))
    return "groups that leave lanes empty";
  return nullptr;
}

OpPointer make_dense(const Step& step, const Following& following) {
  return std::make_unique<DenseConvolution>(step, following, false);
}

bool multiplies_bfloat16() {
#if defined(__AVX512F__)
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

const char* declines_bfloat16(const Step& s) {
  if (!s.connections.empty() || s.groups > 1) return "a table of connections, or groups";
  if (s.in.channels < kLanes / 2) return "few channels";
  return nullptr;
}

OpPointer make_bfloat16(const Step& step, const Following& following) {
  return std::make_unique<DenseConvolution>(step, following, true);
}

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
