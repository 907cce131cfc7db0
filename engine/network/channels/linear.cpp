// Definition: linear, rbf.
// Test: tests/engine/network/channels/test_predictor.py.
//
// Fully connected layers (a convolution whose kernel covers the whole input is one) and radial
// basis functions for one image, with the weights where Python has them: lanes run along a row, and
// the sums of some rows share each vec of inputs. Most weights of a small network are here and each
// is used once, so the speed is that of the cache which holds them; packing could only add to it.
#include <array>

#include "network/channels/ops.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {
namespace {

constexpr int kRows = 4; // summed side by side: the weights then come as fast as the cache gives

struct Product { // sum of weight * input
  static void add(vec& sum, vec weight, vec x) { sum += weight * x; }
};
struct Distance { // minus the sum of squared differences
  static void add(vec& sum, vec weight, vec x) {
    vec d = x - weight;
    sum -= d * d;
  }
};

// out[r] = the sum over k of Term(weight[r][k], x[k]), for R rows.
template <class Term, int R>
void sum_rows(const float* x, const float* w, long features, float* out) {
  vec sums[R] = {};
  long k = 0;
  for (; k + kLanes <= features; k += kLanes) {
    vec value = load(x + k);
#pragma GCC unroll 16
    for (int r = 0; r < R; r++) Term::add(sums[r], load(w + r * features + k), value);
  }
  if (const int last = static_cast<int>(features - k)) {
    vec value = load_some(x + k, last);
#pragma GCC unroll 16
    for (int r = 0; r < R; r++) Term::add(sums[r], load_some(w + r * features + k, last), value);
  }
  store_sums<R>(sums, out);
}

using RowsFunction = void (*)(const float*, const float*, long, float*);
template <class Term, int... I>
constexpr auto table(std::integer_sequence<int, I...>) {
  return std::array<RowsFunction, sizeof...(I)>{sum_rows<Term, I + 1>...};
}
template <class Term>
constexpr auto kSums = table<Term>(std::make_integer_sequence<int, kRows>{});

template <class Term>
void sum_all(const float* x, const float* w, long features, int rows, float* out) {
  for (int r = 0; r < rows; r += kRows)
    kSums<Term>[std::min(kRows, rows - r) - 1](x, w + r* features, features, out + r);
}

// The input in flat order, which a flat value is in already.
const float* flat_input(const Pass& pass, const Slot& in, const Shape& shape, float* room) {
  if (shape.height == 1 && shape.width == 1 && in.value_layout.plane == 1) return floats(pass, in);
  copy_flat(pass, in, shape, room);
  return room;
}

class Linear final : public Op {
 public:
  Linear(const Step& step, const Following& then) : s_(step), then_(then) {}
  bool reads_planar() const override { return true; }
  bool shares() const override { return true; } // vecs of rows
  long scratch() const override { return stored(s_.out).channels + s_.in.size() / kLanes + 1; }

  void forward(Pass& pass) const override {
    const int vecs = stored(s_.out).channels;
    const Share share = kSmallCode ? Share{} : pass.share;
    const int first = share.begin(vecs) * kLanes;
    const int end = std::min(share.end(vecs) * kLanes, s_.out.channels);
    const vec* sums = pass.scratch;
    float* to = reinterpret_cast<float*>(pass.scratch);
    const float* x = flat_input(pass, in, s_.in, to + vecs * kLanes);
    const long features = s_.in.size();
    sum_all<Product>(x, pass.parameters + s_.weight + first * features, features, end - first, to);
    vec* y = pass.value(out) + out.value_layout.at(first / kLanes, 0, 0);
    for (int r = first; r < end; r += kLanes, y += out.value_layout.plane) {
      vec sum = *sums++;
      if (s_.bias >= 0) sum += load_some(pass.parameters + s_.bias + r, std::min(kLanes, end - r));
      *y = then_.relu ? relu(sum) : sum;
      then_.finish(y, 1);
    }
  }
  void backward(Pass&) const override {}

 private:
  const Step s_;
  const Following then_;
};

class Rbf final : public Op {
 public:
  explicit Rbf(const Step& step) : s_(step) {}
  bool reads_planar() const override { return true; }
  long scratch() const override { return s_.in.size() / kLanes + 1; }
  void forward(Pass& pass) const override {
    const float* x = flat_input(pass, in, s_.in, reinterpret_cast<float*>(pass.scratch));
    float* y = floats(pass, out);
    sum_all<Distance>(x, pass.state + s_.centres, s_.in.size(), s_.out.channels, y);
    for (int j = 0; j < s_.out.channels; j++) y[j] *= s_.scale;
  }
  void backward(Pass&) const override {}

 private:
  const Step s_;
};

} // namespace

OpPointer make_linear(const Step& step, const Following& following) {
  return std::make_unique<Linear>(step, following);
}
OpPointer make_rbf(const Step& step) { return std::make_unique<Rbf>(step); }

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
