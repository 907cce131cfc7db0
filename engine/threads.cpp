// A pool of threads that spin for a moment between pieces of work, then sleep; see threads.h.
#include "threads.h"

#if defined(__linux__)
#include <sched.h>
#endif

#include <algorithm>
#include <bit>
#include <chrono>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "forks.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// What a thread and the caller say to each other, in a cache line which only these two write. Asked
// to be in a team, the thread joins, or the caller closes the seat: whichever of the two comes
// first.
struct alignas(64) Seat {
  enum Answer { asked = 1, joined, closed };
  std::atomic<bool> part{false}; // that nobody has begun
  std::atomic<uint64_t> call{0}; // 4 * the team's number + an Answer
  std::atomic<uint64_t> done{0}; // kSteps * the team's number + steps that its member has done
  std::atomic<bool> awake{false};
  // Of a team, in the caller's seat: here, because who joins reads this line anyway.
  std::atomic<uint64_t> members{0}; // seats, a bit each
  const std::function<void(int)>* prepare = nullptr;
  const std::function<void(Team&)>* work = nullptr;
};

namespace {

// A training step is three pieces of work microseconds apart; a futex takes longer than that.
// At most about 50 µs, so that a process that waits for something else leaves the core to others.
constexpr int kSpins = 1000;
// A wait that is over sooner, sleeping included, would have been spun through, or nearly.
constexpr std::chrono::microseconds kSoon{200};
constexpr int kMostThreads = 1024;
constexpr uint32_t kCountEvery = 64; // rounds
constexpr int kTeam = 32;            // threads of a team, at most
// A team waits so many looks for those that were asked: some tenths of a microsecond. A cache line
// goes to another core and back in 0.1 to 0.5.
constexpr int kPatience = 24;
// A member that has looked so often, some 20 µs, may wait for one that does not run.
constexpr int kLooks = 1000;
constexpr std::chrono::microseconds kNap{50};
constexpr uint64_t kSteps = 1 << 20; // of a team, at most; as many count as all

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Looks until it is so; leaves the core to others where that takes long: the thread that is awaited
// may have none.
template <class Condition>
inline void look_until(Condition condition) {
  for (int i = 0; !condition(); i++)
    if (i < kLooks)
      pause();
    else
      std::this_thread::sleep_for(kNap);
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
  // Whether `condition` holds before it is time to sleep.
  template <class Condition>
  bool spin(Condition condition) const {
    for (int i = spins_; i > 0; i--) {
      if (condition()) return true;
      pause();
    }
    return false;
  }
  // Until `value` is no longer `old`.
  template <typename T>
  void sleep(const std::atomic<T>& value, T old) {
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
    start_workers(n);
    const int helpers = std::min(n - 1, workers_);
    part_ = &part;
    left_.store(helpers, std::memory_order_relaxed);
    for (int t = 1; t <= helpers; t++) seats_[t].part.store(true, std::memory_order_release);
    begin_round(n);
    do_part(0);
    for (int t = 1; t <= helpers; t++) take(t);
    for (int t = helpers + 1; t < n; t++) do_part(t);
    for (int left; (left = left_.load(std::memory_order_acquire)) > 0;) {
      const auto changed = [&] { return left_.load(std::memory_order_acquire) != left; };
      if (!may_spin() || !waiting_.spin(changed)) waiting_.sleep(left_, left);
    }
    rethrow();
  }

  // Where nobody comes, prepares and returns 1: then `work` is the caller's own.
  int run_team(int n, bool wake, const std::function<void(int)>& prepare,
               const std::function<void(Team&)>& work) {
    const uint64_t number = ++teams_;
    seats_[0].prepare = &prepare;
    seats_[0].work = &work;
    uint64_t asked = 0; // seats, a bit each
    const bool cores_for_all = has_cores(n);
    if (cores_for_all)
      for (int t = 1; t <= std::min({n - 1, workers_, kTeam - 1}); t++) {
        if (!seats_[t].awake.load(std::memory_order_relaxed)) continue;
        // Who joins has read this, and so sees what is to be done.
        seats_[t].call.store(4 * number + Seat::asked, std::memory_order_release);
        asked |= uint64_t{1} << t;
      }
    if (!asked && wake && cores_for_all) {
      start_workers(n);
      begin_round(n); // of no parts
    }
    guard([&] { prepare(0); });
    const uint64_t members = close(number, asked) | 1;
    for (int t = 1; t < n; t++)
      if (t >= kTeam || !(members >> t & 1)) guard([&] { prepare(t); });
    if (members > 1) {
      seats_[0].members.store(members, std::memory_order_relaxed);
      seats_[0].done.store(number * kSteps + 1, std::memory_order_release);
      carry(members, 0, number);
    }
    for (int t = 1; members >> t; t++)
      if (members >> t & 1)
        look_until([&] {
          return seats_[t].done.load(std::memory_order_acquire) == (number + 1) * kSteps - 1;
        });
    rethrow();
    return std::popcount(members);
  }

 private:
  void start_workers(int n) {
    while (workers_ < std::min(n, kMostThreads) - 1) {
      try {
        // Detached: the pool lives as long as the process, and its threads end with it.
        std::thread([this, t = workers_ + 1, seen = round_.load()] { work(t, seen); }).detach();
      } catch (const std::system_error&) { // the system gives no more threads
        break;
      }
      workers_++;
    }
  }

  bool has_cores(int n) {
    if (count_++ % kCountEvery == 0) cores_.store(cores(), std::memory_order_relaxed);
    return n <= cores_.load(std::memory_order_relaxed);
  }

  // Wakes all.
  void begin_round(int n) {
    has_cores(n);
    parts_.store(n, std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
  }

  // What somebody throws, when memory is short, is thrown again where all have returned.
  template <class Function>
  void guard(Function f) {
    try {
      f();
    } catch (...) {
      std::lock_guard lock(failing_);
      if (!failure_) failure_ = std::current_exception();
      failed_.store(true, std::memory_order_relaxed);
    }
  }
  void rethrow() {
    if (!failed_.load(std::memory_order_relaxed)) return;
    failed_.store(false, std::memory_order_relaxed);
    std::rethrow_exception(std::exchange(failure_, nullptr));
  }
  void do_part(int t) {
    guard([&] { (*part_)(t); });
  }

  // Does a part if nobody has begun it. Who takes it keeps the round from ending, so that part_
  // stays what it is.
  void take(int t) {
    if (!seats_[t].part.load(std::memory_order_relaxed)) return;
    if (!seats_[t].part.exchange(false, std::memory_order_acq_rel)) return;
    do_part(t);
    if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) left_.notify_all();
  }

  // The seats of those asked that have joined, after some patience; the others are closed.
  uint64_t close(uint64_t number, uint64_t asked) {
    uint64_t joined = 0;
    int looks = 0;
    for (int t = 1; asked >> t; t++) {
      if (!(asked >> t & 1)) continue;
      uint64_t call = 4 * number + Seat::asked;
      const auto answered = [&] { return seats_[t].call.load(std::memory_order_relaxed) != call; };
      while (!answered() && looks++ < kPatience) pause();
      if (answered() || !seats_[t].call.compare_exchange_strong(call, 4 * number + Seat::closed,
                                                                std::memory_order_relaxed))
        joined |= uint64_t{1} << t;
    }
    return joined;
  }

  bool is_asked(int t) const {
    return seats_[t].call.load(std::memory_order_relaxed) % 4 == Seat::asked;
  }

  // A thread that has joined keeps the team from ending, so that what it does stays what it is.
  void join(int t) {
    uint64_t call = seats_[t].call.load(std::memory_order_relaxed);
    if (call % 4 != Seat::asked) return;
    if (!seats_[t].call.compare_exchange_strong(call, call + 1, std::memory_order_acquire)) return;
    const uint64_t number = call / 4;
    guard([&] { (*seats_[0].prepare)(t); });
    seats_[t].done.store(number * kSteps + 1, std::memory_order_release);
    // The caller has begun when it knows the members.
    look_until([&] { return seats_[0].done.load(std::memory_order_acquire) > number * kSteps; });
    carry(seats_[0].members.load(std::memory_order_relaxed), t, number);
  }

  void carry(uint64_t members, int t, uint64_t number) {
    Team team(seats_, members, t, number * kSteps + 1);
    team.await();
    // Nobody works with what is not prepared.
    if (!failed_.load(std::memory_order_relaxed)) guard([&] { (*seats_[0].work)(team); });
    // Whoever waits for this one goes on, also where it threw.
    seats_[t].done.store((number + 1) * kSteps - 1, std::memory_order_release);
  }

  void work(int t, uint32_t seen) {
    const auto called = [&] {
      return round_.load(std::memory_order_acquire) != seen || is_asked(t);
    };
    for (Waiting waiting;;) {
      seats_[t].awake.store(may_spin(), std::memory_order_relaxed);
      if (!may_spin() || !waiting.spin(called)) {
        seats_[t].awake.store(false, std::memory_order_relaxed);
        waiting.sleep(round_, seen);
      }
      join(t);
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
  Seat seats_[kMostThreads]; // the caller's is the first
  uint64_t teams_ = 0;
  uint32_t count_ = 0;
  Waiting waiting_; // the callers'
  std::mutex failing_;
  std::exception_ptr failure_;
  std::atomic<bool> failed_{false};
};

// Never destroyed: threads may still wait on it when the process ends. A forked child has no
// threads but its own, so it starts a new pool.
Pool& the_pool() {
  static Pool* pool = nullptr;
  static int made_after = 0; // forks
  std::lock_guard lock(fork_mutex());
  if (!pool || made_after != forks()) {
    pool = new Pool;
    made_after = forks();
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

Team::Team(Seat* seats, uint64_t members, int seat, uint64_t done)
    : seats_(seats), own_(seats + seat), members_(members), done_(done),
      size_(std::popcount(members)), index_(std::popcount(members & ((uint64_t{1} << seat) - 1))) {}

// What a member has written before it arrives is seen by those who await it: its release, their
// acquire. Of each member only its own count is read, so that a meeting is one line from each to
// each of the others.
void Team::arrive() {
  if (size_ > 1) own_->done.store(++done_, std::memory_order_release);
}
void Team::await() const {
  if (size_ == 1) return;
  for (int t = 0; members_ >> t; t++)
    if (members_ >> t & 1)
      look_until([&] { return seats_[t].done.load(std::memory_order_acquire) >= done_; });
}

int run_team(int n, bool wake, const std::function<void(int)>& prepare,
             const std::function<void(Team&)>& work) {
  bool prepared = false;
  if (n > 1) {
    Pool& shared = the_pool();
    std::unique_lock lock(shared.busy, std::try_to_lock);
    if (lock) {
      if (const int members = shared.run_team(n, wake, prepare, work); members > 1) return members;
      prepared = true;
    }
  }
  for (int t = 0; t < n && !prepared; t++) prepare(t);
  Team alone;
  work(alone);
  return 1;
}

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
