// Sums of as many floats as an image or a score has, whose rounding does not grow with their
// number: blocks of kSumBlock are summed, then their sums, so that of n floats at most kSumBlock +
// n / kSumBlock roundings add up in any one of them, 450 of 2^-24 each where a plain sum of 2^16
// has 2^16 (N. Higham, The accuracy of floating point summation, 1993).
#pragma once

#include "network/layout.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

inline constexpr int kSumBlock = 256;

// Over the lanes that hold an image; the others may hold anything.
inline double masked_sum(vec v, ivec lane_mask) {
  v = select(lane_mask, v, vec{});
  double total = 0;
  for (int lane = 0; lane < kLanes; lane++) total += v[lane];
  return total;
}

// One value after another.
class BlockedSum {
 public:
  void add(vec v) {
    block_ += v;
    if (++count_ % kSumBlock == 0) total_ += block_, block_ = vec{};
  }
  vec total() const { return total_ + block_; }

 private:
  vec total_{}, block_{};
  unsigned count_ = 0;
};

// Adds N sums over i < count at once to `totals`: f(i, sums) adds its summands to sums[0] to
// sums[N - 1]. Two sums take turns, which hides half of the latency of an addition.
template <int N, class F>
inline void add_blocks(int count, vec (&totals)[N], F f) {
  for (int begin = 0; begin < count; begin += kSumBlock) {
    vec even[N]{}, odd[N]{};
    const int end = begin + kSumBlock < count ? begin + kSumBlock : count;
    int i = begin;
    for (; i + 1 < end; i += 2) {
      f(i, even);
      f(i + 1, odd);
    }
    if (i < end) f(i, even);
    for (int n = 0; n < N; n++) totals[n] += even[n] + odd[n];
  }
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
