// Threads that share one piece of work and join: run(n, f) calls f(0) ... f(n - 1) side by side.
#pragma once

#include <functional>

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// What runs when a caller does not say: FENCEPOST_NUM_THREADS, or as many as the processor has.
int num_threads();
void set_num_threads(int n);

// Returns when all n have returned. The work is cut into n parts whatever the machine has, so that
// results depend on n only. If the pool is busy with another caller, this one does all its parts.
void run_threads(int n, const std::function<void(int)>& part);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
