// Definition: relu, leaky_relu, tanh, scaled_tanh, sigmoid, gelu, silu, dropout, affine, add.
// Test: tests/engine/network/test_forward.py.
//
// Elementwise operations: activations (relu6, hard_sigmoid and hard_swish too), dropout, the sum of
// two values, and a weight and bias per channel.
#include <stdexcept>
#include <type_traits>

#include "network/ops.h"
#include "network/rows.h"
#include "vector_math.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

// ---- activations: value(x), and slope(x, y) = dy/dx from whichever of x and y is cheaper -----

struct Relu {
  // Zero first: maximum(0, NaN) is NaN, so that a lost training is noticed.
  vec value(vec x) const { return maximum(vec{}, x); }
  vec gradient(vec g, vec, vec y) const { return select(y > vec{}, g, vec{}); }
};

struct LeakyRelu {
  float slope;
  vec value(vec x) const { return select(x > vec{}, x, x * broadcast(slope)); }
  vec gradient(vec g, vec x, vec) const { return select(x > vec{}, g, g * broadcast(slope)); }
};

// NaN passes through both: it is the second operand.
inline vec clipped_to_6(vec x) { return minimum(broadcast(6.0f), maximum(vec{}, x)); }

struct Relu6 {
  vec value(vec x) const { return clipped_to_6(x); }
  vec gradient(vec g, vec, vec y) const {
    return select((y > vec{}) & (y < broadcast(6.0f)), g, vec{});
  }
};

struct HardSigmoid {
  vec value(vec x) const { return clipped_to_6(x + broadcast(3.0f)) * broadcast(1.0f / 6); }
  vec gradient(vec g, vec x, vec) const {
    const ivec inside = (x > broadcast(-3.0f)) & (x < broadcast(3.0f));
    return select(inside, g * broadcast(1.0f / 6), vec{});
  }
};

struct HardSwish {
  vec value(vec x) const { return x * HardSigmoid{}.value(x); }
  vec gradient(vec g, vec x, vec) const {
    const vec slope = x * broadcast(1.0f / 3) + broadcast(0.5f);
    const vec inside = select(x < broadcast(3.0f), slope, broadcast(1.0f));
    return g * select(x > broadcast(-3.0f), inside, vec{});
  }
};

struct Tanh {
  vec value(vec x) const { return tanh(x); }
  vec gradient(vec g, vec, vec y) const { return g - g * (y * y); }
};

// 1.7159 tanh(2x/3): f(1) = 1, f(-1) = -1, and the second derivative is largest there
// (Y. LeCun et al., Gradient-based learning applied to document recognition, 1998, appendix A).
struct ScaledTanh {
  static constexpr float kAmplitude = 1.7159f, kRate = 2.0f / 3.0f;
  vec value(vec x) const { return broadcast(kAmplitude) * tanh(broadcast(kRate) * x); }
  vec gradient(vec g, vec, vec y) const {
    return g * (broadcast(kAmplitude * kRate) - broadcast(kRate / kAmplitude) * (y * y));
  }
};

struct Sigmoid {
  vec value(vec x) const { return sigmoid(x); }
  vec gradient(vec g, vec, vec y) const { return g * (y - y * y); }
};

// x P(X <= x) for a standard normal X.
struct Gelu {
  static vec probability(vec x) {
    return broadcast(0.5f) + broadcast(0.5f) * erf(broadcast(0.707106781186547524f) * x);
  }
  vec value(vec x) const { return x * probability(x); }
  vec gradient(vec g, vec x, vec) const {
    // 1 / sqrt(2 pi)
    vec density = broadcast(0.398942280401432678f) * exp(broadcast(-0.5f) * x * x);
    return g * (probability(x) + x * density);
  }
};

struct Silu {
  vec value(vec x) const { return x * sigmoid(x); }
  vec gradient(vec g, vec x, vec) const {
    vec s = sigmoid(x);
    return g * (s + x * (s - s * s));
  }
};

template <class Function>
class Activation final : public Op {
 public:
  explicit Activation(Function f) : function_(f) {}

  bool shares() const override { return true; }
  bool gradient_in_place() const override { return true; }

  void forward(Pass& pass) const override {
    const Layout &from = in.value_layout, &to = out.value_layout;
    const Shape runs = merged_planes(pass.share, out.shape, {&from, &to});
    for (int c = pass.share.begin(runs.channels); c < pass.share.end(runs.channels); c++)
      for (int r = 0; r < runs.height; r++) {
        const vec* x = pass.value(in) + from.at(c, r, 0);
        vec* y = pass.value(out) + to.at(c, r, 0);
        for (int i = 0; i < runs.width; i++) y[i] = function_.value(x[i]);
      }
  }

  void backward(Pass& pass) const override {
    if (in.gradient < 0) return;
    const Layout &xs = in.value_layout, &ys = out.value_layout;
    const Layout &from = out.gradient_layout, &to = in.gradient_layout;
    const Shape runs = merged_planes(pass.share, out.shape, {&xs, &ys, &from, &to});
    for (int c = pass.share.begin(runs.channels); c < pass.share.end(runs.channels); c++)
      for (int r = 0; r < runs.height; r++) {
        const vec* x = pass.value(in) + xs.at(c, r, 0);
        const vec* y = pass.value(out) + ys.at(c, r, 0);
        const vec* g = pass.gradient_of(out) + from.at(c, r, 0);
        vec* result = pass.gradient_of(in) + to.at(c, r, 0);
        for (int i = 0; i < runs.width; i++) result[i] = function_.gradient(g[i], x[i], y[i]);
      }
  }

 private:
  Function function_;
};

// One row for each activation: what makes the operation, and what changes values where they lie.
struct Made {
  OpPointer (*op)(float slope);
  Activate in_place;
};
template <class Function>
Function function_of([[maybe_unused]] float slope) {
  if constexpr (std::is_same_v<Function, LeakyRelu>)
    return {slope};
  else
    return {};
}
template <class Function>
constexpr Made kMade{[](float slope) -> OpPointer {
                       return std::make_unique<Activation<Function>>(function_of<Function>(slope));
                     },
                     [](vec* values, long n, float slope) {
                       const Function function = function_of<Function>(slope);
                       for (long i = 0; i < n; i++) values[i] = function.value(values[i]);
                     }};
const Made* activation(Kind kind) {
  switch (kind) {
  case Kind::relu:
    return &kMade<Relu>;
  case Kind::leaky_relu:
    return &kMade<LeakyRelu>;
  case Kind::relu6:
    return &kMade<Relu6>;
  case Kind::hard_sigmoid:
    return &kMade<HardSigmoid>;
  case Kind::hard_swish:
    return &kMade<HardSwish>;
  case Kind::tanh:
    return &kMade<Tanh>;
  case Kind::scaled_tanh:
    return &kMade<ScaledTanh>;
  case Kind::sigmoid:
    return &kMade<Sigmoid>;
  case Kind::gelu:
    return &kMade<Gelu>;
  case Kind::silu:
    return &kMade<Silu>;
  default:
    return nullptr;
  }
}

// ---- dropout -----------------------------------------------------------------------------------

// An invertible hash whose every output bit depends on every input bit about equally (C. Wellons,
// hash-prospector, "lowbias32" with M. Ettinger's constants).
inline uvec mixed(uvec h) {
  h ^= h >> 16;
  h *= 0x21f0aaadu;
  h ^= h >> 15;
  h *= 0x735a2d97u;
  h ^= h >> 15;
  return h;
}

// Inverted: what stays is divided by 1 - p, so that prediction needs no change. The mask is a
// hash of the image's key and the element's index, computed again in the backward pass.
class Dropout final : public Op {
 public:
  explicit Dropout(const Step& step)
      // Of 24 bits: a comparison of signed integers serves, and p = 1 is exact.
      : threshold_(static_cast<int32_t>(static_cast<double>(step.p) * (1 << 24) + 0.5)),
        scale_(step.p < 1 ? static_cast<float>(1.0 / (1.0 - static_cast<double>(step.p))) : 0),
        salt_(static_cast<uint32_t>(step.index) * kOdd),
        next_(step.kind == Kind::drop_path ? 0 : kOdd) {}

  void forward(Pass& pass) const override {
    apply(pass, pass.value(in), in.value_layout, pass.value(out), out.value_layout);
  }
  void backward(Pass& pass) const override {
    if (in.gradient < 0) return;
    apply(pass, pass.gradient_of(out), out.gradient_layout, pass.gradient_of(in),
          in.gradient_layout);
  }

 private:
  static constexpr uint32_t kOdd = 0x9e3779b9u; // 2^32 / golden ratio: spreads small integers

  void copy(const vec* from, const Layout& from_layout, vec* to, const Layout& to_layout) const {
    const Shape runs = merged_planes(out.shape, {&from_layout, &to_layout});
    for (int c = 0; c < runs.channels; c++)
      for (int r = 0; r < runs.height; r++) {
        const vec* x = from + from_layout.at(c, r, 0);
        std::copy(x, x + runs.width, to + to_layout.at(c, r, 0));
      }
  }

  void apply(const Pass& pass, const vec* from, const Layout& from_layout, vec* to,
             const Layout& to_layout) const {
    if (!pass.training) return copy(from, from_layout, to, to_layout);
    // The step's index keeps the masks of two dropout steps apart.
    const uvec keys = mixed(pass.keys ^ salt_);
    const ivec threshold = broadcast(threshold_);
    const vec scale = broadcast(scale_);
    uvec index{};
    const Shape runs = merged_planes(out.shape, {&from_layout, &to_layout});
    for (int c = 0; c < runs.channels; c++)
      for (int r = 0; r < runs.height; r++) {
        const vec* x = from + from_layout.at(c, r, 0);
        vec* y = to + to_layout.at(c, r, 0);
        for (int i = 0; i < runs.width; i++, index += next_) {
          ivec draw = (ivec)(mixed(index ^ keys) >> 8);
          y[i] = select(draw >= threshold, x[i] * scale, vec{});
        }
      }
  }

  int32_t threshold_;
  float scale_;
  uint32_t salt_;
  uint32_t next_; // 0 for drop_path: one draw for all values of an image
};

// ---- sums and scales ---------------------------------------------------------------------------

class Add final : public Op {
 public:
  bool shares() const override { return true; }
  bool gradient_in_place() const override { return true; }

  void forward(Pass& pass) const override {
    const Layout &as = in.value_layout, &bs = other.value_layout, &to = out.value_layout;
    const Shape runs = merged_planes(pass.share, out.shape, {&as, &bs, &to});
    for (int c = pass.share.begin(runs.channels); c < pass.share.end(runs.channels); c++)
      for (int r = 0; r < runs.height; r++) {
        const vec* a = pass.value(in) + as.at(c, r, 0);
        const vec* b = pass.value(other) + bs.at(c, r, 0);
        vec* y = pass.value(out) + to.at(c, r, 0);
        for (int i = 0; i < runs.width; i++) y[i] = a[i] + b[i];
      }
  }
  void backward(Pass& pass) const override {
    for (const Slot* term : {&in, &other}) {
      if (term->gradient < 0 || term->gradient == out.gradient) continue;
      const Layout &from = out.gradient_layout, &to = term->gradient_layout;
      const Shape runs = merged_planes(pass.share, out.shape, {&from, &to});
      for (int c = pass.share.begin(runs.channels); c < pass.share.end(runs.channels); c++)
        for (int r = 0; r < runs.height; r++) {
          const vec* g = pass.gradient_of(out) + from.at(c, r, 0);
          std::copy(g, g + runs.width, pass.gradient_of(*term) + to.at(c, r, 0));
        }
    }
  }
};

// y = weight[c] x + bias[c]; either may be absent. Masked lanes need no mask: their gradient is 0.
class Affine final : public Op {
 public:
  explicit Affine(const Step& step) : weight_(step.weight), bias_(step.bias) {}

  void forward(Pass& pass) const override {
    const Layout &from = in.value_layout, &to = out.value_layout;
    const Shape runs = merged_rows(out.shape, {&from, &to});
    for (int c = 0; c < runs.channels; c++) {
      const vec weight = parameter(pass, weight_, c, 1), bias = parameter(pass, bias_, c, 0);
      for (int r = 0; r < runs.height; r++) {
        const vec* x = pass.value(in) + from.at(c, r, 0);
        vec* y = pass.value(out) + to.at(c, r, 0);
        for (int i = 0; i < runs.width; i++) y[i] = weight * x[i] + bias;
      }
    }
  }

  void backward(Pass& pass) const override {
    const Layout &xs = in.value_layout, &from = out.gradient_layout, &to = in.gradient_layout;
    const bool asked = in.gradient >= 0;
    const Shape runs =
        asked ? merged_rows(out.shape, {&xs, &from, &to}) : merged_rows(out.shape, {&xs, &from});
    for (int c = 0; c < runs.channels; c++) {
      const vec weight = parameter(pass, weight_, c, 1);
      vec products{}, sums{};
      for (int r = 0; r < runs.height; r++) {
        const vec* x = pass.value(in) + xs.at(c, r, 0);
        const vec* g = pass.gradient_of(out) + from.at(c, r, 0);
        for (int i = 0; i < runs.width; i++) {
          products += g[i] * x[i];
          sums += g[i];
        }
        if (!asked) continue;
        vec* result = pass.gradient_of(in) + to.at(c, r, 0);
        for (int i = 0; i < runs.width; i++) result[i] = weight * g[i];
      }
      if (weight_ >= 0) pass.gradient[weight_ + c] += sum(products);
      if (bias_ >= 0) pass.gradient[bias_ + c] += sum(sums);
    }
  }

 private:
  static vec parameter(const Pass& pass, long offset, int c, float absent) {
    return broadcast(offset < 0 ? absent : pass.parameters[offset + c]);
  }

  long weight_, bias_;
};

} // namespace

Activate activation_in_place(const Step& step) {
  const Made* made = activation(step.kind);
  return made ? made->in_place : nullptr;
}

OpPointer make_elementwise(const Step& step) {
  if (const Made* made = activation(step.kind)) return made->op(step.slope);
  switch (step.kind) {
  case Kind::dropout:
  case Kind::drop_path:
    return std::make_unique<Dropout>(step);
  case Kind::add:
    return std::make_unique<Add>();
  case Kind::affine:
    return std::make_unique<Affine>(step);
  default:
    throw std::logic_error("make_elementwise: not an elementwise step");
  }
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
