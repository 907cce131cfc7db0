// A pool of threads that spin for a moment between pieces of work, then sleep; see threads.h.
#include "threads.h"

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

// A training step is three pieces of work microseconds apart; a futex takes longer than that.
// About 50 µs, so that a process that waits for something else leaves the core to others.
constexpr int kSpins = 1000;

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits until `value` is no longer `old`.
template <typename T>
void wait_change(const std::atomic<T>& value, T old) {
  for (int i = 0; i < kSpins; i++) {
    if (value.load(std::memory_order_acquire) != old) return;
    pause();
  }
  value.wait(old, std::memory_order_acquire);
}

class Pool {
 public:
  std::mutex busy;

  void run(int n, const std::function<void(int)>& part) {
    try {
      while (workers_ < n - 1) {
        // Detached: the pool lives as long as the process, and its threads end with it.
        std::thread([this, t = workers_ + 1, seen = round_.load()] { work(t, seen); }).detach();
        workers_++;
      }
    } catch (const std::system_error&) { // the system gives no more threads
      for (int t = 0; t < n; t++) part(t);
      return;
    }
    part_ = &part;
    parts_ = n;
    left_.store(workers_, std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    do_part(0);
    for (int left; (left = left_.load(std::memory_order_acquire)) > 0;) wait_change(left_, left);
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

 private:
  // What a part throws, when memory is short, is thrown again where all have returned.
  void do_part(int t) {
    try {
      (*part_)(t);
    } catch (...) {
      std::lock_guard lock(failing_);
      if (!failure_) failure_ = std::current_exception();
    }
  }

  void work(int t, uint32_t seen) {
    for (;;) {
      wait_change(round_, seen);
      seen++;
      if (t < parts_) do_part(t);
      if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) left_.notify_all();
    }
  }

  int workers_ = 0;
  const std::function<void(int)>* part_ = nullptr;
  int parts_ = 0;
  std::atomic<uint32_t> round_{0};
  std::atomic<int> left_{0};
  std::mutex failing_;
  std::exception_ptr failure_;
};

// Never destroyed: threads may still wait on it when the process ends. A forked child has no
// threads but its own, so it starts a new pool; nobody holds the mutex when it is forked.
Pool* pool = nullptr;
std::mutex pool_mutex;
Pool& the_pool() {
  std::lock_guard lock(pool_mutex);
  if (!pool) {
    pool = new Pool;
    static bool once = (pthread_atfork([] { pool_mutex.lock(); }, [] { pool_mutex.unlock(); },
                                       [] {
                                         pool = nullptr;
                                         pool_mutex.unlock();
                                       }),
                        true);
    (void)once;
  }
  return *pool;
}

int default_threads() {
  unsigned n = std::thread::hardware_concurrency();
  return n ? static_cast<int>(n) : 1;
}
std::atomic<int> threads{0};

} // namespace

int num_threads() {
  int unset = 0;
  if (!threads) threads.compare_exchange_strong(unset, default_threads());
  return threads;
}
void set_num_threads(int n) { threads = n; }

void run_threads(int n, const std::function<void(int)>& part) {
  if (n > 1) {
    Pool& shared = the_pool();
    std::unique_lock lock(shared.busy, std::try_to_lock);
    if (lock) return shared.run(n, part);
  }
  for (int t = 0; t < n; t++) part(t);
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
