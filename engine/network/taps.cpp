// Register tiles of the tap convolution and of its weight gradient; see taps.h.
#include "network/taps.h"

#include <array>
#include <type_traits>

#include "network/products.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

// Of 16, of which V8 keeps one: for a tile's sums, the side that stays, and a value of the other.
constexpr int kTileRegisters = 15;
constexpr long kBandBytes = 128 * 1024; // rows of all channels that stay in the second level

template <class Element>
inline const Element* step_bytes(const Element* p, std::ptrdiff_t bytes) {
  return reinterpret_cast<const Element*>(reinterpret_cast<const char*>(p) + bytes);
}

// Adds one run of taps to a tile of C channels x X pixels.
template <int C, int X, class Element, class Weight>
[[gnu::always_inline]] inline void add_taps(const Element* in, long in_step,
                                            const std::ptrdiff_t* offset, const Weight* w,
                                            long taps, vec (&sums)[C][X]) {
  for (; taps > 0; taps--, offset++, w += C) {
    add_product<C, X>(step_bytes(in, *offset), in_step, w, sums);
  }
}

// `count` tiles of C channels x X pixels in each row. Step is the distance of two pixels' elements,
// where the compiler is to know it and the output is without gaps, or 0.
template <int C, int X, int Step, class Element, class Weight>
void sweep_tiles(const Sweep<Element, Weight>& s, int first_pixel, int count) {
  const long in_step = Step ? Step : s.in_step, out_step = Step ? 1 : s.out_step;
  const int elements = s.columns->elements();
  for (int y = 0; y < s.height; y++) {
    const int row_begin = s.rows->begin[s.first_row + y], row_end = s.rows->end[s.first_row + y];
    const Element* in = s.in + y * s.in_row + first_pixel * in_step;
    vec* out = s.out + y * s.out_row + first_pixel * out_step;
    for (int i = 0; i < count; i++, in += X * in_step, out += X * out_step) {
      const int pixel = first_pixel + i * X;
      const int begin = s.columns->begin[pixel + X - 1], end = s.columns->end[pixel];
      // All columns of the kernel: one run of taps through all its rows.
      const bool whole = end - begin == elements;
      const long run =
          static_cast<long>(end - begin) * s.in_channels * (whole ? row_end - row_begin : 1);
      long tap = (static_cast<long>(row_begin) * elements + begin) * s.in_channels;
      vec sums[C][X];
#pragma GCC unroll 16
      for (int c = 0; c < C; c++) {
        vec start = s.bias ? as_vec(s.bias[c]) : vec{};
#pragma GCC unroll 16
        for (int x = 0; x < X; x++) sums[c][x] = start;
      }
      for (int row = whole ? row_end - 1 : row_begin; row < row_end; row++) {
        add_taps<C, X>(in, in_step, s.offsets + tap, s.weights + tap * C, run, sums);
        tap += static_cast<long>(elements) * s.in_channels;
      }
#pragma GCC unroll 16
      for (int c = 0; c < C; c++)
#pragma GCC unroll 16
        for (int x = 0; x < X; x++)
          out[c * s.out_plane + x * out_step] = s.relu ? relu(sums[c][x]) : sums[c][x];
    }
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
            keep(pixel);
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
            keep(d);
#pragma GCC unroll 16
            for (int k = 0; k < K; k++) sums[c * K + k] += d * pixel[k];
          }
        }
      }
    }
    float total[C * K];
    store_sums<C * K>(sums, total);
    float* gradient = s.gradient + first_tap + i * K;
    for (int c = 0; c < C; c++)
      for (int k = 0; k < K; k++) gradient[c * s.gradient_stride + k] += total[c * K + k];
  }
}

// A table over channels 1..kMostChannels and pixels (taps) 1..kMostPixels; nullptr where the
// accumulators would not fit the registers.
using Entries = std::make_integer_sequence<int, kMostChannels * kMostPixels>;
template <class Element, class Weight>
using SweepFunction = void (*)(const Sweep<Element, Weight>&, int, int);
template <int Step, class Element, class Weight, int... I>
constexpr auto sweep_table(std::integer_sequence<int, I...>) {
  constexpr auto entry =
      []<int J>(std::integral_constant<int, J>) -> SweepFunction<Element, Weight> {
    constexpr int c = J / kMostPixels + 1, x = J % kMostPixels + 1;
    // Channels that read only themselves are tiles of their own.
    constexpr bool alone = std::is_same_v<Element, Weight>;
    if constexpr (c * x <= kAccumulators && (c == 1 || !alone))
      return sweep_tiles<c, x, Step, Element, Weight>;
    else
      return nullptr;
  };
  return std::array<SweepFunction<Element, Weight>, sizeof...(I)>{
      entry(std::integral_constant<int, I>{})...};
}
template <int Step, class Element, class Weight>
constexpr auto kSweeps = sweep_table<Step, Element, Weight>(Entries{});

using WeightFunction = void (*)(const WeightSweep&, int, int);
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
constexpr auto kUnitWeightSweeps = weight_table<true>(Entries{});
constexpr auto kWeightSweeps = weight_table<false>(Entries{});

int entry(int channels, int pixels) { return (channels - 1) * kMostPixels + pixels - 1; }

// All pixels of `height` rows, for one tile of `channels` channels.
template <class Element, class Weight>
void sweep(const Sweep<Element, Weight>& s, int channels, const Split& pixels) {
  const auto* table = &kSweeps<0, Element, Weight>;
  if (s.out_step == 1 && s.in_step == 1) table = &kSweeps<1, Element, Weight>;
  if constexpr (std::is_same_v<Element, float> && !kSmallCode)
    if (s.out_step == 1 && s.in_step == kLanes) table = &kSweeps<kLanes, Element, Weight>;
  if (pixels.whole) (*table)[entry(channels, pixels.size)](s, 0, pixels.whole);
  if (pixels.remainder)
    (*table)[entry(channels, pixels.remainder)](s, pixels.whole * pixels.size, 1);
}

// Half cycles of a tile for one tap: arithmetic, loads (one more for the offset), latency; and a
// little for each load, which decides among equals.
int tile_cost(int c, int x) { return 16 * std::max({c * x, c + x + 1, 8}) + c + x; }

Split split(int n, int size) { return {size, n / size, n % size}; }

} // namespace

Tiling choose_tiling(int channels, int pixels, Operands operands) {
  Tiling best;
  long least = -1;
  for (int c = 1; c <= std::min(kMostChannels, channels); c++)
    for (int x = 1; x <= std::min({kMostPixels, pixels, kAccumulators / c}); x++) {
      if (operands == Operands::few && c * x + std::min(c, x) >= kTileRegisters) continue;
      Split sc = split(channels, c), sx = split(pixels, x);
      auto across = [&](int tile) {
        return tile ? static_cast<long>(sx.whole) * tile_cost(tile, x) +
                          (sx.remainder ? tile_cost(tile, sx.remainder) : 0)
                    : 0;
      };
      long cost = sc.whole * across(c) + across(sc.remainder);
      if (least < 0 || cost <= least) {
        least = cost;
        best = {sc, sx};
      }
    }
  return best;
}

void sweep_weights(const WeightSweep& s, int channels, const Split& taps) {
  const auto& table = !kSmallCode && s.in_step == 1 ? kUnitWeightSweeps : kWeightSweeps;
  if (taps.whole) table[entry(channels, taps.size)](s, 0, taps.whole);
  if (taps.remainder) table[entry(channels, taps.remainder)](s, taps.whole * taps.size, 1);
}

Axis::Axis(std::vector<int> r, int step, int pixels, int size) : reads(std::move(r)) {
  for (int p = 0; p < pixels; p++) {
    int first = 0, last = elements();
    while (first < last && p * step + reads[first] < 0) first++;
    while (last > first && p * step + reads[last - 1] >= size) last--;
    begin.push_back(first);
    end.push_back(last);
  }
}

template <class Element, class Weight>
TapConvolution<Element, Weight>::TapConvolution(std::vector<Unit> units, Axis rows, Axis columns,
                                                const std::vector<long>& elements, long row_stride,
                                                long pitch)
    : rows_(std::move(rows)), columns_(std::move(columns)) {
  for (int u = 0; u < static_cast<int>(units.size()); u++) {
    const Unit& unit = units[u];
    const int in_channels = static_cast<int>(unit.channel_offsets.size());
    Tiling tiling = choose_tiling(unit.channels, static_cast<int>(columns_.begin.size()),
                                  kSmallCode ? Operands::few : Operands::any);
    Taps taps{in_channels, {}, tiling.pixels};
    for (int y : rows_.reads)
      for (int x : columns_.reads)
        for (long plane : unit.channel_offsets)
          taps.offsets.push_back((plane + (y * row_stride + x) * pitch) *
                                 static_cast<std::ptrdiff_t>(sizeof(Element)));
    taps_.push_back(std::move(taps));
    for (int c = 0; c < unit.channels; c += tiling.channels.size) {
      const int size = std::min(tiling.channels.size, unit.channels - c);
      tiles_.push_back(
          {u, unit.first + c, size, static_cast<long>(index_.size()) / kLanesOfWeight});
      for (long element : elements)
        for (int p = 0; p < in_channels; p++)
          for (int i = 0; i < size; i++)
            for (int n = 0; n < kLanesOfWeight; n++) {
              const long at =
                  unit.weights[(static_cast<long>(c + i) * in_channels + p) * kLanesOfWeight + n];
              index_.push_back(at < 0 ? -1 : static_cast<int>(at + element));
            }
    }
  }
  packed_.resize(index_.size() / kLanesOfWeight);
}

template <class Element, class Weight>
void TapConvolution<Element, Weight>::pack(const float* parameters, const Share& share) {
  float* to = reinterpret_cast<float*>(packed_.data());
  const int count = static_cast<int>(index_.size());
  for (int i = share.begin(count), end = share.end(count); i < end; i++)
    to[i] = index_[i] < 0 ? 0 : parameters[index_[i]];
}

template <class Element, class Weight>
void TapConvolution<Element, Weight>::run_tile(const Tile& tile, Sweep<Element, Weight> s,
                                               const Weight* bias) const {
  const Taps& taps = taps_[tile.unit];
  s.rows = &rows_;
  s.columns = &columns_;
  s.in_channels = taps.in_channels;
  s.offsets = taps.offsets.data();
  s.weights = packed_.data() + tile.packed;
  s.bias = bias ? bias + tile.first : nullptr;
  sweep(s, tile.channels, taps.pixels);
}

template <class Element, class Weight>
void TapConvolution<Element, Weight>::run(Sweep<Element, Weight> s, const Weight* bias,
                                          const Share& share) const {
  vec* out = s.out;
  const int count = static_cast<int>(tiles_.size());
  for (int i = share.begin(count); i < share.end(count); i++) {
    s.out = out + tiles_[i].first * s.out_plane;
    run_tile(tiles_[i], s, bias);
  }
}

template <class Element, class Weight>
void TapConvolution<Element, Weight>::run_bands(Sweep<Element, Weight> s, int in_channels,
                                                const Weight* bias, const Share& share) const {
  const bool by_tiles = share.divides(static_cast<int>(tiles_.size()));
  const Share tiles = by_tiles ? share : Share{}, bands = by_tiles ? Share{} : share;
  const Element* in = s.in;
  vec* out = s.out;
  const int height = static_cast<int>(rows_.begin.size());
  const long row_bytes = s.in_row * in_channels * static_cast<long>(sizeof(Element));
  const int rows = static_cast<int>(std::max(1L, kBandBytes / row_bytes));
  for (int y = bands.begin(height), end = bands.end(height); y < end; y += rows) {
    s.first_row = y;
    s.in = in + y * s.in_row;
    s.out = out + y * s.out_row;
    s.height = std::min(rows, end - y);
    run(s, bias, tiles);
  }
}

template class TapConvolution<vec, float>;
template class TapConvolution<float, vec>;
template class TapConvolution<vec, vec>;

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
