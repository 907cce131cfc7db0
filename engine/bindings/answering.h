// Functions of Python that answer calls which do not fit, at the price of a call in C.
#pragma once

#include <nanobind/nanobind.h>

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// Adds the type `Answering` to a module: `fencepost.names.quick` says what it does.
void define_answering(nanobind::module_& m);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
