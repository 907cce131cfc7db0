// Transforms and matrix products of Winograd's convolution; see winograd.h.
#include "network/winograd/winograd.h"

#include <array>

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

// The transformed inputs of a band stay in the second-level cache while channels pass over them,
// and the sums of a chunk of channels in the first-level cache, almost.
constexpr long kBandBytes = 512 * 1024;
constexpr int kChunkChannels = 16;

// sums[c][t] = sum over planes of kernels[plane][c] * inputs[plane][t], `count` times.
template <int C, int T>
void multiply_tiles(const vec* inputs, int count, const float* kernels, int planes, vec* sums,
                    long sums_row) {
  for (; count > 0; count--, sums += T) {
    vec s[C][T] = {};
    const float* w = kernels;
    for (int p = 0; p < planes; p++, w += C, inputs += T) {
      vec input[T];
#pragma GCC unroll 8
      for (int t = 0; t < T; t++) {
        input[t] = inputs[t];
        keep(input[t]);
      }
#pragma GCC unroll 8
      for (int c = 0; c < C; c++) {
        vec weight = broadcast(w[c]);
#pragma GCC unroll 8
        for (int t = 0; t < T; t++) s[c][t] += weight * input[t];
      }
    }
#pragma GCC unroll 8
    for (int c = 0; c < C; c++)
#pragma GCC unroll 8
      for (int t = 0; t < T; t++) sums[c * sums_row + t] = s[c][t];
  }
}

using Multiply = void (*)(const vec*, int, const float*, int, vec*, long);
template <int Tiles, int... I>
constexpr auto multiply_table(std::integer_sequence<int, I...>) {
  return std::array<Multiply, sizeof...(I)>{multiply_tiles<I / Tiles + 1, I % Tiles + 1>...};
}

} // namespace

void transform_kernels(const float* g, int n, vec (&u)[kFrequencies]) {
  const vec half = broadcast(0.5f);
  auto extend = [half](vec a, vec b, vec c, vec* to, int step) {
    const vec ends = half * (a + c), middle = half * b;
    to[0] = a;
    to[step] = ends + middle;
    to[2 * step] = ends - middle;
    to[3 * step] = c;
  };
  vec kernel[9] = {}, t[4][3];
  for (int l = 0; l < n; l++)
    for (int k = 0; k < 9; k++) kernel[k][l] = g[9 * l + k];
  for (int x = 0; x < 3; x++) extend(kernel[x], kernel[3 + x], kernel[6 + x], t[0] + x, 3);
  for (int y = 0; y < 4; y++) extend(t[y][0], t[y][1], t[y][2], u + 4 * y, 1);
}

void add_kernel_gradients(const vec* u, long stride, const std::vector<int>& order, size_t first,
                          size_t last, float* gradient) {
  auto combine = [](vec a, vec b, vec c, vec d, vec(&to)[3]) {
    const vec half = broadcast(0.5f), sum = half * (b + c);
    to[0] = a + sum;
    to[1] = half * (b - c);
    to[2] = sum + d;
  };
  first = first / kLanes * kLanes; // the sums of others are zero
  u += first / kLanes;
  for (; first < last; first += kLanes, u++) {
    vec t[4][3], g[3][3];
    for (int x = 0; x < 4; x++)
      combine(u[x * stride], u[(4 + x) * stride], u[(8 + x) * stride], u[(12 + x) * stride], t[x]);
    for (int y = 0; y < 3; y++) combine(t[0][y], t[1][y], t[2][y], t[3][y], g[y]);
    float elements[9][kLanes];
    for (int k = 0; k < 9; k++) store(elements[k], g[k / 3][k % 3]);
    for (int i = 0; i < std::min<int>(kLanes, order.size() - first); i++) {
      float* to = gradient + 9L * order[first + i];
      for (int k = 0; k < 9; k++) to[k] += elements[k][i];
    }
  }
}

TileConvolution::TileConvolution(int planes, int channels, int rows, int columns)
    : planes_(planes), channels_(channels), chunks_(channels, kChunkChannels) {
  const long fit = kBandBytes / static_cast<long>(kFrequencies * planes * sizeof(vec));
  const int most =
      static_cast<int>(std::clamp<long>(fit / kTiles * kTiles, kTiles, kMostBandTiles));
  const Runs across(columns, most), down(rows, std::max(1, most / across.largest()));
  for (int j = 0; j < down.count; j++)
    for (int i = 0; i < across.count; i++)
      bands_.push_back({down.begin(j), across.begin(i), down.size(j), across.size(i)});
  most_height_ = down.largest();
  most_width_ = across.largest();
  const long tiles = static_cast<long>(most_height_) * most_width_;
  input_stride_ = frequency_stride(planes * tiles);
  sums_stride_ = frequency_stride(chunks_.largest() * tiles);
  kernels_.resize(static_cast<size_t>(kFrequencies) * channels * planes);
  for (int chunk = 0; chunk < chunks_.count; chunk++) {
    const Runs groups(chunks_.size(chunk), kChannels);
    for (int g = 0; g < groups.count; g++)
      for (int c = 0; c < groups.size(g); c++) {
        const long first = chunks_.begin(chunk) + groups.begin(g);
        place_.push_back(first * planes + c);
        group_.push_back(groups.size(g));
      }
  }
}

void TileConvolution::set_kernels(int channel, int plane, int n, const vec (&u)[kFrequencies]) {
  const long size = static_cast<long>(channels_) * planes_, step = group_[channel];
  float* to = kernels_.data() + place_[channel] + plane * step;
  for (int f = 0; f < kFrequencies; f++, to += size)
    for (int l = 0; l < n; l++) to[l * step] = u[f][l];
}

void TileConvolution::set_turned_kernels(int channel, int plane, int n,
                                         const vec (&u)[kFrequencies]) {
  // A kernel turned half round exchanges rows 0 and 3 of G g G^T, and columns.
  constexpr int turn[4] = {3, 1, 2, 0};
  const long size = static_cast<long>(channels_) * planes_;
  float* kernels = kernels_.data();
  for (int f = 0; f < kFrequencies; f++, kernels += size) {
    const vec turned = u[4 * turn[f / 4] + turn[f % 4]];
    for (int l = 0; l < n; l++)
      kernels[place_[channel + l] + static_cast<long>(plane) * group_[channel + l]] = turned[l];
  }
}

// Inputs lie as the products read them: [frequency][register tile][plane][tile].
void TileConvolution::arrange(const Band& band, long row, Places& places) const {
  const Runs groups(band.tiles(), kTiles);
  for (int g = 0; g < groups.count; g++)
    for (int t = groups.begin(g); t < groups.begin(g + 1); t++)
      places[t] = {2 * (t / band.width * row + t % band.width),
                   static_cast<long>(groups.begin(g)) * planes_ + t - groups.begin(g),
                   groups.size(g)};
}

void TileConvolution::transform(const vec* in, long row, int plane, const Places& places, int tiles,
                                vec* to) const {
  const long stride = input_stride_;
  for (int t = 0; t < tiles; t++) {
    const vec* d = in + places[t].from;
    vec* v = to + places[t].to + plane * places[t].step;
    transform_input_row<0>(d, row, v, stride);
    transform_input_row<1>(d, row, v + 4 * stride, stride);
    transform_input_row<2>(d, row, v + 8 * stride, stride);
    transform_input_row<3>(d, row, v + 12 * stride, stride);
  }
}

// Sums lie [frequency][channel of the chunk][tile].
void TileConvolution::multiply(const vec* inputs, int chunk, int tiles, vec* sums) const {
  static constexpr auto table =
      multiply_table<kTiles>(std::make_integer_sequence<int, kChannels * kTiles>{});
  const Runs groups(tiles, kTiles);
  const int begin = chunks_.begin(chunk), end = chunks_.begin(chunk + 1);
  const float* kernels = kernels_.data();
  for (int f = 0; f < kFrequencies; f++) {
    for (int c = begin; c < end; c += group_[c]) {
      const float* w = kernels + place_[c];
      vec* to = sums + static_cast<long>(c - begin) * tiles;
      for (int g = 0, same; g < groups.count; g += same) { // runs of groups of one size
        const int size = groups.size(g);
        for (same = 1; g + same < groups.count && groups.size(g + same) == size;) same++;
        const long at = groups.begin(g);
        table[(group_[c] - 1) * kTiles + size - 1](inputs + at * planes_, same, w, planes_, to + at,
                                                   tiles);
      }
    }
    inputs += input_stride_;
    sums += sums_stride_;
    kernels += static_cast<long>(channels_) * planes_;
  }
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
