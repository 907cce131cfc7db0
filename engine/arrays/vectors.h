// Registers of floats or doubles, and rows of numbers from one type to another, for the planes:
// everything above is written once for both.
#pragma once

#include <limits>
#include <memory>
#include <type_traits>

#include "simd.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

template <class T>
struct Register;
template <>
struct Register<float> {
  typedef vec type;
};
template <>
struct Register<double> {
  typedef double type __attribute__((vector_size(kLanes * 4)));
};
template <class T>
using Vec = typename Register<T>::type;
template <class T>
inline constexpr int kWidth = kLanes * 4 / sizeof(T);

template <class T>
inline Vec<T> load_vec(const T* p) {
  Vec<T> v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
template <class T>
inline void store_vec(T* p, Vec<T> v) {
  std::memcpy(p, &v, sizeof v);
}
template <class T, int... I>
inline Vec<T> spread_lanes(T x, std::integer_sequence<int, I...>) {
  return Vec<T>{((void)I, x)...};
}
// As broadcast() of simd.h: compiles to a broadcasting load.
template <class T>
inline Vec<T> spread(T x) {
  return spread_lanes<T>(x, std::make_integer_sequence<int, kWidth<T>>{});
}
// As keep() of simd.h.
template <class V>
inline void keep_register(V& v) {
#if defined(__x86_64__)
  asm("" : "+v"(v));
#elif defined(__aarch64__)
  asm("" : "+w"(v));
#endif
}

#if defined(__AVX512F__)
// What saturate_row does, with AVX-512's own rounding and saturation: what exceeds int32 becomes
// 2^31, which as an unsigned number is narrowed to the largest.
template <class Out>
inline void store_saturated(Out* to, vec x) {
  const __m512i whole = _mm512_maskz_cvtps_epi32(0xffff, (__m512)maximum(x, vec{}));
  if constexpr (sizeof(Out) == 1)
    _mm_storeu_si128((__m128i*)to, _mm512_maskz_cvtusepi32_epi8(0xffff, whole));
  else
    _mm256_storeu_si256((__m256i*)to, _mm512_maskz_cvtusepi32_epi16(0xffff, whole));
}
#endif

// Rounds half to even and saturates; NaN becomes 0. After the clamp, adding 2^23 (2^52) leaves the
// whole number in the lowest bits, rounded as the processor rounds.
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
  const Vec<T> most = spread<T>(std::numeric_limits<Out>::max());
  const Vec<T> shift = spread<T>(sizeof(T) == 4 ? T(1 << 23) : T(1L << 52));
  for (long i = 0; i < n; i += kBlock) {
    const int block = static_cast<int>(n - i < kBlock ? n - i : kBlock);
    T numbers[kBlock];
    Bits bits[kBlock];
    if (block < kBlock) std::memcpy(numbers, from + i, block * sizeof(T));
    const T* p = block < kBlock ? numbers : from + i;
    for (int k = 0; k < block; k += kWidth<T>) {
      Vec<T> x = load_vec(p + k);
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

// n numbers from one type to another. Compilers turn the plain loops into vectors.
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

// Uninitialised memory that starts on a cache line.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t n)
      : memory_(static_cast<T*>(::operator new[](n * sizeof(T), kLine)), Free{}) {}
  T* get() const { return memory_.get(); }

 private:
  static constexpr std::align_val_t kLine{64};
  struct Free {
    void operator()(T* p) const { ::operator delete[](p, kLine); }
  };
  std::unique_ptr<T[], Free> memory_;
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
