// Definition: batch_norm_training, batch_norm_inference.
// Test: tests/engine/network/test_forward.py.
//
// Batch normalisation, with the ReLU behind it (S. Ioffe and C. Szegedy, 2015) with PyTorch's
// conventions: the biased variance of the batch normalises, the unbiased one enters the running
// statistics, and running = (1 - momentum) running + momentum batch.
//
// Each block writes figures of its own, and one thread merges them in the order of the blocks,
// in double, so the result does not depend on which thread carried which block.
#include <cmath>
#include <vector>

#include "network/ops.h"
#include "network/rows.h"
#include "network/sums.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

class BatchNorm final : public Op {
 public:
  BatchNorm(const Step& s, bool with_relu) : step_(s), relu_(with_relu), batch_(s.in.channels) {}

  bool needs_batch() const override { return true; }
  bool shares() const override { return true; }
  bool gradient_in_place() const override { return true; }
  bool repeats() const override { return true; }
  void reserve(int blocks) override {
    const size_t figures = static_cast<size_t>(blocks) * step_.in.channels;
    if (moments_.size() < figures) moments_.resize(figures);
    if (slopes_.size() < figures) slopes_.resize(figures);
  }

  void measure(Pass& pass) const override {
    const Layout& from = in.value_layout;
    const Shape runs = merged_rows(in.shape, {&from});
    const ivec mask = pass.lane_mask != vec{};
    const double count = masked_sum(pass.lane_mask, mask) * in.shape.height * in.shape.width;
    for (int c = pass.share.begin(runs.channels); c < pass.share.end(runs.channels); c++) {
      CompensatedSum total[1]{}, deviation[2]{}; // of deviations and of their squares
      for (int r = 0; r < runs.height; r++) {
        const vec* x = pass.value(in) + from.at(c, r, 0);
        add_blocks(runs.width, total, [&](int i, vec* sums) { sums[0] += x[i]; });
      }
      // Deviations from a value near the mean: nothing cancels, however large the mean.
      const float near = static_cast<float>(masked_sum(total[0].total(), mask) / count);
      for (int r = 0; r < runs.height; r++) {
        const vec* x = pass.value(in) + from.at(c, r, 0);
        add_blocks(runs.width, deviation, [&](int i, vec* sums) {
          vec d = x[i] - broadcast(near);
          sums[0] += d;
          sums[1] += d * d;
        });
      }
      const double offset = masked_sum(deviation[0].total(), mask) / count;
      moments_[figure(pass, c)] = {
          count, near + offset, masked_sum(deviation[1].total(), mask) - count * offset * offset};
    }
  }

  void reduce(int /*images*/, int blocks, float* state) override {
    for (int c = 0; c < step_.in.channels; c++) {
      Moments all;
      for (int b = 0; b < blocks; b++) all.add(moments_[b * step_.in.channels + c]);
      const double variance = all.m2 / all.count;
      batch_[c] = {static_cast<float>(all.mean), inverse_deviation(variance), all.count};
      float& mean = state[step_.mean + c];
      mean += step_.momentum * (static_cast<float>(all.mean) - mean);
      if (all.count > 1) { // one element has no unbiased variance: keep the old
        float& running = state[step_.variance + c];
        running += step_.momentum * (static_cast<float>(all.m2 / (all.count - 1)) - running);
      }
    }
  }

  void forward(Pass& pass) const override {
    const Layout &from = in.value_layout, &to = out.value_layout;
    const Shape runs = merged_rows(out.shape, {&from, &to});
    for (int c = pass.share.begin(runs.channels); c < pass.share.end(runs.channels); c++) {
      const Normalisation normal = normalisation(pass, c);
      for (int r = 0; r < runs.height; r++) {
        const vec* x = pass.value(in) + from.at(c, r, 0);
        vec* y = pass.value(out) + to.at(c, r, 0);
        if (relu_)
          for (int i = 0; i < runs.width; i++) y[i] = relu(normal(x[i]));
        else
          for (int i = 0; i < runs.width; i++) y[i] = normal(x[i]);
      }
    }
  }

  // Masked lanes need no mask in these sums: the gradient of their output is zero.
  void measure_backward(Pass& pass) const override {
    if (out.gradient < 0) return; // nothing to learn here or before
    const int channels = in.shape.channels;
    for (int c = pass.share.begin(channels); c < pass.share.end(channels); c++)
      slopes_[figure(pass, c)] = slopes(pass, c);
  }

  void reduce_backward(int /*images*/, int blocks, float* gradient) override {
    for (int c = 0; c < step_.in.channels; c++) {
      Slopes all;
      for (int b = 0; b < blocks; b++) all.add(slopes_[b * step_.in.channels + c]);
      add_to(gradient, c, all);
      batch_[c].mean_g = static_cast<float>(all.g / batch_[c].count);
      batch_[c].mean_gx = static_cast<float>(all.gx / batch_[c].count);
    }
  }

  // With h = (x - mean) / deviation and means over the batch, for each element
  //   dL/dx = weight / deviation (g - mean(g) - h mean(g h)),
  // where the means are zero when the statistics are constants.
  void backward(Pass& pass) const override {
    const int channels = in.shape.channels;
    if (!pass.training)
      for (int c = pass.share.begin(channels); c < pass.share.end(channels); c++)
        if (step_.weight >= 0 || step_.bias >= 0) add_to(pass.gradient, c, slopes(pass, c));
    if (in.gradient < 0) return;
    const Layout &xs = in.value_layout, &from = out.gradient_layout, &to = in.gradient_layout;
    const Shape runs = merged_rows(out.shape, {&xs, &from, &to});
    for (int c = pass.share.begin(runs.channels); c < pass.share.end(runs.channels); c++) {
      const Statistics s = statistics(pass, c);
      const float scale = s.inverse * weight(pass, c);
      const Normalisation normal = normalisation(pass, c);
      const vec factor = broadcast(scale), mean = broadcast(s.mean);
      // A masked lane's gradient is zero and stays so.
      const vec constant = broadcast(scale * s.mean_g) * pass.lane_mask;
      const vec slope = broadcast(scale * s.inverse * s.mean_gx) * pass.lane_mask;
      for (int r = 0; r < runs.height; r++) {
        const vec* x = pass.value(in) + xs.at(c, r, 0);
        const vec* g = pass.gradient_of(out) + from.at(c, r, 0);
        vec* result = pass.gradient_of(in) + to.at(c, r, 0);
        for (int i = 0; i < runs.width; i++)
          result[i] = factor * passed(normal, g[i], x[i]) - (constant + slope * (x[i] - mean));
      }
    }
  }

 private:
  // Of some elements: how many, their mean, and the sum of squared deviations from it.
  struct Moments {
    double count = 0, mean = 0, m2 = 0;
    // T. F. Chan, G. H. Golub and R. J. LeVeque, Updating formulae and a pairwise algorithm
    // for computing sample variances, 1979.
    void add(const Moments& other) {
      const double delta = other.mean - mean, total = count + other.count;
      mean += delta * other.count / total;
      m2 += other.m2 + delta * delta * count * other.count / total;
      count = total;
    }
  };
  // Sums of the output's gradient, and of its products with the normalised input.
  struct Slopes {
    double g = 0, gx = 0;
    void add(const Slopes& other) {
      g += other.g;
      gx += other.gx;
    }
  };
  // What normalises a channel: of the batch, or running.
  struct Statistics {
    float mean = 0, inverse = 0;
    double count = 0;
    float mean_g = 0, mean_gx = 0;
  };

  size_t figure(const Pass& pass, int c) const {
    return static_cast<size_t>(pass.block) * step_.in.channels + c;
  }
  float inverse_deviation(double variance) const {
    return static_cast<float>(1 / std::sqrt(variance + static_cast<double>(step_.eps)));
  }
  Statistics statistics(const Pass& pass, int c) const {
    if (pass.training) return batch_[c];
    return {pass.state[step_.mean + c], inverse_deviation(pass.state[step_.variance + c]), 0, 0, 0};
  }
  // What becomes of an element of a channel, before ReLU.
  struct Normalisation {
    vec mean, scale, bias;
    vec operator()(vec x) const { return (x - mean) * scale + bias; }
  };
  Normalisation normalisation(const Pass& pass, int c) const {
    const Statistics s = statistics(pass, c);
    const float bias = step_.bias < 0 ? 0.0f : pass.parameters[step_.bias + c];
    return {broadcast(s.mean), broadcast(s.inverse * weight(pass, c)), broadcast(bias)};
  }
  // The gradient behind ReLU's. To compute the sign again is cheaper than to read it.
  vec passed(const Normalisation& normal, vec g, vec x) const {
    return relu_ ? select(normal(x) > vec{}, g, vec{}) : g;
  }
  float weight(const Pass& pass, int c) const {
    return step_.weight < 0 ? 1.0f : pass.parameters[step_.weight + c];
  }
  void add_to(float* gradient, int c, const Slopes& s) const {
    if (step_.weight >= 0) gradient[step_.weight + c] += static_cast<float>(s.gx);
    if (step_.bias >= 0) gradient[step_.bias + c] += static_cast<float>(s.g);
  }
  Slopes slopes(const Pass& pass, int c) const {
    const Layout &xs = in.value_layout, &from = out.gradient_layout;
    const Shape runs = merged_rows(out.shape, {&xs, &from});
    const Statistics s = statistics(pass, c);
    const Normalisation normal = normalisation(pass, c);
    CompensatedSum totals[2]{}; // of gradients, and of their products with deviations
    for (int r = 0; r < runs.height; r++) {
      const vec* x = pass.value(in) + xs.at(c, r, 0);
      const vec* g = pass.gradient_of(out) + from.at(c, r, 0);
      add_blocks(runs.width, totals, [&](int i, vec* sums) {
        const vec gradient = passed(normal, g[i], x[i]);
        sums[0] += gradient;
        sums[1] += gradient * (x[i] - broadcast(s.mean));
      });
    }
    const ivec mask = pass.lane_mask != vec{};
    return {masked_sum(totals[0].total(), mask), masked_sum(totals[1].total(), mask) * s.inverse};
  }

  const Step step_;
  const bool relu_;
  std::vector<Statistics> batch_; // of the batch at hand: reduce and reduce_backward
  // One entry a block and channel, written by the thread that carries the block.
  mutable std::vector<Moments> moments_;
  mutable std::vector<Slopes> slopes_;
};

} // namespace

OpPointer make_batch_norm(const Step& step, bool with_relu) {
  return std::make_unique<BatchNorm>(step, with_relu);
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
