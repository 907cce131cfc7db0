// The operations for one image, by name. What treats all channels alike is the operation over
// lanes of images with vecs of channels in their place: pooling, activations, dropout, sums.
// May use lanes/ops.h.
#pragma once

#include "../lanes/ops.h"
#include "place.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace single {

OpPointer make_convolution(const Step&, const Fused&); // convolution.cpp
OpPointer make_linear(const Step&, bool relu);         // linear.cpp
OpPointer make_rbf(const Step&);                       // linear.cpp
OpPointer make_scale(const Step&);                     // scale.cpp: affine, batch_norm
OpPointer make_flatten(const Step&);                   // flatten.cpp

} // namespace single
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
