// From vecs of channels to the order channel, row, column. May use ops.h.
#include <algorithm>

#include "ops.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace single {

void copy_flat(const Pass& pass, const Slot& slot, Shape shape, float* to) {
  const float* from = floats(pass, slot);
  const long step = pitch(slot);
  if (shape.height == 1 && shape.width == 1 && !slot.planes) {
    const Layout& layout = slot.value_layout;
    if (layout.plane == 1) { // flat already
      std::copy(from, from + shape.channels, to);
      return;
    }
  }
  for (int c = 0; c < shape.channels; c++)
    for (int y = 0; y < shape.height; y++) {
      const float* row = from + place(slot, c, y, 0);
      for (int x = 0; x < shape.width; x++) *to++ = row[x * step];
    }
}

namespace {

class Flatten final : public Op {
 public:
  explicit Flatten(const Step& step) : shape_(step.in) {}
  bool reads_planes() const override { return true; }
  void forward(Pass& pass) const override { copy_flat(pass, in, shape_, floats(pass, out)); }
  void backward(Pass&) const override {}

 private:
  const Shape shape_;
};

} // namespace

OpPointer make_flatten(const Step& step) { return std::make_unique<Flatten>(step); }

} // namespace single
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
