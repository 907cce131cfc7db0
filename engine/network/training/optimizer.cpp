// Definition: sgd_step, adam_step, adamw_step, clip_by_norm, average_step.
// Test: tests/engine/network/training/test_trainer.py.
//
// See optimizer.h. Plain loops over restricted pointers: the compiler makes vectors of them.
#include "network/training/optimizer.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

void sgd(const Optimizer& o, long count, const float* __restrict gradient,
         float* __restrict parameters, float* __restrict momentum, float rate) {
  const float decay = o.weight_decay, keep = o.momentum;
  if (!momentum) {
    for (long i = 0; i < count; i++) parameters[i] -= rate * (gradient[i] + decay * parameters[i]);
    return;
  }
  // Nesterov looks ahead by one more step of momentum.
  const float ahead = o.nesterov ? keep : 1.0f, now = o.nesterov ? 1.0f : 0.0f;
  for (long i = 0; i < count; i++) {
    const float g = gradient[i] + decay * parameters[i];
    momentum[i] = keep * momentum[i] + g;
    parameters[i] -= rate * (now * g + ahead * momentum[i]);
  }
}

// D. P. Kingma and J. Ba, Adam, 2015; AdamW decays the weights apart from the gradient
// (I. Loshchilov and F. Hutter, Decoupled weight decay regularization, 2019).
void adam(const Optimizer& o, long count, const float* __restrict gradient,
          float* __restrict parameters, float* __restrict mean, float* __restrict square,
          double rate, long step) {
  const double beta1 = o.beta1, beta2 = o.beta2;
  const bool decoupled = o.kind == OptimizerKind::adamw;
  const float decay = decoupled ? 0.0f : o.weight_decay;
  const float shrink =
      decoupled ? static_cast<float>(1 - rate * static_cast<double>(o.weight_decay)) : 1.0f;
  const float keep1 = static_cast<float>(beta1), take1 = static_cast<float>(1 - beta1);
  const float keep2 = static_cast<float>(beta2), take2 = static_cast<float>(1 - beta2);
  // Both averages start at zero, hence too small by these factors.
  const float size = static_cast<float>(rate / (1 - std::pow(beta1, step)));
  const float root = static_cast<float>(1 / std::sqrt(1 - std::pow(beta2, step)));
  const float eps = o.eps;
  for (long i = 0; i < count; i++) {
    const float g = gradient[i] + decay * parameters[i];
    mean[i] = keep1 * mean[i] + take1 * g;
    square[i] = keep2 * square[i] + take2 * g * g;
    const float deviation = std::sqrt(square[i]) * root + eps;
    parameters[i] = shrink * parameters[i] - size * (mean[i] / deviation);
  }
}

} // namespace

void optimize(const Optimizer& o, long begin, long end, const float* gradient, float* parameters,
              float* const* slots, double rate, long step) {
  const long count = end - begin;
  gradient += begin;
  parameters += begin;
  float* first = o.slots() > 0 ? slots[0] + begin : nullptr;
  if (o.kind == OptimizerKind::sgd)
    sgd(o, count, gradient, parameters, first, static_cast<float>(rate));
  else
    adam(o, count, gradient, parameters, first, slots[1] + begin, rate, step);
}

float clip_factor(const float* gradient, long count, float most, int threads) {
  std::vector<double> sums(threads);
  run_threads(threads, [&](int t) {
    double sum = 0;
    for (long i = count * t / threads; i < count * (t + 1) / threads; i++)
      sum += static_cast<double>(gradient[i]) * gradient[i];
    sums[t] = sum;
  });
  double total = 0;
  for (double sum : sums) total += sum;
  return static_cast<float>(std::min(1.0, most / (std::sqrt(total) + 1e-6)));
}

void average(long begin, long end, const float* values, float* averages, float decay, long step) {
  const double young = static_cast<double>(1 + step) / static_cast<double>(10 + step);
  const float take = static_cast<float>(1 - std::min(static_cast<double>(decay), young));
  for (long i = begin; i < end; i++) averages[i] += take * (values[i] - averages[i]);
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
