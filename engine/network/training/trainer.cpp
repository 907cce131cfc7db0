// The loop over batches; see trainer.h.
#include "network/training/trainer.h"

#include <algorithm>

#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

Trainer::Trainer(std::shared_ptr<Workspace> workspace, long parameter_count, Batch::Options options,
                 const Update& update)
    : batch_size_(options.size.most_images), threads_(options.size.threads), update_(update),
      batch_(std::move(workspace), std::move(options)),
      gradient_(update.clip_norm > 0 ? parameter_count : 0) {}

// Parameters [from, to) by their gradient, at step `step` of this run.
void Trainer::change(const Run& run, long from, long to, const float* gradient, long step) const {
  const long count = static_cast<long>(run.first_step) + step + 1;
  optimize(update_.optimizer, from, to, gradient, run.parameters, run.slots.data(), run.rates[step],
           count);
  if (update_.average_decay > 0)
    average(from, to, run.parameters, run.average_parameters, update_.average_decay, count);
}

long Trainer::run(const Run& run, float* losses) {
  const bool clip = update_.clip_norm > 0;
  const long parameters = static_cast<long>(gradient_.size());
  long correct = 0;
  for (long begin = 0, k = 0; begin < run.order_size; begin += batch_size_, k++) {
    const int n = static_cast<int>(std::min<long>(batch_size_, run.order_size - begin));
    const uint64_t step = run.first_step + k;
    const LossResult result =
        batch_.run({run.parameters, run.state, run.images, run.targets, run.order + begin, n, step},
                   [&](long from, long to) {
                     const float* gradient = batch_.gradient();
                     if (clip)
                       std::copy(gradient + from, gradient + to, gradient_.begin() + from);
                     else
                       change(run, from, to, gradient, k);
                   });
    if (clip) {
      const float factor = clip_factor(gradient_.data(), parameters, update_.clip_norm, threads_);
      run_threads(threads_, [&](int t) {
        const long from = parameters * t / threads_, to = parameters * (t + 1) / threads_;
        for (long i = from; i < to; i++) gradient_[i] *= factor;
        change(run, from, to, gradient_.data(), k);
      });
    }
    if (update_.average_decay > 0)
      average(0, run.state_count, run.state, run.average_state, update_.average_decay,
              static_cast<long>(step) + 1);
    losses[k] = static_cast<float>(result.loss);
    correct += result.correct;
  }
  return correct;
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
