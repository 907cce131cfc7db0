// Training: batch after batch, gradient and update, without returning to Python between them.
#pragma once

#include "network/training/batch.h"
#include "network/training/optimizer.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

class Trainer {
 public:
  Trainer(Shape input, const std::vector<Step>& steps, long parameter_count, Batch::Options,
          Optimizer);
  Trainer(Trainer&&) = default;

  struct Run {
    float* parameters;
    float* state;
    std::vector<float*> slots; // of the optimizer
    Images images;
    DataTargets targets;
    const int64_t* order; // images of step k: order[k * batch .. (k + 1) * batch)
    long order_size;
    const float* rates;  // one a step
    uint64_t first_step; // how many steps were made before
  };
  // Writes the loss of each step; returns how many images were classified rightly.
  long run(const Run& run, float* losses);

  int batch_size() const { return batch_size_; }
  const Optimizer& optimizer() const { return optimizer_; }

 private:
  int batch_size_;
  Optimizer optimizer_;
  Batch batch_;
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
