// The operations for one image, by name. What treats all channels alike is the operation over lanes
// of images with vecs of channels in their place: pooling, activations, dropout, sums.
#pragma once

#include <cstring>
#include <vector>

#include "network/channels/layout.h"
#include "network/ops.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {

// Whether parameters have changed since they were packed. To compare some thousand of them costs a
// tenth of packing them, and so a caller need not say when it has written into them.
class ChangeDetector {
 public:
  bool changed(const float* values, size_t count) {
    if (values_.size() == count && std::memcmp(values_.data(), values, count * sizeof(float)) == 0)
      return false;
    values_.assign(values, values + count);
    return true;
  }

 private:
  std::vector<float> values_;
};

OpPointer make_convolution(const Step&, const Fused&); // convolution.cpp: whichever suits
OpPointer make_channels(const Step&, const Fused&);    // convolution.cpp: lanes are channels
OpPointer make_rows(const Step&, const Fused&);        // rows.cpp: lanes are pixels of a row
bool suits_rows(const Step&, const Fused&);            // rows.cpp
OpPointer make_linear(const Step&, bool relu);         // linear.cpp
OpPointer make_rbf(const Step&);                       // linear.cpp
OpPointer make_scale(const Step&);                     // scale.cpp: affine, batch_norm
OpPointer make_flatten(const Step&);                   // flatten.cpp
OpPointer make_concat(const Step&);                    // concat.cpp

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
