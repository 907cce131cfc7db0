// Definition: concat.
// Test: tests/engine/network/test_forward.py.
//
// Two values side by side along the channels: the planes of the second behind those of the first.
#include "network/ops.h"
#include "network/rows.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

class Concat final : public Op {
 public:
  void forward(Pass& pass) const override {
    int first = 0;
    for (const Slot* part : {&in, &other}) {
      copy(pass.value(*part), part->value_layout, 0, pass.value(out), out.value_layout, first,
           part->shape);
      first += part->shape.channels;
    }
  }
  void backward(Pass& pass) const override {
    int first = 0;
    for (const Slot* part : {&in, &other}) {
      if (part->gradient >= 0)
        copy(pass.gradient_of(out), out.gradient_layout, first, pass.gradient_of(*part),
             part->gradient_layout, 0, part->shape);
      first += part->shape.channels;
    }
  }

 private:
  // `shape` from the channels at from_first to those at to_first.
  static void copy(const vec* from, const Layout& from_layout, int from_first, vec* to,
                   const Layout& to_layout, int to_first, Shape shape) {
    const Shape runs = merged_rows(shape, {&from_layout, &to_layout});
    for (int c = 0; c < runs.channels; c++)
      for (int r = 0; r < runs.height; r++) {
        const vec* x = from + from_layout.at(from_first + c, r, 0);
        std::copy(x, x + runs.width, to + to_layout.at(to_first + c, r, 0));
      }
  }
};

} // namespace

OpPointer make_concat(const Step&) { return std::make_unique<Concat>(); }

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
