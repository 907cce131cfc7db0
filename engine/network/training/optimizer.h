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

// By what a gradient is multiplied so that its norm is at most `most`, as PyTorch's
// clip_grad_norm_ does. The order of the sum depends on the number of threads only.
float clip_factor(const float* gradient, long count, float most, int threads);

// Moves averages[begin, end) towards `values` by the fraction 1 - min(decay, (1 + step) /
// (10 + step)); `step` counts from 1. The average is young at first: so it forgets how it began.
void average(long begin, long end, const float* values, float* averages, float decay, long step);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
