// Registers of floats or doubles, and rows of numbers from one type to another, for the planes:
// everything above is written once for both. May include simd.h only.
#pragma once

#include <bit>
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

// Rounds half to even and saturates; NaN becomes 0. After the clamp, adding 2^23 (2^52) leaves the
// whole number in the lowest bits, rounded as the processor rounds.
template <class Out, class T>
inline Out saturate(T x) {
  constexpr T most = std::numeric_limits<Out>::max();
  x = x > 0 ? x : 0;
  x = x < most ? x : most;
  if constexpr (sizeof(T) == 4)
    return static_cast<Out>(std::bit_cast<uint32_t>(x + 8388608.0f));
  else
    return static_cast<Out>(std::bit_cast<uint64_t>(x + 4503599627370496.0));
}

// n numbers from one type to another: plain loops, which compilers turn into vectors.
template <class From, class To>
inline void convert_row(const From* __restrict from, long n, To* __restrict to) {
  if constexpr (std::is_same_v<From, To>)
    std::memcpy(to, from, n * sizeof(To));
  else if constexpr (std::is_floating_point_v<From> && std::is_unsigned_v<To>)
    for (long i = 0; i < n; i++) to[i] = saturate<To>(from[i]);
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
