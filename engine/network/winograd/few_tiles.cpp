// Order, transforms and products of few_tiles.h.
#include "network/winograd/few_tiles.h"

#include "network/products.h"
#include "network/winograd/gradient.h"

#if !defined(__wasm__) // kSmallCode
namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

// sums[c][t] = sum over planes of kernels * inputs[plane][t]. Kernels of a channel are
// `channel` floats from the next's; of the planes, `lanes` follow each other, floats `lane` apart,
// and then the next begin `block` floats on.
struct KernelPlaces {
  int planes, lanes;
  long lane, block;
};
template <int C, int T, int Channel>
void multiply_tiles(const vec* inputs, const float* kernels, const KernelPlaces& places,
                    vec* sums) {
  vec s[C][T] = {};
  for (int first = 0; first < places.planes; first += places.lanes, kernels += places.block) {
    const int lanes = std::min(places.lanes, places.planes - first);
    const float* at = kernels;
    for (int l = 0; l < lanes; l++, at += places.lane, inputs += T) {
      vec value[T];
#pragma GCC unroll 4
      for (int t = 0; t < T; t++) value[t] = inputs[t];
#pragma GCC unroll 16
      for (int c = 0; c < C; c++) {
        vec kernel = broadcast(at[c * Channel]);
        if constexpr (T > 1) keep(kernel);
#pragma GCC unroll 4
        for (int t = 0; t < T; t++) s[c][t] += kernel * value[t];
      }
    }
  }
#pragma GCC unroll 16
  for (int c = 0; c < C; c++)
#pragma GCC unroll 4
    for (int t = 0; t < T; t++) sums[c * T + t] = s[c][t];
}

// Channels of a register tile of `tiles` tiles: a power of two of sums, which hide latency.
constexpr int tile_channels(int tiles) {
  int channels = 1;
  while (2 * channels * tiles <= kAccumulators && 2 * channels <= kLanes) channels *= 2;
  return channels;
}

template <int T, int Channel>
void multiply_chunk(int channels, const vec* inputs, const float* kernels,
                    const KernelPlaces& places, vec* sums) {
  constexpr int C = tile_channels(T);
  int c = 0;
  for (; c + C <= channels; c += C)
    multiply_tiles<C, T, Channel>(inputs, kernels + c * Channel, places, sums + c * T);
  for (; c < channels; c++)
    multiply_tiles<1, T, Channel>(inputs, kernels + c * Channel, places, sums + c * T);
}
using MultiplyChunk = void (*)(int, const vec*, const float*, const KernelPlaces&, vec*);
template <int Channel>
constexpr MultiplyChunk kMultiply[kFewTiles] = {
    multiply_chunk<1, Channel>, multiply_chunk<2, Channel>, multiply_chunk<3, Channel>,
    multiply_chunk<4, Channel>};

// Row `row` of G: points::transform_kernel.
constexpr float kRows[6][3] = {{1, 0, 0},
                               {-2.0f / 3, -points::kRoot / 3, -1.0f / 3},
                               {-2.0f / 3, points::kRoot / 3, -1.0f / 3},
                               {1.0f / 6, points::kRoot / 6, 1.0f / 3},
                               {1.0f / 6, -points::kRoot / 6, 1.0f / 3},
                               {0, 0, 1}};

// Row `row` of G g G^T, a frequency every `stride` vecs; of the kernel turned half round.
template <bool Turned>
[[gnu::always_inline]] inline void transform_row(const vec* k, const vec (&g)[3], vec* to,
                                                 long stride) {
  vec across[3], t[6];
#pragma GCC unroll 3
  for (int x = 0; x < 3; x++) {
    const int column = Turned ? 2 - x : x;
    across[x] = Turned ? g[0] * k[6 + column] + g[1] * k[3 + column] + g[2] * k[column]
                       : g[0] * k[column] + g[1] * k[3 + column] + g[2] * k[6 + column];
  }
  points::transform_kernel(across[0], across[1], across[2], t);
#pragma GCC unroll 6
  for (int j = 0; j < 6; j++) to[j * stride] = t[j];
}

} // namespace

// A channel's kernels follow each other by plane and element: channels are exchanged for as many
// elements as a vec has lanes.
void LaneKernels::pack(const float* kernels, const Share& share) {
  const int elements = 9 * planes_;
  packed_.resize(static_cast<size_t>(elements) * vecs());
  for (int v = share.begin(vecs()); v < share.end(vecs()); v++) {
    const int channel = v * kLanes, channels = std::min(kLanes, channels_ - channel);
    vec* to = packed_.data() + static_cast<long>(v) * elements;
    for (int i = 0; i < elements; i += kLanes) {
      const int n = std::min(kLanes, elements - i);
      vec rows[kLanes] = {};
      for (int l = 0; l < channels; l++) {
        const float* from = kernels + static_cast<long>(channel + l) * elements + i;
        rows[l] = n == kLanes ? load(from) : load_some(from, n);
      }
      transpose(rows);
      std::copy(rows, rows + n, to + i);
    }
  }
}

FewTilesConvolution::FewTilesConvolution(const LaneKernels& kernels, bool turned, int rows,
                                         int columns)
    : kernels_(kernels), turned_(turned), planes_(turned ? kernels.channels() : kernels.planes()),
      channels_(turned ? kernels.planes() : kernels.channels()), band_{0, 0, rows, columns} {
  input_stride_ = frequency_stride(static_cast<long>(planes_) * band_.tiles(), kFewFrequencies);
  sums_stride_ = frequency_stride(static_cast<long>(channels_) * band_.tiles(), kFewFrequencies);
  row_kernels_ = turned ? static_cast<long>(kernels.vecs()) * kLanes : kernels.planes();
  sums_at_ = kFewFrequencies * input_stride_;
  kernels_at_ = sums_at_ + kFewFrequencies * sums_stride_;
}

// The sums of six frequencies for kLanes channels.
void FewTilesConvolution::multiply(int row, int chunk, vec* scratch) const {
  const int tiles = band_.tiles(), first = chunk * kLanes;
  const int channels = std::min(kLanes, channels_ - first);
  const vec g[3] = {broadcast(kRows[row][0]), broadcast(kRows[row][1]), broadcast(kRows[row][2])};
  vec* to = scratch + kernels_at_;
  KernelPlaces places{};
  places.planes = planes_;
  if (turned_) {
    for (int v = 0; v < kernels_.vecs(); v++)
      for (int c = 0; c < channels; c++)
        transform_row<true>(kernels_.at(v, first + c), g, to + static_cast<long>(v) * kLanes + c,
                            row_kernels_);
    places.lanes = kLanes;
    places.lane = 1;
    places.block = kLanes * kLanes;
  } else {
    for (int p = 0; p < planes_; p++)
      transform_row<false>(kernels_.at(chunk, p), g, to + p, row_kernels_);
    places.lanes = planes_;
    places.lane = kLanes;
  }
  const auto multiply = (turned_ ? kMultiply<kLanes> : kMultiply<1>)[tiles - 1];
  for (int j = 0; j < 6; j++) {
    const int f = 6 * row + j;
    multiply(channels, scratch + f * input_stride_,
             reinterpret_cast<const float*>(to + j * row_kernels_), places,
             scratch + sums_at_ + f * sums_stride_ + static_cast<long>(first) * tiles);
  }
}

FewTilesGradient::FewTilesGradient(int planes, int channels, int rows, int columns)
    : planes_(planes), channels_(channels), columns_(columns), tiles_(rows * columns) {
  group_ = static_cast<long>(kFewFrequencies) * kLanes * tiles_;
  deltas_at_ = blocks_of(planes) * group_;
  sums_at_ = deltas_at_ + static_cast<long>(kFewFrequencies) * tiles_ * kLanes * kVecs;
}

// Of kLanes planes, what lies behind the last of them included, which add_kernels leaves out.
void FewTilesGradient::multiply(int channel_vec, int vecs, int plane, vec* scratch,
                                float* gradient) const {
  const vec *inputs = scratch + plane / kLanes * group_, *deltas = scratch + deltas_at_;
  vec* sums = scratch + sums_at_;
  Reads reads;
  reads.pixel = static_cast<long>(tiles_) * kLanes;
  reads.last_lanes = tiles_ * kLanes;
  const auto product =
      tiles_ == 1 ? ProductsOf<kLanes>::at(vecs, kPlanes) : ProductsOf<0>::at(vecs, kPlanes);
  for (int f = 0; f < kFewFrequencies; f++)
    product({&reads,
             reinterpret_cast<const float*>(inputs + static_cast<long>(f) * kLanes * tiles_),
             deltas + static_cast<long>(f) * tiles_ * kLanes * vecs,
             sums + static_cast<long>(f) * kLanes * vecs, kLanes / kPlanes, false});
  const int planes = std::min(kLanes, planes_ - plane);
  for (int v = 0; v < vecs; v++) {
    vec all[9 * kLanes];
    for (int p = 0; p < kLanes; p++) {
      vec k[3][3];
      transform_frequencies(sums + p * vecs + v, static_cast<long>(kLanes) * vecs, k,
                            points::transform_gradient<vec>);
#pragma GCC unroll 9
      for (int i = 0; i < 9; i++) all[9 * p + i] = k[i / 3][i % 3];
    }
    const int channel = (channel_vec + v) * kLanes;
    add_kernels(all, planes, std::min(kLanes, channels_ - channel),
                gradient + 9L * (static_cast<long>(channel) * planes_ + plane), 9L * planes_);
  }
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
#endif
