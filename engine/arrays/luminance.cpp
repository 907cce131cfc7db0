// Definition: take_luma, put_luma.
// Test: tests/engine/arrays/test_luminance.py.
//
// Pixels are taken apart into three rows of a colour each, a few at a time, in registers where the
// processor can move single bytes; what is made of them is put together in the same way.
#include "arrays/luminance.h"

#include <algorithm>

#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

constexpr long kThreadPixels = 1 << 14; // that are worth a thread
constexpr long kPixels = 64;            // at a time: rows of them fit registers and the stack
constexpr double kRed = 0.299, kGreen = 0.587, kBlue = 0.114; // ITU-R BT.601

#if defined(__SSSE3__) || defined(__aarch64__)
constexpr bool kMovesBytes = true;
#else
constexpr bool kMovesBytes = false;
#endif
typedef uint8_t bytes __attribute__((vector_size(16)));

// Byte i of one colour is byte 3 i + C of 48.
template <int C, int... I>
inline bytes every_third(bytes a, bytes b, bytes c, std::integer_sequence<int, I...>) {
  const bytes ab = __builtin_shufflevector(a, b, (3 * I + C < 32 ? 3 * I + C : 0)...);
  return __builtin_shufflevector(ab, c, (3 * I + C < 32 ? I : 3 * I + C - 16)...);
}
// Byte J of 48 is of colour J % 3, and of its pixel J / 3.
template <int Part, int... I>
inline bytes woven(bytes r, bytes g, bytes b, std::integer_sequence<int, I...>) {
  const bytes rg = __builtin_shufflevector(
      r, g, ((Part * 16 + I) % 3 == 1 ? 16 + (Part * 16 + I) / 3 : (Part * 16 + I) / 3)...);
  return __builtin_shufflevector(rg, b,
                                 ((Part * 16 + I) % 3 == 2 ? 16 + (Part * 16 + I) / 3 : I)...);
}
using Sixteen = std::make_integer_sequence<int, 16>;

template <class V, class T>
V load_as(const T* p) {
  V v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

// n <= kPixels pixels to rows of T, of kPixels elements each.
template <class From, class T>
void take_apart(const From* pixels, long n, T* rows) {
  if constexpr (kMovesBytes && sizeof(From) == 1) {
    if (n == kPixels) {
      for (long i = 0; i < kPixels; i += 16, pixels += 48) {
        const bytes a = load_as<bytes>(pixels), b = load_as<bytes>(pixels + 16),
                    c = load_as<bytes>(pixels + 32);
        const bytes colours[3] = {every_third<0>(a, b, c, Sixteen{}),
                                  every_third<1>(a, b, c, Sixteen{}),
                                  every_third<2>(a, b, c, Sixteen{})};
        for (int k = 0; k < 3; k++) {
          uint8_t one[16];
          std::memcpy(one, &colours[k], 16);
          convert_row(one, 16, rows + k * kPixels + i);
        }
      }
      return;
    }
  }
  for (long i = 0; i < n; i++)
    for (int k = 0; k < 3; k++) rows[k * kPixels + i] = static_cast<T>(pixels[3 * i + k]);
}
template <class T, class Out>
void put_together(const T* rows, long n, Out* pixels) {
  if constexpr (std::is_same_v<T, Out>) {
    for (long i = 0; i < n; i++)
      for (int k = 0; k < 3; k++) pixels[3 * i + k] = rows[k * kPixels + i];
  } else {
    Out narrow[3 * kPixels];
    for (int k = 0; k < 3; k++) convert_row(rows + k * kPixels, n, narrow + k * kPixels);
    if constexpr (kMovesBytes && sizeof(Out) == 1) {
      if (n == kPixels) {
        for (long i = 0; i < kPixels; i += 16, pixels += 48) {
          const bytes r = load_as<bytes>(narrow + i), g = load_as<bytes>(narrow + kPixels + i),
                      b = load_as<bytes>(narrow + 2 * kPixels + i);
          const bytes parts[3] = {woven<0>(r, g, b, Sixteen{}), woven<1>(r, g, b, Sixteen{}),
                                  woven<2>(r, g, b, Sixteen{})};
          std::memcpy(pixels, parts, sizeof parts);
        }
        return;
      }
    }
    for (long i = 0; i < n; i++)
      for (int k = 0; k < 3; k++) pixels[3 * i + k] = narrow[k * kPixels + i];
  }
}

template <class T>
inline T luma_of(const T* rows, long i) {
  return static_cast<T>(kRed) * rows[i] + static_cast<T>(kGreen) * rows[kPixels + i] +
         static_cast<T>(kBlue) * rows[2 * kPixels + i];
}

// f(first, count) for all pixels, kPixels at a time.
template <class F>
void for_each_block(long n, int threads, const F& f) {
  const long blocks = (n + kPixels - 1) / kPixels;
  const int parts = static_cast<int>(std::clamp(n / kThreadPixels, 1L, long{threads}));
  run_threads(parts, [&](int t) {
    for (long b = blocks * t / parts; b < blocks * (t + 1) / parts; b++)
      f(b * kPixels, std::min(kPixels, n - b * kPixels));
  });
}

} // namespace

template <class From, class T>
void take_luma(const From* pixels, long n, T* luma, int threads) {
  for_each_block(n, threads, [&](long first, long count) {
    alignas(64) T rows[3 * kPixels];
    take_apart(pixels + 3 * first, count, rows);
    T* to = luma + first;
    for (long i = 0; i < count; i++) to[i] = luma_of(rows, i);
  });
}

template <class From, class T, class Out>
void put_luma(const From* pixels, const T* luma, long n, Out* out, int threads) {
  for_each_block(n, threads, [&](long first, long count) {
    alignas(64) T rows[3 * kPixels];
    take_apart(pixels + 3 * first, count, rows);
    const T* from = luma + first;
    for (long i = 0; i < count; i++) {
      const T change = from[i] - luma_of(rows, i);
      for (int k = 0; k < 3; k++) rows[k * kPixels + i] += change;
    }
    put_together(rows, count, out + 3 * first);
  });
}

template void take_luma(const uint8_t*, long, float*, int);
template void take_luma(const float*, long, float*, int);
template void take_luma(const uint16_t*, long, double*, int);
template void take_luma(const double*, long, double*, int);
template void put_luma(const uint8_t*, const float*, long, uint8_t*, int);
template void put_luma(const uint8_t*, const float*, long, float*, int);
template void put_luma(const float*, const float*, long, float*, int);
template void put_luma(const uint16_t*, const double*, long, uint16_t*, int);
template void put_luma(const uint16_t*, const double*, long, double*, int);
template void put_luma(const double*, const double*, long, double*, int);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
