// What a block's outputs cost, and the gradient that starts the way back.
#pragma once

#include "network/op.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// What a network should have said about each image of a data set.
struct DataTargets {
  const int64_t* labels = nullptr; // (N,) for cross-entropy
  const float* values = nullptr;   // (N, F) for mean squared error
  const float* weights = nullptr;  // (N,) how much each image counts; null: all alike
};

// Of the images in a block's lanes; masked lanes are not read.
struct Targets {
  int64_t label[kLanes] = {};    // cross-entropy
  const float* row[kLanes] = {}; // mean squared error: as many floats as the output has
  vec weight = broadcast(1.0f);
  // Where images are mixed, the target is (1 - share) its own + share the partner's.
  float partner_share[kLanes] = {};
  int64_t partner_label[kLanes] = {};
  const float* partner_row[kLanes] = {};
};

struct LossResult {
  double loss = 0; // summed over the block and divided by the batch's normaliser
  // Images whose label (if mixed, that of the larger share) has the highest score; cross-entropy
  // only.
  long correct = 0;
};

// What the sum of a batch's losses is divided by, as PyTorch's "mean" does: cross-entropy by the
// number of images, or the sum of their weights, each that of its image times that of its label's
// class; squared error by that x features. A batch of which nothing counts costs nothing: 1. An
// image that is mixed has its share of the next one's weights as well.
double loss_normaliser(const Loss&, const Shape& output, const DataTargets&, const int64_t* index,
                       const float* partner_shares, long images);

// Writes the gradient of `output` (zero in masked lanes) if it is asked for.
LossResult compute_loss(const Loss&, const Slot& output, const Pass&, const Targets&,
                        double normaliser);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
