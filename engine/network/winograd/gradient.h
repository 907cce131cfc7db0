// The gradient of the kernels of Winograd's convolution: the sums over tiles of the transformed
// inputs times the transformed gradients, as winograd.h has them. One row of four frequencies at a
// time, so that what a product reads stays in the second-level cache.
#pragma once

#include "network/winograd/winograd.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

class KernelGradient {
 public:
  // The kernel between a channel and a plane has the index channel * planes + plane.
  KernelGradient(int planes, int channels, int rows, int columns);
  long scratch() const { // vecs
    return 4 * (input_stride_ + delta_stride_) + kFrequencies * sum_stride_;
  }

  // input(plane, tile row, tile column) says where a tile reads its plane, whose rows are `row`
  // vecs apart; delta(channel, tile row, tile column, dy) sets the gradient of a tile. Adds to
  // the kernels of a share of the channels at `gradient`.
  template <class Input, class Delta>
  void run(Input input, long row, Delta delta, const Share& share, vec* scratch,
           float* gradient) const {
    vec* sums = scratch + 4 * (input_stride_ + delta_stride_);
    std::fill(sums, sums + kFrequencies * sum_stride_, vec{});
    for (int b = 0; b < bands_.count; b++) {
      run_row<0>(input, row, delta, b, share, scratch, sums);
      run_row<1>(input, row, delta, b, share, scratch, sums);
      run_row<2>(input, row, delta, b, share, scratch, sums);
      run_row<3>(input, row, delta, b, share, scratch, sums);
    }
    auto kernels = [&](int chunk) { return static_cast<size_t>(chunks_.begin(chunk)) * planes_.n; };
    add_kernel_gradients(sums, sum_stride_, kernels_, kernels(share.begin(chunks_.count)),
                         kernels(share.end(chunks_.count)), gradient);
  }

 private:
  static constexpr int kChannels = 4; // of a register tile, as in winograd.h
  static constexpr int kPlanes = kAccumulators / kChannels;

  template <int Row, class Input, class Delta>
  void run_row(Input input, long row, Delta delta, int band, const Share& share, vec* scratch,
               vec* sums) const {
    vec *inputs = scratch, *deltas = scratch + 4 * input_stride_;
    for (int g = 0; g < planes_.count; g++)
      for (int p = planes_.begin(g); p < planes_.begin(g + 1); p++)
        each_tile(band, planes_.begin(g), p, planes_.size(g), [&](long at, int y, int x) {
          transform_input_row<Row>(input(p, y, x), row, inputs + at, input_stride_);
        });
    for (int c = share.begin(chunks_.count); c < share.end(chunks_.count); c++) {
      const int first = chunks_.begin(c);
      const Runs groups(chunks_.size(c), kChannels);
      for (int g = 0; g < groups.count; g++)
        for (int i = groups.begin(g); i < groups.begin(g + 1); i++)
          each_tile(band, groups.begin(g), i, groups.size(g), [&](long at, int y, int x) {
            vec tile[4];
            delta(first + i, y, x, tile);
            transform_delta_row<Row>(tile, 2, deltas + at, delta_stride_);
          });
      for (int f = 0; f < 4; f++)
        multiply(inputs + f * input_stride_, deltas + f * delta_stride_, c, bands_.size(band),
                 reinterpret_cast<float*>(sums + (4 * Row + f) * sum_stride_));
    }
  }

  // The tiles of a band: body(position, tile row, tile column). Things (planes or channels) lie as
  // the products read them: [group][tile][thing of the group].
  template <class Body>
  void each_tile(int band, int group_begin, int thing, int group, Body body) const {
    const int first = bands_.begin(band), tiles = bands_.size(band);
    long at = static_cast<long>(group_begin) * tiles + thing - group_begin;
    int y = first / columns_, x = first % columns_;
    for (int t = 0; t < tiles; t++, at += group) {
      body(at, y, x);
      if (++x == columns_) x = 0, y++;
    }
  }

  void multiply(const vec* inputs, const vec* deltas, int chunk, int tiles, float* sums) const;

  int columns_;
  Runs planes_; // in register tiles
  Runs chunks_; // of channels, whose transformed gradients stay in the second-level cache
  Runs bands_;  // of tiles
  long input_stride_, delta_stride_, sum_stride_;
  std::vector<int> kernels_; // the kernel of each sum: [chunk][planes][channels][channel][plane]
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
