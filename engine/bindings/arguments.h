// What both files of bindings do with arguments.
#pragma once

#include <stdexcept>

#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

inline void require(bool condition, const char* message) {
  if (!condition) throw std::invalid_argument(message);
}

inline int threads_or_default(int threads) { return threads > 0 ? threads : num_threads(); }

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
