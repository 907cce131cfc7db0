// Threads that share one piece of work and join: run(n, f) calls f(0) ... f(n - 1) side by side.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// What runs when a caller does not say: FENCEPOST_NUM_THREADS, or as many as the processor has.
int num_threads();
void set_num_threads(int n);

// Returns when all n have returned. The work is cut into n parts whatever the machine has, so that
// results depend on n only. If the pool is busy with another caller, this one does all its parts.
void run_threads(int n, const std::function<void(int)>& part);

struct Seat;
// Threads that do a sequence of steps side by side, each step after all have done the one before:
//
//   for each step: if this member has a part in it: team.await(), its part; then team.arrive()
//
// A meeting costs the time of one cache line from one core to another.
class Team {
 public:
  Team() = default; // one thread
  // Members by bits of a word, and which of the seats this one has.
  Team(Seat* seats, uint64_t members, int seat, uint64_t done);
  int size() const { return size_; }
  int index() const { return index_; } // 0: the caller
  void arrive();                       // this member has done its part of one more step
  void await() const;                  // until all have arrived as often as this one

 private:
  const Seat* seats_ = nullptr; // of all threads
  Seat* own_ = nullptr;
  uint64_t members_ = 0, done_ = 0; // a bit each; steps
  int size_ = 1, index_ = 0;
};

// Calls work(team) here, and meanwhile in those threads, n with this one at most, that are awake:
// they are asked first, and whoever comes while this one is at prepare(0), or right after, is a
// member. Members begin with prepare(1) ... prepare(n - 1), and this one does those of who has not
// come; all is prepared when a member's first await() returns. Nobody is woken to be a member; but
// with `wake`, and where all sleep, they are woken, and are awake for what comes next: where nobody
// came, the work may share its parts by run_threads. How many come is by chance, so results must
// not depend on it. Returns how many there were.
int run_team(int n, bool wake, const std::function<void(int)>& prepare,
             const std::function<void(Team&)>& work);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
