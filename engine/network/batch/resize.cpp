// Definition: adaptive_avg_pool, upsample.
// Test: tests/engine/network/test_forward.py.
//
// Planes of another size, whose every element is a weighted sum of a rectangle of the input's: the
// mean of windows as equal as they can be, the nearest element, or the four around a position. An
// axis is a list of terms, so that one loop serves all, and its gradient gives back along the same
// list.
#include <vector>

#include "network/ops.h"
#include "network/rows.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

struct Term {
  int index;
  float weight;
};
// Of each output element along one axis.
using Terms = std::vector<std::vector<Term>>;

Terms adaptive_terms(int in, int out) {
  Terms terms(out);
  for (long i = 0; i < out; i++) {
    const long begin = i * in / out, end = ((i + 1) * in + out - 1) / out;
    for (long k = begin; k < end; k++)
      terms[i].push_back({static_cast<int>(k), 1.0f / static_cast<float>(end - begin)});
  }
  return terms;
}

Terms nearest_terms(int in, int out) {
  Terms terms(out);
  for (long i = 0; i < out; i++) terms[i].push_back({static_cast<int>(i * in / out), 1});
  return terms;
}

// Positions of the centres of elements, (i + 1/2) in / out - 1/2, those before the first at it.
Terms linear_terms(int in, int out) {
  Terms terms(out);
  for (int i = 0; i < out; i++) {
    const double at = std::max(0.0, (i + 0.5) * in / out - 0.5);
    const int low = std::min(static_cast<int>(at), in - 1), high = std::min(low + 1, in - 1);
    const float part = high > low ? static_cast<float>(at - low) : 0;
    terms[i].push_back({low, 1 - part});
    if (part > 0) terms[i].push_back({high, part});
  }
  return terms;
}

Terms terms_of(Kind kind, bool linear, int in, int out) {
  if (kind == Kind::adaptive_avg_pool) return adaptive_terms(in, out);
  return linear ? linear_terms(in, out) : nearest_terms(in, out);
}

class Resize final : public Op {
 public:
  explicit Resize(const Step& s)
      : rows_(terms_of(s.kind, s.linear, s.in.height, s.out.height)),
        columns_(terms_of(s.kind, s.linear, s.in.width, s.out.width)) {}

  void forward(Pass& pass) const override {
    const Layout& from = in.value_layout;
    for (int c = 0; c < out.shape.channels; c++)
      for (int y = 0; y < out.shape.height; y++) {
        vec* to = pass.value(out) + out.value_layout.at(c, y, 0);
        for (int x = 0; x < out.shape.width; x++) {
          vec total{};
          for (const Term& row : rows_[y]) {
            const vec* element = pass.value(in) + from.at(c, row.index, 0);
            for (const Term& column : columns_[x])
              total += element[column.index] * broadcast(row.weight * column.weight);
          }
          to[x] = total;
        }
      }
  }

  void backward(Pass& pass) const override {
    if (in.gradient < 0) return;
    const Layout& to = in.gradient_layout;
    clear_interior(pass.gradient_of(in), to);
    for (int c = 0; c < out.shape.channels; c++)
      for (int y = 0; y < out.shape.height; y++) {
        const vec* g = pass.gradient_of(out) + out.gradient_layout.at(c, y, 0);
        for (const Term& row : rows_[y]) {
          vec* element = pass.gradient_of(in) + to.at(c, row.index, 0);
          for (int x = 0; x < out.shape.width; x++)
            for (const Term& column : columns_[x])
              element[column.index] += g[x] * broadcast(row.weight * column.weight);
        }
      }
  }

 private:
  const Terms rows_, columns_;
};

} // namespace

OpPointer make_resize(const Step& step) { return std::make_unique<Resize>(step); }

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
