// Which method computes a convolution over lanes of images: one ordered table of candidates, of
// which the first that does not decline is taken; each that declines says why.
#pragma once

#include <string>

#include "network/ops.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

struct BatchMethod {
  const char *name, *weights; // of the sums, forward and for the input's gradient; of the weights'
  OpPointer (*make)(const Step&, const Fused&);
  std::string others; // why not the other candidates
};
// Exact: direct sums only.
BatchMethod choose_batch_method(const Step&, const Fused&, bool exact);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
