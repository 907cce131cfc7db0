// The operations on plain arrays as Python sees them.
#pragma once

#include <nanobind/nanobind.h>

#include "simd.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

void define_arrays(nanobind::module_& m);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
