// Where the elements of one image lie: lane l of vec (b, y, x) of a value is its channel b * kLanes
// + l, so that a flat value is a flat array of floats. Lanes beyond the last channel hold what the
// operations make of zeros, and are not read. The network's input may also be planar: planes
// of floats.
#pragma once

#include "network/op.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {

// A value's shape in vecs.
inline Shape stored(Shape s) { return {(s.channels + kLanes - 1) / kLanes, s.height, s.width}; }

// Offset of an element, in floats.
inline long element_offset(const Slot& slot, int c, int y, int x) {
  const Layout& layout = slot.value_layout;
  if (slot.planar) return layout.at(c, y, x);
  return layout.at(c / kLanes, y, x) * kLanes + c % kLanes;
}
// Floats from one pixel to the next.
inline long pitch(const Slot& slot) { return slot.planar ? 1 : kLanes; }

inline float* floats(const Pass& pass, const Slot& slot) {
  return reinterpret_cast<float*>(pass.value(slot));
}

// A value's elements in the order channel, row, column, without gaps.
void copy_flat(const Pass&, const Slot&, Shape, float* to); // flatten.cpp

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
