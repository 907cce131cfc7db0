// Random numbers that are a function of their index, not of what was drawn before: Philox4x32-10.
// For augmentation and for dropout; calls nobody.
//
// A training run that is resumed, or whose batches fall to other threads, must draw what it would
// have drawn. So a draw is named by (seed, step, index of the image in its dataset, stream,
// counter) and hashed: no state to keep. Source: Salmon, Moraes, Dror, Shaw, "Parallel random
// numbers: as easy as 1, 2, 3", SC 2011.
#pragma once

#include <cstdint>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// What a draw is for, so that two purposes never share numbers.
enum class Stream : uint32_t {
  affine = 0,
  elastic = 1,
  noise = 2,
  dropout = 3,
  crop = 4,
  operations = 5,
  colours = 6,
  erase = 7,
  mix = 8,
};

struct RandomWords {
  uint32_t word[4];
  constexpr bool operator==(const RandomWords&) const = default;
};

inline constexpr int kPhiloxRounds = 10;
inline constexpr uint32_t kPhiloxFactor0 = 0xD2511F53, kPhiloxFactor1 = 0xCD9E8D57;
inline constexpr uint32_t kPhiloxWeyl0 = 0x9E3779B9, kPhiloxWeyl1 = 0xBB67AE85;

// The generator itself: a bijection of 128-bit counters for each key.
constexpr RandomWords philox(RandomWords counter, uint32_t key0, uint32_t key1) {
  uint32_t a = counter.word[0], b = counter.word[1], c = counter.word[2], d = counter.word[3];
#pragma GCC unroll 10
  for (int round = 0; round < kPhiloxRounds; ++round) {
    const uint64_t p = uint64_t{kPhiloxFactor0} * a;
    const uint64_t q = uint64_t{kPhiloxFactor1} * c;
    a = static_cast<uint32_t>(q >> 32) ^ b ^ key0;
    c = static_cast<uint32_t>(p >> 32) ^ d ^ key1;
    b = static_cast<uint32_t>(q);
    d = static_cast<uint32_t>(p);
    key0 += kPhiloxWeyl0;
    key1 += kPhiloxWeyl1;
  }
  return {{a, b, c, d}};
}

// Known answers of the authors' library, Random123 (tests/kat_vectors).
static_assert(philox({{0, 0, 0, 0}}, 0, 0) ==
              RandomWords{{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}});
static_assert(philox({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, 0xa4093822, 0x299f31d0) ==
              RandomWords{{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}});

// The counter of an element. Steps and indices are distinct up to 2^44.
constexpr RandomWords random_place(uint64_t step, uint64_t index, Stream stream, uint32_t counter) {
  const uint32_t high = static_cast<uint32_t>(stream) |
                        (static_cast<uint32_t>(index >> 32) & 0xfff) << 8 |
                        (static_cast<uint32_t>(step >> 32) & 0xfff) << 20;
  return {{counter, static_cast<uint32_t>(index), static_cast<uint32_t>(step), high}};
}

constexpr RandomWords random_words(uint64_t seed, uint64_t step, uint64_t index, Stream stream,
                                   uint32_t counter) {
  return philox(random_place(step, index, stream, counter), static_cast<uint32_t>(seed),
                static_cast<uint32_t>(seed >> 32));
}

// One word for dropout. Where four neighbours are wanted, take random_words: it costs the same.
constexpr uint32_t random_bits(uint64_t seed, uint64_t step, uint64_t index, uint32_t counter) {
  return random_words(seed, step, index, Stream::dropout, counter / 4).word[counter % 4];
}

// Numbers 64 * block to 64 * block + 63 of a stream, drawn side by side.
//
// A vector holds 64-bit lanes, each with one word in its lower half, because that is where the
// product of two words lands: a round is two products, two shifts and four exclusive-ors, and the
// upper halves may hold anything. From a plain loop GCC shuffles the products into 32-bit lanes, at
// less than half of the speed; hence the intrinsics.
inline constexpr int kRandomBlock = 64;

#if defined(__AVX2__)
typedef uint64_t wide __attribute__((vector_size(32)));
inline wide multiply_low_halves(wide a, wide b) {
  return (wide)_mm256_mul_epu32((__m256i)a, (__m256i)b);
}
#elif defined(__SSE2__)
typedef uint64_t wide __attribute__((vector_size(16)));
inline wide multiply_low_halves(wide a, wide b) {
  return (wide)_mm_mul_epu32((__m128i)a, (__m128i)b);
}
#else
typedef uint64_t wide __attribute__((vector_size(16)));
inline wide multiply_low_halves(wide a, wide b) { return (a & 0xffffffff) * (b & 0xffffffff); }
#endif

inline void random_block(uint64_t seed, uint64_t step, uint64_t index, Stream stream,
                         uint32_t block, uint32_t* __restrict words) {
  constexpr int counters = kRandomBlock / 4, lanes = sizeof(wide) / 8, vectors = counters / lanes;
  const RandomWords place = random_place(step, index, stream, counters * block);
  wide a[vectors], b[vectors], c[vectors], d[vectors];
  for (int v = 0; v < vectors; ++v) {
    a[v] = wide{} + (place.word[0] + v * lanes);
    for (int i = 0; i < lanes; ++i) a[v][i] += i;
    b[v] = wide{} + place.word[1];
    c[v] = wide{} + place.word[2];
    d[v] = wide{} + place.word[3];
  }
  uint32_t key0 = static_cast<uint32_t>(seed), key1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < kPhiloxRounds; ++round) {
    for (int v = 0; v < vectors; ++v) {
      const wide p = multiply_low_halves(a[v], wide{} + kPhiloxFactor0);
      const wide q = multiply_low_halves(c[v], wide{} + kPhiloxFactor1);
      a[v] = q >> 32 ^ b[v] ^ key0;
      c[v] = p >> 32 ^ d[v] ^ key1;
      b[v] = q;
      d[v] = p;
    }
    key0 += kPhiloxWeyl0;
    key1 += kPhiloxWeyl1;
  }
  for (int v = 0; v < vectors; ++v)
    for (int i = 0; i < lanes; ++i) {
      uint32_t* to = words + 4 * (v * lanes + i);
      to[0] = static_cast<uint32_t>(a[v][i]);
      to[1] = static_cast<uint32_t>(b[v][i]);
      to[2] = static_cast<uint32_t>(c[v][i]);
      to[3] = static_cast<uint32_t>(d[v][i]);
    }
}

// In [0, 1), on a grid of 2^-24, which float holds exactly.
constexpr float uniform(uint32_t bits) {
  return static_cast<float>(static_cast<int32_t>(bits >> 8)) * 0x1p-24f;
}

// In [-1, 1), on a grid of 2^-23.
constexpr float signed_uniform(uint32_t bits) {
  return static_cast<float>(static_cast<int32_t>(bits) >> 8) * 0x1p-23f;
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
