// One step of a network as Python describes it, with names turned into enumerators. Every check of
// its sense was made in Python; the engine trusts it.
#pragma once

#include <cstdint>
#include <vector>

#include "network/layout.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

enum class Kind {
  conv,
  linear,
  max_pool,
  avg_pool,
  sum_pool,
  flatten,
  relu,
  leaky_relu,
  tanh,
  scaled_tanh,
  sigmoid,
  gelu,
  silu,
  dropout,
  batch_norm,
  add,
  affine,
  rbf,
  concat,
  gate,
  relu6,
  hard_sigmoid,
  hard_swish,
  softmax,
  drop_path,
  adaptive_avg_pool,
  upsample,
  group_norm,
  conv_transpose
};

struct Step {
  Kind kind{};
  int input = 0;  // the value read: 0 is the network's input, k + 1 the output of step k
  int other = -1; // the second value of `add`, `concat` and `gate`
  int index = 0;  // among the steps
  Shape in, out, other_shape;

  int kernel_h = 1, kernel_w = 1, stride_y = 1, stride_x = 1, dilation_y = 1, dilation_x = 1;
  Halo padding;
  int groups = 1;          // of group_norm: 0 normalises each pixel by itself
  bool each_value = false; // group_norm: weight and bias of each value, not of each channel
  bool linear = false;     // upsample: interpolated
  std::vector<uint8_t> connections; // (out, in), row-major; empty when all are connected
  bool count_include_pad = true;    // avg_pool

  long weight = -1, bias = -1;   // offsets into the parameters; -1 when absent
  long mean = -1, variance = -1; // offsets into the state: batch_norm
  long centres = -1;             // offset into the state: rbf
  float scale = 1;               // rbf
  float slope = 0;               // leaky_relu
  float p = 0;                   // dropout
  float eps = 0, momentum = 0;   // batch_norm
};

enum class LossKind { cross_entropy, mse };

struct Loss {
  LossKind kind = LossKind::cross_entropy;
  float label_smoothing = 0;
  std::vector<float> class_weights; // empty: all 1
};

enum class OptimizerKind { sgd, adam, adamw };

struct Optimizer {
  OptimizerKind kind = OptimizerKind::sgd;
  float momentum = 0, weight_decay = 0, beta1 = 0.9f, beta2 = 0.999f, eps = 1e-8f;
  bool nesterov = false;
  int slots() const { return kind == OptimizerKind::sgd ? (momentum != 0 ? 1 : 0) : 2; }
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
