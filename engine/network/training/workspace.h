// What batches of one size are computed in: the program with the weights that it packs, and memory.
// A plan keeps it from one training to the next, for the system clears each page that it gives:
// calls of `fit` of a second differed by half, by the time that this took.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "network/program.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

struct Workspace {
  // What decides its size and its shape.
  struct Size {
    ProgramOptions program{.gradients = true};
    int most_images = 1; // of a batch
    int threads = 1;
    bool training = true; // batch statistics
    bool operator==(const Size&) const = default;
  };
  struct Unit { // parameters [begin, end), whose gradient one thread completes
    Op* op;     // deferred rows [first, last), or nullptr
    int first, last;
    long begin, end;
  };
  Workspace(Shape input, const std::vector<Step>& steps, long parameter_count, const Size& size);

  int blocks() const { return blocks_of(size.most_images); }
  long bytes() const; // but for packed weights
  // The program of such batches; where they fill more than a third level, values share memory.
  static Program make_program(Shape input, const std::vector<Step>& steps, const Size& size);
  // What a workspace would take once it has been used, packed weights included.
  static Bytes needs(const Program&, long parameter_count, const Size&);

  const Size size;
  Program program;
  const bool own_memory;                     // a block keeps its memory through the batch
  std::vector<int> cuts;                     // operations that wait for the whole batch
  std::vector<std::vector<Unit>> units;      // of each thread
  std::vector<std::vector<float>> gradients; // of each thread
  std::vector<Memory> memories;              // of each thread, or of each block
  std::vector<Memory> scratch;               // of each thread
  bool whole = true;                         // no batch was broken off
  std::atomic<bool> taken = false;           // by a training

 private:
  void plan_units(long parameter_count);
};

// The workspace that a plan keeps. All plans together keep at most kMostBytes: those that trained
// last.
class KeptWorkspace {
 public:
  static constexpr long kMostBytes = 1L << 30;

  KeptWorkspace() = default;
  KeptWorkspace(const KeptWorkspace&) = delete;
  ~KeptWorkspace() { drop(); }

  // The kept one if it is of this size and no training has it, else a new one, which is kept.
  std::shared_ptr<Workspace> take(Shape input, const std::vector<Step>& steps, long parameter_count,
                                  const Workspace::Size& size);

 private:
  void drop();
  std::shared_ptr<Workspace> workspace_;
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
