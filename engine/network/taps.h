// The inner loops of every convolution. A convolution at one output pixel is a sum
// over *taps*: (input channel, kernel row, kernel column) as one offset in memory from the
// pixel, and one weight per output channel. Kernel size, dilation, groups, connection tables and
// strides are only different lists of offsets, so two loops serve them all:
//
//   sweep          out[c][y][x] = bias[c] + sum_k weight[k][c] * in[y][x + offset[k]]
//   sweep_weights  gradient[c][k] += sum_{y,x,lane} delta[c][y][x] * in[y][x + offset[k]]
//
// What a lane is decides what an Element of the input and a Weight are:
//
//   lane            Element  Weight
//   image           vec      float   a block of images (batch/)
//   output channel  float    vec     one image (channels/): `channels` counts vecs of them
//   channel         vec      vec     one image, every channel by itself: a depthwise convolution
//
// Budget of a register tile of C channels x X pixels (or taps): C*X fused multiply-adds for C + X
// loads; at two of either a cycle a tile is bound by arithmetic when C*X >= C + X, and C*X >= 8
// hides the latency of 4 cycles.
#pragma once

#include <cstddef>
#include <vector>

#include "network/layout.h"
#include "network/share.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

inline constexpr int kMostChannels = 6; // of a tile
inline constexpr int kMostPixels = 12;

// `whole` tiles of `size`, then one of `remainder` (0: none).
struct Split {
  int size = 1, whole = 0, remainder = 0;
};

// How to cut channels x pixels into tiles with the fewest cycles by the budget above; with few
// operands, so that V8 holds them all in registers.
struct Tiling {
  Split channels, pixels;
};
enum class Operands { any, few };
Tiling choose_tiling(int channels, int pixels, Operands operands = Operands::any);

// One axis of a convolution: output pixel p reads the elements p * step + reads[j] of the input,
// for each kernel element j, in ascending order. Only j in [begin[p], end[p]) lie inside the input;
// the others would read padding, and are left out.
struct Axis {
  Axis() = default;
  Axis(std::vector<int> reads, int step, int pixels, int size);
  std::vector<int> reads, begin, end;
  int elements() const { return static_cast<int>(reads.size()); }
};

template <class Element, class Weight>
struct Sweep {
  const Element* in;
  long in_row, in_step; // elements from one output row, or pixel, to the next
  vec* out;
  long out_plane, out_row, out_step;
  int first_row, height; // rows of the output, counted in the rows axis
  bool relu;
  // Filled in by TapConvolution. Taps are ordered by kernel row, kernel column, channel.
  const Axis *rows, *columns;
  int in_channels;               // input channels
  const std::ptrdiff_t* offsets; // bytes, one a tap
  const Weight* weights;         // [tap][channel of the tile]
  const Weight* bias;            // of the tile's channels, or nullptr
};

struct WeightSweep {
  const vec* in;
  long in_row, in_step;
  const vec* delta;
  long delta_plane, delta_row;
  const std::ptrdiff_t* offsets; // bytes, one a tap
  int height, width;
  float* gradient;
  long gradient_stride; // from one channel to the next
};
// Adds the gradients of all taps, for one tile of `channels` channels.
void sweep_weights(const WeightSweep&, int channels, const Split& taps);

// Output channels that read the same input channels, and where their weights begin.
struct Unit {
  int first = 0, channels = 0;
  std::vector<long> channel_offsets; // offset of each input channel, in elements
  // [channel][input channel][lane of the Weight]: offset into the parameters, or -1 for a zero.
  std::vector<long> weights;
};

// A convolution as units, with its weights packed tile by tile.
template <class Element, class Weight>
class TapConvolution {
 public:
  TapConvolution() = default;
  // The weight of kernel element (row, column) is elements[row * columns + column] behind its
  // channel's. The input's rows are row_stride pixels apart, and its pixels `pitch` elements.
  TapConvolution(std::vector<Unit> units, Axis rows, Axis columns,
                 const std::vector<long>& elements, long row_stride, long pitch = 1);
  void pack(const float* parameters, const Share& share = {}); // a share of the weights
  long packed_bytes() const { return packed_bytes_of(static_cast<long>(index_.size())); }
  static long packed_bytes_of(long weights) { // with the index of each
    return weights * static_cast<long>(sizeof(long) + sizeof(float));
  }
  // A share of the tiles. `bias` counts from channel 0, as `out` does.
  void run(Sweep<Element, Weight> sweep, const Weight* bias, const Share& share) const;
  // All rows, in bands of so many that their input of `in_channels` channels stays in the
  // second-level cache while the tiles pass over it. A share is some of the tiles, or of the rows.
  void run_bands(Sweep<Element, Weight> sweep, int in_channels, const Weight* bias,
                 const Share& share) const;
  // The same for a single tile; tiles are numbered through all units.
  struct Tile {
    int unit, first, channels; // first: the channel of the output
    long packed;               // where its weights begin
  };
  const std::vector<Tile>& tiles() const { return tiles_; }
  void run_tile(const Tile&, Sweep<Element, Weight> sweep, const Weight* bias) const;

 private:
  struct Taps { // of a unit
    int in_channels;
    std::vector<std::ptrdiff_t> offsets; // bytes
    Split pixels;
  };
  Axis rows_, columns_;
  std::vector<Taps> taps_;
  std::vector<Tile> tiles_;
  std::vector<int> index_; // of each packed weight in the parameters, or -1
  std::vector<Weight> packed_;
  static constexpr int kLanesOfWeight = sizeof(Weight) / sizeof(float);
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
