// The forward pass of every convolution by taps, of a batch or of one image: in bands of rows, or,
// with max pooling, one band of a pooling window's rows at a time, which are pooled while they are
// in the first-level cache.
#pragma once

#include "network/ops.h"
#include "network/taps.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// Vecs that convolve needs while it runs.
inline long convolution_scratch(const Step& s, const Fused& fused) {
  return fused.max_pool ? static_cast<long>(kMostChannels) * fused.pool_h * s.out.width : 0;
}

// pitch: elements from one pixel of the input to the next. pool(channel, y, rows) makes row y of a
// pooled channel of the pool_h rows of s.out.width vecs at `rows`.
template <class Element, class Weight, class Pool>
void convolve(const Step& s, const Fused& fused, const Slot& in, const Slot& out, const Pass& pass,
              const TapConvolution<Element, Weight>& taps, long pitch, const Weight* bias,
              Pool pool) {
  const Layout &from = in.value_layout, &to = out.value_layout;
  const Element* source = reinterpret_cast<const Element*>(pass.value(in)) + from.origin * pitch;
  Sweep<Element, Weight> sweep{};
  sweep.in_row = s.stride_y * from.row * pitch;
  sweep.in_step = s.stride_x * pitch;
  sweep.out_step = 1;
  if (!fused.max_pool) {
    sweep.out_plane = to.plane;
    sweep.out_row = to.row;
    sweep.relu = fused.relu;
    sweep.in = source;
    sweep.out = pass.value(out) + to.at(0, 0, 0);
    return taps.run_bands(sweep, in.shape.channels, bias, pass.share);
  }
  sweep.out_row = s.out.width;
  sweep.out_plane = static_cast<long>(fused.pool_h) * s.out.width;
  sweep.out = pass.scratch;
  sweep.height = fused.pool_h;
  const int height = fused.pooled.height, count = static_cast<int>(taps.tiles().size());
  const bool by_tiles = pass.share.divides(count);
  const Share tiles = by_tiles ? pass.share : Share{}, rows = by_tiles ? Share{} : pass.share;
  for (int y = rows.begin(height); y < rows.end(height); y++) {
    sweep.first_row = y * fused.pool_h;
    sweep.in = source + sweep.first_row * sweep.in_row;
    for (int i = tiles.begin(count); i < tiles.end(count); i++) {
      const auto& tile = taps.tiles()[i];
      taps.run_tile(tile, sweep, bias);
      for (int c = 0; c < tile.channels; c++)
        pool(tile.first + c, y, pass.scratch + c * sweep.out_plane);
    }
  }
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
