// Definition: conv_layer.
// Test: tests/engine/network/channels/test_predictor.py.
//
// The first convolution of a network where its output channels would leave lanes empty: lanes run
// along the rows of the image instead, and vecs of channels are made of the sums.
//
// Budget of a tile of 3 channels x 2 rows x 2 vecs of columns: 12 fused multiply-adds for 8 loads,
// so arithmetic bounds it. LeNet-5's first layer (6 channels, 28 columns) fills 7/8 of the lanes
// so; with channels in lanes it would fill 6/8, for 13 loads.
#include "network/channels/ops.h"
#include "network/links.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {
namespace {

constexpr int kChannels = 3, kColumns = 2 * kLanes; // of a tile

int round_up(int n, int unit) { return (n + unit - 1) / unit * unit; }

// The greater of each pair of neighbours, of two vecs.
template <int... I>
inline vec maximum_of_pairs(vec a, vec b, std::integer_sequence<int, I...>) {
  return maximum_or_nan(__builtin_shufflevector(a, b, (2 * I)...),
                        __builtin_shufflevector(a, b, (2 * I + 1)...));
}

struct Tile {
  const float *upper, *lower; // the input of its two rows
  const long* offsets;        // of each tap, in floats
  const float* weights;       // [tap][channel]
  const float* bias;          // [channel]
  long taps;
  bool relu;
  vec* out; // [channel] if pooled, or [row][half of the columns][channel]
  long out_vecs;
};

template <int C, bool Pool>
void sum_tile(const Tile& t) {
  vec sums[C][4]; // upper left, upper right, lower left, lower right
#pragma GCC unroll 16
  for (int c = 0; c < C; c++)
#pragma GCC unroll 16
    for (int i = 0; i < 4; i++) sums[c][i] = broadcast(t.bias[c]);
  const float* w = t.weights;
  for (long k = 0; k < t.taps; k++, w += C) {
    vec weight[C];
#pragma GCC unroll 16
    for (int c = 0; c < C; c++) weight[c] = broadcast(w[c]);
#pragma GCC unroll 16
    for (int i = 0; i < 4; i++) {
      vec pixels = load((i < 2 ? t.upper : t.lower) + t.offsets[k] + i % 2 * kLanes);
      keep(pixels);
#pragma GCC unroll 16
      for (int c = 0; c < C; c++) sums[c][i] += weight[c] * pixels;
    }
  }
#pragma GCC unroll 16
  for (int c = 0; c < C; c++) {
    if constexpr (Pool) {
      vec most = maximum_of_pairs(maximum_or_nan(sums[c][0], sums[c][2]),
                                  maximum_or_nan(sums[c][1], sums[c][3]),
                                  std::make_integer_sequence<int, kLanes>{});
      t.out[c] = t.relu ? relu(most) : most;
    } else {
#pragma GCC unroll 16
      for (int i = 0; i < 4; i++)
        t.out[i * t.out_vecs + c] = t.relu ? relu(sums[c][i]) : sums[c][i];
    }
  }
}

template <bool Pool>
void sum_tile(const Tile& t, int channels) {
  static_assert(kChannels == 3);
  if (channels == 3) return sum_tile<3, Pool>(t);
  if (channels == 2) return sum_tile<2, Pool>(t);
  sum_tile<1, Pool>(t);
}

class RowConvolution final : public Op {
 public:
  RowConvolution(const Step& step, const Following& following)
      : s_(step), then_(following), folded_(step, following.scales), rows_(row_axis(step)),
        columns_(column_axis(step)), vecs_(round_up(step.out.channels, kLanes)),
        otherwise_(make_taps(step, following)) {}

  // Columns are computed kColumns at a time, and the last may lie beyond the output.
  Halo input_halo() const override {
    Halo halo = halo_of(s_);
    halo.right += round_up(s_.out.width, kColumns) - s_.out.width;
    return halo;
  }
  bool reads_planar() const override { return true; }
  bool shares() const override { return in.planar || otherwise_->shares(); }
  long scratch() const override { return std::max(4L * vecs_, otherwise_->scratch()); }

  long packed_bytes() const override {
    return in.planar ? folded_.count() * static_cast<long>(sizeof(float))
                     : otherwise_->packed_bytes();
  }
  void prepare(const float* parameters, const float* state) override {
    if (!in.planar) {
      otherwise_->in = in;
      otherwise_->out = out;
      return otherwise_->prepare(parameters, state);
    }
    if (offsets_.empty()) build();
    folded_.update(parameters, state, [&](const float* weights, const double* scales) {
      pack_weights(weights, scales);
    });
  }

  void forward(Pass& pass) const override {
    if (!in.planar) return otherwise_->forward(pass);
    if (then_.max_pool)
      run<true>(pass);
    else
      run<false>(pass);
  }
  void backward(Pass&) const override {}

 private:
  const Step s_;
  const Following then_;
  FoldedWeights folded_;
  const Axis rows_, columns_;
  const int vecs_;            // channels, rounded up to whole vecs
  const OpPointer otherwise_; // if somebody else needs the input in vecs
  std::vector<long> offsets_; // of taps by kernel row, kernel column, channel
  std::vector<float> packed_; // [tile][tap][channel]

  void build() {
    const Layout& from = in.value_layout;
    for (int y : rows_.reads)
      for (int x : columns_.reads)
        for (int c = 0; c < s_.in.channels; c++)
          offsets_.push_back(c * from.plane + y * from.row + x);
    packed_.resize(offsets_.size() * s_.out.channels);
  }

  void pack_weights(const float* weights, const double* scales) {
    const long taps = static_cast<long>(offsets_.size()), elements = taps / s_.in.channels;
    float* to = packed_.data();
    for (int first = 0; first < s_.out.channels; first += kChannels)
      for (long element = 0; element < elements; element++)
        for (int i = 0; i < s_.in.channels; i++)
          for (int c = first; c < std::min(first + kChannels, s_.out.channels); c++)
            *to++ = static_cast<float>(
                weights[(static_cast<long>(c) * s_.in.channels + i) * elements + element] *
                scales[c]);
  }

  template <bool Pool>
  void run(const Pass& pass) const {
    const Layout& from = in.value_layout;
    const float* source = floats(pass, in) + from.origin;
    const int height = Pool ? 2 * then_.pooled.height : s_.out.height;
    const int width = Pool ? 2 * then_.pooled.width : s_.out.width;
    const long row_taps = static_cast<long>(columns_.elements()) * s_.in.channels;
    Tile tile{};
    tile.relu = then_.relu;
    tile.out_vecs = vecs_;
    const int pairs = (height + 1) / 2;
    const Share share = kSmallCode ? Share{} : pass.share;
    for (int y = 2 * share.begin(pairs), end = 2 * share.end(pairs); y < end; y += 2) {
      const int next = std::min(y + 1, height - 1); // the last row may be without a second
      const long first = rows_.begin[next] * row_taps;
      tile.taps = rows_.end[y] * row_taps - first;
      tile.offsets = offsets_.data() + first;
      for (int x = 0; x < width; x += kColumns) {
        tile.upper = source + static_cast<long>(y) * s_.stride_y * from.row + x;
        tile.lower = source + static_cast<long>(next) * s_.stride_y * from.row + x;
        for (int c = 0; c < s_.out.channels; c += kChannels) {
          const int channels = std::min(kChannels, s_.out.channels - c);
          tile.weights = packed_.data() + c * static_cast<long>(offsets_.size()) + first * channels;
          tile.bias = reinterpret_cast<const float*>(folded_.bias()) + c;
          tile.out = pass.scratch + c;
          sum_tile<Pool>(tile, channels);
        }
        if constexpr (Pool)
          store_vecs(pass, pass.scratch, y / 2, x / 2, width / 2);
        else
          for (int i = 0; i < 4; i++)
            if (y + i / 2 < height)
              store_vecs(pass, pass.scratch + i * vecs_, y + i / 2, x + i % 2 * kLanes, width);
      }
    }
  }

  // From a vec of columns for each channel to a vec of channels for each column.
  void store_vecs(const Pass& pass, const vec* sums, int y, int x, int width) const {
    const int n = std::min(kLanes, width - x);
    for (int c = 0; c < s_.out.channels; c += kLanes) {
      vec square[kLanes];
#pragma GCC unroll 16
      for (int l = 0; l < kLanes; l++) square[l] = c + l < s_.out.channels ? sums[c + l] : vec{};
      transpose(square);
      then_.finish(square);
      vec* to = pass.value(out) + out.value_layout.at(c / kLanes, y, x);
      if (n == kLanes) {
#pragma GCC unroll 16
        for (int l = 0; l < kLanes; l++) to[l] = square[l];
      } else {
#pragma GCC unroll 16
        for (int l = 0; l < kLanes; l++)
          if (l < n) to[l] = square[l];
      }
    }
  }
};

} // namespace

const char* declines_rows(const Step& s, const Following& then) {
  if (s.input != 0) return "not the network's first layer";
  if (s.stride_x != 1) return "the stride is not 1";
  if (s.groups > 1 || !s.connections.empty()) return "groups or a table of connections";
  if (then.max_pool && (then.pool_h != 2 || then.pool_w != 2)) return "pooling is not 2 x 2";
  if (s.out.channels * round_up(s.out.width, kColumns) >=
      round_up(s.out.channels, kLanes) * s.out.width)
    return "its channels fill the lanes better than its rows";
  return nullptr;
}

OpPointer make_rows(const Step& step, const Following& following) {
  return std::make_unique<RowConvolution>(step, following);
}

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
