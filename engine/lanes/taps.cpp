// Register tiles of the tap convolution and of its weight gradient; see taps.h.
#include "taps.h"

#include <array>

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

inline const vec* step_bytes(const vec* p, std::ptrdiff_t bytes) {
  return reinterpret_cast<const vec*>(reinterpret_cast<const char*>(p) + bytes);
}

// C channels x X pixels. The smaller side stays in registers, the larger streams past it.
template <int C, int X, bool Unit>
void sweep_tiles(const Sweep& s, long first_pixel, int count) {
  const long in_step = Unit ? 1 : s.in_step, out_step = Unit ? 1 : s.out_step;
  for (int y = 0; y < s.height; y++) {
    const vec* in = s.in + y * s.in_row + first_pixel * in_step;
    vec* out = s.out + y * s.out_row + first_pixel * out_step;
    for (int i = 0; i < count; i++, in += X * in_step, out += X * out_step) {
      vec sums[C][X];
#pragma GCC unroll 16
      for (int c = 0; c < C; c++) {
        vec start = s.bias ? broadcast(s.bias[c]) : vec{};
#pragma GCC unroll 16
        for (int x = 0; x < X; x++) sums[c][x] = start;
      }
      const float* w = s.weights;
      const std::ptrdiff_t* offset = s.offsets;
      for (int k = s.taps; k > 0; k--, offset++, w += C) {
        const vec* p = step_bytes(in, *offset);
        if constexpr (C <= X) {
          vec weight[C];
#pragma GCC unroll 16
          for (int c = 0; c < C; c++) weight[c] = broadcast(w[c]);
#pragma GCC unroll 16
          for (int x = 0; x < X; x++) {
            vec pixel = p[x * in_step];
#pragma GCC unroll 16
            for (int c = 0; c < C; c++) sums[c][x] += weight[c] * pixel;
          }
        } else {
          vec pixel[X];
#pragma GCC unroll 16
          for (int x = 0; x < X; x++) pixel[x] = p[x * in_step];
#pragma GCC unroll 16
          for (int c = 0; c < C; c++) {
            vec weight = broadcast(w[c]);
#pragma GCC unroll 16
            for (int x = 0; x < X; x++) sums[c][x] += weight * pixel[x];
          }
        }
      }
#pragma GCC unroll 16
      for (int c = 0; c < C; c++)
#pragma GCC unroll 16
        for (int x = 0; x < X; x++)
          out[c * s.out_plane + x * out_step] = s.relu ? relu(sums[c][x]) : sums[c][x];
    }
  }
}

// Adds pairs, then pairs of pairs, ...: lane i of the result is the sum over lanes of v[i].
template <int Step>
inline vec sum_rows(vec* v) {
  if constexpr (Step == kLanes) {
    return v[0];
  } else {
    for (int i = 0; i < kLanes / (2 * Step); i++) {
      exchange<Step>(v[2 * i], v[2 * i + 1], std::make_integer_sequence<int, kLanes>{});
      v[i] = v[2 * i] + v[2 * i + 1];
    }
    return sum_rows<2 * Step>(v);
  }
}

// C channels x K taps, summed over the plane and then over lanes.
template <int C, int K, bool Unit>
void sweep_weight_tiles(const WeightSweep& s, int first_tap, int count) {
  const long in_step = Unit ? 1 : s.in_step;
  for (int i = 0; i < count; i++) {
    const std::ptrdiff_t* offset = s.offsets + first_tap + i * K;
    vec sums[C * K] = {};
    for (int y = 0; y < s.height; y++) {
      const vec* delta = s.delta + y * s.delta_row;
      const vec* in[K];
#pragma GCC unroll 16
      for (int k = 0; k < K; k++) in[k] = step_bytes(s.in + y * s.in_row, offset[k]);
      for (long x = 0; x < s.width; x++) {
        if constexpr (C <= K) {
          vec d[C];
#pragma GCC unroll 16
          for (int c = 0; c < C; c++) d[c] = delta[c * s.delta_plane + x];
#pragma GCC unroll 16
          for (int k = 0; k < K; k++) {
            vec pixel = in[k][x * in_step];
#pragma GCC unroll 16
            for (int c = 0; c < C; c++) sums[c * K + k] += d[c] * pixel;
          }
        } else {
          vec pixel[K];
#pragma GCC unroll 16
          for (int k = 0; k < K; k++) pixel[k] = in[k][x * in_step];
#pragma GCC unroll 16
          for (int c = 0; c < C; c++) {
            vec d = delta[c * s.delta_plane + x];
#pragma GCC unroll 16
            for (int k = 0; k < K; k++) sums[c * K + k] += d * pixel[k];
          }
        }
      }
    }
    float total[C * K + kLanes];
#pragma GCC unroll 16
    for (int j = 0; j < C * K; j += kLanes) {
      vec rows[kLanes] = {};
#pragma GCC unroll 16
      for (int l = 0; l < kLanes; l++)
        if (j + l < C * K) rows[l] = sums[j + l];
      store(total + j, sum_rows<1>(rows));
    }
    float* gradient = s.gradient + first_tap + i * K;
    for (int c = 0; c < C; c++)
      for (int k = 0; k < K; k++) gradient[c * s.gradient_stride + k] += total[c * K + k];
  }
}

using SweepFunction = void (*)(const Sweep&, long, int);
using WeightFunction = void (*)(const WeightSweep&, int, int);

// A table over channels 1..kMostChannels and pixels (taps) 1..kMostPixels; nullptr where the
// accumulators would not fit the registers.
template <bool Unit, int... I>
constexpr auto sweep_table(std::integer_sequence<int, I...>) {
  constexpr auto entry = []<int J>(std::integral_constant<int, J>) -> SweepFunction {
    constexpr int c = J / kMostPixels + 1, x = J % kMostPixels + 1;
    if constexpr (c * x <= kAccumulators)
      return sweep_tiles<c, x, Unit>;
    else
      return nullptr;
  };
  return std::array<SweepFunction, sizeof...(I)>{entry(std::integral_constant<int, I>{})...};
}
template <bool Unit, int... I>
constexpr auto weight_table(std::integer_sequence<int, I...>) {
  constexpr auto entry = []<int J>(std::integral_constant<int, J>) -> WeightFunction {
    constexpr int c = J / kMostPixels + 1, k = J % kMostPixels + 1;
    if constexpr (c * k <= kAccumulators)
      return sweep_weight_tiles<c, k, Unit>;
    else
      return nullptr;
  };
  return std::array<WeightFunction, sizeof...(I)>{entry(std::integral_constant<int, I>{})...};
}
using Entries = std::make_integer_sequence<int, kMostChannels * kMostPixels>;
constexpr auto kUnitSweeps = sweep_table<true>(Entries{});
constexpr auto kSweeps = sweep_table<false>(Entries{});
constexpr auto kUnitWeightSweeps = weight_table<true>(Entries{});
constexpr auto kWeightSweeps = weight_table<false>(Entries{});

int entry(int channels, int pixels) { return (channels - 1) * kMostPixels + pixels - 1; }

// Cycles of a tile for one tap, in halves: arithmetic, loads (one more for the offset), latency.
int tile_cost(int c, int x) { return std::max({c * x, c + x + 1, 8}); }

Split split(int n, int size) { return {size, n / size, n % size}; }

} // namespace

Tiling choose_tiling(int channels, int pixels) {
  Tiling best;
  long least = -1;
  for (int c = 1; c <= std::min(kMostChannels, channels); c++)
    for (int x = 1; x <= std::min({kMostPixels, pixels, kAccumulators / c}); x++) {
      Split sc = split(channels, c), sx = split(pixels, x);
      auto across = [&](int tile) {
        return tile ? static_cast<long>(sx.whole) * tile_cost(tile, x) +
                          (sx.rest ? tile_cost(tile, sx.rest) : 0)
                    : 0;
      };
      long cost = sc.whole * across(c) + across(sc.rest);
      if (least < 0 || cost <= least) {
        least = cost;
        best = {sc, sx};
      }
    }
  return best;
}

void sweep(const Sweep& s, int channels, const Split& pixels) {
  const auto& table = s.in_step == 1 && s.out_step == 1 ? kUnitSweeps : kSweeps;
  if (pixels.whole) table[entry(channels, pixels.size)](s, 0, pixels.whole);
  if (pixels.rest) table[entry(channels, pixels.rest)](s, pixels.whole * pixels.size, 1);
}

void sweep_weights(const WeightSweep& s, int channels, const Split& taps) {
  const auto& table = s.in_step == 1 ? kUnitWeightSweeps : kWeightSweeps;
  if (taps.whole) table[entry(channels, taps.size)](s, 0, taps.whole);
  if (taps.rest) table[entry(channels, taps.rest)](s, taps.whole * taps.size, 1);
}

TapConvolution::TapConvolution(std::vector<Unit> units, int width) : units_(std::move(units)) {
  for (int u = 0; u < static_cast<int>(units_.size()); u++) {
    const Unit& unit = units_[u];
    const int taps = static_cast<int>(unit.offsets.size());
    Tiling tiling = choose_tiling(unit.channels, width);
    pixels_.push_back(tiling.pixels);
    for (int c = 0; c < unit.channels; c += tiling.channels.size) {
      int size = std::min(tiling.channels.size, unit.channels - c);
      tiles_.push_back({u, unit.first + c, size, static_cast<long>(index_.size())});
      for (int k = 0; k < taps; k++)
        for (int i = 0; i < size; i++)
          index_.push_back(unit.weights[static_cast<long>(c + i) * taps + k]);
    }
  }
  packed_.resize(index_.size());
}

void TapConvolution::pack(const float* parameters) {
  for (size_t i = 0; i < index_.size(); i++) packed_[i] = parameters[index_[i]];
}

void TapConvolution::run_tile(const Tile& tile, Sweep s, const float* bias) const {
  const Unit& unit = units_[tile.unit];
  s.offsets = unit.offsets.data();
  s.taps = static_cast<int>(unit.offsets.size());
  s.weights = packed_.data() + tile.packed;
  s.bias = bias ? bias + tile.first : nullptr;
  sweep(s, tile.channels, pixels_[tile.unit]);
}

void TapConvolution::run(Sweep s, const float* bias) const {
  vec* out = s.out;
  for (const Tile& tile : tiles_) {
    s.out = out + tile.first * s.out_plane;
    run_tile(tile, s, bias);
  }
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
