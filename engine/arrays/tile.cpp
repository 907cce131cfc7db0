// Register tiles of the planes; see tile.h.
//
// A tile is R output rows x X registers of elements. An input row is a tap of up to R output rows,
// in each with another row of the kernel, so X loads serve R * X multiplications: with 12
// accumulators 4 x 3 needs 3 loads and 4 broadcasts for 12 FMAs, which two load ports give in time.
// The first and last R - 1 input rows reach only some of the output rows, known to the compiler, so
// no multiplication is done for nothing.
#include "arrays/tile.h"

#include <algorithm>
#include <array>

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

inline constexpr int kMostRegisters = 12;
constexpr int most_registers(int rows) { return std::min(kMostRegisters, kAccumulators / rows); }

// The taps of one input row for output rows First to Last.
template <int First, int Last, int R, int X, class T>
[[gnu::always_inline]] inline void add_row(const TapSums<T>& s, const T* in, const T* weights,
                                           Vec<T> (&sums)[R][X]) {
  constexpr int kActive = Last - First + 1;
  for (long j = 0; j < s.kernel_width; j++, in += s.step, weights += R) {
    if constexpr (kActive <= X) {
      Vec<T> weight[kActive];
#pragma GCC unroll 16
      for (int r = 0; r < kActive; r++) weight[r] = broadcast(weights[First + r]);
#pragma GCC unroll 16
      for (int x = 0; x < X; x++) {
        Vec<T> pixel = load(in + x * kWidth<T>);
        if constexpr (kActive > 1) keep(pixel);
#pragma GCC unroll 16
        for (int r = 0; r < kActive; r++) sums[First + r][x] += weight[r] * pixel;
      }
    } else {
      Vec<T> pixel[X];
#pragma GCC unroll 16
      for (int x = 0; x < X; x++) pixel[x] = load(in + x * kWidth<T>);
#pragma GCC unroll 16
      for (int r = 0; r < kActive; r++) {
        Vec<T> weight = broadcast(weights[First + r]);
#pragma GCC unroll 16
        for (int x = 0; x < X; x++) sums[First + r][x] += weight * pixel[x];
      }
    }
  }
}

template <int R, int X, class T, class Out>
void sweep(const TapSums<T>& s, Out* const* out, long first_element, long count) {
  const long row_weights = s.kernel_width * R;
  for (long tile = 0, element = first_element; tile < count; tile++, element += X * kWidth<T>) {
    Vec<T> sums[R][X];
    const Vec<T> start = broadcast(s.start);
#pragma GCC unroll 16
    for (int r = 0; r < R; r++)
#pragma GCC unroll 16
      for (int x = 0; x < X; x++)
        if constexpr (std::is_same_v<T, Out>)
          sums[r][x] = s.add ? load(out[r] + element + x * kWidth<T>) : start;
        else
          sums[r][x] = start;
    const T* const* row = s.rows;
    const T* weights = s.weights;
    for (long t = 0; t < s.terms; t++) {
      [&]<int... I>(std::integer_sequence<int, I...>) {
        ((add_row<0, I>(s, row[I] + element, weights + I * row_weights, sums)), ...);
      }(std::make_integer_sequence<int, R - 1>{});
      row += R - 1;
      weights += (R - 1) * row_weights;
      for (long i = R - 1; i < s.kernel_height; i++, row++, weights += row_weights)
        add_row<0, R - 1>(s, *row + element, weights, sums);
      [&]<int... I>(std::integer_sequence<int, I...>) {
        ((add_row<I + 1, R - 1>(s, row[I] + element, weights + I * row_weights, sums)), ...);
      }(std::make_integer_sequence<int, R - 1>{});
      row += R - 1;
      weights += (R - 1) * row_weights;
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; r++)
#pragma GCC unroll 16
      for (int x = 0; x < X; x++)
        if constexpr (std::is_same_v<T, Out>)
          store(out[r] + element + x * kWidth<T>, sums[r][x]);
        else
          store_saturated(out[r] + element + x * kWidth<T>, sums[r][x]);
  }
}

template <class T, class Out>
using Sweep = void (*)(const TapSums<T>&, Out* const*, long, long);
template <class T, class Out, int... I>
constexpr auto sweep_table(std::integer_sequence<int, I...>) {
  constexpr auto entry = []<int J>(std::integral_constant<int, J>) -> Sweep<T, Out> {
    constexpr int r = J / kMostRegisters + 1, x = J % kMostRegisters + 1;
    if constexpr (x <= most_registers(r))
      return sweep<r, x, T, Out>;
    else
      return nullptr;
  };
  return std::array<Sweep<T, Out>, sizeof...(I)>{entry(std::integral_constant<int, I>{})...};
}
template <class T, class Out>
constexpr auto kSweeps =
    sweep_table<T, Out>(std::make_integer_sequence<int, kMostTileRows * kMostRegisters>{});

} // namespace

int tile_rows(long kernel_height, long output_rows) {
  return static_cast<int>(std::min<long>({kMostTileRows, kernel_height, output_rows}));
}

template <class T>
std::vector<T> pack_weights(const T* kernels, long terms, long height, long width, int tile_rows) {
  const long input_rows = height + tile_rows - 1;
  std::vector<T> packed(terms * input_rows * width * tile_rows);
  T* to = packed.data();
  for (long t = 0; t < terms; t++, kernels += height * width)
    for (long i = 0; i < input_rows; i++)
      for (long j = 0; j < width; j++)
        for (int r = 0; r < tile_rows; r++, to++)
          if (i >= r && i - r < height) *to = kernels[(i - r) * width + j];
  return packed;
}

template <class T, class Out>
void sum_taps(const TapSums<T>& s, int tile_rows, Out* const* out, long elements) {
  const Sweep<T, Out>* tiles = kSweeps<T, Out>.data() + (tile_rows - 1) * kMostRegisters - 1;
  const int most = most_registers(tile_rows);
  const long whole = elements / (most * kWidth<T>);
  if (whole) tiles[most](s, out, 0, whole);
  const long done = whole * most * kWidth<T>, remainder = elements - done;
  if (remainder == 0) return;
  // The last tile may reach back over elements that are done.
  const long registers = (remainder + kWidth<T> - 1) / kWidth<T>;
  if (elements >= registers * kWidth<T>)
    return tiles[registers](s, out, elements - registers * kWidth<T>, 1);
  if (registers > 1) tiles[registers - 1](s, out, 0, 1);
  tiles[1](s, out, std::max(0L, elements - kWidth<T>), 1);
}

template std::vector<float> pack_weights(const float*, long, long, long, int);
template std::vector<double> pack_weights(const double*, long, long, long, int);
template void sum_taps(const TapSums<float>&, int, float* const*, long);
template void sum_taps(const TapSums<double>&, int, double* const*, long);
#if defined(__AVX2__)
template void sum_taps(const TapSums<float>&, int, uint8_t* const*, long);
#endif

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
