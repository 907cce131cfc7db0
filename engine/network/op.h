// What every operation of a lanes program offers. A block of kLanes images, one image a lane,
// passes through the operations forward and then backward, while its values sit in the cache of the
// core that carries it.
#pragma once

#include <cstdint>

#include "network/layout.h"
#include "network/share.h"
#include "network/step.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// Where a value and its gradient lie in a block's memory (offsets in vecs). A value has exactly
// one producer and one consumer; the program inserts a Fork where a network branches.
struct Slot {
  Shape shape; // in elements: an element is a vec, or, if planar, one float of one image
  bool planar = false;
  Layout value_layout, gradient_layout;
  long value = -1, gradient = -1; // gradient == -1: not asked for
  // Others lie in the same memory at other times (see Program::lay_out).
  bool brief_value = false, brief_gradient = false;
  // Prediction keeps several images one after the other, a power of two of them: vecs from one to
  // the next, and their number less one.
  long image = 0;
  int image_mask = 0;
};

// One block on its way through the program, and what the operations may use meanwhile.
struct Pass {
  vec* memory = nullptr;             // the block's values and gradients
  vec* scratch = nullptr;            // the thread's, as large as any op asks
  const float* parameters = nullptr; // flat, as Python has them
  const float* state = nullptr;      // running statistics and fixed centres
  float* gradient = nullptr;         // the thread's sums, laid out as the parameters
  vec lane_mask{};                   // 1 in lanes that hold an image, 0 in the others
  uvec keys{};                       // dropout: one random key a lane, new at each step
  int block = 0;                     // the block's index in its batch
  bool training = false;             // batch statistics and dropout, or running and none
  Share share;                       // this thread's, where several carry the block together
  int image = 0;                     // prediction with channels in lanes: the image at hand
  const float* pixels = nullptr;     // ... the images, where the caller has them: reads_images

  vec* value(const Slot& s) const { return value(s, 0); }
  vec* value(const Slot& s, int k) const { // of image `image` + k
    return memory + s.value + ((image + k) & s.image_mask) * s.image;
  }
  vec* gradient_of(const Slot& s) const { return memory + s.gradient; }
};

// What a prediction or a training step takes: values and what operations need meanwhile; weights as
// they are packed.
struct Bytes {
  long values, packed;
};

class Op {
 public:
  virtual ~Op() = default;

  // Asked once, before memory is laid out; saved and scratch when the layouts are known.
  virtual Halo input_halo() const { return {}; } // zeros it reads around its input
  virtual bool reads_planar() const { return false; }
  // Whether `forward` reads pass.pixels, planes without zeros around them, in place of its input.
  virtual bool reads_images() const { return false; }
  virtual Halo gradient_halo() const { return {}; } // ... around its output's gradient
  // Whether `backward` reads of the output's gradient only the element that it writes, so that the
  // input's may lie in its place.
  virtual bool gradient_in_place() const { return false; }
  virtual long saved() const { return 0; }   // vecs from forward to backward (e.g. argmax)
  virtual long brief() const { return 0; }   // vecs from prepare_backward to backward
  virtual long scratch() const { return 0; } // vecs while it runs
  // Whether `forward`, called again before the next operation's `backward`, gives the same.
  virtual bool repeats() const { return false; }

  // Writes the interior of the output's value from the input's.
  virtual void forward(Pass&) const = 0;
  // Writes the interior of the input's gradient (if asked for: gradient >= 0) from the
  // output's, which it may overwrite, and adds to pass.gradient.
  virtual void backward(Pass&) const = 0;

  // Whether several threads may carry a block through it together, each its pass.share; they then
  // meet before and after, and between prepare_backward and backward.
  virtual bool shares() const { return false; }
  // What must be complete before backward: it changes the output's gradient.
  virtual void prepare_backward(Pass&) const {}

  // Derives what it likes from new parameters, once before the blocks of a batch pass. Threads
  // share it, but for the first time.
  virtual void pack(const float* /*parameters*/, const Share&) {}
  // The same where running statistics are folded into weights.
  virtual void prepare(const float* parameters, const float* /*state*/) { pack(parameters, {}); }
  // Bytes of what it has derived then, and keeps; those of batches (x, delta) are not among them.
  virtual long packed_bytes() const { return 0; }

  // Prediction with channels in lanes: `count` images from pass.image on.
  virtual void forward_images(Pass& pass, int count) const {
    const int first = pass.image;
    for (int k = 0; k < count; k++) {
      pass.image = first + k;
      forward(pass);
    }
    pass.image = first;
  }

  // Operations with parameters whose gradient is one product over the whole batch: `reserve`
  // makes room for a batch, `backward` only records, and `write_gradient` writes the gradient of
  // weight rows [first, last) into `gradient`.
  virtual int deferred_rows() const { return 0; }
  virtual long row_begin(int /*row*/) const { return 0; } // offset into the parameters
  virtual void reserve(int /*blocks*/) {}
  virtual long reserved_bytes(int /*blocks*/) const { return 0; } // that it makes room for
  virtual void write_gradient(int /*first*/, int /*last*/, int /*blocks*/,
                              float* /*gradient*/) const {}

  // Operations that need statistics of the whole batch when training: each block passes
  // `measure`, then one thread calls `reduce`, then each block passes `forward`; likewise
  // backward. `reserve` makes room for the blocks' figures.
  virtual bool needs_batch() const { return false; }
  virtual void measure(Pass&) const {}
  virtual void reduce(int /*images*/, int /*blocks*/, float* /*state*/) {}
  virtual void measure_backward(Pass&) const {}
  virtual void reduce_backward(int /*images*/, int /*blocks*/, float* /*gradient*/) {}

  Slot in, other, out;          // `other` only where there are two inputs
  long saved_at = -1;           // offset of the kept vecs in a block's memory
  long brief_at = -1;           // ... of the brief ones
  bool brief_is_shared = false; // and so not zero where nothing was written
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
