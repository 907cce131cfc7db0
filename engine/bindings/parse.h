// Python's dicts into steps, losses, optimizers and augmentations.
#pragma once

#include <nanobind/nanobind.h>

#include <string>
#include <vector>

#include "network/input/changes.h"
#include "network/step.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

std::vector<Step> parse_steps(nanobind::sequence steps, Shape input, long parameter_count,
                              long state_count);
Loss parse_loss(nanobind::dict loss);
Optimizer parse_optimizer(nanobind::dict optimizer);
Augmentation parse_augmentation(nanobind::object augmentation, int channels); // None: nothing

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
