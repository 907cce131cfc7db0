// A network that is ready to run. It predicts, shows the output of every
// step, and gives gradients; training is Trainer's.
#pragma once

#include <mutex>

#include "network/channels/predictor.h"
#include "network/training/batch.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

class NetworkPlan {
 public:
  NetworkPlan(Shape input, std::vector<Step> steps, long parameter_count, long state_count);

  Shape input() const { return input_; }
  Shape output() const { return steps_.empty() ? input_ : steps_.back().out; }
  const std::vector<Step>& steps() const { return steps_; }
  long parameter_count() const { return parameter_count_; }
  long state_count() const { return state_count_; }

  struct Network {
    const float* parameters;
    const float* state;
  };
  // (N, F): the outputs of all images.
  void forward(const Network& network, const Images& images, int threads, float* out);
  // outs[k]: (N, C, H, W), the output of step k.
  void features(const Network& network, const Images& images, int threads,
                const std::vector<float*>& outs);

 private:
  // A program with memory for some threads, kept from call to call.
  struct Runner {
    Runner(Shape input, const std::vector<Step>& steps, bool fuse)
        : program(input, steps, {.fuse = fuse}) {}
    Program program;
    std::vector<Memory> memories, scratch;
    std::vector<BatchLoader> loaders;
    std::mutex busy;
  };
  template <typename Copy>
  void run(Runner& runner, const Network& network, const Images& images, int threads,
           const Copy& copy);
  Runner& runner(bool fuse);
  channels::Predictor& predictor();

  Shape input_;
  std::vector<Step> steps_;
  long parameter_count_, state_count_;
  std::mutex mutex_;
  std::unique_ptr<Runner> fused_, plain_;
  std::unique_ptr<channels::Predictor> few_;
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
