// Counted by the child itself; see forks.h.
#include "forks.h"

#if !defined(_WIN32) // where nothing forks
#include <pthread.h>
#endif

#include <atomic>

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

std::atomic<int> count{0};
std::mutex mutex;
#if !defined(_WIN32)
[[maybe_unused]] const int registered = pthread_atfork([] { mutex.lock(); }, [] { mutex.unlock(); },
                                                       [] {
                                                         count++;
                                                         mutex.unlock();
                                                       });
#endif

} // namespace

int forks() { return count.load(std::memory_order_relaxed); }
std::mutex& fork_mutex() { return mutex; }

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
