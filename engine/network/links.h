// What convolutions of every kind derive from their step: which input channels feed an output
// channel, and which elements its windows read.
#pragma once

#include <vector>

#include "network/step.h"
#include "network/taps.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// An input channel that feeds an output channel, and where its weights begin in the parameters.
struct Link {
  int channel;
  long weights;
};
// Of each output channel, by ascending input channel.
std::vector<std::vector<Link>> links_of(const Step&);

// The zeros that its windows read around the input.
Halo halo_of(const Step&);

Axis row_axis(const Step&);
Axis column_axis(const Step&);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
