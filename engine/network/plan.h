// A network that is ready to run. It predicts, shows the output of every
// step, and gives gradients; training is Trainer's.
#pragma once

#include <atomic>
#include <map>
#include <mutex>

#include "forks.h"
#include "network/channels/predictor.h"
#include "network/training/batch.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// How steps [first, last] are computed: what lies in the lanes, by which method and why by no
// other, how many images side by side, and the time that is expected for all images. When training,
// by which methods the gradients of input and weights, where they are asked for.
struct StageReport {
  int first, last;
  std::string axis, method, others;
  int together;
  double seconds;
  std::string input_gradient, weight_gradient;
};

class NetworkPlan {
 public:
  // Exact: convolutions are direct sums, and no algorithm trades rounding for speed. bfloat16:
  // those of channels in lanes may be, where that is quicker.
  NetworkPlan(Shape input, std::vector<Step> steps, long parameter_count, long state_count,
              channels::Rounding = channels::Rounding::usual);

  Shape input() const { return input_; }
  Shape output() const { return steps_.empty() ? input_ : steps_.back().out; }
  const std::vector<Step>& steps() const { return steps_; }
  long parameter_count() const { return parameter_count_; }
  long state_count() const { return state_count_; }
  // What a training of this size computes in, and nobody else meanwhile; kept for the next.
  std::shared_ptr<Workspace> workspace(const Workspace::Size& size) {
    return kept_.take(input_, steps_, parameter_count_, size);
  }
  bool exact() const { return rounding_ == channels::Rounding::exact; }

  struct Network {
    const float* parameters;
    const float* state;
    // Which values these are, as no others are ever numbered: what was made of them for the last
    // call with the same number is still right. 0: nobody knows, they have to be looked at.
    uint64_t version = 0;
  };
  // (N, F): the outputs of all images.
  void forward(const Network& network, const Images& images, int threads, float* out);
  // How so many images would be predicted, or be one batch of a training, and the bytes that it
  // takes.
  std::vector<StageReport> explain(long images, int threads, bool training);
  Bytes bytes(long images, int threads, bool training);
  // Why images lie in the lanes, or do not.
  std::string axis(long images, int threads);
  // The nanoseconds of each stage, on the calling thread; of training, for targets of zeros.
  std::vector<double> measure(const Network& network, const Images& images, int threads,
                              bool training);
  // outs[k]: (N, C, H, W), the output of step k.
  void features(const Network& network, const Images& images, int threads,
                const std::vector<float*>& outs);

 private:
  // A program with memory for some threads, kept from call to call.
  struct Runner {
    Runner(Shape input, const std::vector<Step>& steps, bool fuse, bool exact)
        : program(input, steps, {.fuse = fuse, .exact = exact}) {}
    Program program;
    std::vector<Memory> memories, scratch;
    std::vector<BatchLoader> loaders;
    uint64_t version = 0; // of the weights that are packed
    std::mutex busy;
  };
  template <typename Copy>
  void run(Runner& runner, const Network& network, const Images& images, int threads,
           const Copy& copy, double* nanoseconds = nullptr);
  // What is made when it is first needed.
  struct Made {
    std::mutex mutex;
    std::unique_ptr<Runner> fused, plain;
    std::unique_ptr<channels::Predictor> predictor;
    std::map<std::pair<long, int>, bool> images_in_lanes;  // by images of a thread, threads
    channels::Predictor& predictor_of(const NetworkPlan&); // with the mutex
  };
  Made& made();
  Runner& runner(bool fuse);
  channels::Predictor& predictor();
  bool images_in_lanes(long images, int threads);
  // Of operations over lanes of images.
  std::vector<StageReport> explain(const Program& program, long images, int threads,
                                   bool training) const;
  Batch::Options training_options(long images, int threads) const;
  std::vector<double> measure_training(const Network& network, const Images& images,
                                       int threads) const;

  Shape input_;
  std::vector<Step> steps_;
  long parameter_count_, state_count_;
  channels::Rounding rounding_;
  KeptWorkspace kept_;
  std::unique_ptr<Made> made_ = std::make_unique<Made>();
  std::atomic<int> made_after_{forks()};
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
