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
  // caller takes by itself; what it loses beyond that is paid back by a pause some times as long:
  // twice as many times after each loss, and fewer the more has been gained since. So little is
  // lost where sharing does not pay, and a moment in which others had the core, after which it does
  // again, is not the reason of a long pause.
  void learn(Choice choice, double start, double end) {
    const double spent = end - start;
    last_ = end;
    if (!choice.share) {
      // The shortest, lately: others are disturbed. After a shared call the data are elsewhere.
      if (calls_ % kCompareEvery == kCompared || (alone_before_ && spent < alone_))
        alone_ = alone_ ? std::min(spent, 1.05 * alone_) : spent;
    } else {
      const double gain = alone_ - spent;
      balance_ = std::min(balance_ + gain, kMostBalance);
      price_ = std::max(price_ * (1 - std::max(gain, 0.0) / kMostBalance), kLeastPrice);
      if (balance_ < kLeastBalance) {
        pause_until_ = end - price_ * balance_;
        price_ = std::min(2 * price_, kMostPrice);
        balance_ = 0;
      }
    }
    alone_before_ = !choice.share;
  }

 private:
  static constexpr double kLeastPrice = 5, kMostPrice = 100;
  static constexpr double kMostBalance = 2e-3, kLeastBalance = -100e-6; // some time slice, waking
  static constexpr double kSoon = 20e-6;    // threads are awake for as long after a call
  static constexpr double kWaking = 200e-6; // they may take so long to wake
  static constexpr unsigned kCompareEvery = 512, kCompared = 2; // calls

  double alone_ = 0, balance_ = 0, price_ = kLeastPrice, pause_until_ = 0, last_ = 0, woken_ = 0;
  unsigned calls_ = 0;
  bool alone_before_ = false;
};

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
