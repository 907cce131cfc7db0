// Definition: gate.
// Test: tests/engine/network/test_forward.py.
//
// A value multiplied by factors: one for each element, or one for all along some of its axes, as
// squeeze and excitation has one for each channel (J. Hu et al., 2017). Where lanes are channels, a
// single channel of factors lies in the first lane and is broadcast to the others.
#include "network/ops.h"
#include "network/rows.h"
#include "network/sums.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

class Gate final : public Op {
 public:
  Gate(const Step& step, bool first_lane)
      : first_lane_(first_lane && step.other_shape.channels < step.in.channels),
        channel_(step.other_shape.channels > 1), row_(step.other_shape.height > 1),
        column_(step.other_shape.width > 1) {}

  void forward(Pass& pass) const override {
    each_row([&](int c, int y) {
      const vec* x = pass.value(in) + in.value_layout.at(c, y, 0);
      const vec* s = factors(pass, c, y);
      vec* to = pass.value(out) + out.value_layout.at(c, y, 0);
      each_factor(s, [&](int i, vec factor) { to[i] = x[i] * factor; });
    });
  }

  void backward(Pass& pass) const override {
    if (in.gradient >= 0)
      each_row([&](int c, int y) {
        const vec* g = pass.gradient_of(out) + out.gradient_layout.at(c, y, 0);
        const vec* s = factors(pass, c, y);
        vec* to = pass.gradient_of(in) + in.gradient_layout.at(c, y, 0);
        each_factor(s, [&](int i, vec factor) { to[i] = g[i] * factor; });
      });
    if (other.gradient >= 0) factor_gradient(pass);
  }

 private:
  template <class F>
  void each_row(F f) const {
    for (int c = 0; c < out.shape.channels; c++)
      for (int y = 0; y < out.shape.height; y++) f(c, y);
  }
  // The factors of a row begin here; there is one if column_ is false.
  long factor_at(const Layout& layout, int c, int y) const {
    return layout.at(channel_ ? c : 0, row_ ? y : 0, 0);
  }
  const vec* factors(const Pass& pass, int c, int y) const {
    return pass.value(other) + factor_at(other.value_layout, c, y);
  }
  vec as_factor(vec s) const { return first_lane_ ? broadcast(s[0]) : s; }
  template <class F>
  void each_factor(const vec* s, F f) const {
    if (column_) {
      for (int i = 0; i < out.shape.width; i++) f(i, as_factor(s[i]));
    } else {
      const vec factor = as_factor(*s);
      for (int i = 0; i < out.shape.width; i++) f(i, factor);
    }
  }

  // Sums of gradient times input over the elements that a factor counts for.
  void factor_gradient(Pass& pass) const {
    const Layout& to = other.gradient_layout;
    vec* gradient = pass.gradient_of(other);
    clear_interior(gradient, to);
    for (int c = 0; c < out.shape.channels; c++) {
      CompensatedSum total[1]{}; // where a factor counts for a whole plane
      for (int y = 0; y < out.shape.height; y++) {
        const vec* x = pass.value(in) + in.value_layout.at(c, y, 0);
        const vec* g = pass.gradient_of(out) + out.gradient_layout.at(c, y, 0);
        vec* row = gradient + factor_at(to, c, y);
        if (column_) {
          for (int i = 0; i < out.shape.width; i++) row[i] += g[i] * x[i];
          continue;
        }
        add_blocks(out.shape.width, total, [&](int i, vec* sums) { sums[0] += g[i] * x[i]; });
        if (!row_ && y + 1 < out.shape.height) continue;
        *row += total[0].total();
        total[0] = {};
      }
    }
  }

  const bool first_lane_, channel_, row_, column_;
};

} // namespace

OpPointer make_gate(const Step& step, bool first_lane) {
  return std::make_unique<Gate>(step, first_lane);
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
