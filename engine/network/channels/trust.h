// Whether it has paid lately to share a piece of work that takes microseconds. By itself such work
// becomes quicker by a third. But where the other threads do not run just then, as other programs
// have their cores, one of them keeps the caller waiting a hundred times as long; and a machine may
// have cores between which a meeting takes longer than the work.
#pragma once

#include <algorithm>

#include "simd.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {

class Trust {
 public:
  // What a call does that begins at `now`, in seconds.
  struct Choice {
    bool share; // or the caller does all
    bool wake;  // called in a loop: the others may stay awake for the next call
  };
  Choice choose(double now) {
    const bool compare = calls_++ % kCompareEvery < kCompared || now < pause_until_;
    const bool wake = !compare && now - last_ < kSoon && now - woken_ > kWaking;
    if (wake) woken_ = now;
    return {!compare, wake};
  }

  // What it took, from `start` to `end`. What sharing gains is in the balance, against what the
  // caller takes by itself; what it loses beyond that is paid back by a pause of kPrice times as
  // long. So little is lost, whatever the reason.
  void learn(Choice choice, double start, double end) {
    const double spent = end - start;
    last_ = end;
    if (!choice.share) {
      // The shortest, lately: others are disturbed. After a shared call the data are elsewhere.
      if (calls_ % kCompareEvery == kCompared || (alone_before_ && spent < alone_))
        alone_ = alone_ ? std::min(spent, 1.05 * alone_) : spent;
    } else {
      balance_ = std::min(balance_ + alone_ - spent, kMostBalance);
      if (balance_ < kLeastBalance) {
        pause_until_ = end - kPrice * balance_;
        balance_ = 0;
      }
    }
    alone_before_ = !choice.share;
  }

 private:
  static constexpr double kPrice = 100;
  static constexpr double kMostBalance = 2e-3, kLeastBalance = -100e-6; // some time slice, waking
  static constexpr double kSoon = 20e-6;    // threads are awake for as long after a call
  static constexpr double kWaking = 200e-6; // they may take so long to wake
  static constexpr unsigned kCompareEvery = 512, kCompared = 2; // calls

  double alone_ = 0, balance_ = 0, pause_until_ = 0, last_ = 0, woken_ = 0;
  unsigned calls_ = 0;
  bool alone_before_ = false;
};

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
