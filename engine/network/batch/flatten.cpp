// Definition: flatten.
// Test: tests/engine/network/test_forward.py.
//
// Flatten: the same elements, one behind the other, without halo or gaps. Fork: one value read by
// several.
#include "network/ops.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

class Flatten final : public Op {
 public:
  void forward(Pass& pass) const override {
    vec* to = pass.value(out);
    each_row([&](int c, int y, long n) {
      const vec* from = pass.value(in) + in.value_layout.at(c, y, 0);
      std::copy(from, from + n, to);
      to += n;
    });
  }
  void backward(Pass& pass) const override {
    if (in.gradient < 0) return;
    const vec* from = pass.gradient_of(out);
    each_row([&](int c, int y, long n) {
      std::copy(from, from + n, pass.gradient_of(in) + in.gradient_layout.at(c, y, 0));
      from += n;
    });
  }

 private:
  template <typename F>
  void each_row(F row) const {
    for (int c = 0; c < in.shape.channels; c++)
      for (int y = 0; y < in.shape.height; y++) row(c, y, in.shape.width);
  }
};

// `in` is what the producer wrote; `out` and `other` are the same memory under two names, with
// gradients of their own, which are added.
class Fork final : public Op {
 public:
  bool shares() const override { return true; }
  bool gradient_in_place() const override { return true; }
  void forward(Pass&) const override {}
  void backward(Pass& pass) const override {
    if (in.gradient < 0) return;
    const int channels = in.shape.channels;
    for (int c = pass.share.begin(channels); c < pass.share.end(channels); c++)
      for (int y = 0; y < in.shape.height; y++) {
        const vec* a = pass.gradient_of(out) + out.gradient_layout.at(c, y, 0);
        const vec* b = pass.gradient_of(other) + other.gradient_layout.at(c, y, 0);
        vec* to = pass.gradient_of(in) + in.gradient_layout.at(c, y, 0);
        for (int x = 0; x < in.shape.width; x++) to[x] = a[x] + b[x];
      }
  }
};

} // namespace

OpPointer make_flatten(const Step&) { return std::make_unique<Flatten>(); }
OpPointer make_fork() { return std::make_unique<Fork>(); }

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
