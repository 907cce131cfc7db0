// Prediction with channels in the lanes: threads take images of their own, or, where there are few,
// share each operation's rows and channels.
#pragma once

#include <map>
#include <mutex>

#include "memory.h"
#include "network/channels/program.h"
#include "network/channels/trust.h"
#include "network/input/batch_loader.h"
#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

namespace channels {

class Predictor {
 public:
  Predictor(Shape input, const std::vector<Step>& steps, Rounding);
  // (N, F): the outputs of all images, one after the other. With `nanoseconds`, one for each stage
  // of program(images, threads), the time of each is added to them. `version`: see NetworkPlan.
  void run(const float* parameters, const float* state, const Images& images, int threads,
           float* out, double* nanoseconds = nullptr, uint64_t version = 0);

  // What so many images run through on so many threads, and its memory.
  const Program& program(long images, int threads);
  Bytes bytes(long images, int threads);
  // Cycles of all the images; of one stage, or of all.
  double stage_cycles(const Stage& stage, long images, int threads);
  double cycles(long images, int threads);

 private:
  // How so many threads carry so many images: to find out takes as long as a small stage.
  struct Sharing {
    long images = 0;
    int threads = 0;
    bool shared = false;       // all carry every image
    bool team = false;         // those that are awake do so side by side, ...
    bool pool = false;         // ... or, where nobody is, all share what pays for waking them
    std::vector<int> preparer; // of each stage, where threads share that, or none
    int preparers() const { return preparer.empty() ? 1 : threads; }
  };
  struct Runner {
    Runner(Shape input, const std::vector<Step>& steps, int images, Rounding rounding)
        : program(input, steps, images, rounding) {}
    Program program;
    std::vector<Memory> memories, scratch;
    Sharing sharing;      // of the last images
    uint64_t version = 0; // of the weights that stages were prepared with
    Trust trust;
  };
  struct Job;
  Runner& runner(long images, int threads);
  const Sharing& sharing(Runner& runner, long images, int threads) const;
  void run_block(const Job& job, Pass& pass, long first, int count, Team& team) const;
  void run_stage(const Job& job, const Stage& stage, Pass& pass, int count, Team& team) const;
  void fill(const Job& job, const Pass& pass, long index, const Share& share) const;
  template <typename Pixel>
  void fill_from(const Job& job, const Pass& pass, long index, const Share& share) const;

  Shape input_, output_;
  std::vector<Step> steps_;
  Rounding rounding_;
  std::map<int, std::unique_ptr<Runner>> runners_; // by images side by side
  std::mutex busy_;
};

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
