// Definition: flatten.
// Test: tests/engine/network/channels/test_predictor.py.
//
// From vecs of channels to the order channel, row, column.
#include <algorithm>

#include "network/channels/ops.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {

namespace {

// The elements of the planes are one run each: kLanes of them at a time, a vec of channels each,
// become a vec of elements for each channel. The last ones overlap.
void transpose_flat(const vec* from, const Layout& layout, const Shape& shape, float* to) {
  const long elements = static_cast<long>(shape.height) * shape.width;
  for (int first = 0; first < shape.channels; first += kLanes) {
    const int channels = std::min(kLanes, shape.channels - first);
    const vec* plane = from + layout.at(first / kLanes, 0, 0);
    for (long at = 0;; at += kLanes) {
      at = std::min(at, elements - kLanes);
      vec square[kLanes];
#pragma GCC unroll 16
      for (int l = 0; l < kLanes; l++) square[l] = plane[at + l];
      transpose(square);
#pragma GCC unroll 16
      for (int l = 0; l < kLanes; l++)
        if (l < channels) store(to + (first + l) * elements + at, square[l]);
      if (at == elements - kLanes) break;
    }
  }
}

} // namespace

void copy_flat(const Pass& pass, const Slot& slot, Shape shape, float* to) {
  const float* from = floats(pass, slot);
  const Layout& layout = slot.value_layout;
  if (!slot.planar) {
    if (layout.plane == 1) { // flat already
      std::copy(from, from + shape.channels, to);
      return;
    }
    if (layout.row == shape.width && shape.height * shape.width >= kLanes)
      return transpose_flat(pass.value(slot), layout, shape, to);
  }
  const long step = pitch(slot);
  for (int c = 0; c < shape.channels; c++)
    for (int y = 0; y < shape.height; y++) {
      const float* row = from + element_offset(slot, c, y, 0);
      for (int x = 0; x < shape.width; x++) *to++ = row[x * step];
    }
}

namespace {

class Flatten final : public Op {
 public:
  explicit Flatten(const Step& step) : shape_(step.in) {}
  bool reads_planar() const override { return true; }
  void forward(Pass& pass) const override { copy_flat(pass, in, shape_, floats(pass, out)); }
  void backward(Pass&) const override {}

 private:
  const Shape shape_;
};

} // namespace

OpPointer make_flatten(const Step& step) { return std::make_unique<Flatten>(step); }

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
