// Definition: cross_entropy, mean_squared_error.
// Test: tests/engine/network/test_gradients.py.
//
// See loss.h.
#include "network/training/loss.h"

#include <limits>

#include "network/sums.h"
#include "vector_math.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

// Calls f(k, value index, gradient index) for each feature, in the order of a flat output.
template <class F>
void each_feature(const Slot& output, F f) {
  int k = 0;
  for (int c = 0; c < output.shape.channels; c++)
    for (int y = 0; y < output.shape.height; y++)
      for (int x = 0; x < output.shape.width; x++)
        f(k++, output.value_layout.at(c, y, x), output.gradient_layout.at(c, y, x));
}

// With label smoothing s and class weights w over K classes, PyTorch's loss of an image is
//   -sum_k t_k log softmax(z)_k,   t_k = (1 - s) w_label [k = label] + s w_k / K,
// and its gradient softmax(z)_k sum(t) - t_k; both times the weight of the image. A mixed image has
// two labels, each with its share of the first term.
LossResult cross_entropy(const Loss& loss, const Slot& output, const Pass& pass,
                         const Targets& targets, double normaliser) {
  const vec* scores = pass.value(output);
  const ivec lane_mask = pass.lane_mask != vec{};
  const float smoothing = loss.label_smoothing / static_cast<float>(output.shape.size());
  const bool smooth = loss.label_smoothing != 0;
  auto class_weight = [&](long k) {
    return loss.class_weights.empty() ? 1.0f : loss.class_weights[k];
  };

  ivec label{}, partner{};
  vec hit{}, partner_hit{}; // the target's shares of the labels themselves
  bool mixed = false;
  for (int lane = 0; lane < kLanes; lane++)
    if (lane_mask[lane]) {
      const float share = targets.partner_share[lane], rest = 1 - loss.label_smoothing;
      label[lane] = static_cast<int32_t>(targets.label[lane]);
      partner[lane] = static_cast<int32_t>(targets.partner_label[lane]);
      hit[lane] = (1 - share) * rest * class_weight(label[lane]) * targets.weight[lane];
      partner_hit[lane] = share * rest * class_weight(partner[lane]) * targets.weight[lane];
      mixed |= share != 0;
    }
  auto smooth_share = [&](int k) { return targets.weight * (smoothing * class_weight(k)); };
  auto target_of = [&](int k) {
    const vec own = select(label == broadcast(k), hit, vec{});
    return mixed ? own + select(partner == broadcast(k), partner_hit, vec{}) : own;
  };

  vec highest = scores[output.value_layout.at(0, 0, 0)];
  ivec argmax{};
  each_feature(output, [&](int k, long at, long) {
    const ivec better = scores[at] > highest;
    highest = select(better, scores[at], highest);
    argmax = better ? broadcast(k) : argmax;
  });

  // Scores relative to the highest: exp cannot overflow, and its sum is at least 1. Kept finite,
  // or a weight of zero would make NaN of it; NaN itself passes.
  const vec lowest = broadcast(std::numeric_limits<float>::lowest());
  vec* gradient = output.gradient < 0 ? nullptr : pass.gradient_of(output);
  BlockedSum total, weighted, shares;
  each_feature(output, [&](int k, long at, long gradient_at) {
    const vec z = maximum(lowest, scores[at] - highest);
    const vec e = exp(z);
    total.add(e);
    if (gradient) gradient[gradient_at] = e;
    vec weighted_score = target_of(k) * z;
    if (smooth) {
      const vec share = smooth_share(k);
      weighted_score += share * z;
      shares.add(share);
    }
    weighted.add(weighted_score);
  });

  const vec target_sum = hit + partner_hit + shares.total();
  if (gradient) {
    const vec scale = broadcast(static_cast<float>(1 / normaliser));
    const vec factor = target_sum / total.total();
    each_feature(output, [&](int k, long, long at) {
      vec target = target_of(k);
      if (smooth) target += smooth_share(k);
      gradient[at] = select(lane_mask, (gradient[at] * factor - target) * scale, vec{});
    });
  }

  LossResult result;
  result.loss =
      masked_sum(target_sum * log(total.total()) - weighted.total(), lane_mask) / normaliser;
  for (int lane = 0; lane < kLanes; lane++)
    if (targets.partner_share[lane] > 0.5f) label[lane] = partner[lane];
  const ivec correct = (argmax == label) & lane_mask;
  for (int lane = 0; lane < kLanes; lane++) result.correct -= correct[lane];
  return result;
}

LossResult squared_error(const Slot& output, const Pass& pass, const Targets& targets,
                         double normaliser) {
  const vec* values = pass.value(output);
  const ivec lane_mask = pass.lane_mask != vec{};
  vec* gradient = output.gradient < 0 ? nullptr : pass.gradient_of(output);
  const vec scale = broadcast(static_cast<float>(2 / normaliser));
  BlockedSum total;
  each_feature(output, [&](int k, long at, long gradient_at) {
    vec target{};
    for (int lane = 0; lane < kLanes; lane++)
      if (lane_mask[lane]) {
        const float share = targets.partner_share[lane];
        target[lane] = targets.row[lane][k];
        if (share != 0) target[lane] += share * (targets.partner_row[lane][k] - target[lane]);
      }
    const vec error = select(lane_mask, values[at] - target, vec{});
    const vec weighted = targets.weight * error;
    total.add(weighted * error);
    if (gradient) gradient[gradient_at] = scale * weighted;
  });
  return {masked_sum(total.total(), lane_mask) / normaliser, 0};
}

} // namespace

double loss_normaliser(const Loss& loss, const Shape& output, const DataTargets& targets,
                       const int64_t* index, const float* partner_shares, long images) {
  const bool by_class = !loss.class_weights.empty();
  // The weight of an image, and that of its label, each with its share of the partner's.
  auto mixed = [&](long i, auto weight_of) {
    const double own = weight_of(index[i]), share = partner_shares[i];
    return share == 0 ? own : own + share * (weight_of(index[(i + 1) % images]) - own);
  };
  double total = 0;
  for (long i = 0; i < images; i++) {
    double weight = 1;
    if (targets.weights) weight = mixed(i, [&](int64_t at) { return targets.weights[at]; });
    if (by_class)
      weight *= mixed(i, [&](int64_t at) { return loss.class_weights[targets.labels[at]]; });
    total += weight;
  }
  if (total == 0) return 1;
  return loss.kind == LossKind::mse ? total * output.size() : total;
}

LossResult compute_loss(const Loss& loss, const Slot& output, const Pass& pass,
                        const Targets& targets, double normaliser) {
  return loss.kind == LossKind::mse ? squared_error(output, pass, targets, normaliser)
                                    : cross_entropy(loss, output, pass, targets, normaliser);
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
