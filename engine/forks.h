// A process that is forked has the memory of its parent and one of its threads: what another was at
// work with stays locked, and as it was in the midst of it.
#pragma once

#include <mutex>

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// How many of the processes before this one were forked since the engine was loaded.
int forks();

// Nobody else holds it when a process is forked, and it is held for moments only.
std::mutex& fork_mutex();

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
