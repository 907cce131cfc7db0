// The gradient of one batch: blocks of images pass through a program, forward and backward, on
// several threads. The order of every sum depends on the batch and the number of threads only, so a
// run repeats bit for bit.
#pragma once

#include <functional>
#include <vector>

#include "network/input/batch_loader.h"
#include "network/program.h"
#include "network/training/loss.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

class Batch {
 public:
  struct Options {
    ProgramOptions program{.gradients = true};
    Loss loss;
    Augmentation augmentation;
    uint64_t seed = 0;
    int most_images = 1; // of a batch
    int threads = 1;
    bool training = true; // batch statistics and dropout
  };
  Batch(Shape input, const std::vector<Step>& steps, long parameter_count, Options options);
  Batch(Batch&&) = default; // and so never copied: memory is large

  // The gradient at images index[0..n) is left, range by range, in `gradient` when
  // `finished(begin, end)` is called, on any thread; each parameter is in one range.
  struct Data {
    const float* parameters;
    float* state;
    Images images;
    DataTargets targets;
    const int64_t* index;
    int n;
    uint64_t step; // which draws of dropout and augmentation
  };
  LossResult run(const Data& data, const std::function<void(long, long)>& finished);
  const float* gradient() const { return gradients_[0].data(); }
  // Of image i of the last batch; only with program.input_gradient, and if every block has
  // memory of its own.
  void copy_input_gradient(int n, float* out) const;

 private:
  struct Unit { // parameters [begin, end), whose gradient one thread completes
    Op* op;     // deferred rows [first, last), or nullptr
    int first, last;
    long begin, end;
  };
  void plan_units(long parameter_count);
  // The image that image i of the batch is mixed with, where augmentation mixes.
  int64_t partner(const Data& data, int i) const { return data.index[(i + 1) % data.n]; }
  void draw_shares(const Data& data);
  LossResult loss(const Data& data, const Pass& pass, double normaliser) const;
  Pass start(const Data& data, int thread, int block);
  // What a block passes through between two cuts, on a thread. Where there are fewer blocks than
  // threads, several carry a block, and meet between two pieces.
  struct Piece {
    bool shared; // each of them does its share; otherwise the first does all
    std::function<void(Pass&, int)> run;
  };
  void pass_blocks(const Data& data, const std::vector<Piece>& pieces);
  void add_forward(int from, int to, std::vector<Piece>& pieces) const;
  void add_backward(int from, int to, std::vector<Piece>& pieces) const;
  void complete(const Unit& unit, int blocks, const std::function<void(long, long)>& finished);

  Options options_;
  Program program_;
  std::vector<int> cuts_;                     // operations that wait for the whole batch
  std::vector<std::vector<Unit>> units_;      // of each thread
  std::vector<std::vector<float>> gradients_; // of each thread
  std::vector<Memory> memories_;              // of each thread, or of each block
  std::vector<Memory> scratch_;               // of each thread
  std::vector<BatchLoader> loaders_;          // of each thread
  std::vector<LossResult> results_;           // of each block
  std::vector<float> partner_shares_;         // of each image, in its target
  bool own_memory_;                           // a block keeps its memory through the batch
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
