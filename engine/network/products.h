// The inner loop of every matrix product of a network: C x X sums in registers, to which products
// of C weights and X values are added. One of them is a vec and the other broadcast, as a rule.
//
// With output channels in the lanes C vecs of them x X pixels are summed over kernel elements and
// input channels; an input element is broadcast to the C vecs. A matrix product is the case of one
// kernel element; the gradient of its weights is another: C vecs of output channels x X input
// channels, summed over pixels.
//
// Budget of C = 2, X = 12 on 32 registers: 24 fused multiply-adds, 12 cycles, for 14 loads, 7
// cycles; 24 sums hide the latency of 4 cycles and leave registers for 2 weights and a pixel. The
// weights stream past in order, 128 bytes in 12 cycles, which the second-level cache gives.
#pragma once

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

#include "simd.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

inline constexpr int kMostVecs = 4, kMostValues = kSmallCode ? 6 : 12; // of a tile
constexpr int kLineVecs = kLanes < 16 ? 16 / kLanes : 1;               // of a cache line
constexpr bool fits(int vecs, int pixels) { return vecs * pixels <= kAccumulators; }

// What a tile reads: floats from one of a thing to the next.
struct Reads {
  long pixel = kLanes, row = 0, column = 0; // pixels of the output; kernel rows and columns
  long block = 0;                           // blocks of input channels
  int blocks = 1, lanes = kLanes;           // input channels of a block, side by side
  int last_lanes = kLanes;                  // of the last block
  int rows = 1, columns = 1;                // kernel rows and columns
  const long* offsets = nullptr;            // of planes: of [column][channel]
  bool pairs = false;                       // of channels, in bfloat16, side by side for one
  long ahead = 0;                           // vecs from the weights to those that are fetched
};

// sum += weight * value. Of pairs, each lane holds two numbers of bfloat16, the lower input channel
// in the lower half, and both products are added: as many instructions a second, twice the
// products.
template <bool Pairs>
[[gnu::always_inline]] inline void multiply_add(vec& sum, vec weight, vec value) {
#if defined(__AVX512F__)
  if constexpr (Pairs) { // by name: the rest of the engine is compiled for processors without it
    asm("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(weight), "v"(value));
    return;
  }
#endif
  sum += weight * value;
}

inline vec as_vec(float x) { return broadcast(x); }
inline vec as_vec(vec v) { return v; }

// sums += C weights x the X values at `at` and `step` elements on. The fewer are held, the others
// pass by: 4 x 3 sums, 4 weights and a value would exceed 16 registers.
template <int C, int X, bool Pairs = false, class Value, class Weight>
[[gnu::always_inline]] inline void add_product(const Value* at, long step, const Weight* weights,
                                               vec (&sums)[C][X]) {
  if constexpr (C <= X) {
    vec weight[C];
#pragma GCC unroll 16
    for (int c = 0; c < C; c++) weight[c] = as_vec(weights[c]);
#pragma GCC unroll 16
    for (int x = 0; x < X; x++) {
      vec value = as_vec(at[x * step]);
      keep(value);
#pragma GCC unroll 16
      for (int c = 0; c < C; c++) multiply_add<Pairs>(sums[c][x], weight[c], value);
    }
  } else {
    vec value[X];
#pragma GCC unroll 16
    for (int x = 0; x < X; x++) value[x] = as_vec(at[x * step]);
#pragma GCC unroll 16
    for (int c = 0; c < C; c++) {
      vec weight = as_vec(weights[c]);
      if constexpr (std::is_same_v<Weight, vec>) keep(weight);
#pragma GCC unroll 16
      for (int x = 0; x < X; x++) multiply_add<Pairs>(sums[c][x], weight, value[x]);
    }
  }
}

// sums += the products; `weights` are [kernel row][column][input channel][C]. What lies r.ahead
// behind them is fetched meanwhile.
template <int C, int X, int Pixel, bool Ahead = false, bool Pairs = false>
[[gnu::always_inline]] inline void add_products(const Reads& r, const float* in, const vec* weights,
                                                vec (&sums)[C][X]) {
  const long pixel = Pixel ? Pixel : r.pixel;
  for (int row = 0; row < r.rows; row++)
    for (int column = 0; column < r.columns; column++) {
      const float* at = in + row * r.row + column * r.column;
      for (int b = 0; b < r.blocks; b++, at += r.block) {
        const int lanes = b + 1 < r.blocks ? r.lanes : r.last_lanes;
#pragma GCC unroll 2
        for (int l = 0; l < lanes; l++, weights += C) {
          if constexpr (Ahead && !kSmallCode)
            for (int c = 0; c < C; c += kLineVecs) __builtin_prefetch(weights + r.ahead + c, 0, 2);
          add_product<C, X, Pairs>(at + l, pixel, weights, sums);
        }
      }
    }
}
// The same of planes, where each product lies elsewhere: r.offsets are those of a kernel row.
template <int C, int X, int Pixel>
[[gnu::always_inline]] inline void add_planar(const Reads& r, const float* in, const vec* weights,
                                              vec (&sums)[C][X]) {
  const int products = r.columns * r.blocks;
  for (int row = 0; row < r.rows; row++, in += r.row)
    for (int k = 0; k < products; k++, weights += C)
      add_product<C, X>(in + r.offsets[k], Pixel, weights, sums);
}

// A table of functions f<C, X> of a class template's static member, nullptr where the sums would
// not fit the registers.
template <template <int, int> class F>
struct TileTable {
  using Function = decltype(&F<1, 1>::run);
  static constexpr auto make() {
    return []<int... I>(std::integer_sequence<int, I...>) {
      return std::array<Function, sizeof...(I)>{
          entry<I / kMostValues + 1, I % kMostValues + 1>()...};
    }(std::make_integer_sequence<int, kMostVecs * kMostValues>{});
  }
  template <int C, int X>
  static constexpr Function entry() {
    if constexpr (fits(C, X))
      return &F<C, X>::run;
    else
      return nullptr;
  }
  static Function at(int vecs, int pixels) {
    static constexpr auto table = make();
    return table[(vecs - 1) * kMostValues + pixels - 1];
  }
};

// `count` tiles of X values, each as far apart as those of a tile are, of which every one has the
// same weights: the products, or what is added to `out`.
struct Products {
  const Reads* reads;
  const float* in;
  const vec* weights;
  vec* out; // [value][vec]
  int count;
  bool add;
};
template <int Pixel>
struct ProductsOf {
  template <int C, int X>
  struct Tile {
    static void run(const Products& p) {
      const long pixel = Pixel ? Pixel : p.reads->pixel;
      const float* in = p.in;
      vec* out = p.out;
      for (int i = 0; i < p.count; i++, in += X * pixel, out += X * C) {
        vec sums[C][X] = {};
        add_products<C, X, Pixel, true>(*p.reads, in, p.weights, sums);
#pragma GCC unroll 16
        for (int x = 0; x < X; x++)
#pragma GCC unroll 16
          for (int c = 0; c < C; c++)
            out[x * C + c] = p.add ? out[x * C + c] + sums[c][x] : sums[c][x];
      }
    }
  };
  static auto at(int vecs, int values) { return TileTable<Tile>::at(vecs, values); }
};

// How `vecs` and `pixels` are cut: tiles of `vecs` x `pixels`, all but the last of each as large.
struct Cut {
  int vecs = 1, pixels = 1;
};
// The cut with the fewest cycles: a tile costs its multiply-adds at two a cycle, its loads at two a
// cycle, or the latency of 8 sums.
inline Cut choose_cut(int vecs, int pixels) {
  Cut best;
  long least = -1;
  auto cost = [](int c, int x) { return 16L * std::max({c * x, c + x, 8}) + c + x; };
  for (int c = 1; c <= std::min(kMostVecs, vecs); c++)
    for (int x = 1; x <= std::min(kMostValues, pixels); x++) {
      if (!fits(c, x)) continue;
      auto across = [&](int tile) {
        return (pixels / x) * cost(tile, x) + (pixels % x ? cost(tile, pixels % x) : 0);
      };
      const long total = (vecs / c) * across(c) + (vecs % c ? across(vecs % c) : 0);
      if (least < 0 || total <= least) least = total, best = {c, x};
    }
  return best;
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
