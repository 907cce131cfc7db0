// The loop over batches; see trainer.h.
#include "network/training/trainer.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

Trainer::Trainer(Shape input, const std::vector<Step>& steps, long parameter_count,
                 Batch::Options options, Optimizer optimizer)
    : batch_size_(options.most_images), optimizer_(optimizer),
      batch_(input, steps, parameter_count, std::move(options)) {}

long Trainer::run(const Run& run, float* losses) {
  long correct = 0;
  for (long begin = 0, k = 0; begin < run.order_size; begin += batch_size_, k++) {
    const int n = static_cast<int>(std::min<long>(batch_size_, run.order_size - begin));
    const uint64_t step = run.first_step + k;
    const LossResult result =
        batch_.run({run.parameters, run.state, run.images, run.targets, run.order + begin, n, step},
                   [&](long from, long to) {
                     optimize(optimizer_, from, to, batch_.gradient(), run.parameters,
                              run.slots.data(), run.rates[k], static_cast<long>(step) + 1);
                   });
    losses[k] = static_cast<float>(result.loss);
    correct += result.correct;
  }
  return correct;
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
