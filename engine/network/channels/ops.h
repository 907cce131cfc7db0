// The operations with channels in the lanes, by name. What treats all channels alike is the
// operation over lanes of images with vecs of channels in their place: pooling, activations,
// dropout, sums.
#pragma once

#include "network/channels/folding.h"
#include "network/channels/layout.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {

// Convolutions. Each that declines a step says why; methods.cpp chooses.
OpPointer make_dense(const Step&, const Following&); // dense.cpp: direct sums
const char* declines_dense(const Step&);
bool multiplies_bfloat16();                             // the processor
OpPointer make_bfloat16(const Step&, const Following&); // dense.cpp: its products in bfloat16
const char* declines_bfloat16(const Step&);
OpPointer make_winograd(const Step&, const Following&); // winograd.cpp
const char* declines_winograd(const Step&, const Following&);
OpPointer make_depthwise(const Step&, const Following&); // depthwise.cpp
const char* declines_depthwise(const Step&);
OpPointer make_separable(const Step&, const Following&); // separable.cpp: and the 1 x 1 behind it
const char* declines_separable(const Step&, const Following&);
OpPointer make_strassen(const Step&, const Following&); // separable.cpp: of fewer products
const char* declines_strassen(const Step&, const Following&);
OpPointer make_rows(const Step&, const Following&); // rows.cpp: lanes are pixels of a row
const char* declines_rows(const Step&, const Following&);
OpPointer make_taps(const Step&, const Following&); // convolution.cpp: any connections

OpPointer make_linear(const Step&, const Following&); // linear.cpp: takes activations along
OpPointer make_rbf(const Step&);                      // linear.cpp
OpPointer make_scale(const Step&);                    // scale.cpp: affine, batch_norm
OpPointer make_flatten(const Step&);                  // flatten.cpp
OpPointer make_concat(const Step&);                   // concat.cpp
// in_block.cpp: what is done over lanes of images, for one image
OpPointer make_in_block(const Step&, OpPointer);

// One pooled row from the pool_h rows of `width` vecs at `rows`.
inline void pool_row(const vec* rows, const Fused& fused, int width, vec* best) {
  const int ph = fused.pool_h, pw = fused.pool_w;
  if (ph == 2 && pw == 2) {
    for (int x = 0; x < fused.pooled.width; x++, rows += 2)
      best[x] = maximum_or_nan(maximum_or_nan(rows[0], rows[1]),
                               maximum_or_nan(rows[width], rows[width + 1]));
    return;
  }
  for (int x = 0; x < fused.pooled.width; x++, rows += pw) {
    vec most = rows[0];
    for (int j = 0; j < ph; j++)
      for (int i = 0; i < pw; i++) {
        vec next = rows[static_cast<long>(j) * width + i];
        most = maximum_or_nan(most, next);
      }
    best[x] = most;
  }
}

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
