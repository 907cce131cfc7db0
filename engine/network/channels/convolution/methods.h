// Which method computes a convolution with channels in the lanes: one ordered table of candidates
// with a cost for each, in cycles of a core for an image; each that declines says why.
#pragma once

#include <string>
#include <vector>

#include "network/channels/ops.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {

struct Method {
  const char* axis = "channels"; // what lies in the lanes
  const char* name = "";         // where there is a choice, or one way worth a name
  double cycles = 0;             // for an image, where `images` go through it together
  int together = 1;              // images that it wants side by side
  bool sums_along = false;       // whether it takes the sum with another value along, ...
  bool activates = false;        // ... and activations other than ReLU
  OpPointer (*make)(const Step&, const Following&) = nullptr;
  std::string others; // why not the other candidates
};
// Which methods may round: none but direct sums; all in float32; products in bfloat16 as well.
enum class Rounding { exact, usual, bfloat16 };
Method choose_method(const Step&, const Following&, int images, Rounding);

// Cycles of what is not a convolution, and of a whole network with images in the lanes, `images` of
// them to a thread: for an image.
double other_cycles(const Step&);
double images_axis_cycles(const std::vector<Step>&, int images);

// Cycles of this machine in a second, in which a core starts two multiply-adds each.
double cycles_per_second();

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
