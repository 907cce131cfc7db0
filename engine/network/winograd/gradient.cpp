// Products of the kernel gradient of Winograd's convolution; see gradient.h.
#include "network/winograd/gradient.h"

#include <array>

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

// Sums over lanes cost as much as about 8 tiles: a band should be longer by far.
constexpr int kBandTiles = 64;
// The inputs of wide layers come from the third-level cache, once for each chunk; its transformed
// gradients stay in the second. 32 channels instead of 8 made a step of ResNet-9 4 % shorter.
constexpr int kChunkChannels = 32;

// sums[c][p] += the sum over tiles and lanes of deltas[tile][c] * inputs[tile][p].
template <int C, int P>
void multiply_tiles(const vec* inputs, const vec* deltas, int tiles, float* sums) {
  vec s[C * P] = {};
  for (int t = 0; t < tiles; t++, inputs += P, deltas += C) {
    vec input[P];
#pragma GCC unroll 8
    for (int p = 0; p < P; p++) {
      input[p] = inputs[p];
      keep(input[p]);
    }
#pragma GCC unroll 8
    for (int c = 0; c < C; c++) {
      vec delta = deltas[c];
      keep(delta);
#pragma GCC unroll 8
      for (int p = 0; p < P; p++) s[c * P + p] += delta * input[p];
    }
  }
  float total[C * P];
  store_sums<C * P>(s, total);
  for (int i = 0; i < C * P; i++) sums[i] += total[i];
}

using Multiply = void (*)(const vec*, const vec*, int, float*);
template <int Planes, int... I>
constexpr auto multiply_table(std::integer_sequence<int, I...>) {
  return std::array<Multiply, sizeof...(I)>{multiply_tiles<I / Planes + 1, I % Planes + 1>...};
}

} // namespace

KernelGradient::KernelGradient(int planes, int channels, int rows, int columns)
    : columns_(columns), planes_(planes, kPlanes), chunks_(channels, kChunkChannels),
      bands_(rows * columns, kBandTiles) {
  const long tiles = bands_.largest();
  input_stride_ = frequency_stride(planes * tiles);
  delta_stride_ = frequency_stride(chunks_.largest() * tiles);
  sum_stride_ = frequency_stride(static_cast<long>(channels) * planes / kLanes + 1);
  for (int chunk = 0; chunk < chunks_.count; chunk++) {
    const Runs groups(chunks_.size(chunk), kChannels);
    for (int h = 0; h < planes_.count; h++)
      for (int g = 0; g < groups.count; g++)
        for (int c = groups.begin(g); c < groups.begin(g + 1); c++)
          for (int p = planes_.begin(h); p < planes_.begin(h + 1); p++)
            kernels_.push_back((chunks_.begin(chunk) + c) * planes + p);
  }
}

void KernelGradient::multiply(const vec* inputs, const vec* deltas, int chunk, int tiles,
                              float* sums) const {
  static constexpr auto table =
      multiply_table<kPlanes>(std::make_integer_sequence<int, kChannels * kPlanes>{});
  const Runs groups(chunks_.size(chunk), kChannels);
  sums += static_cast<long>(chunks_.begin(chunk)) * planes_.n;
  for (int h = 0; h < planes_.count; h++) {
    const int planes = planes_.size(h);
    for (int g = 0; g < groups.count; g++) {
      const int channels = groups.size(g);
      table[(channels - 1) * kPlanes + planes - 1](
          inputs + static_cast<long>(planes_.begin(h)) * tiles,
          deltas + static_cast<long>(groups.begin(g)) * tiles, tiles, sums);
      sums += channels * planes;
    }
  }
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
