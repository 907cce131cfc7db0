// A SIMD register as a C++ type: `vec` holds kLanes floats, and every kernel of the engine is
// written once in terms of it. The width is the widest that the compilation target offers; the
// engine is compiled once per instruction set.
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

#if defined(__AVX512F__)
inline constexpr int kLanes = 16;
inline constexpr int kAccumulators = 24; // of 32 registers; the rest hold operands
#elif defined(__AVX__)
inline constexpr int kLanes = 8;
inline constexpr int kAccumulators = 12; // of 16 registers
#elif defined(__aarch64__)
inline constexpr int kLanes = 4;
inline constexpr int kAccumulators = 24; // of 32 registers
#else
inline constexpr int kLanes = 4;
inline constexpr int kAccumulators = 12; // of 16 registers
#endif

// Where the engine is downloaded, loops whose variants only save an address have none.
#if defined(__wasm__)
inline constexpr bool kSmallCode = true;
#else
inline constexpr bool kSmallCode = false;
#endif

typedef float vec __attribute__((vector_size(kLanes * 4)));
typedef int32_t ivec __attribute__((vector_size(kLanes * 4)));
typedef uint32_t uvec __attribute__((vector_size(kLanes * 4)));
typedef uint16_t vec16 __attribute__((vector_size(kLanes * 2)));
typedef uint8_t vec8 __attribute__((vector_size(kLanes)));

// A register of floats, doubles or integers, for what is written once for all.
template <class T>
struct Register;
template <>
struct Register<float> {
  typedef vec type;
};
template <>
struct Register<int32_t> {
  typedef ivec type;
};
template <>
struct Register<double> {
  typedef double type __attribute__((vector_size(kLanes * 4)));
};
template <class T>
using Vec = typename Register<T>::type;
template <class T>
inline constexpr int kWidth = kLanes * 4 / sizeof(T); // elements of a register

template <class V, class T, int... I>
inline V broadcast_lanes(T x, std::integer_sequence<int, I...>) {
  return V{((void)I, x)...};
}
// The initialiser list compiles to a broadcasting load; `vec{} + x` would cost an addition.
inline vec broadcast(float x) {
  return broadcast_lanes<vec>(x, std::make_integer_sequence<int, kLanes>{});
}
inline Vec<double> broadcast(double x) {
  return broadcast_lanes<Vec<double>>(x, std::make_integer_sequence<int, kWidth<double>>{});
}
inline ivec broadcast(int32_t x) {
  return broadcast_lanes<ivec>(x, std::make_integer_sequence<int, kLanes>{});
}

template <class T>
inline Vec<T> load(const T* p) {
  Vec<T> v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
// Bytes as floats. GCC widens a vector of bytes element by element, hence the instructions by name.
inline vec load(const uint8_t* p) {
#if defined(__AVX512F__)
  // All lanes, but GCC's own header would warn of the form without a mask.
  ivec wide = (ivec)_mm512_maskz_cvtepu8_epi32(0xffff, _mm_loadu_si128((const __m128i*)p));
#elif defined(__AVX2__)
  ivec wide = (ivec)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i*)p));
#elif defined(__SSE2__)
  int32_t bytes;
  std::memcpy(&bytes, p, sizeof bytes);
  __m128i words = _mm_unpacklo_epi8(_mm_cvtsi32_si128(bytes), __m128i{});
  ivec wide = (ivec)_mm_unpacklo_epi16(words, __m128i{});
#else
  vec8 wide;
  std::memcpy(&wide, p, sizeof wide);
#endif
  return __builtin_convertvector(wide, vec);
}
template <class T>
inline void store(T* p, Vec<T> v) {
  std::memcpy(p, &v, sizeof v);
}

inline vec select(ivec mask, vec yes, vec no) { return mask ? yes : no; }
// The second if either is NaN. For AVX-512 GCC makes a comparison and a masked move of a choice,
// hence the instructions by name.
#if defined(__AVX512F__)
inline vec maximum(vec a, vec b) { return (vec)_mm512_maskz_max_ps(0xffff, (__m512)a, (__m512)b); }
inline vec minimum(vec a, vec b) { return (vec)_mm512_maskz_min_ps(0xffff, (__m512)a, (__m512)b); }
#else
inline vec maximum(vec a, vec b) { return a > b ? a : b; }
inline vec minimum(vec a, vec b) { return a < b ? a : b; }
#endif
// The greater, or NaN if either is NaN: maximum() passes b's, and all bits set are a NaN.
inline vec maximum_or_nan(vec a, vec b) { return (vec)((ivec)maximum(a, b) | (a != a)); }
// NaN passes, as in PyTorch: a network that has diverged must not look healthy.
inline vec relu(vec v) { return maximum(vec{}, v); }

// Keeps a loaded value in a register. GCC would rather load it again for each multiplication, and
// loads, not arithmetic, would then bound the loop.
template <class V>
inline void keep(V& v) {
#if defined(__x86_64__)
  asm("" : "+v"(v));
#elif defined(__aarch64__)
  asm("" : "+w"(v));
#endif
}

// What lies at a pointer is read from here on, and not kept in registers until then. Addresses near
// it are made of it: GCC would rather work them all out beforehand, and find no registers for them.
template <class T>
inline void reread(T*& pointer) {
#if defined(__x86_64__) || defined(__aarch64__)
  asm("" : "+r"(pointer));
#endif
}
// Keeps an array where its address is, instead of in registers that others need more.
template <class Array>
inline void keep_in_memory(Array& array) {
#if defined(__x86_64__) || defined(__aarch64__)
  asm("" : "=m"(array) : "r"(&array));
#endif
}

inline float sum(vec v) {
  float s = 0;
  for (int i = 0; i < kLanes; i++) s += v[i];
  return s;
}

// At most kLanes floats; the other lanes are zero, and nothing beyond is read.
inline vec load_some(const float* p, int n) {
#if defined(__AVX512F__)
  return (vec)_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1), p);
#else
  if (n == kLanes) return load(p);
  vec v{};
  std::memcpy(&v, p, n * sizeof(float));
  return v;
#endif
}

template <int Step, class V, int... I>
inline void exchange(V& a, V& b, std::integer_sequence<int, I...>) {
  constexpr int lanes = sizeof...(I);
  V low = __builtin_shufflevector(a, b, ((I & Step) ? lanes + (I ^ Step) : I)...);
  V high = __builtin_shufflevector(a, b, ((I & Step) ? lanes + I : (I ^ Step))...);
  a = low;
  b = high;
}
template <int Lanes, int Step, class V>
inline void transpose_from(V* rows) {
  if constexpr (Step < Lanes) {
    for (int i = 0; i < Lanes; i++)
      if (!(i & Step))
        exchange<Step>(rows[i], rows[i + Step], std::make_integer_sequence<int, Lanes>{});
    transpose_from<Lanes, 2 * Step>(rows);
  }
}
// Transposes a square matrix held in as many registers as they have lanes: log2(lanes) rounds of
// exchanges.
inline void transpose(vec rows[kLanes]) { transpose_from<kLanes, 1>(rows); }

// Lane i of the result (i < N) is the sum over lanes of v[i]: adds pairs, then pairs of pairs.
template <int N, int Step = 1>
inline vec sum_each(vec* v) {
  if constexpr (Step == kLanes) {
    return v[0];
  } else {
    for (int i = 0; i < (N + 1) / 2; i++) {
      vec a = v[2 * i], b = 2 * i + 1 < N ? v[2 * i + 1] : a;
      exchange<Step>(a, b, std::make_integer_sequence<int, kLanes>{});
      v[i] = a + b;
    }
    return sum_each<(N + 1) / 2, 2 * Step>(v);
  }
}
// to[i] = the sum over lanes of v[i], for i < N.
template <int N>
inline void store_sums(vec* v, float* to) {
  constexpr int n = N < kLanes ? N : kLanes;
  vec sums = sum_each<n>(v);
  std::memcpy(to, &sums, n * sizeof(float));
  if constexpr (N > kLanes) store_sums<N - kLanes>(v + kLanes, to + kLanes);
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
