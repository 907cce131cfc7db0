// A network that predicts with channels in the lanes, as a list of operations: which steps are done
// in one pass, by which method, how many images go through each operation side by side, and where
// every value lies.
#pragma once

#include "network/channels/convolution/methods.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {

// Steps [first, last] in one pass.
struct Stage {
  OpPointer op;
  int first, last;
  int in, other, out; // values: 0 is the network's input, k + 1 the output of step k
  int together = 1;   // images that pass it before the next stage: a power of two
  Method method;
};

class Program {
 public:
  // `images`: as many as pass at most, side by side; a power of two.
  Program(Shape input, const std::vector<Step>& steps, int images, Rounding);

  const std::vector<Stage>& stages() const { return stages_; }
  const Slot& input() const { return slots_[0]; }
  const Slot& output() const { return slots_.back(); }
  long memory() const { return memory_; }   // vecs, of one pass
  long scratch() const { return scratch_; } // vecs of a thread
  int images() const { return images_; }
  // Whether the input is read once, by an operation that can do so where the caller has it.
  bool reads_images() const { return readers_[0] == 1 && stages_[0].op->reads_images(); }
  double cycles() const; // for an image

 private:
  const Step* next(const std::vector<Step>& steps, const Stage& stage) const;
  Following take_along(const std::vector<Step>& steps, Stage& stage, const Method&, bool pools);
  Following take_activation(const std::vector<Step>& steps, Stage& stage) const;
  void add_stage(const std::vector<Step>& steps, int k, Rounding);
  void group();
  void lay_out(const std::vector<Step>& steps, Shape input);

  int images_;
  std::vector<Stage> stages_;
  std::vector<Slot> slots_; // of values; of those that are never stored, too
  std::vector<int> readers_;
  long memory_ = 0, scratch_ = 0;
};

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
