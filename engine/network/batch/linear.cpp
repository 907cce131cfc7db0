// Definition: linear.
// Test: tests/engine/network/test_forward.py.
//
// Fully connected layers over lanes. Forward and data gradient read the weights as Python has
// them, twelve rows side by side. The weight gradient is one matrix product over the
// whole batch: blocks only record their inputs and deltas, and threads then share its rows.
#include <array>

#include "network/ops.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

constexpr int kRows = 12; // sums in registers: 13 loads for 12 multiply-adds

// out[r] = bias[r] + sum_k weight[r][k] * x[k] for R rows.
template <int R>
void rows_product(const vec* x, const float* w, long features, const float* bias, vec* out,
                  bool with_relu) {
  vec sums[R];
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) sums[r] = bias ? broadcast(bias[r]) : vec{};
  // Rows 3 apart have a pointer each, so that every row is a pointer plus 0, 1 or 2 strides.
  const float* base[(R + 2) / 3];
#pragma GCC unroll 16
  for (int i = 0; i < (R + 2) / 3; i++) base[i] = w + 3 * i * features;
  for (long k = 0; k < features; k++) {
    vec value = x[k];
#pragma GCC unroll 16
    for (int r = 0; r < R; r++) sums[r] += broadcast(base[r / 3][(r % 3) * features]) * value;
#pragma GCC unroll 16
    for (int i = 0; i < (R + 2) / 3; i++) base[i]++;
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) out[r] = with_relu ? relu(sums[r]) : sums[r];
}

// out[k] += sum_r weight[r][k] * d[r] for R rows (the first rows overwrite `out`). The rows are
// read side by side and in order, which suits the prefetcher; two sums halve the chain of
// additions, and the processor works on several columns at once.
template <int R>
void add_rows(const vec* d, const float* w, long features, bool first, vec* out) {
  vec delta[R];
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) delta[r] = d[r];
  const float* base[(R + 2) / 3];
#pragma GCC unroll 16
  for (int i = 0; i < (R + 2) / 3; i++) base[i] = w + 3 * i * features;
  for (long k = 0; k < features; k++) {
    vec even = first ? vec{} : out[k], odd{};
#pragma GCC unroll 16
    for (int r = 0; r < R; r++)
      (r % 2 ? odd : even) += broadcast(base[r / 3][(r % 3) * features]) * delta[r];
    out[k] = even + odd;
#pragma GCC unroll 16
    for (int i = 0; i < (R + 2) / 3; i++) base[i]++;
  }
}

// gradient[r][k] = sum_s delta[r][s] * x[s][k] for R rows and V vecs of columns.
constexpr int kStripVecs = kLanes == 16 || kSmallCode ? 2 : 4; // in a browser, 15 registers for all
constexpr int kStrip = kStripVecs * kLanes;                    // columns whose inputs lie together
constexpr int kStripRows = 12 / kStripVecs;
template <int R>
void strip_product(const float* x, const float* delta, int samples, vec* sums) {
  vec s[R][kStripVecs] = {};
  for (int i = 0; i < samples; i++, x += kStrip) {
    vec values[kStripVecs];
#pragma GCC unroll 16
    for (int v = 0; v < kStripVecs; v++) values[v] = load(x + v * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < R; r++) {
      vec d = broadcast(delta[static_cast<long>(r) * samples + i]);
#pragma GCC unroll 16
      for (int v = 0; v < kStripVecs; v++) s[r][v] += d * values[v];
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 16
    for (int v = 0; v < kStripVecs; v++) sums[r * kStripVecs + v] = s[r][v];
}

template <template <int> class F, int... I>
constexpr auto table(std::integer_sequence<int, I...>) {
  return std::array{F<I + 1>::run...};
}
template <int N>
struct Rows {
  static constexpr auto run = rows_product<N>;
};
template <int N>
struct Additions {
  static constexpr auto run = add_rows<N>;
};
template <int N>
struct Strips {
  static constexpr auto run = strip_product<N>;
};
constexpr auto kRowProducts = table<Rows>(std::make_integer_sequence<int, kRows>{});
constexpr auto kRowAdditions = table<Additions>(std::make_integer_sequence<int, kRows>{});
constexpr auto kStripProducts = table<Strips>(std::make_integer_sequence<int, kStripRows>{});

class Linear final : public Op {
 public:
  Linear(const Step& step, bool with_relu)
      : s_(step), relu_(with_relu), features_(step.in.size()), rows_(step.out.channels) {}

  void forward(Pass& pass) const override {
    const vec* x = pass.value(in);
    vec* y = pass.value(out);
    const float* w = pass.parameters + s_.weight;
    const float* bias = s_.bias >= 0 ? pass.parameters + s_.bias : nullptr;
    for (int r = 0; r < rows_; r += kRows) {
      const int n = std::min(kRows, rows_ - r);
      kRowProducts[n - 1](x, w + r * features_, features_, bias ? bias + r : nullptr, y + r, relu_);
    }
  }

  void backward(Pass& pass) const override {
    vec* delta = pass.gradient_of(out);
    if (relu_) {
      const vec* y = pass.value(out);
      for (int r = 0; r < rows_; r++) delta[r] = y[r] > 0.0f ? delta[r] : vec{};
    }
    record(pass, delta);
    if (s_.bias >= 0)
      for (int r = 0; r < rows_; r++) pass.gradient[s_.bias + r] += sum(delta[r]);
    if (in.gradient < 0) return;
    const float* w = pass.parameters + s_.weight;
    vec* dx = pass.gradient_of(in);
    for (int r = 0; r < rows_; r += kRows)
      kRowAdditions[std::min(kRows, rows_ - r) - 1](delta + r, w + r * features_, features_, r == 0,
                                                    dx);
  }

  int deferred_rows() const override { return rows_; }
  long row_begin(int row) const override { return s_.weight + row * features_; }

  void reserve(int blocks) override {
    samples_ = blocks * kLanes;
    x_.assign(static_cast<size_t>(strips()) * samples_ * kStrip, 0.0f);
    delta_.assign(static_cast<size_t>(rows_) * samples_, 0.0f);
  }
  long reserved_bytes(int blocks) const override {
    return static_cast<long>(sizeof(float)) * blocks * kLanes * (strips() * kStrip + rows_);
  }

  void write_gradient(int first, int last, int blocks, float* gradient) const override {
    const int samples = blocks * kLanes;
    for (int strip = 0; strip < strips(); strip++) {
      const float* x = x_.data() + static_cast<long>(strip) * samples_ * kStrip;
      const long column = static_cast<long>(strip) * kStrip;
      const long columns = std::min<long>(kStrip, features_ - column);
      for (int r = first; r < last; r += kStripRows) {
        const int n = std::min(kStripRows, last - r);
        vec sums[12];
        finish_tile(n, x, r, samples, sums);
        for (int i = 0; i < n; i++)
          std::memcpy(gradient + row_begin(r + i) + column, sums + i * kStripVecs,
                      columns * sizeof(float));
      }
    }
  }

 private:
  const Step s_;
  const bool relu_;
  const long features_;
  const int rows_;
  int samples_ = 0;          // room in the batch, in multiples of kLanes
  std::vector<float> x_;     // [strip][sample][column of the strip]
  std::vector<float> delta_; // [row][sample]

  int strips() const { return static_cast<int>((features_ + kStrip - 1) / kStrip); }

  void finish_tile(int n, const float* x, int row, int samples, vec* sums) const {
    if (samples == samples_) {
      kStripProducts[n - 1](x, delta_.data() + static_cast<long>(row) * samples_, samples, sums);
      return;
    }
    for (int i = 0; i < n; i++) // a short batch: rows lie samples_ apart, take one at a time
      kStripProducts[0](x, delta_.data() + static_cast<long>(row + i) * samples_, samples,
                        sums + i * kStripVecs);
  }

  // Writes the block's inputs (image by image) and deltas into the batch's matrices.
  void record(Pass& pass, const vec* delta) const {
    const vec* x = pass.value(in);
    Linear* self = const_cast<Linear*>(this); // each block has columns of its own
    const long sample = static_cast<long>(pass.block) * kLanes;
    for (int r = 0; r < rows_; r++)
      store(self->delta_.data() + static_cast<long>(r) * samples_ + sample, delta[r]);
    for (long k = 0; k < features_; k += kLanes) {
      vec tile[kLanes];
      for (int i = 0; i < kLanes; i++) tile[i] = k + i < features_ ? x[k + i] : vec{};
      transpose(tile);
      float* to = self->x_.data() + (k / kStrip * samples_ + sample) * kStrip + k % kStrip;
      for (int i = 0; i < kLanes; i++) store(to + i * kStrip, tile[i]);
    }
  }
};

} // namespace

OpPointer make_linear(const Step& step, bool with_relu) {
  return std::make_unique<Linear>(step, with_relu);
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
