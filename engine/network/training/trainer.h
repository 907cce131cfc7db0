// Training: batch after batch, gradient and update, without returning to Python between them.
#pragma once

#include "network/training/batch.h"
#include "network/training/optimizer.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

class Trainer {
 public:
  struct Update { // what a gradient does to the parameters
    Optimizer optimizer;
    float clip_norm = 0;     // the largest norm of the gradient; 0: any
    float average_decay = 0; // of the moving average of parameters and state; 0: none
  };
  Trainer(std::shared_ptr<Workspace>, long parameter_count, Batch::Options, const Update&);
  Trainer(Trainer&&) = default;

  struct Run {
    float* parameters;
    float* state;
    long state_count;
    std::vector<float*> slots; // of the optimizer
    float* average_parameters; // only with an average
    float* average_state;
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
  const Update& update() const { return update_; }

 private:
  void change(const Run& run, long from, long to, const float* gradient, long step) const;

  int batch_size_, threads_;
  Update update_;
  Batch batch_;
  std::vector<float> gradient_; // of a whole batch, where its norm is to be known
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
