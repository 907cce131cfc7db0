// Definition: max_pool, avg_pool, sum_pool.
// Test: tests/engine/network/test_forward.py.
//
// Maximum, average and sum over windows. Padding is not read but cut off: no window looks beyond
// its plane, so a padding element never is a maximum.
#include <stdexcept>

#include "network/ops.h"
#include "network/rows.h"
#include "network/sums.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

// Side > 0: windows Side x Side that neither overlap nor reach padding, sizes known to the
// compiler; 0: any.
template <int Side>
class Windows : public Op {
 public:
  explicit Windows(const Step& s) : step_(s) {}

 protected:
  // The elements of one window that lie in the plane, [top, bottom) x [left, right): at least one.
  struct Window {
    int first_row, first_column; // where it would begin, padding counted
    int top, bottom, left, right;
    int elements() const { return (bottom - top) * (right - left); }
  };
  Window window(int y, int x) const {
    if constexpr (Side > 0) {
      int top = y * Side, left = x * Side;
      return {top, left, top, top + Side, left, left + Side};
    }
    int row = y * step_.stride_y - step_.padding.top;
    int column = x * step_.stride_x - step_.padding.left;
    return {row,
            column,
            std::max(row, 0),
            std::min(row + step_.kernel_h, in.shape.height),
            std::max(column, 0),
            std::min(column + step_.kernel_w, in.shape.width)};
  }
  int kernel_width() const { return Side > 0 ? Side : step_.kernel_w; }

  // Calls f(c, y, x) for every output element, in the order in which they are kept.
  template <class F>
  void each_output(F f) const {
    for (int c = 0; c < out.shape.channels; c++)
      for (int y = 0; y < out.shape.height; y++)
        for (int x = 0; x < out.shape.width; x++) f(c, y, x);
  }

  // Where every element has exactly one window, its gradient is written and not summed.
  static constexpr bool kDisjoint = Side > 0;
  void prepare_gradient(const Pass& pass) const {
    bool covered = kDisjoint && out.shape.height * Side == in.shape.height &&
                   out.shape.width * Side == in.shape.width;
    if (!covered) clear_interior(pass.gradient_of(in), in.gradient_layout);
  }
  static void give(vec& gradient, vec g) { gradient = kDisjoint ? g : gradient + g; }

  Step step_;
};

// The first of equal maxima wins, as in PyTorch, and NaN exceeds everything.
template <int Side>
class MaxPool final : public Windows<Side> {
 public:
  using Windows<Side>::Windows;
  using Windows<Side>::in, Windows<Side>::out;

  // Two 16-bit indices of the largest elements for each float of a vec.
  long saved() const override { return (out.shape.size() + 1) / 2; }

  void forward(Pass& pass) const override {
    if (in.gradient < 0)
      run<false>(pass);
    else
      run<true>(pass);
  }

  void backward(Pass& pass) const override {
    if (in.gradient < 0) return;
    this->prepare_gradient(pass);
    const vec* from = pass.gradient_of(out);
    vec* to = pass.gradient_of(in);
    const vec16* argmax = argmax_row(pass);
    this->each_output([&](int c, int y, int x) {
      const auto w = this->window(y, x);
      const ivec won = __builtin_convertvector(*argmax++, ivec);
      const vec g = from[out.gradient_layout.at(c, y, x)];
      for (int row = w.top; row < w.bottom; row++) {
        vec* element = to + in.gradient_layout.at(c, row, 0);
        int index = index_of(w, row, w.left);
        for (int column = w.left; column < w.right; column++, index++)
          this->give(element[column], select(won == broadcast(index), g, vec{}));
      }
    });
  }

 private:
  vec16* argmax_row(const Pass& pass) const {
    return reinterpret_cast<vec16*>(pass.memory + this->saved_at);
  }
  template <class W>
  int index_of(const W& w, int row, int column) const {
    return (row - w.first_row) * this->kernel_width() + column - w.first_column;
  }

  template <bool Keep>
  void run(Pass& pass) const {
    const vec* from = pass.value(in);
    vec* to = pass.value(out);
    [[maybe_unused]] vec16* argmax = argmax_row(pass);
    this->each_output([&](int c, int y, int x) {
      const auto w = this->window(y, x);
      vec best = from[in.value_layout.at(c, w.top, w.left)];
      ivec won = broadcast(index_of(w, w.top, w.left));
      for (int row = w.top; row < w.bottom; row++) {
        const vec* element = from + in.value_layout.at(c, row, 0);
        int index = index_of(w, row, w.left);
        for (int column = w.left; column < w.right; column++, index++) {
          if constexpr (Keep) {
            ivec better = (element[column] > best) | (element[column] != element[column]);
            best = select(better, element[column], best);
            won = better ? broadcast(index) : won;
          } else {
            best = maximum_or_nan(best, element[column]);
          }
        }
      }
      to[out.value_layout.at(c, y, x)] = best;
      if constexpr (Keep) *argmax++ = __builtin_convertvector(won, vec16);
    });
  }
};

// Average and sum: every element of a window counts alike, by a factor of the window.
template <int Side>
class SumPool final : public Windows<Side> {
 public:
  using Windows<Side>::Windows;
  using Windows<Side>::in, Windows<Side>::out;

  void forward(Pass& pass) const override {
    const vec* from = pass.value(in);
    vec* to = pass.value(out);
    this->each_output([&](int c, int y, int x) {
      const auto w = this->window(y, x);
      CompensatedSum total[1]{};
      for (int row = w.top; row < w.bottom; row++) {
        const vec* element = from + in.value_layout.at(c, row, w.left);
        add_blocks(w.right - w.left, total, [&](int i, vec* sums) { sums[0] += element[i]; });
      }
      to[out.value_layout.at(c, y, x)] = total[0].total() * broadcast(factor(w));
    });
  }

  void backward(Pass& pass) const override {
    if (in.gradient < 0) return;
    this->prepare_gradient(pass);
    const vec* from = pass.gradient_of(out);
    vec* to = pass.gradient_of(in);
    this->each_output([&](int c, int y, int x) {
      const auto w = this->window(y, x);
      const vec g = from[out.gradient_layout.at(c, y, x)] * broadcast(factor(w));
      for (int row = w.top; row < w.bottom; row++) {
        vec* element = to + in.gradient_layout.at(c, row, 0);
        for (int column = w.left; column < w.right; column++) this->give(element[column], g);
      }
    });
  }

 private:
  template <class W>
  float factor(const W& w) const {
    const Step& step = this->step_;
    if (step.kind == Kind::sum_pool) return 1;
    if (step.count_include_pad) return 1.0f / (step.kernel_h * step.kernel_w);
    return 1.0f / w.elements();
  }
};

bool is_tiling(const Step& s, int side) {
  return s.kernel_h == side && s.kernel_w == side && s.stride_y == side && s.stride_x == side &&
         s.padding.top == 0 && s.padding.bottom == 0 && s.padding.left == 0 && s.padding.right == 0;
}

template <int Side>
OpPointer make(const Step& step) {
  switch (step.kind) {
  case Kind::max_pool:
    return std::make_unique<MaxPool<Side>>(step);
  case Kind::avg_pool:
  case Kind::sum_pool:
    return std::make_unique<SumPool<Side>>(step);
  default:
    throw std::logic_error("make_pooling: not a pooling step");
  }
}

} // namespace

OpPointer make_pooling(const Step& step) {
  return is_tiling(step, 2) ? make<2>(step) : make<0>(step);
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
