// Sums over windows for Python.
#pragma once

#include <nanobind/nanobind.h>

#include "simd.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

void define_boxes(nanobind::module_& m);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
