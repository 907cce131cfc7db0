// Calls that have been worked out once, and are done again without Python.
#pragma once

#include <nanobind/nanobind.h>

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

void define_recipes(nanobind::module_& m);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
