// A pool of threads that spin for a moment between pieces of work, then sleep; see threads.h.
#include "threads.h"

#if !defined(_WIN32)
#include <pthread.h>
#endif
#if defined(__linux__)
#include <sched.h>
#endif

#include <algorithm>
#include <atomic>
#include <chrono>
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
// At most about 50 µs, so that a process that waits for something else leaves the core to others.
constexpr int kSpins = 1000;
// A wait that is over sooner, sleeping included, would have been spun through, or nearly.
constexpr std::chrono::microseconds kSoon{200};
constexpr int kMostThreads = 1024;
constexpr uint32_t kCountEvery = 64; // rounds

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Cores that this process may run on.
int cores() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  return kMostThreads;
}

// How one thread waits. Where the others do not run meanwhile, because other processes have their
// cores, spinning only burns what the system would give them: waits that turn out to be long halve
// the spinning, a short one brings it back.
class Waiting {
 public:
  // Until `value` is no longer `old`.
  template <typename T>
  void until_change(const std::atomic<T>& value, T old, bool may_spin) {
    for (int i = may_spin ? spins_ : 0; i > 0; i--) {
      if (value.load(std::memory_order_acquire) != old) return;
      pause();
    }
    const auto start = std::chrono::steady_clock::now();
    value.wait(old, std::memory_order_acquire);
    spins_ = std::chrono::steady_clock::now() - start < kSoon ? kSpins : spins_ / 2;
  }

 private:
  int spins_ = kSpins;
};

// A part belongs to its thread, which has its memory in its cache; but where that has not begun
// when the caller is done with its own, the caller does it too. So nobody waits for a thread that
// does not run: on a busy machine that takes a time slice of each of the others, thousands of times
// the work.
class Pool {
 public:
  std::mutex busy;

  void run(int n, const std::function<void(int)>& part) {
    while (workers_ < std::min(n, kMostThreads) - 1) {
      try {
        // Detached: the pool lives as long as the process, and its threads end with it.
        std::thread([this, t = workers_ + 1, seen = round_.load()] { work(t, seen); }).detach();
      } catch (const std::system_error&) { // the system gives no more threads
        break;
      }
      workers_++;
    }
    const int helpers = std::min(n - 1, workers_);
    parts_.store(n, std::memory_order_relaxed);
    if (count_++ % kCountEvery == 0) cores_.store(cores(), std::memory_order_relaxed);
    part_ = &part;
    left_.store(helpers, std::memory_order_relaxed);
    for (int t = 1; t <= helpers; t++) open_[t].part.store(true, std::memory_order_release);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    do_part(0);
    for (int t = 1; t <= helpers; t++) take(t);
    for (int t = helpers + 1; t < n; t++) do_part(t);
    for (int left; (left = left_.load(std::memory_order_acquire)) > 0;)
      waiting_.until_change(left_, left, may_spin());
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

 private:
  struct alignas(64) Open { // a cache line, which only its thread and the caller write
    std::atomic<bool> part{false};
  };

  // What a part throws, when memory is short, is thrown again where all have returned.
  void do_part(int t) {
    try {
      (*part_)(t);
    } catch (...) {
      std::lock_guard lock(failing_);
      if (!failure_) failure_ = std::current_exception();
    }
  }

  // Does a part if nobody has begun it. Who takes it keeps the round from ending, so that part_
  // stays what it is.
  void take(int t) {
    if (!open_[t].part.load(std::memory_order_relaxed)) return;
    if (!open_[t].part.exchange(false, std::memory_order_acq_rel)) return;
    do_part(t);
    if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) left_.notify_all();
  }

  void work(int t, uint32_t seen) {
    for (Waiting waiting;;) {
      waiting.until_change(round_, seen, may_spin());
      seen = round_.load(std::memory_order_acquire);
      take(t);
    }
  }

  bool may_spin() const { return parts_ <= cores_; }

  int workers_ = 0;
  std::atomic<int> parts_{0}, cores_{0};
  const std::function<void(int)>* part_ = nullptr;
  std::atomic<uint32_t> round_{0};
  std::atomic<int> left_{0};
  Open open_[kMostThreads];
  uint32_t count_ = 0;
  Waiting waiting_; // the callers'
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
#if !defined(_WIN32) // where nothing forks
    static bool once = (pthread_atfork([] { pool_mutex.lock(); }, [] { pool_mutex.unlock(); },
                                       [] {
                                         pool = nullptr;
                                         pool_mutex.unlock();
                                       }),
                        true);
    (void)once;
#endif
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
