// A network as a list of operations over lanes, with the offset of every value in a block's memory.
// Built once from steps; what may be done together is fused.
#pragma once

#include <vector>

#include "memory.h"
#include "network/ops.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

struct ProgramOptions {
  bool gradients = false;      // lay out gradients too
  bool input_gradient = false; // ... and that of the network's input
  bool fuse = true;            // or keep the output of every step
  bool exact = false;          // convolutions are direct sums
  bool thrifty = false;        // values and gradients share memory, where some come again
  const OpFactories* factories = &kBatchFactories;
  bool operator==(const ProgramOptions&) const = default;
};

class Program {
 public:
  Program(Shape input, const std::vector<Step>& steps, const ProgramOptions& options);

  const Slot& input() const { return slots_[0]; }
  const Slot& output() const { return slots_[outputs_.back()]; }
  // The output of step k; only without fusion.
  const Slot& output_of(int k) const { return slots_[outputs_[k]]; }
  // Steps [first, last] as one operation, in order.
  struct Made {
    int first, last;
    Fused fused; // what a convolution takes along
    int op = 0;  // among ops()
  };
  const std::vector<Made>& made() const { return made_; }
  const std::vector<OpPointer>& ops() const { return ops_; }
  long memory() const { return memory_; }              // vecs of a block
  long scratch() const { return scratch_; }            // vecs of a thread
  void pack(const float* parameters, int threads = 1); // threads share it

  // Of operation i, with what its memory needs before: zeros, or an input that was overwritten.
  void forward(int i, Pass&) const;
  void prepare_backward(int i, Pass&) const;
  // The operation whose `forward` must come again before `prepare_backward`; -1: none.
  int repeated(int i) const { return repeated_[i]; }

 private:
  int add_slot(Shape shape);
  void add(OpPointer op, int in, int other, int out);
  int take(int value);
  void publish(int value, int slot);
  int add_fusible(const std::vector<Step>& steps, int k, const ProgramOptions& options);
  void lay_out(const ProgramOptions& options);
  bool is_planar(int slot) const;
  // Needed by operations [first, last] only, which take turns otherwise.
  struct Brief {
    int first, last;
    long vecs, at;
  };
  long lay_out_briefs(std::vector<Brief>& briefs) const;
  void find_repeated();

  // How the backward pass reads the input's value: not at all; so that memory decides the time; or
  // behind so much arithmetic that it does not.
  enum class Reread { never, bound, hidden };
  static Reread reread(const Step& step);
  struct Wiring {
    int in, other, out;
    bool parameters;
    Reread reread;
  };
  std::vector<Slot> slots_;
  std::vector<int> root_;    // the slot whose memory a slot's value shares
  std::vector<int> outputs_; // slot of each step's output
  std::vector<OpPointer> ops_;
  std::vector<Made> made_;
  std::vector<Wiring> wiring_;
  std::vector<int> repeated_;            // of each operation
  std::vector<int> readers_;             // of each value
  std::vector<std::vector<int>> unread_; // slots of each value that are not read yet
  long memory_ = 0, scratch_ = 0;
  bool packed_ = false;
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
