// Products of the kernel gradient of Winograd's convolution; see gradient.h.
#include "network/winograd/gradient.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

constexpr long kInputBytes = 768 * 1024;
constexpr int kLeastTiles = 4; // of a band: sums are read and written once for each

} // namespace

KernelGradient::KernelGradient(int planes, int channels, int rows, int columns)
    : planes_(planes), channels_(channels), columns_(columns), channel_vecs_(blocks_of(channels)),
      chunks_(channel_vecs_, kChannelVecs),
      bands_(rows * columns,
             static_cast<int>(std::max<long>(
                 kLeastTiles, kInputBytes / (6L * planes * static_cast<long>(sizeof(vec)))))) {
  constexpr long line = std::max<long>(1, 64 / sizeof(vec));
  plane_ = ((bands_.largest() + line - 1) / line | 1) * line; // planes in different sets of a cache
  input_stride_ = frequency_stride(planes * plane_, 6);
  delta_stride_ = frequency_stride(static_cast<long>(kRunTiles) * kLanes * kChannelVecs, 6);
  sum_stride_ = frequency_stride(static_cast<long>(planes) * kChannelVecs, 6);
}

// Sums lie [frequency][plane][vec of channels].
void KernelGradient::multiply(vec* scratch, int chunk, int first, int tiles, bool add) const {
  const vec *inputs = scratch + first, *deltas = scratch + 6 * input_stride_;
  vec* sums = scratch + 6 * (input_stride_ + delta_stride_);
  const int vecs = chunks_.size(chunk);
  const Runs groups(planes_, kPlanes);
  Reads reads;
  reads.pixel = plane_ * kLanes;
  reads.last_lanes = tiles * kLanes;
  for (int j = 0; j < 6; j++)
    for (int g = 0; g < groups.count; g++) {
      const long plane = groups.begin(g);
      const Products products{
          &reads,
          reinterpret_cast<const float*>(inputs + j * input_stride_ + plane * plane_),
          deltas + j * delta_stride_,
          sums + j * sum_stride_ + plane * vecs,
          1,
          add};
      ProductsOf<0>::at(vecs, groups.size(g))(products);
    }
}

void KernelGradient::keep_row(vec* scratch, int chunk, int row, bool add) const {
  const vec* sums = scratch + 6 * (input_stride_ + delta_stride_);
  const int vecs = chunks_.size(chunk);
  for (int v = 0; v < vecs; v++) {
    vec* to = rows_of(scratch, chunks_.begin(chunk) + v) + 3L * row;
    for (int p = 0; p < planes_; p++, to += 18) {
      vec u[6], k[3];
      for (int j = 0; j < 6; j++) u[j] = sums[j * sum_stride_ + static_cast<long>(p) * vecs + v];
      points::transform_gradient(u, k);
      for (int x = 0; x < 3; x++) to[x] = add ? to[x] + k[x] : k[x];
    }
  }
}

// As many planes as lanes make whole vecs of elements, once channels have been exchanged for them.
void add_kernels(vec* all, int planes, int channels, float* gradient, long channel_step) {
  const int elements = 9 * planes;
  for (int i = 0; i < elements; i += kLanes) {
    transpose(all + i);
    for (int l = 0; l < channels; l++) {
      float* to = gradient + l * channel_step + i;
      if (i + kLanes <= elements)
        store(to, load(to) + all[i + l]);
      else
        for (int k = 0; k < elements - i; k++) to[k] += all[i + l][k];
    }
  }
}

void KernelGradient::add_gradients(int channel_vec, const vec* rows, float* gradient) const {
  const int channel = channel_vec * kLanes, channels = std::min(kLanes, channels_ - channel);
  gradient += 9L * channel * planes_;
  for (int first = 0; first < planes_; first += kLanes) {
    const int planes = std::min(kLanes, planes_ - first);
    vec all[9 * kLanes] = {};
    for (int p = 0; p < planes; p++, rows += 18)
      for (int x = 0; x < 3; x++) {
        const vec u[6] = {rows[x],     rows[3 + x],  rows[6 + x],
                          rows[9 + x], rows[12 + x], rows[15 + x]};
        vec k[3];
        points::transform_gradient(u, k);
        for (int y = 0; y < 3; y++) all[9 * p + 3 * y + x] = k[y];
      }
    add_kernels(all, planes, channels, gradient + 9 * first, 9L * planes_);
  }
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
