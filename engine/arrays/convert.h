// Rows of elements from one type to another, rounded and saturated where the other is unsigned.
#pragma once

#include <limits>
#include <type_traits>

#include "simd.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

#if defined(__AVX512F__)
// What saturate_row does, with AVX-512's own rounding and saturation: what exceeds int32 becomes
// 2^31, which as an unsigned number is narrowed to the largest.
template <class Out>
inline void store_saturated(Out* to, vec x) {
  const __m512i rounded = _mm512_maskz_cvtps_epi32(0xffff, (__m512)maximum(x, vec{}));
  if constexpr (sizeof(Out) == 1)
    _mm_storeu_si128((__m128i*)to, _mm512_maskz_cvtusepi32_epi8(0xffff, rounded));
  else
    _mm256_storeu_si256((__m256i*)to, _mm512_maskz_cvtusepi32_epi16(0xffff, rounded));
}
#endif

// Rounds half to even and saturates; NaN becomes 0. After the clamp, adding 2^23 (2^52) leaves the
// integer in the lowest bits, rounded as the processor rounds.
template <class Out, class T>
inline void saturate_row(const T* __restrict from, long n, Out* __restrict to) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    const long whole = n / kLanes * kLanes;
    for (long i = 0; i < whole; i += kLanes) store_saturated(to + i, load(from + i));
    from += whole, to += whole, n -= whole;
  }
#endif
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  constexpr int kBlock = 128 / sizeof(Bits); // for the compiler to narrow whole registers
  const Vec<T> most = broadcast(static_cast<T>(std::numeric_limits<Out>::max()));
  const Vec<T> shift = broadcast(sizeof(T) == 4 ? T(1 << 23) : T(1L << 52));
  for (long i = 0; i < n; i += kBlock) {
    const int block = static_cast<int>(n - i < kBlock ? n - i : kBlock);
    T values[kBlock];
    Bits bits[kBlock];
    if (block < kBlock) std::memcpy(values, from + i, block * sizeof(T));
    const T* p = block < kBlock ? values : from + i;
    for (int k = 0; k < block; k += kWidth<T>) {
      Vec<T> x = load(p + k);
      x = x > 0 ? x : Vec<T>{};
      x = (x < most ? x : most) + shift;
      std::memcpy(bits + k, &x, sizeof x);
    }
    if (block == kBlock)
      for (int k = 0; k < kBlock; k++) to[i + k] = static_cast<Out>(bits[k]);
    else
      for (int k = 0; k < block; k++) to[i + k] = static_cast<Out>(bits[k]);
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
