// Transforms and matrix products of Winograd's convolution; see winograd.h.
#include "network/winograd/winograd.h"

#include <array>

#include "network/products.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

// The transformed inputs of a band stay in the second-level cache while channels pass over them,
// and the sums of a chunk of channels in the first-level cache, almost.
constexpr long kBandBytes = 512 * 1024;
constexpr int kChunkChannels = 16;
// Of wide layers the kernels, read once for each band, come from memory: rather the inputs from the
// third-level cache.
constexpr int kLeastBandTiles = 12;

// sums[c][t] = sum over planes of kernels[plane][c] * inputs[plane][t].
template <int C, int T>
void multiply_tiles(const vec* inputs, const float* kernels, int planes, vec* sums, long sums_row) {
  vec s[C][T] = {};
  for (int p = 0; p < planes; p++, kernels += C, inputs += T)
    add_product<C, T>(inputs, 1, kernels, s);
#pragma GCC unroll 8
  for (int c = 0; c < C; c++)
#pragma GCC unroll 8
    for (int t = 0; t < T; t++) sums[c * sums_row + t] = s[c][t];
}

using Multiply = void (*)(const vec*, const float*, int, vec*, long);
template <int Tiles, int... I>
constexpr auto multiply_table(std::integer_sequence<int, I...>) {
  return std::array<Multiply, sizeof...(I)>{multiply_tiles<I / Tiles + 1, I % Tiles + 1>...};
}

} // namespace

template <int Side>
void transform_kernels(const float* g, long step, int n, vec (&u)[kFrequenciesOf<Side>]) {
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
  alignas(vec) float elements[9][kLanes] = {};
  for (int l = 0; l < n; l++)
    for (int k = 0; k < 9; k++) elements[k][l] = g[l * step + k];
  vec kernel[9], t[reads][3];
  for (int k = 0; k < 9; k++) kernel[k] = load(elements[k]);
  for (int x = 0; x < 3; x++) extend(kernel[x], kernel[3 + x], kernel[6 + x], t[0] + x, 3);
  for (int y = 0; y < reads; y++) extend(t[y][0], t[y][1], t[y][2], u + reads * y, 1);
}

template <int Side>
void turn_kernels(vec (&u)[kFrequenciesOf<Side>]) {
  // The turned kernel has the rows of G g G^T elsewhere, and columns: a point's are those of its
  // reciprocal, by its square.
  constexpr int reads = Side + 2;
  constexpr int turn[2][6] = {{3, 1, 2, 0}, {5, 3, 4, 1, 2, 0}};
  constexpr float scale[2][6] = {{1, 1, 1, 1}, {1, -2, -2, -0.5f, -0.5f, 1}};
  const auto& from = turn[Side == 4];
  const auto& by = scale[Side == 4];
  vec turned[kFrequenciesOf<Side>];
  for (int y = 0; y < reads; y++)
    for (int x = 0; x < reads; x++)
      turned[reads * y + x] = by[y] * by[x] * u[reads * from[y] + from[x]];
  std::copy(turned, turned + kFrequenciesOf<Side>, u);
}

template <int Side>
TileConvolution<Side>::TileConvolution(int planes, int channels, int rows, int columns)
    : planes_(planes), chunks_(channels, kChunkChannels) {
  const long fit = kBandBytes / static_cast<long>(kCount * planes * sizeof(vec));
  const int most =
      static_cast<int>(std::clamp<long>(fit / kTiles * kTiles, kLeastBandTiles, kMostBandTiles));
  const Runs across(columns, most), down(rows, std::max(1, most / across.largest()));
  for (int j = 0; j < down.count; j++)
    for (int i = 0; i < across.count; i++)
      bands_.push_back({down.begin(j), across.begin(i), down.size(j), across.size(i)});
  most_height_ = down.largest();
  most_width_ = across.largest();
  const long tiles = static_cast<long>(most_height_) * most_width_;
  input_stride_ = frequency_stride(planes * tiles, kCount);
  sums_stride_ = frequency_stride(chunks_.largest() * tiles, kCount);
  // An odd number of cache lines apart: a kernel is written to all frequencies at once.
  kernel_stride_ = ((static_cast<long>(channels) * planes + 15) / 16 | 1) * 16;
  kernels_.resize(kCount * kernel_stride_ / kLanes);
  for (int chunk = 0; chunk < chunks_.count; chunk++) {
    const Runs groups(chunks_.size(chunk), kChannels);
    for (int g = 0; g < groups.count; g++)
      for (int c = 0; c < groups.size(g); c++) {
        const long first = chunks_.begin(chunk) + groups.begin(g);
        place_.push_back(first * planes + c);
        group_.push_back(groups.size(g));
        left_.push_back(groups.size(g) - c);
      }
  }
}

template <int Side>
void TileConvolution<Side>::set_kernels(int channel, int n, int plane, const vec (&u)[kCount]) {
  struct Piece { // of a register tile
    int first, size;
    float* to;
  };
  Piece pieces[kLanes];
  int count = 0;
  for (int l = 0; l < n; count++) {
    const int c = channel + l, size = std::min(left_[c], n - l);
    pieces[count] = {l, size, kernels() + place_[c] + static_cast<long>(plane) * group_[c]};
    l += size;
  }
  for (int f = 0; f < kCount; f++) {
    float lanes[kLanes];
    store(lanes, u[f]);
    for (int i = 0; i < count; i++) {
      const Piece& p = pieces[i];
      float* to = p.to + f * kernel_stride_;
      if (p.size == kChannels)
        std::memcpy(to, lanes + p.first, kChannels * sizeof(float));
      else
        std::copy(lanes + p.first, lanes + p.first + p.size, to);
    }
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
  const float* kernels = this->kernels();
  for (int f = 0; f < kCount; f++) {
    for (int g = 0; g < groups.count; g++) {
      const long at = groups.begin(g);
      for (int c = begin; c < end; c += group_[c])
        table[(group_[c] - 1) * kTiles + groups.size(g) - 1](
            inputs + at * planes_, kernels + place_[c], planes_,
            sums + static_cast<long>(c - begin) * tiles + at, tiles);
    }
    inputs += input_stride_;
    sums += sums_stride_;
    kernels += kernel_stride_;
  }
}

template void transform_kernels<2>(const float*, long, int, vec (&)[kFrequenciesOf<2>]);
template void turn_kernels<2>(vec (&)[kFrequenciesOf<2>]);
template class TileConvolution<2>;
#if !defined(__wasm__) // kSmallCode
template void transform_kernels<4>(const float*, long, int, vec (&)[kFrequenciesOf<4>]);
template void turn_kernels<4>(vec (&)[kFrequenciesOf<4>]);
template class TileConvolution<4>;
#endif

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
