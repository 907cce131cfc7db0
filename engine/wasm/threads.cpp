// threads.h where there is one thread, which never ends: a tab's worker.
#include "threads.h"

#include "forks.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

int forks() { return 0; }
int num_threads() { return 1; }
void set_num_threads(int) {}
void run_threads(int n, const std::function<void(int)>& part) {
  for (int i = 0; i < n; i++) part(i);
}
void Team::arrive() {}
void Team::await() const {}
int run_team(int n, bool, const std::function<void(int)>& prepare,
             const std::function<void(Team&)>& work) {
  for (int t = 0; t < n; t++) prepare(t);
  Team alone;
  work(alone);
  return 1;
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost

// Nothing of a thread is cleared when it ends.
#if defined(__wasm__)
extern "C" int __cxa_thread_atexit(void (*)(void*), void*, void*) { return 0; }
#endif
