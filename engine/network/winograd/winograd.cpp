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

template <int Side>
void transform_kernels(const float* g, int n, vec (&u)[kFrequenciesOf<Side>]) {
  constexpr int reads = Side + 2;
  auto extend = [](vec a, vec b, vec c, vec* to, int step) {
    if constexpr (Side == 2) {
      const vec half = broadcast(0.5f), ends = half * (a + c), middle = half * b;
      to[0] = a;
      to[step] = ends + middle;
      to[2 * step] = ends - middle;
      to[3 * step] = c;
    } else {
      vec t[reads];
      points::transform_kernel(a, b, c, t);
      for (int i = 0; i < reads; i++) to[i * step] = t[i];
    }
  };
  vec kernel[9] = {}, t[reads][3];
  for (int l = 0; l < n; l++)
    for (int k = 0; k < 9; k++) kernel[k][l] = g[9 * l + k];
  for (int x = 0; x < 3; x++) extend(kernel[x], kernel[3 + x], kernel[6 + x], t[0] + x, 3);
  for (int y = 0; y < reads; y++) extend(t[y][0], t[y][1], t[y][2], u + reads * y, 1);
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

template <int Side>
TileConvolution<Side>::TileConvolution(int planes, int channels, int rows, int columns)
    : planes_(planes), channels_(channels), chunks_(channels, kChunkChannels) {
  const long fit = kBandBytes / static_cast<long>(kCount * planes * sizeof(vec));
  const int most =
      static_cast<int>(std::clamp<long>(fit / kTiles * kTiles, kTiles, kMostBandTiles));
  const Runs across(columns, most), down(rows, std::max(1, most / across.largest()));
  for (int j = 0; j < down.count; j++)
    for (int i = 0; i < across.count; i++)
      bands_.push_back({down.begin(j), across.begin(i), down.size(j), across.size(i)});
  most_height_ = down.largest();
  most_width_ = across.largest();
  const long tiles = static_cast<long>(most_height_) * most_width_;
  input_stride_ = frequency_stride(planes * tiles, kCount);
  sums_stride_ = frequency_stride(chunks_.largest() * tiles, kCount);
  kernels_.resize(static_cast<size_t>(kCount) * channels * planes);
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

template <int Side>
void TileConvolution<Side>::set_kernels(int channel, int plane, int n, const vec (&u)[kCount]) {
  const long size = static_cast<long>(channels_) * planes_, step = group_[channel];
  float* to = kernels_.data() + place_[channel] + plane * step;
  for (int f = 0; f < kCount; f++, to += size)
    for (int l = 0; l < n; l++) to[l * step] = u[f][l];
}

template <int Side>
void TileConvolution<Side>::set_turned_kernels(int channel, int plane, int n,
                                               const vec (&u)[kCount]) {
  // A kernel turned half round has the rows of G g G^T elsewhere, and columns: a point's are those
  // of its reciprocal, by its square.
  constexpr int reads = Side + 2;
  constexpr int turn[2][6] = {{3, 1, 2, 0}, {5, 3, 4, 1, 2, 0}};
  constexpr float scale[2][6] = {{1, 1, 1, 1}, {1, -2, -2, -0.5f, -0.5f, 1}};
  const auto& from = turn[Side == 4];
  const auto& by = scale[Side == 4];
  const long size = static_cast<long>(channels_) * planes_;
  float* kernels = kernels_.data();
  for (int f = 0; f < kCount; f++, kernels += size) {
    const int y = f / reads, x = f % reads;
    const vec turned = by[y] * by[x] * u[reads * from[y] + from[x]];
    for (int l = 0; l < n; l++)
      kernels[place_[channel + l] + static_cast<long>(plane) * group_[channel + l]] = turned[l];
  }
}

// Inputs lie as the products read them: [frequency][register tile][plane][tile].
template <int Side>
void TileConvolution<Side>::arrange(const Band& band, long row, Places& places) const {
  const Runs groups(band.tiles(), kTiles);
  for (int g = 0; g < groups.count; g++)
    for (int t = groups.begin(g); t < groups.begin(g + 1); t++)
      places[t] = {Side * (t / band.width * row + t % band.width),
                   static_cast<long>(groups.begin(g)) * planes_ + t - groups.begin(g),
                   groups.size(g)};
}

template <int Side>
void TileConvolution<Side>::transform(const vec* in, long row, int plane, const Places& places,
                                      int tiles, vec* to) const {
  const long stride = input_stride_;
  for (int t = 0; t < tiles; t++) {
    transform_tile<Side>(in + places[t].from, row, to + places[t].to + plane * places[t].step,
                         stride);
  }
}

// Sums lie [frequency][channel of the chunk][tile].
template <int Side>
void TileConvolution<Side>::multiply(const vec* inputs, int chunk, int tiles, vec* sums) const {
  static constexpr auto table =
      multiply_table<kTiles>(std::make_integer_sequence<int, kChannels * kTiles>{});
  const Runs groups(tiles, kTiles);
  const int begin = chunks_.begin(chunk), end = chunks_.begin(chunk + 1);
  const float* kernels = kernels_.data();
  for (int f = 0; f < kCount; f++) {
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

template void transform_kernels<2>(const float*, int, vec (&)[kFrequenciesOf<2>]);
template class TileConvolution<2>;
#if !defined(__wasm__) // kSmallCode
template void transform_kernels<4>(const float*, int, vec (&)[kFrequenciesOf<4>]);
template class TileConvolution<4>;
#endif

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
