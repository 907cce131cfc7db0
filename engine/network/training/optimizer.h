// One step of an optimizer on a range of the parameters, each on its own.
#pragma once

#include "network/step.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// Changes parameters[begin, end) and the optimizer's slots there: SGD's momentum in slots[0];
// Adam's running mean of the gradient in slots[0] and of its square in slots[1]. Slots start at
// zero and `step` counts from 1. Formulas: PyTorch's, with dampening 0.
void optimize(const Optimizer&, long begin, long end, const float* gradient, float* parameters,
              float* const* slots, double rate, long step);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
