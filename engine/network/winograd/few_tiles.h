// Winograd's F(4x4, 3x3) of many channels on maps of at most kFewTiles tiles, as those behind the
// last pooling of a network are. Transformed kernels are four times the kernels, and a block of
// images uses each for these few tiles only: to write them to memory and read them back would take
// longer than their products. So kernels stay as they are but for their order, and each row of
// their six by six frequencies is transformed anew for every block, kLanes channels at a time,
// right before its products: 60 cycles for kLanes kernels, beside 288 for the products of a tile.
//
// Budget: a row's transformed inputs and kernels (196 KB each for a tile and 512 planes, with
// AVX-512) stay in the second-level cache.
#pragma once

#include "network/winograd/winograd.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

inline constexpr int kFewTiles = 4; // of a map
constexpr int kFewFrequencies = kFrequenciesOf<4>;

// The kernels between channels and planes with channels in the lanes.
class LaneKernels {
 public:
  LaneKernels(int planes, int channels) : planes_(planes), channels_(channels) {}
  // From channel * planes + plane, for a share of the channels. Not shared the first time.
  void pack(const float* kernels, const Share& share);
  const vec* at(int channel_vec, int plane) const { // its nine elements
    return packed_.data() + 9 * (static_cast<long>(channel_vec) * planes_ + plane);
  }
  long packed_bytes() const { return 9L * vecs() * planes_ * static_cast<long>(sizeof(vec)); }
  int vecs() const { return blocks_of(channels_); }
  int planes() const { return planes_; }
  int channels() const { return channels_; }

 private:
  int planes_, channels_;
  std::vector<vec> packed_;
};

// The convolution of all planes into all channels; or, turned, of gradients of channels into those
// of planes. As TileConvolution, whose only band is the whole map.
class FewTilesConvolution {
 public:
  FewTilesConvolution(const LaneKernels& kernels, bool turned, int rows, int columns);
  long scratch() const { return kernels_at_ + 6L * row_kernels_; } // vecs
  int most_height() const { return band_.height; }
  int most_width() const { return band_.width; }

  template <class Source, class Epilogue>
  void run(Source source, long row, const Share& share, vec* scratch, Epilogue epilogue) const {
    const int tiles = band_.tiles();
    for (int p = 0; p < planes_; p++) {
      const vec* in = source(p, band_);
      for (int t = 0; t < tiles; t++)
        transform_tile<4>(in + 4 * (t / band_.width * row + t % band_.width), row,
                          scratch + static_cast<long>(p) * tiles + t, input_stride_);
    }
    const int chunks = blocks_of(channels_);
    const int first = share.begin(chunks), last = share.end(chunks);
    for (int i = 0; i < 6; i++)
      for (int chunk = first; chunk < last; chunk++) multiply(i, chunk, scratch);
    const vec* sums = scratch + sums_at_;
    for (int channel = first * kLanes; channel < std::min(last * kLanes, channels_); channel++)
      for (int t = 0; t < tiles; t++) {
        vec out[4][4];
        transform_output(sums + static_cast<long>(channel) * tiles + t, sums_stride_, out);
        epilogue(channel, t / band_.width, t % band_.width, out);
      }
  }

 private:
  void multiply(int row, int chunk, vec* scratch) const;

  const LaneKernels& kernels_;
  const bool turned_;
  const int planes_, channels_;
  const Band band_;
  long input_stride_, sums_stride_; // from one frequency to the next
  long row_kernels_;                // vecs of a frequency's kernels of a chunk of channels
  long sums_at_, kernels_at_;       // in scratch
};

// The gradient of the kernels, as KernelGradient: but for each kLanes planes and kChannelVecs of
// channels all frequencies are multiplied one after the other and transformed at once, so that what
// they amount to never leaves the second-level cache.
class FewTilesGradient {
 public:
  FewTilesGradient(int planes, int channels, int rows, int columns);
  long scratch() const { return sums_at_ + static_cast<long>(kFewFrequencies) * kLanes * kVecs; }

  template <class Input, class Delta>
  void run(Input input, long row, Delta delta, const Share& share, vec* scratch,
           float* gradient) const {
    for (int p = 0; p < planes_; p++)
      for (int t = 0; t < tiles_; t++)
        transform_tile<4>(input(p, t / columns_, t % columns_), row,
                          scratch + p / kLanes * group_ + (p % kLanes * tiles_ + t),
                          static_cast<long>(kLanes) * tiles_);
    const int vecs = blocks_of(channels_), chunks = (vecs + kVecs - 1) / kVecs;
    for (int c = share.begin(chunks); c < share.end(chunks); c++) {
      const int first = c * kVecs, count = std::min(kVecs, vecs - first);
      for (int v = 0; v < count; v++) transform_deltas(delta, first + v, v, count, scratch);
      for (int p = 0; p < planes_; p += kLanes) multiply(first, count, p, scratch, gradient);
    }
  }

 private:
  static constexpr int kVecs = 2; // of channels, of a register tile
  static constexpr int kPlanes = kAccumulators >= 24 ? 8 : 4;

  // A dy A^T of all tiles and a vec of channels, which come to lie in the lanes:
  // [frequency][tile][image][vec].
  template <class Delta>
  void transform_deltas(Delta delta, int channel_vec, int v, int vecs, vec* scratch) const {
    vec* to = scratch + deltas_at_ + v;
    const int channel = channel_vec * kLanes, channels = std::min(kLanes, channels_ - channel);
    for (int t = 0; t < tiles_; t++) {
      vec square[kFewFrequencies][kLanes] = {};
      for (int l = 0; l < channels; l++) {
        vec tile[4][4], half[4][6];
        delta(channel + l, t / columns_, t % columns_, tile);
        for (int x = 0; x < 4; x++) {
          const vec column[4] = {tile[0][x], tile[1][x], tile[2][x], tile[3][x]};
          points::transform_delta(column, half[x]);
        }
        for (int i = 0; i < 6; i++) {
          const vec across[4] = {half[0][i], half[1][i], half[2][i], half[3][i]};
          vec row[6];
          points::transform_delta(across, row);
          for (int j = 0; j < 6; j++) square[6 * i + j][l] = row[j];
        }
      }
      for (int f = 0; f < kFewFrequencies; f++) {
        transpose(square[f]);
        vec* at = to + (static_cast<long>(f) * tiles_ + t) * kLanes * vecs;
        for (int l = 0; l < kLanes; l++) at[l * vecs] = square[f][l];
      }
    }
  }

  void multiply(int channel_vec, int vecs, int plane, vec* scratch, float* gradient) const;

  int planes_, channels_, columns_, tiles_;
  long group_;               // vecs of kLanes planes' transformed inputs, frequency by frequency
  long deltas_at_, sums_at_; // in scratch
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
