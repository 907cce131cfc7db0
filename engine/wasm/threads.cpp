// threads.h where there is one thread: a tab's worker.
#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

int num_threads() { return 1; }
void set_num_threads(int) {}
void run_threads(int n, const std::function<void(int)>& part) {
  for (int i = 0; i < n; i++) part(i);
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
