// Arrays for results, of memory that results before them have left.
#pragma once

#include <nanobind/nanobind.h>

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// As numpy.empty, of `bytes` bytes.
nanobind::object empty_array(nanobind::handle shape, nanobind::handle dtype, size_t bytes);

void define_results(nanobind::module_& m);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
