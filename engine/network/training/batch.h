// The gradient of one batch: blocks of images pass through a program, forward and backward, on
// several threads. The order of every sum depends on the batch and the number of threads only, so a
// run repeats bit for bit.
#pragma once

#include <functional>
#include <vector>

#include "network/input/batch_loader.h"
#include "network/training/loss.h"
#include "network/training/workspace.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

class Batch {
 public:
  struct Options {
    Workspace::Size size;
    Loss loss;
    Augmentation augmentation;
    uint64_t seed = 0;
  };
  // Computes in `workspace`, which is of the options' size, and of nobody else meanwhile.
  Batch(std::shared_ptr<Workspace> workspace, Options options);
  // ... or in one of its own.
  Batch(Shape input, const std::vector<Step>& steps, long parameter_count, const Options& options);
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
  const Program& program() const { return workspace_->program; }
  const float* gradient() const { return workspace_->gradients[0].data(); }
  // Of image i of the last batch; only with size.program.input_gradient, and if every block has
  // memory of its own.
  void copy_input_gradient(int n, float* out) const;
  // Adds the time that the first thread spends in each operation, forward and backward, to `to`.
  void measure(double* to) { nanoseconds_ = to; }

 private:
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
    int op = -1; // whose time it is
  };
  void run_piece(const Piece&, Pass&, int thread) const;
  void pass_blocks(const Data& data, const std::vector<Piece>& pieces);
  void add_forward(int from, int to, std::vector<Piece>& pieces) const;
  void add_backward(int from, int to, std::vector<Piece>& pieces) const;
  void complete(const Workspace::Unit& unit, int blocks,
                const std::function<void(long, long)>& finished);

  Options options_;
  std::shared_ptr<Workspace> workspace_;
  std::vector<BatchLoader> loaders_;  // of each thread
  std::vector<LossResult> results_;   // of each block
  std::vector<float> partner_shares_; // of each image, in its target
  double* nanoseconds_ = nullptr;     // of each operation
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
