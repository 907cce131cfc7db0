// Rows of elements from one type to another, rounded and saturated where the other is unsigned.
#pragma once

#include <limits>
#include <type_traits>

#include "simd.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// What saturate_row does of a register, with the processor's own rounding and saturation.
#if defined(__AVX512F__)
// What exceeds int32 becomes 2^31, which as an unsigned number is narrowed to the largest.
template <class Out>
inline void store_saturated(Out* to, vec x) {
  const __m512i rounded = _mm512_maskz_cvtps_epi32(0xffff, (__m512)maximum(x, vec{}));
  if constexpr (sizeof(Out) == 1)
    _mm_storeu_si128((__m128i*)to, _mm512_maskz_cvtusepi32_epi8(0xffff, rounded));
  else
    _mm256_storeu_si256((__m256i*)to, _mm512_maskz_cvtusepi32_epi16(0xffff, rounded));
}
template <class Out>
inline void store_saturated(Out* to, Vec<double> x) {
  const __m256i rounded = _mm512_maskz_cvtpd_epi32(0xff, (__m512d)(x > 0 ? x : Vec<double>{}));
  if constexpr (sizeof(Out) == 1)
    _mm_storel_epi64((__m128i*)to, _mm256_cvtusepi32_epi8(rounded));
  else
    _mm_storeu_si128((__m128i*)to, _mm256_cvtusepi32_epi16(rounded));
}
#elif defined(__AVX2__)
template <class Out>
inline void store_saturated(Out* to, vec x) {
  const vec most = broadcast(static_cast<float>(std::numeric_limits<Out>::max()));
  const __m256i rounded = _mm256_cvtps_epi32((__m256)minimum(maximum(x, vec{}), most));
  const __m128i words =
      _mm_packus_epi32(_mm256_castsi256_si128(rounded), _mm256_extracti128_si256(rounded, 1));
  if constexpr (sizeof(Out) == 1)
    _mm_storel_epi64((__m128i*)to, _mm_packus_epi16(words, words));
  else
    _mm_storeu_si128((__m128i*)to, words);
}
template <class Out>
inline void store_saturated(Out* to, Vec<double> x) {
  const Vec<double> most = broadcast(static_cast<double>(std::numeric_limits<Out>::max()));
  x = x > 0 ? x : Vec<double>{};
  const __m128i rounded = _mm256_cvtpd_epi32((__m256d)(x < most ? x : most));
  const __m128i words = _mm_packus_epi32(rounded, rounded);
  const int bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
  if constexpr (sizeof(Out) == 1)
    std::memcpy(to, &bytes, sizeof bytes);
  else
    _mm_storel_epi64((__m128i*)to, words);
}
#endif

// Rounds half to even and saturates; NaN becomes 0. After the clamp, adding 2^23 leaves the integer
// in the lowest bits, rounded as the processor rounds.
template <class Out>
inline void saturate_row(const float* __restrict from, long n, Out* __restrict to) {
#if defined(__AVX2__)
  const long whole = n / kLanes * kLanes;
  for (long i = 0; i < whole; i += kLanes) store_saturated(to + i, load(from + i));
  from += whole, to += whole, n -= whole;
#endif
  constexpr int kBlock = 32; // for the compiler to narrow whole registers
  const vec most = broadcast(static_cast<float>(std::numeric_limits<Out>::max()));
  const vec shift = broadcast(static_cast<float>(1 << 23));
  for (long i = 0; i < n; i += kBlock) {
    const int block = static_cast<int>(n - i < kBlock ? n - i : kBlock);
    float values[kBlock];
    uint32_t bits[kBlock];
    if (block < kBlock) std::memcpy(values, from + i, block * sizeof(float));
    const float* p = block < kBlock ? values : from + i;
    for (int k = 0; k < block; k += kLanes) {
      vec x = load(p + k);
      x = x > 0 ? x : vec{};
      x = (x < most ? x : most) + shift;
      std::memcpy(bits + k, &x, sizeof x);
    }
    if (block == kBlock)
      for (int k = 0; k < kBlock; k++) to[i + k] = static_cast<Out>(bits[k]);
    else
      for (int k = 0; k < block; k++) to[i + k] = static_cast<Out>(bits[k]);
  }
}
// Doubles are rounded by adding 2^52 and taking it away again; what is left is a float, too. To
// pick bytes out of doubles takes compilers an instruction each.
template <class Out>
inline void saturate_row(const double* __restrict from, long n, Out* __restrict to) {
  typedef float Half __attribute__((vector_size(kLanes * 2)));
  constexpr int W = kWidth<double>;
#if defined(__AVX2__)
  const long whole = n / W * W;
  for (long i = 0; i < whole; i += W) store_saturated(to + i, load(from + i));
  from += whole, to += whole, n -= whole;
#endif
  constexpr int kBlock = 16 * W;
  const Vec<double> most = broadcast(static_cast<double>(std::numeric_limits<Out>::max()));
  const Vec<double> shift = broadcast(static_cast<double>(INT64_C(1) << 52));
  for (long i = 0; i < n; i += kBlock) {
    const int block = static_cast<int>(n - i < kBlock ? n - i : kBlock);
    double values[kBlock];
    float rounded[kBlock];
    if (block < kBlock) std::memcpy(values, from + i, block * sizeof(double));
    const double* p = block < kBlock ? values : from + i;
    for (int k = 0; k < block; k += W) {
      Vec<double> x = load(p + k);
      x = x > 0 ? x : Vec<double>{};
      x = ((x < most ? x : most) + shift) - shift;
      const Half half = __builtin_convertvector(x, Half);
      std::memcpy(rounded + k, &half, sizeof half);
    }
    saturate_row(rounded, block, to + i);
  }
}

// GCC would widen bytes in two steps.
inline void widen_row(const uint8_t* __restrict from, long n, float* __restrict to) {
  long i = 0;
  for (; i + kLanes <= n; i += kLanes) store(to + i, load(from + i));
  for (; i < n; i++) to[i] = from[i];
}

// n elements from one type to another. Compilers turn the plain loops into vectors.
template <class From, class To>
inline void convert_row(const From* __restrict from, long n, To* __restrict to) {
  if constexpr (std::is_same_v<From, To>)
    std::memcpy(to, from, n * sizeof(To));
  else if constexpr (std::is_floating_point_v<From> && std::is_unsigned_v<To>)
    saturate_row(from, n, to);
  else if constexpr (std::is_same_v<From, uint8_t> && std::is_same_v<To, float>)
    widen_row(from, n, to);
  else
    for (long i = 0; i < n; i++) to[i] = static_cast<To>(from[i]);
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
