// What sums over windows are made of: registers of sums, rows added up, sums along a row, and
// means. Functions take `finish`, which makes something of a register of sums and writes that.
#pragma once

#include <algorithm>
#include <array>
#include <type_traits>

#include "arrays/convert.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

template <class T>
inline constexpr bool kIntegers = std::is_integral_v<T>;

// A register of sums; integers are unsigned, for whom to wrap is defined.
template <class T>
struct LanesOf {
  using Element = std::conditional_t<kIntegers<T>, std::make_unsigned<T>, std::type_identity<T>>;
  typedef typename Element::type type __attribute__((vector_size(kLanes * 4)));
};
template <class T>
using Lanes = typename LanesOf<T>::type;
template <class T>
Lanes<T> load_lanes(const T* p) {
  Lanes<T> v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
template <class T>
void store_lanes(T* p, Lanes<T> v) {
  std::memcpy(p, &v, sizeof v);
}

// finish(to + x, sum(x)) for registers of elements that cover [0, n): the last reaches back over
// elements that are done, so that nothing behind them is written.
template <class T, class Out, class Sum, class Finish>
void each_register(long n, Out* to, const Sum& sum, const Finish& finish) {
  constexpr long W = kWidth<T>;
  long x = 0;
  for (; x + W <= n; x += W) finish(to + x, sum(x));
  if (x == n) return;
  if (n >= W) return finish(to + n - W, sum(n - W));
  alignas(64) Out few[W];
  finish(few, sum(0));
  std::copy_n(few, n, to);
}

// Rows of the source, into sums. None may be the same as another, but for `to` and `b`.
template <class From, class T>
void add(const From* a, const T* b, long n, T* to) {
#pragma GCC ivdep
  for (long i = 0; i < n; i++) to[i] = b[i] + static_cast<T>(a[i]);
}
template <class From, class T>
void take_away(const From* a, const T* b, long n, T* to) {
#pragma GCC ivdep
  for (long i = 0; i < n; i++) to[i] = b[i] - static_cast<T>(a[i]);
}
template <class From, class T>
void replace(const From* enters, const From* leaves, const T* b, long n, T* to) {
#pragma GCC ivdep
  for (long i = 0; i < n; i++)
    to[i] = b[i] + (static_cast<T>(enters[i]) - static_cast<T>(leaves[i]));
}
// The beginning of a block grows by a row, and a window is that and the end of the block before.
template <class From, class T>
void grow(const From* row, const T* ends, long n, T* __restrict beginning, T* __restrict to) {
#pragma GCC ivdep
  for (long i = 0; i < n; i++) {
    const T sum = beginning[i] + static_cast<T>(row[i]);
    beginning[i] = sum;
    to[i] = sum + ends[i];
  }
}
// The same, where the beginning has stretches of rows before it, summed apart.
template <class From, class T>
void grow_stretch(const From* row, const T* stretches, const T* ends, long n,
                  T* __restrict beginning, T* __restrict to) {
#pragma GCC ivdep
  for (long i = 0; i < n; i++) {
    const T sum = beginning[i] + static_cast<T>(row[i]);
    beginning[i] = sum;
    to[i] = sum + stretches[i] + ends[i];
  }
}
// Sums of `height` >= Count rows each, from Count rows one below the other on: what all have in
// common is added up once. Nothing behind the rows is read if they hold a register.
template <int Count, class T>
void add_rows(const T* const* rows, long height, long n, T* const* to) {
  constexpr long W = kWidth<T>;
  auto add_at = [&](long x) {
    Lanes<T> common = load_lanes(rows[Count - 1] + x), above{}, below{};
    for (long i = Count; i < height; i++) common += load_lanes(rows[i] + x);
    Lanes<T> sums[Count];
    sums[Count - 1] = common;
#pragma GCC unroll 4
    for (int i = Count - 2; i >= 0; i--) sums[i] = common + (above += load_lanes(rows[i] + x));
#pragma GCC unroll 4
    for (int i = 1; i < Count; i++) sums[i] += (below += load_lanes(rows[height + i - 1] + x));
#pragma GCC unroll 4
    for (int i = 0; i < Count; i++) store_lanes(to[i] + x, sums[i]);
  };
  for (long x = 0; x + W <= n; x += W) add_at(x);
  if (n % W) add_at(n - W);
}
template <class T>
void add_rows(const T* const* rows, long height, long n, T* const* to, long count) {
  switch (count) {
  case 1:
    return add_rows<1>(rows, height, n, to);
  case 2:
    return add_rows<2>(rows, height, n, to);
  case 3:
    return add_rows<3>(rows, height, n, to);
  default:
    return add_rows<4>(rows, height, n, to);
  }
}

inline constexpr long kFewColumns = 8; // less are added up as they are
inline constexpr long kRunning = 20;   // integers in a row, from which on sums run

// Room for sums along a row: rows of `pitch` elements, which are n + (width - 1) * step and two
// registers at least.
template <class T>
struct Scratch {
  T* rows;
  long pitch;
};
// Rows that windows of `width` elements need: of 4, 16, 64, ... neighbours.
inline long scratch_rows(long width) {
  long count = 0;
  for (; width >= kFewColumns; width /= 4) count++;
  return std::max(count, 1L);
}

// Of a[x] + a[x + step] + ..., `width` terms, x < n. A register behind a and the scratch rows may
// be read and written.
template <int Width, class T, class Out, class Finish>
void add_few(const T* a, long n, long step, Out* to, const Finish& finish) {
  each_register<T>(
      n, to,
      [&](long x) {
        auto sum = load_lanes(a + x);
#pragma GCC unroll 8
        for (int j = 1; j < Width; j++) sum += load_lanes(a + x + j * step);
        return sum;
      },
      finish);
}
template <class T, class Out, class Finish>
void add_neighbours(const T* a, long n, long width, long step, const Scratch<T>& room, Out* to,
                    const Finish& finish) {
  constexpr long W = kWidth<T>;
  switch (width) {
  case 1:
    return add_few<1>(a, n, step, to, finish);
  case 2:
    return add_few<2>(a, n, step, to, finish);
  case 3:
    return add_few<3>(a, n, step, to, finish);
  case 4:
    return add_few<4>(a, n, step, to, finish);
  case 5:
    return add_few<5>(a, n, step, to, finish);
  case 6:
    return add_few<6>(a, n, step, to, finish);
  case 7:
    return add_few<7>(a, n, step, to, finish);
  }
  const T* terms[64]; // of at most 7 of the largest, and 3 of each smaller size
  long count = 0, before = 0, size = 1;
  const T* sums = a; // of `size` neighbours
  std::array<const T*, 16> levels{a};
  int level = 0;
  for (; width / size >= kFewColumns; size *= 4) {
    T* const next = room.rows + level * room.pitch;
    const long total = n + (width - 4 * size) * step, distance = size * step;
    for (long x = 0; x < total; x += W)
      store_lanes(next + x,
                  (load_lanes(sums + x) + load_lanes(sums + x + distance)) +
                      (load_lanes(sums + x + 2 * distance) + load_lanes(sums + x + 3 * distance)));
    levels[++level] = sums = next;
  }
  for (; level >= 0; level--, size /= 4)
    for (; width - before >= size; before += size) terms[count++] = levels[level] + before * step;
  constexpr int kAtOnce = 4; // registers, so that terms are looked up a quarter as often
  long done = 0;
  for (; done + kAtOnce * W <= n; done += kAtOnce * W) {
    Lanes<T> sums_of[kAtOnce]{};
    for (long i = 0; i < count; i++)
#pragma GCC unroll 4
      for (int k = 0; k < kAtOnce; k++) sums_of[k] += load_lanes(terms[i] + done + k * W);
#pragma GCC unroll 4
    for (int k = 0; k < kAtOnce; k++) finish(to + done + k * W, sums_of[k]);
  }
  each_register<T>(
      n - done, to + done,
      [&](long x) {
        Lanes<T> sum{};
        for (long i = 0; i < count; i++) sum += load_lanes(terms[i] + done + x);
        return sum;
      },
      finish);
}

// The same for integers: differences of prefix sums, modulo 2^16 or 2^32, which no window exceeds.
// A register's prefix sums take log2 of its lanes shifts and additions; `step` is Step, so that the
// lanes of a channel stay its own if a register ends with a whole element.
template <int Step, class T, class Out, class Finish, int... I>
void add_running(const T* a, long n, long width, const Scratch<T>& room, Out* to,
                 const Finish& finish, std::integer_sequence<int, I...>) {
  typedef Lanes<T> V;
  constexpr int W = sizeof...(I), kUsed = W / Step * Step;
  auto shifted = [](V v, auto by) {
    constexpr int kBy = decltype(by)::value;
    return __builtin_shufflevector(v, V{}, (I >= kBy ? I - kBy : W)...);
  };
  V before{};
  T* const prefix = room.rows + Step; // of the elements up to one
  std::fill_n(room.rows, Step, T(0));
  const long total = n + (width - 1) * Step;
  for (long x = 0; x < total; x += kUsed) {
    V v = load_lanes(a + x);
    [&]<int... S>(std::integer_sequence<int, S...>) {
      auto fold = [&](auto by) {
        if constexpr (decltype(by)::value < kUsed) v += shifted(v, by);
      };
      (fold(std::integral_constant<int, Step << S>{}), ...);
    }(std::make_integer_sequence<int, 6>{});
    v += before;
    store_lanes(prefix + x, v);
    before = __builtin_shufflevector(v, v, (kUsed - Step + I % Step)...);
  }
  const T* const end = prefix + (width - 1) * Step;
  each_register<T>(
      n, to, [&](long x) { return load_lanes(end + x) - load_lanes(room.rows + x); }, finish);
}
template <class T, class Out, class Finish>
void add_row_of_windows(const T* a, long n, long width, long step, const Scratch<T>& room, Out* to,
                        const Finish& finish) {
  if constexpr (std::is_integral_v<T>)
    if (width >= kRunning) {
      constexpr auto lanes = std::make_integer_sequence<int, kWidth<T>>{};
      switch (step) {
      case 1:
        return add_running<1>(a, n, width, room, to, finish, lanes);
      case 2:
        return add_running<2>(a, n, width, room, to, finish, lanes);
      case 3:
        return add_running<3>(a, n, width, room, to, finish, lanes);
      case 4:
        return add_running<4>(a, n, width, room, to, finish, lanes);
      }
    }
  add_neighbours(a, n, width, step, room, to, finish);
}
// What becomes of sums, a register at a time.

// Means of bytes: the high half of a product; see BoxSums.
struct ByteMeans {
  uint16_t half, factor;
  int shift;

  void operator()(uint8_t* to, Lanes<uint16_t> sum) const {
    sum += half;
#if defined(__AVX512BW__)
    const __m512i high = _mm512_mulhi_epu16((__m512i)sum, _mm512_set1_epi16((short)factor));
    const __m512i mean = _mm512_srl_epi16(high, _mm_cvtsi32_si128(shift));
    _mm256_storeu_si256((__m256i*)to, _mm512_maskz_cvtepi16_epi8(~0u, mean));
#elif defined(__AVX2__)
    const __m256i high = _mm256_mulhi_epu16((__m256i)sum, _mm256_set1_epi16((short)factor));
    const __m256i mean = _mm256_srl_epi16(high, _mm_cvtsi32_si128(shift));
    _mm_storeu_si128((__m128i*)to, _mm_packus_epi16(_mm256_castsi256_si128(mean),
                                                    _mm256_extracti128_si256(mean, 1)));
#elif defined(__SSE2__)
    const __m128i high = _mm_mulhi_epu16((__m128i)sum, _mm_set1_epi16((short)factor));
    const __m128i mean = _mm_srl_epi16(high, _mm_cvtsi32_si128(shift));
    _mm_storel_epi64((__m128i*)to, _mm_packus_epi16(mean, mean));
#else
    for (int i = 0; i < kWidth<uint16_t>; i++)
      to[i] = static_cast<uint8_t>((static_cast<uint32_t>(sum[i]) * factor) >> 16 >> shift);
#endif
  }
};

// Products of integers with a factor, rounded and saturated.
#if defined(__AVX2__)
struct Products {
  float factor, offset;

  template <class Out>
  void operator()(Out* to, Lanes<int32_t> sum) const {
    store_saturated(to, __builtin_convertvector((ivec)sum, vec) * factor + offset);
  }
};
// The same, of sums whose products floats would not hold exactly enough.
struct DoubleProducts {
  typedef int32_t Half __attribute__((vector_size(kLanes * 2)));
  double factor, offset;

  template <class Out>
  void operator()(Out* to, Lanes<int32_t> sum) const {
    Half halves[2];
    static_assert(sizeof halves == sizeof sum);
    std::memcpy(halves, &sum, sizeof sum);
    for (int h = 0; h < 2; h++) {
      const Vec<double> mean = __builtin_convertvector(halves[h], Vec<double>) * factor + offset;
      store_saturated(to + h * kWidth<double>, mean);
    }
  }
};
#endif

// Quotients of floats as a division gives them: a product with the reciprocal, and what it lacks
// (P. W. Markstein, Computation of elementary functions on the IBM RISC System/6000, 1990). Of
// infinities it lacks NaN, and is right.
template <class T>
struct Quotients {
  T divisor, reciprocal, offset;

  void operator()(T* to, Vec<T> sum) const {
    const Vec<T> by = broadcast(divisor), factor = broadcast(reciprocal);
    const Vec<T> product = sum * factor, lacks = sum - product * by;
    store(to, (lacks == lacks ? product + lacks * factor : product) + offset);
  }
};
#if defined(__FMA__) || defined(__aarch64__)
inline constexpr bool kFused = true;
#else
inline constexpr bool kFused = false; // then the product would be rounded
#endif
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
