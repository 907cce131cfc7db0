// 3x3 convolutions with 2.25 times fewer multiplications: Winograd's F(2x2, 3x3), as in A. Lavin
// and S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, section 4.1. A tile
// of 2x2 outputs y is made of the 4x4 inputs d under it and of the kernel g:
//
//   y = A^T [ sum over planes (G g G^T) * (B^T d B) ] A,    * element by element
//
//         1  0 -1  0             1   0   0
//   B^T = 0  1  1  0        G = 1/2 1/2 1/2       A^T = 1  1  1  0
//         0 -1  1  0            1/2 -1/2 1/2            0  1 -1 -1
//         0  1  0 -1             0   0   1
//
// The sums for the 16 elements, here called frequencies, are 16 matrix products of channels x
// planes by planes x tiles: 4 multiplications for each output and plane instead of 9. As the map is
// linear, its gradients are the transposed maps: that of the inputs is again such a convolution,
// by the kernels turned half round; that of the kernels is
//
//   G^T [ sum over tiles (A dy A^T) * (B^T d B) ] G
//
// One image a lane makes each transform a few additions of whole registers.
//
// Tiles of Side 4 are F(4x4, 3x3): 2.25 multiplications for each output, over the points of
// points.h. Kernels have their gradients by tiles of 4 always (gradient.h).
#pragma once

#include <vector>

#include "network/ops.h"
#include "network/winograd/points.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// The side of the tiles that a convolution has in training; 0 where direct sums are quicker.
int winograd_side(const Step&, const Fused&); // convolution.cpp
// Why tiles of Side outputs are not taken, or nullptr.
template <int Side>
const char* declines_winograd(const Step&, const Fused&);
const char* declines_few_tiles(const Step&, const Fused&); // those of few_tiles.h

template <int Side>
inline constexpr int kFrequenciesOf = (Side + 2) * (Side + 2);

// The vecs from one frequency to the next, so that all fall into different sets of a cache.
inline long frequency_stride(long vecs, int frequencies) {
  constexpr long page = 4096 / sizeof(vec);
  return (vecs + page - 1) / page * page + std::max(1L, page / frequencies);
}

// Row I of B^T d B; the tile's first element is d.
template <int I>
inline void transform_input_row(const vec* d, long row, vec* to, long stride) {
  vec t[4];
#pragma GCC unroll 4
  for (int x = 0; x < 4; x++)
    t[x] = I == 0   ? d[x] - d[2 * row + x]
           : I == 1 ? d[row + x] + d[2 * row + x]
           : I == 2 ? d[2 * row + x] - d[row + x]
                    : d[row + x] - d[3 * row + x];
  to[0] = t[0] - t[2];
  to[stride] = t[1] + t[2];
  to[2 * stride] = t[2] - t[1];
  to[3 * stride] = t[1] - t[3];
}

// B^T d B; rows of d are `row` vecs apart, frequencies of the result `stride`.
template <int Side>
inline void transform_tile(const vec* d, long row, vec* to, long stride) {
  if constexpr (Side == 2) {
    transform_input_row<0>(d, row, to, stride);
    transform_input_row<1>(d, row, to + 4 * stride, stride);
    transform_input_row<2>(d, row, to + 8 * stride, stride);
    transform_input_row<3>(d, row, to + 12 * stride, stride);
  } else {
    vec half[6][6]; // [column][row transformed]
#pragma GCC unroll 6
    for (int x = 0; x < 6; x++) {
      vec column[6];
#pragma GCC unroll 6
      for (int y = 0; y < 6; y++) column[y] = d[y * row + x];
      points::transform_input(column, half[x]);
    }
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++) {
      vec across[6], t[6];
#pragma GCC unroll 6
      for (int x = 0; x < 6; x++) across[x] = half[x][i];
      points::transform_input(across, t);
#pragma GCC unroll 6
      for (int j = 0; j < 6; j++) to[(6 * i + j) * stride] = t[j];
    }
  }
}

// 6 x 6 frequencies, `stride` vecs apart, transformed by `one` along both axes.
template <int N, typename One>
inline void transform_frequencies(const vec* m, long stride, vec (&y)[N][N], One one) {
  vec half[6][N]; // [column of frequencies][row]
#pragma GCC unroll 6
  for (int j = 0; j < 6; j++) {
    vec column[6];
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++) column[i] = m[(6 * i + j) * stride];
    one(column, half[j]);
  }
#pragma GCC unroll 4
  for (int r = 0; r < N; r++) {
    vec across[6];
#pragma GCC unroll 6
    for (int j = 0; j < 6; j++) across[j] = half[j][r];
    one(across, y[r]);
  }
}

// y = A^T m A.
inline void transform_output(const vec* m, long stride, vec (&y)[4][4]) {
  transform_frequencies(m, stride, y, points::transform_output<vec>);
}
inline void transform_output(const vec* m, long stride, vec (&y)[2][2]) {
  vec t[2][4];
#pragma GCC unroll 4
  for (int x = 0; x < 4; x++) {
    vec a = m[x * stride], b = m[(4 + x) * stride], c = m[(8 + x) * stride],
        d = m[(12 + x) * stride];
    t[0][x] = a + b + c;
    t[1][x] = b - c - d;
  }
#pragma GCC unroll 2
  for (int i = 0; i < 2; i++) {
    y[i][0] = t[i][0] + t[i][1] + t[i][2];
    y[i][1] = t[i][1] - t[i][2] - t[i][3];
  }
}

// u = G g G^T of n <= kLanes kernels `step` floats apart, a kernel a lane.
template <int Side>
void transform_kernels(const float* g, long step, int n, vec (&u)[kFrequenciesOf<Side>]);
// From those of kernels to those of the same turned half round.
template <int Side>
void turn_kernels(vec (&u)[kFrequenciesOf<Side>]);

// n things in runs of at most `most`, as equal as possible: run i begins at thing begin(i).
struct Runs {
  int n, count;
  Runs(int things, int most) : n(things), count((things + most - 1) / most) {}
  int begin(int i) const { return static_cast<int>(static_cast<long>(n) * i / count); }
  int size(int i) const { return begin(i + 1) - begin(i); }
  int largest() const { return (n + count - 1) / count; }
};

// A rectangle of tiles.
struct Band {
  int y, x, height, width;
  int tiles() const { return height * width; }
};

// The convolution of `planes` planes into `channels` channels of rows x columns tiles.
template <int Side>
class TileConvolution {
 public:
  static constexpr int kCount = kFrequenciesOf<Side>;

  TileConvolution(int planes, int channels, int rows, int columns);
  // Sets the kernels between channels [channel, channel + n) and a plane to transform_kernels' u.
  void set_kernels(int channel, int n, int plane, const vec (&u)[kCount]);
  long packed_bytes() const { return static_cast<long>(kernels_.size() * sizeof(kernels_[0])); }
  long scratch() const { return kCount * (input_stride_ + sums_stride_); } // vecs
  // No band is larger.
  int most_height() const { return most_height_; }
  int most_width() const { return most_width_; }

  // source(plane, band) says where the band's first tile reads the plane, whose rows are `row`
  // vecs apart. Calls epilogue(channel, tile row, tile column, y) for every tile of a share of the
  // bands.
  template <class Source, class Epilogue>
  void run(Source source, long row, const Share& share, vec* scratch, Epilogue epilogue) const {
    vec* sums = scratch + kCount * input_stride_;
    const int count = static_cast<int>(bands_.size());
    for (int b = share.begin(count); b < share.end(count); b++) {
      const Band& band = bands_[b];
      Places places;
      arrange(band, row, places);
      for (int p = 0; p < planes_; p++)
        transform(source(p, band), row, p, places, band.tiles(), scratch);
      for (int c = 0; c < chunks_.count; c++) {
        multiply(scratch, c, band.tiles(), sums);
        const vec* m = sums;
        for (int channel = chunks_.begin(c); channel < chunks_.begin(c + 1); channel++)
          for (int y = band.y; y < band.y + band.height; y++)
            for (int x = band.x; x < band.x + band.width; x++, m++) {
              vec out[Side][Side];
              transform_output(m, sums_stride_, out);
              epilogue(channel, y, x, out);
            }
      }
    }
  }

 private:
  // A register tile of the products: channels x tiles sums. With 12 sums, 4 + 3 loads feed 12
  // multiply-adds; with 24, 8 + 3 feed 24, of which the 3 come from the second-level cache: 16
  // bytes a cycle. 4 + 6 would ask for twice as much, and the loop would wait for them.
  static constexpr int kChannels = kAccumulators >= 24 ? 8 : 4;
  static constexpr int kTiles = kAccumulators / kChannels;
  static constexpr int kMostBandTiles = 48;
  struct Place {
    long from, to; // in a plane, and in the transformed inputs of plane 0
    long step;     // from one plane to the next
  };
  using Places = Place[kMostBandTiles];

  void arrange(const Band&, long row, Places&) const;
  void transform(const vec* in, long row, int plane, const Places&, int tiles, vec* to) const;
  void multiply(const vec* inputs, int chunk, int tiles, vec* sums) const;

  float* kernels() { return reinterpret_cast<float*>(kernels_.data()); }
  const float* kernels() const { return reinterpret_cast<const float*>(kernels_.data()); }

  int planes_;
  std::vector<Band> bands_; // what is transformed together
  int most_height_, most_width_;
  Runs chunks_; // of channels: their sums are made together
  long input_stride_, sums_stride_;
  std::vector<vec> kernels_; // floats: [frequency][register tile of channels][plane][channel]
  long kernel_stride_;       // floats from one frequency to the next
  std::vector<long> place_;  // of each channel in a frequency's kernels
  std::vector<int> group_;   // channels in each channel's register tile
  std::vector<int> left_;    // ... from the channel on
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
