// The gradient of the kernels of Winograd's convolution over tiles of 4 x 4 outputs, the transposed
// map (winograd.h):
//
//   G^T [ sum over tiles and images (A dy A^T) * (B^T d B) ] G
//
// Each frequency's sum is a product of matrices, channels x (tiles, images) by (tiles, images) x
// planes, with output channels in the lanes: the transformed gradients are transposed, the
// transformed inputs broadcast from where they lie. With images in the lanes there too, each sum
// would have to be added up over lanes, which costs as much as 8 tiles.
//
// One row of six frequencies at a time: then the transformed inputs of all planes (kInputBytes)
// stay in the second-level cache while the channels pass over them, kChannelVecs at a time, and so
// do the sums of these. What a row amounts to in a kernel's three columns is kept until the last.
#pragma once

#include "network/products.h"
#include "network/winograd/winograd.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// Adds the gradients of kernels, all[9 * plane + element] with channels in the lanes, to where a
// channel's follow each other by plane and element. Of at most kLanes planes; 9 * kLanes vecs of
// `all` are overwritten.
void add_kernels(vec* all, int planes, int channels, float* gradient, long channel_step);

class KernelGradient {
 public:
  // Of `rows` x `columns` tiles. The kernel between a channel and a plane has the index
  // channel * planes + plane.
  KernelGradient(int planes, int channels, int rows, int columns);
  long scratch() const { // vecs
    return 6 * (input_stride_ + delta_stride_ + sum_stride_) + 18L * planes_ * channel_vecs_;
  }

  // input(plane, tile row, tile column) says where a tile reads its plane, whose rows are `row`
  // vecs apart; delta(channel, tile row, tile column, dy) sets the gradient of a tile. Adds to
  // the kernels of a share of the channels at `gradient`.
  template <class Input, class Delta>
  void run(Input input, long row, Delta delta, const Share& share, vec* scratch,
           float* gradient) const {
    for (int b = 0; b < bands_.count; b++) {
      run_row<0>(input, row, delta, b, share, scratch);
      run_row<1>(input, row, delta, b, share, scratch);
      run_row<2>(input, row, delta, b, share, scratch);
      run_row<3>(input, row, delta, b, share, scratch);
      run_row<4>(input, row, delta, b, share, scratch);
      run_row<5>(input, row, delta, b, share, scratch);
    }
    for (int c = share.begin(chunks_.count); c < share.end(chunks_.count); c++)
      for (int v = chunks_.begin(c); v < chunks_.begin(c + 1); v++)
        add_gradients(v, rows_of(scratch, v), gradient);
  }

 private:
  static constexpr int kChannelVecs = 2; // of a register tile
  static constexpr int kPlanes = std::min(kMostValues, kAccumulators / kChannelVecs);
  static constexpr int kRunTiles = 128 / kLanes; // whose gradients are transposed together

  template <int Row, class Input, class Delta>
  void run_row(Input input, long row, Delta delta, int band, const Share& share,
               vec* scratch) const {
    vec* inputs = scratch;
    const int first = bands_.begin(band), tiles = bands_.size(band);
    for (int p = 0; p < planes_; p++)
      for (int t = 0; t < tiles; t++)
        transform_input<Row>(input(p, (first + t) / columns_, (first + t) % columns_), row,
                             inputs + p * plane_ + t);
    const Runs runs(tiles, kRunTiles);
    for (int c = share.begin(chunks_.count); c < share.end(chunks_.count); c++) {
      for (int r = 0; r < runs.count; r++) {
        transform_deltas<Row>(delta, c, first + runs.begin(r), runs.size(r),
                              scratch + 6 * input_stride_);
        multiply(scratch, c, runs.begin(r), runs.size(r), r > 0);
      }
      keep_row(scratch, c, Row, band > 0);
    }
  }

  // Row Row of B^T d B, a frequency every input_stride_.
  template <int Row>
  void transform_input(const vec* d, long row, vec* to) const {
    vec half[6], t[6];
#pragma GCC unroll 6
    for (int x = 0; x < 6; x++) {
      vec column[6], all[6];
#pragma GCC unroll 6
      for (int y = 0; y < 6; y++) column[y] = d[y * row + x];
      points::transform_input(column, all);
      half[x] = all[Row];
    }
    points::transform_input(half, t);
#pragma GCC unroll 6
    for (int j = 0; j < 6; j++) to[j * input_stride_] = t[j];
  }

  // Row Row of A dy A^T of `tiles` tiles and a chunk of channels, which come to lie in the lanes:
  // [frequency][tile][image][vec].
  template <int Row, class Delta>
  void transform_deltas(Delta delta, int chunk, int first, int tiles, vec* to) const {
    const int vecs = chunks_.size(chunk);
    for (int v = 0; v < vecs; v++) {
      const int channel = (chunks_.begin(chunk) + v) * kLanes;
      const int channels = std::min(kLanes, channels_ - channel);
      for (int t = 0; t < tiles; t++) {
        vec square[6][kLanes] = {};
        for (int l = 0; l < channels; l++) {
          vec tile[4][4], half[4], row[6];
          delta(channel + l, (first + t) / columns_, (first + t) % columns_, tile);
#pragma GCC unroll 4
          for (int x = 0; x < 4; x++) {
            const vec column[4] = {tile[0][x], tile[1][x], tile[2][x], tile[3][x]};
            vec all[6];
            points::transform_delta(column, all);
            half[x] = all[Row];
          }
          points::transform_delta(half, row);
#pragma GCC unroll 6
          for (int j = 0; j < 6; j++) square[j][l] = row[j];
        }
        for (int j = 0; j < 6; j++) {
          transpose(square[j]);
          vec* at = to + j * delta_stride_ + (static_cast<long>(t) * kLanes) * vecs + v;
#pragma GCC unroll 16
          for (int l = 0; l < kLanes; l++) at[l * vecs] = square[j][l];
        }
      }
    }
  }

  void multiply(vec* scratch, int chunk, int first, int tiles, bool add) const;
  void keep_row(vec* scratch, int chunk, int row, bool add) const;
  void add_gradients(int channel_vec, const vec* rows, float* gradient) const;
  // What was kept of a vec of channels: [plane][row][column of the kernel].
  vec* rows_of(vec* scratch, int channel_vec) const {
    return scratch + 6 * (input_stride_ + delta_stride_ + sum_stride_) +
           18L * planes_ * channel_vec;
  }

  int planes_, channels_, columns_, channel_vecs_;
  Runs chunks_; // of vecs of channels: those of a register tile
  Runs bands_;  // of tiles, whose transformed inputs stay in the second-level cache
  long plane_;  // vecs from one plane's transformed inputs to the next's
  long input_stride_, delta_stride_, sum_stride_; // from one frequency to the next
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
