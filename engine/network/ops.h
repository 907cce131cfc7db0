// The operations by name: each takes its step and is given its slots afterwards. One source file
// a family: convolution.cpp, linear.cpp, pooling.cpp, elementwise.cpp, batch_norm.cpp.
#pragma once

#include <memory>

#include "network/op.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

using OpPointer = std::unique_ptr<Op>;

// What follows a convolution and may be done while its output is still in registers.
struct Fused {
  bool relu = false;
  bool max_pool = false; // windows that neither overlap nor touch padding
  int pool_h = 1, pool_w = 1;
  Shape pooled;
};

// Which operations a program is made of: those over lanes of images below, or those of channels/.
struct OpFactories {
  OpPointer (*convolution)(const Step&, const Fused&);
  OpPointer (*linear)(const Step&, bool relu);
  OpPointer (*other)(const Step&); // any step by itself
  Shape (*stored)(Shape);          // how many vecs a value has: channels, rows, columns
  OpPointer (*batch_norm)(const Step&, bool relu) = nullptr; // together with the ReLU behind it
};
extern const OpFactories kBatchFactories; // program.cpp

// Applies an activation to n vecs where they lie; nullptr if the step is no activation.
using Activate = void (*)(vec* values, long n, float slope);
Activate activation_in_place(const Step&); // elementwise.cpp

OpPointer make_convolution(const Step&, const Fused&); // convolution.cpp: batch/methods.h chooses
OpPointer make_winograd_convolution(const Step&, const Fused&); // winograd/convolution.cpp
OpPointer make_few_tiles(const Step&, const Fused&);            // there, too
OpPointer make_linear(const Step&, bool relu);                  // linear.cpp
OpPointer make_pooling(const Step&);                            // pooling.cpp: max, avg, sum
OpPointer make_elementwise(const Step&); // elementwise.cpp: activations, dropout, add, affine
OpPointer make_batch_norm(const Step&, bool relu); // batch_norm.cpp
OpPointer make_rbf(const Step&);                   // rbf.cpp
OpPointer make_flatten(const Step&);               // flatten.cpp
OpPointer make_concat(const Step&);                // concat.cpp
OpPointer make_gate(const Step&, bool first_lane); // gate.cpp: if lanes are channels
OpPointer make_softmax(const Step&);               // softmax.cpp
OpPointer make_resize(const Step&);                // resize.cpp: adaptive_avg_pool, upsample
OpPointer make_group_norm(const Step&);            // group_norm.cpp
OpPointer make_conv_transpose(const Step&);        // conv_transpose.cpp
OpPointer make_fork();                             // flatten.cpp: one value, two readers

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
